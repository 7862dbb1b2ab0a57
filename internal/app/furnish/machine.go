package furnish

import (
	"os"
	"strconv"
	"strings"

	"muster/internal/core/resource"
)

// Now reads what the machine has free. What cannot be read is 0.
func Now(disk int64) resource.Reading { return resource.Reading{Memory: freeMemory(), Disk: disk} }

// freeMemory gives what processes can still get without swapping: MemAvailable
// of proc_meminfo(5), or what is left of the limit of this process's control
// group (memory.max of cgroup v2) where that is less.
func freeMemory() int64 {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	free := int64(0)
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			free = kib << 10
		}
	}
	if group := groupFree(); group >= 0 && (free == 0 || group < free) {
		return max(group, 1)
	}
	return free
}

// groupFree gives what is left of the limit of the control group; -1 when it
// has none that can be read. Cached files count as free: the kernel drops them.
func groupFree() int64 {
	number := func(name string) int64 {
		data, err := os.ReadFile("/sys/fs/cgroup/" + name)
		if err != nil {
			return -1
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
		if err != nil { // "max"
			return -1
		}
		return n
	}
	limit, used := number("memory.max"), number("memory.current")
	if limit < 0 || used < 0 {
		return -1
	}
	if data, err := os.ReadFile("/sys/fs/cgroup/memory.stat"); err == nil {
		for line := range strings.Lines(string(data)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			if name == "inactive_file" || name == "active_file" {
				n, _ := strconv.ParseInt(value, 10, 64)
				used -= n
			}
		}
	}
	return max(limit-max(used, 0), 0)
}

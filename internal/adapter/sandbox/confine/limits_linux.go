package confine

import (
	"net"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// leastProcesses is the smallest number that the kernel takes for a namespace,
// with room.
const leastProcesses = 400

// limitNamespace bounds the processes of this namespace, where the kernel can
// (since 6.14 the number belongs to the namespace). An older kernel refuses.
func limitNamespace(processes int64) {
	if processes <= 0 || !kernelAtLeast(6, 14) {
		return
	}
	f, err := os.OpenFile("/proc/sys/kernel/pid_max", os.O_WRONLY, 0)
	if err != nil {
		return
	}
	_, _ = f.WriteString(strconv.FormatInt(max(processes, leastProcesses), 10))
	_ = f.Close()
}

// kernelAtLeast says whether this kernel is of a version or a later one.
func kernelAtLeast(major, minor int) bool {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return false
	}
	var have [2]int
	part := 0
	for _, b := range name.Release {
		if b < '0' || b > '9' {
			if part++; part == len(have) {
				break
			}
			continue
		}
		have[part] = 10*have[part] + int(b-'0')
	}
	return have[0] > major || have[0] == major && have[1] >= minor
}

// limit bounds what this process and what it starts may use. A limit that is
// lower already stays.
func limit(c job.Confinement) error {
	for _, l := range []struct {
		which int
		value int64
	}{
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_FSIZE, c.FileSize},
		{unix.RLIMIT_NOFILE, c.Files},
		{unix.RLIMIT_NPROC, c.Processes},
		// Memory that can be written. The address space alone says nothing:
		// Node reserves many times what it uses.
		{unix.RLIMIT_DATA, c.Memory},
	} {
		if l.value <= 0 && l.which != unix.RLIMIT_CORE {
			continue
		}
		var now unix.Rlimit
		if err := unix.Getrlimit(l.which, &now); err != nil {
			return fault.Wrap(fault.Internal, err, "read limit %d", l.which)
		}
		most := min(uint64(l.value), now.Max)
		if err := unix.Setrlimit(l.which, &unix.Rlimit{Cur: most, Max: most}); err != nil {
			return fault.Wrap(fault.Internal, err, "set limit %d", l.which)
		}
	}
	// When memory is short, what is confined goes first. Raising needs no right.
	if f, err := os.OpenFile("/proc/self/oom_score_adj", os.O_WRONLY, 0); err == nil {
		_, _ = f.WriteString("500")
		_ = f.Close()
	}
	return nil
}

// loopback brings up the only interface of a network namespace of one's own.
func loopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "open a socket")
	}
	defer func() { _ = unix.Close(fd) }()
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return fault.Wrap(fault.Internal, err, "name the loopback interface")
	}
	request.SetUint16(unix.IFF_UP)
	return fault.Wrap(fault.Internal, unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request), "bring up the loopback interface")
}

// Listen opens a door on the loopback of this process's network.
func Listen() (*net.TCPListener, error) {
	return net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
}

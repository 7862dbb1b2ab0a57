package furnish

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"muster/internal/adapter/sandbox"
	"muster/internal/core/resource"
	"muster/internal/engine"
)

// remembered is how many attempts of an agent decide what it is taken to need.
const remembered = 20

// Machine is what agents of one repository run on, as the engine asks for it.
type Machine struct {
	state string
	past  func(context.Context) (map[string][]int64, error) // peaks of earlier attempts, by agent, the latest last

	mu      sync.Mutex
	running map[string]string  // agents by operation
	peaks   map[string][]int64 // bytes, by agent; nil until they were read
}

var _ engine.Machine = (*Machine)(nil)

// NewMachine gives the machine for a state folder. Past is called once, when
// what agents need is first asked for.
func NewMachine(state string, past func(context.Context) (map[string][]int64, error)) *Machine {
	return &Machine{state: state, past: past, running: map[string]string{}}
}

// Started notes that an operation runs an agent.
func (m *Machine) Started(operation, agent string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running[operation] = agent
}

// Ended notes that an operation has ended, and what it took at most.
func (m *Machine) Ended(operation, agent string, peak int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.running, operation)
	if m.peaks != nil && peak > 0 {
		m.peaks[agent] = append(m.peaks[agent], peak)
	}
}

// Free implements engine.Machine.
func (m *Machine) Free() resource.Reading { return Now(Free(m.state)) }

// Need implements engine.Machine: the most that one of the last attempts took.
// What cannot be read was not measured.
func (m *Machine) Need(ctx context.Context, agent string) resource.Agent {
	m.mu.Lock()
	known := m.peaks != nil
	m.mu.Unlock()
	if !known {
		past, err := m.past(ctx)
		if err != nil || past == nil {
			past = map[string][]int64{}
		}
		m.mu.Lock()
		if m.peaks == nil {
			m.peaks = past
		}
		m.mu.Unlock()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return resource.Agent{Need: m.need(agent)}
}

func (m *Machine) need(agent string) int64 {
	all := m.peaks[agent]
	if len(all) == 0 {
		return 0
	}
	return slices.Max(all[max(len(all)-remembered, 0):])
}

// Running implements engine.Machine.
func (m *Machine) Running(how engine.Care) []resource.Agent {
	m.mu.Lock()
	var ids []string
	var out []resource.Agent
	for id, agent := range m.running {
		ids, out = append(ids, id), append(out, resource.Agent{Need: m.need(agent)})
	}
	m.mu.Unlock()
	if how == engine.Exactly {
		used := sandbox.Resident(filepath.Join(m.state, "ops"), ids)
		for i, id := range ids {
			out[i].Used = used[id]
		}
	}
	return out
}

// RoomText says what there is room for, and when that is not enough, what to
// do about it.
func RoomText(l resource.Limits, disk Disk) (text, hint string) {
	now := Now(disk.Free)
	var running []resource.Agent
	const most = 64
	for len(running) < most && resource.Room(now, l, running, resource.Agent{}).What == "" {
		running = append(running, resource.Agent{})
	}
	if len(running) == 0 {
		return resource.Room(now, l, nil, resource.Agent{}).Why, "make room: muster gc; or change the limit"
	}
	many := strconv.Itoa(len(running)) + " agents"
	if len(running) == most {
		many = "any number of agents"
	}
	if l.AgentMemory == 0 {
		return resource.Size(now.Memory) + " of memory are free, which keeps no agent back (resources.agent_memory)", ""
	}
	text = resource.Size(now.Memory) + " of memory are free, for " + many + " at once that need " + resource.Size(l.AgentMemory) + " each"
	if l.StateSize > 0 && disk.Total > l.StateSize {
		return text + "; the state folder takes " + resource.Size(disk.Total) + ", more than " + resource.Size(l.StateSize) + " (resources.state_size)", "muster gc"
	}
	return text, ""
}

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

// Package resource decides whether a machine has room for another agent. It
// is a pure function over readings that somebody else took: how much memory
// and disk is free, what the agents that run were measured to need, and how
// much of it they have taken already.
package resource

import "fmt"

// Limits bound what agents may take from the machine, in bytes. Zero means
// that there is no such limit.
type Limits struct {
	AgentMemory int64 `json:"agent_memory"` // that an agent is taken to need until it was measured
	FreeMemory  int64 `json:"free_memory"`  // that stays free for everything else
	FreeDisk    int64 `json:"free_disk"`    // below which no attempt starts
	StateSize   int64 `json:"state_size"`   // that muster gc brings the state folder down to
}

// Default gives what is in force where no configuration says otherwise. An
// agent's processes were seen to peak at about 2 GiB together while they build
// and test, and to need a few hundred MiB otherwise.
func Default() Limits {
	return Limits{AgentMemory: 1 << 30, FreeMemory: 512 << 20, FreeDisk: 1 << 30, StateSize: 20 << 30}
}

// Reading is what a machine had free at one moment, in bytes. Zero means that
// it is not known.
type Reading struct {
	Memory int64 `json:"memory,omitempty"` // that processes can still get without swapping
	Disk   int64 `json:"disk,omitempty"`   // on the file system of the state folder
}

// Agent is one agent that runs, or one that wants to. Amounts are in bytes.
type Agent struct {
	Need int64 // the most that its processes were seen to take together; 0 means that it was never measured
	Used int64 // what they take now; 0 for one that wants to start
}

// Lack says why there is no room for another agent. Zero means that there is.
type Lack struct {
	What string `json:"what,omitempty"` // LackDisk, LackMemory
	Why  string `json:"why,omitempty"`  // a sentence without a full stop
}

// What can be lacking.
const (
	LackDisk   = "disk"
	LackMemory = "memory"
)

// Room says whether another agent may start beside those that run.
//
// Disk: what is free must not be below the limit, whoever runs; a full disk
// breaks all of them. Memory: what is free must cover what this agent needs,
// what those that run have not taken yet of what they need, and what is to
// stay free. When no agent runs, memory keeps none back: waiting would not
// give it any. What is not known keeps nothing back.
func Room(r Reading, l Limits, running []Agent, next Agent) Lack {
	if l.FreeDisk > 0 && r.Disk > 0 && r.Disk < l.FreeDisk {
		return Lack{LackDisk, fmt.Sprintf("the disk has %s free, and an agent starts only with %s (resources.free_disk)", Size(r.Disk), Size(l.FreeDisk))}
	}
	if l.AgentMemory == 0 || r.Memory == 0 || len(running) == 0 {
		return Lack{}
	}
	need := l.need(next)
	yet := int64(0)
	for _, a := range running {
		yet += max(l.need(a)-a.Used, 0)
	}
	if r.Memory >= need+yet+l.FreeMemory {
		return Lack{}
	}
	return Lack{LackMemory, fmt.Sprintf(
		"%s of memory are free; another agent needs %s, those that run may take %s more, and %s stay free (resources.free_memory)",
		Size(r.Memory), Size(need), Size(yet), Size(l.FreeMemory))}
}

// need gives what an agent is taken to need.
func (l Limits) need(a Agent) int64 {
	if a.Need > 0 {
		return a.Need
	}
	return l.AgentMemory
}

// Size writes an amount of bytes as people read it.
func Size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d KiB", n>>10)
}

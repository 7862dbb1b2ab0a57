package sandbox

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/core/fault"
)

const (
	// freezePasses bounds how often one round of killing looks for processes
	// that were started while it stopped the others.
	freezePasses = 64

	// Between two rounds of killing: the first waits are short because the
	// dead need a moment to vanish, later ones long because something is stuck.
	firstPause = 2 * time.Millisecond
	lastPause  = time.Second
)

// proc is a process as the kernel listed it. The number alone may by now be
// somebody else; together with the start time it is unique until a reboot.
type proc struct {
	pid    int
	parent int
	start  uint64 // clock ticks since boot
	zombie bool
}

// readProc looks at one process.
func readProc(pid int) (proc, error) { return new(procReader).process(pid) }

// parseStat reads proc(5)'s stat line. The name in parentheses is chosen by
// the process and may hold anything, so the fields are counted from the last
// parenthesis.
func parseStat(pid int, line []byte) (proc, error) {
	const state, parent, start = 0, 1, 19 // after the name
	p, n := proc{pid: pid}, 0
	var err error
	for field := range bytes.FieldsSeq(line[bytes.LastIndexByte(line, ')')+1:]) {
		switch n {
		case state:
			p.zombie = string(field) == "Z" || string(field) == "X"
		case parent:
			p.parent, err = strconv.Atoi(string(field))
		case start:
			var serr error
			p.start, serr = strconv.ParseUint(string(field), 10, 64)
			return p, errors.Join(err, serr)
		}
		n++
	}
	return proc{}, fault.New(fault.Internal, "process %d: unexpected stat line", pid)
}

// processes lists what runs. Processes that end meanwhile are left out, and
// ones that start meanwhile may be: callers look again.
func processes() []proc {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	procs, r := make([]proc, 0, len(names)), &procReader{}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if p, err := r.process(pid); err == nil {
			procs = append(procs, p)
		}
	}
	return procs
}

// below gives the living processes of all that are in roots or descend from
// one of them. The process except, and what is only below it, is left out.
func below(all []proc, roots map[int]bool, except int) []proc {
	children := map[int][]proc{}
	for _, p := range all {
		children[p.parent] = append(children[p.parent], p)
	}
	var found []proc
	seen := map[int]bool{except: true}
	var visit func(p proc)
	visit = func(p proc) {
		if seen[p.pid] {
			return
		}
		seen[p.pid] = true
		if !p.zombie {
			found = append(found, p)
		}
		for _, c := range children[p.pid] {
			visit(c)
		}
	}
	for _, p := range all {
		if roots[p.pid] {
			visit(p)
		}
	}
	return found
}

// descendants gives the living descendants of this process.
func descendants() []proc {
	self, all := os.Getpid(), processes()
	roots := map[int]bool{}
	for _, p := range all {
		if p.parent == self {
			roots[p.pid] = true
		}
	}
	return below(all, roots, self)
}

// marked gives the living processes that carry the mark, and all that descend
// from them, but not this one.
func marked(mark string) []proc {
	all := processes()
	roots := map[int]bool{}
	for _, p := range all {
		environ, err := os.ReadFile("/proc/" + strconv.Itoa(p.pid) + "/environ")
		if err == nil && hasMark(environ, mark) {
			roots[p.pid] = true
		}
	}
	return below(all, roots, os.Getpid())
}

// signal sends a signal to exactly the process that p was when it was looked
// at, and to no later one with its number.
func (p proc) signal(sig unix.Signal) {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return
	}
	// The descriptor is opened before the start time is compared: from here on
	// it cannot come to mean another process.
	if now, rerr := readProc(p.pid); rerr != nil || now.start != p.start {
		if err == nil {
			_ = unix.Close(fd)
		}
		return
	}
	if err != nil {
		// An old kernel, or a container that forbids the call.
		_ = unix.Kill(p.pid, sig)
		return
	}
	_ = unix.PidfdSendSignal(fd, sig, nil, 0) // fails only when p has just ended
	_ = unix.Close(fd)
}

// killRound kills all that find gives. It stops them first, until no new one
// turns up: a stopped process starts no other, and still takes up its place
// in the process table, so that even a fork bomb comes to rest.
func killRound(find func() []proc) {
	var frozen []proc
	for range freezePasses {
		fresh := false
		for _, p := range find() {
			if !slices.Contains(frozen, p) {
				p.signal(unix.SIGSTOP)
				frozen = append(frozen, p)
				fresh = true
			}
		}
		if !fresh {
			break
		}
	}
	for _, p := range frozen {
		p.signal(unix.SIGKILL)
	}
}

// killMarked ends all processes that carry the mark: SIGTERM, the grace, then
// SIGKILL. It returns when none is left, or when ctx is done.
func killMarked(ctx context.Context, mark string, grace time.Duration) {
	find := func() []proc { return marked(mark) }
	for _, p := range find() {
		p.signal(unix.SIGTERM)
	}
	deadline := time.Now().Add(grace)
	empty, pause := 0, firstPause
	// Two empty looks in a row: one alone may fall between a process's fork
	// and the moment when its environment can be read.
	for empty < 2 {
		if len(find()) == 0 {
			empty, pause = empty+1, firstPause
		} else {
			empty, pause = 0, min(2*pause, lastPause)
			if left := time.Until(deadline); left > 0 {
				pause = min(pause, left)
			} else {
				killRound(find)
			}
		}
		if wait(ctx.Done(), pause) {
			return
		}
	}
}

// identity names a process across the lives of Muster.
type identity struct {
	BootID  string `json:"boot_id"`
	PID     int    `json:"pid"`
	Start   uint64 `json:"start"` // clock ticks since boot
	AtUS    int64  `json:"at_us"` // microseconds since 1970; for people and reports only
	Version int    `json:"version"`
}

// self gives the identity of this process.
func self() (identity, error) {
	boot, err := bootID()
	if err != nil {
		return identity{}, err
	}
	p, err := readProc(os.Getpid())
	if err != nil {
		return identity{}, err
	}
	return identity{BootID: boot, PID: p.pid, Start: p.start, AtUS: time.Now().UnixMicro(), Version: 1}, nil
}

// signal reaches the process only if it is still the same one, since the same
// start of the machine.
func (id identity) signal(sig unix.Signal) {
	if boot, err := bootID(); err != nil || boot != id.BootID || id.PID <= 1 {
		return
	}
	proc{pid: id.PID, start: id.Start}.signal(sig)
}

func bootID() (string, error) {
	data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(data)), err
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	agents       = 10
	idleShareAim = 0.1 // percent of one processor
	idleKBAim    = 40 << 10
)

// idleRows measures what Muster takes while ten agents think.
func idleRows(ctx context.Context, w *workshop, n sizes) ([]row, error) {
	p, err := w.newPlace(ctx, n.files)
	if err != nil {
		return nil, err
	}
	begun := filepath.Join(p.root, "begun")
	if err := os.Mkdir(begun, 0o755); err != nil {
		return nil, err
	}
	// The agent is a shell that has become a sleep.
	config := "version: 1\nsandbox: off\ndefault: sleeper\nagents:\n  sleeper: {driver: command, command: [sh, -c, ': >" + begun + "/$MUSTER_TASK; exec sleep 600']}\n"
	if err := p.write(".muster/config.yaml", config); err != nil {
		return nil, err
	}
	if _, err := p.command(ctx, "git", "commit", "-q", "-a", "-m", "sleepers"); err != nil {
		return nil, err
	}
	plan, err := p.writeOutside("idle.yaml", graph{agents, 1, agents}.plan("idle"))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	cmd := p.cmd(ctx, p.muster, "run", plan)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	rows, err := measureIdle(ctx, p, cmd.Process.Pid, n)
	// The interrupt ends the agents as well.
	_ = cmd.Process.Signal(os.Interrupt)
	if ended := cmd.Wait(); err == nil && cmd.ProcessState.ExitCode() < 0 {
		err = ended
	}
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, tail(out.String()))
	}
	return rows, err
}

func measureIdle(ctx context.Context, p *place, pid int, n sizes) ([]row, error) {
	shims, err := awaitAgents(ctx, p, n.settle)
	if err != nil {
		return nil, err
	}
	before, err := processorTime(pid)
	if err != nil {
		return nil, err
	}
	var shimsBefore, shimsAfter time.Duration
	for _, s := range shims {
		t, err := processorTime(s)
		if err != nil {
			return nil, err
		}
		shimsBefore += t
	}
	began := time.Now()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(n.idle):
	}
	after, err := processorTime(pid)
	if err != nil {
		return nil, err
	}
	for _, s := range shims {
		t, err := processorTime(s)
		if err != nil {
			return nil, err
		}
		shimsAfter += t
	}
	took := time.Since(began)
	share := func(d time.Duration) float64 { return 100 * float64(d) / float64(took) }
	size := fmt.Sprintf("%d live agents, %.0f s", agents, n.idle.Seconds())
	all := share(after - before + shimsAfter - shimsBefore)
	rows := []row{
		{what: "idle: processor time of muster", size: size, count: 1, got: fmt.Sprintf("%.3f %%", share(after-before))},
		{what: "idle: processor time of the shims", size: size, count: agents, got: fmt.Sprintf("%.3f %%", share(shimsAfter-shimsBefore))},
		{"idle: processor time of muster and its shims", size, 1 + agents, fmt.Sprintf("%.3f %%", all), fmt.Sprintf("<= %.1f %%", idleShareAim), all <= idleShareAim},
	}
	memory, err := memoryRows(pid, shims, size)
	return append(rows, memory...), err
}

// awaitAgents waits until all agents run and gives their shims. It waits
// longer still, for what starting them has left to do.
func awaitAgents(ctx context.Context, p *place, settling time.Duration) ([]int, error) {
	const patience = 2 * time.Minute
	deadline := time.Now().Add(patience)
	for {
		running, err := os.ReadDir(filepath.Join(p.root, "begun"))
		if err != nil {
			return nil, err
		}
		if len(running) == agents {
			break
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%d of %d agents run after %s", len(running), agents, patience)
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return nil, err
		}
	}
	if err := pause(ctx, settling); err != nil {
		return nil, err
	}
	shims, err := p.shims(p.state())
	if err == nil && len(shims) != agents {
		err = fmt.Errorf("there are %d shims, not %d", len(shims), agents)
	}
	return shims, err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// shims finds the processes of this place's muster that are shims with an
// argument that begins so.
func (p *place) shims(begins string) ([]int, error) {
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return nil, err
	}
	var out []int
	for _, name := range names {
		line, err := os.ReadFile(name)
		if err != nil || !bytes.HasPrefix(line, []byte(p.muster+"\x00shim\x00"+begins)) {
			continue // gone meanwhile, or another's
		}
		pid, err := strconv.Atoi(strings.Split(name, "/")[2])
		if err != nil {
			return nil, err
		}
		out = append(out, pid)
	}
	return out, nil
}

// processorTime gives what all threads of a process have used, to the
// nanosecond; the usual figures count in hundredths of a second.
func processorTime(pid int) (time.Duration, error) {
	names, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return 0, err
	}
	if len(names) == 0 {
		return 0, fmt.Errorf("process %d has ended", pid)
	}
	total := time.Duration(0)
	for _, name := range names {
		data, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // the thread has ended
		}
		if err != nil {
			return 0, err
		}
		ran, _, _ := strings.Cut(string(data), " ")
		ns, err := strconv.ParseInt(ran, 10, 64)
		if err != nil {
			return 0, err
		}
		total += time.Duration(ns)
	}
	return total, nil
}

// memory is what smaps_rollup says, in kB. Shared pages count in full in rss,
// and by share in pss.
type memory struct{ rss, pss int }

func memoryRows(muster int, shims []int, size string) ([]row, error) {
	own, err := memoryOf(muster)
	if err != nil {
		return nil, err
	}
	var all memory
	for _, pid := range shims {
		m, err := memoryOf(pid)
		if err != nil {
			return nil, err
		}
		all.rss, all.pss = all.rss+m.rss, all.pss+m.pss
	}
	mb := func(kb int) string { return fmt.Sprintf("%.1f MB", float64(kb)/1024) }
	aim := "<= " + mb(idleKBAim)
	return []row{
		{"idle: memory of muster (RSS)", size, 1, mb(own.rss), aim, own.rss <= idleKBAim},
		{what: "idle: memory of the shims (PSS)", size: size, count: agents, got: mb(all.pss)},
		{"idle: memory of muster and its shims (PSS)", size, 1 + agents, mb(own.pss + all.pss), aim, own.pss+all.pss <= idleKBAim},
	}, nil
}

func memoryOf(pid int) (memory, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return memory{}, err
	}
	var m memory
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		switch f[0] {
		case "Rss:":
			m.rss, err = strconv.Atoi(f[1])
		case "Pss:":
			m.pss, err = strconv.Atoi(f[1])
		}
		if err != nil {
			return m, err
		}
	}
	return m, nil
}

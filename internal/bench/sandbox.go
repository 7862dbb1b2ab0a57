package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"muster/internal/adapter/sandbox"
	"muster/internal/adapter/sandbox/confine"
	"muster/internal/app/walls"
	"muster/internal/core/job"
)

// sandboxAim is what the walls may add to the start of a process.
const sandboxAim = 30 * time.Millisecond

// sandboxLevels are measured in turn, so that what else the machine does falls
// on all of them alike. The first is what the others are compared with.
func sandboxLevels() []string {
	return []string{job.LevelOff, job.LevelStandard, job.LevelStrict}
}

// sandboxRows measures how long a command of a check takes that does nothing,
// at each level, as walls and shims start it; and what the processes of Muster
// take that stand beside ten agents.
func sandboxRows(ctx context.Context, w *workshop, n sizes) ([]row, error) {
	p, err := w.newPlace(ctx, 10)
	if err != nil {
		return nil, err
	}
	state := filepath.Join(p.root, "walls")
	if err := os.MkdirAll(state, 0o755); err != nil {
		return nil, err
	}
	shim := []string{p.muster, "shim"}
	box := walls.New(walls.Host{State: state, Checkout: p.repo(), Env: p.env, Shim: shim})
	run := sandbox.NewExecutor(p.env, shim)
	times, processor := map[string][]time.Duration{}, map[string][]time.Duration{}
	for range 1 + 3*n.repeat { // the first round finds out what the machine has
		for _, level := range sandboxLevels() {
			took, err := startOnce(ctx, box, run, level, p.repo())
			if err != nil {
				return nil, err
			}
			times[level], processor[level] = append(times[level], took.wall), append(processor[level], took.processor)
		}
	}
	var rows []row
	for _, level := range sandboxLevels() {
		count := len(times[level]) - 1
		got, off := median(times[level][1:]), median(times[job.LevelOff][1:])
		used, usedOff := median(processor[level][1:]), median(processor[job.LevelOff][1:])
		name := "sandbox: run true at " + level
		r := within(name, "1 command", count, got, 0)
		r.got += fmt.Sprintf(" (fastest %s)", millis(slices.Min(times[level][1:]))) // that of the quietest moment
		rows = append(rows, r)
		if level != job.LevelOff {
			rows = append(rows, within(fmt.Sprintf("sandbox: added to that by the walls (%.1f times off)", float64(got)/float64(off)), "1 command", count, got-off, sandboxAim))
		}
		rows = append(rows, row{what: name + ", processor time", size: "1 command", count: count, got: fmt.Sprintf("%s (%.1f times off)", millis(used), float64(used)/float64(usedOff))})
	}
	for _, level := range []string{job.LevelOff, job.LevelStrict} {
		r, err := standing(ctx, box, p, level)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// startOnce runs a command that does nothing behind the walls of a level.
func startOnce(ctx context.Context, box *walls.Walls, run *sandbox.Executor, level, dir string) (cost, error) {
	c, release, err := box.Command(ctx, job.Command{Argv: []string{"true"}, Dir: dir, Sandbox: level}, dir)
	defer release()
	if err != nil {
		return cost{}, err
	}
	began, before := time.Now(), childrenTime()
	out, err := run.Run(ctx, c)
	took := cost{time.Since(began), childrenTime() - before}
	if err == nil && (out.Code != 0 || c.Confine.InForce() != out.Sandbox) {
		err = fmt.Errorf("true at %s ended with code %d at %s: %s", level, out.Code, out.Sandbox, out.Stderr)
	}
	return took, err
}

// childrenTime gives the processor time of all processes that this one has
// started and that have ended, and of what these had started.
func childrenTime() time.Duration {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_CHILDREN, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// standing measures the memory of the shims, and of what stands inside the
// walls, of ten operations that sleep.
func standing(ctx context.Context, box *walls.Walls, p *place, level string) (row, error) {
	dir := filepath.Join(p.root, "standing-"+level)
	ops := sandbox.NewOperations(dir, []string{p.muster, "shim"})
	defer func() {
		for i := range agents {
			_ = ops.Stop(context.WithoutCancel(ctx), strconv.Itoa(i))
			_, _ = ops.Wait(context.WithoutCancel(ctx), strconv.Itoa(i))
		}
	}()
	for i := range agents {
		c, release, err := box.Command(ctx, job.Command{Argv: []string{"sleep", "600"}, Dir: p.repo(), Sandbox: level}, p.repo())
		defer release()
		if err == nil {
			err = ops.Ensure(ctx, job.Spec{
				Version: job.SpecVersion, ID: strconv.Itoa(i), Argv: c.Argv, Dir: c.Dir, Env: slices.Concat(p.env, c.Env),
				GraceMS: 100, OutputCap: 1 << 20, Confine: c.Confine,
			})
		}
		if err != nil {
			return row{}, err
		}
	}
	if err := pause(ctx, 8*time.Second); err != nil { // the first reading of what they take is over
		return row{}, err
	}
	pids, err := p.shims(dir)
	if err != nil {
		return row{}, err
	}
	inside, err := p.shims(confine.Mode)
	if err != nil {
		return row{}, err
	}
	want := agents
	if level != job.LevelOff {
		want += agents
		pids = append(pids, inside...)
	}
	if len(pids) != want {
		return row{}, fmt.Errorf("at %s there are %d processes beside %d agents, not %d", level, len(pids), agents, want)
	}
	total := 0
	for _, pid := range pids {
		m, err := memoryOf(pid)
		if err != nil {
			return row{}, err
		}
		total += m.pss
	}
	return row{what: "sandbox: memory beside ten agents at " + level + " (PSS)", size: fmt.Sprint(len(pids), " processes"), count: agents, got: fmt.Sprintf("%.1f MB", float64(total)/1024)}, nil
}

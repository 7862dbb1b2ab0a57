// Command bench measures, on the machine it runs on, what the design sets
// goals for: the overhead of a task, the gate, "muster check", the start,
// idling, the walls around processes, and worktrees.
//
//	go run ./internal/bench [-quick] [-tasks N] [-only tasks,gate,check,start,idle,sandbox,worktrees] [-cpuprofile FILE]
//
// It builds muster, makes repositories in a temporary folder, and runs muster
// there as a person would, in processes of its own. It prints one table with
// sizes, counts and medians, and below it what the figures leave out. A goal
// that is missed is shown and is no failure: times on a loaded machine say
// little, which is why the same work done with plain Git commands is timed
// beside it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	o := options{}
	flag.BoolVar(&o.isQuick, "quick", false, "small numbers: to see that it works")
	flag.IntVar(&o.tasks, "tasks", 0, "also complete so many tasks once, half of them in chains of 10")
	flag.StringVar(&o.only, "only", "", "measure only these, separated by commas: tasks, gate, check, start, idle, sandbox, worktrees")
	flag.StringVar(&o.profile, "cpuprofile", "", "instead, drive one run in this process, or with -only check one judgement, and write its CPU profile here")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	isQuick bool
	tasks   int
	only    string
	profile string
}

// sizes are how much is measured.
type sizes struct {
	files  int           // in the repository
	large  int           // files in a large one
	setUp  int           // files that a set-up command makes
	fanOut int           // tasks side by side
	chain  int           // tasks in a row
	repeat int           // for medians
	ledger int           // tasks in the large ledger
	settle time.Duration // of ten agents, before idling is measured
	idle   time.Duration
}

func (o options) sizes() sizes {
	if o.isQuick {
		return sizes{files: 1000, large: 5_000, setUp: 2_000, fanOut: 20, chain: 10, repeat: 5, ledger: 5_000, settle: 8 * time.Second, idle: 3 * time.Second}
	}
	return sizes{files: 1000, large: 50_000, setUp: 20_000, fanOut: 200, chain: 50, repeat: 20, ledger: 100_000, settle: 40 * time.Second, idle: time.Minute}
}

func run(ctx context.Context, o options) error {
	w, err := newWorkshop(ctx)
	if err != nil {
		return err
	}
	defer w.close()
	n := o.sizes()
	switch {
	case o.profile != "" && o.only == "check":
		return profileCheck(ctx, w, o.profile)
	case o.profile != "":
		return profileRun(ctx, w, n, o.profile)
	}
	parts := []struct {
		name    string
		measure func(context.Context, *workshop, sizes) ([]row, error)
	}{{"tasks", taskRows}, {"gate", gateRows}, {"check", checkRows}, {"start", startRows}, {"idle", idleRows}, {"sandbox", sandboxRows}, {"worktrees", worktreeRows}}
	var rows []row
	for _, p := range parts {
		if o.only != "" && !slices.Contains(strings.Split(o.only, ","), p.name) {
			continue
		}
		got, err := p.measure(ctx, w, n)
		if err != nil {
			return fmt.Errorf("measure %s: %w", p.name, err)
		}
		rows = append(rows, got...)
	}
	if o.tasks > 0 {
		got, err := manyRows(ctx, w, n, o.tasks)
		if err != nil {
			return fmt.Errorf("complete %d tasks: %w", o.tasks, err)
		}
		rows = append(rows, got...)
	}
	printTable(os.Stdout, rows) //nolint:contextcheck // it asks git for its version only
	return nil
}

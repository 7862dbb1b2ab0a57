package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"muster/internal/adapter/git"
	"muster/internal/app"
	"muster/internal/core/change"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/engine"
	"muster/internal/store"
)

const (
	startAim = 100 * time.Millisecond
	largeAim = 300 * time.Millisecond // with the large ledger
)

// startRows measures first answers: of an almost empty ledger, and of one
// with many tasks, whose latest run is small.
func startRows(ctx context.Context, w *workshop, n sizes) ([]row, error) {
	p, err := w.newPlace(ctx, n.files)
	if err != nil {
		return nil, err
	}
	if err := p.smallRun(ctx, "first"); err != nil {
		return nil, err
	}
	rows, err := firstAnswers(ctx, p, n.repeat, "1 run of 3 tasks", startAim)
	if err != nil {
		return nil, err
	}
	state, err := stateFolder(ctx, p)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := fillLedger(ctx, state, n.ledger); err != nil {
		return nil, err
	}
	filled := time.Since(began)
	if err := p.smallRun(ctx, "latest"); err != nil {
		return nil, err
	}
	size := fmt.Sprintf("%d tasks in %d runs", n.ledger, n.ledger/tasksPerRun)
	rows = append(rows, row{what: "write the large ledger: records per second", size: size, count: n.ledger * recordsPerTask, got: fmt.Sprintf("%.0f", float64(n.ledger*recordsPerTask)/filled.Seconds())})
	more, err := firstAnswers(ctx, p, n.repeat, size, largeAim)
	return append(rows, more...), err
}

// smallRun completes a run of three tasks.
func (p *place) smallRun(ctx context.Context, name string) error {
	plan, err := p.writeOutside(name+".yaml", graph{3, 1, 3}.plan(name))
	if err != nil {
		return err
	}
	_, err = p.command(ctx, p.muster, "run", plan)
	return err
}

func stateFolder(ctx context.Context, p *place) (string, error) {
	s, err := app.Open(ctx, p.host())
	if err != nil {
		return "", err
	}
	defer s.Close()
	return s.State(), nil
}

// firstAnswers gives the times of whole processes, and of an engine that
// finds nothing to do.
func firstAnswers(ctx context.Context, p *place, n int, size string, aim time.Duration) ([]row, error) {
	var rows []row
	for _, args := range [][]string{{"version"}, {"status", "--json"}, {"status"}} {
		got, err := timed(n, func() error { _, err := p.command(ctx, p.muster, args...); return err })
		if err != nil {
			return nil, err
		}
		rows = append(rows, within("muster "+args[0]+flagOf(args), size, n, got, aim))
	}
	state, err := stateFolder(ctx, p)
	if err != nil {
		return nil, err
	}
	got, err := timed(n, func() error { return startEngine(ctx, p, state) })
	return append(rows, within("engine: open all, nothing to do, close", size, n, got, aim)), err
}

func flagOf(args []string) string {
	if len(args) > 1 {
		return " " + args[1]
	}
	return ""
}

// startEngine opens the ledger and the repository, takes the engine lock, and
// drives until nothing is left to do, which is at once.
func startEngine(ctx context.Context, p *place, state string) error {
	st, err := store.Open(ctx, state)
	if err != nil {
		return err
	}
	defer st.Close()
	lock, ok, err := st.Lock(ctx)
	if err != nil || !ok {
		return fmt.Errorf("take the engine lock: %v, %w", ok, err)
	}
	defer lock.Release() //nolint:errcheck // it ends with the process at the latest
	repo, err := git.Open(ctx, p.repo(), state)
	if err != nil {
		return err
	}
	defer repo.Close()
	return engine.NewLocal(engine.NewHands(engine.Ports{Log: ledger{st, lock}}), engine.Options{Commands: 1}).Drive(ctx)
}

// ledger is the store under the engine lock.
type ledger struct {
	*store.Store
	lock *store.Lock
}

func (l ledger) Commit(ctx context.Context, b flow.Batch) error {
	_, err := l.Store.Commit(ctx, l.lock, b)
	return err
}

const (
	tasksPerRun    = 1000
	recordsPerTask = 4
)

// fillLedger adds runs of a thousand finished tasks each.
func fillLedger(ctx context.Context, state string, tasks int) error {
	st, err := store.Open(ctx, state)
	if err != nil {
		return err
	}
	defer st.Close()
	lock, ok, err := st.Lock(ctx)
	if err != nil || !ok {
		return fmt.Errorf("take the engine lock: %v, %w", ok, err)
	}
	defer lock.Release() //nolint:errcheck // it ends with the process at the latest
	for r := range tasks / tasksPerRun {
		f := filler{run: fmt.Sprint("old", r), atUS: time.Now().UnixMicro()}
		if err := f.fill(); err != nil {
			return err
		}
		if _, err := st.Commit(ctx, lock, f.batch); err != nil {
			return err
		}
	}
	return nil
}

// filler makes the records of one finished run.
type filler struct {
	run   string
	atUS  int64
	batch flow.Batch
}

func (f *filler) fill() error {
	in := flow.Inputs{Run: f.run, Name: f.run}
	begun := flow.RunStarted{Inputs: in, Goal: "A goal of one line", Target: "refs/heads/main", Into: "branch", Limits: flow.Limits{Parallel: 4}}
	for i := range tasksPerRun {
		begun.Nodes = append(begun.Nodes, flow.Node{ID: fmt.Sprint("t", i), Title: fmt.Sprint("Title of task ", i), Agent: "noop", TimeMS: 60_000})
	}
	if err := f.add(flow.RunStream(f.run), begun); err != nil {
		return err
	}
	point := change.Point{Commit: "0123456789012345678901234567890123456789", Tree: "9876543210987654321098765432109876543210"}
	for _, node := range begun.Nodes {
		for _, p := range []flow.Payload{
			flow.TaskStarted{Inputs: in, Node: node},
			flow.WorktreePrepared{Worktree: change.Worktree{Dir: "somewhere/below/the/state/folder", Base: point}},
			flow.AttemptEnded{Attempt: 1, Outcome: job.Outcome{Kind: job.Done, Message: "did it"}, TimeUS: 1000},
			flow.ChangeLanded{Head: point},
		} {
			if err := f.add(flow.TaskStream(f.run, node.ID), p); err != nil {
				return err
			}
		}
		f.batch.Machines = append(f.batch.Machines, flow.Machine{Stream: flow.TaskStream(f.run, node.ID), Done: true, Snapshot: json.RawMessage(`{}`)})
	}
	f.batch.Machines = append(f.batch.Machines, flow.Machine{Stream: flow.RunStream(f.run), Done: true, Snapshot: json.RawMessage(`{}`)})
	return nil
}

func (f *filler) add(s flow.Stream, p flow.Payload) error {
	f.atUS++
	r, err := flow.NewRecord(s, flow.Event{ID: fmt.Sprintf("%s.%d", f.run, len(f.batch.Records)), AtUS: f.atUS, Actor: "engine", Data: p}, "", nil)
	f.batch.Records = append(f.batch.Records, r)
	return err
}

package app

import (
	"context"
	"slices"
	"strings"

	"muster/internal/app/plans"
	"muster/internal/app/runs"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/report"
	"muster/internal/core/yamlfile"
	"muster/internal/store"
)

// RunInfo is one run of the list of runs.
type RunInfo = runs.Info

// Runs gives every run, newest first.
func (s *Session) Runs(ctx context.Context) ([]RunInfo, error) {
	return runs.List(ctx, s.store, store.RunQuery{})
}

// FindPending gives a run that was asked for and that no engine has taken up
// yet: Muster was killed, or left, right after it was asked. An empty name
// means any.
func (s *Session) FindPending(ctx context.Context, name string) (RunInfo, bool, error) {
	return runs.Pending(ctx, s.store, name)
}

// FindRun gives the run that a person means: the newest of that name, the one
// with that id, or the newest of all when name is empty.
func (s *Session) FindRun(ctx context.Context, name string) (RunInfo, error) {
	// The newest first, alone: it is what people mostly mean, and a ledger may
	// hold many others.
	var names []string
	for _, q := range []store.RunQuery{{Limit: 1}, {}} {
		found, err := runs.List(ctx, s.store, q)
		if err != nil {
			return RunInfo{}, err
		}
		if len(found) == 0 {
			return RunInfo{}, fault.New(fault.NotFound, "find a run: there is none in %s yet", s.place.Name).
				WithHint("%s", firstRun(s.place.TopLevel))
		}
		for _, r := range found {
			if name == "" || r.Name == name || r.ID == name {
				return r, nil
			}
		}
		names = names[:0]
		for _, r := range found {
			names = append(names, r.Name)
		}
	}
	e := fault.New(fault.NotFound, "find the run %q: there is none of that name", name)
	if near := yamlfile.Nearest(name, names); near != "" {
		return RunInfo{}, e.WithHint("did you mean %s? muster status --all lists the runs", near)
	}
	if slices.Contains(plans.Names(s.place.TopLevel), name) {
		return RunInfo{}, e.WithHint("it is a plan that never ran: muster run %s", name)
	}
	return RunInfo{}, e.WithHint("the latest is %s; muster status --all lists them", names[0])
}

// firstRun says how a first run is started.
func firstRun(top string) string {
	if names := plans.Names(top); len(names) > 0 {
		return "start one: muster run " + names[len(names)-1]
	}
	return "write a plan and start it: muster plan new, then muster run PLAN"
}

// Ref is a run, and a task of it unless Task is empty.
type Ref struct {
	Run  RunInfo
	Task string
}

// FindTask gives the task that a person means by "task" or "run/task". Without
// a run it is looked for in the newest run, and then in those that are not
// done.
func (s *Session) FindTask(ctx context.Context, name string) (Ref, error) {
	if run, task, ok := strings.Cut(name, "/"); ok {
		info, err := s.FindRun(ctx, run)
		if err != nil {
			return Ref{}, err
		}
		r, err := s.Report(ctx, info.ID)
		if err != nil {
			return Ref{}, err
		}
		if r.Task(task) == nil {
			return Ref{}, report.NoTask(task, r)
		}
		return Ref{info, task}, nil
	}
	info, err := s.FindRun(ctx, "")
	if err != nil {
		return Ref{}, err
	}
	latest, err := s.Report(ctx, info.ID)
	if err != nil {
		return Ref{}, err
	}
	if latest.Task(name) != nil {
		return Ref{info, name}, nil
	}
	alive, err := runs.List(ctx, s.store, store.RunQuery{Alive: true})
	if err != nil {
		return Ref{}, err
	}
	for _, info := range alive {
		r, err := s.Report(ctx, info.ID)
		if err != nil {
			return Ref{}, err
		}
		if r.Task(name) != nil {
			return Ref{info, name}, nil
		}
	}
	if run, err := s.FindRun(ctx, name); err == nil && name != "" {
		r, err := s.Report(ctx, run.ID)
		if err != nil {
			return Ref{}, err
		}
		return Ref{}, report.NoTask(name, r)
	}
	return Ref{}, report.NoTask(name, latest)
}

// FindAny gives the task or the run that a person means. Where a name fits
// both, it is the one for which waits holds, and the task when both wait.
func (s *Session) FindAny(ctx context.Context, name string, waits func(r *report.Run, task string) bool) (Ref, error) {
	if strings.Contains(name, "/") {
		return s.FindTask(ctx, name)
	}
	run, runErr := s.FindRun(ctx, name)
	if name == "" {
		return Ref{Run: run}, runErr
	}
	ref, taskErr := s.FindTask(ctx, name)
	switch {
	case taskErr != nil && runErr != nil:
		return Ref{}, taskErr
	case taskErr != nil:
		return Ref{Run: run}, nil //nolint:nilerr // the name fits a run and no task
	case runErr != nil:
		return ref, nil //nolint:nilerr // the name fits a task and no run
	}
	r, err := s.Report(ctx, ref.Run.ID)
	if err != nil {
		return Ref{}, err
	}
	if !waits(r, ref.Task) {
		return Ref{Run: run}, nil
	}
	return ref, nil
}

// Report folds the records of a run, given by id.
func (s *Session) Report(ctx context.Context, id string) (*report.Run, error) {
	r, _, err := runs.Fold(ctx, s.store, id)
	return r, err
}

// Records gives the records of a run, or of one task of it, to see, in order.
func (s *Session) Records(ctx context.Context, ref Ref, see func(flow.Record) error) error {
	q := store.Query{Run: ref.Run.ID}
	if ref.Task != "" {
		q = store.Query{Stream: flow.TaskStream(ref.Run.ID, ref.Task)}
	}
	for row, err := range s.store.Records(ctx, q) {
		if err == nil {
			err = see(row.Record)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

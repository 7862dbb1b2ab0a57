package app

import (
	"context"
	"errors"
	"time"

	"muster/internal/app/observe"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/report"
	"muster/internal/engine"
)

const (
	agentsEvery  = 2 * time.Second // how often agents are looked at
	agentsRarely = 8 * time.Second // without a screen, at moments when operations that are waited for are looked at as well
)

func (s *Session) observer() *observe.Observer { return observe.New(s.ops, s.agents, s.host.Silence) }

// wakes gives, by stream, when tasks that wait for their provider go on.
func (s *Session) wakes(ctx context.Context) (map[flow.Stream]int64, error) {
	open, err := s.store.OpenCommands(ctx)
	if err != nil {
		return nil, err
	}
	out := map[flow.Stream]int64{}
	for _, c := range open {
		if c.Kind == flow.CmdWait {
			out[c.Stream] = c.DueUS
		}
	}
	return out, nil
}

// subjects gives the tasks of a run that an observer has to look at, apart
// from the run as it goes on.
func (s *Session) subjects(ctx context.Context, r *report.Run, driven bool) ([]observe.Subject, error) {
	fixed := &report.Run{ID: r.ID, Name: r.Name, Basis: r.Basis}
	var out []observe.Subject
	var wakes map[flow.Stream]int64
	for _, t := range r.Tasks {
		n := len(t.Attempts)
		if n == 0 {
			continue
		}
		last := t.Attempts[n-1]
		x := observe.Subject{Run: r.Name, IsDriven: driven, Op: engine.OperationID(r.ID, t.ID, last.Number)}
		switch {
		case t.State == report.Working && last.Outcome == nil && last.EndedUS == 0:
		case t.State == report.Stopped && last.Outcome != nil && last.Outcome.Kind == job.Quota:
		case t.State == report.Waiting && last.Outcome != nil && (last.Outcome.Kind == job.Provider || last.Outcome.Kind == job.Quota):
			if wakes == nil {
				var err error
				if wakes, err = s.wakes(ctx); err != nil {
					return nil, err
				}
			}
			x.WakeUS = wakes[flow.TaskStream(r.ID, t.ID)]
		default:
			continue
		}
		t.Attempts = []report.Attempt{last}
		x.Task = t
		x.Attempt = func() (job.Attempt, error) { return s.attempt(ctx, fixed, t, last) }
		out = append(out, x)
	}
	return out, nil
}

// conditions gives how every agent of a run is, by task.
func (s *Session) conditions(ctx context.Context, r *report.Run, driven bool) (map[string]*report.Now, error) {
	subjects, err := s.subjects(ctx, r, driven)
	if err != nil {
		return nil, err
	}
	out := map[string]*report.Now{}
	var failed error
	for _, x := range subjects {
		now, ok, err := s.observer().Now(ctx, x)
		failed = errors.Join(failed, err)
		if ok {
			out[x.Task.ID] = &now
		}
	}
	return out, failed
}

// lookAtAgents begins to look at the agents of the run, unless it still does,
// and tells how they are where that has changed.
func (d *driving) lookAtAgents(ctx context.Context) {
	if d.run == nil || !d.isLooking.CompareAndSwap(false, true) {
		return
	}
	subjects, err := d.s.subjects(ctx, d.run, d.driving)
	if err != nil || len(subjects) == 0 {
		d.isLooking.Store(false)
		return // what cannot be looked at is not shown; status says why
	}
	go func() {
		defer d.isLooking.Store(false)
		for _, x := range subjects {
			now, ok, err := d.observer.Now(ctx, x)
			if err != nil || !ok {
				continue
			}
			about := x.Task.ID + " " + string(now.Condition) + " " + now.Why
			if d.told[x.Task.ID] == about {
				continue
			}
			d.told[x.Task.ID] = about
			select {
			case d.seen <- Notice{Task: x.Task.ID, Now: &now}:
			case <-ctx.Done():
				return
			}
		}
	}()
}

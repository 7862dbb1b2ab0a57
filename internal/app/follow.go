package app

import (
	"bytes"
	"context"
	"io"
	"time"

	"muster/internal/core/config"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/report"
	"muster/internal/engine"
	"muster/internal/store"
)

// followAgents begins to follow every agent that runs and is not followed yet.
func (d *driving) followAgents(ctx context.Context) {
	for _, t := range d.run.Tasks {
		n := len(t.Attempts)
		if t.Phase != flow.Working || n == 0 || t.Attempts[n-1].Outcome != nil {
			continue
		}
		op := engine.OperationID(d.run.ID, t.ID, t.Attempts[n-1].Number)
		if d.follows[op] {
			continue
		}
		d.follows[op] = true
		// What the config says of the agent is read here, on the goroutine
		// that owns the run.
		a, err := d.s.attempt(ctx, d.run, t, t.Attempts[n-1])
		if err != nil {
			continue // it cannot be shown; that it cannot be started is said elsewhere
		}
		go d.follow(ctx, t.ID, a)
	}
}

// follow tells what one agent does until its operation ends.
func (d *driving) follow(ctx context.Context, task string, a job.Attempt) {
	var r io.ReadCloser
	for {
		var err error
		if r, err = d.s.ops.Follow(ctx, a.Op); err == nil {
			break
		}
		// It is recorded as begun before it begins.
		if fault.KindOf(err) != fault.NotFound {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookEvery):
		}
	}
	defer r.Close()
	d.s.agents.Follow(a, r, func(e job.AgentEvent) {
		select {
		case d.seen <- Notice{Task: task, Agent: &e}:
		case <-ctx.Done():
		}
	})
}

// attempt gives what a driver must know to read the output of an attempt.
func (s *Session) attempt(ctx context.Context, r *report.Run, t report.Task, a report.Attempt) (job.Attempt, error) {
	var c config.Config
	if err := s.getJSON(ctx, r.Config, &c); err != nil {
		return job.Attempt{}, err
	}
	g, ok := c.Agent(t.Agent)
	if !ok {
		return job.Attempt{}, fault.New(fault.NotFound, "run %s has no agent %s", r.Name, t.Agent)
	}
	out, _ := s.equip(job.Attempt{Op: engine.OperationID(r.ID, t.ID, a.Number), Agent: g, Task: t.ID, Number: a.Number, Round: a.Round})
	return out, nil
}

// Transcript tells what an agent did in one attempt of a task, as far as it is
// known now. Number 0 means the latest attempt.
func (s *Session) Transcript(ctx context.Context, ref Ref, number int, see func(job.AgentEvent)) error {
	r, err := s.Report(ctx, ref.Run.ID)
	if err != nil {
		return err
	}
	t := r.Task(ref.Task)
	if t == nil || len(t.Attempts) == 0 {
		return fault.New(fault.NotFound, "show what the agent of %s did: there is no attempt yet", ref.Task)
	}
	tried := t.Attempts[len(t.Attempts)-1]
	if number > 0 {
		found := false
		for _, a := range t.Attempts {
			if a.Number == number {
				tried, found = a, true
			}
		}
		if !found {
			return fault.New(fault.NotFound, "show attempt %d of %s: there is no such attempt", number, ref.Task).
				WithHint("the latest is %d", tried.Number)
		}
	}
	a, err := s.attempt(ctx, r, *t, tried)
	if err != nil {
		return err
	}
	var out io.Reader
	if tried.Outcome == nil {
		f, err := s.ops.Stdout(a.Op)
		if fault.KindOf(err) == fault.NotFound {
			return nil // it is about to begin
		}
		if err != nil {
			return err
		}
		defer f.Close()
		out = f
	} else if tried.Stdout != "" {
		data, err := s.store.Blob(ctx, tried.Stdout)
		if err != nil {
			return err
		}
		out = bytes.NewReader(data)
	} else {
		return nil
	}
	s.agents.Follow(a, out, see)
	return nil
}

// Attach follows what the agents of one task do, attempt after attempt, until
// the task needs a person or has no more to do. Mark is called when an attempt
// begins to be shown; the latest is shown from its beginning. It drives
// nothing: false means that nobody does.
func (s *Session) Attach(ctx context.Context, ref Ref, mark func(report.Attempt), see func(job.AgentEvent)) (bool, error) {
	shown, since := 0, store.Version(0)
	for {
		r, err := s.Report(ctx, ref.Run.ID)
		if err != nil {
			return false, err
		}
		t := r.Task(ref.Task)
		if n := len(t.Attempts); n > 0 && t.Attempts[n-1].Number > shown {
			tried := t.Attempts[n-1]
			shown = tried.Number
			mark(tried)
			if err := s.show(ctx, r, *t, tried, see); err != nil {
				return false, err
			}
			continue
		}
		driver, err := s.Driver() //nolint:contextcheck // looking at the lock has a bound of its own
		if err != nil {
			return false, err
		}
		switch life, err := s.life(r, *t, driver); {
		case err != nil:
			return false, err
		case life == Interrupted || life == Alone:
			return false, nil
		case life == "" || t.State == report.Queued:
			return true, nil
		}
		if since, err = s.store.WaitChange(ctx, since, lookEvery); err != nil {
			return false, err
		}
	}
}

// show tells what an agent does in one attempt, to its end.
func (s *Session) show(ctx context.Context, r *report.Run, t report.Task, tried report.Attempt, see func(job.AgentEvent)) error {
	a, err := s.attempt(ctx, r, t, tried)
	if err != nil {
		return err
	}
	if tried.Outcome != nil || tried.EndedUS != 0 {
		return s.Transcript(ctx, Ref{Run: RunInfo{ID: r.ID}, Task: t.ID}, tried.Number, see)
	}
	for {
		out, err := s.ops.Follow(ctx, a.Op)
		if err == nil {
			defer out.Close()
			s.agents.Follow(a, out, see)
			return ctx.Err()
		}
		if fault.KindOf(err) != fault.NotFound { // it is recorded as begun before it begins
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookEvery):
		}
	}
}

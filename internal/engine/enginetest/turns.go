package enginetest

import (
	"context"
	"errors"
	"time"

	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/report"
)

// taking plays agents that take so many turns of each attempt and then wait
// for their end, until they have been stopped once; then they are done.
func taking(s *Scene, turns int64) {
	s.Agent = func(ctx context.Context, a job.Attempt) job.Outcome {
		if a.Number > 1 {
			return job.Outcome{Kind: job.Done, Session: a.Session, Usage: job.Usage{Turns: 1}}
		}
		<-ctx.Done()
		return job.Outcome{Kind: job.Halted, Session: "s-" + a.Task, Usage: job.Usage{Turns: turns}}
	}
}

// ask asks whether turns are used up until they are, or nobody wants to know.
func ask(ctx context.Context, turns int64, full func(begun, ended int64) bool) {
	for ctx.Err() == nil && !full(turns, turns) {
		<-time.After(time.Millisecond)
	}
}

// turnsOfTask: a budget counts turns that are over, so that the last one may
// end. Then the task asks, and with more the same session goes on.
func turnsOfTask(s *Scene) {
	taking(s, 2)
	s.Turning = func(ctx context.Context, a job.Attempt, full func(begun, ended int64) bool) {
		if a.Number > 1 {
			return
		}
		s.Want("full at once", full(1, 0), false)
		s.Want("full after one", full(1, 1), false)
		s.Want("full while the last one is under way", full(2, 1), false)
		s.Want("full", full(2, 2), true)
	}
	p := Tasks("p", "a")
	p.Tasks[0].Budget.Turns = 2
	s.Start(p, flow.Limits{})
	s.Drive()
	s.Want("states", s.States("p"), "a:failed")
	t := s.Run("p").Task("a")
	s.Want("why", t.Why, "attempt 1: limit: the task's budget of 2 turns is used up")
	s.Want("turns", t.Spent.Turns, int64(2))
	s.Tell(flow.TaskStream("run-p", "a"), flow.RetryRequested{Turns: 3})
	s.Drive()
	s.Want("states", s.States("p"), "a:landed")
	s.Want("session", s.Attempt("run-p.a.2").Session, "s-a")
	s.Want("turns", s.Run("p").Spent.Turns, int64(3))
}

// turnsOfRun: what attempts beside take counts while they take it.
func turnsOfRun(s *Scene) {
	taking(s, 3)
	first := make(chan struct{})
	s.Turning = func(ctx context.Context, a job.Attempt, full func(begun, ended int64) bool) {
		switch {
		case a.Number > 1:
		case a.Task == "a":
			s.Want("a alone fills the budget", full(3, 3), false)
			close(first)
			ask(ctx, 3, full)
		default:
			<-first
			s.Want("b fills the budget too soon", full(2, 2), false)
			s.Want("b fills the budget with a", full(3, 3), true)
		}
	}
	s.Start(Tasks("p", "a", "b", "c"), flow.Limits{Turns: 6, Parallel: 2})
	s.Drive()
	s.Want("states", s.States("p"), "a:stopped b:stopped c:waiting")
	s.Want("end", s.Run("p").End(), report.EndBudget)
	s.Want("turns", s.Run("p").Spent.Turns, int64(6))
	s.Tell(flow.RunStream("run-p"), flow.ResumeRequested{Turns: 6})
	s.Drive()
	s.Want("end with no more", s.Run("p").End(), report.EndBudget)
	s.Want("attempts", len(s.Started()), 2)
	s.Agent = func(_ context.Context, a job.Attempt) job.Outcome {
		return job.Outcome{Kind: job.Done, Session: a.Session, Usage: job.Usage{Turns: 1}}
	}
	s.Turning = nil
	s.Tell(flow.RunStream("run-p"), flow.ResumeRequested{Turns: 100})
	s.Drive()
	s.Want("states", s.States("p"), "a:landed b:landed c:landed")
	s.Want("sessions", s.Attempt("run-p.a.2").Session+" "+s.Attempt("run-p.b.2").Session, "s-a s-b")
}

// turnsRaised: budgets are read as they stand when a turn is over.
func turnsRaised(s *Scene) {
	finish := make(chan struct{})
	s.Agent = func(ctx context.Context, _ job.Attempt) job.Outcome {
		select {
		case <-finish:
			return job.Outcome{Kind: job.Done, Usage: job.Usage{Turns: 5}}
		case <-ctx.Done():
			return job.Outcome{Kind: job.Halted}
		}
	}
	s.Turning = func(ctx context.Context, _ job.Attempt, full func(begun, ended int64) bool) {
		s.Tell(flow.RunStream("run-p"), flow.ResumeRequested{Turns: 50}) //nolint:contextcheck // it is a person who tells it
		for ctx.Err() == nil && s.Run("p").Limits.Turns != 50 {
			<-time.After(time.Millisecond)
		}
		s.Want("full", full(5, 5), false)
		close(finish)
	}
	s.Start(Tasks("p", "a"), flow.Limits{Turns: 5})
	s.Drive()
	s.Want("states", s.States("p"), "a:landed")
}

// turnsLeft: a person's stop stays one while turns are left.
func turnsLeft(s *Scene) {
	taking(s, 1)
	s.Turning = func(_ context.Context, a job.Attempt, full func(begun, ended int64) bool) {
		if a.Number == 1 {
			s.Want("full", full(1, 1), false)
			s.Tell(flow.RunStream("run-p"), flow.StopRequested{}) //nolint:contextcheck // it is a person who tells it
		}
	}
	s.Start(Tasks("p", "a"), flow.Limits{Turns: 2})
	s.Drive()
	s.Want("states", s.States("p"), "a:stopped")
	s.Want("outcome", s.Run("p").Task("a").Attempts[0].Outcome.Kind, job.Halted)
	s.Tell(flow.RunStream("run-p"), flow.ResumeRequested{})
	s.Drive()
	s.Want("states", s.States("p"), "a:landed")
}

// turnsAdopted: an engine ends between asking an agent to end and recording
// why. The next one sees it by the turns that were taken.
func turnsAdopted(s *Scene) {
	gone := make(chan struct{})
	s.Agent = func(ctx context.Context, _ job.Attempt) job.Outcome {
		<-ctx.Done()
		<-gone
		return job.Outcome{Kind: job.Halted, Session: "s1", Usage: job.Usage{Turns: 2}}
	}
	drive, cancel := context.WithCancel(s.T.Context())
	s.Turning = func(_ context.Context, _ job.Attempt, full func(begun, ended int64) bool) {
		s.Want("full", full(2, 2), true)
		cancel()
	}
	p := Tasks("p", "a")
	p.Tasks[0].Budget.Turns = 2
	s.Start(p, flow.Limits{})
	if err := s.Factory(s.Ports()).Drive(drive); !errors.Is(err, context.Canceled) {
		s.T.Errorf("an engine that was cancelled returned %v", err)
	}
	close(gone)
	s.Turning = nil
	s.Drive()
	s.Want("states", s.States("p"), "a:failed")
	s.Want("why", s.Run("p").Task("a").Why, "attempt 1: limit: the task's budget of 2 turns is used up")
}

// turnsOfOthers: an attempt that began before others used the budget up ends
// with its first turn, and not before.
func turnsOfOthers(s *Scene) {
	taking(s, 3)
	begun := make(chan struct{})
	s.Turning = func(ctx context.Context, a job.Attempt, full func(begun, ended int64) bool) {
		if a.Task == "a" {
			<-begun
			s.Want("a fills the budget", full(3, 3), true)
			return
		}
		close(begun)
		for ctx.Err() == nil && s.Run("p").Spent.Turns < 3 {
			<-time.After(time.Millisecond)
		}
		s.Want("b is full before its turn is over", full(1, 0), false)
		s.Want("b is full after it", full(1, 1), true)
	}
	s.Start(Tasks("p", "a", "b"), flow.Limits{Turns: 3, Parallel: 2})
	s.Drive()
	s.Want("states", s.States("p"), "a:stopped b:stopped")
	s.Want("end", s.Run("p").End(), report.EndBudget)
}

// turnsRaisedLate: an agent that was asked to end has ended for its budget, also
// when more was given before it had.
func turnsRaisedLate(s *Scene) {
	raised := make(chan struct{})
	s.Agent = func(ctx context.Context, _ job.Attempt) job.Outcome {
		<-ctx.Done()
		<-raised
		return job.Outcome{Kind: job.Halted, Session: "s1", Usage: job.Usage{Turns: 2}}
	}
	s.Turning = func(ctx context.Context, _ job.Attempt, full func(begun, ended int64) bool) {
		s.Want("full", full(2, 2), true)
		s.Tell(flow.RunStream("run-p"), flow.ResumeRequested{Turns: 50}) //nolint:contextcheck // it is a person who tells it
		for ctx.Err() == nil && s.Run("p").Limits.Turns != 50 {
			<-time.After(time.Millisecond)
		}
		close(raised)
	}
	s.Start(Tasks("p", "a"), flow.Limits{Turns: 2})
	s.Drive()
	s.Want("why", s.Run("p").Why, "a: the run's budget of 2 turns is used up")
	s.Want("outcome", s.Run("p").Task("a").Attempts[0].Outcome.Budget, job.OfRun)
}

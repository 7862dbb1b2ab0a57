package enginetest

import (
	"context"
	"errors"

	"muster/internal/core/flow"
	"muster/internal/core/report"
)

// endsSetUps: a run that stops does not wait for what sets worktrees up; when
// it goes on, that begins anew, and no attempt is counted.
func endsSetUps(s *Scene) {
	begun := make(chan struct{}, 2)
	s.SetUp = func(ctx context.Context) error {
		begun <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
	s.Start(Tasks("p", "a", "b"), flow.Limits{})
	go func() {
		<-begun
		<-begun
		s.Tell(flow.RunStream("run-p"), flow.StopRequested{})
	}()
	s.Drive()
	s.Want("states", s.States("p"), "a:stopped b:stopped")
	s.Want("end", s.Run("p").End(), report.EndStopped)
	s.Want("attempts", len(s.Started()), 0)
	s.SetUp = nil
	s.Tell(flow.RunStream("run-p"), flow.ResumeRequested{})
	s.Drive()
	s.Want("states", s.States("p"), "a:landed b:landed")
	s.Want("attempts of a", len(s.Run("p").Task("a").Attempts), 1)
}

// endsSetUpsAgain: an engine that ends between the stop and the end of a
// set-up is followed by one that does not begin the set-up again.
func endsSetUpsAgain(s *Scene) {
	ctx, cancel := context.WithCancel(s.T.Context())
	s.SetUp = func(set context.Context) error {
		s.Tell(flow.RunStream("run-p"), flow.StopRequested{}) //nolint:contextcheck // it is a person who tells it
		<-set.Done()
		cancel()
		return set.Err()
	}
	s.Start(Tasks("p", "a"), flow.Limits{})
	if err := s.Factory(s.Ports()).Drive(ctx); !errors.Is(err, context.Canceled) {
		s.T.Errorf("an engine that was cancelled returned %v", err)
	}
	s.SetUp = func(context.Context) error {
		s.T.Error("the set-up began again")
		return nil
	}
	s.Drive()
	s.Want("states", s.States("p"), "a:stopped")
}

package enginetest

import (
	"context"
	"slices"
	"testing"

	"muster/internal/core/evidence"
	"muster/internal/core/flow"
	"muster/internal/engine"
)

func TestLocal(t *testing.T) {
	Test(t, func(p engine.Ports) engine.Engine {
		return engine.NewLocal(engine.NewHands(p), engine.Options{Commands: 4})
	})
}

// TestStopsWhatIsHeld: a task that waits for its worktree until changes of
// others are checked does not wait for them when its run stops.
func TestStopsWhatIsHeld(t *testing.T) {
	s := NewScene(t, nil)
	checking, stopped := make(chan struct{}), make(chan struct{})
	s.Check = func(r evidence.Request) []evidence.Finding {
		if r.Subject == evidence.OfTask {
			close(checking)
			<-stopped
		}
		return nil
	}
	s.Start(Tasks("p", "a"), flow.Limits{})
	go func() {
		<-checking
		s.Start(Tasks("q", "b"), flow.Limits{})
	}()
	p := s.Ports()
	p.Log = watched{s, func(b flow.Batch) {
		if slices.ContainsFunc(b.Opened, func(o flow.Open) bool {
			return o.Kind == flow.CmdPrepareWorktree && o.Stream.Run() == "run-q"
		}) {
			s.Tell(flow.RunStream("run-q"), flow.StopRequested{})
		}
		if slices.ContainsFunc(b.Records, func(r flow.Record) bool { return r.Kind == flow.EvSetUpStopped }) {
			close(stopped)
		}
	}}
	local := engine.NewLocal(engine.NewHands(p), engine.Options{Commands: 4, Backlog: 1})
	if err := local.Drive(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Want("states", s.States("p")+" "+s.States("q"), "a:landed b:stopped")
	s.Want("started", s.Started(), "[run-p.a.1]")
}

// watched is a world whose ledger tells what is committed.
type watched struct {
	*Scene
	see func(flow.Batch)
}

func (w watched) Commit(ctx context.Context, b flow.Batch) error {
	err := w.Scene.Commit(ctx, b)
	w.see(b)
	return err
}

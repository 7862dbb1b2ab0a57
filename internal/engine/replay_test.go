package engine

import (
	"context"
	"strings"
	"testing"

	"muster/internal/core/change"
	"muster/internal/core/flow"
	"muster/internal/core/plan"
	"muster/internal/core/resource"
)

// target is a repository whose target could be moved.
type target struct {
	Repo
	isMoved bool
}

func (r *target) Head(context.Context, string) (change.Point, error) {
	return change.Point{Commit: "c", Tree: "t"}, nil
}

func (r *target) Advance(_ context.Context, q change.AdvanceRequest, protected func(string) bool) (change.Advanced, error) {
	if protected(q.Target) {
		return change.Advanced{Why: "main is protected", Command: "git merge"}, nil
	}
	r.isMoved = true
	return change.Advanced{Done: true, To: q.To}, nil
}

// A replay never moves the target, and its commits say what they are; a
// recorded run is like any other.
func TestReplayMovesNoTarget(t *testing.T) {
	for _, c := range []struct {
		record, replay string
		isMoved        bool
	}{{"", "", true}, {"/r", "", true}, {"", "/r", false}} {
		_, h, in := newDesk(t, resource.Limits{})
		repo := &target{}
		h.Repo, in.Record, in.Replay = repo, c.record, c.replay
		answer, err := h.advanceTarget(context.Background(), flow.AdvanceTarget{Inputs: in, Target: "main", To: change.Point{Commit: "c", Tree: "t"}})
		if err != nil {
			t.Fatal(err)
		}
		a, ok := answer.Data.(flow.TargetAdvanced)
		if !ok || repo.isMoved != c.isMoved || a.Done != c.isMoved || strings.Contains(a.Why, "a recording answered") == c.isMoved || (a.Command != "") == c.isMoved {
			t.Errorf("replay %q: moved %v, %+v", c.replay, repo.isMoved, answer.Data)
		}
		text := message(in, plan.Task{ID: "x"}, made{agent: "claude"})
		if strings.Contains(text, "\nMuster-Replay: ") == c.isMoved || !strings.Contains(text, "\nMuster-Run: ") {
			t.Errorf("replay %q: %s", c.replay, text)
		}
	}
}

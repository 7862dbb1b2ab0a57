package engine

import (
	"context"

	"muster/internal/core/change"
	"muster/internal/core/flow"
)

// owner names the holder of a worktree.
func owner(run, task string) string { return run + "/" + task }

func (h *Hands) prepareWorktree(ctx context.Context, o flow.PrepareWorktree) (Answer, error) {
	in, err := h.load(ctx, o.Inputs)
	if err != nil {
		return Answer{}, err
	}
	w, set, err := h.Worktrees.Worktree(ctx, change.WorktreeRequest{
		Owner: owner(o.Run, o.Task), Run: o.Run, Base: o.Base, Tree: o.Tree, Keep: o.Keep,
	}, in.config.SetUp)
	switch {
	case err != nil:
		return Answer{}, err
	case set.Failure != nil:
		return Answer{Data: flow.SetUpFailed{Failure: *set.Failure}}, nil
	}
	return Answer{Data: flow.WorktreePrepared{Worktree: w, SetUp: set.Outcome}}, nil
}

package engine

import (
	"context"

	"muster/internal/core/change"
	"muster/internal/core/flow"
)

// owner names the holder of a worktree.
func owner(run, task string) string { return run + "/" + task }

func (h *Hands) prepareWorktree(ctx context.Context, o flow.PrepareWorktree) (Answer, error) {
	w, err := h.Worktrees.Worktree(ctx, change.WorktreeRequest{Owner: owner(o.Run, o.Task), Run: o.Run, Base: o.Base, Tree: o.Tree, Keep: o.Keep})
	return Answer{Data: flow.WorktreePrepared{Worktree: w}}, err
}

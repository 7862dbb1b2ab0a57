package engine

import (
	"context"

	"muster/internal/core/flow"
)

func (h *Hands) releaseWorktree(ctx context.Context, o flow.ReleaseWorktree) (Answer, error) {
	h.rooms.started(owner(o.Run, o.Task)) // or never will be
	return Answer{Data: flow.WorktreeReleased{}}, h.Worktrees.Release(ctx, owner(o.Run, o.Task))
}

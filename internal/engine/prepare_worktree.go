package engine

import (
	"context"

	"muster/internal/core/change"
	"muster/internal/core/flow"
)

// owner names the holder of a worktree.
func owner(run, task string) string { return run + "/" + task }

func (h *Hands) prepareWorktree(ctx context.Context, o flow.PrepareWorktree) (Answer, error) {
	in, task, err := h.task(ctx, o.Inputs, o.Task)
	if err != nil {
		return Answer{}, err
	}
	agent, _ := in.config.Choose(task)
	if lack, reading := h.rooms.room(ctx, in.config.Resources, agent.Name, owner(o.Run, o.Task)); lack.What != "" {
		return Answer{Data: flow.RoomLacked{Lack: lack, Reading: reading}}, nil
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

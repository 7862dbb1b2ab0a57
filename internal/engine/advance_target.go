package engine

import (
	"context"
	"strings"

	"muster/internal/core/change"
	"muster/internal/core/config"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/plan"
)

func (h *Hands) advanceTarget(ctx context.Context, o flow.AdvanceTarget) (Answer, error) {
	in, err := h.load(ctx, o.Inputs)
	if err != nil {
		return Answer{}, err
	}
	head, err := h.Repo.Head(ctx, o.Run)
	if err != nil {
		return Answer{}, err
	}
	if head.Commit != o.To.Commit {
		return Answer{}, fault.New(fault.Conflict, "the head of run %s is %s, but %s was judged", o.Name, head.Commit, o.To.Commit).
			WithHint("muster resume %s judges it again", o.Name)
	}
	land := in.config.Land
	protected := func(branch string) bool {
		return o.Replay != "" || land.Into == config.IntoBranch || plan.MatchAny(land.Protected, strings.TrimPrefix(branch, "refs/heads/"))
	}
	advanced, err := h.Repo.Advance(ctx, change.AdvanceRequest{Run: o.Run, Name: o.Name, Target: o.Target, To: o.To}, protected)
	if o.Replay != "" && !advanced.Done {
		advanced.Why = "a recording answered in the models' place, so it is for a person to take the work"
	}
	return Answer{Data: flow.TargetAdvanced{Advanced: advanced}}, err
}

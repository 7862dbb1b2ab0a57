package engine

import (
	"context"

	"muster/internal/core/flow"
)

func (h *Hands) openRun(ctx context.Context, o flow.OpenRun) (Answer, error) {
	opened, err := h.Repo.OpenRun(ctx, o.Run, o.Name, o.Target)
	return Answer{Data: flow.RunOpened{Opened: opened}}, err
}

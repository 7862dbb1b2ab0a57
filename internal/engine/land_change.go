package engine

import (
	"context"

	"muster/internal/core/flow"
)

func (h *Hands) landChange(ctx context.Context, o flow.LandChange) (Answer, error) {
	landed, err := h.Repo.Land(ctx, o.Landing)
	return Answer{Data: flow.HeadMoved{Landed: landed, Landing: o.Landing}}, err
}

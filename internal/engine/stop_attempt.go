package engine

import (
	"context"

	"muster/internal/core/flow"
)

func (h *Hands) stopAttempt(ctx context.Context, o flow.StopAttempt) (Answer, error) {
	return Answer{Data: flow.AttemptStopped{}}, h.Operations.Stop(ctx, OperationID(o.Run, o.Task, o.Attempt))
}

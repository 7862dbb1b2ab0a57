package observe

import (
	"context"
	"io"

	"muster/internal/adapter/agent"
	"muster/internal/adapter/sandbox"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// Turns looks at the turns of an attempt whose operation was ensured, until it
// has ended, or until full, which is told how many have begun and how many of
// them are over, says so.
func Turns(ctx context.Context, ops *sandbox.Operations, a job.Attempt, full func(begun, ended int64) bool) error {
	out, err := ops.Follow(ctx, a.Op)
	if err != nil {
		return err
	}
	defer out.Close()
	return agent.Turns(a, out, full)
}

// SoFar adds to what an attempt under way has spent the turns that it has begun,
// as far as it tells.
func SoFar(ops *sandbox.Operations, op string, g job.Agent, u job.Usage) job.Usage {
	out, err := ops.Stdout(op)
	if err != nil {
		return u // it is about to begin
	}
	defer out.Close()
	u.Turns, u.TurnsUnknown = agent.Taken(g, io.LimitReader(out, mostPrinted))
	return u
}

// mostPrinted is more than what is kept of each stream of an attempt.
const mostPrinted = 65 << 20

// Printed reads what an agent printed, and closes it.
func Printed(r io.ReadCloser, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, mostPrinted))
	return data, fault.Wrap(fault.Transient, err, "read what an agent printed")
}

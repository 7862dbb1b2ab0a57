package guards

import (
	"context"

	"muster/internal/check"
	"muster/internal/core/evidence"
)

// broken runs a check in a context that has ended, so that nothing can be read.
type broken struct{ check.Check }

func (b broken) Run(ctx context.Context, s *check.Subject, x check.Exec) evidence.Result {
	ended, cancel := context.WithCancel(ctx)
	cancel()
	return b.Check.Run(ended, s, x)
}

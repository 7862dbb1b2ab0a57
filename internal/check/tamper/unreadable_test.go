package tamper

import (
	"context"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
)

// failing are trees whose files cannot be read.
type failing struct{ *checktest.Trees }

func (failing) ReadFile(context.Context, string, string) ([]byte, bool, error) {
	return nil, false, errFire
}

func checkWith(t *testing.T, trees check.Trees, req evidence.Request) (evidence.Evidence, error) {
	t.Helper()
	return check.New(check.Tools{Trees: trees, Exec: checktest.NoExec(t)}, []check.Check{New()}, 1).Judge(t.Context(), req)
}

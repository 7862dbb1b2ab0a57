package scope

import (
	"context"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
)

// unreadable are trees whose files cannot be read, or are gone.
type unreadable struct {
	*checktest.Trees
	gone bool
}

func (u *unreadable) ReadFile(context.Context, string, string) ([]byte, bool, error) {
	if u.gone {
		return nil, false, nil
	}
	return nil, false, errFire
}

func runWith(t *testing.T, trees check.Trees, req evidence.Request) evidence.Result {
	t.Helper()
	e, err := check.New(check.Tools{Trees: trees, Exec: checktest.NoExec(t), Cache: nil}, []check.Check{New()}, 1).Judge(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return e.Results[0]
}

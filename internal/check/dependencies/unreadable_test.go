package dependencies_test

import (
	"context"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/check/dependencies"
	"muster/internal/core/evidence"
)

// unreadable are trees whose files cannot be read.
type unreadable struct{ *checktest.Trees }

func (*unreadable) ReadFile(context.Context, string, string) ([]byte, bool, error) {
	return nil, false, errFire
}

func runWith(t *testing.T, trees check.Trees) evidence.Result {
	t.Helper()
	e, err := check.New(check.Tools{Trees: trees, Exec: checktest.NoExec(t)}, []check.Check{dependencies.New(nil, now)}, 1).Judge(t.Context(), checktest.Request(evidence.OfRange))
	if err != nil {
		t.Fatal(err)
	}
	return e.Results[0]
}

package secrets_test

import (
	"context"
	"errors"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/check/secrets"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// unreadable are trees whose lines cannot be read.
type unreadable struct{ *checktest.Trees }

func (*unreadable) Patches(context.Context, string, string) ([]change.Patch, error) {
	return nil, errors.New("disk on fire")
}

func runWith(t *testing.T, trees check.Trees) evidence.Result {
	t.Helper()
	e, err := check.New(check.Tools{Trees: trees, Exec: checktest.NoExec(t)}, []check.Check{secrets.New()}, 1).Judge(t.Context(), checktest.Request(evidence.OfRange))
	if err != nil {
		t.Fatal(err)
	}
	return e.Results[0]
}

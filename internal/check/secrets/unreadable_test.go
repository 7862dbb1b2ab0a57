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

// renamed are trees in which a.py became b.py, with one line more at its end.
type renamed struct {
	*checktest.Trees
	line string
}

func (r renamed) Diff(context.Context, string, string) (change.Change, error) {
	f := change.File{Path: "b.py", OldPath: "a.py", Status: change.Renamed, OldMode: change.ModeFile, NewMode: change.ModeFile, Added: 1}
	return change.Change{Base: change.Point{Tree: "base"}, Head: change.Point{Tree: "head"}, Files: []change.File{f}}, nil
}

func (r renamed) Patches(context.Context, string, string) ([]change.Patch, error) {
	return []change.Patch{{Path: "b.py", Hunks: []change.Hunk{{OldStart: 2, NewStart: 2, Added: []string{r.line}}}}}, nil
}

func runWith(t *testing.T, trees check.Trees) evidence.Result {
	t.Helper()
	e, err := check.New(check.Tools{Trees: trees, Exec: checktest.NoExec(t)}, []check.Check{secrets.New()}, 1).Judge(t.Context(), checktest.Request(evidence.OfRange))
	if err != nil {
		t.Fatal(err)
	}
	return e.Results[0]
}

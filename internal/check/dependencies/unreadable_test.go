package dependencies_test

import (
	"context"
	"testing"
	"time"

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

// An answer of a registry is good for an hour; without a registry, or without
// a manifest in the change, nothing but the trees counts.
func TestAnswersAge(t *testing.T) {
	base := checktest.Files{"package.json": pack(`    "react": "1"`), "a.py": "x = 1\n"}
	cached := func(registry dependencies.Registry, head checktest.Files, later time.Duration) bool {
		trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(head)})
		cache := &checktest.Cache{}
		var again bool
		for _, at := range []time.Duration{0, later} {
			c := dependencies.New(registry, func() time.Time { return now().Add(at) })
			e, err := check.New(check.Tools{Trees: trees, Exec: checktest.NoExec(t), Cache: cache}, []check.Check{c}, 1).Judge(t.Context(), checktest.Request(evidence.OfRange))
			if err != nil {
				t.Fatal(err)
			}
			again = e.Results[0].Cached
		}
		return again
	}
	manifest := checktest.Files{"package.json": pack(`    "react": "2"`)}
	if !cached(world{}, manifest, time.Minute) || cached(world{}, manifest, 2*time.Hour) {
		t.Error("with a registry")
	}
	if !cached(nil, manifest, 2*time.Hour) || !cached(world{}, checktest.Files{"a.py": "x = 2\n"}, 2*time.Hour) {
		t.Error("without a question")
	}
}

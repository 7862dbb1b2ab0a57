package languages_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"muster/internal/check/basetests"
	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
)

// briefly gives findings as "level rule path:line", in order.
func briefly(r evidence.Result) []string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, fmt.Sprintf("%s %s %s:%d", f.Level, f.Rule, f.Path, f.StartLine))
	}
	slices.Sort(out)
	return out
}

// story judges a change with real tools, and compares what is found.
func story(t *testing.T, x *checktest.OSExec, base, head checktest.Files, want ...string) evidence.Result {
	t.Helper()
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": head})
	got := checktest.Run(t, basetests.New(), trees, x, checktest.Request(evidence.OfTask))
	slices.Sort(want)
	if have := briefly(got); !slices.Equal(have, want) {
		t.Errorf("%s (%s)\n%s\nwant\n%s\nnot run %q", got.Status, got.Why, strings.Join(have, "\n"), strings.Join(want, "\n"), got.NotRun)
		for _, f := range got.Findings {
			t.Logf("%s: %s", f.Message, f.Detail)
		}
	}
	return got
}

// mentions fails the test when a part is not in what did not run.
func mentions(t *testing.T, r evidence.Result, parts ...string) {
	t.Helper()
	all := strings.Join(append(r.NotRun, r.Why), "\n")
	for _, p := range parts {
		if !strings.Contains(all, p) {
			t.Errorf("%q is not among what did not run:\n%s", p, all)
		}
	}
}

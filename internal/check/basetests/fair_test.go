package basetests

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
)

// What other changes have shown to be flaky asks nobody where it passed too,
// and blocks only when it is red more often than its record explains.
func TestKnownFlaky(t *testing.T) {
	const red, ok = "m/a TestA fail, m/a TestB pass, m/a fail", "m/a TestA pass, m/a TestB pass, m/a pass"
	for _, tt := range []struct {
		name   string
		known  evidence.Rate
		second string
		status evidence.Status
		want   string
	}{
		{"passes too", evidence.Rate{Red: 7, Runs: 31}, ok, evidence.Passed, "context flaky, TestA 1/2 of 7/31"},
		{"nothing is known", evidence.Rate{}, ok, evidence.Flaky, "locator flaky, TestA 1/2 of 0/0"},
		{"red each time, as may be", evidence.Rate{Red: 5, Runs: 10}, red, evidence.Flaky, "locator flaky, TestA 4/4 of 5/10"},
		{"red each time, as may not be", evidence.Rate{Red: 1, Runs: 10}, red, evidence.Failed, "gate failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			base := oneModule()
			trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(checktest.Files{"a/a.go": "package a // changed\n"})})
			req := checktest.Request(evidence.OfTask)
			if tt.known.Runs > 0 {
				req.Known = []evidence.Known{{Test: evidence.Test{In: "m/a", Name: "TestA"}, Rate: tt.known}}
			}
			x := &script{t: t, next: []job.Output{report(red), report(ok), report(tt.second)}}
			got := checktest.Run(t, New(), trees, x, req)
			var have []string
			for _, f := range got.Findings {
				have = append(have, fmt.Sprintf("%s %s", f.Level, f.Rule))
			}
			for _, d := range got.Tried {
				have = append(have, fmt.Sprintf("%s %d/%d of %d/%d", d.Name, d.Red, d.Runs, d.Known.Red, d.Known.Runs))
			}
			if got.Status != tt.status || strings.Join(have, ", ") != tt.want {
				t.Errorf("%s (%s): %s", got.Status, got.Why, have)
			}
		})
	}
}

// A run that is cut off at its limit counts as far as it came. What is left is
// named, and runs when the goal is judged; where nothing follows, a check that
// did not come to the end has no answer.
func TestNoTimeForAll(t *testing.T) {
	cut := func(text string) job.Output {
		out := report(text)
		out.Code, out.TimedOut = -1, true
		return out
	}
	const later = "there was no time for the tests of far; they run when the goal is judged, before anything reaches the target"
	for _, tt := range []struct {
		name    string
		subject evidence.Subject
		runs    []job.Output
		status  evidence.Status
		rules   []string
		notRun  []string
		hurried bool
	}{
		{"a task", evidence.OfTask, []job.Output{cut("m/a TestA pass, m/a TestB pass, m/a pass, m/far TestFar start")}, evidence.Passed, nil, []string{later}, true},
		{"a merge", evidence.OfMerge, []job.Output{cut("m/a TestA pass, m/a TestB pass, m/a pass")}, evidence.Passed, nil, []string{later}, true},
		{"the goal", evidence.OfGoal, []job.Output{cut("m/a TestA pass, m/a TestB pass, m/a pass")}, evidence.CouldNot, nil, []string{"there was no time for the tests of far"}, true},
		{"a range", evidence.OfRange, []job.Output{cut("m/a TestA pass, m/a TestB pass, m/a pass")}, evidence.CouldNot, nil, []string{"there was no time for the tests of far"}, true},
		{"nothing ran", evidence.OfTask, []job.Output{cut("m/a TestA pass")}, evidence.CouldNot, nil, []string{"there was no time for the tests of a, far"}, true},
		{"red as far as it came", evidence.OfTask, []job.Output{cut("m/a TestA fail, m/a TestB pass, m/a fail"), report("m/a TestA pass, m/a TestB pass, m/a pass"), report("m/a TestA fail, m/a TestB pass, m/a fail")}, evidence.Failed, []string{"failed"}, []string{later}, true},
		{"all of it", evidence.OfTask, []job.Output{report("m/a TestA pass, m/a TestB pass, m/a pass, m/far TestFar pass, m/far pass")}, evidence.Passed, nil, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			base := oneModule().With(checktest.Files{
				"far/far.go": "package far\n\nimport _ \"m/a\"\n", "far/far_test.go": "package far\n\nimport \"testing\"\n\nfunc TestFar(t *testing.T) {}\n",
			})
			trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(checktest.Files{"a/a.go": "package a // changed\n"})})
			x := &script{t: t, next: tt.runs}
			got := checktest.Run(t, New(), trees, x, checktest.Request(tt.subject))
			if got.Status != tt.status || !slices.Equal(checktest.Rules(got), tt.rules) || !slices.Equal(got.NotRun, tt.notRun) || got.Hurried != tt.hurried || len(x.next) > 0 {
				t.Errorf("%s (%s), %q, not run %q, hurried %v, %d runs to go", got.Status, got.Why, checktest.Rules(got), got.NotRun, got.Hurried, len(x.next))
			}
		})
	}
}

// recorded notes the files that each command names.
type recorded struct {
	check.Exec
	named []string
}

func (r *recorded) Run(ctx context.Context, c job.Command) (job.Output, error) {
	var files []string
	for _, a := range c.Argv {
		if strings.HasSuffix(a, ".py") {
			files = append(files, a)
		}
	}
	if len(files) > 0 {
		r.named = append(r.named, strings.Join(files, " "))
	}
	return r.Exec.Run(ctx, c)
}

// Where a tool takes files, those that import what changed run first.
func TestTheNearestFirst(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("there is no python3")
	}
	const test = "import unittest\n%s\nclass T(unittest.TestCase):\n    def test(self):\n        pass\n"
	base := checktest.Files{"price.py": "PRICE = 1\n", "tests/test_price.py": fmt.Sprintf(test, "import price"), "tests/__init__.py": ""}
	var far []string
	for i := range 11 {
		p := fmt.Sprintf("tests/test_far%02d.py", i)
		base[p], far = fmt.Sprintf(test, "import os"), append(far, p)
	}
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(checktest.Files{"price.py": "PRICE = 2\n"})})
	x := &recorded{Exec: &checktest.OSExec{}}
	got := checktest.Run(t, New(), trees, x, checktest.Request(evidence.OfTask))
	if want := []string{"tests/test_price.py", strings.Join(far, " ")}; got.Status != evidence.Passed || !slices.Equal(x.named, want) {
		t.Errorf("%s (%s); ran %q", got.Status, got.Why, x.named)
	}
}

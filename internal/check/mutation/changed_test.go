package mutation

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
	"muster/internal/source/mutant"
)

func TestSaysTested(t *testing.T) {
	for claim, want := range map[string]bool{
		"Added unit tests for the limiter.":          true,
		"Fix the parser, with a regression test":     true,
		"The new code is fully tested":               true,
		"Improve test coverage of the store":         true,
		"feat: add limiter\n\nIncludes tests.":       true,
		"Adds a limiter.":                            false,
		"No tests were added.":                       false,
		"I did not add any tests":                    false,
		"This still needs tests":                     false,
		"Adds a limiter without tests":               false,
		"Update the contest page":                    false,
		"Fix the latest protest":                     false,
		"Runs `go test ./...`: ok":                   false,
		"Adds no tests. It has tests from long ago.": true,
	} {
		if got := saysTested(evidence.Request{Claim: claim}); got != want {
			t.Errorf("%q: %t", claim, got)
		}
		if got := saysTested(evidence.Request{Task: claim}); got != want {
			t.Errorf("task %q: %t", claim, got)
		}
	}
	if !saysTested(evidence.Request{Type: "test"}) || saysTested(evidence.Request{Type: "fix"}) {
		t.Error("the type of the task")
	}
}

func TestTouchedTests(t *testing.T) {
	const text = `package a

import "testing"

var table = []int{
	1,
}

// TestA is first.
func TestA(t *testing.T) {
	t.Log(1)
}

func TestMain(m *testing.M) {}

func helper() {
	_ = 1
}

func TestB(t *testing.T) {
	t.Log(2)
}

func FuzzC(f *testing.F) {}

func Testify() {}
`
	all := []string{"TestA", "TestB", "FuzzC"}
	for name, tt := range map[string]struct {
		line int
		want []string
	}{
		"import": {3, nil}, "table": {6, all}, "comment": {9, nil}, "in a test": {11, []string{"TestA"}}, "another": {21, []string{"TestB"}},
		"between": {13, nil}, "helper": {17, all}, "fuzz": {24, []string{"FuzzC"}}, "no test": {26, all},
	} {
		lines := strings.Split(text, "\n")
		p := change.Patch{Hunks: []change.Hunk{{OldStart: tt.line - 1, NewStart: tt.line, Added: []string{lines[tt.line-1]}}}}
		if got := touchedTests([]byte(text), p); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	if got := touchedTests([]byte("package ("), change.Patch{Hunks: []change.Hunk{{NewStart: 1, Added: []string{"package ("}}}}); got != nil {
		t.Errorf("what does not parse has %q", got)
	}
}

func TestModuleOf(t *testing.T) {
	for _, tt := range []struct{ modules, file, want string }{
		{".", "a/b.go", "."},
		{". a", "a/b.go", "a"},
		{". a", "ab/b.go", "."},
		{"a a/b", "a/b/c.go", "a/b"},
		{"a/b a", "a/b/c.go", "a/b"},
		{"a", "b/c.go", ""},
		{"a .", "a/c.go", "a"},
		{"a .", "b/c.go", "."},
	} {
		if got := moduleOf(strings.Fields(tt.modules), tt.file); got != tt.want {
			t.Errorf("%s in %s: %q, want %q", tt.file, tt.modules, got, tt.want)
		}
	}
}

func TestLevel(t *testing.T) {
	claimed := changed{claims: true, tests: map[string][]string{"a": {"TestA"}}}
	for name, tt := range map[string]struct {
		g    group
		c    changed
		want evidence.Level
	}{
		"three of three":                {group{core: 3, coreSurvivors: 3}, claimed, evidence.Gate},
		"three of three, not all tests": {group{core: 3, coreSurvivors: 3, isPartial: true}, claimed, evidence.Locator},
		"three of four":                 {group{core: 4, coreSurvivors: 3}, claimed, evidence.Locator},
		"two of two":                    {group{core: 2, coreSurvivors: 2}, claimed, evidence.Locator},
		"two of four":                   {group{core: 4, coreSurvivors: 2}, claimed, evidence.Context},
		"one of one":                    {group{core: 1, coreSurvivors: 1}, claimed, evidence.Context},
		"none":                          {group{core: 5}, claimed, evidence.Context},
		"no claim":                      {group{core: 3, coreSurvivors: 3}, changed{}, evidence.Context},
		"a claim without tests":         {group{core: 3, coreSurvivors: 3}, changed{claims: true}, evidence.Context},
	} {
		if got := tt.g.level(tt.c, group{core: 9, coreSurvivors: 8}); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	// What single functions are too small to show, all together do.
	small := []group{{core: 2, coreSurvivors: 2}, {core: 1, coreSurvivors: 1}, {}}
	for i, want := range []evidence.Level{evidence.Gate, evidence.Gate, evidence.Context} {
		if got := small[i].level(claimed, together(small)); got != want {
			t.Errorf("small function %d: %s, want %s", i, got, want)
		}
	}
	small[2].isPartial = true
	if got := small[0].level(claimed, together(small)); got != evidence.Locator {
		t.Errorf("not all tests were run: %s", got)
	}
}

func TestOutcome(t *testing.T) {
	const began = "=== RUN   TestA\n"
	for name, tt := range map[string]struct {
		ran  check.Ran
		want Outcome
	}{
		"passes":           {check.Ran{Output: job.Output{Stdout: began}}, Survived},
		"fails":            {check.Ran{Output: job.Output{Code: 1, Stdout: began}}, Killed},
		"panics":           {check.Ran{Output: job.Output{Code: 2, Stdout: began, Stderr: "panic: x"}}, Killed},
		"at start":         {check.Ran{Output: job.Output{Code: 2, Stderr: "panic: x"}}, Broken},
		"out of time":      {check.Ran{Output: job.Output{Code: -1, TimedOut: true, Stdout: began}, Why: "limit"}, TimedOut},
		"out of memory":    {check.Ran{Output: job.Output{Code: 2, Stdout: began, Stderr: "fatal error: runtime: out of memory"}}, TimedOut},
		"no memory":        {check.Ran{Output: job.Output{Code: 2, Stdout: began, Stderr: "fatal error: runtime: cannot allocate memory"}}, TimedOut},
		"says so":          {check.Ran{Output: job.Output{Code: 1, Stdout: began + "cannot allocate memory"}}, Killed},
		"killed from afar": {check.Ran{Output: job.Output{Code: -1, Signal: "SIGKILL", Stdout: began}, Why: "killed"}, Unjudged},
		"by a signal":      {check.Ran{Output: job.Output{Code: -1, Signal: "SIGSEGV", Stdout: began}}, Killed},
	} {
		if got, _ := outcome(tt.ran); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

func TestDiffOf(t *testing.T) {
	const text = "a\nb\nc\nif x {\n\ty()\n}\nd\ne"
	at := func(old, replacement string) string {
		i := strings.Index(text, old)
		return diffOf(Judged{Mutant: mutant.Mutant{File: "p/a.go", Start: i, End: i + len(old), New: replacement}}, []byte(text))
	}
	head := "--- a/p/a.go\n+++ b/p/a.go\n"
	for _, tt := range []struct{ old, replacement, want string }{
		{"x", "!x", "@@ -2,5 +2,5 @@\n b\n c\n-if x {\n+if !x {\n \ty()\n }\n"},
		{"y()", "", "@@ -3,5 +3,4 @@\n c\n if x {\n-\ty()\n }\n d\n"},
		{"a", "z", "@@ -1,3 +1,3 @@\n-a\n+z\n b\n c\n"},
		{"x {\n\ty()\n}", "z", "@@ -2,7 +2,5 @@\n b\n c\n-if x {\n-\ty()\n-}\n+if z\n d\n e\n\\ No newline at end of file\n"},
		{"e", "z", "@@ -6,3 +6,3 @@\n }\n d\n-e\n\\ No newline at end of file\n+z\n\\ No newline at end of file\n"},
	} {
		if got := at(tt.old, tt.replacement); got != head+tt.want {
			t.Errorf("%q to %q:\n%s\nwant\n%s", tt.old, tt.replacement, got, head+tt.want)
		}
	}
}

// The same work in another part of the tree leaves the result as it is; what
// the tests come by does not.
func TestInputs(t *testing.T) {
	base := checktest.Files{
		"go.mod": "module m\n", "lim/lim.go": "package lim\n", "lim/lim_test.go": "package lim\n", "lim/testdata/x": "1", "dep/dep.go": "package dep\n",
		"user/user.go": "package user\n\nimport _ \"m/lim\"\n", "only/only_test.go": "package only\n\nimport _ \"m/user\"\n",
		"apart/apart.go": "package apart\n", "sub/go.mod": "module m/sub\n", "sub/x/x.go": "package x\n\nimport _ \"m/lim\"\n", "README.md": "x",
	}
	head := base.With(checktest.Files{"lim/lim.go": "package lim\n\nimport _ \"m/dep\"\n\nfunc F() {}\n"})
	inputs := func(base, head checktest.Files) string {
		t.Helper()
		var got any
		spy := checktest.Stub{Name: "spy", Do: func(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
			var err error
			if got, err = (mutants{}).Inputs(ctx, s); err != nil {
				t.Error(err)
			}
			return check.Judged(nil)
		}}
		checktest.Run(t, spy, checktest.New(t, map[string]checktest.Files{"base": base, "head": head}), checktest.NoExec(t), checktest.Request(evidence.OfTask))
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	want := inputs(base, head)
	for file, same := range map[string]bool{
		"README.md": true, "apart/apart.go": true, "apart/new.go": true, "docs/x.txt": true,
		"lim/other.go": false, "lim/lim_test.go": false, "lim/testdata/x": false, "lim/testdata/new": false, "dep/dep.go": false, "user/user.go": false,
		"user/new_test.go": false, "only/only_test.go": false, "sub/x/x.go": false, "go.mod": false, "go.sum": false,
	} {
		more := checktest.Files{file: base[file] + "\n// more\n"}
		if strings.HasSuffix(file, "new.go") || strings.HasSuffix(file, "new_test.go") || strings.HasSuffix(file, "other.go") {
			more[file] = "package " + strings.Split(file, "/")[0] + "\n"
		}
		if got := inputs(base.With(more), head.With(more)); (got == want) != same {
			t.Errorf("with another %s: the same is %t", file, got == want)
		}
	}
	if a, b := inputs(base, base.With(checktest.Files{"README.md": "y"})), inputs(base, base.With(checktest.Files{"lim/lim_test.go": "package lim // x\n"})); a != b || a == want {
		t.Errorf("without code it depends on %s, or %s", a, b)
	}
	if inputs(base, head.With(checktest.Files{"lim/lim.go": head["lim/lim.go"] + "func G() {}\n"})) == want {
		t.Error("other lines give the same")
	}
}

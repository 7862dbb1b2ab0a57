package basetests

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
)

// script answers each command with the next output, and remembers commands.
type script struct {
	t    *testing.T
	next []job.Output
	ran  []job.Command
}

func (s *script) Run(_ context.Context, c job.Command) (job.Output, error) {
	s.ran = append(s.ran, c)
	if len(s.next) == 0 {
		s.t.Errorf("a command too many: %q", c.Argv)
		return job.Output{Code: 127}, nil
	}
	out := s.next[0]
	s.next = s.next[1:]
	return out, nil
}

// event is one line of "go test -json".
type event struct {
	Action      string
	Package     string
	Test        string `json:",omitempty"`
	FailedBuild string `json:",omitempty"`
}

// report is the output of a test run: "package end" or "package test end",
// separated by commas. An end of "unbuilt" is a package that does not compile.
func report(lines string) job.Output {
	var b strings.Builder
	out := job.Output{Sandbox: "off"}
	for line := range strings.SplitSeq(lines, ", ") {
		f := strings.Fields(line)
		e := event{Package: f[0], Action: f[len(f)-1]}
		if len(f) == 3 {
			e.Test = f[1]
		}
		if e.Action == "unbuilt" {
			b.WriteString(`{"ImportPath":"` + e.Package + `","Action":"build-output","Output":"a/a_test.go:7:2: undefined: Old\n"}` + "\n")
			e.Action, e.FailedBuild = "fail", e.Package
		}
		if e.Action == "fail" {
			out.Code = 1
		}
		text, err := json.Marshal(e)
		if err != nil {
			panic(err)
		}
		b.Write(append(text, '\n'))
	}
	out.Stdout = b.String()
	return out
}

const testA = "package a\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) {}\n\nfunc TestB(t *testing.T) {}\n"

func oneModule() checktest.Files {
	return checktest.Files{"go.mod": "module m\n", "a/a.go": "package a\n", "a/a_test.go": testA}
}

func TestStatuses(t *testing.T) {
	const ok = "m/a TestA pass, m/a TestB pass, m/a pass"
	for _, tt := range []struct {
		name  string
		runs  []job.Output // the head, then the base, then the second try
		want  evidence.Status
		why   string
		rules []string
	}{
		{"passes", []job.Output{report(ok)}, evidence.Passed, "", nil},
		{"fails", []job.Output{report("m/a TestA fail, m/a TestB pass, m/a fail"), report(ok), report("m/a TestA fail, m/a TestB pass, m/a fail")}, evidence.Failed, "1 finding", []string{"failed"}},
		{"fails at the base too", []job.Output{report("m/a TestA fail, m/a TestB pass, m/a fail"), report("m/a TestA fail, m/a TestB pass, m/a fail")}, evidence.Passed, "", nil},
		{"fails, skipped at the base", []job.Output{report("m/a TestA fail, m/a TestB pass, m/a fail"), report("m/a TestA skip, m/a TestB pass, m/a pass")}, evidence.Passed, "", nil},
		{"another fails at the base", []job.Output{report("m/a TestA fail, m/a TestB pass, m/a fail"), report("m/a TestA pass, m/a TestB fail, m/a fail"), report("m/a TestA fail, m/a TestB pass, m/a fail")}, evidence.Failed, "1 finding", []string{"failed"}},
		{"fails, and passes in a second try", []job.Output{report("m/a TestA fail, m/a TestB pass, m/a fail"), report(ok), report(ok)}, evidence.Flaky, "TestA in m/a is flaky: it was red in 1 of 2 runs", []string{"flaky"}},
		{"one fails, one wavers", []job.Output{report("m/a TestA fail, m/a TestB fail, m/a fail"), report(ok), report("m/a TestA fail, m/a TestB pass, m/a fail")}, evidence.Failed, "2 findings", []string{"failed", "flaky"}},
		{"a new subtest fails", []job.Output{report("m/a TestA/x fail, m/a TestA fail, m/a TestB pass, m/a fail"), report(ok), report("m/a TestA/x fail, m/a TestA fail, m/a TestB pass, m/a fail")}, evidence.Failed, "1 finding", []string{"failed"}},
		{"skips itself", []job.Output{report("m/a TestA skip, m/a TestB pass, m/a pass"), report("m/a TestA pass, m/a pass")}, evidence.Failed, "1 finding", []string{"skipped"}},
		{"skips itself at the base too", []job.Output{report("m/a TestA skip, m/a TestB pass, m/a pass"), report("m/a TestA skip, m/a pass")}, evidence.Passed, "", nil},
		{"does not run", []job.Output{report("m/a TestA pass, m/a pass"), report(ok), report("m/a TestA pass, m/a pass")}, evidence.Failed, "1 finding", []string{"missing"}},
		{"does not run at the base either", []job.Output{report("m/a TestA pass, m/a pass"), report("m/a TestA pass, m/a pass")}, evidence.Passed, "", nil},
		{"runs no tests here", []job.Output{report("m/a skip")}, evidence.Passed, "", nil},
		{"the program fails", []job.Output{report("m/a fail"), report(ok), report("m/a fail")}, evidence.Failed, "1 finding", []string{"failed"}},
		{"the program fails at the base too", []job.Output{report("m/a fail"), report("m/a fail")}, evidence.Passed, "", nil},
		{"does not compile", []job.Output{report("m/a unbuilt"), report(ok)}, evidence.CouldNot, "the base's tests of a do not compile against the change", []string{"does_not_compile"}},
		{"does not compile at the base either", []job.Output{report("m/a unbuilt"), report("m/a unbuilt")}, evidence.Passed, "", nil},
		{"fails, does not compile at the base", []job.Output{report("m/a TestA fail, m/a fail"), report("m/a unbuilt")}, evidence.Passed, "", nil},
		{"no go", []job.Output{{Code: 127, Stderr: "go: not found"}}, evidence.CouldNot, "go: not found", nil},
		{"no go at the base", []job.Output{report("m/a TestA fail, m/a fail"), {Code: 127, Stderr: "go: not found"}}, evidence.CouldNot, "at the base, go test", nil},
		{"no second try", []job.Output{report("m/a TestA fail, m/a TestB pass, m/a fail"), report(ok), {Code: -1, Signal: "SIGKILL"}}, evidence.CouldNot, "in a second try", nil},
		{"prints too much", []job.Output{{Stdout: report(ok).Stdout, Capped: true}}, evidence.CouldNot, "incomplete", nil},
		{"reports nothing", []job.Output{{Code: 1, Stderr: "go: updates to go.mod needed"}}, evidence.CouldNot, "updates to go.mod needed", nil},
		{"reports no end", []job.Output{report("m/a TestA pass")}, evidence.CouldNot, "did not report on a", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			base := oneModule()
			trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(checktest.Files{"a/a.go": "package a // changed\n"})})
			x := &script{t: t, next: tt.runs}
			got := checktest.Run(t, New(), trees, x, checktest.Request(evidence.OfTask))
			if got.Status != tt.want || !strings.Contains(got.Why, tt.why) || !slices.Equal(checktest.Rules(got), tt.rules) || len(x.next) > 0 {
				t.Errorf("%s (%s), %q, not run %q, %d runs to go", got.Status, got.Why, checktest.Rules(got), got.NotRun, len(x.next))
			}
			for _, f := range got.Findings {
				if (f.Level == evidence.Gate) != (f.Rule == "failed" || f.Rule == "missing") || f.Grade != evidence.Verified {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

// What does not pass at the base, or has no comparison, is named.
func TestRedAtTheBaseIsNamed(t *testing.T) {
	base := oneModule()
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(checktest.Files{"a/a.go": "package a // changed\n"})})
	red := report("m/a TestA fail, m/a TestB pass, m/a fail")
	got := checktest.Run(t, New(), trees, &script{t: t, next: []job.Output{red, red}}, checktest.Request(evidence.OfTask))
	if want := []string{"TestA in a does not pass at the base either"}; !slices.Equal(got.NotRun, want) {
		t.Errorf("got %q, want %q", got.NotRun, want)
	}
}

func TestSkipped(t *testing.T) {
	base := oneModule()
	for _, tt := range []struct {
		name       string
		base, head checktest.Files
		why        string
	}{
		{"nothing changed", base, base, "nothing changed"},
		{"tests only", base, base.With(checktest.Files{"a/a_test.go": "package a\n", "a/testdata/x": "1", "b/b_test.go": "package b\n"}), "nothing but tests"},
		{"no module", checktest.Files{"x.py": "1"}, checktest.Files{"x.py": "2"}, "no Go module"},
		{"no tests", checktest.Files{"go.mod": "module m\n", "a.go": "package a\n"}, checktest.Files{"go.mod": "module m\n", "a.go": "package a // x\n"}, "no Go tests"},
		{"new package", base, base.With(checktest.Files{"b/b.go": "package b\n", "b/b_test.go": "package b\n"}), "no Go tests"},
		{"no package near", base, base.With(checktest.Files{"docs/x.md": "x\n"}), "no Go tests"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			trees := checktest.New(t, map[string]checktest.Files{"base": tt.base, "head": tt.head})
			req := checktest.Request(evidence.OfTask)
			if tt.name == "nothing changed" {
				req.Head = req.Base
			}
			got := checktest.Run(t, New(), trees, checktest.NoExec(t), req)
			if got.Status != evidence.Skipped || !strings.Contains(got.Why, tt.why) {
				t.Errorf("%s: %s", got.Status, got.Why)
			}
		})
	}
}

func TestGoneWithoutARun(t *testing.T) {
	base := oneModule()
	for name, head := range map[string]checktest.Files{
		"package deleted":   base.With(checktest.Files{"a/a.go": "", "a/a_test.go": ""}),
		"code deleted":      base.With(checktest.Files{"a/a.go": ""}),
		"module renamed":    base.With(checktest.Files{"go.mod": "module n\n"}),
		"module taken away": base.With(checktest.Files{"go.mod": ""}),
	} {
		t.Run(name, func(t *testing.T) {
			trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": head})
			got := checktest.Run(t, New(), trees, checktest.NoExec(t), checktest.Request(evidence.OfTask))
			if !slices.Equal(checktest.Rules(got), []string{"package_gone"}) || got.Status != evidence.Failed || got.Findings[0].Level != evidence.Locator {
				t.Errorf("%s (%s): %+v", got.Status, got.Why, got.Findings)
			}
		})
	}
}

func TestSeveralModules(t *testing.T) {
	base := checktest.Files{
		"a/go.mod": "module example.org/a\n", "a/a.go": "package a\n", "a/a_test.go": testA,
		"b/go.mod": "module example.org/b\n", "b/x/x.go": "package x\n\nimport \"example.org/a\"\n", "b/x/x_test.go": testA,
		"c/go.mod": "module example.org/c\n", "c/c.go": "package c\n", "c/c_test.go": testA,
	}
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(checktest.Files{"a/a.go": "package a // x\n"})})
	x := &script{t: t, next: []job.Output{
		report("example.org/a TestA pass, example.org/a TestB pass, example.org/a pass"),
		report("example.org/b/x TestA fail, example.org/b/x TestB pass, example.org/b/x fail"),
		report("example.org/b/x TestA pass, example.org/b/x TestB pass, example.org/b/x pass"),
		report("example.org/b/x TestA fail, example.org/b/x TestB pass, example.org/b/x fail"),
	}}
	req := checktest.Request(evidence.OfTask)
	req.Env = []string{"X=1"}
	got := checktest.Run(t, New(), trees, x, req)
	if len(got.Findings) != 1 || got.Findings[0].Path != "b/x/x_test.go" {
		t.Fatalf("%s (%s): %+v", got.Status, got.Why, got.Findings)
	}
	if r := got.Findings[0].Reproduce; !strings.HasSuffix(r, `cd b && go test -count=1 -vet=off -run '^(TestA)$' ./x)`) {
		t.Errorf("reproduce: %s", r)
	}
	var ran []string
	for _, c := range x.ran {
		ran = append(ran, filepath.Base(c.Dir)+" "+c.Argv[len(c.Argv)-1])
		if !slices.Equal(c.Env, []string{"GOTOOLCHAIN=local", "X=1"}) {
			t.Errorf("environment %q", c.Env)
		}
	}
	if want := []string{"a .", "b ./x", "b ./x", "b ./x"}; !slices.Equal(ran, want) {
		t.Errorf("ran %q, want %q", ran, want)
	}
}

func TestNoFolder(t *testing.T) {
	for name, trees := range map[string]map[string]checktest.Files{
		"of the head": {"base": oneModule()}, "of the base": {"head": oneModule()},
	} {
		t.Run(name, func(t *testing.T) {
			got := checktest.Run(t, New(), checktest.New(t, trees), checktest.NoExec(t), checktest.Request(evidence.OfTask))
			if got.Status != evidence.CouldNot {
				t.Errorf("%s: %s", got.Status, got.Why)
			}
		})
	}
}

// What could not be laid over the head did not run, and the check says so.
func TestUnlaidTestsAreNotPassed(t *testing.T) {
	base := oneModule()
	head := checktest.Files{"go.mod": "module m\n", "a": checktest.Link("b"), "b/a.go": "package a\n"}
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": head})
	got := checktest.Run(t, New(), trees, checktest.NoExec(t), checktest.Request(evidence.OfTask))
	if got.Status != "error" || !strings.Contains(got.Why, "a/a_test.go: a is no folder there") {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
}

// A fingerprint names the test, wherever it stands in its file.
func TestFingerprint(t *testing.T) {
	print := func(base checktest.Files) string {
		trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(checktest.Files{"a/a.go": "package a // x\n"})})
		red := report("m/a TestA fail, m/a TestB pass, m/a fail")
		x := &script{t: t, next: []job.Output{red, report("m/a TestA pass, m/a TestB pass, m/a pass"), red}}
		return checktest.Run(t, New(), trees, x, checktest.Request(evidence.OfTask)).Findings[0].Fingerprint
	}
	if print(oneModule()) != print(oneModule().With(checktest.Files{"a/a_test.go": strings.Replace(testA, "\n\n", "\n\n// a line more\n", 1)})) {
		t.Error("it moved with the lines")
	}
}

// A stored output that the change writes anew is for a person to see; one that
// it leaves alone is not excused by the word.
func TestSnapshots(t *testing.T) {
	base := oneModule().With(checktest.Files{"a/x.snap": "old\n"})
	red := report("m/a TestA fail, m/a TestB pass, m/a fail")
	red.Stdout = `{"Action":"output","Package":"m/a","Test":"TestA","Output":"Snapshot does not match\n"}` + "\n" + red.Stdout
	for _, tt := range []struct {
		head checktest.Files
		want string
	}{
		{checktest.Files{"a/a.go": "package a // x\n", "a/x.snap": "new\n"}, "snapshot locator"},
		{checktest.Files{"a/a.go": "package a // x\n"}, "failed gate"},
	} {
		trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(tt.head)})
		x := &script{t: t, next: []job.Output{red, report("m/a TestA pass, m/a TestB pass, m/a pass"), red}}
		got := checktest.Run(t, New(), trees, x, checktest.Request(evidence.OfTask))
		if len(got.Findings) != 1 || got.Findings[0].Rule+" "+string(got.Findings[0].Level) != tt.want {
			t.Errorf("%s: %s %+v", got.Status, got.Why, got.Findings)
		}
	}
}

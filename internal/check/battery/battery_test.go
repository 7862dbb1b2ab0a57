package battery_test

import (
	"slices"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/battery"
	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
	"muster/internal/core/policy"
	"muster/internal/slowtest"
)

func names(checks []check.Check) string {
	var out []string
	for _, c := range checks {
		out = append(out, c.Info().Name)
	}
	return strings.Join(out, " ")
}

// The names are part of what is recorded and accepted.
func TestTheTable(t *testing.T) {
	if got, want := names(battery.All(battery.Outside{})), "scope protect size tamper testconfig harness secrets dependencies hardcoded guards api claims creep drift capabilities smells build accept basetests newtests linters mutants repeat"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := names(battery.Static(battery.Outside{})), "scope protect size tamper testconfig harness secrets dependencies hardcoded guards api claims creep drift capabilities smells"; got != want {
		t.Errorf("static: got %s, want %s", got, want)
	}
	check.New(check.Tools{Trees: nil, Exec: nil, Cache: nil}, battery.All(battery.Outside{}), 1) // the order fits the needs
	check.New(check.Tools{Trees: nil, Exec: nil, Cache: nil}, battery.Static(battery.Outside{}), 1)
}

// Two requests that a check treats differently must not share a kept result.
func TestSettingsTellRequestsApart(t *testing.T) {
	full := evidence.Request{
		Subject: evidence.OfTask, Scope: []string{"a"}, Accept: []plan.Command{{Shell: "a"}}, Build: []plan.Command{{Shell: "b"}},
		Protect: []string{"p"}, MaxLines: 1, MaxFiles: 1, Env: []string{"A=1"},
	}
	with := func(f func(*evidence.Request)) evidence.Request { r := full; f(&r); return r }
	for _, tt := range []struct {
		what   string
		other  evidence.Request
		checks string // that depend on it
	}{
		{"scope", with(func(r *evidence.Request) { r.Scope = []string{"b"} }), "scope creep"},
		{"merge", with(func(r *evidence.Request) { r.Subject = evidence.OfMerge }), "scope claims creep"},
		{"push", with(func(r *evidence.Request) { r.Subject = evidence.OfPush }), "scope protect harness claims creep"},
		{"protect", with(func(r *evidence.Request) { r.Protect = nil }), "protect"},
		{"lines", with(func(r *evidence.Request) { r.MaxLines = 2 }), "size"},
		{"files", with(func(r *evidence.Request) { r.MaxFiles = 2 }), "size"},
		{"build", with(func(r *evidence.Request) { r.Build = nil }), "build"},
		{"a list instead of a line", with(func(r *evidence.Request) { r.Accept = []plan.Command{{Argv: []string{"a"}}} }), "accept"},
		{"environment", with(func(r *evidence.Request) { r.Env = nil }), "build accept basetests newtests linters mutants repeat"},
		{"time", with(func(r *evidence.Request) { r.TimeMS = 9 }), "mutants"},
	} {
		var differ []check.Check
		for _, c := range battery.All(battery.Outside{}) {
			if evidence.Key("", "", "", "", c.Settings(full)) != evidence.Key("", "", "", "", c.Settings(tt.other)) {
				differ = append(differ, c)
			}
		}
		if got := names(differ); got != tt.checks {
			t.Errorf("%s: differs for %q, want %q", tt.what, got, tt.checks)
		}
	}
}

func service() checktest.Files {
	return checktest.Files{
		"go.mod":      "module example.org/m\n\ngo 1.24\n",
		"a/a.go":      "package a\n\nfunc A() int { return 1 }\n",
		"a/a_test.go": "package a\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) {\n\tif A() != 1 {\n\t\tt.Fatal(A())\n\t}\n}\n",
		"m/m.go":      "package main\n\nfunc main() {}\n",
		"go.sum":      "",
		"README.md":   "x\n",
	}
}

// judge judges a change of service with all checks and the real go tool.
func judge(t *testing.T, change checktest.Files, accept ...plan.Command) (evidence.Evidence, policy.Verdict) {
	t.Helper()
	trees := checktest.New(t, map[string]checktest.Files{"base": service(), "head": service().With(change)})
	req := checktest.Request(evidence.OfTask)
	req.Scope, req.Accept, req.MaxLines, req.MaxFiles, req.TimeMS = []string{"a/**"}, accept, 100, 10, 120_000
	e, err := check.New(check.Tools{Trees: trees, Exec: &checktest.OSExec{}, Cache: &checktest.Cache{}}, battery.All(battery.Outside{}), 2).Judge(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return e, policy.Decide(req.Subject, e, nil)
}

// statuses gives how the named checks ended, and every other that did not
// pass or had something to look at and found it.
func statuses(e evidence.Evidence) string {
	named := []string{"scope", "protect", "size", "build", "accept", "basetests"}
	var out []string
	for _, r := range e.Results {
		quiet := r.Status == evidence.Passed || r.Status == evidence.Skipped
		if slices.Contains(named, r.Check) || !quiet {
			out = append(out, r.Check+"="+string(r.Status))
		}
	}
	return strings.Join(out, " ")
}

func TestAGoodChangeLands(t *testing.T) {
	if !slowtest.Asked() {
		t.Setenv("CC", "none") // else the standard library is compiled once more, for the race detector
	}
	e, v := judge(t, checktest.Files{"a/a.go": "package a\n\nfunc A() int { return 2 - 1 }\n"},
		plan.Command{Argv: []string{"go", "vet", "./a"}}, plan.Command{Shell: "test -f a/a.go && ! test -e nothing"})
	if got := statuses(e); got != "scope=passed protect=passed size=passed build=passed accept=passed basetests=passed" || v.Route != policy.Audit {
		t.Errorf("%s, %s: %q", got, v.Route, v.Reasons)
	}
	if e.Sandbox != "off" || !e.Unconfined { // the executor of this test confines nothing, which nobody asked for
		t.Errorf("sandbox %q, unconfined %v", e.Sandbox, e.Unconfined)
	}
}

func TestABrokenBuildStopsWhatNeedsIt(t *testing.T) {
	e, v := judge(t, checktest.Files{"a/a.go": "package a\n\nfunc A() int { return nothing }\n"}, plan.Command{Argv: []string{"false"}})
	if got := statuses(e); got != "scope=passed protect=passed size=passed build=failed accept=skipped basetests=skipped" || v.Route != policy.Rework {
		t.Fatalf("%s, %s: %q", got, v.Route, v.Reasons)
	}
	if f := e.Findings()[0]; f.Path != "a/a.go" || f.StartLine != 3 || !strings.Contains(f.Detail, "undefined: nothing") {
		t.Errorf("%+v", f)
	}
	if !strings.Contains(v.Feedback, "a/a.go:3: ") || !strings.Contains(v.Feedback, "Reproduce: go build ./...") {
		t.Errorf("feedback:\n%s", v.Feedback)
	}
	for _, want := range []string{"accept (skipped): build failed", "basetests (skipped): build failed"} {
		if !slices.Contains(v.NotRun, want) {
			t.Errorf("%q is not among %q", want, v.NotRun)
		}
	}
}

func TestARetargetedTestDoesNotLand(t *testing.T) {
	slowtest.Only(t)
	wrong := strings.Replace(service()["a/a_test.go"], "!= 1", "!= 2", 1)
	e, v := judge(t, checktest.Files{"a/a.go": "package a\n\nfunc A() int { return 2 }\n", "a/a_test.go": wrong}, plan.Command{Argv: []string{"go", "test", "./..."}})
	if got := statuses(e); got != "scope=passed protect=passed size=passed tamper=failed build=passed accept=passed basetests=failed" || v.Route != policy.Rework {
		t.Errorf("%s, %s: %q", got, v.Route, v.Reasons)
	}
	if !strings.Contains(v.Feedback, "a/a_test.go:5: TestA passes at the base and fails on the change's code; the change edits this test.") {
		t.Errorf("feedback:\n%s", v.Feedback)
	}
}

func TestAFailedAcceptanceGoesBack(t *testing.T) {
	slowtest.Only(t)
	e, v := judge(t, checktest.Files{"a/a.go": "package a\n\nfunc A() int { return 2 - 1 }\n"},
		plan.Command{Shell: "grep -q 'return 1' a/a.go || { echo no such thing >&2; exit 3; }"}, plan.Command{Argv: []string{"no-such-program-here"}})
	accept := e.Results[slices.IndexFunc(e.Results, func(r evidence.Result) bool { return r.Check == "accept" })]
	if accept.Status != evidence.Failed || len(accept.Findings) != 1 || len(accept.NotRun) != 1 || v.Route != policy.Rework {
		t.Errorf("%+v, %s", accept, v.Route)
	}
	if !strings.Contains(accept.Findings[0].Detail, "no such thing") {
		t.Errorf("detail %q", accept.Findings[0].Detail)
	}
}

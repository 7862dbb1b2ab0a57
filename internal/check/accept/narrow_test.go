package accept

import (
	"context"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
	"muster/internal/core/plan"
)

func TestNarrow(t *testing.T) {
	one := []evidence.Test{{In: "p", Name: "TestOne/sub.a"}, {In: "q", Name: "TestTwo"}}
	py := []evidence.Test{{In: "tests/test_a.py", Name: "TestC::test_x"}}
	for _, tt := range []struct {
		command plan.Command
		tests   []evidence.Test
		want    string // empty: it cannot be
	}{
		{plan.Command{Shell: "go test ./..."}, one, "go test -count=1 -run '^(TestOne|TestTwo)$' ./..."},
		{argv("go", "test", "-race", "./..."), one, "go test -count=1 -run '^(TestOne|TestTwo)$' -race ./..."},
		{argv("go", "test", "-run", "One", "./..."), one, ""},
		{argv("go", "test", "-run=One", "./..."), one, ""},
		{plan.Command{Shell: "cd api && go test ./..."}, one, ""},
		{plan.Command{Shell: "make test"}, one, ""},
		{argv("go", "test", "./..."), []evidence.Test{{In: "p"}}, ""},
		{argv("go", "test", "./..."), nil, ""},
		{plan.Command{Shell: "python3 -m pytest -q tests"}, py, "python3 -m pytest -q tests/test_a.py::TestC::test_x"},
		{argv(".venv/bin/pytest", "--tb=short"), py, ".venv/bin/pytest --tb=short tests/test_a.py::TestC::test_x"},
		{argv("pytest", "-k", "x"), py, ""},
		{argv("pytest"), []evidence.Test{{In: "a.py", Name: "test_x[a"}}, ""},
		{argv("cargo", "test"), []evidence.Test{{In: "cargo test", Name: "a::b"}}, "cargo test -- --exact a::b"},
		{argv("cargo", "test", "--", "--nocapture"), []evidence.Test{{Name: "a::b"}}, ""},
		{plan.Command{}, one, ""},
	} {
		got, ok := narrow(tt.command, tt.tests)
		if ok != (tt.want != "") || ok && got.String() != tt.want {
			t.Errorf("%s: %s, %v", tt.command, got, ok)
		}
	}
}

// What takes too long to run again as a whole runs only what was red; where
// that cannot be, a person is asked and nobody is blamed.
func TestSlowCommands(t *testing.T) {
	for _, tt := range []struct {
		command, status, want string
		base                  string
		ran                   string
	}{
		{"go test ./...", "failed", "gate failed", "", "go test ./...; go test -count=1 -run '^(TestOne)$' ./...; base go test -count=1 -run '^(TestOne)$' ./...; go test -count=1 -run '^(TestOne)$' ./...; go test -count=1 -run '^(TestOne)$' ./..."},
		{"go test ./...", "failed", "locator red_at_base", failed("TestOne"), "go test ./...; go test -count=1 -run '^(TestOne)$' ./...; base go test -count=1 -run '^(TestOne)$' ./..."},
		{"make test", "failed", "locator not_compared", "", "make test"},
	} {
		trees := checktest.New(t, map[string]checktest.Files{"base": {"a": "1"}, "head": {"a": "2"}})
		req := checktest.Request(evidence.OfTask)
		req.Accept, req.TimeMS = []plan.Command{{Shell: tt.command}}, 60_000
		var ran []string
		x := checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
			name := plan.Command{Argv: c.Argv, Shell: c.Shell}.String()
			out := job.Output{Code: 1, Stdout: failed("TestOne"), DurationMS: 50_000}
			if isBase(c.Dir) {
				name = "base " + name
				if out.Stdout = tt.base; tt.base == "" {
					out.Code = 0
				}
			}
			ran = append(ran, name)
			return out, nil
		})
		got := checktest.Run(t, New(), trees, x, req)
		if string(got.Status) != tt.status || summary(got) != tt.want || strings.Join(ran, "; ") != tt.ran {
			t.Errorf("%s: %s, %s, not run %q\nran %s", tt.command, got.Status, summary(got), got.NotRun, strings.Join(ran, "; "))
		}
	}
}

// Tests that are not run again keep their count.
func TestSlowFlaky(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": {"a": "1"}, "head": {"a": "2"}})
	req := checktest.Request(evidence.OfTask)
	req.Accept, req.TimeMS = []plan.Command{argv("go", "test", "./...")}, 60_000
	n := 0
	x := checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
		if isBase(c.Dir) {
			return job.Output{}, nil
		}
		n++
		return job.Output{Code: 1, Stdout: failed([][]string{{"TestOne", "TestTwo"}, {"TestOne"}, {"TestOne"}, {"TestOne"}}[n-1]...), DurationMS: 50_000}, nil
	})
	if got := checktest.Run(t, New(), trees, x, req); summary(got) != "gate failed, locator flaky, TestTwo 1/2" {
		t.Errorf("%s: %s", got.Status, summary(got))
	}
}

package accept

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
	"muster/internal/core/plan"
)

func argv(args ...string) plan.Command { return plan.Command{Argv: args} }

// answers runs commands by their first argument; at the base all succeed.
func answers(outputs map[string]job.Output) checktest.ExecFunc {
	return func(_ context.Context, c job.Command) (job.Output, error) {
		name := c.Shell
		if len(c.Argv) > 0 {
			name = c.Argv[0]
		}
		if isBase(c.Dir) {
			return job.Output{}, nil
		}
		out, ok := outputs[name]
		if !ok {
			return out, errors.New("no program " + name)
		}
		return out, nil
	}
}

// isBase reports whether a folder holds the base of these tests.
func isBase(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "a"))
	return err == nil && (string(text) == "1" || string(text) == "base")
}

func TestAccept(t *testing.T) {
	outputs := map[string]job.Output{
		"ok": {}, "bad": {Code: 1, Stdout: "FAIL: a\n"}, "worse": {Code: 2, Stderr: "FAIL: b\n"},
		"none": {Code: 127, Stderr: "none: not found"}, "slow": {Code: -1, TimedOut: true}, "echo x | bad": {Code: 3},
		"crash": {Code: -1, Signal: "SIGSEGV"},
	}
	tests := []struct {
		name     string
		commands []plan.Command
		status   evidence.Status
		messages []string
		notRun   int
	}{
		{"none given", nil, evidence.Skipped, nil, 0},
		{"all pass", []plan.Command{argv("ok"), argv("ok", "2")}, evidence.Passed, nil, 0},
		{"one fails", []plan.Command{argv("ok"), argv("bad", "x y")}, evidence.Failed, []string{"The acceptance command bad 'x y' fails (exit code 1)."}, 0},
		{"all that fail are named", []plan.Command{argv("bad"), argv("ok"), argv("worse")}, evidence.Failed, []string{"The acceptance command bad fails (exit code 1).", "The acceptance command worse fails (exit code 2)."}, 0},
		{"a shell line", []plan.Command{{Shell: "echo x | bad"}}, evidence.Failed, []string{"The acceptance command echo x | bad fails (exit code 3)."}, 0},
		{"a crash", []plan.Command{argv("crash")}, evidence.Failed, []string{"The acceptance command crash fails (signal SIGSEGV)."}, 0},
		{"no such program", []plan.Command{argv("ok"), argv("none")}, evidence.CouldNot, nil, 1},
		{"not executed", []plan.Command{argv("missing")}, evidence.CouldNot, nil, 1},
		{"its own limit", []plan.Command{argv("slow")}, evidence.CouldNot, nil, 1},
		{"one fails, one cannot run", []plan.Command{argv("none"), argv("bad")}, evidence.Failed, []string{"The acceptance command bad fails (exit code 1)."}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			trees := checktest.New(t, map[string]checktest.Files{"base": {"a": "1"}, "head": {"a": "2"}})
			req := checktest.Request(evidence.OfTask)
			req.Accept = tt.commands
			got := checktest.Run(t, New(), trees, answers(outputs), req)
			var messages []string
			for i, f := range got.Findings {
				messages = append(messages, f.Message)
				if f.Level != evidence.Gate || f.Grade != evidence.Verified || !slices.ContainsFunc(tt.commands, func(c plan.Command) bool { return c.String() == f.Reproduce }) {
					t.Errorf("finding %d: %+v", i, f)
				}
			}
			if got.Status != tt.status || !slices.Equal(messages, tt.messages) || len(got.NotRun) != tt.notRun {
				t.Errorf("%s (%s), %q, not run %q", got.Status, got.Why, messages, got.NotRun)
			}
		})
	}
}

// The commands run one after another in one folder, which holds the head.
func TestRunsOnTheHead(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": {"a": "base"}, "head": {"a": "head"}})
	var dirs []string
	x := checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
		if isBase(c.Dir) {
			return job.Output{}, nil
		}
		text, err := os.ReadFile(filepath.Join(c.Dir, "a"))
		if string(text) != "head" || err != nil {
			t.Errorf("a holds %q, %v", text, err)
		}
		if !slices.Equal(c.Env, []string{"GOTOOLCHAIN=local", "X=1"}) {
			t.Errorf("environment %q", c.Env)
		}
		dirs = append(dirs, c.Dir)
		return job.Output{Code: 1, Stdout: "FAIL in " + c.Dir + "/sub\n"}, nil
	})
	req := checktest.Request(evidence.OfTask)
	req.Accept, req.Env = []plan.Command{argv("one"), argv("two")}, []string{"X=1"}
	got := checktest.Run(t, New(), trees, x, req)
	if len(dirs) != 8 || len(slices.Compact(dirs)) != 1 { // each once, and three times more

		t.Errorf("folders %q", dirs)
	}
	if d := got.Findings[0].Detail; strings.Contains(d, dirs[0]) || !strings.Contains(d, "FAIL in sub") {
		t.Errorf("detail %q", d)
	}
}

// The same failure has the same fingerprint after other lines moved; another
// failure of the same command has another one, so that progress shows.
func TestFingerprint(t *testing.T) {
	print := func(out string) string {
		trees := checktest.New(t, map[string]checktest.Files{"base": {"a": "1"}, "head": {"a": "2"}})
		req := checktest.Request(evidence.OfTask)
		req.Accept = []plan.Command{argv("bad")}
		x := answers(map[string]job.Output{"bad": {Code: 1, Stdout: out}})
		return checktest.Run(t, New(), trees, x, req).Findings[0].Fingerprint
	}
	one := print("--- FAIL: TestA (0.01s)\n a_test.go:10: got 1\n")
	if print("--- FAIL: TestA (0.77s)\n a_test.go:99: got 1\n") != one {
		t.Error("it moved with the lines")
	}
	if print("--- FAIL: TestB (0.01s)\n a_test.go:10: got 1\n") == one {
		t.Error("another failure looks the same")
	}
}

func TestNoFolder(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": {"a": "1"}})
	req := checktest.Request(evidence.OfTask)
	req.Accept = []plan.Command{argv("ok")}
	if got := checktest.Run(t, New(), trees, checktest.NoExec(t), req); got.Status != evidence.CouldNot {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
}

func TestSettings(t *testing.T) {
	checktest.WantSettings(t, New(), evidence.Request{},
		evidence.Request{Accept: []plan.Command{argv("ok")}}, evidence.Request{Env: []string{"A=1"}},
		evidence.Request{Task: "Mend TestA"})
}

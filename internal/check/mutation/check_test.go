package mutation

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
	"muster/internal/slowtest"
)

// before is the base of the changes below, and code what they add to it.
func before() checktest.Files {
	return checktest.Files{"go.mod": goMod, "README.md": "x\n", "lim/old.go": "package lim\n\n// Old was there before.\nfunc Old(n int) int {\n\treturn n + 1\n}\n"}
}

const code = `package lim

import "errors"

// Vacuous is run by a test that looks at nothing.
func Vacuous(n int) (int, error) {
	if n < 0 {
		return 0, errors.New("negative")
	}
	if n > 100 {
		n = 100
	}
	ok := n != 7
	if !ok {
		n = 8
	}
	return n, check(n)
}

func check(n int) error {
	if n == 13 {
		return errors.New("unlucky")
	}
	return nil
}

// Weak is run by a test that looks at one result of many.
func Weak(n int) (bool, bool, bool) {
	a := n > 1
	b := n > 2
	if a && b {
		a = b
	}
	return n == 4, a, b
}

// Good is tested.
func Good(n int) (int, error) {
	if n < 0 {
		return 0, errors.New("negative")
	}
	return n * 2, nil
}

// Untested is not run at all.
func Untested(n int) int {
	if n > 3 {
		return 2
	}
	return n
}
`

const tests = `package lim

import "testing"

func TestVacuous(t *testing.T) {
	if _, err := Vacuous(3); err != nil {
		t.Log(err)
	}
	_, _ = Vacuous(300)
	_, _ = Vacuous(-1)
}

func TestWeak(t *testing.T) {
	if is, _, _ := Weak(4); !is {
		t.Error("no")
	}
}

func TestGood(t *testing.T) {
	if got, err := Good(3); err != nil || got != 6 {
		t.Error(got, err)
	}
	if got, err := Good(-1); err == nil || got != 0 {
		t.Error(got, err)
	}
}
`

func after() checktest.Files {
	return before().With(checktest.Files{"lim/lim.go": code, "lim/lim_test.go": tests, "README.md": "y\n"})
}

// levels gives the function, as the message names it, and level of findings.
func levels(r evidence.Result) []string {
	var out []string
	for _, f := range r.Findings {
		for _, name := range []string{"Vacuous", "Weak", "Good", "check", "Untested", "Old"} {
			if strings.Contains(f.Message, " "+name+" ") {
				out = append(out, name+" "+string(f.Level))
			}
		}
	}
	return out
}

// A test that runs code and looks at nothing blocks, with a command that
// shows it in a real repository; one that looks at little points; one that
// looks at all is quiet; and what nobody runs is said to be unknown.
func TestTestsThatNotice(t *testing.T) {
	t.Parallel()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("needs git: ", err)
	}
	repo := repo{t: t, git: git, dir: t.TempDir()}
	repo.run("init", "-q")
	req := checktest.Request(evidence.OfTask)
	req.Base.Tree, req.Head.Tree = repo.tree(before()), repo.tree(after())
	trees := checktest.New(t, map[string]checktest.Files{req.Base.Tree: before(), req.Head.Tree: after()})
	x := &osExec{}
	got := checktest.Run(t, New(), trees, x, req)
	if want := []string{"Vacuous gate", "Weak locator", "check context"}; !slices.Equal(levels(got), want) || got.Status != evidence.Failed {
		t.Fatalf("%s (%s): %q, want %q\n%+v", got.Status, got.Why, levels(got), want, got.NotRun)
	}
	if n := len(got.Unverified); n != 3 || got.Unverified[2] != (evidence.Place{Path: "lim/lim.go", StartLine: 47, EndLine: 50, Why: "no test executes it"}) {
		t.Errorf("unverified: %+v", got.Unverified)
	}
	gate := got.Findings[0]
	if gate.Path != "lim/lim.go" || gate.StartLine != 7 || gate.Grade != evidence.Verified || !strings.Contains(gate.Message, "notice nothing") || !strings.Contains(gate.Message, "line 7 (guard skipped)") {
		t.Errorf("%+v", gate)
	}
	if !strings.Contains(gate.Detail, "-\tif n < 0 {\n+\tif false && (n < 0) {\n") {
		t.Errorf("detail\n%s", gate.Detail)
	}
	status := repo.run("status", "--porcelain")
	out, err := repo.shell("lim", gate.Reproduce)
	if err != nil || !strings.Contains(out, "ok  \texample.org/m/lim") {
		t.Errorf("%s\ngave %v:\n%s", gate.Reproduce, err, out)
	}
	if out, err := repo.shell("lim", strings.Replace(gate.Reproduce, "false && (n < 0)", "undefined", 1)); err == nil {
		t.Errorf("the mutant is not in what the command runs:\n%s", out)
	}
	if now := repo.run("status", "--porcelain"); now != status {
		t.Errorf("the checkout changed:\n%s", now)
	}
}

// What does not hold when it is tried by hand is not said. Without a claim of
// tests nothing points, and lines that nobody runs are named.
func TestQuieter(t *testing.T) {
	slowtest.Only(t)
	t.Parallel()
	x := &osExec{before: func(c job.Command) (job.Output, error, bool) {
		if slices.Contains(c.Argv, "-count=1") {
			return job.Output{Code: 1, Stdout: "--- FAIL: TestVacuous\n"}, nil, true
		}
		return job.Output{}, nil, false
	}}
	trees := checktest.New(t, map[string]checktest.Files{"base": before(), "head": after()})
	got := checktest.Run(t, New(), trees, x, checktest.Request(evidence.OfRange))
	if want := []string{"Weak locator", "check context"}; !slices.Equal(levels(got), want) || !strings.Contains(strings.Join(got.NotRun, "\n"), "go test fails: --- FAIL: TestVacuous") {
		t.Errorf("%q, want %q\n%q", levels(got), want, got.NotRun)
	}

	base := before().With(checktest.Files{"lim/lim.go": "package lim\n\nfunc Vacuous(int) (int, error) { return 0, nil }\n\nfunc Weak(int) (a, b, c bool) { return }\n\nfunc Good(int) (int, error) { return 0, nil }\n", "lim/lim_test.go": tests})
	trees = checktest.New(t, map[string]checktest.Files{"base": base, "head": after()})
	got = checktest.Run(t, New(), trees, &osExec{}, checktest.Request(evidence.OfRange))
	for _, f := range got.Findings {
		if f.Level != evidence.Context {
			t.Errorf("%+v", f)
		}
	}
	if got.Status != evidence.Passed || len(got.Findings) == 0 || len(got.Unverified) != 3 {
		t.Errorf("%s (%s), %d findings, unverified %+v", got.Status, got.Why, len(got.Findings), got.Unverified)
	}
}

func TestNothingToMutate(t *testing.T) {
	base := before()
	for name, tt := range map[string]struct {
		head checktest.Files
		why  string
	}{
		"documents":     {base.With(checktest.Files{"README.md": "z\n"}), "no line of Go code"},
		"only tests":    {base.With(checktest.Files{"lim/lim_test.go": "package lim\n"}), "no line of Go code"},
		"vendored":      {base.With(checktest.Files{"vendor/x/x.go": "package x\n"}), "no line of Go code"},
		"test data":     {base.With(checktest.Files{"lim/testdata/x.go": "package x\n"}), "no line of Go code"},
		"generated":     {base.With(checktest.Files{"lim/x.pb.go": "package lim\n"}), "no line of Go code"},
		"a link":        {base.With(checktest.Files{"lim/x.go": checktest.Link("old.go")}), "no line of Go code"},
		"lines removed": {base.With(checktest.Files{"lim/old.go": "package lim\n"}), "no line of Go code"},
		"deleted":       {base.With(checktest.Files{"lim/old.go": ""}), "no line of Go code"},
		"no module":     {checktest.Files{"a.go": "package a\n\nfunc F() int { return 1 }\n"}, "no Go module"},
	} {
		trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": tt.head})
		if got := checktest.Run(t, New(), trees, checktest.NoExec(t), checktest.Request(evidence.OfTask)); got.Status != evidence.Skipped || !strings.Contains(got.Why, tt.why) {
			t.Errorf("%s: %s (%s)", name, got.Status, got.Why)
		}
	}
	trees := checktest.New(t, map[string]checktest.Files{"base": base})
	req := checktest.Request(evidence.OfTask)
	req.Head = req.Base
	if got := checktest.Run(t, New(), trees, checktest.NoExec(t), req); got.Status != evidence.Skipped {
		t.Errorf("%s (%s)", got.Status, got.Why)
	}
}

func TestCouldNotRun(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": before(), "head": after()})
	x := checktest.ExecFunc(func(context.Context, job.Command) (job.Output, error) {
		return job.Output{Code: 127, Stderr: "go: not found"}, nil
	})
	got := checktest.Run(t, New(), trees, x, checktest.Request(evidence.OfTask))
	if got.Status != evidence.CouldNot || !strings.Contains(got.Why, "go: not found") {
		t.Errorf("%s (%s)", got.Status, got.Why)
	}
}

// repo is a Git repository in a temporary folder.
type repo struct {
	t        *testing.T
	git, dir string
}

func (r repo) env() []string {
	return append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GOTOOLCHAIN=local", "GOFLAGS=-ldflags=-w", "TMPDIR="+r.t.TempDir())
}

func (r repo) run(args ...string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), r.git, args...)
	cmd.Dir, cmd.Env = r.dir, r.env()
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// tree adds the files to the work tree and gives the id of their tree.
func (r repo) tree(files checktest.Files) string {
	r.t.Helper()
	for p, text := range files {
		at := filepath.Join(r.dir, filepath.FromSlash(p))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
	r.run("add", "-A")
	return r.run("write-tree")
}

func (r repo) shell(dir, line string) (string, error) {
	cmd := exec.CommandContext(r.t.Context(), "sh", "-c", line)
	cmd.Dir, cmd.Env = filepath.Join(r.dir, dir), r.env()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

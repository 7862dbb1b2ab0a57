package setup_test

import (
	"slices"
	"testing"

	"muster/internal/core/change"
	"muster/internal/core/plan"
	"muster/internal/core/setup"
)

func TestIsInput(t *testing.T) {
	s := setup.Spec{
		Run:    []plan.Command{{Shell: "sh ./tools/install.sh && cp a.txt /etc/x; make -C ../up deps"}, {Argv: []string{"python", "scripts/fetch.py"}}},
		Inputs: []string{"vendor/*.lst"},
	}
	for p, want := range map[string]bool{
		"package.json": true, "web/package-lock.json": true, "go.sum": true, "requirements.txt": true, "requirements-dev.txt": true,
		"pyproject.toml": true, ".tool-versions": true, "environment.yml": true, "lerna.json": true,
		"tools/install.sh": true, "a.txt": true, "scripts/fetch.py": true, "vendor/x.lst": true,
		"vendor/sub/x.lst": false, "main.go": false, "package.json.md": false, "json": false, "notes.txt": false, "etc/x": false, "up": false, "sh": true,
	} {
		if got := s.IsInput(p); got != want {
			t.Errorf("%s: %v", p, got)
		}
	}
	if (setup.Spec{}).IsInput("tools/install.sh") || !(setup.Spec{}).IsInput("uv.lock") {
		t.Error("without commands only the known names count")
	}
}

// The key changes with everything that decides what is made, and with nothing
// else.
func TestKey(t *testing.T) {
	s := setup.Spec{Run: []plan.Command{{Argv: []string{"npm", "ci"}}}, Copy: []string{".env"}, TimeMS: 5}
	tree := []change.Entry{{Path: "main.js", Mode: "100644", Blob: "1"}, {Path: "package.json", Mode: "100644", Blob: "2"}}
	key := func(s setup.Spec, tree []change.Entry, machine, origin string) string {
		return s.Key(s.InputsOf(tree), []string{machine}, origin)
	}
	was := key(s, tree, "linux", "")
	other := slices.Clone(tree)
	other[0].Blob = "9"
	same := s
	same.TimeMS, same.Copy = 7, nil
	if key(s, other, "linux", "") != was || key(same, tree, "linux", "") != was {
		t.Error("the key depends on what the commands are not taken to read")
	}
	lock := slices.Clone(tree)
	lock[1].Blob = "9"
	command := s
	command.Run = []plan.Command{{Shell: "npm ci"}}
	for what, got := range map[string]string{
		"the lockfile": key(s, lock, "linux", ""), "the command": key(command, tree, "linux", ""),
		"the machine": key(s, tree, "darwin", ""), "where it comes from": key(s, tree, "linux", "t1"),
	} {
		if got == was || len(got) != 32 {
			t.Errorf("the key does not depend on %s", what)
		}
	}
}

func TestBadPath(t *testing.T) {
	for p, bad := range map[string]bool{
		".env": false, "models/a.bin": false, "a/b/": false, "..env": false,
		"/etc/passwd": true, "../x": true, "a/../../x": true, "..": true, ".": true, "./": true, "a/..": true, "*.env": true, "a?": true, "[a]": true,
		".git": true, ".git/config": true, "sub/.GIT/x": true, `a\b`: true,
	} {
		if got := setup.BadPath(p); (got != "") != bad {
			t.Errorf("%s: %q", p, got)
		}
	}
}

func TestTracked(t *testing.T) {
	tr := setup.NewTracked([]change.Entry{{Path: "a/b/c.txt"}, {Path: "file"}})
	for p, want := range map[string][3]bool{ // holds, below, blocked
		"a": {true, true, false}, "a/b": {true, true, false}, "a/b/c.txt": {true, false, false}, "a/x": {false, false, false},
		"file": {true, false, false}, "file/x": {false, false, true}, "file/x/y": {false, false, true}, "ab": {false, false, false},
	} {
		if got := [3]bool{tr.Holds(p), tr.Below(p), tr.Blocked(p)}; got != want {
			t.Errorf("%s: %v, want %v", p, got, want)
		}
	}
}

func TestFailureSaysWhatCameLast(t *testing.T) {
	f := setup.Failure{Command: "npm ci", Why: "it ended with exit code 1", Tail: "one\nnpm error no network\n\n"}
	if got := f.Text(); got != "the set-up command npm ci failed: it ended with exit code 1: npm error no network" {
		t.Error(got)
	}
	f.Tail = ""
	if got := f.Text(); got != "the set-up command npm ci failed: it ended with exit code 1" {
		t.Error(got)
	}
}

func TestEmpty(t *testing.T) {
	if !(setup.Spec{TimeMS: 5, Inputs: []string{"x"}}).Empty() || (setup.Spec{Copy: []string{"x"}}).Empty() ||
		(setup.Spec{Link: []string{"x"}}).Empty() || (setup.Spec{Run: []plan.Command{{Shell: "x"}}}).Empty() {
		t.Error("what is empty")
	}
}

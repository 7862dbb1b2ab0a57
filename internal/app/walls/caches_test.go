package walls

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/adapter/sandbox"
	"muster/internal/core/job"
	"muster/internal/slowtest"
)

// inBox runs a line as a command of a check, and gives its output; false where
// the level cannot be had here.
func inBox(t *testing.T, w *Walls, level, change, line string) (string, bool) {
	t.Helper()
	dir := t.TempDir()
	c, release, err := w.Command(t.Context(), job.Command{Argv: []string{"sh", "-c", line}, Dir: dir, Sandbox: level, Change: change}, dir)
	defer release()
	if err != nil {
		if os.Getenv("MUSTER_TEST_SANDBOX") == "all" {
			t.Fatal(err)
		}
		t.Logf("%s cannot be had here: %v", level, err)
		return "", false
	}
	out, err := sandbox.NewExecutor(w.h.Env, w.h.Shim).Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return out.Stdout + out.Stderr, true
}

const (
	poison  = `for d in "$GOCACHE" "$GOMODCACHE" "$npm_config_cache" "$PIP_CACHE_DIR" "$CARGO_HOME" "$GRADLE_USER_HOME" "$XDG_CACHE_HOME"; do echo poison >"$d/entry" || echo cannot; done`
	swallow = `for d in "$GOCACHE" "$GOMODCACHE" "$npm_config_cache" "$PIP_CACHE_DIR" "$CARGO_HOME" "$GRADLE_USER_HOME" "$XDG_CACHE_HOME"; do cat "$d/entry"; done 2>/dev/null; :`
)

// What the commands of one change leave in caches reaches those of no other
// change at strict, and not what is built on. It stays for the change's own
// next command.
func TestAttackOnCaches(t *testing.T) {
	w := newWalls(t, nil)
	if said, ok := inBox(t, w, job.LevelStrict, "a", poison); !ok || said != "" {
		if ok {
			t.Errorf("the attack did not take place: %s", said)
		}
		return
	}
	for change, want := range map[string]int{"a": 7, "b": 0, "": 0} {
		if got, _ := inBox(t, w, job.LevelStrict, change, swallow); strings.Count(got, "poison") != want {
			t.Errorf("of the entries of change a, change %q takes %q", change, got)
		}
	}
	// Those of what is built on are read by all and written by no change.
	trusted := filepath.Join(w.h.State, trustedFolder)
	if said, _ := inBox(t, w, job.LevelStrict, "", poison); said != "" {
		t.Errorf("the trusted caches cannot be written: %s", said)
	}
	if got, _ := inBox(t, w, job.LevelStrict, "b", "cat "+trusted+"/*/entry"); !strings.Contains(got, "poison") {
		t.Errorf("the trusted caches cannot be read: %s", got)
	}
	if got, _ := inBox(t, w, job.LevelStrict, "b", "echo worse >>"+trusted+"/go-build/entry"); got == "" {
		t.Error("a change writes to the trusted caches")
	}
	if got, _ := inBox(t, w, job.LevelStrict, "b", "ls "+filepath.Join(w.h.State, changesFolder)+"/* | wc -l"); strings.TrimSpace(got) != "1" {
		t.Errorf("a change sees the caches of %s changes", got)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if list, err := os.ReadDir(filepath.Join(w.h.State, changesFolder)); err != nil || len(list) > 0 {
		t.Errorf("after the end these are there: %v, %v", list, err)
	}
	// At the other levels they are shared: docs/security.md says so.
	if _, ok := inBox(t, w, job.LevelStandard, "a", poison); ok {
		if got, _ := inBox(t, w, job.LevelStandard, "b", swallow); strings.Count(got, "poison") == 0 {
			t.Error("at standard caches are not shared: correct docs/security.md")
		}
		if got, _ := inBox(t, w, job.LevelStrict, "c", swallow); got != "" {
			t.Errorf("what was left at standard reaches strict: %s", got)
		}
	}
}

// A build of one change, poisoned by its own test, is not the build of another.
func TestAttackOnBuilds(t *testing.T) {
	slowtest.Only(t)
	shared, err := exec.Command("go", "env", "GOCACHE").Output() // so that the standard library is not built anew
	if err != nil {
		t.Skip("there is no go command")
	}
	w := newWalls(t, nil)
	w.env["GOCACHE"] = strings.TrimSpace(string(shared))
	const build = `export GOFLAGS="-mod=mod -trimpath" GOPROXY=off GOTOOLCHAIN=local; mkdir -p m && cd m && printf 'module m\n\ngo 1.24\n' >go.mod && printf 'package main\n\nfunc main() { println("true") }\n' >main.go && go run . `
	// It spoils every object that it built, at the same size.
	said, ok := inBox(t, w, job.LevelStrict, "a", build+`&& for f in "$GOCACHE"/*/*-d; do head -c $(stat -c %s "$f") /dev/zero >"$f.x" && mv "$f.x" "$f"; done`)
	if !ok {
		return
	}
	if !strings.Contains(said, "true") {
		t.Fatalf("the first build: %s", said)
	}
	if said, _ := inBox(t, w, job.LevelStrict, "a", build); strings.TrimSpace(said) == "true" {
		t.Fatalf("its own next build is not spoilt: the attack proves nothing")
	}
	if said, _ := inBox(t, w, job.LevelStrict, "b", build); strings.TrimSpace(said) != "true" {
		t.Errorf("the build of another change: %s", said)
	}
}

// The caches of changes of which nothing runs are bounded; those in use stay.
func TestCachesOfChangesAreRemoved(t *testing.T) {
	o := &ofChanges{root: t.TempDir()}
	busy, back := o.take("busy")
	dirs := map[string]string{}
	for _, change := range []string{"a", "b", "c", "d", "e"} {
		dir, giveBack := o.take(change)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		dirs[change] = dir
		giveBack()
		giveBack() // twice is once
	}
	again, second := o.take("busy")
	if again != busy {
		t.Errorf("a change has two caches: %s, %s", busy, again)
	}
	var there []string
	for change, dir := range dirs {
		if _, err := os.Stat(dir); err == nil {
			there = append(there, change)
		}
	}
	slices.Sort(there)
	if !slices.Equal(there, []string{"c", "d", "e"}) {
		t.Errorf("%q are there", there)
	}
	if got, giveBack := o.take("c"); got != dirs["c"] {
		t.Errorf("its caches were moved: %s", got)
	} else {
		giveBack()
	}
	second()
	back()
	if o.used[o.find("busy")].runs != 0 {
		t.Errorf("%+v", o.used)
	}
}

// What a crash has left is removed once it is old.
func TestSweepOfCaches(t *testing.T) {
	w := newWalls(t, nil)
	old := filepath.Join(w.h.State, changesFolder, "left")
	put(t, filepath.Join(old, "x", "entry"), "x")
	then := time.Now().Add(-2 * leftAfter)
	if err := os.Chtimes(old, then, then); err != nil {
		t.Fatal(err)
	}
	if _, ok := inBox(t, w, job.LevelStrict, "a", ":"); !ok {
		return
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("what a crash left is still there")
	}
}

// What a process has closed to its owner is removed all the same, and nothing
// that its links lead to.
func TestRemove(t *testing.T) {
	dir, outside := filepath.Join(t.TempDir(), "left"), t.TempDir()
	put(t, filepath.Join(outside, "kept"), "x")
	put(t, filepath.Join(dir, "a", "b", "file"), "x")
	if err := os.Symlink(outside, filepath.Join(dir, "a", "link")); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"a/b", "a"} {
		if err := os.Chmod(filepath.Join(dir, p), 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := remove(dir); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(dir); err == nil {
		t.Error("it is still there")
	}
	if _, err := os.Stat(filepath.Join(outside, "kept")); err != nil {
		t.Error(err)
	}
}

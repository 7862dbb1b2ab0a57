package git

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/core/change"
	"muster/internal/core/fault"
)

func TestBranchIsLaidOutWhereThePersonWants(t *testing.T) {
	u := newProject(t)
	at := u.point("HEAD")
	r := u.open()
	// Neither hooks nor filters of the repository run.
	u.write(".git/hooks/post-checkout", "#!/bin/sh\ntouch "+u.path("ran")+"\n")
	if err := os.Chmod(u.path(".git/hooks/post-checkout"), 0o755); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "mine")
	for range 2 { // again changes nothing
		if err := r.Branch(t.Context(), "by-hand/p/x", at.Commit, dir); err != nil {
			t.Fatal(err)
		}
	}
	mine := u.at(dir)
	if got := mine.git("status", "--porcelain"); got != "" || mine.point("HEAD") != at || mine.git("branch", "--show-current") != "by-hand/p/x" {
		t.Errorf("in %s: %q at %v on %s", dir, got, mine.point("HEAD"), mine.git("branch", "--show-current"))
	}
	if data, err := os.ReadFile(filepath.Join(dir, "a.txt")); err != nil || string(data) != "one\ntwo\nthree\n" {
		t.Errorf("a.txt: %q, %v", data, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "src/run.sh")); err != nil || info.Mode()&0o111 == 0 {
		t.Errorf("src/run.sh: %v, %v", info, err)
	}
	if _, err := os.Stat(u.path("ran")); err == nil {
		t.Error("a hook ran")
	}
	// A branch stays where its owner left it.
	next := mine.commit("more")
	if err := r.Branch(t.Context(), "by-hand/p/x", at.Commit, ""); err != nil || u.point("by-hand/p/x") != next {
		t.Errorf("the branch is at %v, %v", u.point("by-hand/p/x"), err)
	}
}

func TestBranchRefuses(t *testing.T) {
	u := newProject(t)
	at := u.point("HEAD")
	r := u.open()
	full := t.TempDir()
	writeAt(t, filepath.Join(full, "mine.txt"), "x")
	for _, tt := range []struct {
		branch, dir string
		kind        fault.Kind
	}{
		{"../x", "", fault.Invalid},
		{"-x", "", fault.Invalid},
		{"main", filepath.Join(t.TempDir(), "d"), fault.Conflict}, // checked out already
		{"fine", full, fault.Conflict},
		{"main/below", "", fault.Conflict},
	} {
		if err := r.Branch(t.Context(), tt.branch, at.Commit, tt.dir); fault.KindOf(err) != tt.kind {
			t.Errorf("%q in %q: %v", tt.branch, tt.dir, err)
		}
	}
	if _, err := os.Stat(filepath.Join(full, "mine.txt")); err != nil {
		t.Error(err)
	}
}

func TestRecordMakesAPersonsCommit(t *testing.T) {
	u := newProject(t)
	base := u.point("HEAD")
	u.write("b.txt", "b\n")
	made := u.commit("by hand")
	r := u.open()
	q := change.CaptureRequest{Ref: "refs/muster/attempts/r/x.person-1", Base: base, Message: "Do it\n\nMuster-Task: x\n", Author: "Ann <ann@x>", AtUS: 1_700_000_000_000_000}
	got, err := r.Record(t.Context(), q, made.Tree)
	if err != nil || got.Tree != made.Tree {
		t.Fatalf("%v, %v", got, err)
	}
	if again, err := r.Record(t.Context(), q, made.Tree); err != nil || again != got {
		t.Errorf("again: %v, %v", again, err)
	}
	if said := u.git("log", "-1", "--format=%an <%ae> %P %s", q.Ref); said != "Ann <ann@x> "+base.Commit+" Do it" {
		t.Errorf("recorded as %q", said)
	}
	if q.Ref = "refs/heads/x"; fault.KindOf(errOf(r.Record(t.Context(), q, made.Tree))) != fault.Invalid {
		t.Error("a ref that is not Muster's was set")
	}
}

func errOf(_ change.Point, err error) error { return err }

func TestPerson(t *testing.T) {
	u := newProject(t)
	r := u.open()
	home := t.TempDir()
	env := map[string]string{"HOME": home, "GIT_CONFIG_NOSYSTEM": "1"}
	if got := r.Person(t.Context(), env); got != "" {
		t.Errorf("without a configuration: %q", got)
	}
	writeAt(t, filepath.Join(home, ".gitconfig"), "[user]\n\tname = Ann <x> B\n\temail = ann@x\n")
	if got := r.Person(t.Context(), env); got != "Ann x B <ann@x>" {
		t.Errorf("got %q", got)
	}
	// What the repository says of people is not listened to.
	u.git("config", "user.name", "Somebody Else")
	if got := r.Person(t.Context(), env); !strings.HasPrefix(got, "Ann") {
		t.Errorf("got %q", got)
	}
}

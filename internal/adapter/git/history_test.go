package git

import (
	"slices"
	"strings"
	"testing"
)

func TestHistory(t *testing.T) {
	u := newProject(t)
	at := func(seconds string) {
		u.env = append(u.env, "GIT_COMMITTER_DATE=@"+seconds+" +0000")
	}
	u.git("mv", "a.txt", "b c.txt")
	at("1700000100")
	u.commit("rename: a\nbody")
	u.git("checkout", "-q", "-b", "side", "HEAD~1")
	u.write("side.txt", "x")
	u.commit("on the side")
	u.git("checkout", "-q", "main")
	u.git("merge", "-q", "--no-ff", "-m", "merge", "side")
	u.git("commit", "-q", "--allow-empty", "-m", "nothing")
	at("1800000000")
	u.write("é\nx", "x")
	head := u.commit("fix: odd name")
	r := u.open()

	got, err := History(t.Context(), r, head.Commit, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, c := range got {
		slices.Sort(c.Paths)
		told = append(told, c.Subject+": "+strings.Join(c.Paths, ", "))
	}
	slices.Sort(told[1:]) // commits of one second have no order
	want := []string{"fix: odd name: é\nx", "first: a.txt, src/main.go, src/run.sh", "nothing: ", "on the side: side.txt", "rename: a body: a.txt, b c.txt"}
	if !slices.Equal(told, want) {
		t.Errorf("got %q", told)
	}
	if got[0].AtS != 1800000000 {
		t.Errorf("committed at %d", got[0].AtS)
	}
	if got, err = History(t.Context(), r, head.Commit, 365); err != nil || len(got) != 1 {
		t.Errorf("of the last year: %d, %v", len(got), err)
	}
	if _, err := History(t.Context(), r, strings.Repeat("1", 40), 1); err == nil {
		t.Error("a commit that is not there has a history")
	}
}

func TestUnsaved(t *testing.T) {
	u := newProject(t)
	u.write(".gitignore", "*.log\n")
	u.commit("ignore")
	r := u.open()
	look := func(tracked, untracked string) {
		t.Helper()
		a, b, err := Unsaved(t.Context(), r)
		slices.Sort(a)
		if err != nil || strings.Join(a, " ") != tracked || strings.Join(b, " ") != untracked {
			t.Errorf("got %q, %q, %v", a, b, err)
		}
	}
	look("", "")
	u.write("x.log", "x")
	u.write("new.go", "x")
	u.write("a.txt", "changed\n")
	u.write("staged.go", "x")
	u.git("add", "staged.go")
	removeAt(t, u.path("src/run.sh"))
	before := u.git("status", "--porcelain")
	look("a.txt src/run.sh staged.go", "new.go")
	u.write(".git/info/exclude", "new.go\n")
	look("a.txt src/run.sh staged.go", "")
	removeAt(t, u.path(".git/info/exclude"))
	if after := u.git("status", "--porcelain"); after != before {
		t.Errorf("looking changed\n%s\nto\n%s", before, after)
	}
}

// Before the first commit everything is new, and a bare repository has no
// work tree.
func TestUnsavedWithoutCommits(t *testing.T) {
	u := newUser(t)
	u.write("a.go", "x")
	if tracked, untracked, err := Unsaved(t.Context(), u.open()); err != nil || len(tracked) != 0 || len(untracked) != 1 {
		t.Errorf("got %q, %q, %v", tracked, untracked, err)
	}
	bare := newUser(t, "--bare")
	if tracked, untracked, err := Unsaved(t.Context(), bare.open()); err != nil || len(tracked)+len(untracked) != 0 {
		t.Errorf("got %q, %q, %v", tracked, untracked, err)
	}
}

func TestUntaken(t *testing.T) {
	u := newProject(t)
	base := u.point("HEAD")
	r := u.open()
	want := func(n int) {
		t.Helper()
		if got, err := Untaken(t.Context(), r, "muster/p", base); err != nil || got != n {
			t.Errorf("%d commits, %v; want %d", got, err, n)
		}
	}
	want(0) // no such branch
	u.git("checkout", "-q", "-b", "muster/p")
	want(0)
	u.write("x", "x")
	u.commit("work")
	u.write("y", "y")
	work := u.commit("more work")
	want(2)
	u.git("checkout", "-q", "main")
	u.git("merge", "-q", "--squash", "muster/p")
	base = u.commit("squashed")
	want(0) // the same files
	base = work
	want(0)
}

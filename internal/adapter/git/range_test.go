package git

import (
	"os"
	"slices"
	"strings"
	"testing"

	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// forked makes main with two commits and a branch from the first with one.
func forked(t *testing.T) (u *user, first, main, side change.Point) {
	t.Helper()
	u = newUser(t)
	u.write("a.txt", "1\n")
	first = u.commit("first")
	u.write("b.txt", "1\n")
	main = u.commit("second\n\nwith a body")
	u.git("checkout", "-q", "-b", "side", first.Commit)
	u.write("c.txt", "1\n")
	side = u.commit("side work")
	return u, first, main, side
}

func TestRange(t *testing.T) {
	t.Parallel()
	u, first, main, side := forked(t)
	r := u.open()
	empty := change.Point{Tree: u.git("hash-object", "-t", "tree", "/dev/null")}
	for _, tt := range []struct {
		text       string
		base, head change.Point
		note       string
	}{
		{"main~1..main", first, main, ""},
		{"main~1...main", first, main, ""},
		{"main..side", first, side, "no ancestor"},
		{"main...side", first, side, ""},
		{"main~1..", first, side, ""},
		{"..main", first, main, "no ancestor"},
		{"side", first, side, ""},
		{"main~1", empty, first, ""},
		{empty.Tree + "..main", empty, main, ""},
	} {
		got, err := r.Range(t.Context(), tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got.Base != tt.base || got.Head != tt.head || (tt.note == "") != (len(got.Notes) == 0) || !strings.Contains(strings.Join(got.Notes, " "), tt.note) {
			t.Errorf("%s: %+v", tt.text, got)
		}
	}
	for _, text := range []string{"nowhere", "nowhere..side", "main..nowhere", "-x", "main..--all", "main...side...x"} {
		_, err := r.Range(t.Context(), text)
		wantKind(t, err, fault.NotFound, "names no commit")
	}
}

func TestRangeOfTheWorkTree(t *testing.T) {
	t.Parallel()
	u, first, _, side := forked(t)
	u.write(".gitignore", "ignored\n")
	u.write("ignored", "x")
	u.write("new.txt", "new\n")
	u.write("a.txt", "changed\n")
	u.write("staged.txt", "staged\n")
	u.git("add", "staged.txt")
	u.git("rm", "-q", "--cached", "c.txt")
	before := u.footprint()
	r := u.open()
	got, err := r.Range(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if got.Base != first || got.Head.Commit != "" {
		t.Errorf("from %+v to %+v", got.Base, got.Head)
	}
	names := strings.Fields(u.git("ls-tree", "-r", "--name-only", got.Head.Tree))
	if want := []string{".gitignore", "a.txt", "c.txt", "new.txt", "staged.txt"}; !slices.Equal(names, want) {
		t.Errorf("the work tree is %q", names)
	}
	wantSame(t, "the person's repository", u.footprint(), before)

	// Nothing but what is committed: the head is the commit.
	u.git("reset", "-q", "--hard")
	u.git("clean", "-q", "-f", "-d")
	_ = os.Remove(u.path("ignored"))
	if got, err = r.Range(t.Context(), ""); err != nil || got.Head != side || got.Base != first {
		t.Errorf("%+v, %v", got, err)
	}
	if text, err := r.Messages(t.Context(), got.Base, got.Head); err != nil || text != "side work" {
		t.Errorf("messages %q, %v", text, err)
	}
}

// The index of a person may be of a version that only Git reads, or damaged.
func TestRangeReadsAnyIndex(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(u *user){
		"version 4": func(u *user) { u.git("update-index", "--index-version=4") },
		"damaged":   func(u *user) { u.write(".git/index", "no index") },
		"missing":   func(u *user) { removeAt(t, u.path(".git/index")) },
	} {
		u := newUser(t)
		u.write("a.txt", "1\n")
		u.write("b/c.txt", "1\n")
		u.commit("first")
		u.write("a.txt", "2\n")
		spoil(u)
		got, err := u.open().Range(t.Context(), "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if text := u.git("show", got.Head.Tree+":a.txt"); text != "2" {
			t.Errorf("%s: a.txt is %q", name, text)
		}
		if text := u.git("show", got.Head.Tree+":b/c.txt"); text != "1" {
			t.Errorf("%s: b/c.txt is %q", name, text)
		}
	}
}

func TestRangeBeforeTheFirstCommitAndWithoutAWorkTree(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.write("a.txt", "1\n")
	got, err := u.open().Range(t.Context(), "")
	if err != nil || got.Base.Commit != "" || u.git("ls-tree", "--name-only", got.Head.Tree) != "a.txt" {
		t.Errorf("%+v, %v", got, err)
	}
	bare := newUser(t, "--bare")
	_, err = bare.open().Range(t.Context(), "")
	wantKind(t, err, fault.Invalid, "there is none here")
}

package git

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/core/change"
)

// TestNothingRuns puts a program everywhere Git can be told to run one, in
// the user's repository and in the worktree, and takes a change all the way.
func TestNothingRuns(t *testing.T) {
	t.Parallel()
	ctx, u := t.Context(), newProject(t)
	u.write(".gitattributes", "*.txt filter=evil diff=evil merge=evil\n*.go filter=evil2\n")
	u.commit("attributes")
	tr := newTrap(t)
	config := must[[]byte](t)(os.ReadFile(u.path(".git/config")))
	writeAt(t, u.path(".git/config"), string(config)+tr.config())
	writeAt(t, u.path(".git/info/attributes"), "* filter=evil diff=evil merge=evil\n")

	r := u.open()
	o := must[change.Opened](t)(r.OpenRun(ctx, "r1", "x", "main"))
	dir := worktree(t, r, o.Base)
	// The agent's: .git leads to a repository with the same configuration, and
	// another such repository lies inside.
	for _, p := range []string{"evil", "lib"} {
		n := u.at(filepath.Join(dir, p))
		writeAt(t, n.path("f.txt"), "f\n")
		n.git("init", "-q", "--template=")
		n.commit("inner")
		writeAt(t, n.path(".git/config"), "[core]\n\trepositoryformatversion = 0\n"+tr.config())
	}
	removeAt(t, filepath.Join(dir, ".git"))
	writeAt(t, filepath.Join(dir, ".git"), "gitdir: "+filepath.Join(dir, "evil/.git")+"\n")
	writeAt(t, filepath.Join(dir, "a.txt"), "ONE\ntwo\nthree\n")
	writeAt(t, filepath.Join(dir, "src/main.go"), "package other\n")
	c := capture(t, r, o.Base)

	theirs := change.WorktreeRequest{Owner: "r1/u", Base: o.Base}
	w2 := must[change.Worktree](t)(r.Worktree(ctx, theirs))
	writeAt(t, filepath.Join(w2.Dir, "a.txt"), "one\ntwo\nTHREE\n")
	q2 := captureRequest(o.Base)
	q2.Owner, q2.Ref = "r1/u", "refs/muster/attempts/r1/u.1"
	c2 := must[change.Captured](t)(r.Capture(ctx, q2))

	for i, head := range []change.Point{c.Head, c2.Head} {
		m := must[change.Merged](t)(r.Merge(ctx, mergeRequest(o.Base, head)))
		if len(m.Conflicts) > 0 {
			t.Fatalf("conflicts in %q", m.Conflicts)
		}
		must[change.Landed](t)(r.Land(ctx, change.Landing{Run: "r1", Name: "x", ID: string(rune('a' + i)), From: m.From, To: m.Result}))
	}
	head := must[change.Point](t)(r.Head(ctx, "r1"))
	must[change.Change](t)(r.Diff(ctx, o.Base.Commit, head.Commit))
	var patch bytes.Buffer
	if err := r.Patch(ctx, o.Base.Commit, head.Commit, &patch, Plain); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(patch.Bytes(), []byte("+ONE")) {
		t.Errorf("the patch is %s", patch.String())
	}
	leased, release, err := r.Lease(ctx, head.Tree)
	if err != nil {
		t.Fatal(err)
	}
	if got := tree(t, leased)["a.txt"]; got != "false ONE\ntwo\nTHREE\n" {
		t.Errorf("a.txt is %q", got)
	}
	release()
	must[change.Worktree](t)(r.Worktree(ctx, theirs))
	must[change.Advanced](t)(r.Advance(ctx, change.AdvanceRequest{Run: "r1", Name: "x", Target: "main"}, nil))
	if err := r.Release(ctx, "r1/t"); err != nil {
		t.Fatal(err)
	}
	must[Collected](t)(r.Gc(ctx))
	if err := r.Forget(ctx, "r1"); err != nil {
		t.Fatal(err)
	}
	if n := tr.sprung(); n != 0 {
		t.Errorf("%d programs ran", n)
	}

	// The trap works: a plain git springs it.
	if _, err := u.try("add", "-A"); tr.sprung() == 0 {
		t.Errorf("plain git springs nothing either (%v)", err)
	}
}

// TestUserUntouched takes changes all the way while the user has work of
// every kind at hand, and compares every byte.
func TestUserUntouched(t *testing.T) {
	t.Parallel()
	ctx, u := t.Context(), newProject(t)
	u.write("a.txt", "stashed\n")
	u.git("stash", "-q")
	u.write("src/main.go", "package staged\n")
	u.git("add", "src/main.go")
	u.write("src/main.go", "package unstaged\n")
	u.write("untracked", "x\n")
	writeAt(t, u.path(".git/hooks/pre-commit"), "#!/bin/sh\nexit 1\n")
	before := u.footprint()

	r := u.open()
	o := must[change.Opened](t)(r.OpenRun(ctx, "r1", "x", ""))
	dir := worktree(t, r, o.Base)
	writeAt(t, filepath.Join(dir, "new"), "x\n")
	c := capture(t, r, o.Base)
	m := must[change.Merged](t)(r.Merge(ctx, mergeRequest(o.Base, c.Head)))
	must[change.Landed](t)(r.Land(ctx, change.Landing{Run: "r1", Name: "x", ID: "l", From: m.From, To: m.Result}))
	a := must[change.Advanced](t)(r.Advance(ctx, change.AdvanceRequest{Run: "r1", Name: "x", Target: o.Target}, nil))
	if a.Done {
		t.Error("a branch that is checked out was moved")
	}
	if err := r.Release(ctx, "r1/t"); err != nil {
		t.Fatal(err)
	}
	wantSame(t, "with a worktree", u.footprint(), before)
	// Git's own housekeeping leaves the pool alone.
	removeAt(t, filepath.Join(dir, ".git"))
	u.git("worktree", "prune", "--expire=now")
	if list := u.git("worktree", "list", "--porcelain"); !strings.Contains(list, dir) {
		t.Errorf("prune removed the worktree: %s", list)
	}
	if got := worktree(t, r, o.Base); got != dir || u.at(got).git("rev-parse", "HEAD") != o.Base.Commit {
		t.Errorf("after prune the worktree is %s", got)
	}
	if err := r.Release(ctx, "r1/t"); err != nil {
		t.Fatal(err)
	}
	must[Collected](t)(r.Gc(ctx))
	if list := u.git("worktree", "list", "--porcelain"); strings.Contains(list, "muster") {
		t.Errorf("a worktree is left: %s", list)
	}
	wantSame(t, "after gc", u.footprint(), before)
}

// TestLinksLeadNowhere replaces folders by links out of the worktree; the pool
// must neither follow nor keep them.
func TestLinksLeadNowhere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		do   func(t *testing.T, dir, outside string)
	}{
		{"folder", func(t *testing.T, dir, outside string) {
			removeAt(t, filepath.Join(dir, "src"))
			linkAt(t, outside, filepath.Join(dir, "src"))
		}},
		{"folder moved away", func(t *testing.T, dir, outside string) {
			// The files keep their inodes and times: only the link gives it away.
			removeAt(t, outside)
			if err := os.Rename(filepath.Join(dir, "src"), outside); err != nil {
				t.Fatal(err)
			}
			linkAt(t, outside, filepath.Join(dir, "src"))
		}},
		{"file", func(t *testing.T, dir, outside string) {
			removeAt(t, filepath.Join(dir, "a.txt"))
			linkAt(t, filepath.Join(outside, "main.go"), filepath.Join(dir, "a.txt"))
		}},
		{"new", func(t *testing.T, dir, outside string) { linkAt(t, outside, filepath.Join(dir, "new")) }},
		{"worktree", func(t *testing.T, dir, outside string) {
			removeAt(t, dir)
			linkAt(t, outside, dir)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			u := newProject(t)
			r, base, dir := opened(t, u)
			clean := tree(t, dir)
			outside := filepath.Join(t.TempDir(), "outside")
			writeAt(t, filepath.Join(outside, "main.go"), "precious\n")
			writeAt(t, filepath.Join(outside, "other"), "precious\n")
			c.do(t, dir, outside)
			before := tree(t, outside)
			wantSame(t, "the worktree", tree(t, worktree(t, r, base)), clean)
			wantSame(t, "outside", tree(t, outside), before)
		})
	}
}

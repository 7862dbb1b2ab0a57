package git

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// TestSharedRepository captures the same content in a repository whose files
// must be writable by a group: there Git writes the objects.
func TestSharedRepository(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		var heads []change.Point
		for _, shared := range []string{"umask", "group"} {
			u := newProject(t, "--object-format="+format)
			u.git("config", "core.sharedRepository", shared)
			r, base, _ := opened(t, u)
			dir := worktree(t, r, base)
			writeAt(t, filepath.Join(dir, "src/new.go"), "package main\n")
			c := capture(t, r, base)
			if r.write.byGit != (shared == "group") {
				t.Errorf("%s: written by Git is %v", shared, r.write.byGit)
			}
			info, err := os.Stat(u.path(".git/objects/" + c.Head.Commit[:2] + "/" + c.Head.Commit[2:]))
			if err != nil || (info.Mode().Perm()&0o040 == 0) {
				t.Errorf("%s: %v, %v", shared, info, err)
			}
			u.git("fsck", "--strict")
			heads = append(heads, c.Head)
		}
		if heads[0] != heads[1] {
			t.Errorf("%s: %v", format, heads)
		}
	}
}

// TestCaptureTouchedFolders captures a folder whose files were all written
// again as they were: their folders' trees are in a pack, and are not written
// once more.
func TestCaptureTouchedFolders(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	for d := range strings.SplitSeq("abcdefgh", "") {
		u.write(d+"/f", d)
	}
	base := change.Point{Commit: u.commit("first").Commit}
	u.git("gc", "-q")
	r := u.open()
	must[change.Opened](t)(r.OpenRun(t.Context(), "r1", "x", ""))
	base = must[change.Point](t)(r.complete(t.Context(), base))
	dir := worktree(t, r, base)
	for d := range strings.SplitSeq("abcdefgh", "") {
		removeAt(t, filepath.Join(dir, d, "f"))
		writeAt(t, filepath.Join(dir, d, "f"), d)
	}
	writeAt(t, filepath.Join(dir, "new"), "x\n")
	c := capture(t, r, base)
	if got := u.git("show", "--name-status", "--format=", c.Head.Commit); got != "A\tnew" {
		t.Errorf("the change is %q", got)
	}
	if got := u.git("count-objects"); !strings.HasPrefix(got, "3 objects") { // a file, a tree, a commit
		t.Errorf("there are %s", got)
	}
}

func TestHas(t *testing.T) {
	t.Parallel()
	ctx, u := t.Context(), newProject(t)
	r := u.open()
	has := func(p change.Point, name string, want bool) {
		t.Helper()
		for range 2 { // the second answer is remembered
			if got, err := r.Has(ctx, p.Tree, name); err != nil || got != want {
				t.Errorf("%s in %s: %v, %v", name, p.Tree, got, err)
			}
		}
	}
	u.write("x/y/z/main.go", "package z\n")
	u.write("go.mod.d/x", "x\n")
	first := u.commit("first")
	has(first, "main.go", true)
	has(first, "run.sh", true)
	has(first, "go.mod", false)
	has(first, "y", false) // a folder is no file
	u.write("x/y/go.mod", "module m\n")
	second := u.commit("second")
	has(second, "go.mod", true)
	has(first, "go.mod", false)
	removeAt(t, u.path("x"))
	third := u.commit("third")
	has(third, "go.mod", false)
	if _, err := r.Has(ctx, strings.Repeat("1", 40), "x"); err == nil {
		t.Error("a tree that is not there was looked into")
	}
	// A tree whose folder is missing gives no answer.
	tree := u.git("rev-parse", first.Tree+":x/y")
	removeAt(t, u.path(".git/objects/"+tree[:2]+"/"+tree[2:]))
	_, err := u.open().Has(ctx, first.Tree, "other")
	wantKind(t, err, fault.NotFound, tree)
}

package git

import (
	"os"
	"path/filepath"
	"testing"

	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// What lies beside the tracked files stays when a folder is laid out anew, and
// is no part of a change, whether it is ignored or not.
func TestBeside(t *testing.T) {
	t.Parallel()
	ctx, u := t.Context(), newProject(t)
	r, base, dir := opened(t, u)
	beside := []string{"node_modules", "src/made.txt", "kept.env", "cache"}
	fill := func(dir string) {
		writeAt(t, filepath.Join(dir, "node_modules/a/index.js"), "a")
		writeAt(t, filepath.Join(dir, "node_modules/a/.git/HEAD"), "ref: refs/heads/x\n")
		writeAt(t, filepath.Join(dir, "src/made.txt"), "made")
		writeAt(t, filepath.Join(dir, "src/other.txt"), "other")
		writeAt(t, filepath.Join(dir, "inner/.git/HEAD"), "ref: refs/heads/x\n")
		writeAt(t, filepath.Join(dir, "inner/file"), "x")
	}
	has := func(dir, name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	}
	fill(dir)
	writeAt(t, filepath.Join(dir, ".gitignore"), "kept.env\ncache/\n")
	writeAt(t, filepath.Join(dir, "kept.env"), "x")
	writeAt(t, filepath.Join(dir, "cache/x"), "x")
	q := captureRequest(base)
	q.Beside = beside
	c := must[change.Captured](t)(r.Capture(ctx, q))
	entries := must[[]change.Entry](t)(r.Files(ctx, c.Head.Tree))
	got := map[string]bool{}
	for _, e := range entries {
		got[e.Path] = true
	}
	if !got["src/other.txt"] || !got["inner/file"] || got["src/made.txt"] || got["kept.env"] || got["cache/x"] || got["node_modules/a/index.js"] {
		t.Errorf("captured %v", got)
	}
	if err := r.Release(ctx, q.Owner); err != nil {
		t.Fatal(err)
	}
	w := must[change.Worktree](t)(r.Worktree(ctx, change.WorktreeRequest{Owner: "r1/next", Base: base, Beside: beside}))
	if w.Dir != dir || w.Kept || !has(dir, "node_modules/a/index.js") || !has(dir, "src/made.txt") || has(dir, "src/other.txt") {
		t.Errorf("laid out anew: %+v, %v", w, tree(t, dir))
	}
	if w = must[change.Worktree](t)(r.Worktree(ctx, change.WorktreeRequest{Owner: "r1/next", Base: base, Keep: true})); !w.Kept || !has(dir, "src/made.txt") {
		t.Errorf("kept: %+v", w)
	}
	w = must[change.Worktree](t)(r.Worktree(ctx, change.WorktreeRequest{Owner: "r1/next", Base: base}))
	if w.Kept || has(dir, "node_modules") || has(dir, "src/made.txt") {
		t.Error("what is not asked for stayed")
	}

	leased, release, err := r.Lease(ctx, base.Tree, beside...)
	if err != nil {
		t.Fatal(err)
	}
	fill(leased)
	release()
	again, release, err := r.Lease(ctx, base.Tree, beside...)
	if err != nil || again != leased || !has(again, "src/made.txt") || has(again, "src/other.txt") {
		t.Errorf("leased again: %s, %v", again, err)
	}
	release()
	for _, p := range []string{"../x", "/etc", "."} {
		_, _, err = r.Lease(ctx, base.Tree, p)
		wantKind(t, err, fault.Invalid, "inside")
		_, err = r.Worktree(ctx, change.WorktreeRequest{Owner: "r1/next", Base: base, Beside: []string{p}})
		wantKind(t, err, fault.Invalid, "inside")
		q.Owner, q.Beside = "r1/next", []string{p}
		_, err = r.Capture(ctx, q)
		wantKind(t, err, fault.Invalid, "inside")
	}
}

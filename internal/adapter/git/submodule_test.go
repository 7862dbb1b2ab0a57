package git

import (
	"strings"
	"testing"
)

func TestCaptureSubmodules(t *testing.T) {
	t.Parallel()
	lib := newProject(t)
	u := newProject(t)
	u.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", lib.dir, "lib")
	u.commit("with a submodule")
	with := "100644 .gitmodules\n100644 a.txt\n160000 lib\n100644 src/main.go\n100755 src/run.sh"
	tr := newTrap(t)
	for _, c := range []struct {
		name string
		do   func(t *testing.T, w *user)
		want string
		note string
	}{
		{"untouched", func(*testing.T, *user) {}, with, ""},
		{"files inside", func(_ *testing.T, w *user) { w.write("lib/x", "x") }, with, "submodule lib"},
		{"filled with a hostile repository", func(t *testing.T, w *user) {
			// At the commit that is recorded: Git would ask whether it is dirty.
			w.git("clone", "-q", lib.dir, "lib")
			n := w.at(w.path("lib"))
			n.write("x", "x\n")
			n.write("a.txt", "changed\n")
			writeAt(t, n.path(".git/config"), "[core]\n\trepositoryformatversion = 0\n"+tr.config())
		}, with, "submodule lib"},
		{"moved on", func(_ *testing.T, w *user) {
			w.git("clone", "-q", lib.dir, "lib")
			w.at(w.path("lib")).write("x", "x\n")
			w.at(w.path("lib")).commit("inner")
		}, with, "submodule lib"},
		{"removed", func(t *testing.T, w *user) { removeAt(t, w.path("lib")) }, strings.Replace(with, "160000 lib\n", "", 1), ""},
		{"turned into a file", func(t *testing.T, w *user) {
			removeAt(t, w.path("lib"))
			w.write("lib", "x")
		}, strings.Replace(with, "160000 lib", "100644 lib", 1), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, base, dir := opened(t, u)
			if got := tree(t, dir)["lib"]; got != "dir" {
				t.Fatalf("the submodule is %q", got)
			}
			c.do(t, u.at(dir))
			got := capture(t, r, base)
			if u.ls(got.Head.Tree) != c.want || (got.Head.Tree == base.Tree) != (c.want == with) {
				t.Errorf("captured\n%s", u.ls(got.Head.Tree))
			}
			wantNote(t, got.Notes, c.note)
			after := tree(t, worktree(t, r, base))
			if _, ok := after["lib/x"]; ok || after["lib"] != "dir" {
				t.Error("the submodule's folder was not emptied")
			}
		})
	}
	if n := tr.sprung(); n != 0 {
		t.Errorf("%d programs of the agent ran", n)
	}
}

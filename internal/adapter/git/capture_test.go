package git

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// opened is a project with run r1 opened and a worktree for r1/t.
func opened(t *testing.T, u *user) (*Repo, change.Point, string) {
	t.Helper()
	r := u.open()
	o := must[change.Opened](t)(r.OpenRun(t.Context(), "r1", "x", ""))
	return r, o.Base, worktree(t, r, o.Base)
}

const firstFiles = "100644 a.txt\n100644 src/main.go\n100755 src/run.sh"

func TestCaptureUnchanged(t *testing.T) {
	t.Parallel()
	u := newProject(t)
	r, base, _ := opened(t, u)
	c := capture(t, r, base)
	if c.Head.Tree != base.Tree || len(c.Dropped) > 0 {
		t.Errorf("nothing was done, and it is %+v", c)
	}
	wantNote(t, c.Notes, "")
}

func TestCaptureCommit(t *testing.T) {
	t.Parallel()
	u := newProject(t)
	r, base, dir := opened(t, u)
	writeAt(t, filepath.Join(dir, "new.txt"), "n\n")
	c := capture(t, r, base)
	got := u.git("cat-file", "commit", c.Head.Commit)
	want := "tree " + c.Head.Tree + "\nparent " + base.Commit + "\nauthor " + author + " 1700000123 +0000\n" +
		"committer Muster <muster@localhost> 1700000123 +0000\n\ndo it\n\nbody"
	if got != want {
		t.Errorf("the commit is\n%s\nwant\n%s", got, want)
	}
	if u.point("refs/muster/attempts/r1/t.1") != c.Head {
		t.Error("the ref stands elsewhere")
	}
	if again := capture(t, r, base); again.Head != c.Head {
		t.Errorf("the same content gives %v and %v", c.Head, again.Head)
	}
	later := captureRequest(base)
	later.AtUS += 1_000_000
	if c2 := must[change.Captured](t)(r.Capture(t.Context(), later)); c2.Head.Commit == c.Head.Commit || c2.Head.Tree != c.Head.Tree {
		t.Error("another date gives the same commit, or another tree")
	}
}

func TestCaptureRefuses(t *testing.T) {
	t.Parallel()
	u := newProject(t)
	r, base, _ := opened(t, u)
	for _, c := range []struct {
		name string
		kind fault.Kind
		edit func(*change.CaptureRequest)
	}{
		{"author", fault.Invalid, func(q *change.CaptureRequest) { q.Author = "nobody" }},
		{"author line", fault.Invalid, func(q *change.CaptureRequest) { q.Author = "a\nb <c>" }},
		{"message", fault.Invalid, func(q *change.CaptureRequest) { q.Message = "a\x00b" }},
		{"ref of a person", fault.Invalid, func(q *change.CaptureRequest) { q.Ref = "refs/heads/main" }},
		{"ref", fault.Invalid, func(q *change.CaptureRequest) { q.Ref = "refs/muster/a b" }},
		{"base", fault.NotFound, func(q *change.CaptureRequest) { q.Base = change.Point{Commit: strings.Repeat("1", 40)} }},
		{"base option", fault.Invalid, func(q *change.CaptureRequest) { q.Base = change.Point{Commit: "--help"} }},
		{"base mismatch", fault.Invalid, func(q *change.CaptureRequest) { q.Base.Tree = strings.Repeat("1", 40) }},
		{"owner", fault.NotFound, func(q *change.CaptureRequest) { q.Owner = "r1/other" }},
	} {
		q := captureRequest(base)
		c.edit(&q)
		if _, err := r.Capture(t.Context(), q); fault.KindOf(err) != c.kind {
			t.Errorf("%s: %q %v", c.name, fault.KindOf(err), err)
		}
	}
}

// TestCaptureContent says what becomes of everything an agent can leave.
func TestCaptureContent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		base func(u *user)
		do   func(t *testing.T, w *user)
		want string // files; "same" for the base's
		note string
	}{
		{name: "staged half", do: func(_ *testing.T, w *user) {
			w.write("s.txt", "staged\n")
			w.git("add", "s.txt")
			w.write("s.txt", "then changed\n")
			w.write("u.txt", "u\n")
		}, want: "100644 a.txt\n100644 s.txt\n100644 src/main.go\n100755 src/run.sh\n100644 u.txt"},
		{name: "everything deleted", do: func(t *testing.T, w *user) {
			removeAt(t, w.path("a.txt"))
			removeAt(t, w.path("src"))
		}, want: ""},
		{name: "mode", do: func(t *testing.T, w *user) {
			if err := errors.Join(os.Chmod(w.path("a.txt"), 0o755), os.Chmod(w.path("src/run.sh"), 0o644)); err != nil {
				t.Fatal(err)
			}
		}, want: "100755 a.txt\n100644 src/main.go\n100644 src/run.sh"},
		{name: "links", do: func(t *testing.T, w *user) {
			removeAt(t, w.path("a.txt"))
			linkAt(t, "/etc/passwd", w.path("a.txt"))
			linkAt(t, "nowhere", w.path("dangling"))
			removeAt(t, w.path("src"))
			linkAt(t, "/etc", w.path("src"))
		}, want: "120000 a.txt\n120000 dangling\n120000 src"},
		{name: "names", do: func(_ *testing.T, w *user) {
			w.write("line\nbreak", "x")
			w.write("not\xffutf8", "x")
			w.write("-rf", "x")
			w.write(":(exclude)a.txt", "x")
			w.write(`q"uo'te\`, "x")
		}, want: "100644 -rf\n100644 :(exclude)a.txt\n100644 a.txt\n100644 \"line\\nbreak\"\n100644 \"not\\377utf8\"\n" +
			"100644 \"q\\\"uo'te\\\\\"\n100644 src/main.go\n100755 src/run.sh"},
		{name: "pipe", do: func(t *testing.T, w *user) {
			if err := syscall.Mkfifo(w.path("pipe"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, want: "same"},
		{name: "ignored", base: func(u *user) {
			u.write(".gitignore", "*.log\nbuild/\n")
			u.write("kept.log", "x\n")
			u.git("add", "-f", "kept.log")
			writeAt(u.t, u.path(".git/info/exclude"), "mine.txt\n")
		}, do: func(_ *testing.T, w *user) {
			w.write("kept.log", "changed\n")
			w.write("other.log", "x\n")
			w.write("build/out", "x\n")
			w.write("mine.txt", "x\n")
			w.write("src/deep/y.log", "x\n")
		}, want: "100644 .gitignore\n100644 a.txt\n100644 kept.log\n100644 src/main.go\n100755 src/run.sh"},
		{name: "newly ignored stays", do: func(_ *testing.T, w *user) {
			w.write(".gitignore", "a.txt\nsrc\nnew.txt\n")
			w.write("a.txt", "changed\n")
			w.write("new.txt", "x\n")
		}, want: "100644 .gitignore\n" + firstFiles},
		{name: "index tricks", do: func(_ *testing.T, w *user) {
			w.git("update-index", "--assume-unchanged", "a.txt")
			w.git("update-index", "--skip-worktree", "src/main.go")
			w.write("a.txt", "hidden change\n")
			w.git("rm", "-q", "--cached", "src/run.sh")
		}, want: "same"},
		{name: "nested with commits", do: func(_ *testing.T, w *user) {
			w.write("lib/one.txt", "1\n")
			w.write("lib/.gitignore", "*.o\n")
			w.write("lib/x.o", "o\n")
			n := w.at(w.path("lib"))
			n.git("init", "-q")
			n.commit("inner")
			n.write("deep/two.txt", "2\n")
			n.at(n.path("deep")).git("init", "-q")
			n.at(n.path("deep")).commit("innermost")
		}, want: firstFiles[:12] + "\n100644 lib/.gitignore\n100644 lib/deep/two.txt\n100644 lib/one.txt" + firstFiles[12:], note: "lib"},
		{name: "nested without commit", do: func(_ *testing.T, w *user) {
			w.write("lib/one.txt", "1\n")
			w.at(w.path("lib")).git("init", "-q")
		}, want: firstFiles[:12] + "\n100644 lib/one.txt" + firstFiles[12:], note: "lib is a repository of its own"},
		{name: "nested, ignored", base: func(u *user) { u.write(".gitignore", "vendor/\n") }, do: func(_ *testing.T, w *user) {
			w.write("vendor/one.txt", "1\n")
			w.at(w.path("vendor")).git("init", "-q")
			w.write("lib/one.txt", "1\n")
			w.at(w.path("lib")).git("init", "-q")
		}, want: "100644 .gitignore\n" + firstFiles[:12] + "\n100644 lib/one.txt" + firstFiles[12:], note: "lib is a repository"},
		{name: "nested in a tracked folder", do: func(_ *testing.T, w *user) {
			w.at(w.path("src")).git("init", "-q")
			w.at(w.path("src")).commit("inner")
			w.write("src/more.go", "package main\n")
		}, want: "100644 a.txt\n100644 src/main.go\n100644 src/more.go\n100755 src/run.sh"},
		{name: "nested in place of a file", do: func(t *testing.T, w *user) {
			removeAt(t, w.path("a.txt"))
			w.write("a.txt/one", "1\n")
			w.at(w.path("a.txt")).git("init", "-q")
			w.at(w.path("a.txt")).commit("inner")
		}, want: "100644 a.txt/one" + firstFiles[12:], note: "a.txt is a repository"},
		{name: "file and folder swapped", do: func(t *testing.T, w *user) {
			removeAt(t, w.path("a.txt"))
			w.write("a.txt/one", "1\n")
			removeAt(t, w.path("src"))
			w.write("src", "now a file\n")
		}, want: "100644 a.txt/one\n100644 src"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			u := newProject(t)
			if c.base != nil {
				c.base(u)
				u.commit("more")
			}
			r, base, dir := opened(t, u)
			c.do(t, u.at(dir))
			before := tree(t, dir)
			got := capture(t, r, base)
			if want := strings.Replace(c.want, "same", u.ls(base.Tree), 1); u.ls(got.Head.Tree) != want {
				t.Errorf("captured\n%s\nwant\n%s", u.ls(got.Head.Tree), want)
			}
			if c.note == "lib" {
				if len(got.Notes) != 2 {
					t.Errorf("notes are %q", got.Notes)
				}
			} else {
				wantNote(t, got.Notes, c.note)
			}
			wantSame(t, "the worktree after capture", tree(t, dir), before)
			if again := capture(t, r, base); again.Head != got.Head {
				t.Errorf("captured %v and then %v", got.Head, again.Head)
			}
			if c.note != "" {
				u.git("fsck", "--strict", "--no-dangling", got.Head.Commit)
			}
		})
	}
}

func TestCaptureUnreadable(t *testing.T) {
	t.Parallel()
	u := newProject(t)
	r, base, dir := opened(t, u)
	writeAt(t, filepath.Join(dir, "git~1"), "x")
	_, err := r.Capture(t.Context(), captureRequest(base))
	wantKind(t, err, fault.Invalid, "renamed or deleted")
	removeAt(t, filepath.Join(dir, "git~1"))
	capture(t, r, base)
}

// TestCaptureSameSecond guards the cheap comparison by file times: a change of
// the same size, in the same second, with the old times put back.
func TestCaptureSameSecond(t *testing.T) {
	t.Parallel()
	u := newProject(t)
	r, base, dir := opened(t, u)
	p := filepath.Join(dir, "a.txt")
	info, err := os.Stat(p)
	if err != nil {
		t.Fatal(err)
	}
	writeAt(t, p, "ONE\ntwo\nthree\n")
	if err := os.Chtimes(p, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if c := capture(t, r, base); u.show(c.Head.Tree, "a.txt") != "ONE\ntwo\nthree" {
		t.Error("the change was not seen")
	}
	// And back: the pool must see it too.
	if got := worktree(t, r, base); tree(t, got)["a.txt"] != "false one\ntwo\nthree\n" {
		t.Error("the change was not undone")
	}
}

// TestCopyIndexKeepsTime: a younger copy would hide changes from Git.
func TestCopyIndexKeepsTime(t *testing.T) {
	t.Parallel()
	from, to := filepath.Join(t.TempDir(), "from"), filepath.Join(t.TempDir(), "to")
	writeAt(t, from, "content")
	old := time.Unix(1_700_000_000, 123_000_000)
	if err := errors.Join(os.Chtimes(from, old, old), copyIndex(from, to)); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(to)
	if err != nil || !info.ModTime().Equal(old) {
		t.Errorf("the copy is of %v, %v", info.ModTime(), err)
	}
}

func TestCaptureAgentsGit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		do            func(w *user)
		dropped, note int
		say           string
	}{
		{"committed", func(w *user) {
			w.write("n1", "1\n")
			w.commit("mine 1")
			w.write("n2", "2\n")
			w.commit("mine 2")
		}, 2, 0, "mine 2"},
		{"amended", func(w *user) {
			w.write("n1", "1\n")
			w.write("n2", "2\n")
			w.git("add", "-A")
			w.git("commit", "-q", "--amend", "-m", "rewritten")
		}, 1, 0, "rewritten"},
		{"switched to a new branch", func(w *user) {
			w.git("checkout", "-q", "-b", "feature")
			w.write("n1", "1\n")
			w.commit("on it")
			w.write("n2", "2\n")
		}, 1, 2, "the agent switched to branch feature"},
		{"tagged", func(w *user) {
			w.git("tag", "v1")
			w.write("n1", "1\n")
			w.write("n2", "2\n")
		}, 0, 1, "refs/tags/v1 appeared"},
		{"deleted a branch", func(w *user) {
			w.git("branch", "-q", "-D", "old")
			w.write("n1", "1\n")
			w.write("n2", "2\n")
		}, 0, 1, "refs/heads/old disappeared"},
		{"moved a branch", func(w *user) {
			w.git("branch", "-q", "-f", "old", "old~1")
			w.write("n1", "1\n")
			w.write("n2", "2\n")
		}, 0, 1, "refs/heads/old moved"},
		{"half a merge", func(w *user) {
			w.write("n1", "1\n")
			w.write("n2", "2\n")
			writeAt(w.t, filepath.Join(w.git("rev-parse", "--absolute-git-dir"), "MERGE_HEAD"), "x\n")
		}, 0, 0, ""},
		{"HEAD broken", func(w *user) {
			w.write("n1", "1\n")
			w.write("n2", "2\n")
			writeAt(w.t, filepath.Join(w.git("rev-parse", "--absolute-git-dir"), "HEAD"), "ref: ../../x\n")
		}, 0, 1, "damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := newProject(t)
			v.git("commit", "-q", "--allow-empty", "-m", "second")
			v.git("branch", "-q", "old")
			r, base, dir := opened(t, v)
			c.do(v.at(dir))
			got := capture(t, r, base)
			if want := "100644 a.txt\n100644 n1\n100644 n2\n100644 src/main.go\n100755 src/run.sh"; v.ls(got.Head.Tree) != want {
				t.Errorf("captured\n%s", v.ls(got.Head.Tree))
			}
			if v.git("rev-parse", got.Head.Commit+"^") != base.Commit {
				t.Error("the base is not the parent")
			}
			all := strings.Join(append(got.Dropped, got.Notes...), "\n")
			if len(got.Dropped) != c.dropped || len(got.Notes) != c.note || !strings.Contains(all, c.say) {
				t.Errorf("dropped %q, notes %q", got.Dropped, got.Notes)
			}
			// The next owner finds none of it.
			if err := r.Release(t.Context(), "r1/t"); err != nil {
				t.Fatal(err)
			}
			w := v.at(worktree(t, r, base))
			if out := w.git("status", "--porcelain", "--ignored"); out != "" {
				t.Errorf("the next owner finds %s", out)
			}
			if out := w.git("branch", "--show-current"); out != "" || w.git("rev-parse", "HEAD") != base.Commit {
				t.Errorf("the next owner starts on %q", out)
			}
		})
	}
}

func TestCaptureReplacedGitFile(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(t *testing.T, w *user){
		"was deleted": func(*testing.T, *user) {},
		"replaced by a repository": func(_ *testing.T, w *user) {
			w.git("init", "-q")
			w.commit("everything")
		},
		"points elsewhere":             func(t *testing.T, w *user) { writeAt(t, w.path(".git"), "gitdir: /tmp/evil\n") },
		"replaced by a symbolic link":  func(t *testing.T, w *user) { linkAt(t, "/tmp", w.path(".git")) },
		"replaced by a pipe; it was n": func(t *testing.T, w *user) { must[int](t)(0, syscall.Mkfifo(w.path(".git"), 0o600)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newProject(t)
			r, base, dir := opened(t, u)
			removeAt(t, filepath.Join(dir, ".git"))
			writeAt(t, filepath.Join(dir, "n"), "1\n")
			do(t, u.at(dir))
			got := capture(t, r, base)
			wantNote(t, got.Notes, name)
			if want := "100644 a.txt\n100644 n\n100644 src/main.go\n100755 src/run.sh"; u.ls(got.Head.Tree) != want {
				t.Errorf("captured\n%s", u.ls(got.Head.Tree))
			}
			w := u.at(worktree(t, r, base))
			if out := w.git("status", "--porcelain"); out != "" || w.git("rev-parse", "HEAD") != base.Commit {
				t.Errorf("the worktree was not linked again: %s", out)
			}
		})
	}
}

func TestCaptureOnOtherTree(t *testing.T) {
	t.Parallel()
	u := newProject(t)
	r, base, dir := opened(t, u)
	writeAt(t, filepath.Join(dir, "first.txt"), "1\n")
	writeAt(t, filepath.Join(dir, ".gitignore"), "a.txt\n")
	removeAt(t, filepath.Join(dir, "a.txt"))
	c := capture(t, r, base)
	// The next attempt continues on that content, measured against the base.
	w := must[change.Worktree](t)(r.Worktree(t.Context(), change.WorktreeRequest{Owner: "r1/t", Base: base, Tree: c.Head.Tree}))
	if w.Base != base {
		t.Errorf("the base is %v", w.Base)
	}
	if again := capture(t, r, base); again.Head != c.Head {
		t.Errorf("laid out again it is %v, not %v", again.Head, c.Head)
	}
	// What the base tracks stays tracked, although the content ignores it now.
	writeAt(t, filepath.Join(w.Dir, "a.txt"), "back\n")
	if c := capture(t, r, base); u.show(c.Head.Tree, "a.txt") != "back" {
		t.Error("a file of the base was taken for an ignored one")
	}
}

func TestCaptureLineEndings(t *testing.T) {
	t.Parallel()
	u := newProject(t)
	u.write(".gitattributes", "*.txt text=auto\n*.bat text eol=crlf\n")
	u.write("run.bat", "echo\r\n")
	u.commit("attributes")
	r, base, dir := opened(t, u)
	if got := tree(t, dir)["run.bat"]; got != "false echo\r\n" {
		t.Errorf("laid out %q", got)
	}
	writeAt(t, filepath.Join(dir, "new.txt"), "a\r\nb\r\n")
	c := capture(t, r, base)
	if d := must[change.Change](t)(r.Diff(t.Context(), base.Tree, c.Head.Tree)); len(d.Files) != 1 {
		t.Errorf("changed %+v", d.Files)
	}
	if got := u.git("cat-file", "-s", c.Head.Tree+":new.txt"); got != "4" {
		t.Errorf("new.txt has %s bytes in the repository", got)
	}
}

func TestCaptureHuge(t *testing.T) {
	t.Parallel()
	u := newProject(t)
	r, base, dir := opened(t, u)
	const size = 24 << 20
	if err := os.Truncate(filepath.Join(dir, "a.txt"), size); err != nil {
		t.Fatal(err)
	}
	c := capture(t, r, base)
	_, _, err := r.ReadFile(t.Context(), c.Head.Tree, "a.txt")
	wantKind(t, err, fault.Invalid, "bytes")
	d := must[change.Change](t)(r.Diff(t.Context(), base.Tree, c.Head.Tree))
	if len(d.Files) != 1 || !d.Files[0].IsBinary {
		t.Errorf("changed %+v", d.Files)
	}
}

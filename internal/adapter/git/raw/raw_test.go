package raw_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/adapter/git/raw"
	"muster/internal/core/fault"
)

// repo is a repository that Git itself works on, to compare with.
type repo struct {
	t   testing.TB
	dir string
	env []string
}

func newRepo(t testing.TB, format string) *repo {
	t.Helper()
	r := &repo{t: t, dir: t.TempDir(), env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=P", "GIT_AUTHOR_EMAIL=p@x", "GIT_COMMITTER_NAME=Muster", "GIT_COMMITTER_EMAIL=muster@localhost",
		"GIT_AUTHOR_DATE=@1700000000 +0000", "GIT_COMMITTER_DATE=@1700000000 +0000",
	}}
	r.git("init", "-q", "--template=", "-b", "main", "--object-format="+format)
	return r
}

func (r *repo) run(stdin string, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(r.t.Context(), "git", args...)
	cmd.Dir, cmd.Env, cmd.Stdin = r.dir, append(slices.Clone(r.env), env...), strings.NewReader(stdin)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("git %v: %w: %s", args, err, said.String())
	}
	return strings.TrimRight(string(out), "\n"), err
}

func (r *repo) git(args ...string) string {
	r.t.Helper()
	out, err := r.run("", nil, args...)
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

func (r *repo) write(name, content string) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(content), 0o644)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *repo) store(format string) raw.Store {
	return raw.Store{Dir: filepath.Join(r.dir, ".git", "objects"), Format: format}
}

func (r *repo) index(format string) raw.Index {
	r.t.Helper()
	x, err := raw.ReadIndex(filepath.Join(r.dir, ".git", "index"), r.store(format).IDLen())
	if err != nil {
		r.t.Fatal(err)
	}
	return x
}

func formats(t *testing.T, f func(t *testing.T, format string)) {
	t.Helper()
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) { t.Parallel(); f(t, format) })
	}
}

// TestParseIndex compares with what Git itself says about its index.
func TestParseIndex(t *testing.T) {
	t.Parallel()
	formats(t, func(t *testing.T, format string) {
		r := newRepo(t, format)
		r.write("a.txt", "x")
		r.write("src/run.sh", "x")
		r.write("src.go", "x") // sorts before what is below src
		r.write("deep/er/and/deeper", "x")
		r.write(strings.Repeat("long/", 60)+"x", "x") // a name longer than a file name may be
		r.git("add", "-A")
		r.git("update-index", "--chmod=+x", "src/run.sh")
		r.write("later", "x")
		r.git("add", "-N", "later") // extended flags: version 3
		x := r.index(format)
		if want := strings.Split(r.git("ls-files"), "\n"); !slices.Equal(x.Paths(), want) {
			t.Errorf("the index has %q, want %q", x.Paths(), want)
		}
		for _, d := range []string{"deep", "deep/er", "deep/er/and", "src"} {
			if !x.HasBelow(d) {
				t.Errorf("%s is no folder", d)
			}
		}
		for _, d := range []string{"a.txt", "dee", "sr", "zzz", "src/run.sh", "later"} {
			if x.HasBelow(d) {
				t.Errorf("%s is a folder", d)
			}
		}
		if m, ok := x.Mode("src/run.sh"); !ok || m != 0o100755 {
			t.Errorf("mode %o, %v", m, ok)
		}
		if _, ok := x.Mode("src"); ok {
			t.Error("a folder is tracked")
		}
	})
	if x, err := raw.ReadIndex(filepath.Join(t.TempDir(), "none"), 20); err != nil || len(x.Paths()) != 0 {
		t.Errorf("a missing index is not empty: %v, %v", x, err)
	}
}

func FuzzParseIndex(f *testing.F) {
	r := newRepo(f, "sha1")
	r.write("a/b", "x")
	r.write("c", "x")
	r.git("add", "-A")
	r.git("write-tree")
	whole, err := os.ReadFile(filepath.Join(r.dir, ".git", "index"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-7])
	f.Add([]byte("DIRC\x00\x00\x00\x02\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := raw.ParseIndex(data, 20)
		if err != nil {
			return
		}
		for _, p := range x.Paths() {
			if p == "" || strings.Contains(p, "\x00") {
				t.Errorf("the index has the path %q", p)
			}
		}
		_, _, _ = x.Tree(raw.Store{}) // must not panic or run on
	})
}

// TestTree compares with git write-tree after changes that leave some folders'
// trees known and others not.
func TestTree(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		change  func(r *repo)
		objects int // written
	}{
		{"nothing", func(*repo) {}, 0},
		{"a file at the top", func(r *repo) { r.write("new", "x") }, 1},
		{"a file in a folder", func(r *repo) { r.write("a/b/new", "x") }, 3},
		{"a new folder", func(r *repo) { r.write("n/e/w", "x") }, 3},
		{"an executable file", func(r *repo) { r.write("a/x", "x"); _ = os.Chmod(filepath.Join(r.dir, "a/x"), 0o755) }, 2},
		{"a link", func(r *repo) { _ = os.Symlink("..", filepath.Join(r.dir, "a/l")) }, 2},
		{"names that sort around a folder's", func(r *repo) { r.write("a.b", "x"); r.write("a-b", "x"); r.write("a0", "x") }, 1},
		{"a folder in place of a file", func(r *repo) { _ = os.Remove(filepath.Join(r.dir, "f")); r.write("f/g", "x") }, 2},
		{"a deleted folder", func(r *repo) { _ = os.RemoveAll(filepath.Join(r.dir, "a")) }, 1},
		{"a file that is only meant to be added", func(r *repo) {
			r.write("new", "x")
			r.write("later", "x")
			r.git("add", "new")
			r.git("add", "-N", "later")
		}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			formats(t, func(t *testing.T, format string) {
				r := newRepo(t, format)
				for _, f := range []string{"f", "a/one", "a/b/two", "z/three"} {
					r.write(f, f)
					// Git adds files again that are as young as the index.
					if err := os.Chtimes(filepath.Join(r.dir, f), time.Time{}, time.Unix(1_700_000_000, 0)); err != nil {
						t.Fatal(err)
					}
				}
				r.git("add", "-A")
				r.git("write-tree")
				tt.change(r)
				if !strings.Contains(tt.name, "meant") {
					r.git("add", "-A")
				}
				s := r.store(format)
				id, objects, err := r.index(format).Tree(s)
				if err != nil || len(objects) != tt.objects {
					t.Fatalf("%d objects, %v; want %d", len(objects), err, tt.objects)
				}
				if err := s.Write(objects...); err != nil {
					t.Fatal(err)
				}
				r.git("ls-tree", "-r", id) // reads them all
				r.git("fsck", "--strict")
				if want := r.git("write-tree"); id != want {
					t.Errorf("the tree is %s, Git says %s", id, want)
				}
			})
		})
	}
}

func TestTreeThatOnlyGitCanWrite(t *testing.T) {
	t.Parallel()
	r := newRepo(t, "sha1")
	r.write("a", "x")
	r.git("add", "-A")
	if _, _, err := r.index("sha1").Tree(r.store("sha1")); err != raw.ErrUnknown { //nolint:errorlint // it is given as it is
		t.Errorf("an index without trees: %v", err)
	}
	r.git("commit", "-q", "-m", "x")
	r.git("checkout", "-q", "-b", "other")
	r.write("a", "y")
	r.git("commit", "-q", "-a", "-m", "y")
	r.git("checkout", "-q", "main")
	r.write("a", "z")
	r.git("commit", "-q", "-a", "-m", "z")
	if _, err := r.run("", nil, "merge", "other"); err == nil {
		t.Fatal("there is no conflict")
	}
	if _, _, err := r.index("sha1").Tree(r.store("sha1")); err != raw.ErrUnknown { //nolint:errorlint // it is given as it is
		t.Errorf("an index with a conflict: %v", err)
	}
}

// TestCommit compares with git commit-tree.
func TestCommit(t *testing.T) {
	t.Parallel()
	formats(t, func(t *testing.T, format string) {
		r := newRepo(t, format)
		tree := r.git("write-tree")
		parent := r.git("commit-tree", "-m", "p", tree)
		for _, tt := range []struct{ parent, message, name, email string }{
			{"", "one line", "Agent", "agent@example.org"},
			{parent, "subject\n\nbody\n\n\n", "Ägent", "a@b"},
			{parent, "", "x", "y"},
			{parent, "\n\nleading", " . Dr. O'Neil, \"x\" ; ", " a@b. "},
		} {
			c := raw.Commit{Tree: tree, Parent: tt.parent, Message: tt.message, Author: tt.name + " <" + tt.email + ">", AtUS: 1_700_000_123_999_999}
			content, err := c.Encode()
			if err != nil {
				t.Fatal(err)
			}
			s := r.store(format)
			o := s.New("commit", content)
			for range 2 { // again: it is there
				if err := s.Write(o); err != nil {
					t.Fatal(err)
				}
			}
			args := []string{"commit-tree", "-F", "-", tree}
			if tt.parent != "" {
				args = append(args, "-p", tt.parent)
			}
			when := "@1700000123 +0000"
			want, err := r.run(strings.TrimRight(tt.message, "\n")+"\n", []string{
				"GIT_AUTHOR_NAME=" + tt.name, "GIT_AUTHOR_EMAIL=" + tt.email, "GIT_AUTHOR_DATE=" + when, "GIT_COMMITTER_DATE=" + when,
			}, args...)
			if err != nil || o.ID != want {
				t.Errorf("%q by %q: %s, Git says %s, %v\n%s", tt.message, tt.name, o.ID, want, err, content)
			}
			r.git("fsck", "--strict", o.ID)
		}
	})
	for _, author := range []string{"", "x", "x <>", " <y>", "x <y", "x <y> z", "x\n <y>", "x <y\n>", ". <y>", "x <,>", "<x> <y>"} {
		if _, err := (raw.Commit{Author: author}).Encode(); fault.KindOf(err) != fault.Invalid {
			t.Errorf("author %q: %v", author, err)
		}
	}
	if _, err := (raw.Commit{Author: "x <y>", Message: "a\x00b"}).Encode(); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a message with a NUL byte: %v", err)
	}
}

// TestWrite writes objects of all sizes around that of a block.
func TestWrite(t *testing.T) {
	t.Parallel()
	r := newRepo(t, "sha1")
	s := r.store("sha1")
	for _, size := range []int{0, 1, 65535 - 11, 65535 - 10, 65535, 3 * 65535, 200_000} {
		content := bytes.Repeat([]byte{'x', 0}, size/2+1)[:size]
		o := s.New("blob", content)
		if err := s.Write(o); err != nil {
			t.Fatal(err)
		}
		if got, err := r.run("", nil, "cat-file", "-s", o.ID); err != nil || got != fmt.Sprint(size) {
			t.Errorf("%d bytes: Git reads %s, %v", size, got, err)
		}
		info, err := os.Stat(filepath.Join(s.Dir, o.ID[:2], o.ID[2:]))
		if err != nil || info.Mode().Perm() != 0o444 {
			t.Errorf("%v, %v", info, err)
		}
	}
	r.git("fsck", "--strict")
	s.Dir = filepath.Join(s.Dir, "none")
	if err := s.Write(s.New("blob", []byte("a")), s.New("blob", []byte("b"))); err == nil {
		t.Error("a folder that is not there can be written to")
	}
}

// TestWriteKeepsTheOrder makes the second of three objects impossible.
func TestWriteKeepsTheOrder(t *testing.T) {
	t.Parallel()
	s := raw.Store{Dir: t.TempDir(), Format: "sha1"}
	objects := []raw.Object{s.New("blob", []byte("1")), s.New("blob", []byte("2")), s.New("blob", []byte("3"))}
	if err := os.WriteFile(filepath.Join(s.Dir, objects[1].ID[:2]), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(objects...); err == nil || !strings.Contains(err.Error(), objects[1].ID) {
		t.Errorf("error %v", err)
	}
	left, err := filepath.Glob(filepath.Join(s.Dir, "*", "*"))
	if want := filepath.Join(s.Dir, objects[0].ID[:2], objects[0].ID[2:]); err != nil || len(left) != 1 || left[0] != want {
		t.Errorf("there is %v, %v; want %s only", left, err, want)
	}
}

// TestRefs compares with git for-each-ref.
func TestRefs(t *testing.T) {
	t.Parallel()
	formats(t, func(t *testing.T, format string) {
		r := newRepo(t, format)
		first := r.git("commit-tree", "-m", "1", r.git("write-tree"))
		second := r.git("commit-tree", "-m", "2", "-p", first, r.git("write-tree"))
		for _, name := range []string{"heads/main", "heads/a/b", "tags/v1", "muster/runs/1/head", "heads/muster/plan", "heads/muster-like", "stash"} {
			r.git("update-ref", "refs/"+name, first)
		}
		r.git("tag", "-a", "-m", "x", "v2", first)
		compare := func() {
			t.Helper()
			got, err := raw.Refs(filepath.Join(r.dir, ".git"))
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, x := range got {
				lines = append(lines, x.ID+" "+x.Name)
			}
			if want := strings.Split(r.git("for-each-ref", "--format=%(objectname) %(refname)"), "\n"); !slices.Equal(lines, want) {
				t.Errorf("the refs are\n%s\nGit says\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
			}
		}
		compare()
		r.git("pack-refs", "--all")
		compare()
		r.git("update-ref", "refs/heads/main", second) // loose and packed
		r.git("update-ref", "-d", "refs/tags/v1")
		r.git("update-ref", "refs/heads/new", second)
		r.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/heads/a/b")
		r.write(".git/refs/heads/being-written.lock", second)
		compare()
		got, err := raw.Refs(filepath.Join(r.dir, ".git"), "refs/muster/", "refs/heads/muster/")
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range got {
			if strings.HasPrefix(x.Name, "refs/muster/") || strings.HasPrefix(x.Name, "refs/heads/muster/") {
				t.Errorf("%s is not left out", x.Name)
			}
		}
		if !slices.ContainsFunc(got, func(x raw.Ref) bool { return x.Name == "refs/heads/muster-like" }) {
			t.Error("refs/heads/muster-like is left out")
		}
		// What Git would warn of is left out.
		r.write(".git/refs/heads/broken", "nonsense\n")
		r.git("symbolic-ref", "refs/heads/dangling", "refs/heads/none")
		r.git("symbolic-ref", "refs/heads/ring", "refs/heads/ring2")
		r.git("symbolic-ref", "refs/heads/ring2", "refs/heads/ring")
		got, err = raw.Refs(filepath.Join(r.dir, ".git"))
		if err != nil || slices.ContainsFunc(got, func(x raw.Ref) bool {
			return strings.HasPrefix(x.Name, "refs/heads/ring") || x.Name == "refs/heads/broken"
		}) {
			t.Errorf("%v, %v", got, err)
		}
	})
}

func TestEntries(t *testing.T) {
	t.Parallel()
	r := newRepo(t, "sha1")
	r.write("a", "x")
	r.write("b/c", "x")
	r.git("add", "-A")
	content, err := r.run("", nil, "cat-file", "tree", r.git("write-tree"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for e, err := range raw.Entries([]byte(content), 20) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, e.Mode+" "+e.Name+" "+e.ID)
	}
	want := []string{"100644 a " + r.git("rev-parse", ":a"), raw.ModeFolder + " b " + r.git("rev-parse", r.git("write-tree")+":b")}
	if !slices.Equal(names, want) {
		t.Errorf("the tree has %q, want %q", names, want)
	}
	failed := false
	for _, err := range raw.Entries([]byte(content[:len(content)-1]), 20) {
		failed = failed || err != nil
	}
	if !failed {
		t.Error("a damaged tree is read")
	}
}

func FuzzParseDiff(f *testing.F) {
	f.Add(":100644 100644 1111 2222 R100\x00old\x00new\x001\t2\t\x00old\x00new\x00")
	f.Add(":100644 000000 1111 0000 D\x00gone\x00-\t-\tgone\x00")
	f.Add(":\x00")
	f.Fuzz(func(_ *testing.T, s string) { _, _ = raw.ParseDiff(s) }) // must not panic or run on
}

package git

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// user is a person's repository and what they do to it with their own git.
type user struct {
	t   testing.TB
	dir string
	env []string
}

const author = "Agent <agent@example.org>"

func newUser(t testing.TB, args ...string) *user {
	t.Helper()
	u := &user{t: t, dir: filepath.Join(t.TempDir(), "proj ect"), env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=P", "GIT_AUTHOR_EMAIL=p@x", "GIT_COMMITTER_NAME=P", "GIT_COMMITTER_EMAIL=p@x",
		"GIT_AUTHOR_DATE=@1700000000 +0000", "GIT_COMMITTER_DATE=@1700000000 +0000",
	}}
	if err := os.MkdirAll(u.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if len(args) > 0 {
		u.git(append([]string{"init", "-q", "--template=", "-b", "main"}, args...)...)
		return u
	}
	u.write(".git/HEAD", "ref: refs/heads/main\n")
	u.write(".git/config", "[core]\n\trepositoryformatversion = 0\n\tbare = false\n[maintenance]\n\tauto = false\n")
	for _, d := range []string{".git/refs", ".git/objects"} {
		if err := os.MkdirAll(u.path(d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return u
}

// newProject is a repository with a few files in one commit.
func newProject(t testing.TB, args ...string) *user {
	t.Helper()
	u := newUser(t, args...)
	u.write("a.txt", "one\ntwo\nthree\n")
	u.write("src/main.go", "package main\n")
	u.write("src/run.sh", "#!/bin/sh\n")
	if err := os.Chmod(u.path("src/run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	u.commit("first")
	return u
}

func (u *user) at(dir string) *user { v := *u; v.dir = dir; return &v }

func (u *user) path(p string) string { return filepath.Join(u.dir, p) }

func (u *user) try(args ...string) (string, error) {
	cmd := exec.CommandContext(u.t.Context(), "git", args...)
	cmd.Dir, cmd.Env = u.dir, u.env
	out, err := cmd.CombinedOutput()
	return strings.TrimRight(string(out), "\n"), err
}

func (u *user) git(args ...string) string {
	u.t.Helper()
	out, err := u.try(args...)
	if err != nil {
		u.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return out
}

func (u *user) write(p, content string) {
	u.t.Helper()
	writeAt(u.t, u.path(p), content)
}

func (u *user) commit(msg string) change.Point {
	u.t.Helper()
	u.git("add", "-A")
	u.git("commit", "-q", "--allow-empty", "-m", msg)
	return u.point("HEAD")
}

func (u *user) point(rev string) change.Point {
	u.t.Helper()
	commit, tree, _ := strings.Cut(u.git("rev-parse", rev+"^{commit}", rev+"^{tree}"), "\n")
	return change.Point{Commit: commit, Tree: tree}
}

// ls lists a tree as "mode path", one a line.
func (u *user) ls(tree string) string {
	u.t.Helper()
	return u.git("ls-tree", "-r", "--format=%(objectmode) %(path)", tree)
}

func (u *user) show(tree, path string) string {
	u.t.Helper()
	return u.git("cat-file", "blob", tree+":"+path)
}

func writeAt(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func removeAt(t testing.TB, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

func linkAt(t testing.TB, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

// open opens the user's repository with a state folder of its own.
func (u *user) open() *Repo {
	u.t.Helper()
	return u.openAt(filepath.Join(u.t.TempDir(), "st ate"))
}

func (u *user) openAt(state string) *Repo {
	u.t.Helper()
	r, err := Open(u.t.Context(), u.dir, state)
	if err != nil {
		u.t.Fatalf("open: %v (%s)", err, fault.HintOf(err))
	}
	u.t.Cleanup(func() { _ = r.Close() })
	return r
}

// tree gives "mode content" of every file below dir but .git, by path.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		switch {
		case rel == ".git" && d.IsDir():
			return fs.SkipDir
		case rel == "." || rel == ".git":
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch {
		case d.IsDir():
			out[rel] = "dir"
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(p)
			out[rel] = "link " + target
			return err
		case !info.Mode().IsRegular():
			out[rel] = "special"
		default:
			b, err := os.ReadFile(p)
			out[rel] = fmt.Sprintf("%v %s", info.Mode().Perm()&0o100 != 0, b)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// footprint is all that Muster must not change in the user's repository.
func (u *user) footprint() map[string]string {
	u.t.Helper()
	out := tree(u.t, u.dir)
	err := filepath.WalkDir(u.path(".git"), func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(u.dir, p)
		switch filepath.ToSlash(rel) {
		case ".git/objects", ".git/worktrees", ".git/refs/muster", ".git/refs/heads/muster", ".git/logs/refs/heads/muster":
			return fs.SkipDir
		}
		if d.IsDir() {
			return nil
		}
		b, err := os.ReadFile(p)
		out[rel] = string(b)
		return err
	})
	if err != nil {
		u.t.Fatal(err)
	}
	return out
}

func wantSame(t testing.TB, what string, got, want map[string]string) {
	t.Helper()
	for k, v := range want {
		if g, ok := got[k]; !ok || g != v {
			t.Errorf("%s: %q is %q, want %q", what, k, g, v)
		}
	}
	for k, v := range got {
		if _, ok := want[k]; !ok {
			t.Errorf("%s: %q (%q) should not be there", what, k, v)
		}
	}
}

func wantKind(t testing.TB, err error, kind fault.Kind, say string) {
	t.Helper()
	if fault.KindOf(err) != kind || err != nil && !strings.Contains(err.Error()+fault.HintOf(err), say) {
		t.Errorf("error is %q %v (%s), want %q about %q", fault.KindOf(err), err, fault.HintOf(err), kind, say)
	}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatalf("%v (%s)", err, fault.HintOf(err))
		}
		return v
	}
}

// worktree prepares a worktree of the run "r1" for the owner "r1/t".
func worktree(t testing.TB, r *Repo, base change.Point) string {
	t.Helper()
	w := must[change.Worktree](t)(r.Worktree(t.Context(), change.WorktreeRequest{Owner: "r1/t", Run: "r1", Base: base}))
	return w.Dir
}

func captureRequest(base change.Point) change.CaptureRequest {
	return change.CaptureRequest{
		Owner: "r1/t", Ref: "refs/muster/attempts/r1/t.1", Base: base,
		Message: "do it\n\nbody", Author: author, AtUS: 1_700_000_123_456_789,
	}
}

func capture(t testing.TB, r *Repo, base change.Point) change.Captured {
	t.Helper()
	return must[change.Captured](t)(r.Capture(t.Context(), captureRequest(base)))
}

// wantNote fails unless exactly one note is there and says this; no say, no note.
func wantNote(t testing.TB, notes []string, say string) {
	t.Helper()
	if say == "" && len(notes) > 0 || say != "" && (len(notes) != 1 || !strings.Contains(notes[0], say)) {
		t.Errorf("notes are %q, want one about %q", notes, say)
	}
}

// trap is a folder that stays empty unless somebody's program ran.
type trap struct {
	t    testing.TB
	dir  string
	fire string // a shell line that marks the trap and passes its input on
}

func newTrap(t testing.TB) trap {
	t.Helper()
	dir := t.TempDir()
	sprung := filepath.Join(dir, "sprung")
	if err := os.Mkdir(sprung, 0o755); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(dir, "fire")
	body := "#!/bin/sh\ntouch '" + sprung + "'/\"${0##*/}.$$\"\ncat 2>/dev/null\nexit 0\n"
	if err := os.WriteFile(script, []byte(body), 0o755); err != nil {
		t.Fatal(err)
	}
	return trap{t: t, dir: dir, fire: script}
}

func (tr trap) sprung() int {
	tr.t.Helper()
	e, err := os.ReadDir(filepath.Join(tr.dir, "sprung"))
	if err != nil {
		tr.t.Fatal(err)
	}
	return len(e)
}

// config is a configuration that runs the trap wherever Git can be made to.
func (tr trap) config() string {
	tr.t.Helper()
	hooks := filepath.Join(tr.dir, "hooks")
	for _, h := range []string{
		"reference-transaction", "post-checkout", "post-index-change", "pre-commit", "post-commit", "fsmonitor-watchman",
		"post-rewrite", "pre-auto-gc", "prepare-commit-msg", "commit-msg", "post-merge", "update", "pre-push",
	} {
		if err := os.MkdirAll(hooks, 0o755); err != nil {
			tr.t.Fatal(err)
		}
		b, err := os.ReadFile(tr.fire)
		if err != nil {
			tr.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(hooks, h), bytes.ReplaceAll(b, []byte("\ncat "), []byte("\n: ")), 0o755); err != nil {
			tr.t.Fatal(err)
		}
	}
	included := filepath.Join(tr.dir, "included")
	writeAt(tr.t, included, fmt.Sprintf("[filter \"evil2\"]\n\tclean = %[1]s\n\tsmudge = %[1]s\n", tr.fire))
	return fmt.Sprintf(`
[include]
	path = %[3]s
[core]
	hooksPath = %[2]s
	fsmonitor = %[1]s
	sshCommand = %[1]s
	pager = %[1]s
	editor = %[1]s
	alternateRefsCommand = %[1]s
	attributesFile = %[4]s
[filter "evil"]
	clean = %[1]s
	smudge = %[1]s
	required = true
[diff "evil"]
	textconv = %[1]s
	command = %[1]s
[diff]
	external = %[1]s
[merge "evil"]
	driver = %[1]s %%A
[commit]
	gpgSign = true
[gpg]
	program = %[1]s
[log]
	showSignature = true
[credential]
	helper = %[1]s
[status]
	submoduleSummary = true
`, tr.fire, hooks, included, filepath.Join(tr.dir, "attributes"))
}

// sh runs a shell line as the person.
func (u *user) sh(line string) {
	u.t.Helper()
	cmd := exec.CommandContext(u.t.Context(), "sh", "-c", line)
	cmd.Dir, cmd.Env = u.t.TempDir(), u.env
	if out, err := cmd.CombinedOutput(); err != nil {
		u.t.Fatalf("%s: %v\n%s", line, err, out)
	}
}

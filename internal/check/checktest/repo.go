package checktest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Repo is a Git repository in a temporary folder.
type Repo struct {
	t        testing.TB
	git, dir string
}

// NewRepo makes an empty repository with a program of Git.
func NewRepo(t testing.TB, git string) *Repo {
	t.Helper()
	r := &Repo{t: t, git: git, dir: t.TempDir()}
	r.Git("init", "-q")
	return r
}

func (r *Repo) env() []string {
	return append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GOTOOLCHAIN=local", "GOFLAGS=-ldflags=-w", "TMPDIR="+r.t.TempDir())
}

// Git runs a command of Git and gives what it prints.
func (r *Repo) Git(args ...string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), r.git, args...)
	cmd.Dir, cmd.Env = r.dir, r.env()
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// Tree makes the files the work tree and gives the id of their tree.
func (r *Repo) Tree(files Files) string {
	r.t.Helper()
	r.Git("rm", "-r", "-q", "--cached", "--ignore-unmatch", ".")
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != ".git" {
			if err := os.RemoveAll(filepath.Join(r.dir, e.Name())); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	for p, text := range files {
		if err := lay(filepath.Join(r.dir, filepath.FromSlash(p)), text); err != nil {
			r.t.Fatal(err)
		}
	}
	r.Git("add", "-A")
	return r.Git("write-tree")
}

// Shell runs a shell line in a folder of the repository, as a person would who
// was told to.
func (r *Repo) Shell(dir, line string) (string, error) {
	cmd := exec.CommandContext(r.t.Context(), "sh", "-c", line)
	cmd.Dir, cmd.Env = filepath.Join(r.dir, dir), r.env()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

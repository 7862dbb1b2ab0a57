package languages_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/check/checktest"
)

// repo is a Git repository in a temporary folder.
type repo struct {
	t        *testing.T
	git, dir string
}

func newRepo(t *testing.T, git string) *repo {
	r := &repo{t: t, git: git, dir: t.TempDir()}
	r.run("init", "-q")
	return r
}

func (r *repo) env() []string {
	return append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GOTOOLCHAIN=local", "GOFLAGS=-ldflags=-w", "TMPDIR="+r.t.TempDir())
}

func (r *repo) run(args ...string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), r.git, args...)
	cmd.Dir, cmd.Env = r.dir, r.env()
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// tree makes the files the work tree and gives the id of their tree.
func (r *repo) tree(files checktest.Files) string {
	r.t.Helper()
	r.run("rm", "-r", "-q", "--cached", "--ignore-unmatch", ".")
	for _, e := range must(os.ReadDir(r.dir)) {
		if e.Name() != ".git" {
			if err := os.RemoveAll(filepath.Join(r.dir, e.Name())); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	for p, text := range files {
		at := filepath.Join(r.dir, p)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
	r.run("add", "-A")
	return r.run("write-tree")
}

func (r *repo) shell(dir, line string) (string, error) {
	cmd := exec.CommandContext(r.t.Context(), "sh", "-c", line)
	cmd.Dir, cmd.Env = filepath.Join(r.dir, dir), r.env()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

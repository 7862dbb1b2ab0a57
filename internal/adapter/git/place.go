package git

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"muster/internal/core/fault"
)

// Place says where a repository is.
type Place struct {
	CommonDir string // real path of the folder that all worktrees share
	GitDir    string // of the worktree that was asked for; CommonDir unless it is a linked one
	TopLevel  string // of the worktree that was asked for; empty in a bare repository
	Name      string // of the repository's folder, without .git
	Format    string // sha1 or sha256
	Bare      bool
	Shallow   bool // the history is cut off; all works, merge bases before the cut are not found
}

// Locate finds the repository that holds dir. It opens and writes nothing.
func Locate(ctx context.Context, dir string) (Place, error) {
	prog, err := findGit(ctx)
	if err != nil {
		return Place{}, err
	}
	return locate(ctx, prog, dir)
}

func locate(ctx context.Context, prog program, dir string) (Place, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return Place{}, fault.Wrap(fault.Invalid, err, "find the repository of %s", dir)
	}
	if info, err := os.Stat(abs); err != nil || !info.IsDir() {
		return Place{}, fault.New(fault.NotFound, "find the repository of %s: there is no such folder", abs)
	}
	res, err := discover(ctx, prog, abs)
	if err != nil {
		return Place{}, err
	}
	lines := strings.Split(strings.TrimSuffix(res, "\n"), "\n")
	if len(lines) == 5 {
		lines = append(lines, "") // no work tree here
	}
	if len(lines) != 6 {
		return Place{}, fault.New(fault.Refused, "open the repository of %q: its path has a line break", abs)
	}
	p := Place{Bare: lines[2] == "true", Shallow: lines[3] == "true", Format: lines[4], TopLevel: lines[5]}
	if p.CommonDir, err = filepath.EvalSymlinks(lines[0]); err != nil {
		return Place{}, fault.Wrap(fault.Internal, err, "find the repository of %s", abs)
	}
	if p.GitDir, err = filepath.EvalSymlinks(lines[1]); err != nil {
		return Place{}, fault.Wrap(fault.Internal, err, "find the repository of %s", abs)
	}
	p.Name = placeName(p.CommonDir)
	return p, nil
}

// placeName names the repository after its folder; for a submodule and a bare
// repository that is the Git folder itself.
func placeName(common string) string {
	name := filepath.Base(common)
	if name == ".git" {
		return filepath.Base(filepath.Dir(common))
	}
	return strings.TrimSuffix(name, ".git")
}

// discover asks rev-parse where the user is. It alone reads the user's global
// configuration, because only there the user says whose repositories are
// trusted (safe.directory). rev-parse runs no program.
func discover(ctx context.Context, prog program, dir string) (string, error) {
	prog.env, prog.dir = usersEnv(), dir
	res, err := prog.run(ctx, call{args: []string{
		"rev-parse", "--path-format=absolute", "--git-common-dir", "--git-dir",
		"--is-bare-repository", "--is-shallow-repository", "--show-object-format", "--show-toplevel",
	}})
	if err != nil && !strings.Contains(res.said, "must be run in a work tree") { // said last, after the answers
		return "", locateFault(err, dir)
	}
	return string(res.out), nil
}

// usersEnv is what the user's own git finds its configuration with.
func usersEnv() []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"} //nolint:forbidigo // as the user's own git finds things
	for _, k := range []string{"HOME", "XDG_CONFIG_HOME", "SUDO_UID"} {
		if v, ok := os.LookupEnv(k); ok { //nolint:forbidigo // as the user's own git finds things
			env = append(env, k+"="+v)
		}
	}
	return env
}

// HooksPath gives what core.hooksPath says to the user's own git, or "".
func HooksPath(ctx context.Context, p Place) (string, error) {
	prog, err := findGit(ctx)
	if err != nil {
		return "", err
	}
	prog.env, prog.dir = append(usersEnv(), "GIT_DIR="+p.GitDir), p.GitDir
	res, err := prog.run(ctx, call{args: []string{"config", "--get", "core.hooksPath"}, accept: 1})
	return trim(res.out), fault.Wrap(fault.Internal, err, "read core.hooksPath of %s", p.GitDir)
}

func locateFault(err error, dir string) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "dubious ownership"), strings.Contains(text, "unsafe repository"):
		return fault.New(fault.Refused, "open the repository of %s: it belongs to another user", dir).
			WithHint("if you trust it: git config --global --add safe.directory %s", quote(dir))
	case strings.Contains(text, "not a git repository"):
		return fault.New(fault.NotFound, "open the repository of %s: it is not in a Git repository", dir).
			WithHint("change to your repository, or make this folder one: git init && git add -A && git commit -m start")
	}
	return fault.Wrap(fault.Internal, err, "open the repository of %s", dir)
}

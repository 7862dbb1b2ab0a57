package git

import (
	"context"
	"path/filepath"

	"muster/internal/core/fault"
)

// Init makes a repository of a folder that is none, with all its files in a
// first commit on branch main. It is for folders that Muster itself has
// filled, such as the demonstration.
func Init(ctx context.Context, dir, message string) error {
	prog, err := findGit(ctx)
	if err != nil {
		return err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "make a repository of %s", dir)
	}
	p := prog.in(filepath.Join(dir, ".git"), "/nonexistent", refsOnly())
	p.env = append(p.env, "GIT_AUTHOR_NAME=Muster", "GIT_AUTHOR_EMAIL=muster@localhost")
	p.dir = dir
	for _, args := range [][]string{
		{"init", "-q", "--initial-branch=main", "--template="},
		{"add", "-A"},
		{"commit", "-q", "--no-gpg-sign", "-m", message},
	} {
		if _, err := p.run(ctx, call{args: args, work: dir}); err != nil {
			return fault.Wrap(fault.Internal, err, "make a repository of %s", dir)
		}
	}
	return nil
}

// Version gives the version of the git program as major and minor.
func Version(ctx context.Context) (path string, major, minor int, err error) {
	p, err := findGit(ctx)
	return p.path, p.major, p.minor, err
}

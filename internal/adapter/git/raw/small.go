package raw

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// smallCap bounds the files of Git's and our own bookkeeping.
const smallCap = 1 << 20

// ReadSmall reads a regular file, at most smallCap bytes of it, without
// following a link or waiting on a pipe that an agent put in its place.
func ReadSmall(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, smallCap))
}

// HoldsBranch reports whether a worktree, whose folder in the repository is
// gitDir, has the branch checked out, or is in the middle of a rebase or
// bisection of it.
func HoldsBranch(gitDir, branch string) bool {
	if HeadBranch(gitDir) == branch {
		return true
	}
	for _, f := range []string{"rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START"} {
		name := FirstLine(filepath.Join(gitDir, f))
		if name == branch || name != "" && "refs/heads/"+name == branch {
			return true
		}
	}
	return false
}

// HeadBranch gives the full name of the branch that HEAD names, or "" when it
// is detached.
func HeadBranch(gitDir string) string {
	branch, ok := strings.CutPrefix(FirstLine(filepath.Join(gitDir, "HEAD")), "ref:")
	if !ok {
		return ""
	}
	return strings.TrimSpace(branch)
}

// FirstLine reads the first line of a small file, or "".
func FirstLine(path string) string {
	b, err := ReadSmall(path)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimRight(line, "\r")
}

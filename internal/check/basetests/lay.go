package basetests

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
)

// isTest reports whether a path is test material: a Go test, or below a
// testdata folder.
func isTest(p string) bool {
	return strings.HasSuffix(p, "_test.go") || strings.Contains("/"+path.Dir(p)+"/", "/testdata/")
}

// layTests replaces the head's test material by the base's, in a folder that
// holds the head. Only what the change touched can differ. It gives the paths
// that it could not lay, with the reason. The head's content is not trusted:
// no link in it is followed out of the folder, or to another place within.
func layTests(headDir, baseDir string, c change.Change) (left []string, err error) {
	head, err := os.OpenRoot(headDir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = head.Close() }() // nothing is lost when closing a folder fails
	base, err := os.OpenRoot(baseDir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = base.Close() }() // nothing is lost when closing a folder fails

	for _, f := range c.Files {
		if f.Status != change.Deleted && isTest(f.Path) {
			if err := head.RemoveAll(f.Path); err != nil {
				return nil, err
			}
		}
	}
	for _, f := range c.Files {
		old := f.OldPath
		if old == "" {
			old = f.Path
		}
		if f.Status == change.Added || !isTest(old) {
			continue
		}
		why, err := layFile(head, base, old)
		if err != nil {
			return nil, err
		}
		if why != "" {
			left = append(left, check.ShowPath(old)+": "+why)
		}
	}
	return left, nil
}

func layFile(head, base *os.Root, p string) (why string, err error) {
	info, err := base.Lstat(p)
	if err != nil {
		return "", err
	}
	if why, err := makeParents(head, path.Dir(p)); why != "" || err != nil {
		return why, err
	}
	if err := head.RemoveAll(p); err != nil {
		return "", err
	}
	switch {
	case info.Mode().IsRegular():
		text, err := base.ReadFile(p)
		if err != nil {
			return "", err
		}
		return "", head.WriteFile(p, text, info.Mode().Perm())
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := base.Readlink(p)
		if err != nil {
			return "", err
		}
		return "", head.Symlink(target, p)
	}
	return "it is no file", nil
}

// makeParents makes the folders down to dir. One that the head has turned into
// a link or a file is refused: below it is another place.
func makeParents(head *os.Root, dir string) (why string, err error) {
	at := ""
	for part := range strings.SplitSeq(dir, "/") {
		at = path.Join(at, part)
		info, err := head.Lstat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if err := head.Mkdir(at, 0o755); err != nil {
				return "", err
			}
		case err != nil:
			return "", err
		case !info.IsDir():
			return fmt.Sprintf("%s is no folder at the head", check.ShowPath(at)), nil
		}
	}
	return "", nil
}

package suite

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

// Lay replaces the test material in the folder into by that of the folder
// from. The change leads from the tree in from to the tree in into; only what
// it touched can differ. Lay gives the paths that it could not lay, with the
// reason. The content of into is not trusted: no link in it is followed out of
// the folder, or to another place within.
func Lay(into, from string, c change.Change, material func(p string) bool) (left []string, err error) {
	to, err := os.OpenRoot(into)
	if err != nil {
		return nil, err
	}
	defer func() { _ = to.Close() }() // nothing is lost when closing a folder fails
	source, err := os.OpenRoot(from)
	if err != nil {
		return nil, err
	}
	defer func() { _ = source.Close() }() // nothing is lost when closing a folder fails

	for _, f := range c.Files {
		if f.Status != change.Deleted && material(f.Path) {
			if err := to.RemoveAll(f.Path); err != nil {
				return nil, err
			}
		}
	}
	for _, f := range c.Files {
		old := f.OldPath
		if old == "" {
			old = f.Path
		}
		if f.Status == change.Added || !material(old) {
			continue
		}
		why, err := layFile(to, source, old)
		if err != nil {
			return nil, err
		}
		if why != "" {
			left = append(left, check.ShowPath(old)+": "+why)
		}
	}
	return left, nil
}

// Reverse gives the change that leads back.
func Reverse(c change.Change) change.Change {
	out := change.Change{Base: c.Head, Head: c.Base}
	for _, f := range c.Files {
		b := f
		b.OldMode, b.NewMode, b.OldBlob, b.NewBlob, b.Added, b.Deleted = f.NewMode, f.OldMode, f.NewBlob, f.OldBlob, f.Deleted, f.Added
		switch f.Status {
		case change.Added:
			b.Status = change.Deleted
		case change.Deleted:
			b.Status = change.Added
		case change.Renamed:
			b.Path, b.OldPath = f.OldPath, f.Path
		case change.Modified, change.Retyped:
		}
		out.Files = append(out.Files, b)
	}
	return out
}

func layFile(to, from *os.Root, p string) (why string, err error) {
	info, err := from.Lstat(p)
	if err != nil {
		return "", err
	}
	if why, err := makeParents(to, path.Dir(p)); why != "" || err != nil {
		return why, err
	}
	if err := to.RemoveAll(p); err != nil {
		return "", err
	}
	switch {
	case info.Mode().IsRegular():
		text, err := from.ReadFile(p)
		if err != nil {
			return "", err
		}
		return "", to.WriteFile(p, text, info.Mode().Perm())
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := from.Readlink(p)
		if err != nil {
			return "", err
		}
		return "", to.Symlink(target, p)
	}
	return "it is no file", nil
}

// makeParents makes the folders down to dir. One that is a link or a file
// there is refused: below it is another place.
func makeParents(to *os.Root, dir string) (why string, err error) {
	at := ""
	for part := range strings.SplitSeq(dir, "/") {
		at = path.Join(at, part)
		info, err := to.Lstat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if err := to.Mkdir(at, 0o755); err != nil {
				return "", err
			}
		case err != nil:
			return "", err
		case !info.IsDir():
			return fmt.Sprintf("%s is no folder there", check.ShowPath(at)), nil
		}
	}
	return "", nil
}

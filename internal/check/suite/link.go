package suite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"muster/internal/check"
	"muster/internal/core/evidence"
)

// LinkIn links folders into a tree that is laid out in dir, and notes what
// that means. A folder is left out, with a note, where the tree holds
// something of that name or no real folder around it. The tree is not
// trusted: no link in it is followed.
func LinkIn(dir string, links []evidence.Link) (notes []string, err error) {
	if len(links) == 0 {
		return nil, nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // nothing is lost when closing a folder fails
	for _, l := range links {
		to := path.Clean(l.To)
		shown := check.ShowPath(l.To)
		info, err := os.Stat(l.From)
		switch {
		case to == "." || !filepath.IsLocal(to) || !filepath.IsAbs(l.From):
			notes = append(notes, fmt.Sprintf("%s was not linked in: it is no path inside the tree, or its source is not absolute", shown))
			continue
		case err != nil || !info.IsDir():
			notes = append(notes, fmt.Sprintf("%s was not linked in: there is no folder to link to", shown))
			continue
		}
		why, err := linkable(root, to)
		if err != nil {
			return notes, err
		}
		if why != "" {
			notes = append(notes, fmt.Sprintf("%s was not linked in: %s", shown, why))
			continue
		}
		if err := root.Symlink(l.From, to); err != nil {
			return notes, err
		}
		notes = append(notes, fmt.Sprintf("%s is no part of either tree: the same folder was linked into both, whatever the change wants installed, and tests could write to it", shown))
	}
	return notes, nil
}

// linkable gives why a path of a tree cannot become a link.
func linkable(root *os.Root, to string) (why string, err error) {
	at := ""
	for part := range strings.SplitSeq(path.Dir(to), "/") {
		at = path.Join(at, part)
		info, err := root.Lstat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return "the tree has no folder around it", nil
		case err != nil:
			return "", err
		case !info.IsDir():
			return check.ShowPath(at) + " is no folder there", nil
		}
	}
	switch _, err := root.Lstat(to); {
	case err == nil:
		return "the tree holds it", nil
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	return "", nil
}

package setups

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// removeIn removes a path, giving back the rights on folders that somebody
// took away.
func removeIn(root *os.Root, p string, info fs.FileInfo) error {
	err := root.RemoveAll(p)
	if !errors.Is(err, fs.ErrPermission) || !info.IsDir() {
		return err
	}
	if err := ownAll(root, p); err != nil {
		return err
	}
	return root.RemoveAll(p)
}

func ownAll(root *os.Root, p string) error {
	if err := root.Chmod(p, 0o700); err != nil {
		return err
	}
	entries, err := readDir(root, p)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			if err := ownAll(root, path.Join(p, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// makeOwn gives the owner the right to move, list and remove folders; module
// caches take it away.
func makeOwn(dir string) {
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if d == nil || !d.IsDir() {
			return nil // what cannot be read is found when it is needed
		}
		if info, ierr := d.Info(); ierr == nil && info.Mode().Perm()&0o700 != 0o700 {
			if os.Chmod(p, info.Mode().Perm()|0o700) == nil && err != nil {
				makeOwn(p)
			}
		}
		return nil
	})
}

// removeAll removes a folder of ours, whatever rights its folders have.
func removeAll(dir string) error {
	err := os.RemoveAll(dir)
	if err != nil {
		makeOwn(dir)
		err = os.RemoveAll(dir)
	}
	return err
}

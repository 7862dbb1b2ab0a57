package git

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"muster/internal/adapter/git/raw"
	"muster/internal/core/fault"
)

// layout says how a tree is laid out into a slot's folder.
type layout struct {
	tree string
	keep []string // paths below the folder that are left as they are
}

// lay brings the slot's folder to exactly the tree, whatever was done to it
// meanwhile. The folder is hostile: it may hold links out of it, folders in
// place of files and folders nobody may read. The slot's lock is held.
//
// First everything that the slot's index does not know is removed, without
// following a link; then read-tree restores what differs from the index and
// goes on to the tree. When that fails, the folder is emptied and filled anew.
func (r *Repo) lay(ctx context.Context, s *slot, l layout) error {
	var err error
	if l.tree, err = r.treeOf(ctx, l.tree); err != nil {
		return err
	}
	idx, err := raw.ReadIndex(s.index(), r.idLength()/2)
	if err != nil {
		return r.layAnew(ctx, s, l)
	}
	err = r.layOver(ctx, s, l, idx)
	if err == nil || ctx.Err() != nil || fault.KindOf(err) == fault.Refused {
		return err
	}
	return r.layAnew(ctx, s, l)
}

// layAnew trusts nothing that is there.
func (r *Repo) layAnew(ctx context.Context, s *slot, l layout) error {
	if err := os.RemoveAll(s.index()); err != nil {
		return fault.Wrap(fault.Internal, err, "lay out a tree in %s", s.dir)
	}
	return r.layOver(ctx, s, l, raw.Index{})
}

func (r *Repo) layOver(ctx context.Context, s *slot, l layout, idx raw.Index) error {
	op := "lay out tree " + l.tree + " in " + s.dir
	if err := realDir(s.dir); err != nil {
		return fault.Wrap(fault.Internal, err, "%s", op)
	}
	// The slot is ours, and a git that still ran would hold its lock.
	if err := os.RemoveAll(s.index() + ".lock"); err != nil {
		return fault.Wrap(fault.Internal, err, "%s", op)
	}
	if err := sweep(s.dir, idx, l.keep); err != nil {
		return fault.Wrap(fault.Internal, err, "%s", op)
	}
	_, err := r.own.run(ctx, call{
		args: []string{"read-tree", "--reset", "-u", l.tree},
		work: s.dir, index: s.index(), hold: s.lock,
	})
	return fault.Wrap(fault.Internal, err, "%s", op)
}

// realDir makes sure that dir is a folder and not a link to one.
func realDir(dir string) error {
	info, err := os.Lstat(dir)
	if err == nil && !info.IsDir() {
		err = os.Remove(dir)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.MkdirAll(dir, 0o755)
}

// sweeper removes what an index does not know.
type sweeper struct {
	root *os.Root
	idx  raw.Index
	keep []string
}

// sweep removes everything below dir that idx does not track and keep does
// not list. Tracked files are left to Git, submodules are emptied.
func sweep(dir string, idx raw.Index, keep []string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	return sweeper{root: root, idx: idx, keep: keep}.folder(".")
}

func (w sweeper) folder(dir string) error {
	entries, err := w.open(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := w.entry(path.Join(dir, e.Name()), e.IsDir()); err != nil {
			return err
		}
	}
	return nil
}

func (w sweeper) entry(p string, isDir bool) error {
	mode, tracked := w.idx.Mode(p)
	isLink := tracked && mode&raw.TypeMask == raw.TypeGitlink
	switch {
	case slices.Contains(w.keep, p):
		return nil
	case isDir && (isLink || w.idx.HasBelow(p) || w.keepsBelow(p)):
		return w.folder(p)
	case tracked && !isDir && !isLink:
		return nil
	}
	return w.remove(p)
}

func (w sweeper) keepsBelow(dir string) bool {
	return slices.ContainsFunc(w.keep, func(k string) bool { return strings.HasPrefix(k, dir+"/") })
}

// open lists a folder and gives its owner back the right to change it, which
// module caches and tests like to take away.
func (w sweeper) open(dir string) ([]fs.DirEntry, error) {
	f, err := w.root.Open(dir)
	if errors.Is(err, fs.ErrPermission) {
		if err := w.root.Chmod(dir, 0o700); err != nil {
			return nil, err
		}
		f, err = w.root.Open(dir)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if perm := info.Mode().Perm(); perm&0o700 != 0o700 {
		if err := f.Chmod(perm | 0o700); err != nil {
			return nil, err
		}
	}
	// A folder that was opened below a Root asks about each of its entries; what
	// is needed here is in the list itself. The entries must not be asked more.
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		return nil, err
	}
	list := os.NewFile(uintptr(fd), path.Join(w.root.Name(), dir))
	defer func() { _ = list.Close() }()
	return list.ReadDir(-1)
}

func (w sweeper) remove(p string) error {
	err := w.root.RemoveAll(p)
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	if err := w.unlock(p); err != nil {
		return err
	}
	return w.root.RemoveAll(p)
}

// unlock makes every folder below p removable.
func (w sweeper) unlock(p string) error {
	info, err := w.root.Lstat(p)
	if err != nil || !info.IsDir() {
		return err
	}
	entries, err := w.open(p)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			if err := w.unlock(path.Join(p, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeFolder deletes a folder of ours with everything in it.
func removeFolder(dir string) error {
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
		return os.RemoveAll(dir)
	}
	if err := sweep(dir, raw.Index{}, nil); err != nil {
		return err
	}
	return os.Remove(dir)
}

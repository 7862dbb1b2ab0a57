package git

import (
	"context"

	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// MaxFile is the size in bytes up to which ReadFile reads.
const MaxFile = 8 << 20

// ReadFile reads a file of a commit or tree; false means that there is none.
// Anything but a regular file up to MaxFile bytes is an error, so that a link
// is never mistaken for what it points to.
func (r *Repo) ReadFile(ctx context.Context, treeish, path string) ([]byte, bool, error) {
	e, found, err := r.find(ctx, treeish, path)
	if err != nil || !found {
		return nil, false, err
	}
	if e.Mode != change.ModeFile && e.Mode != change.ModeExecutable {
		return nil, false, fault.New(fault.Invalid, "%s in %s is no regular file (mode %s)", printable(path), treeish, e.Mode)
	}
	return r.readEntry(ctx, e, treeish)
}

// ReadFileOrLink is ReadFile, but gives the target of a symbolic link.
func (r *Repo) ReadFileOrLink(ctx context.Context, treeish, path string) ([]byte, bool, error) {
	e, found, err := r.find(ctx, treeish, path)
	if err != nil || !found {
		return nil, false, err
	}
	if e.Mode != change.ModeFile && e.Mode != change.ModeExecutable && e.Mode != change.ModeSymlink {
		return nil, false, fault.New(fault.Invalid, "%s in %s is neither file nor link (mode %s)", printable(path), treeish, e.Mode)
	}
	return r.readEntry(ctx, e, treeish)
}

// find gives the entry at a path of a commit or tree. Paths are walked by hand
// because every way to hand Git a path has names that mean something else.
func (r *Repo) find(ctx context.Context, treeish, path string) (change.Entry, bool, error) {
	tree, err := r.treeOf(ctx, treeish)
	if err != nil {
		return change.Entry{}, false, err
	}
	e, found, err := r.folders.Find(ctx, tree, path)
	return e, found, r.objects.unread(err, treeish)
}

// readEntry reads what an entry holds.
func (r *Repo) readEntry(ctx context.Context, e change.Entry, treeish string) ([]byte, bool, error) {
	o, err := r.objects.info(ctx, e.Blob)
	if err == nil && o.Size > MaxFile {
		return nil, false, fault.Wrap(fault.Invalid, change.ErrTooLarge, "%s in %s has %d bytes, at most %d are read", printable(e.Path), treeish, o.Size, MaxFile)
	}
	if err == nil {
		o, err = r.objects.read(ctx, e.Blob)
	}
	if err == nil && !o.Exists() {
		err = fault.New(fault.NotFound, "the content of %s in %s is missing from the repository", printable(e.Path), treeish)
	}
	return o.Content, err == nil, err
}

// Blobs reads many files that a listing names, in their order; nil stands for
// one of more than most bytes. It asks two questions, whatever their number.
func (r *Repo) Blobs(ctx context.Context, blobs []string, most int) ([][]byte, error) {
	out, there, err := r.objects.ReadFitting(ctx, blobs, int64(most))
	if err = r.objects.explain(err, "files"); err == nil && there < len(blobs) {
		err = fault.New(fault.NotFound, "the content of %d of %d files is missing from the repository", len(blobs)-there, len(blobs))
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Files lists everything in a commit or tree that is no folder, in the order
// of Git.
func (r *Repo) Files(ctx context.Context, treeish string) ([]change.Entry, error) {
	tree, err := r.treeOf(ctx, treeish)
	if err != nil {
		return nil, err
	}
	out, err := r.folders.List(ctx, tree)
	return out, r.objects.unread(err, treeish)
}

// Has reports whether a commit or tree holds a file of that name in any
// folder.
func (r *Repo) Has(ctx context.Context, treeish, name string) (bool, error) {
	tree, err := r.treeOf(ctx, treeish)
	if err != nil {
		return false, err
	}
	found, err := r.folders.Has(ctx, tree, name)
	return found, r.objects.unread(err, treeish)
}

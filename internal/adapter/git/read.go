package git

import (
	"bytes"
	"context"
	"encoding/hex"
	"strings"

	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// MaxFile is the size in bytes up to which ReadFile reads.
const MaxFile = 8 << 20

// ReadFile reads a file of a commit or tree; false means that there is none.
// Anything but a regular file up to MaxFile bytes is an error, so that a link
// is never mistaken for what it points to.
func (r *Repo) ReadFile(ctx context.Context, treeish, path string) ([]byte, bool, error) {
	id, err := r.treeOf(ctx, treeish)
	if err != nil {
		return nil, false, err
	}
	parts := strings.Split(path, "/")
	for i, name := range parts {
		e, found, err := r.lookIn(ctx, id, name)
		if err != nil || !found {
			return nil, false, err
		}
		isLast := i == len(parts)-1
		if !isLast && e.Mode != modeTree {
			return nil, false, nil
		}
		if isLast && e.Mode != change.ModeFile && e.Mode != change.ModeExecutable {
			return nil, false, fault.New(fault.Invalid, "%s in %s is no regular file (mode %s)", printable(path), treeish, e.Mode)
		}
		id = e.Blob
	}
	o, err := r.objects.info(ctx, id)
	if err == nil && o.size > MaxFile {
		return nil, false, fault.New(fault.Invalid, "%s in %s has %d bytes; at most %d are read", printable(path), treeish, o.size, MaxFile)
	}
	if err == nil {
		o, err = r.objects.read(ctx, id)
	}
	if err == nil && !o.exists() {
		err = fault.New(fault.NotFound, "the content of %s in %s is missing from the repository", printable(path), treeish)
	}
	return o.content, err == nil, err
}

const modeTree = "40000"

// lookIn finds one name in a tree object. Paths are walked by hand because
// every way to hand Git a path has names that mean something else.
func (r *Repo) lookIn(ctx context.Context, tree, name string) (Entry, bool, error) {
	o, err := r.objects.read(ctx, tree)
	if err != nil {
		return Entry{}, false, err
	}
	if o.kind != "tree" {
		return Entry{}, false, fault.New(fault.NotFound, "tree %s is missing from the repository", tree)
	}
	idLen := r.idLength() / 2
	for rest := o.content; len(rest) > 0; {
		head, tail, ok := bytes.Cut(rest, []byte{0})
		mode, entry, ok2 := strings.Cut(string(head), " ")
		if !ok || !ok2 || len(tail) < idLen {
			return Entry{}, false, fault.New(fault.Internal, "tree %s is damaged", tree)
		}
		if entry == name {
			return Entry{Path: name, Mode: mode, Blob: hex.EncodeToString(tail[:idLen])}, true, nil
		}
		rest = tail[idLen:]
	}
	return Entry{}, false, nil
}

// Entry is a file, link or submodule of a tree.
type Entry struct {
	Path string
	Mode string // as change.Mode... spells it
	Blob string // a commit with ModeSubmodule
}

// Files lists everything in a commit or tree, by path.
func (r *Repo) Files(ctx context.Context, treeish string) ([]Entry, error) {
	tree, err := r.treeOf(ctx, treeish)
	if err != nil {
		return nil, err
	}
	res, err := r.own.run(ctx, call{args: []string{"ls-tree", "-r", "-z", "--full-tree", tree}})
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "list the files of %s", treeish)
	}
	var out []Entry
	f := fields{rest: string(res.out)}
	for f.rest != "" {
		line := f.next()
		about, path, ok := strings.Cut(line, "\t")
		w := strings.Fields(about)
		if !ok || len(w) != 3 {
			return nil, fault.New(fault.Internal, "git ls-tree answers %q", printable(line))
		}
		out = append(out, Entry{Path: path, Mode: w[0], Blob: w[2]})
	}
	return out, nil
}

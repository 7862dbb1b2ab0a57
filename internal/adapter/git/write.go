package git

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"

	"muster/internal/adapter/git/lasting"
	"muster/internal/adapter/git/raw"
	"muster/internal/core/fault"
)

// writer writes objects. It does so without a process where it can.
type writer struct {
	store raw.Store
	known objects
	git   program
	byGit bool // the repository wants rights on files that only Git knows to give
}

// commit writes a commit, after the objects that it needs. The same commit
// gives the same id.
func (w writer) commit(ctx context.Context, c raw.Commit, before ...raw.Object) (string, error) {
	content, err := c.Encode()
	if err != nil {
		return "", err
	}
	if w.byGit {
		res, err := w.git.run(ctx, call{args: []string{"hash-object", "-t", "commit", "-w", "--stdin"}, stdin: strings.NewReader(string(content))})
		return trim(res.out), err
	}
	o := w.store.New("commit", content)
	return o.ID, w.objects(ctx, append(before, o))
}

// few objects are written without asking whether they are there.
const few = 4

// objects writes objects that are not in the repository yet. When all files of
// a folder were touched, its tree is made again, and is most often in a pack.
func (w writer) objects(ctx context.Context, objects []raw.Object) error {
	if err := ctx.Err(); err != nil {
		return fault.Wrap(fault.Transient, err, "write to the repository")
	}
	objects = slices.DeleteFunc(objects, w.store.Freshen)
	if len(objects) > few {
		names := make([]string, len(objects))
		for i, o := range objects {
			names[i] = o.ID
		}
		there := map[string]bool{}
		err := w.known.InfoAll(ctx, names, func(i int, o lasting.Object) { there[names[i]] = o.Exists() })
		if err = w.known.explain(err, "objects"); err != nil {
			return err
		}
		objects = slices.DeleteFunc(objects, func(o raw.Object) bool { return there[o.ID] })
	}
	return writeFault(w.store.Write(objects...))
}

// tree gives the tree of what an index file holds, and the objects that have
// to be written before it is used. The lock hold is kept by any process that
// this takes.
func (w writer) tree(ctx context.Context, indexFile string, hold *os.File) (string, []raw.Object, error) {
	if !w.byGit {
		idx, err := raw.ReadIndex(indexFile, w.store.IDLen())
		if err != nil {
			return "", nil, fault.Wrap(fault.Internal, err, "read the index %s", indexFile)
		}
		id, objects, err := idx.Tree(w.store)
		if !errors.Is(err, raw.ErrUnknown) {
			return id, objects, fault.Wrap(fault.Internal, err, "make a tree of the index %s", indexFile)
		}
	}
	res, err := w.git.run(ctx, call{args: []string{"write-tree"}, index: indexFile, hold: hold})
	return trim(res.out), nil, err
}

// writeFault gives an error of writing a kind.
func writeFault(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fault.WithHint(fault.Wrap(fault.Refused, err, "write to the repository"), "free some disk space and try again")
	}
	return fault.Wrap(fault.Internal, err, "write to the repository")
}

// Package folders reads the folders of commits, which Git calls trees, and
// remembers them.
//
// A tree never changes, and neighbouring commits share most of theirs: after
// the first look at a repository only folders that changed are read again. All
// folders of a level are asked for in one question.
package folders

import (
	"context"
	"slices"
	"strings"
	"sync"

	"muster/internal/adapter/git/lasting"
	"muster/internal/adapter/git/raw"
	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// Reader reads folders. It is safe for concurrent use; questions wait for one
// another. What the process that is asked says is given as it is.
type Reader struct {
	objects lasting.Objects
	hashLen int // bytes of an id

	mu    sync.Mutex
	known map[string]*folder
	names int // in all known folders
}

// folder holds the entries of a tree object, and which names were looked for
// in it and everything below it.
type folder struct {
	entries []raw.Entry
	holds   map[string]bool // nil before the first look
}

// mostNames bounds what is remembered, in entries of folders; then all is
// forgotten. A name takes some 120 bytes.
const mostNames = 200_000

// New gives a reader that asks objects.
func New(objects lasting.Objects, hashLen int) *Reader {
	return &Reader{objects: objects, hashLen: hashLen, known: map[string]*folder{}}
}

// IsKnown reports whether a tree was read before, so that it is one.
func (r *Reader) IsKnown(tree string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known[tree] != nil
}

// Find gives the entry at a path, with the path; false when there is none.
func (r *Reader) Find(ctx context.Context, tree, path string) (change.Entry, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := raw.Entry{Mode: raw.ModeFolder, ID: tree}
	for name := range strings.SplitSeq(path, "/") {
		if at.Mode != raw.ModeFolder {
			return change.Entry{}, false, nil
		}
		if err := r.load(ctx, []string{at.ID}, here); err != nil {
			return change.Entry{}, false, err
		}
		entries := r.known[at.ID].entries
		i := slices.IndexFunc(entries, func(e raw.Entry) bool { return e.Name == name })
		if i < 0 {
			return change.Entry{}, false, nil
		}
		at = entries[i]
	}
	return change.Entry{Path: path, Mode: at.Mode, Blob: at.ID}, true, nil
}

// List gives everything in a tree that is no folder, in the order of Git.
func (r *Reader) List(ctx context.Context, tree string) ([]change.Entry, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(ctx, []string{tree}, below); err != nil {
		return nil, err
	}
	var out []change.Entry
	r.list(tree, "", &out)
	return out, nil
}

func (r *Reader) list(tree, prefix string, out *[]change.Entry) {
	for _, e := range r.known[tree].entries {
		if e.Mode == raw.ModeFolder {
			r.list(e.ID, prefix+e.Name+"/", out)
			continue
		}
		*out = append(*out, change.Entry{Path: prefix + e.Name, Mode: e.Mode, Blob: e.ID})
	}
}

// Has reports whether a tree holds a file or link of that name in any folder.
func (r *Reader) Has(ctx context.Context, tree, name string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(ctx, []string{tree}, below); err != nil {
		return false, err
	}
	return r.has(tree, name), nil
}

func (r *Reader) has(tree, name string) bool {
	f := r.known[tree]
	if found, known := f.holds[name]; known {
		return found
	}
	found := false
	for _, e := range f.entries {
		switch {
		case e.Mode == raw.ModeFolder:
			found = r.has(e.ID, name)
		case e.Name == name:
			found = e.Mode != raw.ModeGitlink
		}
		if found {
			break
		}
	}
	if f.holds == nil {
		f.holds = map[string]bool{}
	}
	f.holds[name] = found
	return found
}

// depth says how far a folder is read.
type depth int

const (
	here  depth = iota // its own entries
	below              // those of all folders below it too
)

// load makes sure that trees are known.
func (r *Reader) load(ctx context.Context, trees []string, d depth) error {
	if r.names > mostNames {
		r.known, r.names = map[string]*folder{}, 0
	}
	level, seen := trees, map[string]bool{}
	for len(level) > 0 {
		var unknown []string
		for _, t := range level {
			if r.known[t] == nil {
				unknown = append(unknown, t)
			}
		}
		if err := r.read(ctx, unknown); err != nil {
			return err
		}
		if d == here {
			return nil
		}
		var next []string
		for _, t := range level {
			for _, e := range r.known[t].entries {
				if e.Mode == raw.ModeFolder && !seen[e.ID] {
					seen[e.ID], next = true, append(next, e.ID)
				}
			}
		}
		level = next
	}
	return nil
}

// read asks for trees that are not known.
func (r *Reader) read(ctx context.Context, trees []string) error {
	if len(trees) == 0 {
		return nil
	}
	var broken error
	err := r.objects.ReadAll(ctx, trees, func(i int, o lasting.Object) {
		if o.Kind != "tree" {
			broken = fault.New(fault.NotFound, "the tree %s is missing from the repository", trees[i])
			return
		}
		f := &folder{}
		for e, err := range raw.Entries(o.Content, r.hashLen) {
			if err != nil {
				broken = fault.Wrap(fault.Internal, err, "read the tree %s", trees[i])
				return
			}
			f.entries = append(f.entries, e)
		}
		r.known[trees[i]] = f
		r.names += len(f.entries) + 1
	})
	if err != nil {
		return err
	}
	return broken
}

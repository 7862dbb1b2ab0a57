package check

import (
	"context"
	"iter"
	"sync"

	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// Text is one file of a tree, or the target of a link.
type Text struct {
	Path  string
	Body  []byte // shared between checks: it is not changed
	Found bool   // false when the tree has no such file, and when it is too large
}

// Bounds of what is read at once, and of what is kept of it for other checks.
const (
	atOnce   = 64       // files
	maxTexts = 96 << 20 // bytes
)

// texts keeps what was read of files, by object: most checks that look through
// a whole tree read the same files, and both sides of a change have most files
// in common.
type texts struct {
	mu    sync.Mutex // held while reading, so that who asks for the same waits
	known map[string][]byte
	size  int
}

// BaseTexts is HeadTexts for the base.
func (s *Subject) BaseTexts(ctx context.Context, paths []string, most int) iter.Seq2[Text, error] {
	return s.facts.read(ctx, s.Request.Base.Tree, paths, most)
}

// HeadTexts gives files and links of the head one after another, in the order
// of paths, as far as they have at most so many bytes. It reads ahead a little,
// and costs a small part of as many calls of HeadFile. An error is the last that
// is given.
func (s *Subject) HeadTexts(ctx context.Context, paths []string, most int) iter.Seq2[Text, error] {
	return s.facts.read(ctx, s.Request.Head.Tree, paths, most)
}

func (f *facts) read(ctx context.Context, tree string, paths []string, most int) iter.Seq2[Text, error] {
	return func(yield func(Text, error) bool) {
		if len(paths) == 0 {
			return
		}
		at, err := f.index(ctx, tree)
		if err != nil {
			yield(Text{}, err)
			return
		}
		for len(paths) > 0 {
			n := min(len(paths), atOnce)
			bodies, err := f.bodies(ctx, at, paths[:n], most)
			if err != nil {
				yield(Text{}, fault.Wrap(fault.Internal, err, "read files of %s", tree))
				return
			}
			for i, p := range paths[:n] {
				if !yield(Text{p, bodies[i], bodies[i] != nil}, nil) {
					return
				}
			}
			paths = paths[n:]
		}
	}
}

// bodies gives what files hold; nil for one that is not there or too large.
func (f *facts) bodies(ctx context.Context, at map[string]change.Entry, paths []string, most int) ([][]byte, error) {
	out := make([][]byte, len(paths))
	var missing []string // objects
	var places []int     // of out
	t := &f.texts
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, p := range paths {
		e, ok := at[p]
		if !ok || e.Mode == change.ModeSubmodule {
			continue
		}
		if body, ok := t.known[e.Blob]; !ok {
			missing, places = append(missing, e.Blob), append(places, i)
		} else if len(body) <= most {
			out[i] = body
		}
	}
	if len(missing) == 0 {
		return out, ctx.Err()
	}
	bodies, err := f.trees.Blobs(ctx, missing, most)
	if err != nil {
		return nil, err
	}
	if t.known == nil {
		t.known = map[string][]byte{}
	}
	for i, body := range bodies {
		out[places[i]] = body
		if body != nil && t.size+len(body) <= maxTexts {
			t.known[missing[i]] = body
			t.size += len(body)
		}
	}
	return out, nil
}

// index gives the entries of a tree by path.
func (f *facts) index(ctx context.Context, tree string) (map[string]change.Entry, error) {
	return f.indexes.get(tree, func() (map[string]change.Entry, error) {
		list, err := f.list(ctx, tree)
		out := make(map[string]change.Entry, len(list))
		for _, e := range list {
			out[e.Path] = e
		}
		return out, err
	})
}

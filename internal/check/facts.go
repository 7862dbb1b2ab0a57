package check

import (
	"context"
	"sync"

	"muster/internal/core/change"
	"muster/internal/core/fault"
	"muster/internal/source"
	"muster/internal/source/reader"
)

// facts is what the checks of one judgement share: each is read once, when it
// is first asked for. A reading that was cut short is not kept.
type facts struct {
	trees  Trees
	parser *reader.Parser
	change change.Change

	patches once[map[string]change.Patch]
	lists   keyed[[]change.Entry]          // by tree
	indexes keyed[map[string]change.Entry] // by tree
	texts   texts
	files   keyed[parsed] // by tree and path
}

// parsed is one file of a tree as it was parsed.
type parsed struct {
	file  source.File
	text  []byte
	found bool
}

func newFacts(trees Trees, parser *reader.Parser, c change.Change) *facts {
	return &facts{trees: trees, parser: parser, change: c}
}

func (f *facts) allPatches(ctx context.Context) (map[string]change.Patch, error) {
	return f.patches.get(func() (map[string]change.Patch, error) {
		if f.change.IsEmpty() {
			return nil, nil
		}
		list, err := f.trees.Patches(ctx, f.change.Base.Tree, f.change.Head.Tree)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "read the lines that differ between %s and %s", f.change.Base.Tree, f.change.Head.Tree)
		}
		out := make(map[string]change.Patch, len(list))
		for _, p := range list {
			out[p.Path] = p
		}
		return out, nil
	})
}

func (f *facts) list(ctx context.Context, tree string) ([]change.Entry, error) {
	return f.lists.get(tree, func() ([]change.Entry, error) { return f.trees.List(ctx, tree) })
}

func (f *facts) source(ctx context.Context, tree, path string) (parsed, error) {
	return f.files.get(tree+" "+path, func() (parsed, error) {
		text, found, err := f.trees.ReadFile(ctx, tree, path)
		if err != nil || !found {
			return parsed{}, err
		}
		file, err := f.parser.Parse(ctx, path, text)
		return parsed{file: file, text: text, found: true}, err
	})
}

// once computes a value when it is first asked for; whoever asks meanwhile
// waits. After a failure the next one tries again.
type once[T any] struct {
	mu    sync.Mutex
	done  bool
	value T
}

func (o *once[T]) get(compute func() (T, error)) (T, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done {
		return o.value, nil
	}
	v, err := compute()
	if err == nil {
		o.value, o.done = v, true
	}
	return v, err
}

// keyed is once for each key.
type keyed[T any] struct {
	mu     sync.Mutex
	values map[string]*once[T]
}

func (k *keyed[T]) get(key string, compute func() (T, error)) (T, error) {
	k.mu.Lock()
	if k.values == nil {
		k.values = map[string]*once[T]{}
	}
	o := k.values[key]
	if o == nil {
		o = &once[T]{}
		k.values[key] = o
	}
	k.mu.Unlock()
	return o.get(compute)
}

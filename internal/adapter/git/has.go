package git

import (
	"context"
	"sync"

	"muster/internal/adapter/git/lasting"
	"muster/internal/adapter/git/raw"
	"muster/internal/core/fault"
)

// holders remembers which trees hold a file of some name in any folder. A tree
// never changes, and neighbouring ones share most of their folders: after the
// first look only folders that changed are read.
type holders struct {
	mu    sync.Mutex
	known map[holder]bool
}

type holder struct{ name, tree string }

// mostHolders bounds what is remembered; then all is forgotten.
const mostHolders = 200_000

// Has reports whether a commit or tree holds a file of that name in any
// folder.
func (r *Repo) Has(ctx context.Context, treeish, name string) (bool, error) {
	tree, err := r.treeOf(ctx, treeish)
	if err != nil {
		return false, err
	}
	h := &r.holders
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known == nil || len(h.known) > mostHolders {
		h.known = map[holder]bool{}
	}
	if _, known := h.known[holder{name, tree}]; !known {
		err = h.look(ctx, r, name, []string{tree})
	}
	return h.known[holder{name, tree}], fault.Wrap(fault.Internal, err, "look for %s in %s", printable(name), treeish)
}

// look finds out about trees that are not known, all in one question, and
// about the folders in them that have to be asked for that.
func (h *holders) look(ctx context.Context, r *Repo, name string, trees []string) error {
	below := make([][]string, len(trees)) // folders of each
	var unknown []string
	asked := map[string]bool{}
	var broken error
	err := r.objects.ReadAll(ctx, trees, func(i int, o lasting.Object) {
		folders, found, err := raw.Folders(o.Content, r.idLength()/2, name)
		if o.Kind != "tree" {
			err = fault.New(fault.NotFound, "it is missing from the repository")
		}
		if err != nil {
			broken = fault.Wrap(fault.NotFound, err, "read the tree %s", trees[i])
			return
		}
		if found {
			h.known[holder{name, trees[i]}] = true
			return
		}
		below[i] = folders
		for _, f := range folders {
			if _, known := h.known[holder{name, f}]; !known && !asked[f] {
				asked[f], unknown = true, append(unknown, f)
			}
		}
	})
	if err != nil {
		broken = r.objects.explain(err, "trees")
		if broken == nil {
			broken = fault.New(fault.NotFound, "a tree is missing from the repository")
		}
	}
	if broken != nil {
		return broken
	}
	if len(unknown) > 0 {
		if err := h.look(ctx, r, name, unknown); err != nil {
			return err
		}
	}
	for i, tree := range trees {
		found := h.known[holder{name, tree}]
		for _, f := range below[i] {
			found = found || h.known[holder{name, f}]
		}
		h.known[holder{name, tree}] = found
	}
	return nil
}

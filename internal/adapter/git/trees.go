package git

import (
	"context"
	"path"
	"path/filepath"
	"slices"
	"sync"

	"muster/internal/core/fault"
)

// Lease gives a folder that holds exactly the tree, for the caller alone, and
// the function that gives it back. The folder may be changed at will: the
// next one who gets it finds it restored. A lease ends with the process that
// took it at the latest. Submodules are empty folders. Beside are paths as
// Materialise keeps them.
func (r *Repo) Lease(ctx context.Context, tree string, beside ...string) (string, func(), error) {
	tree, err := r.treeOf(ctx, tree)
	if err != nil {
		return "", nil, err
	}
	s, err := r.trees.free(ctx, tree)
	if err != nil {
		return "", nil, err
	}
	r.mu.Lock()
	r.leases[s.dir] = s
	r.mu.Unlock()
	release := sync.OnceFunc(func() { r.giveBack(s) })
	if err := r.Materialise(ctx, tree, s.dir, beside...); err != nil {
		release()
		return "", nil, err
	}
	return s.dir, release, nil
}

// giveBack ends a lease, unless Close has.
func (r *Repo) giveBack(s *slot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.leases[s.dir] == s {
		delete(r.leases, s.dir)
		s.unlock()
	}
}

// Materialise brings a leased folder to exactly the tree. Nothing else stays
// in it but the paths in keep, relative to the folder and slash-separated.
// What is kept was left by whoever used the folder before: trust it no more
// than that.
func (r *Repo) Materialise(ctx context.Context, tree, dir string, keep ...string) error {
	r.mu.Lock()
	s := r.leases[dir]
	r.mu.Unlock()
	if s == nil {
		return fault.New(fault.Invalid, "lay out a tree in %s: the folder is not leased", dir)
	}
	tree, err := r.treeOf(ctx, tree)
	if err != nil {
		return err
	}
	if keep, err = insidePaths(keep); err != nil {
		return err
	}
	if err := s.write(record{Tree: tree}, losable); err != nil {
		return err
	}
	if err := r.lay(ctx, s, layout{tree: tree, keep: keep}); err != nil {
		return err
	}
	return s.write(record{Tree: tree, Ready: true}, losable)
}

// insidePaths cleans paths and refuses those that lead out of the folder.
func insidePaths(paths []string) ([]string, error) {
	var out []string
	for _, p := range paths {
		if !filepath.IsLocal(p) || path.Clean(p) == "." {
			return nil, fault.New(fault.Invalid, "%q is no path inside the folder", printable(p))
		}
		out = append(out, path.Clean(p))
	}
	return out, nil
}

// free takes a slot that nobody holds, best one that has the tree already.
func (p pool) free(ctx context.Context, tree string) (*slot, error) {
	var got *slot
	err := p.locked(ctx, func() error {
		slots, err := p.all()
		if err != nil {
			return err
		}
		slices.SortStableFunc(slots, func(a, b known) int { return rank(a, tree) - rank(b, tree) })
		for _, k := range slots {
			ok, err := k.tryHold()
			if err != nil {
				return err
			}
			if ok {
				got = k.slot
				return nil
			}
		}
		got = p.slot(next(slots))
		if err := got.hold(ctx); err != nil {
			return err
		}
		return got.write(record{}, losable)
	})
	return got, err
}

// rank orders slots by how much has to be done to bring them to the tree.
func rank(k known, tree string) int {
	switch {
	case k.rec.Tree == tree && k.rec.Ready:
		return 0
	case k.rec.Ready:
		return 1
	}
	return 2
}

package git

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"muster/internal/core/fault"
)

// Collected says what Gc removed.
type Collected struct {
	Worktrees int
	Trees     int
}

// Gc removes the worktrees that no owner has and the trees that nobody holds.
// A worktree whose record cannot be read is left: it may hold paid work.
func (r *Repo) Gc(ctx context.Context) (Collected, error) {
	var got Collected
	err := r.worktrees.collect(ctx, &got.Worktrees, func(k known) bool {
		return k.broken == nil && k.rec.Owner == ""
	}, func(s *slot) error { return os.RemoveAll(r.admin(s)) })
	if err != nil {
		return got, err
	}
	err = r.trees.collect(ctx, &got.Trees, func(known) bool { return true }, func(*slot) error { return nil })
	return got, err
}

// collect removes the unheld slots that are unused. The lock files stay: a
// lock on a file that is deleted keeps nobody out.
func (p pool) collect(ctx context.Context, removed *int, isUnused func(known) bool, also func(*slot) error) error {
	return p.locked(ctx, func() error {
		slots, err := p.all()
		if err != nil {
			return err
		}
		for _, k := range slots {
			if ctx.Err() != nil {
				return fault.Wrap(fault.Transient, ctx.Err(), "remove unused folders in %s", p.dirs)
			}
			if !isUnused(k) {
				continue
			}
			ok, err := k.tryHold()
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			err = k.discard(also)
			k.unlock()
			if err != nil {
				return fault.Wrap(fault.Internal, err, "remove %s", k.dir)
			}
			*removed++
		}
		return nil
	})
}

// discard removes the folder and, last of all, its record.
func (s *slot) discard(also func(*slot) error) error {
	if err := removeFolder(s.dir); err != nil {
		return err
	}
	if err := also(s); err != nil {
		return err
	}
	entries, err := os.ReadDir(filepath.Dir(s.meta))
	if err != nil {
		return err
	}
	for _, e := range entries {
		ending, isOurs := strings.CutPrefix(e.Name(), filepath.Base(s.meta)+".")
		if !isOurs || ending == "lock" || ending == "json" {
			continue
		}
		if err := os.Remove(filepath.Join(filepath.Dir(s.meta), e.Name())); err != nil {
			return err
		}
	}
	return os.Remove(s.record())
}

// Package gc removes what no run needs any more from the state folder and from
// Git.
package gc

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"muster/internal/adapter/git"
	"muster/internal/adapter/sandbox"
	"muster/internal/app/furnish"
	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/store"
)

// Mode says whether Collect removes.
type Mode string

// The modes of Collect.
const (
	Remove   Mode = "remove"
	OnlyLook Mode = "only_look"
)

// Collected says what was removed, or would be.
type Collected struct {
	Mode  Mode   `json:"mode"`
	Parts []Part `json:"parts"`
	Left  int64  `json:"left_bytes"`            // in the state folder afterwards
	Limit int64  `json:"limit_bytes,omitempty"` // that it should stay within; 0 means none
}

// Part is one sort of thing.
type Part struct {
	What  string `json:"what"`
	Count int    `json:"count"`
	Bytes int64  `json:"bytes"`
}

// Place is where to look, and what is old there.
type Place struct {
	State      string // folder
	Store      *store.Store
	Operations *sandbox.Operations
	Repo       func(context.Context) (*git.Repo, error)
	Runs       map[string]bool // by id, and whether they ended long ago
	Limit      int64           // bytes that State should stay within; 0 means none
}

// Collect removes what is old, and what is older than age where no run owns
// it. The caller holds the engine lock, so that nothing is removed under a run.
func Collect(ctx context.Context, p Place, age time.Duration, mode Mode) (Collected, error) {
	g := collecting{Place: p, mode: mode}
	for _, step := range []func(context.Context) error{g.folders, g.operations, g.scratch, g.refs, g.results(age)} {
		if err := step(ctx); err != nil {
			return g.out, err
		}
	}
	g.out.Mode = mode
	return g.out, g.setUps(age)
}

// collecting is one call of Collect.
type collecting struct {
	Place
	mode Mode
	out  Collected
}

func (g *collecting) add(p Part) { g.out.Parts = append(g.out.Parts, p) }

// folders removes worktrees and trees that nothing uses. What Git's part
// removes is measured by what is gone.
func (g *collecting) folders(ctx context.Context) error {
	if g.mode == OnlyLook {
		return g.lookAtFolders(ctx)
	}
	repo, err := g.Repo(ctx)
	if err != nil {
		return err
	}
	worktrees, trees := g.folder("worktrees"), g.folder("trees")
	before := [2]int64{furnish.FolderSize(worktrees), furnish.FolderSize(trees)}
	got, err := repo.Gc(ctx)
	g.add(Part{"unused worktrees", got.Worktrees, before[0] - furnish.FolderSize(worktrees)})
	g.add(Part{"unused trees", got.Trees, before[1] - furnish.FolderSize(trees)})
	return err
}

// lookAtFolders counts all worktrees and trees as unused when no run is open,
// and none when one is: which of them a task still holds is known to Git's
// part alone.
func (g *collecting) lookAtFolders(ctx context.Context) error {
	active, err := g.Store.Active(ctx)
	if err != nil {
		return err
	}
	for _, name := range []string{"worktrees", "trees"} {
		p := Part{What: "unused " + name}
		if name == "trees" || len(active) == 0 {
			entries, _ := os.ReadDir(g.folder(name))
			p.Count, p.Bytes = len(entries), furnish.FolderSize(g.folder(name))
		}
		g.add(p)
	}
	return nil
}

func (g *collecting) folder(name string) string { return filepath.Join(g.State, name) }

// isOld reports whether a name that begins with a run's id belongs to an old run.
func (g *collecting) isOld(name string) bool {
	run, _, _ := strings.Cut(name, ".")
	return g.Runs[run]
}

func (g *collecting) operations(context.Context) error {
	all, err := g.Operations.List()
	if err != nil {
		return err
	}
	p := Part{What: "folders of ended agents"}
	for _, id := range all {
		state, err := g.Operations.State(id)
		if err != nil {
			return err
		}
		if !g.isOld(id) || state != job.OpEnded {
			continue
		}
		p.Count, p.Bytes = p.Count+1, p.Bytes+furnish.FolderSize(filepath.Join(g.folder("ops"), id))
		if g.mode == Remove {
			if err := g.Operations.Remove(id); err != nil {
				return err
			}
		}
	}
	g.add(p)
	return nil
}

func (g *collecting) scratch(context.Context) error {
	entries, err := os.ReadDir(g.folder("scratch"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(fault.Internal, err, "look for scratch folders")
	}
	p := Part{What: "scratch folders"}
	for _, e := range entries {
		if !g.isOld(e.Name()) {
			continue
		}
		path := filepath.Join(g.folder("scratch"), e.Name())
		p.Count, p.Bytes = p.Count+1, p.Bytes+furnish.FolderSize(path)
		if g.mode == Remove {
			if err := os.RemoveAll(path); err != nil {
				return fault.Wrap(fault.Internal, err, "remove %s", path)
			}
		}
	}
	g.add(p)
	return nil
}

// refs forgets what keeps the commits of old runs alive. The branch of each
// run stays.
func (g *collecting) refs(ctx context.Context) error {
	repo, err := g.Repo(ctx)
	if err != nil {
		return err
	}
	p := Part{What: "runs' refs"}
	for _, id := range slices.Sorted(maps.Keys(g.Runs)) {
		if !g.Runs[id] {
			continue
		}
		// A run without a head was forgotten before, or never opened.
		if _, err := repo.Head(ctx, id); fault.KindOf(err) == fault.NotFound {
			continue
		} else if err != nil {
			return err
		}
		p.Count++
		if g.mode == Remove {
			if err := repo.Forget(ctx, id); err != nil {
				return err
			}
		}
	}
	g.add(p)
	return nil
}

// setUps removes set-ups that were not used for long, and more of them while
// the state folder is larger than the configuration wants it.
func (g *collecting) setUps(age time.Duration) error {
	g.out.Limit, g.out.Left = g.Limit, furnish.Measure(g.State).Total
	if g.mode == OnlyLook {
		for _, p := range g.out.Parts {
			g.out.Left -= p.Bytes
		}
	}
	r := furnish.Removal{Before: time.Now().Add(-age), OnlyLook: g.mode == OnlyLook}
	if g.out.Limit > 0 {
		r.Excess = g.out.Left - g.out.Limit
	}
	n, bytes, err := furnish.RemoveSetUps(g.State, r)
	g.add(Part{"set-ups", n, bytes})
	g.out.Left -= bytes
	return err
}

// results removes results of checks that are old; they are made again when
// they are needed.
func (g *collecting) results(age time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		if g.mode == OnlyLook {
			return nil
		}
		before := furnish.FolderSize(g.folder("results"))
		n, err := g.Store.PruneResults(ctx, time.Now().Add(-age))
		if err == nil {
			_, err = g.Store.PruneTemp(ctx, time.Now().Add(-24*time.Hour))
		}
		g.add(Part{"results of checks", n, before - furnish.FolderSize(g.folder("results"))})
		return err
	}
}

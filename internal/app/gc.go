package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"muster/internal/app/furnish"
	"muster/internal/core/config"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// CollectMode says whether Collect removes.
type CollectMode string

// The modes of Collect.
const (
	Remove   CollectMode = "remove"
	OnlyLook CollectMode = "only_look"
)

// Collected says what was removed, or would be.
type Collected struct {
	Mode  CollectMode     `json:"mode"`
	Parts []CollectedPart `json:"parts"`
	Left  int64           `json:"left_bytes"`            // in the state folder afterwards
	Limit int64           `json:"limit_bytes,omitempty"` // that it should stay within; 0 means none
}

// CollectedPart is one sort of thing.
type CollectedPart struct {
	What  string `json:"what"`
	Count int    `json:"count"`
	Bytes int64  `json:"bytes"`
}

// Collect removes what no run needs any more. It needs the engine lock, so
// that nothing is removed under a run.
func (s *Session) Collect(ctx context.Context, age time.Duration, mode CollectMode) (Collected, error) {
	lock, ok, err := s.store.Lock(ctx)
	if err != nil {
		return Collected{}, err
	}
	if !ok {
		return Collected{}, fault.New(fault.Conflict, "remove what is not needed: a run is being driven right now").
			WithHint("wait until it has settled, or stop it: muster stop")
	}
	defer lock.Release() //nolint:errcheck // it ends with the process
	old, err := s.endedBefore(ctx, time.Now().Add(-age))
	if err != nil {
		return Collected{}, err
	}
	g := collecting{s: s, mode: mode, old: old}
	for _, step := range []func(context.Context) error{g.folders, g.operations, g.scratch, g.refs, g.results(age)} {
		if err := step(ctx); err != nil {
			return g.out, err
		}
	}
	g.out.Mode = mode
	return g.out, g.setUps(ctx, age)
}

// endedBefore gives the ids of the runs that are done and whose last event is
// older than a moment.
func (s *Session) endedBefore(ctx context.Context, before time.Time) (map[string]bool, error) {
	runs, err := s.Runs(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, r := range runs {
		if !r.Done || r.BegunUS > before.UnixMicro() {
			continue
		}
		v, err := s.Report(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		out[r.ID] = v.LastUS <= before.UnixMicro()
	}
	return out, nil
}

// collecting is one call of Collect.
type collecting struct {
	s    *Session
	mode CollectMode
	old  map[string]bool // runs, by id
	out  Collected
}

func (g *collecting) add(p CollectedPart) { g.out.Parts = append(g.out.Parts, p) }

// folders removes worktrees and trees that nothing uses. What Git's part
// removes is measured by what is gone.
func (g *collecting) folders(ctx context.Context) error {
	if g.mode == OnlyLook {
		return g.lookAtFolders(ctx)
	}
	repo, err := g.s.git(ctx)
	if err != nil {
		return err
	}
	worktrees, trees := g.folder("worktrees"), g.folder("trees")
	before := [2]int64{furnish.FolderSize(worktrees), furnish.FolderSize(trees)}
	got, err := repo.Gc(ctx)
	g.add(CollectedPart{"unused worktrees", got.Worktrees, before[0] - furnish.FolderSize(worktrees)})
	g.add(CollectedPart{"unused trees", got.Trees, before[1] - furnish.FolderSize(trees)})
	return err
}

// lookAtFolders counts all worktrees and trees as unused when no run is open,
// and none when one is: which of them a task still holds is known to Git's
// part alone.
func (g *collecting) lookAtFolders(ctx context.Context) error {
	active, err := g.s.store.Active(ctx)
	if err != nil {
		return err
	}
	for _, name := range []string{"worktrees", "trees"} {
		p := CollectedPart{What: "unused " + name}
		if name == "trees" || len(active) == 0 {
			entries, _ := os.ReadDir(g.folder(name))
			p.Count, p.Bytes = len(entries), furnish.FolderSize(g.folder(name))
		}
		g.add(p)
	}
	return nil
}

func (g *collecting) folder(name string) string { return filepath.Join(g.s.state, name) }

// isOld reports whether a name that begins with a run's id belongs to an old run.
func (g *collecting) isOld(name string) bool {
	run, _, _ := strings.Cut(name, ".")
	return g.old[run]
}

func (g *collecting) operations(context.Context) error {
	all, err := g.s.ops.List()
	if err != nil {
		return err
	}
	p := CollectedPart{What: "folders of ended agents"}
	for _, id := range all {
		state, err := g.s.ops.State(id)
		if err != nil {
			return err
		}
		if !g.isOld(id) || state != job.OpEnded {
			continue
		}
		p.Count, p.Bytes = p.Count+1, p.Bytes+furnish.FolderSize(filepath.Join(g.folder("ops"), id))
		if g.mode == Remove {
			if err := g.s.ops.Remove(id); err != nil {
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
	p := CollectedPart{What: "scratch folders"}
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
	repo, err := g.s.git(ctx)
	if err != nil {
		return err
	}
	p := CollectedPart{What: "runs' refs"}
	runs, err := g.s.Runs(ctx)
	if err != nil {
		return err
	}
	for _, r := range runs {
		if !g.old[r.ID] {
			continue
		}
		// A run without a head was forgotten before, or never opened.
		if _, err := repo.Head(ctx, r.ID); fault.KindOf(err) == fault.NotFound {
			continue
		} else if err != nil {
			return err
		}
		p.Count++
		if g.mode == Remove {
			if err := repo.Forget(ctx, r.ID); err != nil {
				return err
			}
		}
	}
	g.add(p)
	return nil
}

// setUps removes set-ups that were not used for long, and more of them while
// the state folder is larger than the configuration wants it.
func (g *collecting) setUps(ctx context.Context, age time.Duration) error {
	c, err := configHere(ctx, g.s)
	if err != nil {
		return err
	}
	g.out.Limit, g.out.Left = c.Resources.StateSize, furnish.Measure(g.s.state).Total
	if g.mode == OnlyLook {
		for _, p := range g.out.Parts {
			g.out.Left -= p.Bytes
		}
	}
	r := furnish.Removal{Before: time.Now().Add(-age), OnlyLook: g.mode == OnlyLook}
	if g.out.Limit > 0 {
		r.Excess = g.out.Left - g.out.Limit
	}
	n, bytes, err := furnish.RemoveSetUps(g.s.state, r)
	g.add(CollectedPart{"set-ups", n, bytes})
	g.out.Left -= bytes
	return err
}

// configHere reads the configuration at the commit that is checked out.
func configHere(ctx context.Context, s *Session) (config.Config, error) {
	repo, err := s.git(ctx)
	if err != nil {
		return config.Config{}, err
	}
	head, err := repo.Resolve(ctx, "HEAD")
	if err != nil {
		return config.Default(), nil //nolint:nilerr // nothing is checked out
	}
	c, _, err := readConfig(ctx, repo, head.Commit)
	return c, err
}

// results removes results of checks that are old; they are made again when
// they are needed.
func (g *collecting) results(age time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		if g.mode == OnlyLook {
			return nil
		}
		before := furnish.FolderSize(g.folder("results"))
		n, err := g.s.store.PruneResults(ctx, time.Now().Add(-age))
		if err == nil {
			_, err = g.s.store.PruneTemp(ctx, time.Now().Add(-24*time.Hour))
		}
		g.add(CollectedPart{"results of checks", n, before - furnish.FolderSize(g.folder("results"))})
		return err
	}
}

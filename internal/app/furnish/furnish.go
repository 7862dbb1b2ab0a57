// Package furnish connects Git's worktrees and trees with what is put into them
// beside the tracked files: set-ups, files outside of Git, and ports of their
// own.
package furnish

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"muster/internal/adapter/git"
	"muster/internal/adapter/sandbox"
	"muster/internal/adapter/setups"
	"muster/internal/app/walls"
	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/setup"
	"muster/internal/engine"
)

// Host is where a repository is worked on.
type Host struct {
	State    string   // the repository's state folder
	Root     string   // the folder that holds the state folders of all repositories
	Checkout string   // the person's work tree; empty when there is none
	Env      []string // that commands of checks start from
	Shim     []string // starts a shim
	Look     func(program string) (path string, ok bool)
	Walls    *walls.Walls // of these processes; nil makes them
}

// Furniture is what worktrees and trees are laid out and set up with.
type Furniture struct {
	Exec      check.Exec
	Ports     *setups.Ports
	Worktrees engine.Worktrees
	Trees     check.Trees
}

// Open gives the furniture of a repository.
func Open(repo *git.Repo, h Host) (Furniture, error) {
	state, err := filepath.EvalSymlinks(h.State) // as Git's part names folders
	if err != nil {
		return Furniture{}, fault.Wrap(fault.Internal, err, "find the state folder %s", h.State)
	}
	f := Furniture{Ports: setups.NewPorts(filepath.Join(h.Root, "ports.json"))}
	if h.Walls == nil {
		h.Walls = walls.New(walls.Host{State: state, Checkout: h.Checkout, Env: h.Env, Shim: h.Shim})
	}
	f.Exec = ported{sandbox.NewExecutor(h.Env, h.Shim), f.Ports, h.Walls, state}
	store := setups.New(SetUps(state), setups.Tools{Trees: repo, Exec: f.Exec, Checkout: h.Checkout, Look: h.Look})
	f.Worktrees, f.Trees = worktrees{repo, store}, trees{repo, store}
	return f, nil
}

// SetUps gives the folder of set-ups in a state folder.
func SetUps(state string) string { return filepath.Join(state, "setups") }

// Ports gives the variable that tells a process in a folder which ports are
// the folder's own: setups.BlockSize of them, from this one on.
func Ports(ctx context.Context, p *setups.Ports, folder string) (string, error) {
	base, err := p.Base(ctx, folder)
	return fmt.Sprintf("MUSTER_PORT_BASE=%d", base), err
}

// ported gives every command that runs in a folder of ours the ports of that
// folder, and puts it behind walls.
type ported struct {
	check.Exec
	ports *setups.Ports
	walls *walls.Walls
	state string // real path
}

func (p ported) Run(ctx context.Context, c job.Command) (job.Output, error) {
	folder := p.folder(c.Dir)
	if folder != "" {
		own, err := Ports(ctx, p.ports, folder)
		if err != nil {
			return job.Output{}, err
		}
		c.Env = append([]string{own}, c.Env...)
	} else {
		folder = c.Dir
	}
	c, release, err := p.walls.Command(ctx, c, folder)
	defer release()
	if err != nil {
		return job.Output{}, err
	}
	return p.Exec.Run(ctx, c)
}

// folder gives the worktree or tree that a path lies in; empty when it lies
// elsewhere.
func (p ported) folder(dir string) string {
	rel, err := filepath.Rel(p.state, dir)
	if err != nil || !filepath.IsLocal(rel) {
		return ""
	}
	parts := strings.SplitN(filepath.ToSlash(rel), "/", 3)
	if len(parts) < 2 || parts[0] != "trees" && parts[0] != "worktrees" {
		return ""
	}
	return filepath.Join(p.state, parts[0], parts[1])
}

// worktrees lays worktrees out and sets them up.
type worktrees struct {
	*git.Repo
	setups *setups.Store
}

var _ engine.Worktrees = worktrees{}

// Worktree implements engine.Worktrees. A worktree that its owner goes on with
// is left as it is: the agent may have installed what its own change needs.
func (w worktrees) Worktree(ctx context.Context, q change.WorktreeRequest, spec setup.Spec) (change.Worktree, setup.Result, error) {
	if spec.Empty() {
		got, err := w.Repo.Worktree(ctx, q)
		if err == nil {
			err = w.setups.Forget(got.Dir)
		}
		return got, setup.Result{}, err
	}
	ready, failure, err := w.ready(ctx, q, spec)
	if err != nil || failure != nil {
		return change.Worktree{}, setup.Result{Failure: failure}, err
	}
	q.Beside = ready.Beside()
	got, err := w.Repo.Worktree(ctx, q)
	if err != nil {
		return got, setup.Result{}, err
	}
	if _, whole := w.setups.Placed(got.Dir); got.Kept && whole {
		return got, setup.Result{}, nil
	}
	out, err := w.setups.Place(ctx, got.Dir, ready)
	return got, setup.Result{Outcome: &out}, err
}

// ready gives the set-up for a worktree: that of its content when that one was
// made already, for a check of the same change; else the base's. An agent's
// half-finished lockfile never keeps it from working.
func (w worktrees) ready(ctx context.Context, q change.WorktreeRequest, spec setup.Spec) (setups.Ready, *setup.Failure, error) {
	base := q.Base
	if base.Commit == "" {
		var err error
		if base, err = w.Head(ctx, q.Run); err != nil {
			return setups.Ready{}, nil, err
		}
	}
	if base.Tree == "" {
		base.Tree = base.Commit
	}
	if q.Tree != "" && q.Tree != base.Tree {
		r, _, err := w.setups.Find(ctx, setups.Want{Spec: spec, Tree: q.Tree, IfMade: true})
		if err != nil || r.Key != "" {
			return r, nil, err
		}
	}
	return w.setups.Find(ctx, setups.Want{Spec: spec, Tree: base.Tree, Trusted: true})
}

// Capture implements engine.Worktrees. What was set up is no part of a change.
func (w worktrees) Capture(ctx context.Context, q change.CaptureRequest) (change.Captured, error) {
	dir, err := w.WorktreeOf(q.Owner)
	if err != nil {
		return change.Captured{}, err
	}
	q.Beside, _ = w.setups.Placed(dir)
	return w.Repo.Capture(ctx, q)
}

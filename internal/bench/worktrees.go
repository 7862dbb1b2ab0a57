package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"muster/internal/adapter/git"
	"muster/internal/app/furnish"
	"muster/internal/core/change"
	"muster/internal/core/plan"
	"muster/internal/core/setup"
)

const (
	worktrees    = 10
	worktreeAim  = 2.0 // times git worktree add, for the first and the tenth
	reuseAim     = 0.5 // times git worktree add, for one that is used again
	setUpFolders = 100 // of what the set-up command makes
)

// worktreeRows measures worktrees of a large repository beside git worktree
// add in the same repository, in turn, and then what set-ups cost.
func worktreeRows(ctx context.Context, w *workshop, n sizes) ([]row, error) {
	p, err := w.newPlace(ctx, n.large)
	if err != nil {
		return nil, err
	}
	repo, err := git.Open(ctx, p.repo(), filepath.Join(p.root, "worktrees"))
	if err != nil {
		return nil, err
	}
	defer repo.Close()
	f, err := furnish.Open(repo, furnish.Host{
		State: filepath.Join(p.root, "worktrees"), Root: p.state(), Checkout: p.repo(), Env: []string{"PATH=" + os.Getenv("PATH")},
		Shim: []string{p.muster, "shim"}, Look: func(string) (string, bool) { return "", false },
	})
	if err != nil {
		return nil, err
	}
	points, err := p.twoCommits(ctx, repo)
	if err != nil {
		return nil, err
	}
	yard := yard{place: p, worktrees: f.Worktrees, points: points}
	rows, err := yard.plain(ctx, n.large)
	if err != nil {
		return nil, err
	}
	more, err := yard.setUp(ctx, n)
	return append(rows, more...), err
}

// engineWorktrees is what the engine asks for worktrees.
type engineWorktrees interface {
	Worktree(ctx context.Context, r change.WorktreeRequest, s setup.Spec) (change.Worktree, setup.Result, error)
	Release(ctx context.Context, owner string) error
}

// yard is a repository with worktrees.
type yard struct {
	*place
	worktrees engineWorktrees
	points    [2]change.Point
}

// twoCommits gives the commit that is there and one more.
func (p *place) twoCommits(ctx context.Context, repo *git.Repo) (out [2]change.Point, err error) {
	if out[0], err = repo.Resolve(ctx, "HEAD"); err != nil {
		return out, err
	}
	if err := p.write("d00/f000.txt", "another\n"); err != nil {
		return out, err
	}
	if _, err := p.command(ctx, "git", "commit", "-q", "-a", "-m", "second"); err != nil {
		return out, err
	}
	out[1], err = repo.Resolve(ctx, "HEAD")
	return out, err
}

// get times a worktree for a task.
func (y yard) get(ctx context.Context, i int, point change.Point, spec setup.Spec) (time.Duration, string, error) {
	began := time.Now()
	got, set, err := y.worktrees.Worktree(ctx, change.WorktreeRequest{Owner: fmt.Sprint("bench/t", i), Base: point}, spec)
	if err == nil && set.Failure != nil {
		err = fmt.Errorf("%s", set.Failure.Text())
	}
	return time.Since(began), got.Dir, err
}

// plain measures ten worktrees that are all in use, and one used again.
func (y yard) plain(ctx context.Context, files int) ([]row, error) {
	var theirs, ours []time.Duration
	for i := range worktrees {
		took, err := y.timed(ctx, "git", "worktree", "add", "-q", "--detach", filepath.Join(y.root, fmt.Sprint("git", i)), y.points[0].Commit)
		if err != nil {
			return nil, err
		}
		theirs = append(theirs, took.wall)
		mine, _, err := y.get(ctx, i, y.points[0], setup.Spec{})
		if err != nil {
			return nil, err
		}
		ours = append(ours, mine)
	}
	var again []time.Duration
	for i := range worktrees {
		if err := y.worktrees.Release(ctx, "bench/t0"); err != nil {
			return nil, err
		}
		mine, dir, err := y.get(ctx, 0, y.points[(i+1)%2], setup.Spec{})
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "d01", "left"), []byte("by an agent"), 0o644)
		}
		if err != nil {
			return nil, err
		}
		again = append(again, mine)
	}
	size, last := fmt.Sprintf("%d files", files), worktrees-1
	return []row{
		within("git worktree add: the first", size, 1, theirs[0], 0),
		within("worktree: the first", size, 1, ours[0], 0), times("  times git worktree add", size, ours[0], theirs[0], worktreeAim),
		within("git worktree add: the tenth", size, 1, theirs[last], 0),
		within("worktree: the tenth", size, 1, ours[last], 0), times("  times git worktree add", size, ours[last], theirs[last], worktreeAim),
		within("worktree: used again, two files to mend", size, len(again), median(again), 0), times("  times git worktree add", size, median(again), median(theirs), reuseAim),
	}, nil
}

// setUp measures a set-up: made, placed for the first time, and found again in
// a folder where one file was touched.
func (y yard) setUp(ctx context.Context, n sizes) ([]row, error) {
	spec := setup.Spec{TimeMS: 600_000, Run: []plan.Command{{Shell: fmt.Sprintf(
		`i=0; while [ $i -lt %d ]; do mkdir -p node_modules/p$i; j=0; while [ $j -lt %d ]; do echo "$i $j" >node_modules/p$i/$j.js; j=$((j+1)); done; i=$((i+1)); done`,
		setUpFolders, n.setUp/setUpFolders)}}}
	size := fmt.Sprintf("%d files set up", n.setUp)
	made, dir, err := y.get(ctx, 0, y.points[0], spec) // the owner has a worktree: it is laid out anew and set up
	if err != nil {
		return nil, err
	}
	_, set, err := y.worktrees.Worktree(ctx, change.WorktreeRequest{Owner: "bench/t1", Base: y.points[0]}, spec)
	if err != nil || set.Outcome == nil {
		return nil, fmt.Errorf("set up again: %w", err)
	}
	first := time.Duration(set.Outcome.TimeUS) * time.Microsecond
	copied, err := y.timed(ctx, "cp", "-a", filepath.Join(dir, "node_modules"), filepath.Join(y.root, "copy"))
	if err != nil {
		return nil, err
	}
	var again []time.Duration
	for i := range n.repeat {
		err := os.WriteFile(filepath.Join(dir, "node_modules", "p7", "1.js"), []byte(fmt.Sprint("touched ", i)), 0o644)
		if err != nil {
			return nil, err
		}
		_, set, err := y.worktrees.Worktree(ctx, change.WorktreeRequest{Owner: "bench/t0", Base: y.points[0]}, spec)
		if err != nil || set.Outcome == nil || set.Outcome.Copied != 1 {
			return nil, fmt.Errorf("set up again: %+v, %w", set.Outcome, err)
		}
		again = append(again, time.Duration(set.Outcome.TimeUS)*time.Microsecond)
	}
	return []row{
		within("set-up: commands, keeping, laying out, placing", size, 1, made, 0),
		within("set-up: cp -a of the same", size, 1, copied.wall, 0),
		within("set-up: placed into a new folder", size, 1, first, 0), times("  times cp -a", size, first, copied.wall, worktreeAim),
		within("set-up: found again, one file touched", size, len(again), median(again), 0), times("  times cp -a", size, median(again), copied.wall, reuseAim),
	}, nil
}

// times gives a row of how often one time holds another.
func times(what, size string, got, of time.Duration, aim float64) row {
	ratio := float64(got) / float64(of)
	return row{what: what, size: size, count: 1, got: fmt.Sprintf("%.2f x", ratio), aim: fmt.Sprintf("<= %.1f x", aim), isMet: ratio <= aim}
}

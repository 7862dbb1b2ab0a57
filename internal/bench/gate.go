package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"muster/internal/adapter/git"
	"muster/internal/adapter/sandbox"
	"muster/internal/check"
	"muster/internal/check/battery"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
	"muster/internal/core/plan"
	"muster/internal/core/policy"
)

const gateAim = 300 * time.Millisecond

// trees lays out what checks look at.
type trees struct{ *git.Repo }

func (t trees) ReadFile(ctx context.Context, tree, path string) ([]byte, bool, error) {
	return t.ReadFileOrLink(ctx, tree, path)
}

func (t trees) List(ctx context.Context, tree string) ([]change.Entry, error) {
	return t.Files(ctx, tree)
}

func (t trees) Lease(ctx context.Context, tree string) (string, func(), error) {
	return t.Repo.Lease(ctx, tree)
}

// gateRows measures a judgement of a small change by all checks, with an
// acceptance command that does nothing. Nothing is kept from one to the next
// but the folders, as in a run.
func gateRows(ctx context.Context, w *workshop, n sizes) ([]row, error) {
	p, err := w.newPlace(ctx, n.files)
	if err != nil {
		return nil, err
	}
	state := filepath.Join(p.root, "gate")
	repo, err := git.Open(ctx, p.repo(), state)
	if err != nil {
		return nil, err
	}
	defer repo.Close()
	const heads = 4 // in turn, so that each time another tree is laid out
	var points []change.Point
	for i := range heads {
		if err := p.write("d00/f000.txt", fmt.Sprintf("version %d\nof a small change\n", i)); err != nil {
			return nil, err
		}
		if _, err := p.command(ctx, "git", "commit", "-q", "-a", "-m", "change"); err != nil {
			return nil, err
		}
		point, err := repo.Resolve(ctx, "HEAD")
		if err != nil {
			return nil, err
		}
		points = append(points, point)
	}
	x := sandbox.NewExecutor([]string{"PATH=" + os.Getenv("PATH")}, []string{p.muster, "shim"})
	runner := check.New(check.Tools{Trees: trees{repo}, Exec: x}, battery.All(battery.Outside{}), max(runtime.NumCPU()/2, 1))
	i := 0
	judge := func() error {
		i++
		e, err := runner.Judge(ctx, evidence.Request{
			Sandbox: job.LevelOff, // its executor confines nothing
			Subject: evidence.OfTask, Base: points[i%heads], Head: points[(i+1)%heads], Scope: []string{"d00/**"},
			Accept: []plan.Command{{Argv: []string{"true"}}}, MaxLines: 400, MaxFiles: 20, TimeMS: 60_000,
		})
		if err != nil {
			return err
		}
		if v := policy.Decide(evidence.OfTask, e, nil); v.Route != policy.Auto {
			return fmt.Errorf("the verdict is %s: %v", v.Route, v.Reasons)
		}
		return nil
	}
	if err := judge(); err != nil { // fills the folder, once in the life of a state folder
		return nil, err
	}
	got, err := timed(n.repeat, judge)
	if err != nil {
		return nil, err
	}
	return []row{within("gate: all checks, acceptance command true", fmt.Sprintf("%d files, 1 changed", n.files), n.repeat, got, gateAim)}, nil
}

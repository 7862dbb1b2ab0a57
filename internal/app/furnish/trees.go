package furnish

import (
	"context"

	"muster/internal/adapter/git"
	"muster/internal/adapter/setups"
	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/fault"
	"muster/internal/core/setup"
)

// trees lays out what checks look at.
type trees struct {
	repo   *git.Repo
	setups *setups.Store
}

func (t trees) Diff(ctx context.Context, base, head string) (change.Change, error) {
	return t.repo.Diff(ctx, base, head)
}

func (t trees) Lease(ctx context.Context, tree string) (string, func(), error) {
	return t.repo.Lease(ctx, tree)
}

func (t trees) Has(ctx context.Context, tree, name string) (bool, error) {
	return t.repo.Has(ctx, tree, name)
}

func (t trees) ReadFile(ctx context.Context, tree, path string) ([]byte, bool, error) {
	return t.repo.ReadFileOrLink(ctx, tree, path)
}

func (t trees) List(ctx context.Context, tree string) ([]change.Entry, error) {
	return t.repo.Files(ctx, tree)
}

func (t trees) Blobs(ctx context.Context, blobs []string, most int) ([][]byte, error) {
	return t.repo.Blobs(ctx, blobs, most)
}

func (t trees) Patches(ctx context.Context, base, head string) ([]change.Patch, error) {
	return t.repo.Patches(ctx, base, head)
}

var _ check.Trees = trees{}

var _ check.Furnisher = trees{}

// LeaseSetUp implements check.Furnisher.
func (t trees) LeaseSetUp(ctx context.Context, w check.WantSetUp) (string, func(), error) {
	ready, failure, err := t.setups.Find(ctx, wanted(w))
	if failure != nil {
		err = fault.New(fault.Refused, "set up tree %s: %s", w.Tree, failure.Text())
	}
	if err != nil {
		return "", nil, err
	}
	dir, release, err := t.repo.Lease(ctx, w.Tree, ready.Beside()...)
	if err != nil {
		return "", nil, err
	}
	if _, err := t.setups.Place(ctx, dir, ready); err != nil {
		release()
		return "", nil, err
	}
	return dir, release, nil
}

// SetUp implements check.Furnisher.
func (t trees) SetUp(ctx context.Context, w check.WantSetUp) (string, *setup.Failure, error) {
	ready, failure, err := t.setups.Find(ctx, wanted(w))
	return ready.Key, failure, err
}

// Stamp implements check.Furnisher.
func (t trees) Stamp(s setup.Spec) string { return t.setups.Stamp(s) }

func wanted(w check.WantSetUp) setups.Want {
	return setups.Want{Spec: w.Spec, Tree: w.Tree, Trusted: w.Trusted, Again: w.Again}
}

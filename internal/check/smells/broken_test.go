package smells

import (
	"context"
	"errors"

	"muster/internal/check/checktest"
	"muster/internal/core/change"
)

// noPatches are trees whose lines cannot be read.
type noPatches struct{ *checktest.Trees }

func (noPatches) Patches(context.Context, string, string) ([]change.Patch, error) {
	return nil, errors.New("disk on fire")
}

// noFiles are trees of which one has no file that can be read.
type noFiles struct {
	*checktest.Trees
	tree string
}

func (n noFiles) ReadFile(ctx context.Context, tree, path string) ([]byte, bool, error) {
	if tree == n.tree {
		return nil, false, errors.New("disk on fire")
	}
	return n.Trees.ReadFile(ctx, tree, path)
}

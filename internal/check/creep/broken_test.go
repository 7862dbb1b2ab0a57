package creep

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

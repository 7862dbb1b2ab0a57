package git

import (
	"context"

	"muster/internal/core/change"
)

// Target gives the full name of a target branch and where it stands. An empty
// name means the branch that is checked out. It fails as OpenRun would, so
// that a person hears of it before a run begins.
func (r *Repo) Target(ctx context.Context, name string) (string, change.Point, error) {
	ref, err := r.target(name)
	if err != nil {
		return "", change.Point{}, err
	}
	p, err := r.targetPoint(ctx, ref)
	return ref, p, err
}

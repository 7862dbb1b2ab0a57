package app

import (
	"context"

	"muster/internal/app/models"
	"muster/internal/app/plans"
	"muster/internal/app/runs"
	"muster/internal/core/config"
)

// Charges says what the models of the agents would be charged for that are
// configured at the commit that is checked out.
func Charges(ctx context.Context, s *Session) (models.Charges, error) {
	repo, err := s.git(ctx)
	if err != nil {
		return models.Charges{}, err
	}
	c := config.Default()
	if head, err := repo.Resolve(ctx, "HEAD"); err == nil {
		if c, _, err = plans.Config(ctx, repo, head.Commit); err != nil {
			return models.Charges{}, err
		}
	}
	seen, err := runs.Models(ctx, s.store)
	if err != nil {
		return models.Charges{}, err
	}
	root, err := s.host.StateRoot()
	if err != nil {
		return models.Charges{}, err
	}
	return models.ChargesOf(c, s.host, seen, root)
}

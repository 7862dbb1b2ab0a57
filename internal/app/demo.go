package app

import (
	"context"

	"muster/internal/adapter/git"
)

// InitRepository makes a repository of the host's folder, with all its files
// in a first commit on branch main.
func InitRepository(ctx context.Context, h Host, message string) error {
	return git.Init(ctx, h.Dir, message)
}

package app

import (
	"context"
	"maps"

	"muster/internal/adapter/git"
)

// At gives the same host with the person in another folder, and with a state
// folder of its own.
func (h Host) At(dir, state string) Host {
	h.Dir, h.Env = dir, maps.Clone(h.Env)
	h.Env["XDG_STATE_HOME"] = state
	return h
}

// InitRepository makes a repository of the host's folder, with all its files
// in a first commit on branch main.
func InitRepository(ctx context.Context, h Host, message string) error {
	return git.Init(ctx, h.Dir, message)
}

package app

import (
	"context"
	"time"

	"muster/internal/app/gc"
	"muster/internal/app/plans"
	"muster/internal/core/config"
	"muster/internal/core/fault"
)

// Collect removes what no run needs any more. It needs the engine lock, so
// that nothing is removed under a run.
func (s *Session) Collect(ctx context.Context, age time.Duration, mode gc.Mode) (gc.Collected, error) {
	lock, ok, err := s.store.Lock(ctx)
	if err != nil {
		return gc.Collected{}, err
	}
	if !ok {
		return gc.Collected{}, fault.New(fault.Conflict, "remove what is not needed: a run is being driven right now").
			WithHint("wait until it has settled, or stop it: muster stop")
	}
	defer lock.Release() //nolint:errcheck // it ends with the process
	old, err := s.endedBefore(ctx, time.Now().Add(-age))
	if err != nil {
		return gc.Collected{}, err
	}
	c, err := configHere(ctx, s)
	if err != nil {
		return gc.Collected{}, err
	}
	return gc.Collect(ctx, gc.Place{
		State: s.state, Store: s.store, Operations: s.ops, Repo: s.git, Runs: old, Limit: c.Resources.StateSize,
	}, age, mode)
}

// endedBefore gives the ids of the runs that are done and whose last event is
// older than a moment.
func (s *Session) endedBefore(ctx context.Context, before time.Time) (map[string]bool, error) {
	runs, err := s.Runs(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, r := range runs {
		if !r.Done || r.BegunUS > before.UnixMicro() {
			continue
		}
		v, err := s.Report(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		out[r.ID] = v.LastUS <= before.UnixMicro()
	}
	return out, nil
}

// configHere reads the configuration at the commit that is checked out.
func configHere(ctx context.Context, s *Session) (config.Config, error) {
	repo, err := s.git(ctx)
	if err != nil {
		return config.Config{}, err
	}
	head, err := repo.Resolve(ctx, "HEAD")
	if err != nil {
		return config.Default(), nil //nolint:nilerr // nothing is checked out
	}
	c, _, err := plans.Config(ctx, repo, head.Commit)
	return c, err
}

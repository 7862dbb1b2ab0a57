package app

import (
	"context"
	"io"

	"muster/internal/adapter/git"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/report"
)

// Changed gives the files of a task's latest change.
func (s *Session) Changed(ctx context.Context, t *report.Task) (change.Change, error) {
	if t.Head.Tree == "" {
		return change.Change{}, noChange(t)
	}
	repo, err := s.git(ctx)
	if err != nil {
		return change.Change{}, err
	}
	base, err := baseOf(ctx, repo, t)
	if err != nil {
		return change.Change{}, err
	}
	return repo.Diff(ctx, base, point(t.Head))
}

// Patch writes a task's latest change. The content is the agent's own: it may
// hold control characters.
func (s *Session) Patch(ctx context.Context, t *report.Task, w io.Writer) error {
	if t.Head.Tree == "" {
		return noChange(t)
	}
	repo, err := s.git(ctx)
	if err != nil {
		return err
	}
	base, err := baseOf(ctx, repo, t)
	if err != nil {
		return err
	}
	return repo.Patch(ctx, base, point(t.Head), w, git.Plain)
}

func noChange(t *report.Task) error {
	return fault.New(fault.NotFound, "show the change of %s: there is none yet, the task is %s", t.ID, t.State).
		WithHint("muster show %s says what it has done so far", t.ID)
}

// baseOf gives what a task's change is measured against: for one that landed,
// what it landed on.
func baseOf(ctx context.Context, repo *git.Repo, t *report.Task) (string, error) {
	if t.State != report.Landed {
		return point(t.Base), nil
	}
	p, err := repo.Resolve(ctx, t.Head.Commit+"^")
	return p.Commit, fault.Wrap(fault.NotFound, err, "show the change of %s", t.ID)
}

func point(p change.Point) string {
	if p.Commit != "" {
		return p.Commit
	}
	return p.Tree
}

// Evidence reads the evidence of a verdict.
func (s *Session) Evidence(ctx context.Context, digest string) (evidence.Evidence, error) {
	var e evidence.Evidence
	err := s.getJSON(ctx, digest, &e)
	return e, err
}

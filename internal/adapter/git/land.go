package git

import (
	"context"

	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// Land moves a run's head from one commit to the next, in one step with the
// landing's own ref and the run's branch. The branch is left where it stands
// while it is checked out or when a person has moved it; the answer says so.
// A landing that was done before is done again without harm. When the head is
// at neither end, somebody else moved it: Conflict.
func (r *Repo) Land(ctx context.Context, l change.Landing) (change.Landed, error) {
	if err := checkRun(l.Run, l.Name); err != nil {
		return change.Landed{}, err
	}
	landing := landingsPrefix + l.ID
	if err := checkOwnRef(landing); err != nil {
		return change.Landed{}, err
	}
	to, err := r.complete(ctx, l.To)
	if err == nil && to.Commit == "" {
		err = fault.New(fault.Invalid, "land %s: only a commit can land", l.ID)
	}
	if err != nil {
		return change.Landed{}, err
	}
	head, err := r.Head(ctx, l.Run)
	if err != nil {
		return change.Landed{}, err
	}
	var e edit
	switch head.Commit {
	case to.Commit:
	case l.From.Commit:
		e.move(headRef(l.Run), head.Commit, to.Commit)
	default:
		return change.Landed{}, fault.New(fault.Conflict, "land %s: run %s is at %s, neither at %s nor at %s",
			l.ID, l.Run, head.Commit, l.From.Commit, to.Commit).
			WithHint("somebody moved %s by hand; put it back or stop the run", headRef(l.Run))
	}
	known, err := r.objects.info(ctx, landing)
	if err != nil {
		return change.Landed{}, err
	}
	if known.ID != to.Commit {
		e.set(landing, to.Commit)
	}
	why, err := r.moveMirror(ctx, &e, l, to.Commit)
	if err != nil {
		return change.Landed{}, err
	}
	if err := r.move(ctx, &e); err != nil {
		return change.Landed{}, fault.Wrap(fault.Internal, err, "land %s", l.ID)
	}
	return change.Landed{Mirror: why}, nil
}

// moveMirror adds to e what takes the run's branch along, or says why it
// stays.
func (r *Repo) moveMirror(ctx context.Context, e *edit, l change.Landing, to string) (string, error) {
	mirror := mirrorRef(l.Name)
	now, err := r.objects.info(ctx, mirror)
	if err != nil {
		return "", err
	}
	seen, err := r.objects.info(ctx, seenRef(l.Run))
	if err != nil {
		return "", err
	}
	if now.ID == to {
		if seen.ID != to {
			e.set(seenRef(l.Run), to)
		}
		return "", nil
	}
	if !now.Exists() {
		return mirror + " was deleted", nil
	}
	if now.ID != seen.ID && now.ID != l.From.Commit {
		left, err := r.leftBehind(ctx, l.Run, now.ID, l.From.Commit)
		if err != nil {
			return "", err
		}
		if !left {
			return mirror + " was moved to " + now.ID, nil
		}
	}
	where, err := r.checkedOut(mirror)
	if err != nil {
		return "", err
	}
	if where != "" {
		return mirror + " is checked out in " + where, nil
	}
	e.move(mirror, now.ID, to)
	e.set(seenRef(l.Run), to)
	return "", nil
}

package git

import (
	"context"

	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// Advance fast-forwards the target branch to q.To, which has to be the run's
// head or an ancestor of it. It never touches a branch that is checked out,
// that isProtected (asked with the branch's short name; nil protects none) or
// that has moved on; the answer then has the command for a person.
func (r *Repo) Advance(ctx context.Context, q change.AdvanceRequest, isProtected func(branch string) bool) (change.Advanced, error) {
	if err := checkRun(q.Run, q.Name); err != nil {
		return change.Advanced{}, err
	}
	target, err := branchRef(q.Target)
	if err != nil {
		return change.Advanced{}, err
	}
	to, err := r.advanceTo(ctx, q)
	if err != nil {
		return change.Advanced{}, err
	}
	from, err := r.targetPoint(ctx, target)
	if err != nil {
		return change.Advanced{}, err
	}
	a := change.Advanced{From: from, To: to}
	contained, err := r.isAncestor(ctx, to.Commit, from.Commit)
	if err != nil {
		return a, err
	}
	if contained {
		a.Done, a.To = true, from
		return a, nil
	}
	forward, err := r.isAncestor(ctx, from.Commit, to.Commit)
	if err != nil {
		return a, err
	}
	where, err := r.checkedOut(target)
	if err != nil {
		return a, err
	}
	source, err := r.sourceName(ctx, q.Name, to.Commit)
	if err != nil {
		return a, err
	}
	switch {
	case !forward:
		a.Why = short(target) + " has moved on since the run began"
		a.Command = r.mergeCommand(where, short(target), source)
		return a, nil
	case where != "":
		a.Why = short(target) + " is checked out in " + where
	case isProtected != nil && isProtected(short(target)):
		a.Why = short(target) + " is protected"
	default:
		var e edit
		e.move(target, from.Commit, to.Commit)
		if err := r.commit(ctx, &e, "muster: advance to run "+q.Run); err != nil {
			return a, fault.Wrap(fault.Internal, err, "advance %s to %s", target, to.Commit)
		}
		a.Done = true
		return a, nil
	}
	a.Command = r.forwardCommand(where, short(target), source)
	return a, nil
}

// advanceTo gives the commit to advance to, after making sure that it landed.
func (r *Repo) advanceTo(ctx context.Context, q change.AdvanceRequest) (change.Point, error) {
	head, err := r.Head(ctx, q.Run)
	if err != nil || q.To == (change.Point{}) {
		return head, err
	}
	to, err := r.complete(ctx, q.To)
	if err != nil {
		return to, err
	}
	landed, err := r.isAncestor(ctx, to.Commit, head.Commit)
	if err == nil && !landed {
		err = fault.New(fault.Conflict, "advance to %s: run %s is at %s and does not contain it", to.Commit, q.Run, head.Commit).
			WithHint("somebody moved %s by hand; put it back or stop the run", headRef(q.Run))
	}
	return to, err
}

// sourceName names the commit by the run's branch when that is where it is.
func (r *Repo) sourceName(ctx context.Context, name, commit string) (string, error) {
	mirror, err := r.objects.info(ctx, mirrorRef(name))
	if err == nil && mirror.ID == commit {
		return short(mirrorRef(name)), nil
	}
	return commit, err
}

// forwardCommand is what a person types to fast-forward the target. A branch
// that is not checked out is moved by fetch, which refuses all but that.
func (r *Repo) forwardCommand(where, target, source string) string {
	if where != "" {
		return "git -C " + quote(where) + " merge --ff-only " + quote(source)
	}
	return "git -C " + quote(r.home()) + " fetch . " + quote(source+":"+headsPrefix+target)
}

// mergeCommand is what a person types when the target has moved on.
func (r *Repo) mergeCommand(where, target, source string) string {
	if where != "" {
		return "git -C " + quote(where) + " merge " + quote(source)
	}
	if r.place.TopLevel == "" {
		return "" // a bare repository has no place to merge in
	}
	top := quote(r.place.TopLevel)
	return "git -C " + top + " switch " + quote(target) + " && git -C " + top + " merge " + quote(source)
}

// home is the folder a person works in.
func (r *Repo) home() string {
	if r.place.TopLevel != "" {
		return r.place.TopLevel
	}
	return r.place.CommonDir
}

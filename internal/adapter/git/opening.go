package git

import (
	"context"
	"strings"

	"muster/internal/adapter/git/raw"
	"muster/internal/core/change"
	"muster/internal/core/fault"
	"muster/internal/core/yamlfile"
)

// OpenRun resolves the target ("" means the branch that is checked out) and
// makes the run's ref and its branch muster/<name>. A run that was opened
// before keeps its head.
//
// A branch of that name that already exists is used when it stands at this
// run's head, and taken over when it stands at the head of another run, whose
// commits stay reachable by that run's own ref. Otherwise it is a person's
// work, and OpenRun fails with Conflict.
func (r *Repo) OpenRun(ctx context.Context, run, name, target string) (change.Opened, error) {
	if err := checkRun(run, name); err != nil {
		return change.Opened{}, err
	}
	target, err := r.target(target)
	if err != nil {
		return change.Opened{}, err
	}
	base, err := r.point(ctx, headRef(run))
	if err != nil {
		return change.Opened{}, err
	}
	var e edit
	if base.Commit == "" {
		if base, err = r.targetPoint(ctx, target); err != nil {
			return change.Opened{}, err
		}
		e.create(headRef(run), base.Commit)
	}
	mirror := mirrorRef(name)
	if err := r.claimMirror(ctx, &e, run, mirror, base.Commit); err != nil {
		return change.Opened{}, err
	}
	opened := change.Opened{Target: target, Base: base, Branch: mirror}
	return opened, fault.Wrap(fault.Internal, r.commit(ctx, &e, "muster: open run"), "open run %s on %s", run, target)
}

// target gives the full name of the target branch.
func (r *Repo) target(name string) (string, error) {
	if name != "" {
		return branchRef(name)
	}
	if branch := raw.HeadBranch(r.place.GitDir); branch != "" {
		return branchRef(branch)
	}
	return "", fault.New(fault.Invalid, "no branch is checked out in %s, so the target is unknown", r.place.GitDir).
		WithHint("name the target in the plan (target: main)")
}

func (r *Repo) targetPoint(ctx context.Context, target string) (change.Point, error) {
	p, err := r.point(ctx, target)
	if err != nil || p.Commit != "" {
		return p, err
	}
	if target == raw.HeadBranch(r.place.GitDir) {
		return p, fault.New(fault.Refused, "branch %s has no commit yet", short(target)).
			WithHint("make a first commit, for agents see only what is committed: git add -A && git commit -m start")
	}
	return p, fault.New(fault.NotFound, "there is no branch %s", short(target)).WithHint("%s", otherBranch(ctx, r, short(target)))
}

// otherBranch says which local branches there are when one is not.
func otherBranch(ctx context.Context, r *Repo, name string) string {
	const most = 8
	refs, err := r.listRefs(ctx, headsPrefix)
	var names []string
	for _, x := range refs {
		if n := short(x.name); !strings.HasPrefix(x.name, mirrorPrefix) && err == nil {
			names = append(names, printable(n))
		}
	}
	create := "make it with git branch " + quote(name) + ", or name another as target in the plan"
	switch near := yamlfile.Nearest(name, names); {
	case near != "":
		return "did you mean " + near + "? Else " + create
	case len(names) > 0:
		return create + ": " + strings.Join(names[:min(len(names), most)], ", ")
	}
	return create
}

// claimMirror adds to e what makes mirror this run's branch at head.
func (r *Repo) claimMirror(ctx context.Context, e *edit, run, mirror, head string) error {
	now, err := r.objects.info(ctx, mirror)
	if err != nil {
		return err
	}
	seen, err := r.objects.info(ctx, seenRef(run))
	if err != nil {
		return err
	}
	switch {
	case !now.Exists():
		e.create(mirror, head)
		e.set(seenRef(run), head)
		return nil
	case seen.Exists(), now.ID == head:
		// This run's already. Where it stands is for Merge to look at.
	default:
		if err := r.takeOver(ctx, e, mirror, now.ID, head); err != nil {
			return err
		}
	}
	if !seen.Exists() {
		e.create(seenRef(run), head)
	}
	return nil
}

func (r *Repo) takeOver(ctx context.Context, e *edit, mirror, from, to string) error {
	refs, err := r.listRefs(ctx, runsPrefix)
	if err != nil {
		return err
	}
	owned := false
	for _, x := range refs {
		owned = owned || x.id == from && strings.HasSuffix(x.name, "/head")
	}
	if !owned {
		return fault.New(fault.Conflict, "branch %s exists at %s and is no finished run's", mirror, from).
			WithHint("give the plan another name, or rename the branch: git branch -m %s <new name>", quote(short(mirror)))
	}
	where, err := r.checkedOut(mirror)
	if err != nil {
		return err
	}
	if where != "" {
		return fault.New(fault.Conflict, "branch %s of an earlier run is checked out in %s", mirror, where).
			WithHint("switch to another branch there, or give the plan another name")
	}
	e.move(mirror, from, to)
	return nil
}

// Head gives the point where a run stands.
func (r *Repo) Head(ctx context.Context, run string) (change.Point, error) {
	if err := checkRun(run, "x"); err != nil {
		return change.Point{}, err
	}
	p, err := r.point(ctx, headRef(run))
	if err == nil && p.Commit == "" {
		err = fault.New(fault.NotFound, "run %s has no ref %s", run, headRef(run)).
			WithHint("the run was never opened in this repository, or its refs were deleted")
	}
	return p, err
}

// Forget deletes what keeps a run's commits alive: the refs of the run, and
// those attempts, merges and landings that are named below the run's id. The branch
// muster/<name> stays: it is the person's now.
func (r *Repo) Forget(ctx context.Context, run string) error {
	if err := checkRun(run, "x"); err != nil {
		return err
	}
	refs, err := r.listRefs(ctx, runsPrefix+run, landingsPrefix+run, musterPrefix+"attempts/"+run, musterPrefix+"merges/"+run)
	if err != nil {
		return err
	}
	var e edit
	for _, x := range refs {
		e.remove(x.name, x.id)
	}
	return fault.Wrap(fault.Internal, r.commit(ctx, &e, "muster: forget run"), "forget run %s", run)
}

// Resolve gives the commit that a person means by rev, as Git spells
// revisions, seen from the worktree that was opened.
func (r *Repo) Resolve(ctx context.Context, rev string) (change.Point, error) {
	res, err := r.git.run(ctx, call{
		args:   []string{"rev-parse", "--verify", "--quiet", "--end-of-options", rev + "^{commit}"},
		env:    []string{"GIT_DIR=" + r.place.GitDir},
		accept: 1,
	})
	if err != nil || res.code != 0 {
		return change.Point{}, fault.New(fault.NotFound, "%q names no commit", printable(rev)).
			WithHint("name a branch, a tag or a commit; git log shows them")
	}
	return r.point(ctx, trim(res.out))
}

// MergeBase gives the best common ancestor of two commits.
func (r *Repo) MergeBase(ctx context.Context, a, b string) (change.Point, error) {
	for _, id := range []string{a, b} {
		if err := r.checkID(id); err != nil {
			return change.Point{}, err
		}
	}
	res, err := r.own.run(ctx, call{args: []string{"merge-base", a, b}, accept: 1})
	if err != nil {
		return change.Point{}, err
	}
	if res.code != 0 {
		e := fault.New(fault.NotFound, "%s and %s have no common ancestor", a, b)
		if r.place.Shallow {
			return change.Point{}, e.WithHint("the history is cut off: git fetch --unshallow")
		}
		return change.Point{}, e
	}
	return r.point(ctx, trim(res.out))
}

// isAncestor reports whether a is b or an ancestor of b.
func (r *Repo) isAncestor(ctx context.Context, a, b string) (bool, error) {
	if a == b {
		return true, nil
	}
	res, err := r.own.run(ctx, call{args: []string{"merge-base", "--is-ancestor", a, b}, accept: 1})
	return err == nil && res.code == 0, err
}

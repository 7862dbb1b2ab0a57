package git

import (
	"context"
	"slices"
	"strings"

	"muster/internal/adapter/git/raw"
	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// Merge puts a change on top of the run's head, three-way with the change's
// own base. Before that it looks at the run's branch: a person who pushed to
// it, rewound it or deleted it goes first, and nothing is merged. A change
// without a head asks for that look only; Result is then the run's head.
//
// What a person pushed is not merged but landed as it is: its commit becomes
// the run's head.
func (r *Repo) Merge(ctx context.Context, q change.MergeRequest) (change.Merged, error) {
	if err := checkRun(q.Run, q.Name); err != nil {
		return change.Merged{}, err
	}
	from, err := r.Head(ctx, q.Run)
	if err != nil {
		return change.Merged{}, err
	}
	m, err := r.look(ctx, q.Run, q.Name, from)
	if err != nil || m.Pushed != nil || m.Diverged != "" {
		return m, err
	}
	if q.Head == (change.Point{}) {
		m.Result = from
		return m, nil
	}
	if err := checkOwnRef(q.Ref); err != nil {
		return m, err
	}
	if q.Base, err = r.complete(ctx, q.Base); err != nil {
		return m, err
	}
	if q.Head, err = r.complete(ctx, q.Head); err != nil {
		return m, err
	}
	m, err = r.merge(ctx, q, from)
	return m, fault.Wrap(fault.Internal, err, "merge %s into run %s", q.Head.Commit, q.Run)
}

// look compares the run's branch with the run's head.
func (r *Repo) look(ctx context.Context, run, name string, head change.Point) (change.Merged, error) {
	m := change.Merged{From: head}
	mirror, err := r.point(ctx, mirrorRef(name))
	if err != nil || mirror == head {
		return m, err
	}
	if mirror.Commit == "" {
		m.Diverged = "deleted"
		return m, nil
	}
	ahead, err := r.isAncestor(ctx, head.Commit, mirror.Commit)
	if err != nil {
		return m, err
	}
	if ahead {
		m.Pushed = &mirror
		return m, nil
	}
	left, err := r.leftBehind(ctx, run, mirror.Commit, head.Commit)
	if err == nil && !left {
		m.Diverged = mirror.Commit
	}
	return m, err
}

// leftBehind reports whether the branch only stands where Muster left it, or
// further on the same line: it is not moved while it is checked out.
func (r *Repo) leftBehind(ctx context.Context, run, mirror, head string) (bool, error) {
	seen, err := r.objects.info(ctx, seenRef(run))
	if err != nil || !seen.Exists() {
		return false, err
	}
	forward, err := r.isAncestor(ctx, seen.ID, mirror)
	if err != nil || !forward {
		return false, err
	}
	return r.isAncestor(ctx, mirror, head)
}

func (r *Repo) merge(ctx context.Context, q change.MergeRequest, from change.Point) (change.Merged, error) {
	m := change.Merged{From: from}
	// A commit on the head lands as it is; its attempt's ref keeps it.
	if asItIs, err := r.objects.hasOnlyParent(ctx, q.Head.Commit, from.Commit); err != nil || asItIs && q.Base.Commit == from.Commit {
		m.Result = q.Head
		return m, err
	}
	tree, conflicts, err := r.mergeTrees(ctx, q, from)
	if err != nil {
		return m, err
	}
	if len(conflicts) > 0 {
		m.Result, m.Conflicts = change.Point{Tree: tree}, conflicts
		return m, nil
	}
	id, err := r.write.commit(ctx, raw.Commit{Tree: tree, Parent: from.Commit, Message: q.Message, Author: q.Author, AtUS: q.AtUS})
	if err != nil {
		return m, err
	}
	var e edit
	e.set(q.Ref, id)
	m.Result = change.Point{Commit: id, Tree: tree}
	return m, r.move(ctx, &e)
}

// mergeTrees merges by content. The trivial cases cost no process.
func (r *Repo) mergeTrees(ctx context.Context, q change.MergeRequest, from change.Point) (tree string, conflicts []string, err error) {
	switch {
	case q.Base.Tree == from.Tree:
		return q.Head.Tree, nil, nil
	case q.Base.Tree == q.Head.Tree, from.Tree == q.Head.Tree:
		return from.Tree, nil, nil
	}
	if tree, merged, err := mergeApart(ctx, r, q, from); err != nil || merged {
		return tree, nil, err
	}
	args := []string{"merge-tree", "--write-tree", "-z", "--name-only", "--no-messages"}
	if r.hasBaseOf && q.Base.Commit != "" && q.Head.Commit != "" {
		args = append(args, "--merge-base="+q.Base.Commit, from.Commit, q.Head.Commit)
	} else {
		ours, theirs, err := r.standIns(ctx, q, from)
		if err != nil {
			return "", nil, err
		}
		args = append(args, ours, theirs)
	}
	res, err := r.own.run(ctx, call{args: args, accept: 1})
	if err != nil {
		return "", nil, err
	}
	fields := strings.Split(strings.TrimSuffix(string(res.out), "\x00"), "\x00")
	if err := r.checkID(fields[0]); err != nil {
		return "", nil, fault.New(fault.Internal, "git merge-tree answers %q", printable(fields[0]))
	}
	if res.code == 0 {
		return fields[0], nil, nil
	}
	conflicts = slices.DeleteFunc(fields[1:], func(s string) bool { return s == "" })
	slices.Sort(conflicts)
	if len(conflicts) == 0 {
		return "", nil, fault.New(fault.Internal, "git merge-tree found conflicts without naming a file")
	}
	return fields[0], slices.Compact(conflicts), nil
}

// mergeApart merges changes that touched different paths.
func mergeApart(ctx context.Context, r *Repo, q change.MergeRequest, from change.Point) (tree string, merged bool, err error) {
	if r.write.byGit {
		return "", false, nil
	}
	tree, made, merged, err := r.folders.Merge(ctx, r.write.store, q.Base.Tree, from.Tree, q.Head.Tree)
	if err != nil || !merged {
		return "", false, r.objects.unread(err, q.Head.Tree)
	}
	return tree, true, r.write.objects(ctx, made)
}

// standIns makes commits with the right trees whose merge base is exactly the
// change's base, for versions of Git that cannot be told the base.
func (r *Repo) standIns(ctx context.Context, q change.MergeRequest, from change.Point) (ours, theirs string, err error) {
	spec := raw.Commit{Parent: q.Base.Commit, Message: "stand-in for a merge", Author: "Muster <muster@localhost>"}
	if spec.Parent == "" {
		root := spec
		root.Tree = q.Base.Tree
		if spec.Parent, err = r.write.commit(ctx, root); err != nil {
			return "", "", err
		}
	}
	ours, theirs = from.Commit, q.Head.Commit
	for _, side := range []struct {
		id   *string
		tree string
	}{{&ours, from.Tree}, {&theirs, q.Head.Tree}} {
		if only, err := r.objects.hasOnlyParent(ctx, *side.id, spec.Parent); err != nil || only {
			if err != nil {
				return "", "", err
			}
			continue
		}
		spec.Tree = side.tree
		if *side.id, err = r.write.commit(ctx, spec); err != nil {
			return "", "", err
		}
	}
	return ours, theirs, nil
}

// hasOnlyParent reports whether parent is the commit's one and only parent.
func (b objects) hasOnlyParent(ctx context.Context, commit, parent string) (bool, error) {
	if commit == "" {
		return false, nil
	}
	o, err := b.read(ctx, commit)
	if err != nil {
		return false, err
	}
	header, _, _ := strings.Cut(string(o.Content), "\n\n")
	return strings.Count(header, "\nparent ") == 1 && strings.Contains(header, "\nparent "+parent+"\n"), nil
}

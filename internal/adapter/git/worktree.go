package git

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"muster/internal/adapter/git/raw"
	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// Worktree gives the owner a worktree with the requested content and nothing
// else in it but what lies at the paths in q.Beside, ignored files neither.
// What lies there was left by whoever had the folder before. HEAD is detached at the base. The same
// owner gets the same worktree, also after a crash, until Release; with Keep
// its content is then left alone.
func (r *Repo) Worktree(ctx context.Context, q change.WorktreeRequest) (change.Worktree, error) {
	if q.Owner == "" {
		return change.Worktree{}, fault.New(fault.Invalid, "a worktree needs an owner")
	}
	base, tree, err := r.wanted(ctx, q)
	if err != nil {
		return change.Worktree{}, fault.Wrap(fault.Internal, err, "prepare a worktree for %s", q.Owner)
	}
	if err := r.worktrees.assign(ctx, record{Owner: q.Owner, Base: base, Tree: tree}); err != nil {
		return change.Worktree{}, err
	}
	s, rec, err := r.worktrees.own(ctx, q.Owner)
	if err != nil {
		return change.Worktree{}, err
	}
	defer s.unlock()
	// Without a base of its own, a request to keep means the base it is on: the
	// run may have moved on, and the agent's work must not be lost for that.
	sameBase := rec.Base == base || q.Base.Commit == ""
	kept := q.Keep && rec.Ready && sameBase && isDir(s.dir)
	if !kept {
		if rec, err = r.fill(ctx, s, rec, record{Owner: q.Owner, Base: base, Tree: tree}, q.Beside); err != nil {
			return change.Worktree{}, fault.Wrap(fault.Internal, err, "prepare a worktree for %s", q.Owner)
		}
	}
	refs, err := othersRefs(r.place)
	if err == nil {
		err = writeIfOther(s.refs(), refs)
	}
	if err != nil {
		return change.Worktree{}, err
	}
	rec.Ready = true
	return change.Worktree{Dir: s.dir, Base: rec.Base, Kept: kept}, s.write(rec, durable)
}

// wanted says what a request asks for.
func (r *Repo) wanted(ctx context.Context, q change.WorktreeRequest) (base change.Point, tree string, err error) {
	if q.Base.Commit == "" {
		base, err = r.Head(ctx, q.Run)
	} else {
		base, err = r.complete(ctx, q.Base)
	}
	if err != nil || q.Tree == "" {
		return base, base.Tree, err
	}
	tree, err = r.treeOf(ctx, q.Tree)
	return base, tree, err
}

// fill lays the content out and makes the folder a worktree of the user's
// repository, for the agent's own use of Git. The slot's record is was, and
// becomes will before anything is changed. What lies beside is left alone.
func (r *Repo) fill(ctx context.Context, s *slot, was, will record, beside []string) (record, error) {
	beside, err := insidePaths(beside)
	if err != nil {
		return will, err
	}
	was.Version = 0
	if was != will {
		if err := s.write(will, durable); err != nil {
			return will, err
		}
	}
	if err := r.lay(ctx, s, layout{tree: will.Tree, keep: append(beside, ".git")}); err != nil {
		return will, err
	}
	return will, r.link(s, will.Base.Commit)
}

// admin is the folder in the repository that makes s a linked worktree.
func (r *Repo) admin(s *slot) string {
	return filepath.Join(r.place.CommonDir, "worktrees", fmt.Sprintf("%s%02d", r.adminID, s.number))
}

// link writes what makes the folder a linked worktree, as gitrepository-layout
// describes it. It is written here rather than by git worktree add, which
// takes 20 to 40 ms, reads the user's configuration and cannot repair. What
// an agent's Git left there (a merge in progress, a branch, a configuration)
// is removed. The lock keeps git worktree prune and remove away.
func (r *Repo) link(s *slot, commit string) error {
	admin := r.admin(s)
	err := detach(s, admin, commit, "index")
	if err == nil {
		err = copyIndex(s.index(), filepath.Join(admin, "index"))
	}
	if err == nil {
		err = replaceFile(s.dir, ".git", "gitdir: "+admin+"\n")
	}
	return err
}

// detach leaves nothing in admin, the worktree's own folder in the repository,
// but what says that its HEAD is detached at the commit, and the files to keep.
func detach(s *slot, admin, commit string, keep ...string) error {
	op := "link the worktree " + s.dir
	if err := realDir(admin); err != nil {
		return fault.Wrap(fault.Internal, err, "%s", op)
	}
	want := []struct{ name, content string }{
		{"locked", "Muster's own; see muster gc\n"},
		{"gitdir", filepath.Join(s.dir, ".git") + "\n"},
		{"commondir", "../..\n"},
		{"HEAD", commit + "\n"},
	}
	for _, f := range want {
		if err := replaceFile(admin, f.name, f.content); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(admin)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "%s", op)
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case name == "locked", name == "gitdir", name == "commondir", name == "HEAD":
			continue
		case e.Type().IsRegular() && slices.Contains(keep, name):
			continue
		}
		if err := os.RemoveAll(filepath.Join(admin, e.Name())); err != nil {
			return fault.Wrap(fault.Internal, err, "%s", op)
		}
	}
	return nil
}

// replaceFile writes a small file, whatever stood in its place.
func replaceFile(dir, name, content string) error {
	path := filepath.Join(dir, name)
	if old, err := raw.ReadSmall(path); err == nil && string(old) == content {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if err == nil {
		defer func() { _ = root.Close() }()
		w := sweeper{root: root}
		if err = w.remove(name); err == nil {
			err = root.WriteFile(name, []byte(content), 0o644)
		}
	}
	return fault.Wrap(fault.Internal, err, "write %s", path)
}

// WorktreeOf gives the folder of the owner's worktree; empty when it has none.
func (r *Repo) WorktreeOf(owner string) (string, error) {
	s, err := r.worktrees.owned(owner)
	if s == nil || err != nil {
		return "", err
	}
	return s.dir, nil
}

// Release gives the owner's worktree back to the pool. An owner without one
// has nothing to give back.
func (r *Repo) Release(ctx context.Context, owner string) error {
	s, rec, err := r.worktrees.own(ctx, owner)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	defer s.unlock()
	// A branch that the agent switched to must not stay checked out.
	if err := detach(s, r.admin(s), rec.Base.Commit); err != nil && rec.Ready {
		return err
	}
	rec.Owner = ""
	return s.write(rec, durable)
}

func isDir(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.IsDir()
}

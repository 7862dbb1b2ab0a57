package git

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"muster/internal/adapter/git/raw"
	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// Record makes a commit of a tree on top of q.Base and sets q.Ref to it. Of
// the request the owner does not matter. The same content, base, message,
// author and date give the same commit.
func (r *Repo) Record(ctx context.Context, q change.CaptureRequest, tree string) (change.Point, error) {
	if err := checkOwnRef(q.Ref); err != nil {
		return change.Point{}, err
	}
	id, err := r.write.commit(ctx, raw.Commit{Tree: tree, Parent: q.Base.Commit, Message: q.Message, Author: q.Author, AtUS: q.AtUS})
	if err != nil {
		return change.Point{}, fault.Wrap(fault.Internal, err, "record a person's work as %s", q.Ref)
	}
	var e edit
	e.set(q.Ref, id)
	return change.Point{Commit: id, Tree: tree}, r.move(ctx, &e)
}

// Branch makes a branch at a commit, and a worktree of it in dir unless that
// is empty. A branch that is there already is left where it is. It runs no
// hook and no filter, as for agents; files that a filter stands for (LFS) stay
// what the repository holds.
func (r *Repo) Branch(ctx context.Context, branch, commit, dir string) error {
	ref := "refs/heads/" + branch
	if err := r.BranchFits(branch, dir); err != nil {
		return err
	}
	there, err := r.point(ctx, ref)
	if err != nil {
		return err
	}
	if there.Commit == "" {
		var e edit
		e.create(ref, commit)
		if err := r.commit(ctx, &e, "muster: checkout"); err != nil {
			return fault.Wrap(fault.Conflict, err, "make the branch %s", branch)
		}
	}
	if dir == "" {
		return nil
	}
	if where, err := r.checkedOut(ref); err != nil || where != "" {
		return err // it was laid out before
	}
	_, err = r.git.run(ctx, call{args: []string{"worktree", "add", "--no-checkout", "--quiet", "--end-of-options", dir, branch}})
	if err != nil {
		return fault.Wrap(fault.Conflict, err, "make a worktree in %s", dir)
	}
	return r.fillWorktree(ctx, dir, ref)
}

// BranchFits says, before anything is done for it, whether Branch can make the
// branch and, unless dir is empty, its worktree.
func (r *Repo) BranchFits(branch, dir string) error {
	ref := "refs/heads/" + branch
	if !isRefName(ref) || strings.HasPrefix(branch, "-") {
		return fault.New(fault.Invalid, "%q is no name for a branch", printable(branch)).WithHint("name another one with --branch")
	}
	if dir == "" {
		return nil
	}
	where, err := r.checkedOut(ref)
	switch {
	case err != nil || where == dir:
		return err
	case where != "":
		return fault.New(fault.Conflict, "lay out branch %s in %s: it is checked out in %s already", branch, dir, where).
			WithHint("work there, or name another branch with --branch")
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fault.New(fault.Conflict, "lay out branch %s in %s: the folder is not empty", branch, dir).
			WithHint("name a folder that does not exist")
	}
	return nil
}

// fillWorktree lays out what a fresh worktree has checked out.
func (r *Repo) fillWorktree(ctx context.Context, dir, ref string) error {
	link, err := raw.ReadSmall(filepath.Join(dir, ".git"))
	if err != nil {
		return fault.Wrap(fault.Internal, err, "look at the worktree %s", dir)
	}
	admin := strings.TrimSpace(strings.TrimPrefix(string(link), "gitdir: "))
	p, err := r.point(ctx, ref)
	if err != nil {
		return err
	}
	_, err = r.own.run(ctx, call{args: []string{"read-tree", "--reset", "-u", p.Tree}, work: dir, index: filepath.Join(admin, "index")})
	return fault.Wrap(fault.Internal, err, "lay out %s in %s", ref, dir)
}

// Person gives the name and the address that a person's own Git signs commits
// with, as "Name <address>"; env is the person's environment. Empty when it has
// none.
func (r *Repo) Person(ctx context.Context, env map[string]string) string {
	p := r.git
	p.dir, p.env = "/", []string{"LC_ALL=C", "GIT_CONFIG_NOSYSTEM=" + env["GIT_CONFIG_NOSYSTEM"]}
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL"} {
		if v := env[name]; filepath.IsAbs(v) {
			p.env = append(p.env, name+"="+v)
		}
	}
	var got [2]string
	for i, key := range []string{"user.name", "user.email"} {
		res, err := p.run(ctx, call{args: []string{"config", "--global", "--get", key}, accept: 1})
		if err != nil {
			return ""
		}
		got[i] = strings.NewReplacer("<", "", ">", "", "\n", " ").Replace(trim(res.out))
	}
	if got[0] == "" || got[1] == "" {
		return ""
	}
	return got[0] + " <" + got[1] + ">"
}

package git

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"muster/internal/adapter/git/lasting"
	"muster/internal/adapter/git/raw"
	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// Between is what a person asked to have judged.
type Between struct {
	Base  change.Point // its commit is empty before the first commit
	Head  change.Point // its commit is empty for a work tree
	Notes []string     // what a person should know about how the two were found
}

// Range finds the two points that a person means by text:
//
//	A..B   from A to B; when A is no ancestor of B, from where they parted
//	A...B  from where A and B parted to B
//	A      the commit A, against its first parent
//	""     from where HEAD parted from the default branch to the work tree
//
// A missing side of the dots is HEAD. Before the first commit stands the empty
// tree.
func (r *Repo) Range(ctx context.Context, text string) (Between, error) {
	if text == "" {
		return workRange(ctx, r)
	}
	a, b, three := strings.Cut(text, "...")
	two := false
	if !three {
		a, b, two = strings.Cut(text, "..")
	}
	if !two && !three {
		head, err := r.Resolve(ctx, text)
		if err != nil {
			return Between{}, err
		}
		base, err := parentOf(ctx, r, head)
		return Between{Base: base, Head: head}, err
	}
	base, err := resolveSide(ctx, r, a)
	if err != nil {
		return Between{}, err
	}
	head, err := resolveSide(ctx, r, b)
	if err != nil {
		return Between{}, err
	}
	out := Between{Base: base, Head: head}
	if base.Commit == "" || head.Commit == "" {
		return out, nil
	}
	parted, err := r.MergeBase(ctx, base.Commit, head.Commit)
	switch {
	case fault.KindOf(err) == fault.NotFound && two:
		out.Notes = append(out.Notes, "the two points share no history that is here; they are compared as they stand")
		return out, nil
	case err != nil:
		return out, err
	case two && parted.Commit != base.Commit:
		out.Notes = append(out.Notes, fmt.Sprintf("%s is no ancestor of %s; judged from where they parted, %.12s", printable(a), printable(b), parted.Commit))
	}
	out.Base = parted
	return out, nil
}

// resolveSide gives one side of a range. The name of an object that is a tree
// is taken as one, so that the empty tree can be a base.
func resolveSide(ctx context.Context, r *Repo, name string) (change.Point, error) {
	if name == "" {
		name = "HEAD"
	}
	p, err := r.Resolve(ctx, name)
	if err == nil || !isObjectID(name, r.idLength()) {
		return p, err
	}
	if tree, err := r.treeOf(ctx, name); err == nil {
		return change.Point{Tree: tree}, nil
	}
	return p, err
}

// parentOf gives the first parent of a commit, or the empty tree.
func parentOf(ctx context.Context, r *Repo, p change.Point) (change.Point, error) {
	parent, err := r.point(ctx, p.Commit+"^1")
	if err != nil || parent.Commit != "" {
		return parent, err
	}
	return emptyPoint(ctx, r)
}

func emptyPoint(ctx context.Context, r *Repo) (change.Point, error) {
	res, err := r.own.run(ctx, call{args: []string{"mktree"}, stdin: strings.NewReader("")})
	return change.Point{Tree: trim(res.out)}, fault.Wrap(fault.Internal, err, "write the empty tree")
}

func workRange(ctx context.Context, r *Repo) (Between, error) {
	if r.place.TopLevel == "" {
		return Between{}, fault.New(fault.Invalid, "judge the work tree of %s: there is none here", r.place.CommonDir).
			WithHint("name what to judge: muster check BASE..HEAD")
	}
	head, err := headPoint(ctx, r)
	if err != nil {
		return Between{}, err
	}
	out := Between{Base: head}
	if head.Commit != "" {
		if out.Base, err = partedFromDefault(ctx, r, head); err != nil {
			return out, err
		}
	}
	tree, notes, err := workTree(ctx, r, head)
	out.Head, out.Notes = change.Point{Tree: tree}, notes
	if tree == head.Tree {
		out.Head = head
	}
	return out, err
}

// headPoint gives HEAD, or the empty tree before the first commit.
func headPoint(ctx context.Context, r *Repo) (change.Point, error) {
	if branch := raw.HeadBranch(r.place.GitDir); branch != "" {
		p, err := r.point(ctx, branch)
		if err != nil || p.Commit != "" {
			return p, err
		}
		return emptyPoint(ctx, r)
	}
	return r.Resolve(ctx, "HEAD")
}

// partedFromDefault gives where HEAD parted from the default branch: the one
// of the remote, where there is one, so that on the default branch itself
// everything that was not pushed yet is looked at.
func partedFromDefault(ctx context.Context, r *Repo, head change.Point) (change.Point, error) {
	for _, ref := range []string{
		"refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master",
		"refs/heads/main", "refs/heads/master", "refs/heads/trunk",
	} {
		p, err := r.point(ctx, ref)
		if err != nil {
			return p, err
		}
		if p.Commit == "" {
			continue
		}
		parted, err := r.MergeBase(ctx, p.Commit, head.Commit)
		if fault.KindOf(err) == fault.NotFound {
			continue
		}
		return parted, err
	}
	return head, nil
}

// workTree writes the content of the person's work tree as a tree, files that
// are not tracked and not ignored included. It works on a copy of the person's
// index, which knows the files that were not touched.
func workTree(ctx context.Context, r *Repo, head change.Point) (string, []string, error) {
	dir, err := os.MkdirTemp(r.own.dir, "work-")
	if err != nil {
		return "", nil, fault.Wrap(fault.Internal, err, "make a folder for the index of %s", r.place.TopLevel)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	work := filepath.Join(dir, "index")
	if err := copyOfIndex(ctx, r, work, head); err != nil {
		return "", nil, err
	}
	seed := filepath.Join(dir, "seed")
	if err := copyIndex(work, seed); err != nil {
		return "", nil, err
	}
	excludes := filepath.Join(dir, "exclude")
	if err := os.WriteFile(excludes, ignored(r), 0o600); err != nil {
		return "", nil, fault.Wrap(fault.Internal, err, "write %s", excludes)
	}
	sc := scan{repo: r, seed: seed, keepModes: true, env: []string{
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=core.excludesFile", "GIT_CONFIG_VALUE_0=" + excludes,
	}}
	tree, err := sc.tree(ctx, r.place.TopLevel, work)
	if err == nil {
		err = r.write.objects(ctx, sc.made)
	}
	return tree, sc.notes, fault.Wrap(fault.Internal, err, "read the work tree %s", r.place.TopLevel)
}

// copyOfIndex copies the person's index in a version that we can read. One
// that is missing or damaged is made anew from HEAD.
func copyOfIndex(ctx context.Context, r *Repo, to string, head change.Point) error {
	if err := copyIndex(filepath.Join(r.place.GitDir, "index"), to); err == nil {
		if _, err := raw.ReadIndex(to, r.idLength()/2); err == nil {
			return nil
		}
		if _, err := r.own.run(ctx, call{args: []string{"update-index", "--index-version=2"}, index: to}); err == nil {
			if _, err := raw.ReadIndex(to, r.idLength()/2); err == nil {
				return nil
			}
		}
	}
	if err := os.RemoveAll(to); err != nil {
		return fault.Wrap(fault.Internal, err, "start an index")
	}
	_, err := r.own.run(ctx, call{args: []string{"read-tree", head.Tree}, index: to})
	return fault.Wrap(fault.Internal, err, "start an index of %s", head.Tree)
}

// ignored gives what the person's own Git ignores besides .gitignore: the
// repository's info/exclude and the file of the person's home.
func ignored(r *Repo) []byte {
	paths := []string{filepath.Join(r.place.CommonDir, "info", "exclude")}
	if dir, ok := os.LookupEnv("XDG_CONFIG_HOME"); ok && filepath.IsAbs(dir) { //nolint:forbidigo // as the user's own git finds things
		paths = append(paths, filepath.Join(dir, "git", "ignore"))
	} else if home, ok := os.LookupEnv("HOME"); ok && filepath.IsAbs(home) { //nolint:forbidigo // as the user's own git finds things
		paths = append(paths, filepath.Join(home, ".config", "git", "ignore"))
	}
	var out []byte
	for _, p := range paths {
		if b, err := raw.ReadSmall(p); err == nil {
			out = append(append(out, b...), '\n')
		}
	}
	return out
}

const (
	maxMessages = 50       // commits whose messages are read
	maxClaim    = 64 << 10 // bytes of them
)

// Messages gives the messages of the commits after base up to head, oldest
// first, at most fifty and 64 KiB, with a NUL between two of them.
func (r *Repo) Messages(ctx context.Context, base, head change.Point) (string, error) {
	if head.Commit == "" {
		return "", nil
	}
	args := []string{"log", "--reverse", "--no-color", "--no-show-signature", fmt.Sprintf("--max-count=%d", maxMessages), "--encoding=UTF-8", "--format=%B%x00", head.Commit}
	if base.Commit != "" {
		args = append(args, "^"+base.Commit)
	}
	out := &lasting.Head{Limit: maxClaim}
	_, err := r.own.run(ctx, call{args: args, stdout: out})
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "read the messages of the commits up to %s", head.Commit)
	}
	return strings.Trim(strings.ToValidUTF8(out.String(), "\uFFFD"), "\x00 \n"), nil
}

// NewSince gives the range that ends at a commit and begins where it parted
// from the default branch.
func (r *Repo) NewSince(ctx context.Context, rev string) (Between, error) {
	head, err := r.Resolve(ctx, rev)
	if err != nil {
		return Between{}, err
	}
	base, err := partedFromDefault(ctx, r, head)
	return Between{Base: base, Head: head}, err
}

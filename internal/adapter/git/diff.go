package git

import (
	"context"
	"io"

	"muster/internal/adapter/git/raw"
	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// Diff compares two commits or trees, with renames. Attributes are not asked:
// a change cannot declare its own files binary to hide their lines.
func (r *Repo) Diff(ctx context.Context, base, head string) (change.Change, error) {
	c, err := r.ends(ctx, base, head)
	if err != nil || c.IsEmpty() {
		return c, err
	}
	answer, err := r.compare.Compare(ctx, c.Base.Tree, c.Head.Tree)
	if err == nil {
		c.Files, err = raw.ParseDiff(answer)
	}
	return c, fault.Wrap(fault.Internal, r.own.mend(err, "diff-tree"), "compare %s with %s", base, head)
}

// comparing are the arguments of the process that compares.
func comparing() []string {
	return []string{
		"diff-tree", "--stdin", "-r", "-z", "--raw", "--numstat", "--no-abbrev", "-M",
		"--no-ext-diff", "--no-textconv", "--ignore-submodules=none",
	}
}

// Patches gives the lines that differ between two commits or trees, file by
// file as Diff lists them, submodules left out.
func (r *Repo) Patches(ctx context.Context, base, head string) ([]change.Patch, error) {
	c, err := r.Diff(ctx, base, head)
	if err != nil || c.IsEmpty() {
		return nil, err
	}
	answer, err := r.patches.Lines(ctx, c.Base.Tree, c.Head.Tree)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, r.own.mend(err, "diff-tree"), "read the lines that differ between %s and %s", base, head)
	}
	patches, err := change.ReadPatches(answer, c.Files)
	return patches, fault.Wrap(fault.Internal, err, "read the lines that differ between %s and %s", base, head)
}

// patching are the arguments of the process that gives lines.
func patching() []string {
	return []string{
		"diff-tree", "--stdin", "-r", "-p", "-M", "--unified=0", "--inter-hunk-context=0", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv",
		"--ignore-submodules=none", "--submodule=short",
	}
}

// ends resolves both sides, keeping the commit when one was given.
func (r *Repo) ends(ctx context.Context, base, head string) (change.Change, error) {
	var c change.Change
	for _, side := range []struct {
		id string
		p  *change.Point
	}{{base, &c.Base}, {head, &c.Head}} {
		tree, err := r.treeOf(ctx, side.id)
		if err != nil {
			return c, err
		}
		side.p.Tree = tree
		if tree != side.id {
			side.p.Commit = side.id
		}
	}
	return c, nil
}

// Style says how a patch is written.
type Style string

// The styles of a patch.
const (
	Plain   Style = "never"  // for programs
	Colored Style = "always" // with terminal colours
)

// Patch writes the difference between two commits or trees as a patch. The
// content is the repository's own: it may hold control characters.
func (r *Repo) Patch(ctx context.Context, base, head string, w io.Writer, style Style) error {
	c, err := r.ends(ctx, base, head)
	if err != nil || c.IsEmpty() {
		return err
	}
	_, err = r.own.run(ctx, call{
		args: []string{
			"diff-tree", "-r", "-p", "-M", "--full-index", "--no-ext-diff", "--no-textconv",
			"--src-prefix=a/", "--dst-prefix=b/", "--color=" + string(style), c.Base.Tree, c.Head.Tree,
		},
		stdout: w,
	})
	return fault.Wrap(fault.Internal, err, "write the patch from %s to %s", base, head)
}

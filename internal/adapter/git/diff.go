package git

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

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
		c.Files, err = parseDiff(answer)
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

// parseDiff reads the raw part and the numstat part, which list the same
// files in the same order.
func parseDiff(out string) ([]change.File, error) {
	var files []change.File
	f := fields{rest: out}
	for strings.HasPrefix(f.rest, ":") {
		file, err := f.raw()
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	for i := range files {
		if err := f.numstat(&files[i]); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(files, func(a, b change.File) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.OldPath, b.OldPath))
	})
	return files, nil
}

// fields are strings that each end with a NUL.
type fields struct{ rest string }

func (f *fields) next() (s string) {
	s, f.rest, _ = strings.Cut(f.rest, "\x00")
	return s
}

// raw reads ":oldmode newmode oldid newid X" and the paths.
func (f *fields) raw() (change.File, error) {
	line := f.next()
	w := strings.Fields(strings.TrimPrefix(line, ":"))
	if len(w) != 5 {
		return change.File{}, fault.New(fault.Internal, "git diff-tree answers %q", printable(line))
	}
	file := change.File{OldMode: w[0], NewMode: w[1], OldBlob: someID(w[2]), NewBlob: someID(w[3])}
	switch w[4][0] {
	case 'A':
		file.Status = change.Added
	case 'M':
		file.Status = change.Modified
	case 'D':
		file.Status = change.Deleted
	case 'T':
		file.Status = change.Retyped
	case 'R':
		file.Status, file.OldPath = change.Renamed, f.next()
	default:
		return file, fault.New(fault.Internal, "git diff-tree answers the status %q", printable(w[4]))
	}
	file.Path = f.next()
	return file, nil
}

// numstat reads "added TAB deleted TAB path", with both paths apart when
// renamed, and "-" for the numbers of a binary file.
func (f *fields) numstat(file *change.File) error {
	line := f.next()
	w := strings.SplitN(line, "\t", 3)
	if len(w) != 3 {
		return fault.New(fault.Internal, "git diff-tree answers %q", printable(line))
	}
	path := w[2]
	if path == "" {
		f.next()
		path = f.next()
	}
	if path != file.Path {
		return fault.New(fault.Internal, "git diff-tree counts the lines of %q, not of %q", printable(path), printable(file.Path))
	}
	if w[0] == "-" {
		file.IsBinary = true
		return nil
	}
	var err error
	if file.Added, err = strconv.Atoi(w[0]); err == nil {
		file.Deleted, err = strconv.Atoi(w[1])
	}
	return fault.Wrap(fault.Internal, err, "read the lines of %s", printable(file.Path))
}

// someID gives "" for the id of nothing.
func someID(id string) string {
	if strings.Trim(id, "0") == "" {
		return ""
	}
	return id
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

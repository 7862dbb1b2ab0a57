package furnish

import (
	"context"
	"path"
	"strings"

	"muster/internal/adapter/git"
)

// Particulars says what of a repository Muster treats otherwise than a person's
// own git does, so that nobody is surprised: a sentence without a full stop for
// each. The tree is the one that a run would begin with.
func Particulars(ctx context.Context, repo *git.Repo, treeish string) ([]string, error) {
	var out []string
	set, err := repo.Particular(ctx)
	if err != nil {
		return nil, err
	}
	if set.Partial {
		out = append(out, "a partial clone: Muster never fetches, so objects that are not here are missing; fetch them all with git fetch --refetch --no-filter")
	}
	if set.Sparse {
		out = append(out, "a sparse checkout: worktrees and the trees of checks hold all files, not only those of your checkout")
	}
	entries, err := repo.Files(ctx, treeish)
	if err != nil {
		return nil, err
	}
	submodules, lfs := 0, false
	for _, e := range entries {
		switch {
		case e.Mode == "160000":
			submodules++
		case path.Base(e.Path) == ".gitattributes" && !lfs:
			text, _, err := repo.ReadFile(ctx, treeish, e.Path)
			if err != nil {
				return nil, err
			}
			lfs = hasLFS(string(text))
		}
	}
	if submodules > 0 {
		out = append(out, "submodules: they are empty folders in worktrees and in the trees of checks; what needs them can be had by setup commands, or by copying with worktrees.copy")
	}
	if lfs {
		out = append(out, "Git LFS: files under it are pointers in worktrees and in the trees of checks, and stay so; large files can be had with worktrees.link where Git does not track them")
	}
	return out, nil
}

// hasLFS reports whether a .gitattributes gives files to Git LFS.
func hasLFS(text string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "#") && strings.Contains(line, "filter=lfs") {
			return true
		}
	}
	return false
}

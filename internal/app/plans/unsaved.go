package plans

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"muster/internal/adapter/git"
	"muster/internal/source/repomap"
)

// Unsaved says so when the person's work tree holds code that agents will not
// see, because it is not committed; else it is empty.
func Unsaved(ctx context.Context, repo *git.Repo) string {
	tracked, untracked, err := git.Unsaved(ctx, repo)
	if err != nil {
		return "" // nothing depends on it
	}
	all := slices.DeleteFunc(tracked, func(p string) bool { return strings.HasPrefix(p, ".muster/") })
	for _, p := range untracked {
		if repomap.IsCode(p) {
			all = append(all, p)
		}
	}
	const said = "in your folder; agents see only what is committed"
	switch len(all) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("%s is not committed as it is %s", oneLine(all[0]), said)
	}
	return fmt.Sprintf("%s and %d more files are not committed as they are %s", oneLine(all[0]), len(all)-1, said)
}

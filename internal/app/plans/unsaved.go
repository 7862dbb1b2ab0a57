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
	const most = 3
	if len(all) == 0 {
		return ""
	}
	shown := all[:min(len(all), most)]
	for i := range shown {
		shown[i] = oneLine(shown[i])
	}
	names := strings.Join(shown, ", ")
	if n := len(all) - len(shown); n > 0 {
		names += fmt.Sprintf(" and %d more", n)
	}
	return "not committed as in your folder: " + names + "; agents see only what is committed"
}

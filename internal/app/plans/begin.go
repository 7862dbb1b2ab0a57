package plans

import (
	"bytes"
	"context"
	"os"
	"path/filepath"

	"muster/internal/adapter/git"
	"muster/internal/core/config"
	"muster/internal/core/flow"
	"muster/internal/core/plan"
)

const (
	// ConfigPath is where the configuration lies in a repository.
	ConfigPath = ".muster/config.yaml"

	// CommitConfig is what a person types to put their configuration in force.
	CommitConfig = "git add .muster/config.yaml && git commit -m 'Configure Muster'"
)

// Uncommitted says so when the person's work tree holds another
// configuration than the trusted base: it is a common wrong turn to write one
// and wonder why it does nothing.
func Uncommitted(ctx context.Context, repo *git.Repo, commit, folder string) string {
	if folder == "" {
		return ""
	}
	mine, err := os.ReadFile(filepath.Join(folder, ConfigPath))
	if err != nil {
		return ""
	}
	if base, _, err := repo.ReadFile(ctx, commit, ConfigPath); err != nil || bytes.Equal(mine, base) {
		return ""
	}
	return ConfigPath + " in your folder is not the one committed on the target branch, and only that one counts: " + CommitConfig
}

// Limits takes each bound from the first that gives it: the command line, the
// plan, the configuration.
func Limits(flags, p plan.Budget, c config.Config) flow.Limits {
	out := flow.Limits{Rounds: c.Rounds}
	for _, b := range []plan.Budget{flags, p, c.Budget} {
		if out.Parallel == 0 {
			out.Parallel = b.Parallel
		}
		if out.MicroUSD == 0 {
			out.MicroUSD = b.MicroUSD
		}
		if out.TimeMS == 0 {
			out.TimeMS = b.TimeMS
		}
		if out.Tokens == 0 {
			out.Tokens = b.Tokens
		}
	}
	out.Parallel = max(out.Parallel, 1)
	return out
}

package plans

import (
	"bytes"
	"context"
	"os"
	"path/filepath"

	"muster/internal/adapter/git"
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

package plans

import (
	"context"

	"muster/internal/adapter/git"
	"muster/internal/core/config"
	"muster/internal/core/fault"
	"muster/internal/core/yamlfile"
)

// Config reads the configuration at a commit, and gives it with what is to be
// said of it; without the file there are defaults.
func Config(ctx context.Context, repo *git.Repo, commit string) (config.Config, []string, error) {
	data, ok, err := repo.ReadFile(ctx, commit, ConfigPath)
	if err != nil {
		return config.Config{}, nil, fault.Wrap(fault.Internal, err, "read %s at %s", ConfigPath, commit)
	}
	if !ok {
		return config.Default(), nil, nil
	}
	c, problems := config.Parse(ConfigPath, data)
	err = yamlfile.AsError("read "+ConfigPath+" as committed on the target branch", problems)
	return c, yamlfile.Texts(problems), err
}

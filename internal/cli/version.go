package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"muster/internal/cli/begin"
	"muster/internal/cli/unit"
)

func newVersion(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print Muster's version",
		Args:  between(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			v := thisVersion()
			if c.isJSON {
				c.out.json(v)
				return nil
			}
			c.out.f("muster %s %s %s\n", v.Version, unit.Short(v.Commit), v.Go)
			return nil
		},
	}
}

func thisVersion() begin.Version {
	v := begin.Version{Version: "(devel)", Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.modified":
			v.Dirty = s.Value == "true"
		}
	}
	return v
}

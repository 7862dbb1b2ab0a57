package cli

import (
	"github.com/spf13/cobra"

	"muster/internal/cli/manual"
)

func newMan(*cli) *cobra.Command {
	return &cobra.Command{
		Use:    "man FOLDER",
		Short:  "Write manual pages to a folder",
		Hidden: true,
		Args:   between(1, 1, "the folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return manual.Write(cmd.Root(), args[0])
		},
	}
}

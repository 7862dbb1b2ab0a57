package cli

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"muster/internal/core/fault"
)

func newMan(*cli) *cobra.Command {
	return &cobra.Command{
		Use:    "man FOLDER",
		Short:  "Write manual pages to a folder",
		Hidden: true,
		Args:   between(1, 1, "the folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fault.Wrap(fault.Invalid, err, "write manual pages")
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true
			return fault.Wrap(fault.Internal, doc.GenManTree(root, &doc.GenManHeader{Title: "MUSTER", Section: "1", Source: "muster"}, args[0]), "write manual pages")
		},
	}
}

package cli

import "github.com/spf13/cobra"

func newDismiss(c *cli) *cobra.Command {
	var because string
	cmd := &cobra.Command{
		Use:   "dismiss FINDING",
		Short: "Accept a finding of the latest check, with a reason, for everybody",
		Long: "Adds a finding of the latest muster check to .muster/dismissed.yaml. Commit the file: it is read from the base,\n" +
			"so that a change cannot dismiss what is found in it; until it is there, a person confirms it.",
		Args: between(1, 1, "the finding's id"),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := c.open()
			if err != nil {
				return err
			}
			defer s.Close()
			d, err := s.Dismiss(args[0], because)
			if err != nil {
				return err
			}
			if c.isJSON {
				c.out.json(d)
				return nil
			}
			c.out.f("dismissed: %s\n  written to %s; commit it\n", d.Finding.Message, d.File)
			return nil
		},
	}
	cmd.Flags().StringVar(&because, "because", "", "why it is no fault (required)")
	return cmd
}

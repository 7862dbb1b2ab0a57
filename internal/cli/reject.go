package cli

import "github.com/spf13/cobra"

type rejectOptions struct{ because string }

func newReject(c *cli) *cobra.Command {
	var o rejectOptions
	cmd := &cobra.Command{
		Use:   "reject TASK",
		Short: "Refuse a task's change; muster retry can still take it up again",
		Args:  between(1, 1, "the task"),
		RunE:  func(_ *cobra.Command, args []string) error { return o.run(c, args[0]) },
	}
	cmd.Flags().StringVarP(&o.because, "message", "m", "", "why, for the record")
	return cmd
}

func (o rejectOptions) run(c *cli, name string) error {
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	ref, err := s.FindTask(c.ctx, name)
	if err != nil {
		return err
	}
	sent, err := s.Reject(c.ctx, ref, o.because)
	if err != nil {
		return err
	}
	return c.carrySent(s, sent)
}

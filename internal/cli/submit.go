package cli

import (
	"github.com/spf13/cobra"

	"muster/internal/core/flow"
)

type submitOptions struct{ text string }

func newSubmit(c *cli) *cobra.Command {
	var o submitOptions
	cmd := &cobra.Command{
		Use:   "submit TASK",
		Short: "Have your own work on a task that you took over judged, and landed",
		Long: "What your worktree holds, committed or not, becomes one commit of yours. It is judged by the same checks\n" +
			"as an agent's change and lands under your name. When it does not pass, the task stays yours.",
		Args: between(1, 1, "the task"),
		RunE: func(_ *cobra.Command, args []string) error { return c.give(args[0], flow.Submitted, o.text) },
	}
	cmd.Flags().StringVarP(&o.text, "message", "m", "", "why it is right, for the record")
	return cmd
}

// give takes in a person's work on a task.
func (c *cli) give(name string, as flow.Given, text string) error {
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	ref, err := s.FindTask(c.ctx, name)
	if err != nil {
		return err
	}
	sent, err := s.Give(c.ctx, ref, as, text)
	if err != nil {
		return err
	}
	return c.carrySent(s, sent)
}

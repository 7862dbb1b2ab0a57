package cli

import (
	"github.com/spf13/cobra"

	"muster/internal/core/fault"
	"muster/internal/core/flow"
)

type nudgeOptions struct {
	text    string
	restart bool
}

func newNudge(c *cli) *cobra.Command {
	var o nudgeOptions
	cmd := &cobra.Command{
		Use:   "nudge TASK",
		Short: "End the attempt of an agent that is stuck; its session goes on",
		Long: "The agent's processes are ended in good order, what it changed stays in its worktree, and its own session\n" +
			"goes on in a new attempt: with what you tell it by -m, or with nothing new by --restart.",
		Example: "  muster nudge limiter -m 'there is no network here; do without'\n  muster nudge --restart limiter",
		Args:    between(1, 1, "the task"),
		RunE:    func(_ *cobra.Command, args []string) error { return o.run(c, args[0]) },
	}
	cmd.Flags().StringVarP(&o.text, "message", "m", "", "what to tell the agent")
	cmd.Flags().BoolVar(&o.restart, "restart", false, "go on in the same session, with nothing new")
	return cmd
}

func (o nudgeOptions) run(c *cli, name string) error {
	if (o.text == "") != o.restart {
		return fault.New(fault.Invalid, "muster nudge: either a text or --restart is needed").
			WithHint("muster nudge %s -m \"...\", or muster nudge --restart %s", name, name)
	}
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	ref, err := s.FindTask(c.ctx, name)
	if err != nil {
		return err
	}
	sent, err := s.Tell(c.ctx, ref, flow.MessageLeft{Text: o.text, Now: true})
	if err != nil {
		return err
	}
	return c.carrySent(s, sent)
}

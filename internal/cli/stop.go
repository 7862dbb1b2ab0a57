package cli

import (
	"github.com/spf13/cobra"

	"muster/internal/core/flow"
)

type stopOptions struct{ closes bool }

func newStop(c *cli) *cobra.Command {
	var o stopOptions
	cmd := &cobra.Command{
		Use:   "stop [RUN]",
		Short: "Stop the agents of a run; muster resume goes on",
		Args:  between(0, 1, "the run"),
		RunE:  func(_ *cobra.Command, args []string) error { return o.run(c, first(args)) },
	}
	cmd.Flags().BoolVar(&o.closes, "close", false, "end the run for good; what has landed stays on its branch")
	return cmd
}

func (o stopOptions) run(c *cli, name string) error {
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	info, err := s.FindRun(c.ctx, name)
	if err != nil {
		return err
	}
	sent, err := s.Stop(c.ctx, info, flow.StopRequested{Close: o.closes})
	if err != nil {
		return err
	}
	if err := c.carrySent(s, sent); err != nil {
		return err
	}
	if c.code != exitInterrupted {
		c.code = exitDone // stopping is what was asked for
	}
	return nil
}

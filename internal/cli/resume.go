package cli

import (
	"github.com/spf13/cobra"

	"muster/internal/app"
	"muster/internal/core/flow"
)

type resumeOptions struct{ runBounds }

func newResume(c *cli) *cobra.Command {
	var o resumeOptions
	cmd := &cobra.Command{
		Use:   "resume [RUN]",
		Short: "Go on with a run that was paused, stopped or interrupted",
		Args:  between(0, 1, "the run"),
		RunE:  func(_ *cobra.Command, args []string) error { return o.run(c, first(args)) },
	}
	o.flags(cmd)
	return cmd
}

func (o resumeOptions) run(c *cli, name string) error {
	l, err := o.limits()
	if err != nil {
		return err
	}
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	if pending, ok, err := s.FindPending(c.ctx, name); err != nil || ok {
		if err != nil {
			return err
		}
		return c.carry(s, app.Carry{Run: pending.ID, Until: app.Settled})
	}
	info, err := s.FindRun(c.ctx, name)
	if err != nil {
		return err
	}
	sent, err := s.Resume(c.ctx, info, flow.ResumeRequested{MicroUSD: l.MicroUSD, TimeMS: l.TimeMS, Tokens: l.Tokens, Turns: l.Turns, Parallel: l.Parallel})
	if err != nil {
		return err
	}
	return c.carry(s, app.Carry{Run: info.ID, Sent: sent.Messages, AfterRow: sent.AfterRow, Until: app.Settled})
}

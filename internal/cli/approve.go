package cli

import (
	"github.com/spf13/cobra"

	"muster/internal/app"
)

type approveOptions struct{ because string }

func newApprove(c *cli) *cobra.Command {
	var o approveOptions
	cmd := &cobra.Command{
		Use:   "approve TASK|RUN",
		Short: "Accept a change that waits for you, as it is now",
		Args:  between(1, 1, "the task or run"),
		RunE:  func(_ *cobra.Command, args []string) error { return o.run(c, args[0]) },
	}
	cmd.Flags().StringVarP(&o.because, "message", "m", "", "why, for the record")
	return cmd
}

func (o approveOptions) run(c *cli, name string) error {
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	ref, err := s.FindAny(c.ctx, name, app.Approvable)
	if err != nil {
		return err
	}
	sent, err := s.Approve(c.ctx, ref, o.because)
	if err != nil {
		return err
	}
	return c.carrySent(s, sent)
}

// carrySent carries on the run that a wish was left for; when another process
// drives it, only until that one has taken the wish in.
func (c *cli) carrySent(s *app.Session, sent app.Sent) error {
	if sent.Note != "" {
		c.err.f("muster: %s\n", sent.Note)
	}
	return c.carry(s, app.Carry{Run: sent.Run.ID, Sent: sent.Messages, AfterRow: sent.AfterRow, Until: app.Heard})
}

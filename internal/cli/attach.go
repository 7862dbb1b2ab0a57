package cli

import (
	"bufio"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"muster/internal/app"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/report"
)

type attachOptions struct{ text string }

func newAttach(c *cli) *cobra.Command {
	var o attachOptions
	cmd := &cobra.Command{
		Use:   "attach TASK",
		Short: "Follow what the agent of a task does; with -m, tell it something",
		Long: "The agent hears a message when its present attempt ends: its own session goes on with it before anything\n" +
			"is captured and checked. On a terminal, each line that you type is such a message. Ctrl-C leaves;\n" +
			"the agent goes on. To end its attempt for a message: muster nudge.",
		Example: "  muster attach limiter\n  muster attach limiter -m 'keep the old name as an alias'",
		Args:    between(1, 1, "the task"),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(c, cmd.InOrStdin(), args[0]) },
	}
	cmd.Flags().StringVarP(&o.text, "message", "m", "", "what to tell the agent")
	return cmd
}

func (o attachOptions) run(c *cli, in io.Reader, name string) error {
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	ref, err := s.FindTask(c.ctx, name)
	if err != nil {
		return err
	}
	if o.text != "" {
		sent, err := s.Tell(c.ctx, ref, flow.MessageLeft{Text: o.text})
		if err != nil {
			return err
		}
		return c.carrySent(s, sent)
	}
	if c.live != nil && !c.isJSON {
		c.out.f("%s\n", c.out.paint(faint, "what you type is told to the agent when its attempt ends; Ctrl-C leaves"))
		go c.passOn(s, ref, in)
	}
	mark := func(a report.Attempt) {
		if !c.isJSON {
			c.out.f("%s\n", c.out.paint(bold, sprintf("attempt %d", a.Number)))
		}
	}
	isDriven, err := s.Attach(c.ctx, ref, mark, c.agentEvent)
	if err != nil {
		return err
	}
	if !isDriven {
		return fault.New(fault.Conflict, "follow %s any further: nobody drives run %s", ref.Task, ref.Run.Name).
			WithHint("muster resume %s", ref.Run.Name)
	}
	r, err := s.Report(c.ctx, ref.Run.ID)
	if err != nil || c.isJSON {
		return err
	}
	t := r.Task(ref.Task)
	c.out.f("%s is %s\n", t.ID, c.out.paint(stateColor(t.State), string(t.State)))
	return nil
}

// passOn tells the agent every line that is typed, until there are no more.
func (c *cli) passOn(s *app.Session, ref app.Ref, in io.Reader) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}
		if _, err := s.Tell(c.ctx, ref, flow.MessageLeft{Text: text}); err != nil {
			c.fail(err)
			continue
		}
		c.out.f("%s\n", c.out.paint(faint, "it hears that when its attempt ends"))
	}
}

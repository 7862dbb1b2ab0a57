package cli

import (
	"github.com/spf13/cobra"

	"muster/internal/app"
	"muster/internal/cli/unit"
	"muster/internal/cli/words"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/report"
)

type logOptions struct {
	agent   bool
	attempt int
	detail  bool
}

func newLog(c *cli) *cobra.Command {
	var o logOptions
	cmd := &cobra.Command{
		Use:   "log [RUN|TASK]",
		Short: "Show what happened, event by event; with --agent, what an agent did",
		Args:  between(0, 1, "the run or task"),
		RunE:  func(_ *cobra.Command, args []string) error { return o.run(c, first(args)) },
	}
	cmd.Flags().BoolVar(&o.agent, "agent", false, "show what the agent of a task did")
	cmd.Flags().IntVar(&o.attempt, "attempt", 0, "with --agent: of this attempt (default the latest)")
	cmd.Flags().BoolVarP(&o.detail, "verbose", "v", false, "show every event")
	return cmd
}

func (o logOptions) run(c *cli, name string) error {
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	ref, err := s.FindAny(c.ctx, name, func(*report.Run, string) bool { return true })
	if err != nil {
		return err
	}
	if o.agent {
		if ref.Task == "" {
			return fault.New(fault.Invalid, "muster log --agent: a task is missing").WithHint("muster log --agent TASK")
		}
		return s.Transcript(c.ctx, ref, o.attempt, c.agentEvent)
	}
	// The run is folded along, because an event's words may need what came
	// before it.
	r := &report.Run{}
	return s.Records(c.ctx, app.Ref{Run: ref.Run}, func(rec flow.Record) error {
		if err := r.Apply(rec); err != nil {
			return err
		}
		t := words.Tell(rec, r)
		switch {
		case ref.Task != "" && rec.Stream.Task() != ref.Task && t.About != ref.Task:
		case c.isJSON:
			c.out.json(rec)
		case t.Weight == words.News:
			c.out.f("%s %s: %s\n", unit.Moment(rec.AtUS), t.About, c.out.paint(t.Color, t.Text))
		case o.detail:
			c.out.f("%s %s: %s\n", unit.Moment(rec.AtUS), t.About, c.out.paint(faint, t.Text))
		}
		return nil
	})
}

func (c *cli) agentEvent(e job.AgentEvent) {
	if c.isJSON {
		c.out.json(e)
		return
	}
	switch e.Kind {
	case job.AgentText:
		c.out.f("%s\n", indent("  ", e.Text))
	case job.AgentStarted, job.AgentTool, job.AgentEdit, job.AgentDenied, job.AgentRetry, job.AgentAsks, job.AgentQuota, job.AgentNote, job.AgentEnded:
		c.out.f("%s\n", c.out.paint(cyan, words.Doing(e)))
	}
}

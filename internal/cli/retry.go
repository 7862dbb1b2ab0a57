package cli

import (
	"github.com/spf13/cobra"

	"muster/internal/app"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
)

type retryOptions struct {
	bounds
	text     string
	fresh    bool
	fromHere bool
}

func newRetry(c *cli) *cobra.Command {
	var o retryOptions
	cmd := &cobra.Command{
		Use:   "retry TASK",
		Short: "Start a task again that failed, was rejected, or waits for you",
		Long: "The agent goes on in its session, with what you tell it by -m. Without a text, a step of Muster's\n" +
			"own that failed is repeated. With --fresh the agent begins anew, on what has landed meanwhile.\n" +
			"With --from-here it goes on from what you made of a task that you took over (muster checkout).",
		Args: between(1, 1, "the task"),
		RunE: func(_ *cobra.Command, args []string) error { return o.run(c, args[0]) },
	}
	o.flags(cmd, "the task")
	cmd.Flags().StringVarP(&o.text, "message", "m", "", "what to tell the agent")
	cmd.Flags().BoolVar(&o.fresh, "fresh", false, "begin anew, in a new session")
	cmd.Flags().BoolVar(&o.fromHere, "from-here", false, "go on from your work on a task that you took over")
	return cmd
}

func (o retryOptions) run(c *cli, name string) error {
	if o.fromHere {
		if o.fresh || o.usd != "" || o.minutes != 0 || o.tokens != 0 || o.turns != 0 {
			return fault.New(fault.Invalid, "muster retry --from-here: only -m goes with it").
				WithHint("raise the task's limits with: muster retry, should they be used up")
		}
		return c.give(name, flow.HandedBack, o.text)
	}
	micro, err := o.microUSD()
	if err != nil {
		return err
	}
	ms, err := o.timeMS()
	if err != nil {
		return err
	}
	tokens, err := atLeastZero("--tokens", o.tokens)
	if err != nil {
		return err
	}
	turns, err := atLeastZero("--turns", o.turns)
	if err != nil {
		return err
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
	sent, err := s.Retry(c.ctx, ref, app.Retry{Text: o.text, Fresh: o.fresh, MicroUSD: micro, TimeMS: ms, Tokens: int64(tokens), Turns: int64(turns)})
	if err != nil {
		return err
	}
	return c.carrySent(s, sent)
}

package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"muster/internal/app"
	"muster/internal/core/fault"
	"muster/internal/core/plan"
)

type runOptions struct {
	runBounds
	agent  string
	record string
	replay string
}

// runBounds are the flags that bound what a run may use.
type runBounds struct {
	bounds
	parallel int
}

func newRun(c *cli) *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run PLAN",
		Short: "Start a run of a plan and carry it on until it needs you",
		Long: "PLAN is a file, or the name of one in .muster/plans.\n\n" +
			"The run works on branch muster/<name of the plan>; your checkout is not touched. Ctrl-C stops the\n" +
			"agents in good order, and muster resume goes on; a second Ctrl-C leaves at once.\n\n" +
			"A replay needs no model, no key and no network for it, costs nothing, and never moves the target.",
		Example: "  muster run .muster/plans/rate-limit.yaml\n  muster run rate-limit --parallel 2 --usd 5\n" +
			"  muster run rate-limit --record ../recording\n  muster run rate-limit --replay ../recording",
		Args: needPlan(c),
		RunE: func(_ *cobra.Command, args []string) error { return o.run(c, args[0]) },
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.agent, "agent", "", "agent for all tasks, whatever the plan says")
	cmd.Flags().StringVar(&o.record, "record", "", "record what models answer into this new `folder`")
	cmd.Flags().StringVar(&o.replay, "replay", "", "let the recording in this `folder` answer instead of models")
	return cmd
}

// needPlan accepts one argument, and without it says which plans there are.
func needPlan(c *cli) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return between(1, 1, "the plan")(cmd, args)
		}
		s, err := c.open()
		if err != nil {
			return err
		}
		defer s.Close()
		e := fault.New(fault.Invalid, "muster run: the plan is missing")
		if names := app.PlanNames(s); len(names) > 0 {
			return e.WithHint("name one: muster run %s", strings.Join(names[:min(len(names), 12)], " or "))
		}
		return e.WithHint("write one: muster plan new")
	}
}

func (b *runBounds) flags(cmd *cobra.Command) {
	b.bounds.flags(cmd, "the run")
	cmd.Flags().IntVar(&b.parallel, "parallel", 0, "agents at once")
}

func (b *bounds) flags(cmd *cobra.Command, of string) {
	cmd.Flags().StringVar(&b.usd, "usd", "", "what "+of+" may cost, in US dollars")
	cmd.Flags().Float64Var(&b.minutes, "minutes", 0, "agent time that "+of+" may take, in minutes")
	cmd.Flags().IntVar(&b.tokens, "tokens", 0, "tokens that "+of+" may use")
	cmd.Flags().IntVar(&b.turns, "turns", 0, "turns that "+of+" may take: answers of models to agents")
}

func (o runOptions) run(c *cli, name string) error {
	limits, err := o.limits()
	if err != nil {
		return err
	}
	if o.record != "" && o.replay != "" {
		return fault.New(fault.Invalid, "muster run: --record and --replay are both given").WithHint("record a run first, then replay it")
	}
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	return c.start(s, app.Start{Plan: name, Agent: o.agent, Limits: limits, Record: o.record, Replay: o.replay})
}

func (b runBounds) limits() (plan.Budget, error) {
	micro, err := b.microUSD()
	if err != nil {
		return plan.Budget{}, err
	}
	ms, err := b.timeMS()
	if err != nil {
		return plan.Budget{}, err
	}
	tokens, err := atLeastZero("--tokens", b.tokens)
	if err != nil {
		return plan.Budget{}, err
	}
	turns, err := atLeastZero("--turns", b.turns)
	if err != nil {
		return plan.Budget{}, err
	}
	n, err := atLeastZero("--parallel", b.parallel)
	return plan.Budget{MicroUSD: micro, TimeMS: ms, Tokens: int64(tokens), Turns: int64(turns), Parallel: n}, err
}

// start starts a run and carries it on.
func (c *cli) start(s *app.Session, w app.Start) error {
	begun, err := s.Start(c.ctx, w)
	if err != nil {
		return err
	}
	for _, warning := range begun.Warnings {
		c.err.f("%s\n", warning)
	}
	return c.carry(s, app.Carry{Run: begun.Run, Sent: []string{begun.Message}, Until: app.Settled})
}

package cli

import (
	"github.com/spf13/cobra"

	"muster/internal/app"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/report"
)

type checkoutOptions struct {
	branch     string
	branchOnly bool
}

func newCheckout(c *cli) *cobra.Command {
	var o checkoutOptions
	cmd := &cobra.Command{
		Use:   "checkout TASK [DIR]",
		Short: "Take a task over to work on it by hand",
		Long: "Its agent is stopped, what it had changed is kept as a commit on a branch of yours, and that branch is\n" +
			"checked out in DIR, or in a folder below Muster's own. Your checkout is not touched. Work there, commit or\n" +
			"not, and then: muster submit TASK to have it judged and landed as it is, muster retry --from-here TASK to\n" +
			"let the agent go on from it, or muster retry TASK to let the agent go on as if you had not.",
		Example: "  muster checkout limiter\n  muster checkout limiter ../limiter --branch my/limiter",
		Args:    between(1, 2, "the task"),
		RunE:    func(_ *cobra.Command, args []string) error { return o.run(c, args) },
	}
	cmd.Flags().StringVar(&o.branch, "branch", "", "name of the branch (default by-hand/RUN/TASK)")
	cmd.Flags().BoolVar(&o.branchOnly, "branch-only", false, "make the branch and no worktree")
	return cmd
}

type checkoutJSON struct {
	Type   string `json:"type"`
	Run    string `json:"run"`
	Task   string `json:"task"`
	Branch string `json:"branch"`
	Dir    string `json:"dir,omitempty"`
	Commit string `json:"commit"`
}

func (o checkoutOptions) run(c *cli, args []string) error {
	wanted := flow.TakeoverRequested{Branch: o.branch}
	switch {
	case len(args) == 2 && o.branchOnly:
		return fault.New(fault.Invalid, "muster checkout: a folder and --branch-only do not go together")
	case len(args) == 2:
		wanted.Dir = args[1]
	case o.branchOnly:
		wanted.Dir = app.NoWorktree
	}
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	ref, err := s.FindTask(c.ctx, args[0])
	if err != nil {
		return err
	}
	sent, isTaken, err := s.TakeOver(c.ctx, ref, wanted)
	if err != nil {
		return err
	}
	p := c.progress()
	done, err := s.Carry(c.ctx, app.Carry{Run: ref.Run.ID, Sent: sent.Messages, AfterRow: sent.AfterRow, Until: app.Settled, See: p.see, Enough: isTaken})
	p.end()
	if err != nil {
		return err
	}
	t, err := s.Lay(c.ctx, ref)
	if err != nil {
		return err
	}
	c.taken(done.Run, t)
	return nil
}

// taken says where the person's work is, and what to type next.
func (c *cli) taken(r *report.Run, t *report.Task) {
	out := checkoutJSON{"checkout", r.Name, t.ID, t.Hand.Branch, t.Hand.Dir, t.Head.Commit}
	if out.Dir == app.NoWorktree {
		out.Dir = ""
	}
	if c.isJSON {
		c.out.json(out)
		return
	}
	if out.Dir == "" {
		c.out.f("%s is yours, on branch %s\n\nnext:\n  %s\n", t.ID, out.Branch, c.out.paint(cyan, "git switch "+out.Branch))
	} else {
		c.out.f("%s is yours, on branch %s in %s\n\nnext:\n  %s\n", t.ID, out.Branch, out.Dir, c.out.paint(cyan, "cd "+out.Dir))
	}
	c.out.f("  %s   have it judged and landed as it is\n", c.out.paint(cyan, "muster submit "+t.ID))
	c.out.f("  %s   let the agent go on from it\n", c.out.paint(cyan, "muster retry --from-here "+t.ID))
	if r.End() == report.EndGoing {
		c.out.f("other tasks of run %s go on when something drives it: %s\n", r.Name, c.out.paint(cyan, "muster resume "+r.Name))
	}
}

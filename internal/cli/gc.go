package cli

import (
	"time"

	"github.com/spf13/cobra"

	"muster/internal/app/gc"
	"muster/internal/cli/unit"
	"muster/internal/core/fault"
)

type gcOptions struct {
	age    time.Duration
	dryRun bool
}

func newGC(c *cli) *cobra.Command {
	var o gcOptions
	cmd := &cobra.Command{
		Use:   "gc",
		Short: "Remove what no run needs any more: worktrees, trees, ended agents' folders, old refs",
		Long: "Worktrees and trees that nothing uses are always removed. Of runs that ended longer ago than --age,\n" +
			"the agents' folders and the refs that keep attempts alive are removed as well. The ledger, and with it\n" +
			"every verdict and transcript, stays; so does branch muster/<name>.\n" +
			"Set-ups that nobody used for that long go too, and more of them, the ones that were not used for longest\n" +
			"first, while the state folder is larger than resources.state_size.",
		Args: between(0, 0, ""),
		RunE: func(*cobra.Command, []string) error { return o.run(c) },
	}
	cmd.Flags().DurationVar(&o.age, "age", 14*24*time.Hour, "how long ago a run must have ended")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "only say what would be removed")
	return cmd
}

func (o gcOptions) run(c *cli) error {
	if o.age < 0 {
		return fault.New(fault.Invalid, "--age %s is below zero", o.age)
	}
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	mode := gc.Remove
	verb := "removed"
	if o.dryRun {
		mode, verb = gc.OnlyLook, "would remove"
	}
	got, err := s.Collect(c.ctx, o.age, mode)
	if err != nil {
		return err
	}
	if c.isJSON {
		c.out.json(got)
		return nil
	}
	total := int64(0)
	for _, g := range got.Parts {
		c.out.f("%s %d %s, %s\n", verb, g.Count, g.What, unit.ByteSize(g.Bytes))
		total += g.Bytes
	}
	limit := ""
	if got.Limit > 0 {
		limit = " (resources.state_size: " + unit.ByteSize(got.Limit) + ")"
	}
	c.out.f("%s in all; %s stay in %s%s\n", unit.ByteSize(total), unit.ByteSize(got.Left), s.State(), limit)
	return nil
}

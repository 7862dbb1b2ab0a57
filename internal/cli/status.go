package cli

import (
	"github.com/spf13/cobra"

	"muster/internal/app"
	"muster/internal/cli/unit"
	"muster/internal/core/fault"
)

type statusOptions struct{ all bool }

func newStatus(c *cli) *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:   "status [RUN]",
		Short: "Show where a run stands; the latest when none is named",
		Args:  between(0, 1, "the run"),
		RunE:  func(_ *cobra.Command, args []string) error { return o.run(c, first(args)) },
	}
	cmd.Flags().BoolVar(&o.all, "all", false, "list all runs instead")
	return cmd
}

func (o statusOptions) run(c *cli, name string) error {
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	if o.all {
		if name != "" {
			return fault.New(fault.Invalid, "muster status: --all and a run's name do not go together")
		}
		return c.listRuns(s)
	}
	info, err := s.FindRun(c.ctx, name)
	if err != nil {
		return err
	}
	v, err := s.View(c.ctx, info.ID)
	if err != nil {
		return err
	}
	if c.isJSON {
		c.out.json(v)
		return nil
	}
	c.summary(v)
	c.out.f("state folder: %s\n", v.Disk.Text(unit.ByteSize))
	if v.Driver != nil {
		c.out.f("\ndriven by the muster with process id %d\n", v.Driver.PID)
	}
	return nil
}

type runJSON struct {
	app.RunInfo
	Stage string `json:"stage"`
	End   string `json:"end"`
}

func (c *cli) listRuns(s *app.Session) error {
	runs, err := s.Runs(c.ctx)
	if err != nil {
		return err
	}
	all := []runJSON{}
	for _, r := range runs {
		v, err := s.View(c.ctx, r.ID)
		if err != nil {
			return err
		}
		if c.isJSON {
			all = append(all, runJSON{r, string(v.Stage), string(v.End)})
			continue
		}
		c.out.f("%s  %s  %s  %s\n", unit.DateTime(r.BegunUS), c.out.paint(stageColor(v), stageWord(v)), r.Name, line(r.Goal, 100))
	}
	if c.isJSON {
		c.out.json(all)
	}
	return nil
}

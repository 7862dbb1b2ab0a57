package cli

import (
	"github.com/spf13/cobra"

	"muster/internal/app"
	"muster/internal/cli/unit"
)

func newDoctor(c *cli) *cobra.Command {
	var probes bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Show what Muster finds on this machine and in this repository",
		Args:  between(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			if probes {
				return doctor(c, app.Probe)
			}
			return doctor(c, app.NoProbe)
		},
	}
	cmd.Flags().BoolVar(&probes, "probe", false, "have each agent that is there ask its model one tiny question, which may cost a little")
	return cmd
}

func doctor(c *cli, probing app.Probing) error {
	d := app.Examine(c.ctx, c.host, probing)
	if !d.OK {
		c.code = exitUsage
	}
	if c.isJSON {
		c.out.json(struct {
			versionJSON
			app.Diagnosis
		}{thisVersion(), d})
		return nil
	}
	for _, p := range d.Points {
		color, word := green, "ok  "
		switch p.Level {
		case app.Worth:
			color, word = yellow, "note"
		case app.Bad:
			color, word = red, "bad "
		case app.Good:
		}
		c.out.f("%s %-12s %s\n", c.out.paint(color, word), p.About, p.Text)
		if p.Hint != "" {
			c.out.f("     %-12s hint: %s\n", "", p.Hint)
		}
	}
	if len(d.Config) > 0 {
		c.out.f("\nconfiguration in force:\n")
	}
	width := 0
	for _, k := range d.Config {
		width = max(width, len(k.Key))
	}
	for _, k := range d.Config {
		c.out.f("  %-*s  %s  %s\n", width, k.Key, unit.OrDash(line(k.Value, 80)), c.out.paint(faint, "("+k.Source+")"))
	}
	return nil
}

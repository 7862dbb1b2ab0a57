package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/internal/app"
	"muster/internal/cli/unit"
	"muster/internal/cli/words"
	"muster/internal/core/fault"
	"muster/internal/core/report"
	"muster/internal/demo"
)

type demoOptions struct {
	agent string
	dir   string
	keep  bool
}

func newDemo(c *cli) *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch a whole run on a small service, with scripted agents and no account",
		Long: "The demo writes a small Go service to a folder of its own and runs a plan on it: the same engine, checks\n" +
			"and Git as for your own repository. Its agents are scripted and make the mistakes that agents make.\n" +
			"Nothing leaves the machine. With --agent claude a real agent works on the same plan.",
		Args: between(0, 0, ""),
		RunE: func(*cobra.Command, []string) error { return o.run(c) },
	}
	cmd.Flags().StringVar(&o.agent, "agent", "", "let a real agent work on the plan (claude, codex)")
	cmd.Flags().StringVar(&o.dir, "dir", "", "folder to write to (default a new one among the temporary files)")
	cmd.Flags().BoolVar(&o.keep, "keep", true, "leave the folder for you to look around")
	return cmd
}

func (o demoOptions) run(c *cli) error {
	dir, err := o.folder()
	if err != nil {
		return err
	}
	if !o.keep {
		defer func() { _ = os.RemoveAll(dir) }()
	}
	d, err := demo.Extract(dir)
	if err != nil {
		return err
	}
	c.host = c.host.At(d.Repo, filepath.Join(dir, "state"))
	if err := app.InitRepository(c.ctx, c.host, "A small service"); err != nil {
		return err
	}
	if !c.isJSON {
		o.introduce(c, d)
	}
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	begun := time.Now()
	if err := c.start(s, app.Start{Plan: d.Plan, Agent: o.agent}); err != nil {
		return err
	}
	if c.code == exitPerson || c.code == exitRejected {
		c.code = exitDone // the demo shows exactly that
	}
	if c.isJSON {
		return nil
	}
	return o.conclude(c, s, dir, time.Since(begun))
}

// folder gives the folder to write to, which the demo makes.
func (o demoOptions) folder() (string, error) {
	if o.dir == "" {
		dir, err := os.MkdirTemp("", "muster-demo-")
		return dir, fault.Wrap(fault.Internal, err, "make a folder for the demo")
	}
	dir, err := filepath.Abs(o.dir)
	return dir, fault.Wrap(fault.Invalid, err, "find the folder %s", o.dir)
}

func (o demoOptions) introduce(c *cli, d demo.Demo) {
	if o.agent == "" {
		c.out.f("The agents of this demo are scripted: no model is asked and nothing leaves this machine.\n" +
			"Engine, checks and Git are the real ones.\n\n")
	} else {
		c.out.f("The agent %s works on this plan with your account; that costs what it costs.\n\n", o.agent)
	}
	c.out.f("repository  %s\nplan        %s\n\n", d.Repo, d.Plan)
}

func (o demoOptions) conclude(c *cli, s *app.Session, dir string, took time.Duration) error {
	info, err := s.FindRun(c.ctx, "")
	if err != nil {
		return err
	}
	v, err := s.View(c.ctx, info.ID)
	if err != nil {
		return err
	}
	o.caught(c, v)
	c.out.f("\nIt took %s. ", unit.Span(took.Microseconds()))
	if !o.keep {
		c.out.f("The folder is removed again (--keep leaves it).\n")
		return nil
	}
	c.out.f("Look around; these commands work in that folder:\n\n"+
		"  cd %s && export XDG_STATE_HOME=%s\n", c.host.Dir, filepath.Join(dir, "state"))
	for _, t := range v.Tasks {
		if t.State == report.Review {
			c.out.f("  muster show %s\n  muster diff %s\n  muster approve %s     # or: muster reject %s\n", t.ID, t.ID, t.ID, t.ID)
			break
		}
	}
	c.out.f("  muster log\n  git log --graph --oneline muster/%s\n\n"+
		"On a repository of your own: write .muster/plans/NAME.yaml, then muster run NAME.\n", v.Name)
	if !c.host.Has("muster") {
		c.out.f("(muster is not on your PATH yet; in its own folder: go install ./cmd/muster)\n")
	}
	return nil
}

// caught says, a line for each task, what the gate did not let through.
func (o demoOptions) caught(c *cli, v app.View) {
	c.out.f("\nwhat the gate caught:\n")
	for _, t := range v.Tasks {
		var said []string
		for _, j := range t.Verdicts {
			if text := words.Reason(j.Verdict); !j.Verdict.Route.Lands() && !slices.Contains(said, text) {
				said = append(said, text)
			}
		}
		if len(said) > 0 {
			c.out.f("  %-10s %s -> %s\n", t.ID, strings.Join(said, "; "), c.out.paint(stateColor(t.State), string(t.State)))
		}
	}
}

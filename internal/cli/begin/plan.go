package begin

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"muster/internal/app"
	"muster/internal/cli/unit"
)

// Plan gives the command muster plan.
func Plan(s Shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Write a first plan for this repository, or see what is wrong with one",
		Args:  s.Arguments(0, 0, ""),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newNew(s), newLint(s))
	return cmd
}

func newNew(s Shell) *cobra.Command {
	var measure bool
	cmd := &cobra.Command{
		Use:   "new [NAME]",
		Short: "Write a plan, filled in from the repository, into .muster/plans",
		Long: "It looks at the commit that is checked out: languages, projects, how they are built and tested, owners,\n" +
			"and files that were mended often. Nothing of the repository's code runs, unless --measure is given.\n" +
			"The plan is valid as it stands, and no file is ever written over.",
		Example: "  muster plan new\n  muster plan new rate-limit --measure",
		Args:    s.Arguments(0, 1, "the name"),
		RunE: func(_ *cobra.Command, args []string) error {
			return writeNew(s, strings.Join(args, ""), measure)
		},
	}
	cmd.Flags().BoolVar(&measure, "measure", false, "run the commands that build and test, in a copy of the commit, and note how long each takes")
	return cmd
}

func writeNew(s Shell, name string, measure bool) error { //nolint:revive // a flag of the command
	session, err := app.Open(s.Context(), s.Host())
	if err != nil {
		return err
	}
	defer session.Close()
	how := app.NoMeasure
	if measure {
		how = app.RunToKnow
	}
	d, err := app.DraftPlan(s.Context(), session, name, how, func(lines []string) {
		if len(lines) == 0 {
			s.Note("muster: no command that builds or tests was found, so there is nothing to measure\n")
			return
		}
		s.Note("muster: runs in a copy of the commit: %s\n", strings.Join(lines, "; "))
	})
	if err != nil {
		return err
	}
	for _, text := range d.Warnings {
		s.Note("muster: note: %s\n", text)
	}
	if !s.JSON(d) {
		said(s, d, seen(s.Host().Dir, session.Place().TopLevel, d.Path))
	}
	return nil
}

// seen gives a file of the repository as a person in a folder of it names it.
func seen(dir, top, file string) string {
	rel, err := filepath.Rel(dir, filepath.Join(top, file))
	if err != nil {
		return file
	}
	return rel
}

// said tells what was written, what it rests on, and what to type next.
func said(s Shell, d app.Drafted, file string) {
	s.Print("wrote %s\n", file)
	alone := d.Map.Alone()
	for _, p := range alone {
		var lines []string
		for _, c := range slices.Concat(p.Setup, p.Build, p.Test) {
			lines = append(lines, c.Line)
		}
		s.Print("  %s in %s: %s\n", p.Kind, p.Dir, unit.OrDash(strings.Join(lines, "; ")))
	}
	switch {
	case len(alone) > 0:
	case len(d.Accept) > 0:
		s.Print("  no project that is known here, but %s in %s\n", d.Accept[0].Line, d.Accept[0].From)
	default:
		s.Print("  no project that is known here: name the commands that test it below accept:\n")
	}
	for _, m := range d.Measured {
		if m.OK {
			s.Print("  %s: passes, took %s\n", m.Line, unit.Span(m.MS*1000))
		} else {
			s.Print("  %s: does not pass as things stand (%s), so it is a comment in the plan\n", m.Line, m.Why)
		}
	}
	if len(d.SetUp) > 0 {
		s.Print("  to install once for all worktrees, put this into .muster/config.yaml, commit it, and take it out of accept:\n    %s\n",
			strings.Join(d.SetUp, "\n    "))
	}
	found := false
	for _, a := range d.Agents {
		found = found || a.Found
	}
	switch {
	case d.Agent != "":
		s.Print("  it names the agent %s, as the default one is not installed here\n", d.Agent)
	case !found:
		s.Print("  no agent is installed here: muster doctor says what to do\n")
	}
	s.Print("\nnext: open it and say what you want done, then\n      muster run %s\n", d.Name)
}

func newLint(s Shell) *cobra.Command {
	return &cobra.Command{
		Use:   "lint PLAN",
		Short: "Say everything that is wrong with a plan, and start nothing",
		Long: "PLAN is a file, or the name of one in .muster/plans. What would keep a run from starting here is said as\n" +
			"well: a target that is missing, an agent that is not installed.",
		Example: "  muster plan lint rate-limit",
		Args:    s.Arguments(1, 1, "the plan"),
		RunE:    func(_ *cobra.Command, args []string) error { return lint(s, args[0]) },
	}
}

func lint(s Shell, name string) error {
	l, err := app.LintPlan(s.Context(), s.Host(), name)
	if err != nil {
		return err
	}
	if !l.OK {
		s.Refuse()
	}
	if s.JSON(l) {
		return nil
	}
	for _, problem := range l.Problems {
		s.Print("%s\n", problem.String())
	}
	for _, w := range l.Warnings {
		s.Print("note: %s\n", w)
	}
	switch {
	case l.Error != "":
		s.Print("error: %s\n", l.Error)
		if l.Hint != "" {
			s.Print("hint: %s\n", l.Hint)
		}
	case !l.OK:
		s.Print("\n%s has errors: mend what is named and try again\n", l.Plan)
	default:
		s.Print("ok: %s, %s; start it with muster run %s\n", l.Plan, unit.Plural(l.Tasks, "task"), name)
	}
	return nil
}

package cli

import (
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"muster/internal/app"
	"muster/internal/cli/unit"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/policy"
	"muster/internal/core/report"
)

type checkOptions struct {
	static   bool
	all      bool
	sarif    string
	markdown string
	failOn   string
	claim    string
	limit    time.Duration
}

func newCheck(c *cli) *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check [BASE..HEAD | BASE...HEAD | COMMIT]",
		Short: "Judge any change: what blocks, what to look at, what was not checked",
		Long: "Judges a change of this repository with every check, without an agent, a plan, a model or a configuration.\n" +
			"Without an argument it judges your work tree, files that are not committed included, from where it parted from\n" +
			"the default branch. What controls the gate (.muster/) is read from the base.\n\n" +
			"Exit codes: 0 when nothing asks for a person, 10 when a person should decide, 20 when something blocks.",
		Args: between(0, 1, "the change"),
		RunE: func(_ *cobra.Command, args []string) error { return o.run(c, first(args)) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.static, "static", false, "run nothing of the repository's code")
	f.BoolVar(&o.all, "all", false, "show every finding, and every place that was not checked")
	f.StringVar(&o.sarif, "sarif", "", "write the findings to this file as SARIF 2.1.0")
	f.StringVar(&o.markdown, "markdown", "", "write a comment for a pull request to this file")
	f.StringVar(&o.failOn, "fail-on", "review", "the weakest route with an exit code other than 0: review, rework or never")
	f.StringVar(&o.claim, "claim", "", "what is said of the change; without it, the messages of its commits")
	f.DurationVar(&o.limit, "time", 0, "for all checks together; without it, checks.time of the configuration")
	return cmd
}

func (o checkOptions) run(c *cli, text string) error {
	switch o.failOn {
	case "review", "rework", "never":
	default:
		return fault.New(fault.Invalid, "--fail-on is %q", o.failOn).WithHint("one of review, rework, never")
	}
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	ctx, stop := signal.NotifyContext(c.ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	w := app.Wanted{Range: text, Depth: app.Whole, Claim: o.claim, TimeMS: o.limit.Milliseconds()}
	if o.static {
		w.Depth = app.StaticOnly
	}
	watch := newCheckWatch(c)
	w.Watch = watch.see
	j, err := s.Judge(ctx, w)
	watch.clear()
	if ctx.Err() != nil && c.ctx.Err() == nil {
		c.err.f("muster: interrupted; what was finished is kept and will not be done again\n")
		c.code = exitInterrupted
		return nil
	}
	if err != nil {
		return err
	}
	j.Muster = thisVersion().Version
	if err := o.write(c, j); err != nil {
		return err
	}
	if c.isJSON {
		c.out.json(j.Verdict)
	} else {
		o.print(c, j)
	}
	c.code = codeOfRoute(j.Route, o.failOn)
	return nil
}

// codeOfRoute gives the exit code of a verdict. A change in which nothing
// differs has the route of a change without findings.
func codeOfRoute(r policy.Route, failOn string) int {
	switch {
	case r.Lands(), failOn == "never":
		return exitDone
	case r == policy.Rework, r == policy.Reject:
		return exitRejected
	case failOn == "rework":
		return exitDone
	}
	return exitPerson
}

// write writes the files that were asked for.
func (o checkOptions) write(c *cli, j app.Judged) error {
	for _, file := range []struct {
		name string
		data func() []byte
	}{
		{o.sarif, func() []byte { return report.SARIF(j.Verdict) }},
		{o.markdown, func() []byte { return []byte(report.Markdown(j.Verdict)) }},
	} {
		if file.name == "" {
			continue
		}
		name := file.name
		if !filepath.IsAbs(name) {
			name = filepath.Join(c.host.Dir, name)
		}
		if err := os.WriteFile(name, file.data(), 0o644); err != nil {
			return fault.WithHint(fault.Wrap(fault.Invalid, err, "write %s", file.name), "name a file in a folder that exists and can be written")
		}
	}
	return nil
}

func (o checkOptions) print(c *cli, j app.Judged) {
	p := c.out
	for _, w := range j.Warnings {
		c.err.f("warning: %s\n", w)
	}
	for _, n := range j.Notes {
		p.f("note: %s\n", n)
	}
	if j.Empty {
		p.f("nothing differs from %s; judge a commit with %s\n", unit.Short(j.Base), p.paint(cyan, "muster check HEAD"))
		return
	}
	passed, failed, silent := j.Counts()
	p.f("%s  %s\n", p.paint(routeColor(j.Route), string(j.Route)), strings.TrimPrefix(report.RouteText(j.Route), string(j.Route)+", "))
	p.f("%s passed, %d found something, %d gave no answer (sandbox: %s)\n", unit.Plural(passed, "check"), failed, silent, unit.OrDash(j.Sandbox))
	o.printChecked(p, j)
	o.printRest(p, j)
	if j.Dismissed > 0 {
		p.f("\n%s dismissed in .muster/dismissed.yaml of the base\n", unit.Plural(j.Dismissed, "finding"))
	}
}

func routeColor(r policy.Route) Color {
	switch {
	case r.Lands():
		return green
	case r == policy.Rework, r == policy.Reject:
		return red
	}
	return yellow
}

// printChecked shows what is put first, each with its code and how to see it.
func (o checkOptions) printChecked(p *printer, j app.Judged) {
	for i, f := range j.First() {
		color := yellow
		sign := "look at"
		if f.Level == evidence.Gate {
			color, sign = red, "blocks "
		}
		p.f("\n%d. %s %s\n", i+1, p.paint(color, sign), p.paint(bold, f.Message))
		p.f("   %s%s, %s, %s\n", within(report.Where(f), "  "), checkRule(f), f.Grade, f.ID)
		for _, l := range j.Frames[f.ID] {
			mark := " "
			if l.Marked {
				mark = ">"
			}
			p.f("   %s %5d | %s\n", p.paint(color, mark), l.Number, cut(strings.ReplaceAll(clean(l.Text), "\t", "    "), 120))
		}
		if f.Detail != "" {
			p.f("%s\n", indent("      ", tail(f.Detail, 12)))
		}
		if f.Reproduce != "" {
			p.f("   see it: %s\n", p.paint(cyan, f.Reproduce))
		}
	}
}

func within(text, after string) string {
	if text == "" {
		return ""
	}
	return text + after
}

func checkRule(f evidence.Finding) string {
	if f.Rule == "" {
		return f.Check
	}
	return f.Check + "/" + f.Rule
}

// printRest shows the findings that are folded, and what was not checked.
func (o checkOptions) printRest(p *printer, j app.Judged) {
	rest := j.Findings[min(len(j.First()), len(j.Findings)):]
	if len(rest) > 0 {
		p.f("\n")
	}
	for i, f := range rest {
		if !o.all {
			p.f("%s folded: %s\n", unit.Plural(len(rest)-i, "more finding"), p.paint(cyan, "muster check --all"))
			break
		}
		p.f("%-8s %s%s  %s\n", f.Level, within(report.Where(f), "  "), f.Message, p.paint(faint, checkRule(f)+" "+f.ID))
	}
	if len(j.NotRun)+len(j.Unverified) == 0 {
		return
	}
	p.f("\nnot checked:\n")
	const few = 8
	for i, why := range j.NotRun {
		if i == few && !o.all {
			p.f("  and %d more: %s\n", len(j.NotRun)-i, p.paint(cyan, "muster check --all"))
			break
		}
		p.f("  %s\n", line(why, 200))
	}
	for i, place := range j.Unverified {
		if i == few && !o.all {
			p.f("  and %s\n", unit.Plural(len(j.Unverified)-i, "more place"))
			break
		}
		p.f("  %s  %s\n", report.PlaceText(place), p.paint(faint, line(place.Why, 160)))
	}
}

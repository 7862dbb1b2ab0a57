package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"muster/internal/app"
	"muster/internal/cli/unit"
	"muster/internal/cli/words"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
	"muster/internal/core/policy"
	"muster/internal/core/report"
)

// shownFirst is how many findings are shown in full unless all are asked for.
const shownFirst = 5

type showOptions struct{ all bool }

func newShow(c *cli) *cobra.Command {
	var o showOptions
	cmd := &cobra.Command{
		Use:   "show TASK",
		Short: "Show what a task did, the verdict on it, and the evidence",
		Args:  between(1, 1, "the task"),
		RunE:  func(_ *cobra.Command, args []string) error { return o.run(c, args[0]) },
	}
	cmd.Flags().BoolVar(&o.all, "all", false, "show every finding in full")
	return cmd
}

type showJSON struct {
	Run string `json:"run"`
	app.TaskView
	Evidence *evidence.Evidence `json:"evidence,omitempty"` // of the latest verdict
	Files    []fileJSON         `json:"files,omitempty"`
	Refused  []string           `json:"refused,omitempty"` // to its attempts at their doors, in a sentence each
}

type fileJSON struct {
	Path    string `json:"path"`
	Status  string `json:"status"`
	Added   int    `json:"added"`
	Deleted int    `json:"deleted"`
}

func (o showOptions) run(c *cli, name string) error {
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	ref, err := s.FindTask(c.ctx, name)
	if err != nil {
		return err
	}
	v, err := s.View(c.ctx, ref.Run.ID)
	if err != nil {
		return err
	}
	out := showJSON{Run: v.Name}
	for _, t := range v.Tasks {
		if t.ID == ref.Task {
			out.TaskView = t
		}
	}
	if digest := latestEvidence(out.Task); digest != "" {
		e, err := s.Evidence(c.ctx, digest)
		if err != nil {
			return err
		}
		out.Evidence = &e
	}
	if out.Head.Tree != "" {
		ch, err := s.Changed(c.ctx, &out.Task)
		if err != nil {
			return err
		}
		for _, f := range ch.Files {
			out.Files = append(out.Files, fileJSON{f.Path, string(f.Status), f.Added, f.Deleted})
		}
	}
	if out.Refused, err = app.Refused(s, ref.Run.ID, ref.Task); err != nil {
		return err
	}
	if c.isJSON {
		c.out.json(out)
		return nil
	}
	o.print(c, out)
	return nil
}

func latestEvidence(t report.Task) string {
	if t.Verdict != nil && t.Verdict.Evidence != "" {
		return t.Verdict.Evidence
	}
	return t.Evidence
}

func (o showOptions) print(c *cli, t showJSON) {
	p := c.out
	p.f("%s/%s  %s  %s\n", t.Run, t.ID, p.paint(stateColor(t.State), string(t.State)), t.Title)
	if note := taskNote(t.TaskView); note != "" {
		p.f("  %s\n", note)
	}
	printAttempts(p, t.Task)
	for _, r := range t.Refused {
		p.f("  %s\n", line(r, 400))
	}
	printHand(p, t.Hand)
	if len(t.Files) > 0 {
		printFiles(p, t.Files)
	}
	for _, n := range words.Notes(t.Dropped, t.Notes) {
		p.f("note: %s\n", n)
	}
	if t.Verdict != nil {
		printVerdict(p, *t.Verdict)
	}
	if t.Evidence != nil {
		printChecks(p, *t.Evidence)
		o.printFindings(p, t.Evidence.Findings())
	}
	if t.State == report.Review {
		p.f("\nnext: %s, %s or %s\n", p.paint(cyan, "muster diff "+t.ID), p.paint(cyan, "muster approve "+t.ID), p.paint(cyan, "muster reject "+t.ID))
	}
}

// printHand says what people did beside the agent.
func printHand(p *printer, h report.Hand) {
	for _, m := range h.Messages {
		if m.Attempt > 0 {
			p.f("  told by %s in attempt %d: %s\n", m.By, m.Attempt, line(m.Text, 300))
			continue
		}
		p.f("  told by %s, waits for the end of its attempt: %s\n", m.By, line(m.Text, 300))
	}
	switch {
	case h.TakenBy != "":
		p.f("  taken over by %s, on branch %s in %s\n", h.TakenBy, h.Branch, h.Dir)
	case h.Author != "":
		p.f("  made by %s\n", h.Author)
	}
}

func printAttempts(p *printer, t report.Task) {
	for _, a := range t.Attempts {
		text := "runs"
		if a.Outcome != nil {
			text = fmt.Sprintf("%s, %s, %s", a.Outcome.Kind, unit.Span(a.EndedUS-a.BegunUS), unit.Cost(a.Outcome.Usage)+unit.AndTurns(a.Outcome.Usage, 0)+metered(a.Outcome))
			if m := line(a.Outcome.Message, 300); m != "" {
				text += ": " + m
			}
			if n := len(a.Outcome.Denied); n > 0 {
				text += fmt.Sprintf(" (%s denied)", unit.Plural(n, "tool use"))
			}
		}
		round := ""
		if a.Round > 0 {
			round = fmt.Sprintf(", rework round %d", a.Round)
		}
		p.f("attempt %d (%s%s): %s\n", a.Number, strings.TrimSpace(t.Agent+" "+t.Model), round, text)
		if a.Outcome != nil && len(a.Outcome.Tools) > 0 {
			p.f("  with what you approved of the repository: %s\n", strings.Join(a.Outcome.Tools, ", "))
		}
	}
}

func printFiles(p *printer, files []fileJSON) {
	p.f("\nchange:\n")
	for i, f := range files {
		if i == 20 {
			p.f("  and %d more files\n", len(files)-i)
			break
		}
		p.f("  %-8s %s  %s %s\n", f.Status, f.Path, p.paint(green, fmt.Sprintf("+%d", f.Added)), p.paint(red, fmt.Sprintf("-%d", f.Deleted)))
	}
}

func printVerdict(p *printer, v policy.Verdict) {
	color := yellow
	if v.Route.Lands() {
		color = green
	}
	p.f("\nverdict: %s\n", p.paint(color, string(v.Route)))
	for _, r := range v.Reasons {
		p.f("  - %s\n", r)
	}
	for _, n := range v.NotRun {
		p.f("  did not run: %s\n", n)
	}
}

func printChecks(p *printer, e evidence.Evidence) {
	p.f("\nchecks (sandbox: %s):\n", unit.OrDash(e.Sandbox))
	for _, r := range e.Results {
		color := green
		switch r.Status {
		case evidence.Failed:
			color = red
		case evidence.CouldNot, evidence.TimedOut, evidence.Flaky:
			color = yellow
		case evidence.Skipped:
			color = faint
		case evidence.Passed:
		}
		text := unit.Span(r.DurationMS * 1000)
		if r.Cached {
			text += ", cached"
		}
		if r.Why != "" {
			text += "; " + line(r.Why, 300)
		}
		p.f("  %s %s (%s)\n", p.paint(color, fmt.Sprintf("%-13s", unit.Status(r.Status))), r.Check, text)
		for _, n := range r.NotRun {
			p.f("      left out: %s\n", line(n, 300))
		}
	}
}

func (o showOptions) printFindings(p *printer, findings []evidence.Finding) {
	if len(findings) == 0 {
		return
	}
	p.f("\nfindings:\n")
	for i, f := range findings {
		if i == shownFirst && !o.all {
			p.f("  and %d more: muster show --all\n", len(findings)-i)
			break
		}
		where := f.Path
		if where != "" && f.StartLine > 0 {
			where = fmt.Sprintf("%s:%d", where, f.StartLine)
		}
		if where != "" {
			where += ": "
		}
		color := yellow
		if f.Level == evidence.Gate {
			color = red
		}
		p.f("  %s %s%s  [%s, %s, %s]\n", p.paint(color, string(f.Level)), where, f.Message, f.Check, f.Grade, f.ID)
		if f.Detail != "" {
			p.f("%s\n", indent("      ", tail(f.Detail, 12)))
		}
		if f.Reproduce != "" {
			p.f("    reproduce: %s\n", p.paint(cyan, f.Reproduce))
		}
	}
}

// tail gives the last lines of a text.
func tail(text string, n int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(all) <= n {
		return strings.Join(all, "\n")
	}
	return fmt.Sprintf("(%d lines before)\n", len(all)-n) + strings.Join(all[len(all)-n:], "\n")
}

// metered says how the gateway knows what an attempt used, where that is not
// simply what the service said.
func metered(o *job.Outcome) string {
	if o.Replayed != nil {
		return fmt.Sprintf(" (replayed; recorded at %s)", unit.Cost(*o.Replayed))
	}
	if o.Estimated == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s estimated)", unit.Plural(o.Estimated, "request"))
}

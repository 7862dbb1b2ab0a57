package engine

import (
	"fmt"
	"strings"

	"muster/internal/core/flow"
	"muster/internal/core/plan"
)

// prompt tells an agent what to do. feedback is the text behind f.Blob. A
// resumed session knows its task already and gets only what is new.
func prompt(p plan.Plan, t plan.Task, o flow.StartAttempt, feedback string) string {
	var b strings.Builder
	if o.Session == "" {
		assignment(&b, p, t)
	}
	switch f := o.Feedback; f.Reason {
	case flow.FromChecks:
		b.WriteString("\nYour change was checked and is not right yet. Correct it in place:\n\n" + feedback + "\n")
	case flow.FromPerson:
	case flow.FromConflict:
		b.WriteString("\nOther work landed meanwhile and conflicts with your change. The working directory now holds both, with conflict markers (<<<<<<<, =======, >>>>>>>) in these files:\n\n")
		for _, path := range f.Paths {
			fmt.Fprintf(&b, "- %s\n", path)
		}
		b.WriteString("\nResolve every conflict so that both the landed work and your task hold, and remove all markers.\n")
	case flow.FromTakeover:
		b.WriteString("\nA person worked on your change by hand meanwhile. The working directory now holds their state; go on from it, and keep what they did.\n")
		if len(f.Paths) > 0 {
			b.WriteString("They changed:\n\n")
		}
		for _, path := range f.Paths {
			fmt.Fprintf(&b, "- %s\n", path)
		}
	case flow.FromInterrupted:
		b.WriteString("\nYou were interrupted before you had finished. Look at the state of the working directory and go on with your task.\n")
	}
	if o.Feedback.Text != "" {
		b.WriteString("\nThe person who answers for this code says:\n\n" + o.Feedback.Text + "\n")
	}
	return b.String()
}

func assignment(b *strings.Builder, p plan.Plan, t plan.Task) {
	fmt.Fprintf(b, "You are doing one task of a larger goal, in your own copy of a Git repository (the current directory).\n\nGoal: %s\n\nTask %s: %s\n\n%s\n",
		p.Goal, t.ID, t.Title, strings.TrimSpace(t.Prompt))
	for _, d := range p.Decisions {
		fmt.Fprintf(b, "\nDecided: %s %s", d.Question, d.Chosen)
		if d.Because != "" {
			fmt.Fprintf(b, " (because %s)", d.Because)
		}
		for _, x := range d.Forbids {
			fmt.Fprintf(b, "; forbidden: %s", x)
		}
		b.WriteString("\n")
	}
	b.WriteString("\nRules:\n- Change only files that match:")
	for _, s := range t.Scope {
		b.WriteString(" " + s)
	}
	b.WriteString("\n- Do not commit, push, switch branches or change Git's configuration; the state of the working directory when you end is your change.\n" +
		"- Existing tests must still pass as they are. Do not weaken, skip or delete a test to make it pass.\n")
	if len(t.Accept) > 0 {
		b.WriteString("- When you are done these commands must succeed:\n")
		for _, c := range t.Accept {
			fmt.Fprintf(b, "    %s\n", c)
		}
	}
}

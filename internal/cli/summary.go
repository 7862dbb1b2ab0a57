package cli

import (
	"fmt"
	"strings"
	"time"

	"muster/internal/app"
	"muster/internal/cli/unit"
	"muster/internal/cli/words"
	"muster/internal/core/flow"
	"muster/internal/core/report"
)

// summary says where a run stands: a line for each task, what it cost, what
// became of the target, and what to type next.
func (c *cli) summary(v app.View) {
	p := c.out
	p.f("\n%s %s%s\n", p.paint(bold, v.Name), p.paint(stageColor(v), stageWord(v)), whyOf(v))
	width := 4
	for _, t := range v.Tasks {
		width = max(width, len(t.ID))
	}
	for _, t := range v.Tasks {
		p.f("  %s  %-*s  %7s  %7s  %s\n", p.paint(stateColor(t.State), fmt.Sprintf("%-8s", t.State)), width, t.ID, unit.Cost(t.Spent.Add(t.Use)), agentTime(t), taskNote(t))
	}
	landed, spent := 0, v.Spent
	for _, t := range v.Tasks {
		spent = spent.Add(t.Use)
		if t.State == report.Landed {
			landed++
		}
	}
	turns := ""
	if spent.Turns > 0 || v.Limits.Turns > 0 { // else nobody asks for them
		turns = unit.AndTurns(spent, v.Limits.Turns)
	}
	p.f("%d of %d landed, %s, %s of agent time\n", landed, len(v.Tasks), unit.Cost(spent)+turns, unit.Span(v.AgentUS))
	switch {
	case v.Replay != "":
		p.f("a replay: models did not answer, the recording in %s did; for that nothing was spent\n", line(v.Replay, 200))
	case v.Record != "":
		p.f("recorded into %s\n", line(v.Record, 200))
	}
	for _, a := range v.Accounts {
		p.f("the account %s answers nothing before %s; %s\n", a.Name, unit.DateTime(a.UntilUS), unit.Plural(a.Waiting, "request")+" wait")
	}
	if v.NotHeld != "" {
		p.f("%s\n", v.NotHeld)
	}
	for _, past := range v.Past {
		if !past.ByAccount && (v.Limits.MicroUSD > 0 || v.Limits.Tokens > 0) {
			p.f("%s\n", past)
		}
	}
	for _, text := range v.Untold {
		p.f("%s\n", text)
	}
	c.whereItIs(v)
	c.next(v)
	c.ways(v)
}

func agentTime(t app.TaskView) string {
	if t.AgentUS == 0 {
		return "-"
	}
	return unit.Span(t.AgentUS)
}

// whereItIs says where the landed work can be found.
func (c *cli) whereItIs(v app.View) {
	a := v.Advanced
	switch {
	case a != nil && a.Done:
		c.out.f("%s was fast-forwarded to %s\n", unit.Branch(v.Target), unit.Short(a.To.Commit))
	case a != nil:
		c.out.f("the work is on branch %s; %s was not moved: %s\n", unit.Branch(v.Branch), unit.Branch(v.Target), a.Why)
		if a.Command != "" {
			c.out.f("take it with: %s\n", a.Command)
		}
	case v.Branch != "" && v.Head.Commit != "" && v.Head != v.Base:
		c.out.f("what landed is on branch %s at %s\n", unit.Branch(v.Branch), unit.Short(v.Head.Commit))
	}
}

// next lists what only the person can do.
func (c *cli) next(v app.View) {
	if len(v.Asks) == 0 {
		return
	}
	c.out.f("\nnext:\n")
	for _, a := range v.Asks {
		about := a.Task
		if about == "" {
			about = v.Name
		}
		c.out.f("  %s: %s\n      %s\n", about, line(a.What, 160), c.out.paint(cyan, a.Command))
	}
}

// stageWord says where a run stands in a word or two.
func stageWord(v app.View) string {
	switch v.Stage {
	case flow.Paused:
		if v.Reason == flow.ForStop {
			return "stopped"
		}
		return "paused"
	case flow.Doubting:
		return "needs you"
	case flow.Finished:
		return "done"
	case flow.Abandoned:
		return "closed"
	case flow.Running, flow.Opening, flow.Syncing, flow.Proving, flow.Advancing:
	}
	switch v.End {
	case report.EndAsking:
		return "needs you"
	case report.EndRejected:
		return "rejected in part"
	case report.EndGoing:
		if v.Driver == nil {
			return "interrupted"
		}
	case report.EndDone, report.EndBudget, report.EndStopped, report.EndFailed:
	}
	return string(v.Stage)
}

func whyOf(v app.View) string {
	if v.Why == "" || v.Stage == flow.Finished {
		return ""
	}
	return ": " + line(v.Why, 300)
}

func stageColor(v app.View) Color {
	switch v.End {
	case report.EndDone:
		return green
	case report.EndAsking, report.EndBudget, report.EndStopped:
		return yellow
	case report.EndRejected, report.EndFailed:
		return red
	case report.EndGoing:
	}
	return cyan
}

func stateColor(s report.State) Color {
	switch s {
	case report.Landed:
		return green
	case report.Working, report.Checking, report.Queued:
		return cyan
	case report.Review, report.Stopped, report.Taken:
		return yellow
	case report.Rejected, report.Failed:
		return red
	case report.Waiting, report.Blocked, report.Closed:
	}
	return faint
}

// taskNote says of a task what its state does not: why, how often, and
// whether it is alive.
func taskNote(t app.TaskView) string {
	var parts []string
	switch t.Life {
	case app.Alone:
		parts = append(parts, "agent alive, nobody drives: muster resume")
	case app.Interrupted:
		parts = append(parts, "interrupted: muster resume")
	case app.Driven:
	}
	if t.Now != nil && words.NeedsAttention(*t.Now) {
		parts = append(parts, "its agent "+words.Now(*t.Now, time.Now().UnixMicro()))
	}
	if t.State == report.Landed {
		parts = append(parts, "as "+unit.Short(t.Head.Commit))
	}
	if u := t.Spent.Add(t.Use); u.Turns > 0 {
		parts = append(parts, unit.Turns(u))
	}
	if n := len(t.Attempts); n > 1 {
		parts = append(parts, unit.Plural(n, "attempt"))
	}
	if t.Round > 0 {
		parts = append(parts, unit.Plural(t.Round, "rework round"))
	}
	if t.Why != "" {
		parts = append(parts, line(t.Why, 160))
	}
	return strings.Join(parts, "; ")
}

// ways lists what can be done about agents that are not simply at work.
func (c *cli) ways(v app.View) {
	for _, t := range v.Tasks {
		if t.Now == nil || len(t.Now.Ways) == 0 || !words.NeedsAttention(*t.Now) {
			continue
		}
		c.out.f("\nfor the agent of %s you can:\n", t.ID)
		for _, w := range t.Now.Ways {
			if w.Command == "" {
				c.out.f("  %s\n", w.What)
				continue
			}
			c.out.f("  %s\n      %s\n", w.What, c.out.paint(cyan, w.Command))
		}
	}
}

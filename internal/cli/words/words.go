// Package words puts records, and what agents do, into plain words.
package words

import (
	"fmt"
	"strings"

	"muster/internal/cli/unit"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/policy"
	"muster/internal/core/report"
)

// Weight says how much an event matters to a person who follows a run.
type Weight string

// The weights.
const (
	News   Weight = "news"   // what changed for a task or the run
	Detail Weight = "detail" // how it came about
)

// Color is how a piece of text stands out.
type Color string

// The colours, as terminals number them.
const (
	Bold   Color = "1"
	Faint  Color = "2"
	Red    Color = "31"
	Green  Color = "32"
	Yellow Color = "33"
	Cyan   Color = "36"
)

// Told is an event in plain words.
type Told struct {
	About  string // a task, or "run"
	Text   string
	Weight Weight
	Color  Color
}

// Tell puts a record into plain words. The run stands as it is after it; nil
// when that is not known.
func Tell(rec flow.Record, r *report.Run) Told {
	t := Told{About: rec.Stream.Task(), Weight: Detail}
	if t.About == "" {
		t.About = "run"
	}
	e, err := rec.Event()
	if err != nil {
		t.Text, t.Weight, t.Color = err.Error(), News, Red
		return t
	}
	if rec.Stream == flow.QueueStream(rec.Stream.Run()) {
		t.About = "queue"
	}
	for _, try := range []func(*Told, flow.Event, *report.Run) bool{tellPerson, tellAttempt, tellChange, tellRun} {
		if try(&t, e, r) {
			return t
		}
	}
	t.Text = strings.ReplaceAll(string(rec.Kind), "_", " ")
	return t
}

func (t *Told) news(c Color, format string, args ...any) bool {
	t.Weight, t.Color, t.Text = News, c, fmt.Sprintf(format, args...)
	return true
}

func (t *Told) detail(format string, args ...any) bool {
	t.Text = fmt.Sprintf(format, args...)
	return true
}

func tellPerson(t *Told, e flow.Event, _ *report.Run) bool {
	who := strings.TrimPrefix(e.Actor, "person:")
	switch d := e.Data.(type) {
	case flow.Approved:
		return t.news(Green, "approved by %s%s", who, because(d.Because))
	case flow.Rejected:
		return t.news(Red, "rejected by %s%s", who, because(d.Because))
	case flow.RetryRequested:
		what := "retried"
		if d.Fresh {
			what = "retried afresh"
		}
		return t.news("", "%s by %s%s", what, who, because(d.Text))
	case flow.MessageLeft:
		what := "hears from %s when its attempt ends%s"
		if d.Now {
			what = "its attempt is ended by %s%s"
		}
		return t.news("", what, who, because(d.Text))
	case flow.TakeoverRequested:
		return t.news(Yellow, "taken over by %s", who)
	case flow.WorkGiven:
		if d.As == flow.Submitted {
			return t.news("", "work of %s submitted as %s%s", who, unit.Short(d.Head.Commit), because(d.Text))
		}
		return t.news("", "given back by %s at %s%s", who, unit.Short(d.Head.Commit), because(d.Text))
	case flow.StopRequested:
		if d.Close {
			return t.news(Yellow, "%s closes the run", who)
		}
		return t.news(Yellow, "%s stops the run", who)
	case flow.ResumeRequested:
		return t.news("", "%s resumes the run", who)
	}
	return false
}

func because(text string) string {
	if text == "" {
		return ""
	}
	return ": " + unit.Line(text, 200)
}

func tellAttempt(t *Told, e flow.Event, r *report.Run) bool {
	switch d := e.Data.(type) {
	case flow.TaskStarted:
		return t.detail("begins, for agent %s", d.Node.Agent)
	case flow.SlotGranted:
		return t.detail("may run an agent")
	case flow.SlotWanted:
		t.About = d.Task
		return t.detail("wants to run an agent")
	case flow.SlotReleased:
		t.About = d.Task
		return t.detail("its agent runs no more")
	case flow.WorktreePrepared:
		if task := taskOf(r, t.About); task != nil && task.Phase == flow.Working {
			a := task.Attempts[len(task.Attempts)-1]
			round := ""
			if a.Round > 0 {
				round = fmt.Sprintf(", rework round %d", a.Round)
			}
			return t.news("", "attempt %d (%s%s) started%s", a.Number, task.Agent, round, d.SetUp.Text())
		}
		return t.detail("has a worktree at %s", unit.Short(d.Base.Commit))
	case flow.RoomLacked:
		return t.news(Yellow, "waits: %s", d.Why)
	case flow.SetUpFailed:
		return t.news(Red, "%s", d.Text())
	case flow.SetUpStopped:
		return t.news(Yellow, "its set-up was ended, and begins anew when it goes on")
	case flow.AttemptEnded:
		spent := unit.Span(d.TimeUS)
		if c := unit.Cost(d.Outcome.Usage); c != "-" {
			spent += ", " + c
		}
		if n := d.Outcome.Usage.Turns; n > 0 {
			spent += ", " + unit.Turns(d.Outcome.Usage)
		}
		if d.Outcome.Kind == job.Done {
			return t.news("", "attempt %d ended (%s): %s", d.Attempt, spent, unit.OrDash(unit.Line(d.Outcome.Message, 160)))
		}
		return t.news(Yellow, "attempt %d ended as %s (%s): %s", d.Attempt, d.Outcome.Kind, spent, unit.OrDash(unit.Line(d.Outcome.Message, 300)))
	case flow.AttemptStopped:
		return t.detail("its agent was asked to stop")
	case flow.HaltRequested:
		return t.detail("stops with the run")
	case flow.WaitOver:
		return t.detail("tries again")
	}
	return false
}

func taskOf(r *report.Run, id string) *report.Task {
	if r == nil {
		return nil
	}
	return r.Task(id)
}

func tellChange(t *Told, e flow.Event, _ *report.Run) bool {
	switch d := e.Data.(type) {
	case flow.ChangeCaptured:
		if len(d.Dropped) > 0 || len(d.Notes) > 0 {
			return t.news(Yellow, "change captured as %s: %s", unit.Short(d.Head.Commit), strings.Join(Notes(d.Dropped, d.Notes), "; "))
		}
		return t.detail("change captured as %s", unit.Short(d.Head.Commit))
	case flow.EvidenceRecorded:
		return t.detail("checked in %s%s%s", unit.Span(d.TimeUS), list("; failed: ", d.Failed), list("; did not run: ", d.NotRun))
	case flow.VerdictGiven:
		return tellVerdict(t, d.Verdict)
	case flow.ChangeQueued:
		return t.detail("%s waits to land", d.Item.Task)
	case flow.ChangeWithdrawn:
		return t.detail("%s is withdrawn", d.Task)
	case flow.ChangeMerged:
		switch {
		case d.Diverged != "":
			return t.news(Yellow, "the run's branch stands at %s and no longer contains the run's head", unit.Short(d.Diverged))
		case d.Pushed != nil:
			return t.news("", "a person pushed %s to the run's branch", unit.Short(d.Pushed.Commit))
		case len(d.Conflicts) > 0:
			return t.detail("conflicts in %s", strings.Join(d.Conflicts, ", "))
		case d.Result.Commit == "":
			return t.detail("the run's branch is up to date")
		}
		return t.detail("merged as %s", unit.Short(d.Result.Commit))
	case flow.HeadMoved:
		return t.detail("the run's head moved to %s", unit.Short(d.Landing.To.Commit))
	case flow.ChangeLanded:
		return t.news(Green, "landed as %s", unit.Short(d.Head.Commit))
	case flow.ChangeReturned:
		return tellReturned(t, d)
	}
	return false
}

func tellReturned(t *Told, d flow.ChangeReturned) bool {
	switch d.Reason {
	case flow.ForConflict:
		return t.news(Yellow, "given back: conflicts with what landed meanwhile in %s", strings.Join(d.Paths, ", "))
	case flow.ForVerdict:
		return t.news(Yellow, "given back: on top of what landed meanwhile: %s", Reason(d.Verdict))
	case flow.ForReview, flow.ForRecall:
	}
	return t.news(Yellow, "on top of what landed meanwhile: %s", Reason(d.Verdict))
}

func tellVerdict(t *Told, v policy.Verdict) bool {
	where := ""
	if t.About == "run" {
		where = "the final tree: "
	}
	switch {
	case v.Route.Lands():
		t.Color = Green
		return t.detail("%spassed muster: %s", where, Reason(v))
	case t.About == "queue": // what follows from it is said of the task or the run
		return t.detail("%s: %s", v.Route, Reason(v))
	}
	return t.news(Yellow, "%s%s: %s", where, v.Route, Reason(v))
}

// Reason gives the first reason of a verdict, and how many more there are.
func Reason(v policy.Verdict) string {
	if len(v.Reasons) == 0 {
		return "no reason given"
	}
	more := ""
	if n := len(v.Reasons) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	return unit.Line(v.Reasons[0], 300) + more
}

func list(prefix string, items []string) string {
	if len(items) == 0 {
		return ""
	}
	return prefix + strings.Join(items, ", ")
}

// Notes words what was found and not followed in a worktree.
func Notes(dropped, other []string) []string {
	var out []string
	if len(dropped) > 0 {
		out = append(out, unit.Plural(len(dropped), "commit")+" of the agent's own dropped, content kept")
	}
	return append(out, other...)
}

func tellRun(t *Told, e flow.Event, _ *report.Run) bool {
	switch d := e.Data.(type) {
	case flow.RunStarted:
		return t.news(Bold, "%s: %s (%s)", d.Name, unit.Line(d.Goal, 120), unit.Plural(len(d.Nodes), "task"))
	case flow.RunOpened:
		return t.news("", "on branch %s, from %s at %s", unit.Branch(d.Branch), unit.Branch(d.Target), unit.Short(d.Base.Commit))
	case flow.TaskSettled:
		t.About = d.Task
		return tellSettled(t, d)
	case flow.TaskRevived:
		t.About = d.Task
		return t.detail("goes on")
	case flow.PauseRequested:
		return t.news(Yellow, "paused: %s%s", d.Why, hinted(d.Hint))
	case flow.CommandFailed:
		return t.news(Red, "could not %s: %s%s", strings.ReplaceAll(string(d.Command), "_", " "), d.Message, hinted(d.Hint))
	case flow.TargetAdvanced:
		if d.Done {
			return t.news(Green, "the target was fast-forwarded to %s", unit.Short(d.To.Commit))
		}
		return t.news(Yellow, "the target was not moved: %s", d.Why)
	case flow.QueueStarted, flow.QueueClosed, flow.QueueResumed, flow.SyncRequested, flow.Synced, flow.TaskClosed, flow.WorktreeReleased:
		return t.detail("%s", strings.ReplaceAll(string(e.Data.Kind()), "_", " "))
	}
	return false
}

func tellSettled(t *Told, d flow.TaskSettled) bool {
	switch d.State {
	case flow.IsAsking:
		return t.news(Yellow, "waits for you: %s", d.Why)
	case flow.IsFailed:
		return t.news(Red, "failed: %s", d.Why)
	case flow.IsRejected:
		return t.news(Red, "rejected: %s", d.Why)
	case flow.IsHalted:
		return t.news(Yellow, "stopped: %s", d.Why)
	case flow.IsTaken:
		return t.news(Yellow, "is yours: %s", d.Why)
	case flow.IsLanded:
	}
	return t.detail("has landed")
}

func hinted(hint string) string {
	if hint == "" {
		return ""
	}
	return " (" + hint + ")"
}

// Doing words what an agent was seen to do.
func Doing(e job.AgentEvent) string {
	switch e.Kind {
	case job.AgentStarted:
		return "started " + e.Model
	case job.AgentText:
		return unit.Line(e.Text, 300)
	case job.AgentTool:
		return strings.TrimSpace(e.Tool + " " + unit.Line(e.Text, 300))
	case job.AgentEdit:
		return "edits " + e.Path
	case job.AgentDenied:
		return "was denied " + e.Tool + ": " + unit.Line(e.Text, 200)
	case job.AgentRetry:
		return "repeats its request: " + unit.Line(e.Text, 200)
	case job.AgentAsks:
		return "waits for permission: " + unit.Line(strings.TrimSpace(e.Tool+" "+e.Text), 200)
	case job.AgentQuota:
		return "waits for quota: " + unit.Line(e.Text, 200)
	case job.AgentEnded:
		return "ended: " + unit.Line(e.Text, 300)
	case job.AgentNote:
	}
	return unit.Line(e.Text, 300)
}

package cli

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
	news   Weight = "news"   // what changed for a task or the run
	detail Weight = "detail" // how it came about
)

// told is an event in plain words.
type told struct {
	about  string // a task, or "run"
	text   string
	weight Weight
	color  Color
}

// tell puts a record into plain words. The run stands as it is after it; nil
// when that is not known.
func tell(rec flow.Record, r *report.Run) told {
	t := told{about: rec.Stream.Task(), weight: detail}
	if t.about == "" {
		t.about = "run"
	}
	e, err := rec.Event()
	if err != nil {
		t.text, t.weight, t.color = err.Error(), news, red
		return t
	}
	if rec.Stream == flow.QueueStream(rec.Stream.Run()) {
		t.about = "queue"
	}
	for _, try := range []func(*told, flow.Event, *report.Run) bool{tellPerson, tellAttempt, tellChange, tellRun} {
		if try(&t, e, r) {
			return t
		}
	}
	t.text = strings.ReplaceAll(string(rec.Kind), "_", " ")
	return t
}

func (t *told) news(c Color, format string, args ...any) bool {
	t.weight, t.color, t.text = news, c, fmt.Sprintf(format, args...)
	return true
}

func (t *told) detail(format string, args ...any) bool {
	t.text = fmt.Sprintf(format, args...)
	return true
}

func tellPerson(t *told, e flow.Event, _ *report.Run) bool {
	who := strings.TrimPrefix(e.Actor, "person:")
	switch d := e.Data.(type) {
	case flow.Approved:
		return t.news(green, "approved by %s%s", who, because(d.Because))
	case flow.Rejected:
		return t.news(red, "rejected by %s%s", who, because(d.Because))
	case flow.RetryRequested:
		what := "retried"
		if d.Fresh {
			what = "retried afresh"
		}
		return t.news("", "%s by %s%s", what, who, because(d.Text))
	case flow.StopRequested:
		if d.Close {
			return t.news(yellow, "%s closes the run", who)
		}
		return t.news(yellow, "%s stops the run", who)
	case flow.ResumeRequested:
		return t.news("", "%s resumes the run", who)
	}
	return false
}

func because(text string) string {
	if text == "" {
		return ""
	}
	return ": " + line(text, 200)
}

func tellAttempt(t *told, e flow.Event, r *report.Run) bool {
	switch d := e.Data.(type) {
	case flow.TaskStarted:
		return t.detail("begins, for agent %s", d.Node.Agent)
	case flow.SlotGranted:
		return t.detail("may run an agent")
	case flow.SlotWanted:
		t.about = d.Task
		return t.detail("wants to run an agent")
	case flow.SlotReleased:
		t.about = d.Task
		return t.detail("its agent runs no more")
	case flow.WorktreePrepared:
		if task := taskOf(r, t.about); task != nil && task.Phase == flow.Working {
			a := task.Attempts[len(task.Attempts)-1]
			round := ""
			if a.Round > 0 {
				round = fmt.Sprintf(", rework round %d", a.Round)
			}
			return t.news("", "attempt %d (%s%s) started%s", a.Number, task.Agent, round, d.SetUp.Text())
		}
		return t.detail("has a worktree at %s", unit.Short(d.Base.Commit))
	case flow.RoomLacked:
		return t.news(yellow, "waits: %s", d.Why)
	case flow.SetUpFailed:
		return t.news(red, "%s", d.Text())
	case flow.AttemptEnded:
		spent := unit.Span(d.TimeUS)
		if c := unit.Cost(d.Outcome.Usage); c != "-" {
			spent += ", " + c
		}
		if d.Outcome.Kind == job.Done {
			return t.news("", "attempt %d ended (%s): %s", d.Attempt, spent, unit.OrDash(line(d.Outcome.Message, 160)))
		}
		return t.news(yellow, "attempt %d ended as %s (%s): %s", d.Attempt, d.Outcome.Kind, spent, unit.OrDash(line(d.Outcome.Message, 300)))
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

func tellChange(t *told, e flow.Event, _ *report.Run) bool {
	switch d := e.Data.(type) {
	case flow.ChangeCaptured:
		if len(d.Dropped) > 0 || len(d.Notes) > 0 {
			return t.news(yellow, "change captured as %s: %s", unit.Short(d.Head.Commit), strings.Join(notes(d.Dropped, d.Notes), "; "))
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
			return t.news(yellow, "the run's branch stands at %s and no longer contains the run's head", unit.Short(d.Diverged))
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
		return t.news(green, "landed as %s", unit.Short(d.Head.Commit))
	case flow.ChangeReturned:
		return tellReturned(t, d)
	}
	return false
}

func tellReturned(t *told, d flow.ChangeReturned) bool {
	switch d.Reason {
	case flow.ForConflict:
		return t.news(yellow, "given back: conflicts with what landed meanwhile in %s", strings.Join(d.Paths, ", "))
	case flow.ForVerdict:
		return t.news(yellow, "given back: on top of what landed meanwhile: %s", reason(d.Verdict))
	case flow.ForReview, flow.ForRecall:
	}
	return t.news(yellow, "on top of what landed meanwhile: %s", reason(d.Verdict))
}

func tellVerdict(t *told, v policy.Verdict) bool {
	where := ""
	if t.about == "run" {
		where = "the final tree: "
	}
	switch {
	case v.Route.Lands():
		t.color = green
		return t.detail("%spassed muster: %s", where, reason(v))
	case t.about == "queue": // what follows from it is said of the task or the run
		return t.detail("%s: %s", v.Route, reason(v))
	}
	return t.news(yellow, "%s%s: %s", where, v.Route, reason(v))
}

func reason(v policy.Verdict) string {
	if len(v.Reasons) == 0 {
		return "no reason given"
	}
	more := ""
	if n := len(v.Reasons) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	return line(v.Reasons[0], 300) + more
}

func list(prefix string, items []string) string {
	if len(items) == 0 {
		return ""
	}
	return prefix + strings.Join(items, ", ")
}

// notes words what was found and not followed in a worktree.
func notes(dropped, other []string) []string {
	var out []string
	if len(dropped) > 0 {
		out = append(out, unit.Plural(len(dropped), "commit")+" of the agent's own dropped, content kept")
	}
	return append(out, other...)
}

func tellRun(t *told, e flow.Event, _ *report.Run) bool {
	switch d := e.Data.(type) {
	case flow.RunStarted:
		return t.news(bold, "%s: %s (%s)", d.Name, line(d.Goal, 120), unit.Plural(len(d.Nodes), "task"))
	case flow.RunOpened:
		return t.news("", "on branch %s, from %s at %s", unit.Branch(d.Branch), unit.Branch(d.Target), unit.Short(d.Base.Commit))
	case flow.TaskSettled:
		t.about = d.Task
		return tellSettled(t, d)
	case flow.TaskRevived:
		t.about = d.Task
		return t.detail("goes on")
	case flow.PauseRequested:
		return t.news(yellow, "paused: %s%s", d.Why, hinted(d.Hint))
	case flow.CommandFailed:
		return t.news(red, "could not %s: %s%s", strings.ReplaceAll(string(d.Command), "_", " "), d.Message, hinted(d.Hint))
	case flow.TargetAdvanced:
		if d.Done {
			return t.news(green, "the target was fast-forwarded to %s", unit.Short(d.To.Commit))
		}
		return t.news(yellow, "the target was not moved: %s", d.Why)
	case flow.QueueStarted, flow.QueueClosed, flow.QueueResumed, flow.SyncRequested, flow.Synced, flow.TaskClosed, flow.WorktreeReleased:
		return t.detail("%s", strings.ReplaceAll(string(e.Data.Kind()), "_", " "))
	}
	return false
}

func tellSettled(t *told, d flow.TaskSettled) bool {
	switch d.State {
	case flow.IsAsking:
		return t.news(yellow, "waits for you: %s", d.Why)
	case flow.IsFailed:
		return t.news(red, "failed: %s", d.Why)
	case flow.IsRejected:
		return t.news(red, "rejected: %s", d.Why)
	case flow.IsHalted:
		return t.news(yellow, "stopped: %s", d.Why)
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

// doing words what an agent was seen to do.
func doing(e job.AgentEvent) string {
	switch e.Kind {
	case job.AgentStarted:
		return "started " + e.Model
	case job.AgentText:
		return line(e.Text, 300)
	case job.AgentTool:
		return strings.TrimSpace(e.Tool + " " + line(e.Text, 300))
	case job.AgentEdit:
		return "edits " + e.Path
	case job.AgentDenied:
		return "was denied " + e.Tool + ": " + line(e.Text, 200)
	case job.AgentRetry:
		return "repeats its request: " + line(e.Text, 200)
	case job.AgentEnded:
		return "ended: " + line(e.Text, 300)
	case job.AgentNote:
	}
	return line(e.Text, 300)
}

package report

import (
	"slices"
	"strings"

	"muster/internal/core/flow"
	"muster/internal/core/policy"
)

// byHand folds what people do to a task besides judging it.
func (t *Task) byHand(e flow.Event) {
	h := &t.Hand
	switch d := e.Data.(type) {
	case flow.MessageLeft:
		if d.Text != "" {
			h.Messages = append(slices.Clone(h.Messages), Message{AtUS: e.AtUS, By: person(e), Text: d.Text})
		}
	case flow.TakeoverRequested:
		switch t.State {
		case Queued, Landed, Closed, Blocked:
			return // it lands, or there is nothing to take over
		case Taken: // wanted in another place
			h.Branch, h.Dir = d.Branch, d.Dir
			return
		case Waiting, Review, Rejected, Failed, Stopped:
			t.enter(Checking, flow.Capturing, e.AtUS) // unless there is nothing to capture: TaskSettled follows
		case Working, Checking:
		}
		t.counted, t.taking = false, true
		h.TakenBy, h.Branch, h.Dir = person(e), d.Branch, d.Dir
	case flow.WorkGiven:
		if t.State == Taken {
			t.given(d, e.AtUS)
		}
	}
}

func person(e flow.Event) string { return strings.TrimPrefix(e.Actor, "person:") }

func (t *Task) given(d flow.WorkGiven, at int64) {
	t.Round, t.failed = 0, ""
	t.Base, t.Head = d.Base, d.Head
	t.Hand.TakenBy, t.Hand.Author = "", d.Author
	if d.As == flow.Submitted {
		t.enter(Checking, flow.Checking, at)
		return
	}
	t.enter(Waiting, flow.Ready, at)
}

// heard marks what waited for the end of the agent's attempt as told.
func (t *Task) heard(attempt int) {
	t.Hand.Author = "" // an agent goes on from it
	t.Hand.Messages = slices.Clone(t.Hand.Messages)
	for i := range t.Hand.Messages {
		if m := &t.Hand.Messages[i]; m.Attempt == 0 {
			m.Attempt = attempt
		}
	}
}

// unheard takes that back: the attempt was stopped before its agent began.
func (t *Task) unheard(attempt int) {
	for i := range t.Hand.Messages {
		if m := &t.Hand.Messages[i]; m.Attempt == attempt {
			m.Attempt = 0
		}
	}
}

// uncount takes back the round that a verdict asked for and that did not come
// about.
func (t *Task) uncount() {
	if t.counted {
		t.Round--
		t.counted = false
	}
}

// wanted sees to a task whose agent was done, and is told something first.
func wanted(r *Run, d flow.SlotWanted, at int64) {
	if i, ok := r.index[d.Task]; ok && r.Tasks[i].Phase == flow.Capturing {
		r.change(i, func(t *Task) { t.enter(Waiting, flow.Ready, at) })
	}
}

// retried begins anew, or with the step that failed when there is nothing new
// to tell the agent.
func (t *Task) retried(d flow.RetryRequested, at int64) {
	t.Round = 0
	t.Hand.TakenBy = ""
	t.enter(Waiting, flow.Ready, at)
	if d.Text == "" && !d.Fresh {
		switch t.failed {
		case flow.CmdCaptureChange:
			t.enter(Checking, flow.Capturing, at)
		case flow.CmdRunChecks:
			t.enter(Checking, flow.Checking, at)
		case flow.CmdJudge:
			t.enter(Checking, flow.Judging, at)
		default: // begins anew
		}
	}
	t.failed = ""
}

func (t *Task) approved(d flow.Approved, e flow.Event) {
	switch {
	case t.State != Review || t.Verdict == nil || d.Tree != t.Verdict.HeadTree:
	case t.Verdict.Route == policy.Two:
		t.Why = "needs a second person; approved by " + e.Actor // unless this is the second: TaskRevived follows
	default:
		t.enter(Queued, flow.Queued, e.AtUS)
	}
}

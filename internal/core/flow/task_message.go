package flow

import (
	"slices"
	"strings"

	"muster/internal/core/change"
	"muster/internal/core/job"
	"muster/internal/core/policy"
)

// message handles what other machines and people tell a task.
func (s *taskStep) message(e Event) {
	switch d := e.Data.(type) {
	case SlotGranted:
		s.granted()
	case HaltRequested:
		s.haltRequested()
	case Approved:
		s.approved(d, e.Actor)
	case Rejected:
		s.rejected(d)
	case RetryRequested:
		s.retry(d)
	case MessageLeft:
		s.messageLeft(d)
	case TakeoverRequested:
		s.takeover()
	case WorkGiven:
		s.given(d)
	case ChangeLanded:
		if s.t.Phase == Queued {
			s.t.Phase, s.t.Head = Landed, d.Head
			s.tell(s.run(), TaskSettled{Task: s.id(), State: IsLanded})
		}
	case ChangeReturned:
		s.returned(d)
	case TaskClosed:
		s.closed()
	}
}

func (s *taskStep) granted() {
	if s.t.Slot {
		return
	}
	if s.t.Phase != Ready && s.t.Phase != Halted {
		// It no longer wants the slot, so the run gets it back, and hears
		// again where the task stands.
		s.tell(s.run(), SlotReleased{Task: s.id()})
		settled := map[Phase]Settled{Asking: IsAsking, Stuck: IsFailed, Refused: IsRejected, Halted: IsHalted, Taken: IsTaken}
		if as, ok := settled[s.t.Phase]; ok {
			s.tell(s.run(), TaskSettled{Task: s.id(), State: as, Why: s.t.Why})
		}
		return
	}
	s.t.Slot, s.t.Halting, s.t.Pending = true, false, ""
	if why := s.t.overBudget(); why != "" { // what stopped with its run did not ask
		s.settle(Stuck, IsFailed, why)
		return
	}
	s.prepare()
}

func (s *taskStep) haltRequested() {
	switch s.t.Phase {
	case Working:
		s.t.Halting = true
		s.stopAttempt()
	case Preparing:
		s.t.Halting = true
		if s.t.Pending == "" { // waits for a release only
			s.halt()
		}
	case Ready, Pausing:
		s.halt()
	case Capturing, Checking, Judging, Asking, Queued, Stuck, Refused, Halted, Taken, Landed, Closed:
		// Nothing that costs runs; checks and landings finish.
	}
}

func (s *taskStep) approved(d Approved, actor string) {
	if s.t.Phase != Asking || d.Tree != s.t.Verdict.HeadTree {
		return // a doubled approval, or one of a tree that is no longer the task's
	}
	if !slices.Contains(s.t.Approvers, actor) {
		s.t.Approvers = append(slices.Clone(s.t.Approvers), actor)
	}
	if s.t.Verdict.Route == policy.Two && len(s.t.Approvers) < 2 {
		s.t.Why = "needs a second person; approved by " + strings.Join(s.t.Approvers, ", ")
		return
	}
	s.t.Accepted = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(s.t.Accepted), s.t.Verdict.Open...))))
	s.tell(s.run(), TaskRevived{Task: s.id()})
	s.enqueue()
}

func (s *taskStep) rejected(d Rejected) {
	why := "rejected by a person"
	if d.Because != "" {
		why += ": " + d.Because
	}
	switch s.t.Phase {
	case Asking, Stuck, Halted, Taken:
		s.release()
		s.settle(Refused, IsRejected, why)
	case Queued:
		// The queue gives it back, unless it is landing this very moment.
		s.t.Why = why
		s.tell(s.queue(), ChangeWithdrawn{Task: s.id()})
	case Ready, Preparing, Working, Pausing, Capturing, Checking, Judging, Refused, Landed, Closed:
		// There is nothing to reject yet, or no more.
	}
}

// retry starts a settled task again. Without a text it repeats the step that
// failed; otherwise the agent goes on with what the person says.
func (s *taskStep) retry(d RetryRequested) {
	switch s.t.Phase {
	case Stuck, Refused, Halted, Asking, Taken:
	case Ready, Preparing, Working, Pausing, Capturing, Checking, Judging, Queued, Landed, Closed:
		return
	}
	failed := strings.TrimPrefix(s.t.Pending, "failed.")
	s.t.Round, s.t.Seen, s.t.Lost, s.t.Troubles, s.t.Pending = 0, nil, 0, 0, ""
	s.t.Bounds = Bounds{
		MicroUSD: given(d.MicroUSD, s.t.MicroUSD), LimitMS: given(d.TimeMS, s.t.LimitMS),
		Tokens: given(d.Tokens, s.t.Tokens), Turns: given(d.Turns, s.t.Turns),
	}
	s.tell(s.run(), TaskRevived{Task: s.id()})
	if d.Text == "" && !d.Fresh {
		switch CommandKind(failed) {
		case CmdCaptureChange:
			s.capture()
			return
		case CmdRunChecks:
			s.check()
			return
		case CmdJudge:
			s.judge()
			return
		default: // begins with a new attempt, below
		}
	}
	if d.Text != "" {
		s.t.Feedback = Feedback{Reason: FromPerson, Text: d.Text}
	}
	if d.Fresh {
		s.fresh()
	}
	s.want()
}

// fresh forgets the session and the change, but not what they cost.
func (s *taskStep) fresh() {
	s.release()
	s.t.Session, s.t.Total = "", job.Usage{}
	s.t.Base, s.t.Head, s.t.Tree = change.Point{}, change.Point{}, ""
	s.t.Accepted, s.t.Hand.Person, s.t.Hand.With = nil, "", ""
	if s.t.Feedback.Reason != FromPerson {
		s.t.Feedback = Feedback{}
	}
}

// returned takes the change back from the queue, on the run's present head.
func (s *taskStep) returned(d ChangeReturned) {
	if s.t.Phase != Queued {
		return
	}
	if d.Reason == ForRecall {
		s.settle(Refused, IsRejected, s.t.Why)
		return
	}
	s.t.Base, s.t.Tree, s.t.Approvers = d.Base, d.Tree, nil
	switch d.Reason {
	case ForReview:
		s.t.Head, s.t.Verdict, s.t.Merged, s.t.Tree = d.Head, d.Verdict, true, ""
		s.settle(Asking, IsAsking, first(d.Verdict.Reasons))
	case ForConflict:
		s.t.Verdict = d.Verdict
		s.rework(policy.Verdict{Reasons: []string{"conflicts with what landed meanwhile: " + strings.Join(d.Paths, ", ")}},
			Feedback{Reason: FromConflict, Paths: d.Paths})
	case ForRecall:
	case ForVerdict:
		s.t.Verdict = d.Verdict
		s.rework(d.Verdict, Feedback{Reason: FromChecks, Blob: d.Feedback})
	}
}

// closed ends the task. The run closes only when no agent runs, so at most
// checks or a capture are under way; a worktree that is being captured is left
// to garbage collection.
func (s *taskStep) closed() {
	if s.t.Done() {
		return
	}
	if s.t.Phase != Capturing && s.t.Phase != Preparing {
		s.release()
	}
	s.t.Phase, s.t.Pending = Closed, ""
}

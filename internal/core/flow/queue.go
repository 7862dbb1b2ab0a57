package flow

import (
	"fmt"
	"slices"
	"strings"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/policy"
)

// Queue lands changes one at a time: each is put on top of the run's head, and
// what comes of it is judged again, for exactly that tree, before the head
// moves.
type Queue struct {
	begun QueueStarted

	Items   []Item   `json:"items,omitempty"`   // waiting, in order
	Now     *Landing `json:"now,omitempty"`     // under way
	Syncs   int      `json:"syncs,omitempty"`   // SyncRequested not answered yet
	Held    bool     `json:"held,omitempty"`    // waits for QueueResumed
	Landed  int      `json:"landed,omitempty"`  // landings so far, to name them
	Ops     int      `json:"ops,omitempty"`     // commands issued so far
	Pending string   `json:"pending,omitempty"` // the command it waits for
	Closing bool     `json:"closing,omitempty"` // closes when the landing under way is recorded
	Closed  bool     `json:"closed,omitempty"`
}

// Landing is the change that the queue works on. It is a task's, or a person's
// push, or neither when the queue only looks at the branch.
type Landing struct {
	Item     Item           `json:"item"`
	Push     bool           `json:"push,omitempty"` // a person's commits; Item.Task is empty
	From     change.Point   `json:"from"`
	To       change.Point   `json:"to"`
	Evidence string         `json:"evidence,omitempty"`
	Verdict  policy.Verdict `json:"verdict"`
	Feedback string         `json:"feedback,omitempty"`
	Landing  change.Landing `json:"landing"`         // once it is decided
	Again    bool           `json:"again,omitempty"` // the landing failed and must be tried again as it is
}

// Done reports that the queue was closed.
func (q Queue) Done() bool { return q.Closed }

// Step gives the queue's next state.
func (q Queue) Step(e Event) (State, []Command) {
	if q.Now != nil {
		now := *q.Now
		q.Now = &now
	}
	s := queueStep{q: q}
	if e.Op != "" {
		s.answer(e)
	} else {
		s.message(e)
	}
	return s.q, s.out
}

type queueStep struct {
	q   Queue
	out []Command
}

func (s *queueStep) do(o Order) {
	s.q.Ops++
	s.q.Pending = op(s.q.Ops, o.Command())
	s.out = append(s.out, Command{Op: s.q.Pending, Order: o})
}

func (s *queueStep) tell(to Stream, p Payload) {
	s.out = append(s.out, Command{To: to, Message: p})
}

func (s *queueStep) task(id string) Stream { return TaskStream(s.q.begun.Run, id) }

func (s *queueStep) message(e Event) {
	switch d := e.Data.(type) {
	case ChangeQueued:
		s.q.Items = append(slices.Clone(s.q.Items), d.Item)
	case ChangeWithdrawn:
		s.withdraw(d.Task)
	case SyncRequested:
		s.q.Syncs++
	case QueueResumed:
		s.resumed()
	case Approved:
		s.approved(d)
	case QueueClosed:
		// The head may be moving right now, or may have moved by a landing that
		// failed afterwards; that it moved must be recorded.
		s.q.Closing = true
		if s.q.Now != nil && s.q.Now.Again {
			s.resumed()
		}
		s.q.Closed = !s.landing()
		return
	}
	s.next()
}

func (s *queueStep) resumed() {
	if !s.q.Held {
		return
	}
	s.q.Held = false
	if now := s.q.Now; now != nil && now.Again {
		now.Again = false
		s.do(LandChange{Inputs: s.q.begun.Inputs, Landing: now.Landing})
		return
	}
	s.requeue()
}

func (s *queueStep) landing() bool { return strings.HasSuffix(s.q.Pending, string(CmdLandChange)) }

// withdraw gives a change back unless its landing has begun.
func (s *queueStep) withdraw(task string) {
	n := len(s.q.Items)
	s.q.Items = slices.DeleteFunc(slices.Clone(s.q.Items), func(i Item) bool { return i.Task == task })
	if now := s.q.Now; now != nil && now.Item.Task == task && !s.landing() && !now.Again {
		s.q.Now, s.q.Pending, n = nil, "", n+1
	}
	if len(s.q.Items) < n {
		s.tell(s.task(task), ChangeReturned{Reason: ForRecall})
	}
}

// requeue puts what was under way back in front, to be merged anew.
func (s *queueStep) requeue() {
	if s.q.Now != nil && s.q.Now.Item.Task != "" {
		s.q.Items = slices.Insert(slices.Clone(s.q.Items), 0, s.q.Now.Item)
	}
	s.q.Now = nil
}

// approved accepts a person's push that the gate did not let through.
func (s *queueStep) approved(d Approved) {
	if now := s.q.Now; s.q.Held && now != nil && now.Push && d.Tree == now.To.Tree && now.Verdict.HeadTree == d.Tree {
		s.q.Held = false
		s.land()
	}
}

// next starts on the first waiting change, or looks at the branch when asked.
func (s *queueStep) next() {
	if s.q.Held || s.q.Now != nil || s.q.Closing {
		return
	}
	switch {
	case len(s.q.Items) > 0:
		item := s.q.Items[0]
		s.q.Items = slices.Clone(s.q.Items[1:])
		s.q.Now = &Landing{Item: item}
		s.do(MergeChange{Inputs: s.q.begun.Inputs, Task: item.Task, Attempt: item.Attempt, Agent: item.Agent, Model: item.Model, Base: item.Base, Head: item.Head, Person: item.Person, With: item.With})
	case s.q.Syncs > 0:
		s.q.Now = &Landing{}
		s.do(MergeChange{Inputs: s.q.begun.Inputs})
	}
}

func (s *queueStep) answer(e Event) {
	if e.Op != s.q.Pending || s.q.Now == nil {
		return
	}
	s.q.Pending = ""
	switch d := e.Data.(type) {
	case ChangeMerged:
		s.merged(d)
	case EvidenceRecorded:
		s.q.Now.Evidence = d.Digest
		s.out = append(s.out, tried(s.q.checks().Where(), d)...)
		s.do(Judge{Inputs: s.q.begun.Inputs, Subject: s.q.subject(), Evidence: d.Digest, Accepted: s.q.Now.Item.Accepted})
	case VerdictGiven:
		s.q.Now.Verdict, s.q.Now.Feedback = d.Verdict, d.Feedback
		s.judged()
	case HeadMoved:
		s.moved()
	case CommandFailed:
		if s.q.Closing {
			s.q.Closed = true
			return
		}
		// Whether the head moved is not known, so the same landing is tried
		// again; only one that met another head starts over.
		s.q.Now.Again = s.q.Now.Landing.ID != "" && d.Fault != fault.Conflict
		s.hold(ForFailure, fmt.Sprintf("landing %s: %s", s.what(), d.Message), d.Hint)
	}
}

func (q Queue) subject() evidence.Subject {
	if q.Now.Push {
		return evidence.OfPush
	}
	return evidence.OfMerge
}

// what names the landing for people.
func (s *queueStep) what() string {
	if s.q.Now.Item.Task != "" {
		return s.q.Now.Item.Task
	}
	return "a push to muster/" + s.q.begun.Name
}

// hold stops the queue until a person has seen to the cause.
func (s *queueStep) hold(reason Pause, why, hint string) {
	s.q.Held, s.q.Pending = true, ""
	s.tell(RunStream(s.q.begun.Run), PauseRequested{Reason: reason, Why: why, Hint: hint})
}

func (s *queueStep) merged(d ChangeMerged) {
	now := s.q.Now
	now.From, now.To = d.From, d.Result
	switch {
	case d.Diverged != "":
		s.hold(ForBranch, fmt.Sprintf("branch muster/%s stands at %s and no longer contains the run's head %s", s.q.begun.Name, short(d.Diverged), short(d.From.Commit)),
			fmt.Sprintf("put it back with: git branch -f muster/%s %s", s.q.begun.Name, short(d.From.Commit)))
	case d.Pushed != nil:
		// A person's commits come first; what was under way is merged onto
		// them afterwards.
		s.requeue()
		s.q.Now = &Landing{Push: true, From: d.From, To: *d.Pushed}
		s.check()
	case now.Item.Task == "":
		s.q.Now = nil
		for range s.q.Syncs {
			s.tell(RunStream(s.q.begun.Run), Synced{})
		}
		s.q.Syncs = 0
		s.next()
	case len(d.Conflicts) > 0:
		s.giveBack(ChangeReturned{Reason: ForConflict, Base: d.From, Tree: d.Result.Tree, Paths: d.Conflicts})
	default:
		s.check()
	}
}

func (s *queueStep) check() { s.do(s.q.checks()) }

// checks is the order to gather evidence on the landing under way.
func (q Queue) checks() RunChecks {
	now := q.Now
	return RunChecks{Inputs: q.begun.Inputs, Subject: q.subject(), Task: now.Item.Task, Base: now.From, Head: now.To, Claim: now.Item.Claim}
}

func (s *queueStep) judged() {
	now := s.q.Now
	switch {
	case now.Verdict.Route.Lands():
		s.land()
	case now.Push:
		s.hold(ForPush, fmt.Sprintf("commit %s, pushed to muster/%s, does not pass: %s", short(now.To.Commit), s.q.begun.Name, strings.Join(now.Verdict.Reasons, "; ")),
			"mend it with another commit and resume, or approve it")
	case now.Verdict.Route == policy.Rework || now.Verdict.Route == policy.Reject:
		s.giveBack(ChangeReturned{Reason: ForVerdict, Base: now.From, Tree: now.To.Tree, Head: now.To, Verdict: now.Verdict, Feedback: now.Feedback})
	default:
		s.giveBack(ChangeReturned{Reason: ForReview, Base: now.From, Tree: now.To.Tree, Head: now.To, Verdict: now.Verdict, Feedback: now.Feedback})
	}
}

func (s *queueStep) giveBack(r ChangeReturned) {
	s.tell(s.task(s.q.Now.Item.Task), r)
	s.q.Now = nil
	s.next()
}

func (s *queueStep) land() {
	now := s.q.Now
	fault.Assert(now.Verdict.Evidence != "" && now.Verdict.BaseTree == now.From.Tree && now.Verdict.HeadTree == now.To.Tree,
		"%s would land without a verdict on exactly its tree", s.what())
	s.q.Landed++
	now.Landing = change.Landing{
		Run: s.q.begun.Run, Name: s.q.begun.Name, ID: fmt.Sprintf("%s/%d", s.q.begun.Run, s.q.Landed), From: now.From, To: now.To,
	}
	s.do(LandChange{Inputs: s.q.begun.Inputs, Landing: now.Landing})
}

func (s *queueStep) moved() {
	if t := s.q.Now.Item.Task; t != "" {
		s.tell(s.task(t), ChangeLanded{Head: s.q.Now.To})
	}
	s.q.Now = nil
	s.q.Closed = s.q.Closing
	s.next()
}

func short(commit string) string {
	if len(commit) > 12 {
		return commit[:12]
	}
	return commit
}

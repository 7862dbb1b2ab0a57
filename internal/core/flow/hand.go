package flow

import (
	"slices"
	"strings"

	"muster/internal/core/change"
)

// What people do beside an agent: they tell it something while it works, take
// its task over by hand, and give it back or submit their own work.
type (
	// MessageLeft is what a person says to a task's agent. The agent hears it
	// when its present attempt ends, in the same session; with Now the attempt is
	// ended for it. Text may be empty with Now: the session just goes on.
	MessageLeft struct {
		Text string `json:"text,omitempty"`
		Now  bool   `json:"now,omitempty"`
	}
	// TakeoverRequested asks a task to stop its agent, and to leave what there
	// is to a person.
	TakeoverRequested struct {
		Branch string `json:"branch,omitempty"` // where the person wants it; of no concern to the machine
		Dir    string `json:"dir,omitempty"`
	}
	// WorkGiven is a person's work on a task that was taken over: one commit on
	// top of Base, which is a head that the run has had.
	WorkGiven struct {
		As     Given        `json:"as"`
		Base   change.Point `json:"base"`
		Head   change.Point `json:"head"`
		Author string       `json:"author"`          // Name <address>
		Text   string       `json:"text,omitempty"`  // for the agent, or why it is right
		Paths  []string     `json:"paths,omitempty"` // what the person changed of what the agent had left
	}
)

// Given says what a person's work is given for.
type Given string

// What a person's work can be given for.
const (
	Submitted  Given = "submitted"   // to be judged and landed as it is
	HandedBack Given = "handed_back" // for the agent to go on from
)

// The kinds.
const (
	EvMessageLeft       Kind = "message_left"
	EvTakeoverRequested Kind = "takeover_requested"
	EvWorkGiven         Kind = "work_given"
)

// Kind names the event.
func (MessageLeft) Kind() Kind { return EvMessageLeft }

// Kind names the event.
func (TakeoverRequested) Kind() Kind { return EvTakeoverRequested }

// Kind names the event.
func (WorkGiven) Kind() Kind { return EvWorkGiven }

func ofHand(k Kind) func([]byte) (Payload, error) {
	switch k {
	case EvMessageLeft:
		return payload[MessageLeft]
	case EvTakeoverRequested:
		return payload[TakeoverRequested]
	case EvWorkGiven:
		return payload[WorkGiven]
	default:
		return nil
	}
}

// maxMessages bounds what waits for the end of an agent's attempt; what is left
// beyond that is not taken in.
const maxMessages = 20

// Hand is what people do to a task besides judging it.
type Hand struct {
	Messages []string `json:"messages,omitempty"` // not told yet
	Nudged   bool     `json:"nudged,omitempty"`   // its attempt is being ended for a message
	Taking   bool     `json:"taking,omitempty"`   // it is taken over as soon as its step ends
	Person   string   `json:"person,omitempty"`   // who made its change, when no agent did
	With     string   `json:"with,omitempty"`     // who else made part of its change
}

// messageLeft keeps a message until the agent's attempt ends.
func (s *taskStep) messageLeft(d MessageLeft) {
	if d.Text != "" && len(s.t.Hand.Messages) < maxMessages {
		s.t.Hand.Messages = append(slices.Clone(s.t.Hand.Messages), d.Text)
	}
	if d.Now && s.t.Phase == Working && !s.t.Halting && !s.t.Hand.Nudged && !s.t.Hand.Taking {
		s.t.Hand.Nudged = true
		s.stopAttempt()
	}
}

func (s *taskStep) stopAttempt() {
	s.t.Ops++
	s.out = append(s.out, Command{Op: op(s.t.Ops, CmdStopAttempt), Order: StopAttempt{Inputs: s.t.begun.Inputs, Task: s.id(), Attempt: s.t.Attempt}})
}

// hear adds what people said meanwhile to what the next attempt is told.
func (s *taskStep) hear() {
	h := &s.t.Hand
	if len(h.Messages) > 0 {
		f := &s.t.Feedback
		if f.Reason == "" {
			f.Reason = FromPerson
		}
		f.Text = strings.TrimPrefix(f.Text+"\n\n"+strings.Join(h.Messages, "\n\n"), "\n\n")
		h.Messages = nil
	}
	if h.Person != "" { // an agent goes on from what a person made
		h.Person, h.With = "", h.Person
	}
}

// takeover makes way for a person, at once or when the present step ends.
func (s *taskStep) takeover() {
	switch s.t.Phase {
	case Working:
		if !s.t.Hand.Taking {
			s.t.Hand.Taking = true
			s.stopAttempt()
		}
	case Preparing:
		s.t.Hand.Taking = true
		if s.t.Pending == "" { // waits for a release only
			s.take()
		}
	case Capturing, Checking, Judging:
		s.t.Hand.Taking = true
	case Ready, Pausing, Halted, Stuck, Refused, Asking:
		s.take()
	case Queued, Taken, Landed, Closed:
		// It lands, or there is nothing to take over.
	}
}

// take keeps what the worktree holds as a commit, and gives the task to the
// person.
func (s *taskStep) take() {
	if s.t.Dir == "" {
		s.taken()
		return
	}
	s.t.Hand.Taking = true
	s.capture()
}

func (s *taskStep) taken() {
	s.release()
	s.settle(Taken, IsTaken, "taken over by a person")
}

// given takes a person's work in.
func (s *taskStep) given(d WorkGiven) {
	if s.t.Phase != Taken {
		return
	}
	s.t.Round, s.t.Seen, s.t.Lost, s.t.Troubles, s.t.Pending = 0, nil, 0, 0, ""
	s.t.Base, s.t.Head, s.t.Tree, s.t.Keep, s.t.Claim = d.Base, d.Head, "", false, ""
	s.t.Hand.Person, s.t.Hand.With = d.Author, ""
	s.tell(s.run(), TaskRevived{Task: s.id()})
	s.t.Feedback = Feedback{}
	if d.As == Submitted {
		s.check()
		return
	}
	s.t.Feedback = Feedback{Reason: FromTakeover, Text: d.Text, Paths: d.Paths}
	s.want()
}

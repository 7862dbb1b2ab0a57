package flow

import (
	"fmt"
	"slices"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/policy"
)

// Phase says what a task is doing.
type Phase string

// The phases of a task. See ARCHITECTURE.md for the diagram.
const (
	Ready     Phase = "ready"     // waits for leave to run an agent
	Preparing Phase = "preparing" // gets a worktree
	Working   Phase = "working"   // an agent runs
	Pausing   Phase = "pausing"   // waits before it tries the agent's provider again
	Capturing Phase = "capturing" // the worktree becomes a commit
	Checking  Phase = "checking"
	Judging   Phase = "judging"
	Asking    Phase = "asking" // a person decides
	Queued    Phase = "queued" // in the merge queue
	Stuck     Phase = "failed" // something broke; a person retries
	Refused   Phase = "rejected"
	Halted    Phase = "halted"
	Taken     Phase = "taken" // a person works on it by hand
	Landed    Phase = "landed"
	Closed    Phase = "closed" // the run was closed before the change landed
)

// Bounds on repetition that no configuration raises.
const (
	maxLost     = 10 // attempts in a row that may be lost with their shim
	maxTroubles = 3  // attempts in a row that may fail for the provider or crash
)

// Task takes one task to the merge queue.
type Task struct {
	begun TaskStarted

	Phase    Phase  `json:"phase"`
	Why      string `json:"why,omitempty"`
	Ops      int    `json:"ops"`               // commands issued so far
	Pending  string `json:"pending,omitempty"` // the command it waits for
	Slot     bool   `json:"slot,omitempty"`    // it may run an agent
	Halting  bool   `json:"halting,omitempty"` // a person stops the run
	Release  string `json:"release,omitempty"` // an open ReleaseWorktree, answered before the next PrepareWorktree
	Attempt  int    `json:"attempt"`           // attempts started
	Round    int    `json:"round"`             // rework rounds used
	Lost     int    `json:"lost,omitempty"`
	Troubles int    `json:"troubles,omitempty"`

	Base    change.Point `json:"base"` // what the change is measured against
	Head    change.Point `json:"head"` // the latest captured change
	Tree    string       `json:"tree"` // what the next worktree must hold, when it is not Base or Head
	Keep    bool         `json:"keep,omitempty"`
	Dir     string       `json:"dir,omitempty"`
	Model   string       `json:"model,omitempty"`
	Session string       `json:"session,omitempty"`
	Total   job.Usage    `json:"total"`           // of the session
	Claim   string       `json:"claim,omitempty"` // what the agent said when it was done last
	Spent   job.Usage    `json:"spent"`           // of the task
	TimeUS  int64        `json:"time_us"`
	Bounds

	Feedback  Feedback       `json:"feedback"`
	Evidence  string         `json:"evidence,omitempty"`
	Verdict   policy.Verdict `json:"verdict"`
	Merged    bool           `json:"merged,omitempty"` // Verdict is about the merged tree
	Seen      []string       `json:"seen,omitempty"`   // Open of the former round
	Accepted  []string       `json:"accepted,omitempty"`
	Approvers []string       `json:"approvers,omitempty"`

	Hand Hand `json:"hand,omitzero"`
}

// Done reports that the task landed or was closed.
func (t Task) Done() bool { return t.Phase == Landed || t.Phase == Closed }

func startTask(d TaskStarted) (Task, []Command) {
	t := Task{begun: d, Slot: true, Bounds: Bounds{MicroUSD: d.Node.MicroUSD, LimitMS: d.Node.TimeMS}}
	s := taskStep{t: t}
	s.prepare()
	return s.t, s.out
}

// Step gives the task's next state.
func (t Task) Step(e Event) (State, []Command) {
	s := taskStep{t: t, at: e.AtUS}
	if e.Op != "" {
		s.answer(e)
	} else {
		s.message(e)
	}
	return s.t, s.out
}

// taskStep is one step in the making.
type taskStep struct {
	t   Task
	at  int64
	out []Command
}

// do issues a command and waits for its answer.
func (s *taskStep) do(p Phase, o Order) {
	s.t.Ops++
	s.t.Phase, s.t.Why = p, ""
	s.t.Pending = op(s.t.Ops, o.Command())
	s.out = append(s.out, Command{Op: s.t.Pending, Order: o})
}

func (s *taskStep) tell(to Stream, p Payload) {
	s.out = append(s.out, Command{To: to, Message: p})
}

func (s *taskStep) run() Stream   { return RunStream(s.t.begun.Run) }
func (s *taskStep) queue() Stream { return QueueStream(s.t.begun.Run) }
func (s *taskStep) id() string    { return s.t.begun.Node.ID }

func (s *taskStep) prepare() {
	if s.t.Release != "" {
		s.t.Phase = Preparing // PrepareWorktree follows the release
		return
	}
	tree := s.t.Tree
	if tree == "" {
		tree = s.t.Head.Tree
	}
	s.do(Preparing, PrepareWorktree{Inputs: s.t.begun.Inputs, Task: s.id(), Base: s.t.Base, Tree: tree, Keep: s.t.Keep})
}

// work starts the next attempt. It needs a slot and a worktree.
func (s *taskStep) work() {
	fault.Assert(s.t.Slot, "%s starts an agent without leave", s.id())
	s.hear()
	s.t.Attempt++
	limit := s.t.LimitMS
	if limit > 0 {
		limit = max(limit-s.t.TimeUS/1000, 1)
	}
	s.do(Working, StartAttempt{
		Inputs: s.t.begun.Inputs, Task: s.id(), Attempt: s.t.Attempt, Round: s.t.Round, Agent: s.t.begun.Node.Agent,
		Session: s.t.Session, Feedback: s.t.Feedback, Dir: s.t.Dir, LimitMS: limit, Previous: s.t.Total,
	})
}

// want asks for leave to run an agent again, unless the task's budget is used
// up.
func (s *taskStep) want() {
	s.t.Pending = ""
	if why := s.t.overBudget(); why != "" {
		s.settle(Stuck, IsFailed, why)
		return
	}
	s.t.Phase, s.t.Why = Ready, ""
	s.tell(s.run(), SlotWanted{Task: s.id()})
}

// settle parks the task until a person, or the run, revives it.
func (s *taskStep) settle(p Phase, as Settled, why string) {
	s.t.Phase, s.t.Why, s.t.Pending, s.t.Hand.Taking = p, why, "", false
	s.freeSlot(job.Usage{}, 0)
	s.tell(s.run(), TaskSettled{Task: s.id(), State: as, Why: why})
}

func (s *taskStep) freeSlot(u job.Usage, timeUS int64) {
	if s.t.Slot {
		s.t.Slot = false
		s.tell(s.run(), SlotReleased{Task: s.id(), Usage: u, TimeUS: timeUS})
	}
}

// release gives the worktree back; the captured commit keeps its content.
func (s *taskStep) release() {
	if s.t.Dir == "" {
		return
	}
	s.t.Dir, s.t.Keep = "", false
	s.t.Ops++
	s.t.Release = op(s.t.Ops, CmdReleaseWorktree)
	s.out = append(s.out, Command{Op: s.t.Release, Order: ReleaseWorktree{Inputs: s.t.begun.Inputs, Task: s.id()}})
}

func (s *taskStep) answer(e Event) {
	if e.Op == s.t.Release {
		s.released()
		return
	}
	if _, ok := e.Data.(AttemptStopped); ok || e.Op != s.t.Pending || e.Op == "" {
		return // StopAttempt's effect is that the attempt ends; or an answer nobody waits for
	}
	switch d := e.Data.(type) {
	case WorktreePrepared:
		s.prepared(d)
	case SetUpFailed:
		s.setUpFailed(d)
	case SetUpStopped:
		s.halt()
	case RoomLacked:
		s.roomLacked(d)
	case AttemptEnded:
		s.attemptEnded(d)
	case ChangeCaptured:
		s.t.Head, s.t.Keep = d.Head, true
		if s.t.Hand.Taking {
			s.taken()
			return
		}
		s.check()
	case EvidenceRecorded:
		s.t.Evidence = d.Digest
		s.out = append(s.out, tried(TaskStream(s.t.begun.Run, s.id()), d)...)
		s.judge()
	case VerdictGiven:
		s.judged(d)
	case WaitOver:
		s.want()
	case CommandFailed:
		s.commandFailed(d)
	}
}

func (s *taskStep) released() {
	s.t.Release = ""
	if s.t.Phase == Preparing && s.t.Pending == "" {
		s.prepare()
	}
}

func (s *taskStep) prepared(d WorktreePrepared) {
	s.t.Base, s.t.Dir, s.t.Tree, s.t.Keep = d.Base, d.Dir, "", true
	if s.t.Hand.Taking {
		s.t.Halting = false
		s.freeSlot(job.Usage{}, 0)
		s.take()
		return
	}
	if s.t.Halting {
		s.halt()
		return
	}
	s.work()
}

func (s *taskStep) halt() {
	s.t.Halting = false
	s.settle(Halted, IsHalted, "stopped with the run")
}

func (s *taskStep) check() {
	s.do(Checking, RunChecks{Inputs: s.t.begun.Inputs, Subject: evidence.OfTask, Task: s.id(), Base: s.t.Base, Head: s.t.Head, Claim: s.t.Claim})
}

func (s *taskStep) judge() {
	s.do(Judging, Judge{Inputs: s.t.begun.Inputs, Subject: evidence.OfTask, Evidence: s.t.Evidence, Accepted: s.t.Accepted})
}

func (s *taskStep) attemptEnded(d AttemptEnded) {
	o := d.Outcome
	s.t.Spent, s.t.TimeUS = s.t.Spent.Add(o.Usage), s.t.TimeUS+d.TimeUS
	isForgotten := o.Kind == job.Crashed && s.t.Session != "" // the agent no longer knows the session
	if o.Session != "" || isForgotten {
		s.t.Session, s.t.Total = o.Session, o.Total
	}
	if o.Model != "" {
		s.t.Model = o.Model
	}
	halting, nudged := s.t.Halting, s.t.Hand.Nudged
	s.t.Halting, s.t.Hand.Nudged = false, false
	if o.Kind != job.Vanished {
		s.t.Lost = 0
	}
	if s.t.Hand.Taking {
		s.freeSlot(o.Usage, d.TimeUS)
		s.interrupted()
		s.take()
		return
	}
	switch o.Kind {
	case job.Done:
		s.t.Troubles = 0
		s.t.Claim = o.Message
		s.freeSlot(o.Usage, d.TimeUS)
		switch {
		case len(s.t.Hand.Messages) == 0 || s.t.overBudget() != "":
			s.capture()
		case halting:
			s.t.Feedback = Feedback{} // it was told
			s.settle(Halted, IsHalted, "stopped with the run")
		default: // its session hears first what somebody said meanwhile
			s.t.Feedback = Feedback{}
			s.want()
		}
	case job.Vanished:
		s.t.Lost++
		s.cutShort(d, halting, s.t.Lost >= maxLost)
	case job.Halted:
		s.cutShort(d, halting || !nudged, false)
	case job.Provider, job.Crashed:
		s.t.Troubles++
		s.cutShort(d, halting, s.t.Troubles >= maxTroubles)
	case job.Quota:
		if o.UntilUS > s.at { // it is known when it ends: nobody has to be asked
			s.cutShort(d, halting, false)
			return
		}
		s.freeSlot(o.Usage, d.TimeUS)
		s.interrupted()
		s.tell(s.run(), PauseRequested{Reason: ForQuota, Why: fmt.Sprintf("%s: %s", s.id(), o.Message)})
		s.settle(Halted, IsHalted, "the agent's quota is used up")
	case job.Auth, job.Limit, job.Refused, job.Timeout, job.Missing:
		ended(s, d)
	}
}

// ended parks a task whose attempt ended in a way that only a person can do
// something about. More budget for the run lets the same session go on.
func ended(s *taskStep, d AttemptEnded) {
	o := d.Outcome
	ofRun := o.Kind == job.Limit && o.Budget == job.OfRun
	if ofRun { // told before the slot is free, or another task would get it
		s.tell(s.run(), PauseRequested{Reason: ForBudget, Why: s.id() + ": " + o.Message, Hint: raise(s.t.begun.Name)})
	}
	s.freeSlot(o.Usage, d.TimeUS)
	s.interrupted()
	if ofRun {
		s.settle(Halted, IsHalted, o.Message)
		return
	}
	s.settle(Stuck, IsFailed, fmt.Sprintf("attempt %d: %s: %s", s.t.Attempt, o.Kind, o.Message))
}

func (s *taskStep) capture() {
	with := s.t.Hand.With
	if with == "" {
		with = s.t.Hand.Person // whose work was given back, and no agent has touched it
	}
	s.do(Capturing, CaptureChange{
		Inputs: s.t.begun.Inputs, Task: s.id(), Attempt: s.t.Attempt, Agent: s.t.begun.Node.Agent, Model: s.t.Model,
		Base: s.t.Base, With: with,
	})
}

// cutShort decides what follows an attempt that ended before its agent did:
// the same session goes on in a new attempt, at once or after a while, unless
// the run stops or it has happened too often.
func (s *taskStep) cutShort(d AttemptEnded, halting, tooOften bool) {
	s.freeSlot(d.Outcome.Usage, d.TimeUS)
	s.interrupted()
	switch {
	case tooOften:
		s.settle(Stuck, IsFailed, fmt.Sprintf("attempt %d: %s: %s", s.t.Attempt, d.Outcome.Kind, d.Outcome.Message))
	case halting:
		s.settle(Halted, IsHalted, "stopped with the run")
	case d.Outcome.Kind == job.Quota:
		s.do(Pausing, Wait{Inputs: s.t.begun.Inputs})
		s.out[len(s.out)-1].DueUS = d.Outcome.UntilUS
	case d.Outcome.Kind == job.Provider:
		s.do(Pausing, Wait{Inputs: s.t.begun.Inputs})
		wait := int64(10e6) << (2 * (s.t.Troubles - 1)) // 10 s, 40 s
		s.out[len(s.out)-1].DueUS = s.at + wait
	default:
		s.want()
	}
}

// interrupted tells the next attempt that it continues, unless it already has
// something to do.
func (s *taskStep) interrupted() {
	if s.t.Feedback.Reason == "" && s.t.Session != "" {
		s.t.Feedback = Feedback{Reason: FromInterrupted}
	}
}

func (s *taskStep) judged(d VerdictGiven) {
	s.t.Verdict, s.t.Merged, s.t.Approvers = d.Verdict, false, nil
	fault.Assert(d.Verdict.HeadTree == s.t.Head.Tree && d.Verdict.BaseTree == s.t.Base.Tree,
		"%s has a verdict on another change than its own", s.id())
	if s.t.Hand.Taking {
		s.take()
		return
	}
	switch d.Verdict.Route {
	case policy.Auto, policy.Audit:
		s.enqueue()
	case policy.Review, policy.Two:
		s.release()
		s.settle(Asking, IsAsking, first(d.Verdict.Reasons))
	case policy.Rework:
		s.rework(d.Verdict, Feedback{Reason: FromChecks, Blob: d.Feedback})
	case policy.Reject:
		s.release()
		s.settle(Refused, IsRejected, first(d.Verdict.Reasons))
	}
}

// rework gives the findings to the agent, unless the rounds are used up or
// repeat themselves.
func (s *taskStep) rework(v policy.Verdict, f Feedback) {
	if s.t.Hand.Person != "" { // it is the person who corrects it
		s.release()
		s.t.Feedback = f
		s.settle(Taken, IsTaken, "a person's work does not pass: "+first(v.Reasons))
		return
	}
	why := ""
	switch {
	case len(v.Open) > 0 && slices.Equal(v.Open, s.t.Seen):
		why = fmt.Sprintf("round %d repeats the findings of the round before: %s", s.t.Round, first(v.Reasons))
	case s.t.Round >= s.t.begun.Rounds:
		why = fmt.Sprintf("still not right after %d rework rounds: %s", s.t.Round, first(v.Reasons))
	}
	s.t.Seen, s.t.Feedback = v.Open, f // also when it ends here: a retry goes on from what was found last
	if why != "" {
		s.release()
		s.settle(Refused, IsRejected, why)
		return
	}
	s.t.Round++
	s.want()
}

func (s *taskStep) enqueue() {
	s.release()
	s.t.Phase, s.t.Why, s.t.Pending = Queued, "", ""
	s.tell(s.queue(), ChangeQueued{Item: Item{
		Task: s.id(), Attempt: s.t.Attempt, Agent: s.t.begun.Node.Agent, Model: s.t.Model,
		Base: s.t.Base, Head: s.t.Head, Accepted: s.t.Accepted, Claim: s.t.Claim, Person: s.t.Hand.Person, With: s.t.Hand.With,
	}})
}

func (s *taskStep) commandFailed(d CommandFailed) {
	why := d.Message
	if d.Hint != "" {
		why += " (" + d.Hint + ")"
	}
	s.settle(Stuck, IsFailed, why)
	s.t.Pending = "failed." + string(d.Command) // what a retry repeats
}

func first(reasons []string) string {
	if len(reasons) == 0 {
		return ""
	}
	return reasons[0]
}

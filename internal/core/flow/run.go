package flow

import (
	"bytes"
	"slices"
	"strings"

	"muster/internal/core/change"
	"muster/internal/core/config"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/policy"
	"muster/internal/core/resource"
)

// Stage says where a run stands.
type Stage string

// The stages of a run. See ARCHITECTURE.md for the diagram.
const (
	Opening   Stage = "opening"   // its branch is made
	Running   Stage = "running"   // tasks go on, or wait for people
	Paused    Stage = "paused"    // starts nothing new; Reason says why
	Syncing   Stage = "syncing"   // all landed; takes in what people pushed
	Proving   Stage = "proving"   // the goal's acceptance runs on the final tree
	Doubting  Stage = "asking"    // the final tree did not pass; a person decides
	Advancing Stage = "advancing" // the target is fast-forwarded
	Finished  Stage = "done"
	Abandoned Stage = "closed" // a person ended it
)

// Mark is how the run sees one of its tasks.
type Mark byte

// The marks.
const (
	markWaiting  Mark = '.' // not started: waits for what it needs, or for a slot
	markWanting  Mark = 'w' // started before, wants a slot again
	markHolding  Mark = 'h' // has a slot
	markBusy     Mark = 'b' // checks, verdict, landing
	markAsking   Mark = 'a' // waits for a person's verdict
	markFailed   Mark = 'f' // waits for a person to retry it
	markRejected Mark = 'r'
	markHalted   Mark = 's' // stopped with the run
	markTaken    Mark = 't' // a person works on it by hand
	markLanded   Mark = 'l'
)

// Run starts tasks in the order of their needs and bounds what they consume.
type Run struct {
	begun RunStarted
	graph graph

	Stage    Stage          `json:"stage"`
	Reason   Pause          `json:"reason,omitempty"`
	Why      string         `json:"why,omitempty"`
	Hint     string         `json:"hint,omitempty"`
	Ops      int            `json:"ops"`
	Pending  string         `json:"pending,omitempty"`
	Opened   change.Opened  `json:"opened"`
	Marks    string         `json:"marks"` // one Mark for each node, in order
	Limits   Limits         `json:"limits"`
	Spent    job.Usage      `json:"spent"`
	TimeUS   int64          `json:"time_us"`
	Used     []Use          `json:"used,omitempty"`    // by node; only when a node has a budget of its own
	Closing  bool           `json:"closing,omitempty"` // ends for good when no agent runs
	Final    change.Point   `json:"final"`
	Accepted []string       `json:"accepted,omitempty"` // findings on the goal that a person accepted
	Verdict  policy.Verdict `json:"verdict"`
	Lack     resource.Lack  `json:"lack,omitzero"`   // why the machine has no room for another agent
	Await    string         `json:"await,omitempty"` // the AwaitRoom that is open
}

// Done reports that the run is finished or was closed.
func (r Run) Done() bool { return r.Stage == Finished || r.Stage == Abandoned }

func startRun(d RunStarted) (Run, []Command) {
	r := Run{begun: d, graph: newGraph(d.Nodes), Stage: Opening, Limits: d.Limits, Marks: strings.Repeat(string(markWaiting), len(d.Nodes))}
	r.Limits.Parallel = max(r.Limits.Parallel, 1)
	s := runStep{r: r}
	s.tell(QueueStream(d.Run), QueueStarted{Inputs: d.Inputs})
	s.open()
	return s.r, s.out
}

// Step gives the run's next state.
func (r Run) Step(e Event) (State, []Command) {
	s := runStep{r: r, marks: []byte(r.Marks)}
	if e.Op != "" {
		s.answer(e)
	} else {
		s.message(e)
	}
	s.schedule()
	s.r.Marks = string(s.marks)
	return s.r, s.out
}

// graph is what never changes, arranged for looking up.
type graph struct {
	index map[string]int // node by id
	needs [][]int        // of each node; -1 for a need that the plan does not have
}

func newGraph(nodes []Node) graph {
	g := graph{index: make(map[string]int, len(nodes)), needs: make([][]int, len(nodes))}
	for i, n := range nodes {
		g.index[n.ID] = i
	}
	for i, n := range nodes {
		for _, need := range n.Needs {
			j, ok := g.index[need]
			if !ok {
				j = -1
			}
			g.needs[i] = append(g.needs[i], j)
		}
	}
	return g
}

type runStep struct {
	r     Run
	marks []byte
	out   []Command
}

func (s *runStep) do(o Order) {
	s.r.Ops++
	s.r.Pending = op(s.r.Ops, o.Command())
	s.out = append(s.out, Command{Op: s.r.Pending, Order: o})
}

func (s *runStep) tell(to Stream, p Payload) {
	s.out = append(s.out, Command{To: to, Message: p})
}

func (s *runStep) open() {
	s.r.Stage, s.r.Why, s.r.Hint, s.r.Reason = Opening, "", "", ""
	s.do(OpenRun{Inputs: s.r.begun.Inputs, Target: s.r.begun.Target})
}

func (s *runStep) task(i int) Stream { return TaskStream(s.r.begun.Run, s.r.begun.Nodes[i].ID) }

func (s *runStep) node(id string) int {
	if i, ok := s.r.graph.index[id]; ok {
		return i
	}
	return -1
}

func (s *runStep) mark(id string, m Mark) {
	if i := s.node(id); i >= 0 && s.marks[i] != byte(markLanded) {
		s.marks[i] = byte(m)
	}
}

func (s *runStep) has(m ...Mark) bool {
	for _, x := range m {
		if bytes.IndexByte(s.marks, byte(x)) >= 0 {
			return true
		}
	}
	return false
}

func (s *runStep) answer(e Event) {
	if s.r.Await != "" && e.Op == s.r.Await {
		s.roomMeasured(e)
		return
	}
	if e.Op != s.r.Pending {
		return
	}
	s.r.Pending = ""
	switch d := e.Data.(type) {
	case RunOpened:
		s.r.Opened = d.Opened
		if s.r.Stage == Opening { // else it was stopped meanwhile
			s.r.Stage = Running
		}
	case EvidenceRecorded:
		s.out = append(s.out, tried(RunStream(s.r.begun.Run), d)...)
		if s.r.Stage == Proving { // else it paused meanwhile; resuming asks anew
			s.r.Final = d.Head
			s.do(Judge{Inputs: s.r.begun.Inputs, Subject: evidence.OfGoal, Evidence: d.Digest, Accepted: s.r.Accepted})
		}
	case VerdictGiven:
		if s.r.Stage == Proving {
			s.r.Verdict = d.Verdict
			s.goalJudged()
		}
	case TargetAdvanced:
		s.finish(d)
	case CommandFailed:
		s.commandFailed(d)
	}
}

func (s *runStep) commandFailed(d CommandFailed) {
	if s.r.Opened.Branch != "" {
		s.pause(ForFailure, d.Message, d.Hint)
		return
	}
	// Nothing has begun, so there is nothing to resume.
	s.r.Stage, s.r.Reason, s.r.Why, s.r.Hint = Abandoned, ForFailure, d.Message, d.Hint
	s.tell(QueueStream(s.r.begun.Run), QueueClosed{})
}

func (s *runStep) goalJudged() {
	if s.r.Verdict.Route.Lands() {
		s.advance()
		return
	}
	s.r.Stage, s.r.Why = Doubting, first(s.r.Verdict.Reasons)
	s.r.Hint = "approve it, or add a commit to muster/" + s.r.begun.Name + " and resume"
}

func (s *runStep) advance() {
	fault.Assert(s.r.Verdict.HeadTree == s.r.Final.Tree, "run %s would advance its target to a tree without a verdict", s.r.begun.Name)
	s.r.Stage, s.r.Why, s.r.Hint = Advancing, "", ""
	s.do(AdvanceTarget{Inputs: s.r.begun.Inputs, Target: s.r.Opened.Target, To: s.r.Final})
}

func (s *runStep) finish(d TargetAdvanced) {
	s.r.Stage, s.r.Why, s.r.Hint = Finished, d.Why, d.Command
	s.tell(QueueStream(s.r.begun.Run), QueueClosed{})
}

func (s *runStep) message(e Event) {
	switch d := e.Data.(type) {
	case SlotWanted:
		s.mark(d.Task, markWanting)
	case SlotReleased:
		s.released(d)
	case TaskRevived:
		s.mark(d.Task, markBusy)
		if s.r.Stage == Doubting {
			s.r.Stage, s.r.Why, s.r.Hint = Running, "", ""
		}
	case TaskSettled:
		s.settled(d)
	case RoomWanted:
		s.roomWanted(d)
	case PauseRequested:
		if s.r.Reason != ForStop {
			s.pause(d.Reason, d.Why, d.Hint)
		}
	case StopRequested:
		s.stop(d)
	case ResumeRequested:
		s.resume(d)
	case Synced:
		if s.r.Stage == Syncing {
			s.prove()
		}
	case Approved:
		if s.r.Stage == Doubting && d.Tree == s.r.Final.Tree {
			s.r.Accepted = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(s.r.Accepted), s.r.Verdict.Open...))))
			s.advance()
		}
	}
}

func (s *runStep) settled(d TaskSettled) {
	m := map[Settled]Mark{
		IsLanded: markLanded, IsRejected: markRejected, IsFailed: markFailed, IsAsking: markAsking, IsHalted: markHalted,
		IsTaken: markTaken,
	}[d.State]
	if m == markHalted && s.r.Stage == Running {
		m = markWanting // the run was resumed before its agent had stopped
	}
	s.mark(d.Task, m)
}

func (s *runStep) released(d SlotReleased) {
	s.r.Spent, s.r.TimeUS = s.r.Spent.Add(d.Usage), s.r.TimeUS+d.TimeUS
	s.mark(d.Task, markBusy)
	i := s.node(d.Task)
	if i < 0 {
		return
	}
	if n := s.r.begun.Nodes[i]; n.MicroUSD > 0 || n.TimeMS > 0 || n.Tokens > 0 || n.Turns > 0 {
		if s.r.Used == nil {
			s.r.Used = make([]Use, len(s.marks))
		}
		s.r.Used = slices.Clone(s.r.Used)
		s.r.Used[i].MicroUSD += d.Usage.CostMicroUSD
		s.r.Used[i].TimeMS += d.TimeUS / 1000
		s.r.Used[i].Tokens += d.Usage.Tokens()
		s.r.Used[i].Turns += d.Usage.Turns
	}
}

func (s *runStep) pause(reason Pause, why, hint string) {
	if s.r.Done() {
		return
	}
	s.r.Stage, s.r.Reason, s.r.Why, s.r.Hint = Paused, reason, why, hint
}

func (s *runStep) stop(d StopRequested) {
	if s.r.Done() || s.r.Stage == Advancing { // the target moves right now; that it moved must be recorded
		return
	}
	s.r.Closing = s.r.Closing || d.Close
	s.pause(ForStop, "stopped by a person", "muster resume "+s.r.begun.Name)
	for i, m := range s.marks {
		switch Mark(m) {
		case markHolding, markWanting, markBusy:
			s.tell(s.task(i), HaltRequested{})
		case markWaiting, markAsking, markFailed, markRejected, markHalted, markTaken, markLanded:
		}
	}
}

func (s *runStep) resume(d ResumeRequested) {
	l := &s.r.Limits
	l.MicroUSD, l.TimeMS = given(d.MicroUSD, l.MicroUSD), given(d.TimeMS, l.TimeMS)
	l.Tokens, l.Turns = given(d.Tokens, l.Tokens), given(d.Turns, l.Turns)
	if d.Parallel > 0 {
		s.r.Limits.Parallel = d.Parallel
	}
	if s.r.Closing || s.r.Done() {
		return
	}
	switch s.r.Stage {
	case Paused:
		if s.r.Opened.Branch == "" { // stopped before its branch was made
			s.r.Stage, s.r.Reason, s.r.Why, s.r.Hint = Opening, "", "", ""
			return
		}
		s.r.Stage, s.r.Reason, s.r.Why, s.r.Hint = Running, "", "", ""
		s.r.Pending = "" // a goal check under way when the run paused is asked for anew
		for i, m := range s.marks {
			if Mark(m) == markHalted {
				s.marks[i] = byte(markWanting)
			}
		}
		s.tell(QueueStream(s.r.begun.Run), QueueResumed{})
	case Doubting:
		s.r.Stage, s.r.Why, s.r.Hint = Running, "", "" // judged again, with what people pushed meanwhile
	case Opening, Running, Syncing, Proving, Advancing, Finished, Abandoned:
	}
}

// schedule starts what may start. It runs after every event.
func (s *runStep) schedule() {
	if s.r.Closing && !s.has(markHolding) {
		s.close()
		return
	}
	if s.r.Stage != Running {
		return
	}
	for _, want := range []Mark{markWanting, markWaiting} { // what has begun goes first
		for i, m := range s.marks {
			if Mark(m) == want && (want == markWanting || s.unblocked(i)) {
				if !s.grant(i) {
					return
				}
			}
		}
	}
	if len(bytes.Trim(s.marks, string(markLanded))) == 0 {
		s.r.Stage = Syncing
		s.tell(QueueStream(s.r.begun.Run), SyncRequested{})
	}
}

func (s *runStep) unblocked(i int) bool {
	for _, j := range s.r.graph.needs[i] {
		if j < 0 || Mark(s.marks[j]) != markLanded {
			return false
		}
	}
	return true
}

// grant gives a task a slot, if there is one and the budget has room for what
// the task may spend. It reports whether to look at further tasks.
func (s *runStep) grant(i int) bool {
	holding := bytes.Count(s.marks, []byte{byte(markHolding)})
	if holding >= s.r.Limits.Parallel || s.r.Lack.What != "" {
		return false
	}
	if why := s.exhausted(i); why != "" {
		if holding == 0 { // nothing under way can give a reservation back
			// Told to itself, so that the ledger holds it as an event.
			s.tell(RunStream(s.r.begun.Run), PauseRequested{Reason: ForBudget, Why: why, Hint: raise(s.r.begun.Name)})
		}
		return false
	}
	started := Mark(s.marks[i]) == markWanting
	s.marks[i] = byte(markHolding)
	if started {
		s.tell(s.task(i), SlotGranted{})
	} else {
		s.tell(s.task(i), TaskStarted{Inputs: s.r.begun.Inputs, Node: s.r.begun.Nodes[i], Rounds: s.r.Limits.Rounds})
	}
	return true
}

// prove judges the final tree. It always runs, because the target moves only
// on a verdict for exactly that tree.
func (s *runStep) prove() {
	s.r.Stage = Proving
	s.do(RunChecks{Inputs: s.r.begun.Inputs, Subject: evidence.OfGoal, Base: s.r.Opened.Base})
}

func (s *runStep) close() {
	if s.r.Done() {
		return
	}
	s.r.Stage, s.r.Reason, s.r.Why, s.r.Hint, s.r.Pending = Abandoned, ForStop, "closed by a person", "", ""
	for i, m := range s.marks {
		if Mark(m) != markWaiting && Mark(m) != markLanded {
			s.tell(s.task(i), TaskClosed{})
		}
	}
	s.tell(QueueStream(s.r.begun.Run), QueueClosed{})
}

// Target gives where a finished run goes.
func (r Run) Target() config.Into { return config.Into(r.begun.Into) }

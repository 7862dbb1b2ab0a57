package report

import (
	"iter"
	"strconv"
	"strings"

	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/policy"
	"muster/internal/core/resource"
)

// Fold reads all events of one run, oldest first, and gives where the run
// stands. It gives nil when there are none.
func Fold(records iter.Seq2[flow.Record, error]) (*Run, error) {
	var r *Run
	for rec, err := range records {
		if err != nil {
			return nil, err
		}
		if r == nil {
			r = &Run{}
		}
		if err := r.Apply(rec); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Apply adds one event. Events of the ledger's own stream change nothing.
func (r *Run) Apply(rec flow.Record) error {
	if rec.Stream == flow.LedgerStream {
		return nil
	}
	e, err := rec.Event()
	if err != nil {
		return err
	}
	r.LastUS = max(r.LastUS, e.AtUS)
	id := rec.Stream.Task()
	if id == "" {
		if rec.Stream == flow.QueueStream(rec.Stream.Run()) {
			r.queueEvent(e)
		} else {
			r.runEvent(e)
		}
		return nil
	}
	i, ok := r.index[id]
	if !ok {
		return fault.New(fault.Internal, "event %d of %s is about a task that the run does not have", rec.Seq, rec.Stream)
	}
	if d, ok := e.Data.(flow.RetryRequested); ok && d.Turns > 0 {
		r.turns = true
	}
	r.change(i, func(t *Task) { t.event(e) })
	return nil
}

func (r *Run) runEvent(e flow.Event) {
	switch d := e.Data.(type) {
	case flow.RunStarted:
		r.begin(d, e.AtUS)
	case flow.RunOpened:
		r.Branch, r.Target, r.Base, r.Head = d.Branch, d.Target, d.Base, d.Base
		if r.Stage == flow.Opening {
			r.Stage = flow.Running
		}
	case flow.SlotReleased:
		r.Spent, r.AgentUS = r.Spent.Add(d.Usage), r.AgentUS+d.TimeUS
		r.released(d, e.AtUS)
	case flow.TaskSettled:
		r.settled(d, e.AtUS)
	case flow.TaskRevived:
		r.revived(d, e.AtUS)
		if r.Stage == flow.Doubting {
			r.enter(flow.Running)
		}
	case flow.PauseRequested:
		if r.Reason != flow.ForStop && !r.ended() {
			r.Stage, r.Reason, r.Why, r.Hint = flow.Paused, d.Reason, d.Why, d.Hint
			if d.Reason == flow.ForPush && r.push != nil {
				r.Verdict = &r.push.Verdict
			}
		}
	case flow.StopRequested:
		if !r.ended() && r.Stage != flow.Advancing {
			r.Stage, r.Reason, r.Why, r.Hint = flow.Paused, flow.ForStop, "stopped by a person", "muster resume "+r.Name
			r.closing = r.closing || d.Close
		}
	case flow.ResumeRequested:
		r.resume(d)
	case flow.EvidenceRecorded:
		r.judging = judgeOf(e.Op)
	case flow.VerdictGiven:
		if e.Op == r.judging {
			r.goalJudged(d.Verdict)
		}
	case flow.Approved:
		if r.Stage == flow.Doubting && r.Verdict != nil && d.Tree == r.Verdict.HeadTree {
			r.enter(flow.Advancing)
		}
	case flow.TargetAdvanced:
		r.enter(flow.Finished)
		r.Advanced = &d.Advanced
	case flow.CommandFailed:
		r.commandFailed(d)
	case flow.RoomWanted:
		lacks(r, d.Lack)
	case flow.RoomMeasured:
		lacks(r, d.Lack)
	case flow.SlotWanted:
		wanted(r, d, e.AtUS)
	}
	r.derive()
}

func (r *Run) begin(d flow.RunStarted, at int64) {
	*r = Run{
		ID: d.Run, Name: d.Name, Goal: d.Goal, Target: d.Target, Stage: flow.Opening, Basis: Basis{d.Plan, d.Config, d.Record, d.Replay},
		Limits: d.Limits, BegunUS: at, LastUS: at, upkeep: upkeep{index: make(map[string]int, len(d.Nodes)), needed: make([][]int, len(d.Nodes))},
	}
	for i, n := range d.Nodes {
		r.index[n.ID], r.turns = i, r.turns || n.Turns > 0
		r.Tasks = append(r.Tasks, Task{ID: n.ID, Title: n.Title, Agent: n.Agent, Needs: n.Needs, State: Waiting})
	}
	for i, n := range d.Nodes {
		for _, need := range n.Needs {
			if j, ok := r.index[need]; ok {
				r.needed[j] = append(r.needed[j], i)
			}
		}
	}
}

func (r *Run) ended() bool { return r.Stage == flow.Finished || r.Stage == flow.Abandoned }

func (r *Run) enter(s flow.Stage) {
	r.Stage, r.Reason, r.Why, r.Hint = s, "", "", ""
}

func (r *Run) resume(d flow.ResumeRequested) {
	if d.MicroUSD > 0 {
		r.Limits.MicroUSD = d.MicroUSD
	}
	if d.TimeMS > 0 {
		r.Limits.TimeMS = d.TimeMS
	}
	if d.Tokens > 0 {
		r.Limits.Tokens = d.Tokens
	}
	if d.Turns > 0 {
		r.Limits.Turns = d.Turns
	}
	if d.Parallel > 0 {
		r.Limits.Parallel = d.Parallel
	}
	if !r.closing && (r.Stage == flow.Paused || r.Stage == flow.Doubting) {
		r.judging = "" // what is still being judged is asked for anew
		r.enter(flow.Running)
		if r.Branch == "" {
			r.Stage = flow.Opening
		}
		for i := range r.Tasks {
			if t := &r.Tasks[i]; t.Phase == flow.Halted {
				t.State, t.Phase, t.Why, t.idle = Waiting, flow.Ready, "", true
			}
		}
	}
}

// judgeOf names the command that judges the evidence which op gathered: the
// run issues it next. A verdict that answers another one was asked for before
// the run was stopped and resumed.
func judgeOf(op string) string {
	n, err := strconv.Atoi(strings.TrimSuffix(op, "."+string(flow.CmdRunChecks)))
	if err != nil {
		return ""
	}
	return strconv.Itoa(n+1) + "." + string(flow.CmdJudge)
}

func (r *Run) goalJudged(v policy.Verdict) {
	if r.Stage == flow.Paused {
		return
	}
	r.Verdict = &v
	if v.Route.Lands() {
		r.enter(flow.Advancing)
		return
	}
	r.enter(flow.Doubting)
	if len(v.Reasons) > 0 {
		r.Why = v.Reasons[0]
	}
	r.Hint = "add a commit to muster/" + r.Name + " and resume, or approve it as it is"
}

func (r *Run) commandFailed(d flow.CommandFailed) {
	if d.Command == flow.CmdAwaitRoom { // what could not be measured keeps nobody back
		lacks(r, resource.Lack{})
		return
	}
	if r.Branch == "" {
		r.Stage, r.Reason = flow.Abandoned, flow.ForFailure
		closeTasks(r.Tasks)
	} else {
		r.Stage, r.Reason = flow.Paused, flow.ForFailure
	}
	r.Why, r.Hint = d.Message, d.Hint
}

// released sees to a task that gave its slot back before its agent began. Why
// is told by TaskSettled, unless this closes the run.
func (r *Run) released(d flow.SlotReleased, at int64) {
	i, ok := r.index[d.Task]
	if !ok || r.Tasks[i].State != Working {
		return
	}
	r.change(i, func(t *Task) {
		t.enter(Waiting, flow.Ready, at)
		as := flow.IsHalted
		if t.failed != "" {
			as = flow.IsFailed
		}
		t.cutOff(as, at)
	})
}

// revived sees to a task that two people have approved; of any other the
// task's own events have told.
func (r *Run) revived(d flow.TaskRevived, at int64) {
	if i, ok := r.index[d.Task]; ok && r.Tasks[i].State == Review {
		r.change(i, func(t *Task) { t.enter(Queued, flow.Queued, at) })
	}
}

func (r *Run) settled(d flow.TaskSettled, at int64) {
	i, ok := r.index[d.Task]
	if !ok || r.Tasks[i].State == Landed {
		return
	}
	r.change(i, func(t *Task) {
		t.settled(d, at)
		if d.State == flow.IsHalted && r.Stage == flow.Running { // resumed before its agent had stopped
			t.State, t.Phase, t.idle = Waiting, flow.Ready, true
		}
	})
}

func (t *Task) settled(d flow.TaskSettled, at int64) {
	t.Why, t.SinceUS = d.Why, at
	t.taking = false
	if d.State != flow.IsFailed {
		t.failed = ""
	}
	switch d.State {
	case flow.IsLanded:
		t.State, t.Phase, t.EndedUS = Landed, flow.Landed, at
	case flow.IsRejected:
		t.uncount()
		t.State, t.Phase = Rejected, flow.Refused
	case flow.IsTaken:
		t.uncount()
		t.State, t.Phase = Taken, flow.Taken
	case flow.IsFailed:
		t.State, t.Phase = Failed, flow.Stuck
	case flow.IsAsking:
		t.State, t.Phase = Review, flow.Asking
	case flow.IsHalted:
		t.State, t.Phase = Stopped, flow.Halted
	}
	t.counted, t.idle = false, false
	t.cutOff(d.State, at)
}

// cutOff sees to an attempt that was about to start when the task settled: it
// was stopped before its agent began, or its agent could not be started.
func (t *Task) cutOff(as flow.Settled, at int64) {
	n := len(t.Attempts)
	if n == 0 || t.Attempts[n-1].Outcome != nil || t.Attempts[n-1].EndedUS != 0 {
		return
	}
	if as == flow.IsHalted {
		t.unheard(t.Attempts[n-1].Number)
		t.Attempts = t.Attempts[:n-1]
		return
	}
	t.Attempts[n-1].EndedUS = at
}

func (r *Run) queueEvent(e flow.Event) {
	switch d := e.Data.(type) {
	case flow.HeadMoved:
		r.Head = d.Landing.To
		if r.push != nil && r.push.Verdict.HeadTree == d.Landing.To.Tree {
			r.Pushes = append(r.Pushes, d.Landing.To)
			r.push = nil
		}
	case flow.ChangeMerged:
		r.push = nil
		r.pushed = d.Pushed != nil
	case flow.EvidenceRecorded:
		r.queueEvidence = d.Digest
	case flow.VerdictGiven:
		if r.pushed {
			r.push = &Judged{AtUS: e.AtUS, Where: "push", Verdict: d.Verdict, Evidence: r.queueEvidence}
		}
	}
}

// change lets f change task i, and sees to what follows from its state.
func (r *Run) change(i int, f func(t *Task)) {
	was := r.Tasks[i].State
	f(&r.Tasks[i])
	is := r.Tasks[i].State
	if was == is {
		return
	}
	count := func(s State, by int) {
		switch s {
		case Working:
			r.working += by
		case Landed:
			r.landed += by
		case Waiting, Blocked, Checking, Review, Queued, Rejected, Failed, Stopped, Taken, Closed:
		}
	}
	count(was, -1)
	count(is, 1)
	r.block(i)
}

// block looks again at whether the tasks that need task i can still begin.
func (r *Run) block(i int) {
	for todo := []int{i}; len(todo) > 0; todo = todo[1:] {
		for _, j := range r.needed[todo[0]] {
			t := &r.Tasks[j]
			if t.State != Blocked && (t.State != Waiting || t.Phase != "") {
				continue
			}
			was := t.State
			t.State, t.Why = r.waiting(t)
			if t.State != was {
				todo = append(todo, j)
			}
		}
	}
}

// derive fills what follows from the tasks together.
func (r *Run) derive() {
	if r.closing && r.working == 0 && !r.ended() {
		r.Stage, r.Why, r.Hint = flow.Abandoned, "closed by a person", ""
		closeTasks(r.Tasks)
	}
	if r.Stage == flow.Running && len(r.Tasks) > 0 && r.landed == len(r.Tasks) {
		r.Stage = flow.Proving
	}
}

func closeTasks(tasks []Task) {
	for i := range tasks {
		if t := &tasks[i]; t.State != Landed && t.State != Rejected {
			t.State = Closed
		}
	}
}

func (t *Task) enter(s State, p flow.Phase, at int64) {
	t.State, t.Phase, t.Why, t.SinceUS = s, p, "", at
	t.counted, t.idle = false, false
}

func (t *Task) event(e flow.Event) {
	switch d := e.Data.(type) {
	case flow.TaskStarted:
		t.BegunUS = e.AtUS
		t.enter(Working, flow.Preparing, e.AtUS)
	case flow.SlotGranted:
		t.enter(Working, flow.Preparing, e.AtUS)
	case flow.WorktreePrepared:
		t.Base, t.Dir = d.Base, d.Dir
		if t.Phase == flow.Preparing {
			t.enter(Working, flow.Working, e.AtUS)
			t.Attempts = append(t.Attempts, Attempt{Number: len(t.Attempts) + 1, Round: t.Round, BegunUS: e.AtUS})
			t.heard(len(t.Attempts))
		}
	case flow.RoomLacked:
		t.enter(Waiting, flow.Ready, e.AtUS)
		t.Why = d.Why
	case flow.AttemptEnded:
		t.attemptEnded(d, e.AtUS)
	case flow.ChangeCaptured:
		t.Head, t.Dropped, t.Notes = d.Head, append(t.Dropped, d.Dropped...), append(t.Notes, d.Notes...)
		t.enter(Checking, flow.Checking, e.AtUS)
	case flow.EvidenceRecorded:
		t.Evidence = d.Digest
		t.enter(Checking, flow.Judging, e.AtUS)
	case flow.VerdictGiven:
		t.judged(Judged{AtUS: e.AtUS, Where: "task", Verdict: d.Verdict, Evidence: t.Evidence})
	case flow.Approved:
		t.approved(d, e)
	case flow.MessageLeft, flow.TakeoverRequested, flow.WorkGiven:
		t.byHand(e)
	case flow.RetryRequested:
		if t.State == Rejected || t.State == Failed || t.State == Review || t.State == Stopped || t.State == Taken || t.idle {
			t.retried(d, e.AtUS)
		}
	case flow.CommandFailed:
		if d.Command != flow.CmdReleaseWorktree && d.Command != flow.CmdStopAttempt { // nothing follows from these
			t.failed = d.Command // TaskSettled follows and says why
		}
	case flow.ChangeReturned:
		t.returned(d, e.AtUS)
	case flow.ChangeLanded:
		t.Head = d.Head
	}
}

func (t *Task) attemptEnded(d flow.AttemptEnded, at int64) {
	o := d.Outcome
	t.Spent, t.AgentUS = t.Spent.Add(o.Usage), t.AgentUS+d.TimeUS
	if o.Model != "" {
		t.Model = o.Model
	}
	if n := len(t.Attempts); n > 0 && t.Attempts[n-1].Outcome == nil {
		a := &t.Attempts[n-1]
		a.Number, a.EndedUS, a.Outcome, a.Stdout, a.Stderr, a.PeakBytes = d.Attempt, at, &o, d.Stdout, d.Stderr, d.Peak
	}
	if o.Kind == job.Done || t.taking {
		t.enter(Checking, flow.Capturing, at)
		return
	}
	t.enter(Waiting, flow.Ready, at)
	t.Why = string(o.Kind) + ": " + o.Message
}

func (t *Task) judged(j Judged) {
	t.Verdict, t.Verdicts = &j.Verdict, append(t.Verdicts, j)
	if t.taking { // whatever comes of it
		t.enter(Checking, flow.Capturing, j.AtUS)
		return
	}
	switch j.Verdict.Route {
	case policy.Auto, policy.Audit:
		t.enter(Queued, flow.Queued, j.AtUS)
	case policy.Rework:
		t.reworked(j.AtUS)
	case policy.Review, policy.Two, policy.Reject:
		// TaskSettled follows and says so.
	}
}

// reworked counts a round. When the rounds are used up, TaskSettled follows
// and takes the task out of waiting.
func (t *Task) reworked(at int64) {
	t.Round++
	t.enter(Waiting, flow.Ready, at)
	t.counted = true
}

func (t *Task) returned(d flow.ChangeReturned, at int64) {
	if d.Reason == flow.ForRecall {
		return // TaskSettled follows
	}
	t.Base = d.Base
	if d.Verdict.Evidence != "" {
		t.Verdict, t.Evidence = &d.Verdict, d.Verdict.Evidence
		t.Verdicts = append(t.Verdicts, Judged{AtUS: at, Where: "merge", Verdict: d.Verdict, Evidence: d.Verdict.Evidence})
	}
	switch d.Reason {
	case flow.ForReview:
		t.Head = d.Head
		t.enter(Review, flow.Asking, at)
	case flow.ForConflict, flow.ForVerdict:
		t.reworked(at)
	case flow.ForRecall:
	}
}

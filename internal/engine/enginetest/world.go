package enginetest

import (
	"fmt"
	"slices"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/policy"
	"muster/internal/core/resource"
	"muster/internal/core/setup"
)

// world is everything outside of the machines: the repository, the agents, the
// checks and the people. It remembers what really happened, so that it can be
// held against what was recorded.
type world struct {
	s     *sim
	begun flow.RunStarted

	head     change.Point
	advanced bool                    // the target was moved
	pushed   *change.Point           // a person's commit on the branch, not landed yet
	diverged bool                    // the branch was rewound
	landed   []change.Landing        // in order
	agents   map[string]*agent       // by operation
	judged   map[string]policy.Route // by base and head tree: verdicts that were given
	approved map[string]bool         // trees a person approved
	held     map[string]string       // worktree owner → base tree
	trees    int
	ops      map[string]bool // operations whose end was recorded
}

// agent is an operation: started at most once, whatever the machines ask.
type agent struct {
	outcome job.Outcome
	running bool
	stopped bool
	timeUS  int64
}

func newWorld(s *sim) *world {
	return &world{s: s, agents: map[string]*agent{}, judged: map[string]policy.Route{}, approved: map[string]bool{}, held: map[string]string{}, ops: map[string]bool{}}
}

// plan makes a plan: up to 12 tasks, needs that point backwards, limits.
func (w *world) plan() flow.RunStarted {
	rng := w.s.rng
	w.begun = flow.RunStarted{
		Inputs: flow.Inputs{Run: "r", Name: "sim", Plan: "p", Config: "c"},
		Limits: flow.Limits{Parallel: 1 + rng.IntN(4), Rounds: rng.IntN(4)},
	}
	for i := range 1 + rng.IntN(12) {
		n := flow.Node{ID: fmt.Sprintf("t%d", i), Agent: "a"}
		for j := range i {
			if rng.IntN(5) == 0 {
				n.Needs = append(n.Needs, fmt.Sprintf("t%d", j))
			}
		}
		if rng.IntN(4) == 0 {
			n.MicroUSD = int64(1+rng.IntN(20)) * 1e5
		}
		if rng.IntN(6) == 0 {
			n.TimeMS = int64(1+rng.IntN(60)) * 1000
		}
		if rng.IntN(6) == 0 {
			n.Turns = int64(1 + rng.IntN(40))
		}
		w.begun.Nodes = append(w.begun.Nodes, n)
	}
	if rng.IntN(3) == 0 {
		w.begun.Limits.MicroUSD = int64(1+rng.IntN(50)) * 1e5
	}
	if rng.IntN(4) == 0 {
		w.begun.Limits.Turns = int64(1 + rng.IntN(80))
	}
	w.head = w.tree("base")
	return w.begun
}

func (w *world) tree(what string) change.Point {
	w.trees++
	return change.Point{Commit: fmt.Sprintf("c%d", w.trees), Tree: fmt.Sprintf("%s%d", what, w.trees)}
}

// chance is true once in n, and never when the world has become kind.
func (w *world) chance(n int) bool { return w.s.rng.IntN(n) == 0 && !w.s.kind }

// before gives the answer to a command that moves a branch and was carried out
// before its answer was lost; nil when it was not.
func before(w *world, o flow.Order) flow.Payload {
	switch o := o.(type) {
	case flow.LandChange:
		if w.head == o.Landing.To {
			return flow.HeadMoved{Landing: o.Landing}
		}
	case flow.AdvanceTarget:
		if w.advanced {
			w.s.must(o.To == w.head, "the target was moved, and would move to %v while the head is %v", o.To, w.head)
			return flow.TargetAdvanced{Advanced: change.Advanced{Done: true, To: o.To}}
		}
	}
	return nil
}

// do carries out a command and gives its answer; nil when it goes on.
func (w *world) do(c openCommand) flow.Payload {
	kind := c.order.Command()
	if done := before(w, c.order); done != nil {
		return done
	}
	if w.chance(60) && kind != flow.CmdStartAttempt && kind != flow.CmdWait {
		return flow.CommandFailed{Command: kind, Fault: fault.Internal, Message: "no"}
	}
	switch o := c.order.(type) {
	case flow.OpenRun:
		return flow.RunOpened{Opened: change.Opened{Target: "refs/heads/main", Base: w.head, Branch: "refs/heads/muster/sim"}}
	case flow.PrepareWorktree:
		return w.prepare(o)
	case flow.ReleaseWorktree:
		delete(w.held, o.Task)
		return flow.WorktreeReleased{}
	case flow.StartAttempt:
		return w.attempt(o)
	case flow.StopAttempt:
		if a := w.agents[operation(o.Task, o.Attempt)]; a != nil && a.running {
			a.stopped = true
		}
		return flow.AttemptStopped{}
	case flow.CaptureChange:
		w.s.must(w.held[o.Task] == o.Base.Tree, "%s is captured against another base than its worktree's", o.Task)
		head := w.tree("change-" + o.Task + "-")
		return flow.ChangeCaptured{Attempt: o.Attempt, Captured: change.Captured{Head: head}}
	case flow.RunChecks:
		if o.Head.Tree == "" {
			o.Head = w.head
		}
		done := flow.EvidenceRecorded{Digest: o.Base.Tree + " " + o.Head.Tree, Base: o.Base, Head: o.Head}
		if w.chance(4) {
			done.Tried = []evidence.Tried{{Test: evidence.Test{In: "p", Name: "flaky"}, Runs: 3, Red: int64(w.s.rng.IntN(4))}}
		}
		return done
	case flow.Judge:
		return w.judge(o)
	case flow.MergeChange:
		return w.merge(o)
	case flow.LandChange:
		answer := w.land(o.Landing)
		if q, ok := w.s.queue(); ok && !q.Closing && w.chance(20) { // a closing queue asks only once
			return flow.CommandFailed{Command: kind, Fault: fault.Internal, Message: "after the head had moved"}
		}
		return answer
	case flow.AdvanceTarget:
		w.s.must(o.To == w.head, "the target would move to %v while the head is %v", o.To, w.head)
		w.advanced = true
		return flow.TargetAdvanced{Advanced: change.Advanced{Done: true, To: o.To}}
	case flow.AwaitRoom:
		if w.chance(3) {
			return flow.RoomMeasured{Lack: resource.Lack{What: resource.LackMemory, Why: "still"}}
		}
		return flow.RoomMeasured{}
	case flow.Wait:
		return flow.WaitOver{}
	}
	panic("unknown command " + string(kind))
}

// prepare gives a worktree, when there is room and it can be set up.
func (w *world) prepare(o flow.PrepareWorktree) flow.Payload {
	if w.chance(30) {
		return flow.RoomLacked{Lack: resource.Lack{What: resource.LackDisk, Why: "full"}}
	}
	if m, ok := w.s.state(flow.TaskStream("r", o.Task)).(flow.Task); ok && m.Needless() != "" && w.chance(2) {
		return flow.SetUpStopped{}
	}
	if w.chance(40) {
		return flow.SetUpFailed{Failure: setup.Failure{Command: "npm ci", Why: "no"}}
	}
	if o.Base.Tree == "" {
		o.Base = w.head
	}
	w.held[o.Task] = o.Base.Tree
	return flow.WorktreePrepared{Worktree: change.Worktree{Dir: "/w/" + o.Task, Base: o.Base}}
}

func operation(task string, attempt int) string { return fmt.Sprintf("%s.%d", task, attempt) }

// issued sees every command as a machine decides on it.
func (w *world) issued(from flow.Stream, o flow.Order) {
	a, ok := o.(flow.StartAttempt)
	if !ok {
		return
	}
	w.s.must(w.agents[operation(a.Task, a.Attempt)] == nil, "%s issues attempt %d again", from, a.Attempt)
	for _, need := range w.node(a.Task).Needs {
		w.s.must(w.hasLanded(need), "%s starts before %s landed", a.Task, need)
	}
	w.s.must(!w.hasLanded(a.Task), "%s starts an agent after it landed", a.Task)
}

func (w *world) node(id string) flow.Node {
	return w.begun.Nodes[slices.IndexFunc(w.begun.Nodes, func(n flow.Node) bool { return n.ID == id })]
}

func (w *world) hasLanded(task string) bool {
	m, ok := w.s.state(flow.TaskStream("r", task)).(flow.Task)
	return ok && m.Phase == flow.Landed
}

// attempt starts an agent, or looks at it where it was started before.
func (w *world) attempt(o flow.StartAttempt) flow.Payload {
	id := operation(o.Task, o.Attempt)
	a := w.agents[id]
	if a == nil {
		w.s.result.Attempts++
		w.s.must(w.held[o.Task] != "", "%s works without a worktree", o.Task)
		w.s.must(o.Round <= w.begun.Limits.Rounds, "%s is in rework round %d", o.Task, o.Round)
		a = &agent{running: true, timeUS: int64(w.s.rng.IntN(20_000_000))}
		a.outcome = job.Outcome{Kind: w.outcome(), Session: "s", Usage: job.Usage{Output: 10, CostMicroUSD: int64(w.s.rng.IntN(400_000))}}
		if o.LimitMS > 0 && a.timeUS/1000 > o.LimitMS {
			a.outcome.Kind, a.timeUS = job.Timeout, o.LimitMS*1000
		}
		takeTurns(w, o.Task, a)
		w.agents[id] = a
		return nil
	}
	if a.running && !a.stopped && w.s.rng.IntN(3) > 0 {
		return nil
	}
	if a.running && a.stopped && w.s.rng.IntN(4) > 0 {
		a.outcome.Kind = job.Halted
	}
	a.running = false
	return flow.AttemptEnded{Attempt: o.Attempt, Outcome: a.outcome, TimeUS: a.timeUS}
}

// takeTurns lets an agent take turns, up to a budget of them: then it is ended.
func takeTurns(w *world, task string, a *agent) {
	t, isTask := w.s.task(task)
	r := w.s.run()
	w.s.must(isTask, "%s has an agent and no machine", task)
	budgets := []job.Budget{
		{Scope: job.OfTask, Turns: t.Budget().Turns, Spent: t.Spent}, {Scope: job.OfRun, Turns: r.Limits.Turns, Spent: r.Spent},
	}
	w.s.must(job.FullTurns(budgets[:1], 0) == nil, "%s begins an attempt after %d of %d turns", task, t.Spent.Turns, t.Budget().Turns)
	for n := w.s.rng.Int64N(20); a.outcome.Usage.Turns < n; a.outcome.Usage.Turns++ {
		if b := job.FullTurns(budgets, a.outcome.Usage.Turns); b != nil {
			a.outcome.Kind, a.outcome.Budget = job.Limit, b.Scope
			return
		}
	}
}

func (w *world) outcome() job.OutcomeKind {
	odd := []job.OutcomeKind{job.Vanished, job.Crashed, job.Provider, job.Quota, job.Auth, job.Timeout, job.Limit, job.Refused, job.Missing}
	if w.chance(5) {
		return odd[w.s.rng.IntN(len(odd))]
	}
	return job.Done
}

func (w *world) judge(o flow.Judge) flow.Payload {
	var base, head string
	if _, err := fmt.Sscan(o.Evidence, &base, &head); err != nil {
		panic(err)
	}
	v := policy.Verdict{Evidence: o.Evidence, BaseTree: base, HeadTree: head, Route: policy.Auto}
	if r, ok := w.judged[o.Evidence]; ok && r != policy.Auto && len(o.Accepted) == 0 {
		v.Route = r // the same evidence gives the same verdict
		v.Open = []string{"f-" + head}
	} else if w.chance(3) && !ok {
		v.Route = []policy.Route{policy.Rework, policy.Rework, policy.Review, policy.Two, policy.Reject}[w.s.rng.IntN(5)]
		v.Open = []string{"f-" + head}
		if w.s.rng.IntN(3) == 0 {
			v.Open = []string{"same"}
		}
	}
	w.judged[o.Evidence] = v.Route
	return flow.VerdictGiven{Verdict: v}
}

func (w *world) merge(o flow.MergeChange) flow.Payload {
	m := change.Merged{From: w.head}
	switch {
	case w.diverged:
		m.Diverged = "elsewhere"
	case w.pushed != nil:
		m.Pushed = w.pushed
	case o.Task == "":
		m.Result = w.head
	case w.chance(6):
		m.Conflicts, m.Result = []string{"f"}, change.Point{Tree: w.tree("conflict").Tree}
	default:
		m.Result = w.tree("merged-" + o.Task + "-")
	}
	return flow.ChangeMerged{Merged: m}
}

func (w *world) land(l change.Landing) flow.Payload {
	w.s.must(w.head == l.From, "landing from %v while the head is %v", l.From, w.head)
	route := w.judged[l.From.Tree+" "+l.To.Tree]
	w.s.must(route == policy.Auto || route == policy.Audit || w.approved[l.To.Tree], "%v lands without a verdict (%q) or approval for exactly that tree", l.To, route)
	w.head = l.To
	w.landed = append(w.landed, l)
	if w.pushed != nil && *w.pushed == l.To {
		w.pushed = nil
	}
	w.s.result.Landings++
	return flow.HeadMoved{Landing: l}
}

// crash: agents outlive the engine; now and then one loses its shim.
func (w *world) crash() {
	for _, n := range w.begun.Nodes {
		for i := 1; ; i++ {
			a := w.agents[operation(n.ID, i)]
			if a == nil {
				break
			}
			if a.running && w.chance(6) {
				a.outcome.Kind = job.Vanished
			}
		}
	}
}

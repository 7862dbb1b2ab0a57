package report_test

import (
	"encoding/json"
	"testing"

	"muster/internal/core/change"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/policy"
	"muster/internal/core/report"
)

// host steps the machines of the run r as an engine does and keeps what an
// engine would record. It carries nothing out: a story gives the answers.
type host struct {
	t       *testing.T
	now     int64
	states  map[flow.Stream]flow.State
	issued  map[flow.Stream]map[flow.CommandKind]string // latest operation
	records []flow.Record
}

func newHost(t *testing.T) *host {
	return &host{t: t, states: map[flow.Stream]flow.State{}, issued: map[flow.Stream]map[flow.CommandKind]string{}}
}

func task(id string) flow.Stream { return flow.TaskStream("r", id) }

const (
	run   flow.Stream = "run/r"
	queue flow.Stream = "queue/r"
)

// tell delivers an event, and all that follows from it, a second later.
func (h *host) tell(to flow.Stream, actor, op string, p flow.Payload) {
	h.t.Helper()
	h.now += 1e6
	type message struct {
		to flow.Stream
		e  flow.Event
	}
	todo := []message{{to, flow.Event{ID: "e", AtUS: h.now, Actor: actor, Op: op, Data: p}}}
	for ; len(todo) > 0; todo = todo[1:] {
		m := todo[0]
		state := h.states[m.to]
		if state != nil && state.Done() {
			continue
		}
		r, err := flow.NewRecord(m.to, m.e, "", nil)
		if err != nil {
			h.t.Fatal(err)
		}
		r.Seq = int64(len(h.records) + 1)
		h.records = append(h.records, r)
		var commands []flow.Command
		if state == nil {
			state, commands, err = flow.Start(m.to, m.e)
		} else {
			state, commands = state.Step(m.e)
		}
		if err != nil {
			h.t.Fatal(err)
		}
		h.states[m.to] = state
		for _, c := range commands {
			if c.Order == nil {
				todo = append(todo, message{c.To, flow.Event{ID: "e", AtUS: h.now, Actor: "engine", Data: c.Message}})
				continue
			}
			if h.issued[m.to] == nil {
				h.issued[m.to] = map[flow.CommandKind]string{}
			}
			h.issued[m.to][c.Order.Command()] = c.Op
		}
	}
}

// person delivers a person's wish.
func (h *host) person(to flow.Stream, p flow.Payload) {
	h.t.Helper()
	h.tell(to, "person:ann", "", p)
}

// answer answers the latest command of a kind.
func (h *host) answer(to flow.Stream, k flow.CommandKind, p flow.Payload) {
	h.t.Helper()
	op := h.issued[to][k]
	if op == "" {
		h.t.Fatalf("%s issued no %s", to, k)
	}
	h.tell(to, "engine", op, p)
}

func (h *host) fail(to flow.Stream, k flow.CommandKind, why, hint string) {
	h.t.Helper()
	h.answer(to, k, flow.CommandFailed{Command: k, Fault: "internal", Message: why, Hint: hint})
}

func inputs() flow.Inputs { return flow.Inputs{Run: "r", Name: "p", Plan: "plan", Config: "config"} }

// begin starts a run and opens it.
func (h *host) begin(limits flow.Limits, nodes ...flow.Node) {
	h.t.Helper()
	h.person(run, flow.RunStarted{Inputs: inputs(), Goal: "a goal", Nodes: nodes, Limits: limits})
	h.answer(run, flow.CmdOpenRun, flow.RunOpened{Opened: change.Opened{Target: "refs/heads/main", Base: point("B"), Branch: "refs/heads/muster/p"}})
}

func point(s string) change.Point { return change.Point{Commit: "c-" + s, Tree: s} }

// attempt prepares a worktree and ends an attempt.
func (h *host) attempt(id string, o job.Outcome) {
	h.t.Helper()
	h.answer(task(id), flow.CmdPrepareWorktree, flow.WorktreePrepared{Worktree: change.Worktree{Dir: "/w", Base: point("B")}})
	o.Session, o.Model = "s", "m"
	o.Usage = job.Usage{Output: 10, CostMicroUSD: 5}
	o.Total = o.Usage
	n := h.states[task(id)].(flow.Task).Attempt
	h.answer(task(id), flow.CmdStartAttempt, flow.AttemptEnded{Attempt: n, Outcome: o, TimeUS: 2e6, Stdout: "out"})
}

// judged captures and checks what the attempt left, with a verdict.
func (h *host) judged(id, head string, v policy.Verdict) {
	h.t.Helper()
	h.answer(task(id), flow.CmdCaptureChange, flow.ChangeCaptured{Captured: change.Captured{Head: point(head)}})
	h.answer(task(id), flow.CmdRunChecks, flow.EvidenceRecorded{Digest: "evidence-" + head, Base: point("B"), Head: point(head)})
	v.Evidence, v.BaseTree, v.HeadTree = "evidence-"+head, "B", head
	h.answer(task(id), flow.CmdJudge, flow.VerdictGiven{Verdict: v})
	if h.states[task(id)].(flow.Task).Release != "" {
		h.answer(task(id), flow.CmdReleaseWorktree, flow.WorktreeReleased{})
	}
}

// merged merges what is first in the queue and judges it.
func (h *host) merged(from, to string, v policy.Verdict) {
	h.t.Helper()
	h.answer(queue, flow.CmdMergeChange, flow.ChangeMerged{Merged: change.Merged{From: point(from), Result: point(to)}})
	h.judgedInQueue(from, to, v)
}

func (h *host) judgedInQueue(from, to string, v policy.Verdict) {
	h.t.Helper()
	h.answer(queue, flow.CmdRunChecks, flow.EvidenceRecorded{Digest: "evidence-" + to, Base: point(from), Head: point(to)})
	v.Evidence, v.BaseTree, v.HeadTree = "evidence-"+to, from, to
	h.answer(queue, flow.CmdJudge, flow.VerdictGiven{Verdict: v})
}

func (h *host) landed(from, to string) {
	h.t.Helper()
	h.answer(queue, flow.CmdLandChange, flow.HeadMoved{Landing: change.Landing{From: point(from), To: point(to)}})
}

// lands takes a task that has its slot all the way.
func (h *host) lands(id, from, to string) {
	h.t.Helper()
	h.attempt(id, job.Outcome{Kind: job.Done})
	h.judged(id, "H-"+id, auto())
	h.merged(from, to, auto())
	h.landed(from, to)
}

// synced takes in pushes, of which there are none, and proves the goal.
func (h *host) synced(head string, v policy.Verdict) {
	h.t.Helper()
	h.answer(queue, flow.CmdMergeChange, flow.ChangeMerged{Merged: change.Merged{From: point(head), Result: point(head)}})
	h.answer(run, flow.CmdRunChecks, flow.EvidenceRecorded{Digest: "evidence-goal", Base: point("B"), Head: point(head)})
	v.Evidence, v.BaseTree, v.HeadTree = "evidence-goal", "B", head
	h.answer(run, flow.CmdJudge, flow.VerdictGiven{Verdict: v})
}

func auto() policy.Verdict {
	return policy.Verdict{Route: policy.Auto, Reasons: []string{"nothing found"}}
}

func route(r policy.Route, why string) policy.Verdict {
	return policy.Verdict{Route: r, Reasons: []string{why}, Open: []string{"f-" + why}}
}

// view folds what was recorded so far.
func (h *host) view() *report.Run {
	h.t.Helper()
	r, err := report.Fold(func(yield func(flow.Record, error) bool) {
		for _, rec := range h.records {
			if !yield(rec, nil) {
				return
			}
		}
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

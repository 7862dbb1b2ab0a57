package flow_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/policy"
	"muster/internal/core/resource"
	"muster/internal/core/setup"
)

// words are the arguments of one event in a transcript.
type words struct {
	t     *testing.T
	line  string
	plain []string          // without "="
	named map[string]string // what is read is removed, so that a misspelled word is found
}

// split reads "kind word key=value key="a value"".
func split(t *testing.T, line string) (string, *words) {
	t.Helper()
	w := &words{t: t, line: line, named: map[string]string{}}
	fields, quoted := []string{""}, false
	for _, r := range line {
		if r == '"' {
			quoted = !quoted
		}
		if r == ' ' && !quoted {
			fields = append(fields, "")
			continue
		}
		fields[len(fields)-1] += string(r)
	}
	for _, f := range fields[1:] {
		if k, v, ok := strings.Cut(f, "="); ok {
			w.named[k] = strings.Trim(v, `"`)
		} else {
			w.plain = append(w.plain, f)
		}
	}
	return fields[0], w
}

func (w *words) str(key string) string {
	v := w.named[key]
	delete(w.named, key)
	return v
}

func (w *words) list(key string) []string {
	v := w.str(key)
	if v == "" {
		return nil
	}
	return strings.Split(v, ",")
}

func (w *words) num(key string) int64 {
	v := w.str(key)
	if v == "" {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		w.t.Fatalf("%s: %v", w.line, err)
	}
	return n
}

// point turns a word into a tree and a commit; no word is the zero point.
func (w *words) point(key string) change.Point { return pointOf(w.str(key)) }

func pointOf(word string) change.Point {
	if word == "" {
		return change.Point{}
	}
	return change.Point{Commit: "c-" + word, Tree: word}
}

// next takes the next word without "=".
func (w *words) next() string {
	if len(w.plain) == 0 {
		return ""
	}
	v := w.plain[0]
	w.plain = w.plain[1:]
	return v
}

// flag reports whether a word without "=" is there.
func (w *words) flag(word string) bool {
	i := slices.Index(w.plain, word)
	if i < 0 {
		return false
	}
	w.plain = slices.Delete(w.plain, i, i+1)
	return true
}

func (w *words) done() {
	w.t.Helper()
	if len(w.plain) > 0 || len(w.named) > 0 {
		w.t.Fatalf("%s: nobody reads %q %q", w.line, w.plain, w.named)
	}
}

// read turns a line into an event. Besides what its kind reads, an event may
// have by=PERSON, at=SECONDS and, when it is an answer, op=COMMAND.
func (p *player) read(line string) flow.Event {
	p.t.Helper()
	kind, w := split(p.t, line)
	e := flow.Event{ID: "e", Actor: "engine", AtUS: w.num("at") * 1e6}
	if by := w.str("by"); by != "" || flow.FromPeople(flow.Kind(kind)) {
		if by == "" {
			by = "ann"
		}
		e.Actor = "person:" + by
	}
	e.Op = w.str("op")
	failed := flow.CommandKind("")
	e.Data = payload(flow.Kind(kind), w)
	if e.Data == nil {
		p.t.Fatalf("%s: no such event", line)
	}
	if f, ok := e.Data.(flow.CommandFailed); ok {
		failed = f.Command
	}
	if command := answers(e.Data.Kind()); command != "" && e.Op == "" {
		if failed != "" {
			command = failed
		}
		i := slices.IndexFunc(p.issued, func(c flow.Command) bool { return c.Order.Command() == command })
		if i < 0 {
			p.t.Fatalf("%s: no %s was issued", line, command)
		}
		for _, c := range p.issued {
			if c.Order.Command() == command {
				e.Op = c.Op
			}
		}
	}
	w.done()
	return e
}

// answers names the command that an event answers, or "".
func answers(k flow.Kind) flow.CommandKind {
	switch k {
	case flow.EvRunOpened:
		return flow.CmdOpenRun
	case flow.EvTargetAdvanced:
		return flow.CmdAdvanceTarget
	case flow.EvWorktreePrepared:
		return flow.CmdPrepareWorktree
	case flow.EvSetUpFailed, flow.EvSetUpStopped, flow.EvRoomLacked:
		return flow.CmdPrepareWorktree
	case flow.EvRoomMeasured:
		return flow.CmdAwaitRoom
	case flow.EvWorktreeReleased:
		return flow.CmdReleaseWorktree
	case flow.EvAttemptEnded:
		return flow.CmdStartAttempt
	case flow.EvAttemptStopped:
		return flow.CmdStopAttempt
	case flow.EvChangeCaptured:
		return flow.CmdCaptureChange
	case flow.EvEvidenceRecorded:
		return flow.CmdRunChecks
	case flow.EvVerdictGiven:
		return flow.CmdJudge
	case flow.EvWaitOver:
		return flow.CmdWait
	case flow.EvChangeMerged:
		return flow.CmdMergeChange
	case flow.EvHeadMoved:
		return flow.CmdLandChange
	case flow.EvCommandFailed:
		return "any"
	}
	return ""
}

func inputs() flow.Inputs { return flow.Inputs{Run: "r", Name: "p", Plan: "plan", Config: "config"} }

// payload reads what the machines start from and what commands answer.
func payload(k flow.Kind, w *words) flow.Payload {
	switch k {
	case flow.EvRunStarted:
		return w.run()
	case flow.EvTaskStarted:
		return flow.TaskStarted{Inputs: inputs(), Rounds: int(w.num("rounds")), Node: w.node(w.next())}
	case flow.EvQueueStarted:
		return flow.QueueStarted{Inputs: inputs()}
	case flow.EvRunOpened:
		return flow.RunOpened{Opened: change.Opened{Target: "refs/heads/main", Base: w.point("base"), Branch: "refs/heads/muster/p"}}
	case flow.EvTargetAdvanced:
		return flow.TargetAdvanced{Advanced: change.Advanced{Done: w.flag("done"), Why: w.str("why"), Command: w.str("command")}}
	case flow.EvWorktreePrepared:
		return flow.WorktreePrepared{Worktree: change.Worktree{Dir: "/w", Base: w.point("base")}}
	case flow.EvRoomLacked:
		return flow.RoomLacked{Lack: w.lack()}
	case flow.EvRoomMeasured:
		return flow.RoomMeasured{Lack: w.lack()}
	case flow.EvSetUpStopped:
		return flow.SetUpStopped{}
	case flow.EvSetUpFailed:
		return flow.SetUpFailed{Failure: setup.Failure{Command: w.next(), Why: w.str("why")}}
	case flow.EvWorktreeReleased:
		return flow.WorktreeReleased{}
	case flow.EvAttemptEnded:
		return w.attempt()
	case flow.EvAttemptStopped:
		return flow.AttemptStopped{}
	case flow.EvChangeCaptured:
		return flow.ChangeCaptured{Captured: change.Captured{Head: w.point("head")}}
	case flow.EvEvidenceRecorded:
		return flow.EvidenceRecorded{Digest: w.str("digest"), Base: w.point("base"), Head: w.point("head"), Tried: w.tried()}
	case flow.EvTestsTried:
		return flow.TestsTried{Where: flow.Stream(w.str("where")), Tried: w.tried()}
	case flow.EvVerdictGiven:
		return flow.VerdictGiven{Verdict: w.verdict(), Feedback: w.str("feedback")}
	case flow.EvWaitOver:
		return flow.WaitOver{}
	case flow.EvChangeMerged:
		return w.merged()
	case flow.EvHeadMoved:
		return flow.HeadMoved{Landing: change.Landing{From: w.point("from"), To: w.point("to")}}
	case flow.EvCommandFailed:
		return flow.CommandFailed{Command: flow.CommandKind(w.next()), Fault: fault.Kind(w.str("fault")), Message: w.str("why"), Hint: w.str("hint")}
	}
	return message(k, w)
}

// message reads what machines and people tell one another.
func message(k flow.Kind, w *words) flow.Payload {
	switch k {
	case flow.EvSlotWanted:
		return flow.SlotWanted{Task: w.next()}
	case flow.EvSlotReleased:
		return flow.SlotReleased{Task: w.next(), Usage: job.Usage{CostMicroUSD: w.num("cost"), Output: w.num("tokens"), CacheRead: w.num("cached"), Turns: w.num("turns")}, TimeUS: w.num("time")}
	case flow.EvTaskSettled:
		return flow.TaskSettled{Task: w.next(), State: flow.Settled(w.next()), Why: w.str("why")}
	case flow.EvTaskRevived:
		return flow.TaskRevived{Task: w.next()}
	case flow.EvPauseRequested:
		return flow.PauseRequested{Reason: flow.Pause(w.next()), Why: w.str("why"), Hint: w.str("hint")}
	case flow.EvRoomWanted:
		return flow.RoomWanted{Task: w.next(), Lack: w.lack()}
	case flow.EvStopRequested:
		return flow.StopRequested{Close: w.flag("close")}
	case flow.EvResumeRequested:
		return flow.ResumeRequested{MicroUSD: w.num("usd"), TimeMS: w.num("time"), Tokens: w.num("tokens"), Turns: w.num("turns"), Parallel: int(w.num("parallel"))}
	case flow.EvSlotGranted:
		return flow.SlotGranted{}
	case flow.EvHaltRequested:
		return flow.HaltRequested{}
	case flow.EvApproved:
		return flow.Approved{Tree: w.next()}
	case flow.EvRejected:
		return flow.Rejected{Because: w.str("because")}
	case flow.EvRetryRequested:
		return flow.RetryRequested{Fresh: w.flag("fresh"), Text: w.str("text"), MicroUSD: w.num("usd"), TimeMS: w.num("time"), Tokens: w.num("tokens"), Turns: w.num("turns")}
	case flow.EvChangeQueued:
		return flow.ChangeQueued{Item: flow.Item{Task: w.next(), Attempt: 1, Agent: "bot", Base: w.point("base"), Head: w.point("head"), Accepted: w.list("accepted")}}
	case flow.EvChangeWithdrawn:
		return flow.ChangeWithdrawn{Task: w.next()}
	case flow.EvSyncRequested:
		return flow.SyncRequested{}
	case flow.EvSynced:
		return flow.Synced{}
	case flow.EvQueueResumed:
		return flow.QueueResumed{}
	case flow.EvChangeLanded:
		return flow.ChangeLanded{Head: w.point("head")}
	case flow.EvChangeReturned:
		return w.returned()
	case flow.EvQueueClosed:
		return flow.QueueClosed{}
	case flow.EvTaskClosed:
		return flow.TaskClosed{}
	case flow.EvMessageLeft:
		return flow.MessageLeft{Now: w.flag("now"), Text: w.str("text")}
	case flow.EvTakeoverRequested:
		return flow.TakeoverRequested{}
	case flow.EvWorkGiven:
		return flow.WorkGiven{As: flow.Given(w.next()), Base: w.point("base"), Head: w.point("head"), Author: w.str("author"), Text: w.str("text"), Paths: w.list("paths")}
	}
	return nil
}

// node reads "b<a,c"; limits are named after the task: b.usd=5.
func (w *words) node(word string) flow.Node {
	id, needs, _ := strings.Cut(word, "<")
	n := flow.Node{ID: id, Agent: "bot", MicroUSD: w.num(id + ".usd"), TimeMS: w.num(id + ".time"), Tokens: w.num(id + ".tokens"), Turns: w.num(id + ".turns")}
	if needs != "" {
		n.Needs = strings.Split(needs, ",")
	}
	return n
}

// lack reads "disk why=..."; nothing is lacking without the word.
func (w *words) lack() resource.Lack {
	for _, what := range []string{resource.LackDisk, resource.LackMemory} {
		if w.flag(what) {
			return resource.Lack{What: what, Why: w.str("why")}
		}
	}
	return resource.Lack{}
}

func (w *words) run() flow.Payload {
	r := flow.RunStarted{
		Inputs: inputs(), Target: w.str("target"),
		Limits: flow.Limits{Parallel: int(w.num("parallel")), MicroUSD: w.num("usd"), TimeMS: w.num("time"), Tokens: w.num("tokens"), Turns: w.num("turns"), Rounds: int(w.num("rounds"))},
	}
	for len(w.plain) > 0 {
		r.Nodes = append(r.Nodes, w.node(w.next()))
	}
	return r
}

func (w *words) attempt() flow.Payload {
	o := job.Outcome{
		Kind: job.OutcomeKind(w.next()), Message: w.str("message"), Session: w.str("session"), Model: w.str("model"), Budget: w.str("budget"),
		Usage: job.Usage{CostMicroUSD: w.num("cost"), Output: w.num("tokens"), CacheRead: w.num("cached"), Turns: w.num("turns")},
	}
	o.Total = o.Usage
	return flow.AttemptEnded{Outcome: o, TimeUS: w.num("time")}
}

// verdict reads a route and the trees it is about.
func (w *words) verdict() policy.Verdict {
	return policy.Verdict{
		Route: policy.Route(w.next()), Evidence: "evidence", BaseTree: w.str("base"), HeadTree: w.str("head"),
		Reasons: w.list("why"), Open: w.list("open"),
	}
}

func (w *words) merged() flow.Payload {
	m := change.Merged{From: w.point("from"), Result: w.point("to"), Conflicts: w.list("conflicts"), Diverged: w.str("diverged")}
	if p := w.point("pushed"); p.Tree != "" {
		m.Pushed = &p
	}
	return flow.ChangeMerged{Merged: m}
}

func (w *words) returned() flow.Payload {
	r := flow.ChangeReturned{
		Reason: flow.Return(w.next()), Base: w.point("base"), Tree: w.str("tree"), Head: w.point("merged"), Paths: w.list("paths"), Feedback: w.str("feedback"),
	}
	if route := w.next(); route != "" {
		r.Verdict = policy.Verdict{Route: policy.Route(route), Evidence: "evidence", BaseTree: r.Base.Tree, HeadTree: r.Tree, Reasons: w.list("why"), Open: w.list("open")}
	}
	return r
}

// tried reads name:3/4: the test was red in 3 of 4 runs.
func (w *words) tried() []evidence.Tried {
	var out []evidence.Tried
	for _, text := range w.list("tried") {
		name, rate, _ := strings.Cut(text, ":")
		red, runs, _ := strings.Cut(rate, "/")
		d := evidence.Tried{Test: evidence.Test{In: "p", Name: name}}
		d.Red, _ = strconv.ParseInt(red, 10, 64)
		d.Runs, _ = strconv.ParseInt(runs, 10, 64)
		out = append(out, d)
	}
	return out
}

// The words above cover every event, so that a transcript can tell of each.
func TestEveryEventHasWords(t *testing.T) {
	for _, k := range kinds() {
		if p := payload(k, &words{t: t, named: map[string]string{}}); p == nil || p.Kind() != k {
			t.Errorf("no words for %s", k)
		}
	}
}

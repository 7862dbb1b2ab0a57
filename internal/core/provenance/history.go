package provenance

import (
	"encoding/json"
	"slices"
	"strings"

	"muster/internal/core/change"
	"muster/internal/core/config"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/plan"
	"muster/internal/core/policy"
)

// History is what the records of a run, its queue and one of its tasks say of
// the task's landing. It is made by Fold.
type History struct {
	run      flow.RunStarted
	opened   change.Opened
	task     string
	agent    string
	landing  *landing // of this task
	attempts []flow.AttemptEnded
	ended    []int64 // when each attempt did
	verdicts []judged
	people   []Act
	last     map[flow.Stream]Record
}

// judged is a verdict with where it was given.
type judged struct {
	at      int64
	where   string
	verdict policy.Verdict
	policy  string
}

// landing is a movement of the run's head.
type landing struct {
	item     flow.Item
	from, to change.Point
	at       int64
	verdict  judged
}

// Fold reads records of the streams of a run, its queue and one of its tasks,
// in the order of the ledger, up to the one that tells the task that its change
// landed. More tells whether others are wanted.
type Fold struct {
	h       History
	queued  flow.Item // the task's, as the queue had it last
	verdict judged    // the queue's latest
	moved   map[string]landing
	err     error
}

// NewFold begins with nothing.
func NewFold(run, task string) *Fold {
	return &Fold{h: History{task: task, run: flow.RunStarted{Inputs: flow.Inputs{Run: run}}, last: map[flow.Stream]Record{}}, moved: map[string]landing{}}
}

// Streams gives the streams whose records are wanted.
func (f *Fold) Streams() []flow.Stream {
	return []flow.Stream{flow.RunStream(f.h.run.Run), flow.QueueStream(f.h.run.Run), flow.TaskStream(f.h.run.Run, f.h.task)}
}

// More takes the next record, and tells whether others are wanted.
func (f *Fold) More(r flow.Record) bool {
	if f.err != nil || f.h.landing != nil {
		return false
	}
	before := f.h.last[r.Stream]
	if r.Seq != before.Seq+1 || r.Prev != before.Hash {
		f.err = fault.New(fault.Internal, "the chain of %s is broken before record %d", r.Stream, r.Seq)
		return false
	}
	f.h.last[r.Stream] = Record{r.Stream, r.Seq, r.Hash}
	e, err := r.Event()
	if err != nil {
		f.err = err
		return false
	}
	switch {
	case r.Stream == flow.RunStream(f.h.run.Run):
		f.ofRun(e)
	case r.Stream == flow.QueueStream(f.h.run.Run):
		f.ofQueue(e)
	case r.Stream == flow.TaskStream(f.h.run.Run, f.h.task):
		f.ofTask(e)
	}
	return f.err == nil && f.h.landing == nil
}

// End gives what was read. A task that has not landed is NotFound.
func (f *Fold) End() (History, error) {
	if f.err == nil && f.h.landing == nil {
		return f.h, fault.New(fault.NotFound, "task %s of run %s has not landed", f.h.task, f.h.run.Run)
	}
	return f.h, f.err
}

func (f *Fold) ofRun(e flow.Event) {
	switch d := e.Data.(type) {
	case flow.RunStarted:
		f.h.run = d
		for _, n := range d.Nodes {
			if n.ID == f.h.task {
				f.h.agent = n.Agent
			}
		}
		f.act(e, "")
	case flow.RunOpened:
		f.h.opened = d.Opened
	}
}

func (f *Fold) ofQueue(e flow.Event) {
	switch d := e.Data.(type) {
	case flow.ChangeQueued:
		if d.Item.Task == f.h.task {
			f.queued = d.Item
		}
	case flow.VerdictGiven:
		f.verdict = judged{e.AtUS, "merge", d.Verdict, d.Policy}
	case flow.HeadMoved:
		f.moved[d.Landing.To.Commit] = landing{f.queued, d.Landing.From, d.Landing.To, e.AtUS, f.verdict}
	}
}

func (f *Fold) ofTask(e flow.Event) {
	switch d := e.Data.(type) {
	case flow.AttemptEnded:
		f.h.attempts, f.h.ended = append(f.h.attempts, d), append(f.h.ended, e.AtUS)
	case flow.VerdictGiven:
		f.h.verdicts = append(f.h.verdicts, judged{e.AtUS, "task", d.Verdict, d.Policy})
	case flow.ChangeReturned:
		if d.Verdict.Evidence != "" {
			f.h.verdicts = append(f.h.verdicts, judged{e.AtUS, "merge", d.Verdict, ""})
		}
	case flow.Approved:
		f.act(e, d.Tree)
	case flow.WorkGiven:
		f.act(e, d.Head.Tree)
	case flow.MessageLeft, flow.TakeoverRequested, flow.RetryRequested, flow.Rejected:
		f.act(e, "")
	case flow.ChangeLanded:
		f.landed(d)
	}
}

// act notes what a person did.
func (f *Fold) act(e flow.Event, tree string) {
	if who, ok := strings.CutPrefix(e.Actor, "person:"); ok {
		f.h.people = append(f.h.people, Act{AtUS: e.AtUS, Who: who, Did: e.Data.Kind(), Tree: tree})
	}
}

func (f *Fold) landed(d flow.ChangeLanded) {
	l, ok := f.moved[d.Head.Commit]
	switch {
	case !ok:
		f.err = fault.New(fault.Internal, "the queue of run %s has no landing of %s", f.h.run.Run, d.Head.Commit)
	case l.verdict.verdict.HeadTree != l.to.Tree || l.verdict.verdict.BaseTree != l.from.Tree:
		f.err = fault.New(fault.Internal, "the queue of run %s has no verdict on exactly what landed as %s", f.h.run.Run, d.Head.Commit)
	default:
		f.h.verdicts = append(f.h.verdicts, l.verdict)
		f.h.landing = &l
	}
}

// Landed gives the commit.
func (h History) Landed() change.Point { return h.landing.to }

// Blobs gives the digests of what Predicate reads.
func (h History) Blobs() []string {
	out := []string{h.run.Plan, h.run.Config}
	for _, v := range h.verdicts {
		out = append(out, v.verdict.Evidence)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Kept gives the digests of the other blobs that the statement names.
func (h History) Kept() []string {
	var out []string
	for _, a := range h.attempts {
		for _, sha := range []string{a.Stdout, a.Stderr} {
			if sha != "" && !slices.Contains(out, sha) {
				out = append(out, sha)
			}
		}
	}
	slices.Sort(out)
	return out
}

// Predicate says all that follows from the history. Blobs holds what Blobs
// names; of one that is missing, what it tells is left out.
func (h History) Predicate(blobs map[string][]byte, seal Seal) (Predicate, error) {
	l := h.landing
	p := Predicate{
		Run: Run{
			ID: h.run.Run, Name: h.run.Name, Goal: h.run.Goal, Target: h.opened.Target, Base: h.opened.Base, Plan: h.run.Plan, Config: h.run.Config,
		},
		Task: Task{ID: h.task},
		Change: Change{
			Base: l.from, Head: l.to, Attempt: l.item.Attempt, Agent: l.item.Agent, Model: l.item.Model, Person: l.item.Person, With: l.item.With, Landed: l.at,
		},
		Attempts: []Attempt{}, Verdicts: []Verdict{}, People: append([]Act{}, h.people...), Ledger: Position{Seal: seal},
	}
	if l.item.Person != "" {
		p.Change.Agent, p.Change.Model, p.Change.Attempt = "", "", 0
	}
	for _, s := range []flow.Stream{flow.RunStream(h.run.Run), flow.QueueStream(h.run.Run), flow.TaskStream(h.run.Run, h.task)} {
		p.Ledger.Records = append(p.Ledger.Records, h.last[s])
	}
	var c config.Config
	var asked plan.Plan
	if err := decodeBlob(blobs, h.run.Config, &c); err != nil {
		return p, err
	}
	if err := decodeBlob(blobs, h.run.Plan, &asked); err != nil {
		return p, err
	}
	if t, ok := asked.Task(h.task); ok {
		p.Task = Task{ID: t.ID, Type: string(t.Type), Title: t.Title, Prompt: evidence.Hash([]byte(t.Prompt))}
	}
	agent, _ := c.Agent(h.agent)
	for i, a := range h.attempts {
		model := a.Outcome.Model
		if model == "" {
			model = agent.Model
		}
		p.Attempts = append(p.Attempts, Attempt{
			Number: a.Attempt, Agent: h.agent, Driver: agent.Driver, Model: model, Session: a.Outcome.Session, Prompt: a.Prompt,
			Outcome: a.Outcome.Kind, EndedUS: h.ended[i], TimeUS: a.TimeUS, Usage: a.Outcome.Usage, Stdout: a.Stdout, Stderr: a.Stderr, Tools: a.Outcome.Tools,
		})
		p.Usage = p.Usage.Add(a.Outcome.Usage)
	}
	for _, v := range h.verdicts {
		said, err := v.said(blobs)
		if err != nil {
			return p, err
		}
		p.Verdicts = append(p.Verdicts, said)
	}
	for _, a := range h.people {
		if a.Did == flow.EvApproved {
			p.Change.Approvals++
		}
	}
	return p, nil
}

func (j judged) said(blobs map[string][]byte) (Verdict, error) {
	v := j.verdict
	out := Verdict{
		AtUS: j.at, Where: j.where, Route: v.Route, Policy: j.policy, BaseTree: v.BaseTree, HeadTree: v.HeadTree,
		Reasons: append([]string{}, v.Reasons...), NotRun: v.NotRun, Evidence: v.Evidence, Checks: []Check{},
	}
	var e evidence.Evidence
	if err := decodeBlob(blobs, v.Evidence, &e); err != nil {
		return out, err
	}
	if len(e.Results) > 0 && (e.BaseTree != v.BaseTree || e.HeadTree != v.HeadTree) {
		return out, fault.New(fault.Internal, "evidence %s is about other trees than the verdict on it", v.Evidence)
	}
	out.Sandbox = e.Sandbox
	for _, r := range e.Results {
		out.Checks = append(out.Checks, Check{Name: r.Check, Version: r.Version, Status: r.Status, Sandbox: r.Sandbox, Findings: len(r.Findings)})
	}
	return out, nil
}

// decodeBlob reads a blob as JSON, when it is there.
func decodeBlob(blobs map[string][]byte, sha string, v any) error {
	data, ok := blobs[sha]
	if !ok {
		return nil
	}
	return fault.Wrap(fault.Internal, json.Unmarshal(data, v), "read blob %s", sha)
}

// Trailer gives the value of a trailer of a commit's message: the last line
// "name: value" of its last paragraph.
func Trailer(message, name string) string {
	paragraphs := strings.Split(strings.TrimRight(message, "\n "), "\n\n")
	out := ""
	for line := range strings.Lines(paragraphs[len(paragraphs)-1]) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			out = strings.TrimSpace(value)
		}
	}
	return out
}

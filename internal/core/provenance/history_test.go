package provenance

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"muster/internal/core/change"
	"muster/internal/core/config"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/plan"
	"muster/internal/core/policy"
)

func b64(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

// told is a ledger in the making.
type told struct {
	t       testing.TB
	records []flow.Record
	last    map[flow.Stream]flow.Record
	blobs   map[string][]byte
}

func newTold(t testing.TB) *told {
	return &told{t: t, last: map[flow.Stream]flow.Record{}, blobs: map[string][]byte{}}
}

func (l *told) say(s flow.Stream, actor string, p flow.Payload) {
	l.t.Helper()
	r, err := flow.NewRecord(s, flow.Event{ID: fmt.Sprint(len(l.records)), AtUS: int64(1000 + len(l.records)), Actor: actor, Data: p}, "", nil)
	if err != nil {
		l.t.Fatal(err)
	}
	r.Seq, r.Prev = l.last[s].Seq+1, l.last[s].Hash
	data, _ := json.Marshal(r)
	r.Hash = evidence.Hash(data)
	l.last[s] = r
	l.records = append(l.records, r)
}

func (l *told) blob(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		l.t.Fatal(err)
	}
	l.blobs[evidence.Hash(data)] = data
	return evidence.Hash(data)
}

func at(name string) change.Point { return change.Point{Commit: "c-" + name, Tree: "t-" + name} }

func (l *told) verdict(base, head string, route policy.Route) flow.VerdictGiven {
	e := l.blob(evidence.Evidence{BaseTree: "t-" + base, HeadTree: "t-" + head, Sandbox: "off", Results: []evidence.Result{
		{Check: "build", Version: "2", Status: evidence.Passed, Sandbox: "off"},
		{Check: "tamper", Version: "7", Status: evidence.Failed, Findings: make([]evidence.Finding, 3)},
	}})
	return flow.VerdictGiven{Policy: "p", Verdict: policy.Verdict{Route: route, Evidence: e, BaseTree: "t-" + base, HeadTree: "t-" + head, Reasons: []string{"because"}}}
}

// story is a run of two tasks; "mine" is found wanting once, is approved by a
// person, and lands on what the other has landed.
func story(t testing.TB) *told {
	l := newTold(t)
	run, queue, mine := flow.RunStream("r"), flow.QueueStream("r"), flow.TaskStream("r", "mine")
	in := flow.Inputs{Run: "r", Name: "limits"}
	in.Plan = l.blob(plan.Plan{Version: 1, Name: "limits", Goal: "Limit", Tasks: []plan.Task{{ID: "mine", Type: plan.Fix, Title: "Mine", Prompt: "Do it"}}})
	in.Config = l.blob(config.Config{Agents: []job.Agent{{Name: "bot", Driver: "claude", Model: "opus"}}})
	l.say(run, "person:tess", flow.RunStarted{Inputs: in, Goal: "Limit", Nodes: []flow.Node{{ID: "mine", Agent: "bot"}, {ID: "other", Agent: "man"}}})
	l.say(run, "engine", flow.RunOpened{Opened: change.Opened{Target: "refs/heads/main", Base: at("base"), Branch: "refs/heads/muster/limits"}})
	l.say(mine, "engine", flow.TaskStarted{Inputs: in})
	l.say(mine, "engine", flow.AttemptEnded{Attempt: 1, Outcome: job.Outcome{Kind: job.Done, Session: "s", Usage: job.Usage{Input: 10, CostMicroUSD: 5}}, TimeUS: 7, Stdout: "out1", Prompt: "pr1"})
	l.say(mine, "engine", l.verdict("base", "one", policy.Rework))
	l.say(mine, "person:tess", flow.MessageLeft{Text: "mind the tests"})
	l.say(mine, "engine", flow.AttemptEnded{Attempt: 2, Outcome: job.Outcome{Kind: job.Done, Session: "s", Model: "opus-5", Tools: []string{"server x 12345678"}, Usage: job.Usage{Input: 1, CostMicroUSD: 2}}, TimeUS: 8, Stdout: "out2", Stderr: "out1"})
	l.say(mine, "engine", l.verdict("base", "two", policy.Review))
	l.say(mine, "person:uma", flow.Approved{Tree: "t-two"})
	l.say(queue, "engine", flow.QueueStarted{Inputs: in})
	l.say(queue, "engine", flow.ChangeQueued{Item: flow.Item{Task: "other"}})
	l.say(queue, "engine", l.verdict("base", "other", policy.Auto))
	l.say(queue, "engine", flow.HeadMoved{Landing: change.Landing{From: at("base"), To: at("other")}})
	l.say(queue, "engine", flow.ChangeQueued{Item: flow.Item{Task: "mine", Attempt: 2, Agent: "bot", Model: "opus-5"}})
	l.say(queue, "engine", l.verdict("other", "landed", policy.Auto))
	l.say(queue, "engine", flow.HeadMoved{Landing: change.Landing{From: at("other"), To: at("landed")}})
	l.say(mine, "engine", flow.ChangeLanded{Head: at("landed")})
	return l
}

func (l *told) fold(task string) (History, error) {
	f := NewFold("r", task)
	for _, r := range l.records {
		if slices.Contains(f.Streams(), r.Stream) && !f.More(r) {
			break
		}
	}
	return f.End()
}

func mustFold(t testing.TB, l *told) History {
	t.Helper()
	h, err := l.fold("mine")
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestPredicate(t *testing.T) {
	l := story(t)
	h := mustFold(t, l)
	l.say(flow.TaskStream("r", "mine"), "person:vic", flow.Approved{Tree: "too late"})
	p, err := h.Predicate(l.blobs, Seal{Seq: 9, Hash: "h"})
	if err != nil {
		t.Fatal(err)
	}
	c := p.Change
	if c.Base != at("other") || c.Head != at("landed") || c.Attempt != 2 || c.Agent != "bot" || c.Model != "opus-5" || c.Approvals != 1 || c.Landed != 1015 {
		t.Errorf("change %+v", c)
	}
	if p.Run.Goal != "Limit" || p.Run.Target != "refs/heads/main" || p.Run.Base != at("base") || p.Run.Name != "limits" {
		t.Errorf("run %+v", p.Run)
	}
	if (p.Task != Task{ID: "mine", Type: "fix", Title: "Mine", Prompt: evidence.Hash([]byte("Do it"))}) {
		t.Errorf("task %+v", p.Task)
	}
	if len(p.Attempts) != 2 || p.Attempts[0].Agent != "bot" || p.Attempts[0].Model != "opus" || p.Attempts[1].Model != "opus-5" || p.Attempts[0].Driver != "claude" ||
		p.Attempts[0].Prompt != "pr1" || p.Attempts[1].Session != "s" || p.Usage.Input != 11 || p.Usage.CostMicroUSD != 7 ||
		len(p.Attempts[0].Tools) != 0 || len(p.Attempts[1].Tools) != 1 || p.Attempts[1].Tools[0] != "server x 12345678" {
		t.Errorf("attempts %+v, %+v", p.Attempts, p.Usage)
	}
	var routes []string
	for _, v := range p.Verdicts {
		routes = append(routes, v.Where+" "+string(v.Route)+" "+v.HeadTree+" "+v.Policy)
	}
	if want := "task rework t-one p, task review t-two p, merge auto t-landed p"; strings.Join(routes, ", ") != want {
		t.Errorf("verdicts %q", routes)
	}
	if got := p.Verdicts[2].Checks; len(got) != 2 || (got[1] != Check{Name: "tamper", Version: "7", Status: evidence.Failed, Findings: 3}) || got[0].Sandbox != "off" {
		t.Errorf("checks %+v", got)
	}
	var people []string
	for _, a := range p.People {
		people = append(people, a.Who+" "+string(a.Did)+" "+a.Tree)
	}
	if want := "tess run_started , tess message_left , uma approved t-two"; strings.Join(people, ", ") != want {
		t.Errorf("people %q", people)
	}
	if got := p.Ledger.Records; len(got) != 3 || got[0].Seq != 2 || got[1].Seq != 7 || got[2].Seq != 8 || got[2].Hash != l.records[16].Hash {
		t.Errorf("records %+v", got)
	}
	if got := h.Kept(); !slices.Equal(got, []string{"out1", "out2"}) {
		t.Errorf("kept %q", got)
	}
	if got := h.Blobs(); len(got) != 5 || !slices.IsSorted(got) {
		t.Errorf("blobs %q", got)
	}
}

// TestWhatPeopleGiveAndTheQueueReturns: a merge that was found wanting is among
// the verdicts, and a conflict is none; work that a person gave has its tree.
func TestWhatPeopleGiveAndTheQueueReturns(t *testing.T) {
	l := story(t)
	mine := flow.TaskStream("r", "mine")
	landed := l.records[16]
	l.records = l.records[:16]
	l.last[mine] = l.records[8]
	wanting := l.verdict("base", "merged", policy.Review)
	l.say(mine, "engine", flow.ChangeReturned{Reason: flow.ForReview, Verdict: wanting.Verdict})
	l.say(mine, "engine", flow.ChangeReturned{Reason: flow.ForConflict})
	l.say(mine, "person:vic", flow.TakeoverRequested{})
	l.say(mine, "person:vic", flow.WorkGiven{As: flow.Submitted, Head: at("given"), Text: "<&>"})
	l.say(mine, "engine", flow.TestsTried{})
	var d flow.ChangeLanded
	if err := json.Unmarshal(landed.Data, &d); err != nil {
		t.Fatal(err)
	}
	l.say(mine, "engine", d)
	p, err := mustFold(t, l).Predicate(l.blobs, Seal{})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Verdicts) != 4 || p.Verdicts[2].Route != policy.Review || p.Verdicts[2].HeadTree != "t-merged" || p.Verdicts[2].Sandbox != "off" {
		t.Errorf("verdicts %+v", p.Verdicts)
	}
	last := p.People[len(p.People)-1]
	if last.Who != "vic" || last.Did != flow.EvWorkGiven || last.Tree != "t-given" || p.People[len(p.People)-2].Did != flow.EvTakeoverRequested {
		t.Errorf("people %+v", p.People)
	}
}

func TestNothingIsTakenAfterTheEnd(t *testing.T) {
	l := story(t)
	f := NewFold("r", "mine")
	for i, r := range l.records {
		if more := f.More(r); more != (i < len(l.records)-1) {
			t.Errorf("record %d: %v", i, more)
		}
	}
	if f.More(l.records[0]) {
		t.Error("more is wanted after the landing")
	}
	for _, edit := range []func(*flow.Record){func(r *flow.Record) { r.Seq = 9 }, func(r *flow.Record) { r.Data = json.RawMessage(`[]`) }} {
		f, r := NewFold("r", "mine"), l.records[0]
		if edit(&r); f.More(r) || f.More(l.records[0]) {
			t.Error("more is wanted after an error")
		}
	}
}

func TestTextIsWrittenAsItIs(t *testing.T) {
	data, err := State(Predicate{Run: Run{Goal: "a < b && c > d"}}).Bytes()
	if err != nil || !strings.Contains(string(data), `"goal":"a < b && c > d"`) {
		t.Errorf("%s, %v", data, err)
	}
}

func TestAPersonsOwnWorkNamesNoAgent(t *testing.T) {
	l := story(t)
	l.records = l.records[:13]
	l.last[flow.QueueStream("r")] = l.records[12]
	queue := flow.QueueStream("r")
	l.say(queue, "engine", flow.ChangeQueued{Item: flow.Item{Task: "mine", Attempt: 2, Agent: "bot", Model: "opus-5", Person: "Tess <tess@localhost>"}})
	l.say(queue, "engine", l.verdict("other", "landed", policy.Auto))
	l.say(queue, "engine", flow.HeadMoved{Landing: change.Landing{From: at("other"), To: at("landed")}})
	l.last[flow.TaskStream("r", "mine")] = l.records[8]
	l.say(flow.TaskStream("r", "mine"), "engine", flow.ChangeLanded{Head: at("landed")})
	p, err := mustFold(t, l).Predicate(l.blobs, Seal{})
	if c := p.Change; err != nil || c.Agent != "" || c.Model != "" || c.Attempt != 0 || c.Person != "Tess <tess@localhost>" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestAnotherTasksItemIsNotTakenForThisOnes(t *testing.T) {
	l := story(t)
	queue := flow.QueueStream("r")
	l.records = l.records[:14]
	l.last[queue] = l.records[13]
	l.say(queue, "engine", flow.ChangeQueued{Item: flow.Item{Task: "third", Agent: "other"}})
	l.say(queue, "engine", l.verdict("other", "landed", policy.Auto))
	l.say(queue, "engine", flow.HeadMoved{Landing: change.Landing{From: at("other"), To: at("landed")}})
	l.last[flow.TaskStream("r", "mine")] = l.records[8]
	l.say(flow.TaskStream("r", "mine"), "engine", flow.ChangeLanded{Head: at("landed")})
	p, err := mustFold(t, l).Predicate(l.blobs, Seal{})
	if err != nil || p.Change.Agent != "bot" {
		t.Errorf("%+v, %v", p.Change, err)
	}
}

func TestFoldRefuses(t *testing.T) {
	want := func(name string, l *told, kind fault.Kind, part string) {
		t.Helper()
		if _, err := l.fold("mine"); fault.KindOf(err) != kind || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", name, err)
		}
	}
	l := story(t)
	l.records = l.records[:16]
	want("before it landed", l, fault.NotFound, "has not landed")
	l = story(t)
	l.records = slices.Delete(l.records, 3, 4)
	want("a record is missing", l, fault.Internal, "chain of task/r/mine is broken before record 3")
	l = story(t)
	l.records[4].Prev = "other"
	want("another chain", l, fault.Internal, "chain of task/r/mine is broken before record 3")
	l = story(t)
	l.records[4].Seq = 9
	want("another number", l, fault.Internal, "chain of task/r/mine is broken before record 9")
	for _, trees := range [][2]string{{"base", "landed"}, {"other", "two"}} {
		l = story(t)
		r, err := flow.NewRecord(flow.QueueStream("r"), flow.Event{Actor: "engine", Data: l.verdict(trees[0], trees[1], policy.Auto)}, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		l.records[14].Data = r.Data
		want("a verdict on other trees", l, fault.Internal, "no verdict on exactly what landed")
	}
	l = story(t)
	l.records = append(l.records[:14:14], l.records[16])
	want("no landing", l, fault.Internal, "has no landing of c-landed")
	l = story(t)
	l.records = append(l.records[:14:14], l.records[15:]...)
	l.records[14].Seq, l.records[14].Prev = l.records[13].Seq+1, l.records[13].Hash
	want("no verdict on what landed", l, fault.Internal, "no verdict on exactly what landed")
	l = story(t)
	l.records[6].Data = json.RawMessage(`[]`)
	want("a record that cannot be read", l, fault.Invalid, "read event")
	if _, err := story(t).fold("other"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the other task: %v", err)
	}
}

func TestEvidenceOnOtherTreesIsRefused(t *testing.T) {
	l := story(t)
	h := mustFold(t, l)
	sha := h.verdicts[0].verdict.Evidence
	l.blobs[sha] = []byte(strings.Replace(string(l.blobs[sha]), "t-one", "t-two", 1))
	if _, err := h.Predicate(l.blobs, Seal{}); err == nil || !strings.Contains(err.Error(), "about other trees") {
		t.Error(err)
	}
	l.blobs[sha] = []byte(`[]`)
	if _, err := h.Predicate(l.blobs, Seal{}); err == nil || !strings.Contains(err.Error(), "read blob "+sha) {
		t.Error(err)
	}
}

func TestCompare(t *testing.T) {
	l := story(t)
	h := mustFold(t, l)
	seal := Seal{Seq: 9, Hash: "h", Signer: "s", Signature: []byte{1}}
	whole := func() Predicate {
		p, err := h.Predicate(l.blobs, seal)
		if err != nil {
			t.Fatal(err)
		}
		p.Muster, p.Signer = "v", Signer{"k", "l"}
		return p
	}
	for _, c := range []struct {
		name string
		edit func(*Predicate)
		want string
		gone []string // blobs
	}{
		{"nothing", func(*Predicate) {}, "", nil},
		{"the goal", func(p *Predicate) { p.Run.Goal = "x" }, "run.goal", nil},
		{"a title", func(p *Predicate) { p.Task.Title = "x" }, "task.title", nil},
		{"a title, without the plan", func(p *Predicate) { p.Task.Title = "x" }, "", []string{h.run.Plan}},
		{"the task, without the plan", func(p *Predicate) { p.Task.ID = "x" }, "task.id", []string{h.run.Plan}},
		{"a model", func(p *Predicate) { p.Attempts[1].Model = "x" }, "attempts[1].model", nil},
		{"a tool", func(p *Predicate) { p.Attempts[1].Tools = nil }, "attempts[1].tools", nil},
		{"a driver, without the configuration", func(p *Predicate) { p.Attempts[1].Driver = "x" }, "", []string{h.run.Config}},
		{"a session, without the configuration", func(p *Predicate) { p.Attempts[1].Session = "x" }, "attempts[1].session", []string{h.run.Config}},
		{"an attempt more", func(p *Predicate) { p.Attempts = append(p.Attempts, Attempt{}) }, "attempts", nil},
		{"a status", func(p *Predicate) { p.Verdicts[2].Checks[1].Status = evidence.Passed }, "verdicts[2].checks[1].status", nil},
		{"a status, without the evidence", func(p *Predicate) { p.Verdicts[2].Checks[1].Status = evidence.Passed }, "", []string{h.verdicts[2].verdict.Evidence}},
		{"a route, without the evidence", func(p *Predicate) { p.Verdicts[2].Route = policy.Audit }, "verdicts[2].route", []string{h.verdicts[2].verdict.Evidence}},
		{"a verdict less", func(p *Predicate) { p.Verdicts = p.Verdicts[1:] }, "verdicts", nil},
		{"a person", func(p *Predicate) { p.People[2].Who = "tess" }, "people[2].who", nil},
		{"the usage", func(p *Predicate) { p.Usage.Input = 0 }, "usage.input", nil},
		{"the seal", func(p *Predicate) { p.Ledger.Seal.Signature = nil }, "ledger.seal.signature", nil},
		{"a record", func(p *Predicate) { p.Ledger.Records[0].Hash = "x" }, "ledger.records[0].hash", nil},
	} {
		said := whole()
		c.edit(&said)
		blobs := map[string][]byte{}
		for sha, data := range l.blobs {
			if !slices.Contains(c.gone, sha) {
				blobs[sha] = data
			}
		}
		got, err := h.Compare(said, blobs, seal)
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}

func TestRead(t *testing.T) {
	l := story(t)
	p, err := mustFold(t, l).Predicate(l.blobs, Seal{Seq: 9, Hash: "h"})
	if err != nil {
		t.Fatal(err)
	}
	good, err := State(p).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Read(good)
	if again, _ := s.Bytes(); err != nil || string(again) != string(good) {
		t.Fatalf("%v: %s", err, again)
	}
	nobody := p
	nobody.Change.Head.Commit = ""
	if data, err := State(nobody).Bytes(); err != nil {
		t.Error(err)
	} else if _, err := Read(data); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a statement about no commit: %v", err)
	}
	for name, edit := range map[string][2]string{
		"no JSON":                  {`{"_type"`, `{"_type`},
		"another type":             {"in-toto.io/Statement/v1", "in-toto.io/Statement/v2"},
		"another predicate":        {"change/v1", "change/v2"},
		"another subject":          {`{"name":"commit","digest":{"gitCommit":"c-landed"}}`, `{"name":"commit","digest":{"gitCommit":"c-other"}}`},
		"another tree":             {`{"gitTree":"t-landed"}`, `{"gitTree":"t-other"}`},
		"a commit that is no tree": {`{"gitTree":"t-landed"}`, `{"gitCommit":"c-landed"}`},
		"one subject":              {`,{"name":"tree","digest":{"gitTree":"t-landed"}}`, ``},
		"no commit":                {`c-landed`, ``},
		"an unknown field":         {`"predicate":{`, `"predicate":{"x":1,`},
		"spaces":                   {`"predicate":{`, `"predicate": {`},
	} {
		bad := strings.ReplaceAll(string(good), edit[0], edit[1])
		if bad == string(good) {
			t.Errorf("%s: nothing was changed", name)
		}
		if _, err := Read([]byte(bad)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTrailer(t *testing.T) {
	const message = "Title\n\nMuster-Run: in the text\n\nAssisted-by: bot\nMuster-Run: r1\nMuster-Task: t1\n"
	if Trailer(message, "Muster-Run") != "r1" || Trailer(message, "Muster-Task") != "t1" || Trailer(message, "Muster") != "" || Trailer("", "x") != "" {
		t.Errorf("%q", Trailer(message, "Muster-Run"))
	}
	if got := Trailer("Title\n\nMuster-Run: r1\n\nmore text", "Muster-Run"); got != "" {
		t.Errorf("a line of the text is taken for a trailer: %q", got)
	}
}

package recording_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"muster/internal/core/job"
	"muster/internal/core/recording"
	"muster/internal/core/wire"
)

func lines(all ...recording.Line) []byte {
	var b bytes.Buffer
	for _, l := range all {
		b.Write(l.Bytes())
	}
	return b.Bytes()
}

func begun() recording.Line {
	return recording.Line{Kind: recording.Begun, Version: recording.Version, Names: &recording.Names{Worktree: "/w/1"}}
}

func asked(id int) recording.Line {
	return recording.Line{Kind: recording.Asked, ID: id, Ask: &recording.Ask{Method: "POST", Path: "/v1/messages", Whole: "a"}}
}

// Lines of requests that run at once are mixed; one answer has ended, one was
// cut by a kill, and of one nothing came.
func TestParse(t *testing.T) {
	file := lines(
		begun(), asked(1), asked(2),
		recording.Line{Kind: recording.Headed, ID: 2, Status: 200, Headers: map[string]string{"Content-Type": "text/event-stream"}},
		recording.Line{Kind: recording.Headed, ID: 1, Status: 429},
		recording.PartLine(2, []byte("data: 1\n\n")), recording.PartLine(1, []byte{0xff, 'x'}), recording.PartLine(2, []byte("data: 2\n\n")),
		recording.Line{Kind: recording.Ended, ID: 1, Ending: recording.Whole, Usage: &job.Usage{Output: 3}, Limit: &recording.Limit{Scope: "run"}},
		asked(3),
	)
	for torn := range len(asked(4).Bytes()) {
		a, err := recording.Parse(append(bytes.Clone(file), asked(4).Bytes()[:torn]...))
		if err != nil || a.Whole != len(file) || len(a.Exchanges) != 3 || a.Names.Worktree != "/w/1" {
			t.Fatalf("with %d bytes of a torn line: %+v %v", torn, a, err)
		}
		one, two, three := a.Exchanges[0], a.Exchanges[1], a.Exchanges[2]
		if one.Status != 429 || string(one.Body) != "\xffx" || one.Ending != recording.Whole || one.Usage.Output != 3 || one.Limit.Scope != "run" || one.Form() != recording.OnePiece {
			t.Errorf("%+v", one)
		}
		if two.Status != 200 || string(two.Body) != "data: 1\n\ndata: 2\n\n" || two.Ending != recording.Cut || two.Form() != recording.Events {
			t.Errorf("%+v", two)
		}
		if three.Status != 0 || three.Ending != recording.Cut {
			t.Errorf("%+v", three)
		}
	}
	for _, data := range []string{"", `{"k":"att`} {
		if a, err := recording.Parse([]byte(data)); err != nil || a.Whole != 0 || len(a.Exchanges) != 0 {
			t.Errorf("%q: %+v %v", data, a, err)
		}
	}
}

func TestOutcome(t *testing.T) {
	for outcome, want := range map[job.OutcomeKind]bool{
		"": false, job.Done: false, job.Timeout: false, job.Refused: false, job.Halted: true, job.Vanished: true, job.Crashed: true,
	} {
		a, err := recording.Parse(lines(begun(), recording.Line{Kind: recording.Closed, Outcome: outcome}, asked(1)))
		if err != nil || a.Outcome != outcome || a.WasInterrupted() != want {
			t.Errorf("%q: %+v %v", outcome, a, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	whole := lines(begun(), asked(1))
	for name, file := range map[string][]byte{
		"no JSON":               append(bytes.Clone(whole), "hello\n"...),
		"no beginning":          lines(asked(1)),
		"two beginnings":        lines(begun(), begun()),
		"another format":        lines(recording.Line{Kind: recording.Begun, Version: 2, Names: &recording.Names{}}),
		"no names":              lines(recording.Line{Kind: recording.Begun, Version: 1}),
		"a request twice":       lines(begun(), asked(1), asked(1)),
		"an empty request":      lines(begun(), recording.Line{Kind: recording.Asked, ID: 1}),
		"an answer of nothing":  lines(begun(), recording.PartLine(1, []byte("x"))),
		"an end of nothing":     lines(begun(), recording.Line{Kind: recording.Ended, ID: 1}),
		"a status that is none": lines(begun(), asked(1), recording.Line{Kind: recording.Headed, ID: 1, Status: 100}),
		"a large status":        lines(begun(), asked(1), recording.Line{Kind: recording.Headed, ID: 1, Status: 600}),
		"less than nothing":     lines(begun(), asked(1), recording.Line{Kind: recording.Ended, ID: 1, Usage: &job.Usage{Output: -1}}),
		"more than there is":    lines(begun(), asked(1), recording.Line{Kind: recording.Ended, ID: 1, Usage: &job.Usage{CostMicroUSD: 1e12 + 1}}),
		"another kind":          lines(begun(), asked(1), recording.Line{Kind: "other", ID: 1}),
	} {
		if _, err := recording.Parse(file); err == nil || !strings.Contains(err.Error(), "line") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := recording.Parse(whole); err != nil {
		t.Error(err)
	}
}

func TestManifest(t *testing.T) {
	good := recording.Manifest{Version: 1, Commit: strings.Repeat("a1", 20), Agents: []recording.Agent{{Name: "claude", Services: []recording.Service{{Name: "anthropic"}}}}}
	read := func(change func(*recording.Manifest)) error {
		m := good
		m.Agents = []recording.Agent{{Name: "claude", Services: []recording.Service{{Name: "anthropic"}}}}
		change(&m)
		data, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := recording.ParseManifest(data)
		if err == nil && (got.Agent("claude") == nil || got.Agent("codex") != nil) {
			t.Error("its agents are not found")
		}
		return err
	}
	if err := read(func(*recording.Manifest) {}); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*recording.Manifest){
		"a later format":  func(m *recording.Manifest) { m.Version = 2 },
		"a short commit":  func(m *recording.Manifest) { m.Commit = "abc" },
		"a shell command": func(m *recording.Manifest) { m.Commit = "$(touch x)" + m.Commit },
		"a path":          func(m *recording.Manifest) { m.Agents[0].Services[0].Name = "../x" },
		"no name":         func(m *recording.Manifest) { m.Agents[0].Services[0].Name = "" },
		"a long name":     func(m *recording.Manifest) { m.Agents[0].Services[0].Name = strings.Repeat("a", 41) },
	} {
		if read(change) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := recording.ParseManifest([]byte("{")); err == nil {
		t.Error("what is no JSON is accepted")
	}
	if got := recording.File("task", 3); got != "task.3.jsonl" {
		t.Error(got)
	}
}

// call makes a request of a dialect with items of conversation.
func call(d wire.Dialect, extra string, items ...string) recording.Call {
	key := map[wire.Dialect]string{wire.Messages: "messages", wire.Chat: "messages", wire.Responses: "input", wire.Gemini: "contents"}[d]
	body := fmt.Sprintf(`{"model":"m"%s,%q:[%s]}`, extra, key, strings.Join(items, ","))
	return recording.Call{Method: "POST", Path: "/x", Call: wire.Call{Dialect: d, Costs: true}, Model: "m", Body: []byte(body)}
}

// What passes makes no other request, and what is asked does.
func TestWhole(t *testing.T) {
	names := recording.Names{Worktree: "/w/1", Home: "/home/kim", Session: "0b9c-22"}
	same := func(a, b string) bool {
		other := recording.Names{Worktree: "/srv/w/22", Home: "/home/lee", Session: "ffff-31"}
		x := recording.Describe(call(wire.Messages, "", `{"role":"user","content":"`+a+`"}`), names)
		y := recording.Describe(call(wire.Messages, "", `{"role":"user","content":"`+b+`"}`), other)
		if (x.Whole == y.Whole) != (x.Turns == y.Turns) {
			t.Errorf("%q and %q: whole and turns disagree", a, b)
		}
		return x.Whole == y.Whole
	}
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"in /w/1/a.go", "in /srv/w/22/a.go", true},
		{"at 2026-11-28T10:00", "at 2027-01-02T11:33", true},
		{"session 0b9c-22", "session ffff-31", true},
		{"took 0.123s", "took 4s", false}, // another number of words
		{"took 0.123s", "took 1.5s", true},
		{"port 40123", "port 51000", true},
		{"read /w/1/a.go", "read /srv/w/22/b.go", false},
		{"in /w/10", "in /srv/w/22", false},
		{"in /home/kim/x", "in /home/lee/x", true},
		{"first", "second", false},
	} {
		if same(c.a, c.b) != c.want {
			t.Errorf("%q and %q", c.a, c.b)
		}
	}
	one := recording.Describe(call(wire.Messages, `,"metadata":{"user_id":"abc"}`, `{"role":"user","content":"x"}`), names)
	two := recording.Describe(call(wire.Messages, `,"metadata":{"user_id":"def"}`, `{"role":"user","content":"x"}`), names)
	three := recording.Describe(call(wire.Messages, `,"system":"be brief"`, `{"role":"user","content":"x"}`), names)
	if one.Whole != two.Whole || one.Whole == three.Whole || one.Turns != three.Turns {
		t.Errorf("%+v %+v %+v", one, two, three)
	}
	list := recording.Describe(recording.Call{Method: "GET", Path: "/v1/models"}, names)
	if list.Turns != "" || list.Whole == "" {
		t.Errorf("%+v", list)
	}
	count := recording.Describe(recording.Call{Method: "POST", Path: "/v1/messages/count_tokens", Call: wire.Call{Dialect: wire.Messages}, Body: []byte(`{"messages":[]}`)}, names)
	if count.Turns != "" || count.Messages != 0 {
		t.Errorf("%+v", count)
	}
}

// TestSaid: in each dialect the answers of tools and the system's text may
// differ, and what the person and the model said may not.
func TestSaid(t *testing.T) {
	for d, c := range map[wire.Dialect]struct{ person, model, tool, other string }{
		wire.Messages: {
			`{"role":"user","content":"go"}`, `{"role":"assistant","content":[{"type":"tool_use","id":"t1"}]}`,
			`{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"%s"}]}`, `{"role":"assistant","content":"no"}`,
		},
		wire.Chat: {
			`{"role":"user","content":"go"}`, `{"role":"assistant","tool_calls":[{"id":"t1"}]}`,
			`{"role":"tool","content":"%s"}`, `{"role":"assistant","content":"no"}`,
		},
		wire.Responses: {
			`{"type":"message","role":"user","content":"go"}`, `{"type":"function_call","call_id":"t1"}`,
			`{"type":"function_call_output","output":"%s"}`, `{"type":"reasoning","summary":"no"}`,
		},
		wire.Gemini: {
			`{"role":"user","parts":[{"text":"go"}]}`, `{"role":"model","parts":[{"functionCall":{"name":"x"}}]}`,
			`{"role":"user","parts":[{"functionResponse":{"response":"%s"}}]}`, `{"role":"model","parts":[{"text":"no"}]}`,
		},
	} {
		describe := func(items ...string) recording.Ask {
			return recording.Describe(call(d, "", items...), recording.Names{})
		}
		a := describe(c.person, c.model, fmt.Sprintf(c.tool, "alpha"))
		b := describe(c.person, c.model, fmt.Sprintf(c.tool, "beta"))
		if a.Whole == b.Whole || a.Turns != b.Turns || a.Said != b.Said || a.Messages != 3 {
			t.Errorf("%s, another answer of a tool: %+v %+v", d, a, b)
		}
		if o := describe(c.person, c.other, fmt.Sprintf(c.tool, "alpha")); o.Said == a.Said || o.Turns == a.Turns {
			t.Errorf("%s, another answer of the model: %+v %+v", d, a, o)
		}
		if o := describe(strings.Replace(c.person, "go", "stay", 1), c.model, fmt.Sprintf(c.tool, "alpha")); o.Said != a.Said || o.Turns == a.Turns {
			t.Errorf("%s, another wish: %+v %+v", d, a, o)
		}
	}
	text := recording.Describe(recording.Call{Method: "POST", Call: wire.Call{Dialect: wire.Responses, Costs: true}, Body: []byte(`{"input":"hello"}`)}, recording.Names{})
	if text.Messages != 1 || text.Turns == text.Said {
		t.Errorf("a text alone: %+v", text)
	}
}

func TestTools(t *testing.T) {
	for d, tools := range map[wire.Dialect][3]string{
		wire.Messages:  {`[{"name":"Read"},{"name":"Bash"}]`, `[{"name":"Read","description":"x"},{"name":"Bash"}]`, `[{"name":"Read"},{"name":"Edit"}]`},
		wire.Chat:      {`[{"type":"function","function":{"name":"a"}},{"type":"function","function":{"name":"b"}}]`, `[{"type":"function","function":{"name":"a","description":"x"}},{"type":"function","function":{"name":"b"}}]`, `[{"type":"function","function":{"name":"a"}},{"type":"function","function":{"name":"c"}}]`},
		wire.Responses: {`[{"type":"function","name":"a"},{"type":"web_search"}]`, `[{"type":"function","name":"a","strict":true},{"type":"web_search"}]`, `[{"type":"function","name":"a"},{"type":"image"}]`},
		wire.Gemini:    {`[{"functionDeclarations":[{"name":"a"},{"name":"b"}]}]`, `[{"functionDeclarations":[{"name":"a"}]},{"functionDeclarations":[{"name":"b"}]}]`, `[{"functionDeclarations":[{"name":"a"},{"name":"c"}]}]`},
	} {
		var got [3]recording.Ask
		for i, text := range tools {
			got[i] = recording.Describe(call(d, `,"tools":`+text), recording.Names{})
		}
		if got[0].Offered != 2 || got[0].Tools != got[1].Tools || got[0].Tools == got[2].Tools {
			t.Errorf("%s: %+v", d, got)
		}
	}
}

package turns_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"muster/internal/adapter/agent/turns"
	"muster/internal/core/job"
)

// story is what a program prints, a line after the other, with the turns that
// have begun and those that are over after it, as "begun/ended".
type story [][2]string

func TestTurnsAsTheyComeAndGo(t *testing.T) {
	const (
		claudeSays  = `{"type":"assistant","message":{"id":"m1","content":[{"type":"text"}]}}`
		claudeCalls = `{"type":"assistant","message":{"id":"m1","content":[{"type":"tool_use","id":"a"},{"type":"tool_use","id":"b"}]}}`
		claudeOther = `{"type":"assistant","parent_tool_use_id":"b","message":{"id":"m2","content":[{"type":"tool_use","id":"c"}]}}`
		claudeLast  = `{"type":"assistant","message":{"id":"m3","content":[{"type":"text"}]}}`
	)
	back := func(id string) string {
		return fmt.Sprintf(`{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":%q}]}}`, id)
	}
	item := func(when, kind, id string) string {
		return fmt.Sprintf(`{"type":"item.%s","item":{"type":%q,"id":%q}}`, when, kind, id)
	}
	for name, c := range map[string]struct {
		driver string
		story  story
	}{
		"a turn is over when all its tools have ended, those of a subagent before": {"claude", story{
			{`{"type":"system","subtype":"init"}`, "0/0"},
			{claudeSays, "1/0"},
			{claudeCalls, "1/0"},
			{back("a"), "1/0"},
			{claudeOther, "2/1"},
			{back("c"), "2/1"},
			{back("b"), "2/2"},
			{claudeLast, "3/2"},
			{`{"type":"result","num_turns":2}`, "3/3"},
		}},
		"an answer that goes on after a tool is the same one":   {"claude", story{{claudeCalls, "1/0"}, {back("a"), "1/0"}, {back("b"), "1/1"}, {claudeSays, "1/0"}}},
		"what the program says counts where no answer was seen": {"claude", story{{`{"type":"result","num_turns":2}`, "2/2"}}},
		"where one was seen it does not":                        {"claude", story{{claudeSays, "1/0"}, {`{"type":"result","num_turns":7}`, "1/1"}}},
		"a number that is none":                                 {"claude", story{{`{"type":"result","num_turns":-3}`, "0/0"}, {`{"type":"result","num_turns":"x"}`, "0/0"}, {`{"type":"result","num_turns":1e99}`, "1000000000/1000000000"}}},
		"each line has an id of its own": {"qwen", story{
			{`{"type":"assistant","message":{"id":"1","content":[{"type":"text"}]}}`, "1/0"},
			{`{"type":"assistant","message":{"id":"2","content":[{"type":"tool_use","id":"a"}]}}`, "1/0"},
			{back("x"), "1/0"},
			{back("a"), "1/1"},
			{`{"type":"assistant","message":{"id":"3","content":[]}}`, "2/1"},
		}},
		"codex: a text, then tools side by side": {"codex", story{
			{`{"type":"turn.started"}`, "0/0"},
			{item("completed", "reasoning", "0"), "1/0"},
			{item("completed", "agent_message", "1"), "1/0"},
			{item("started", "command_execution", "2"), "1/0"},
			{item("started", "command_execution", "3"), "1/0"},
			{item("completed", "command_execution", "2"), "1/0"},
			{item("completed", "agent_message", "9"), "1/0"},
			{item("completed", "command_execution", "3"), "1/1"},
			{item("completed", "error", "4"), "1/1"},
			{item("updated", "todo_list", "5"), "1/1"},
			{item("completed", "file_change", "6"), "2/2"},
			{item("completed", "agent_message", "7"), "3/2"},
			{item("completed", "agent_message", "8"), "4/3"},
			{`{"type":"turn.completed"}`, "4/4"},
		}},
		"codex: a turn that fails": {"codex", story{{item("started", "todo_list", "1"), "1/0"}, {`{"type":"turn.failed"}`, "1/1"}}},
		"gemini": {"gemini", story{
			{`{"type":"message","role":"user"}`, "0/0"},
			{`{"type":"message","role":"assistant"}`, "1/0"},
			{`{"type":"message","role":"assistant"}`, "1/0"},
			{`{"type":"tool_use","tool_id":"a"}`, "1/0"},
			{`{"type":"tool_use","tool_id":"b"}`, "1/0"},
			{`{"type":"tool_result","tool_id":"a"}`, "1/0"},
			{`{"type":"tool_result","tool_id":"b"}`, "1/1"},
			{`{"type":"tool_use","tool_id":"c"}`, "2/1"},
			{`{"type":"result"}`, "2/2"},
		}},
		"copilot: a turn without an answer is none": {"copilot", story{
			{`{"type":"assistant.turn_start"}`, "0/0"},
			{`{"type":"assistant.turn_end"}`, "0/0"},
			{`{"type":"assistant.turn_start"}`, "0/0"},
			{`{"type":"tool.execution_start"}`, "1/0"},
			{`{"type":"tool.execution_complete"}`, "1/0"},
			{`{"type":"assistant.turn_end"}`, "1/1"},
			{`{"type":"assistant.message"}`, "2/1"},
			{`{"type":"result"}`, "2/2"},
		}},
		"opencode: a step without an answer is none": {"opencode", story{
			{`{"type":"step_start"}`, "0/0"},
			{`{"type":"step_start"}`, "0/0"},
			{`{"type":"text"}`, "1/0"},
			{`{"type":"tool_use"}`, "1/0"},
			{`{"type":"step_finish"}`, "1/1"},
			{`{"type":"step_finish"}`, "2/2"},
		}},
		"a program says when a turn begins": {"command", story{
			{`{"muster":"event","kind":"text","text":"x"}`, "0/0"},
			{`{"muster":"event","kind":"turn"}`, "1/0"},
			{`{"muster":"event","kind":"turn"}`, "2/1"},
			{`{"kind":"turn"}`, "2/1"},
			{`{"muster":"outcome","kind":"done","usage":{"turns":9}}`, "2/2"},
		}},
		"or how many there were":  {"command", story{{`{"muster":"outcome","kind":"done","usage":{"turns":9}}`, "9/9"}}},
		"no driver that is known": {"", story{{claudeSays, "0/0"}}},
		"no JSON":                 {"claude", story{{"", "0/0"}, {"\xff{", "0/0"}, {"[1]", "0/0"}, {`{"type":"assistant","message":"text"}`, "1/0"}}},
	} {
		counter := turns.New(c.driver)
		for i, step := range c.story {
			counter.Line([]byte(step[0]))
			if got := fmt.Sprintf("%d/%d", counter.Begun(), counter.Ended()); got != step[1] {
				t.Errorf("%s: after line %d, %s: %s turns, want %s", name, i+1, step[0], got, step[1])
			}
		}
	}
}

// Of an attempt whose turns nobody counted, or of which some may be missing, it
// is said that they are not known.
func TestUnknownIsNeverNone(t *testing.T) {
	exited := job.Exit{State: job.Exited}
	told := []string{`{"muster":"event","kind":"turn"}`}
	for _, c := range []struct {
		name, driver string
		lines        []string
		exit         job.Exit
		capped       bool
		n            int64
		isUnknown    bool
	}{
		{"a program that tells", "claude", nil, exited, false, 0, false},
		{"one that was killed", "claude", []string{`{"type":"assistant","message":{"id":"m"}}`}, job.Exit{State: job.Signaled}, false, 1, false},
		{"part of what it printed is dropped", "claude", nil, exited, true, 0, true},
		{"nobody watched over it", "claude", nil, job.Exit{State: job.Lost}, false, 0, true},
		{"it was not started", "command", nil, job.Exit{State: job.NotStarted}, true, 0, false},
		{"a program of one's own", "command", nil, exited, false, 0, true},
		{"one that tells of each", "command", told, exited, false, 1, false},
		{"one that tells at its end", "command", []string{`{"muster":"outcome","kind":"done","usage":{"turns":4}}`}, exited, false, 4, false},
		{"one that says none", "command", []string{`{"muster":"outcome","kind":"done","usage":{"turns":0}}`}, exited, false, 0, true},
		{"an agent by ACP", "acp", []string{`{"muster":"outcome","kind":"done"}`}, exited, false, 0, true},
		{"a script", "script", nil, exited, false, 0, false},
		{"no such driver", "x", told, exited, false, 0, true},
	} {
		counter := turns.New(c.driver)
		for _, l := range c.lines {
			counter.Line([]byte(l))
		}
		if n, isUnknown := counter.Taken(c.exit, c.capped); n != c.n || isUnknown != c.isUnknown {
			t.Errorf("%s: %d turns, unknown %v; want %d, %v", c.name, n, isUnknown, c.n, c.isUnknown)
		}
	}
}

// Memory is bounded: beyond so many ids only what is known is told apart.
func TestManyAnswersAndTools(t *testing.T) {
	counter := turns.New("claude")
	for i := range 20_000 {
		counter.Line(fmt.Appendf(nil, `{"type":"assistant","message":{"id":"%d","content":[{"type":"tool_use","id":"%d"}]}}`, i, i))
	}
	if counter.Begun() != 20_000 || counter.Ended() != 19_999 {
		t.Errorf("%d turns, %d over", counter.Begun(), counter.Ended())
	}
}

func TestWatch(t *testing.T) {
	const turn, other = `{"muster":"event","kind":"turn"}` + "\n", `{"muster":"event","kind":"text"}` + "\n"
	for _, c := range []struct {
		name  string
		parts []string // as they come
		limit int64    // of turns that are over
		seen  string
		read  int // parts
		fails error
	}{
		{"full when a turn is over", []string{turn, other, turn, turn, turn}, 1, "1/0 2/1", 3, nil},
		{"never full", []string{turn, turn}, 9, "1/0 2/1", 2, nil},
		{"all at once", []string{turn + turn + turn, turn}, 1, "3/2", 1, nil},
		{"it cannot be read", []string{turn}, 9, "1/0", 1, errors.New("broken")},
		{"nothing", nil, 0, "", 0, nil},
	} {
		r := &parts{left: c.parts, end: c.fails}
		var seen []string
		err := turns.Watch("command", r, func(begun, ended int64) bool {
			seen = append(seen, fmt.Sprintf("%d/%d", begun, ended))
			return ended >= c.limit
		})
		if got := strings.Join(seen, " "); got != c.seen || r.read != c.read || !errors.Is(err, c.fails) {
			t.Errorf("%s: saw %q of %d parts, %v; want %q of %d, %v", c.name, got, r.read, err, c.seen, c.read, c.fails)
		}
	}
}

// parts is a reader that gives a part at a time.
type parts struct {
	left []string
	read int
	end  error
}

func (p *parts) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		if p.end != nil {
			return 0, p.end
		}
		return 0, io.EOF
	}
	n := copy(b, p.left[0])
	p.left, p.read = p.left[1:], p.read+1
	return n, nil
}

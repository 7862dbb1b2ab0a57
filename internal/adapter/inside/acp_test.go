package inside_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/adapter/agent"
	"muster/internal/adapter/inside"
	"muster/internal/core/job"
)

// speakACP plays an agent: each line of the script is "METHOD: JSON", said
// when Muster has sent a request of that method; several lines of one method
// are said one after the other, a line "METHOD? JSON" only after Muster has
// answered the one before. ID stands for the id of the request.
func speakACP(script string) {
	if len(os.Args) == 3 && os.Args[1] == "export" {
		fmt.Println(os.Getenv("TEST_AS_ACP_EXPORT"))
		return
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var m struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
		}
		if json.Unmarshal(in.Bytes(), &m) != nil || m.Method == "" {
			continue
		}
		for line := range strings.SplitSeq(script, "\n") {
			if text, ok := strings.CutPrefix(line, m.Method+": "); ok {
				fmt.Println(strings.ReplaceAll(text, "ID", string(m.ID)))
			}
			if text, ok := strings.CutPrefix(line, m.Method+"? "); ok && in.Scan() {
				fmt.Println(strings.ReplaceAll(strings.ReplaceAll(text, "ID", string(m.ID)), "ANSWER", strings.ReplaceAll(in.Text(), `"`, "'")))
			}
			if line == m.Method+"! leave" {
				os.Exit(3)
			}
		}
	}
}

// talks plays the agent against inside.ACP and gives what the driver makes of
// it.
func talks(t *testing.T, session, script string) (job.Outcome, []job.AgentEvent, int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return talksTo(t, self, session, script)
}

// talksTo is talks with a name of the agent's program.
func talksTo(t *testing.T, self, session, script string) (job.Outcome, []job.AgentEvent, int) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TEST_AS_ACP_AGENT", strings.ReplaceAll(script, "/tree", dir))
	var stdout, stderr bytes.Buffer
	env := func(name string) string { return map[string]string{"MUSTER_SESSION": session}[name] }
	code := inside.ACP([]string{self}, inside.Streams{In: strings.NewReader("Do it."), Out: &stdout, Err: &stderr}, env, dir)
	a := job.Attempt{Op: "o", Dir: dir, Scratch: "/s", Session: session, Agent: job.Agent{Driver: "acp", Command: []string{self}}}
	out, err := agent.Set{}.Outcome(a, job.Exit{State: job.Exited, Code: code}, bytes.NewReader(stdout.Bytes()), &stderr)
	if err != nil {
		t.Fatal(err)
	}
	var events []job.AgentEvent
	agent.Set{}.Follow(a, &stdout, func(e job.AgentEvent) { events = append(events, e) })
	return out, events, code
}

const acpHello = `initialize: {"jsonrpc":"2.0","id":ID,"result":{"protocolVersion":1,"agentInfo":{"name":"x"},"agentCapabilities":{"loadSession":true}}}
session/new: {"id":ID,"result":{"sessionId":"s1"}}
session/load: {"method":"session/update","params":{"update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"said before"}}}}
session/load: {"id":ID,"result":null}
`

func said(text string) string {
	return `session/prompt: {"method":"session/update","params":{"update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"` + text + `"}}}}` + "\n"
}

func asks(id int, call string) string {
	return fmt.Sprintf(`session/prompt: {"id":%d,"method":"session/request_permission","params":{"toolCall":%s,"options":[`+
		`{"optionId":"always","kind":"allow_always"},{"optionId":"yes","kind":"allow_once"},{"optionId":"no","kind":"reject_once"}]}}`+"\n", id, call) +
		`session/prompt? {"method":"session/update","params":{"update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"ANSWER "}}}}` + "\n"
}

const acpEnd = `session/prompt: {"id":ID,"result":{"stopReason":"end_turn","usage":{"inputTokens":10,"outputTokens":4,"cachedReadTokens":3,"totalTokens":14}}}`

func TestACPOutcomes(t *testing.T) {
	for _, c := range []struct {
		name, session, script string
		kind                  job.OutcomeKind
		message, left         string // of the outcome, and the session that is left
	}{
		{"done", "", acpHello + said("all ") + said("done") + acpEnd, job.Done, "all done", "s1"},
		{"gone on with", "s0", acpHello + said("more") + acpEnd, job.Done, "more", "s0"},
		{
			"gone on with, and what was said before is told late", "s0",
			acpHello + `session/load: {"method":"session/update","params":{"update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"said late"}}}}` + "\n" + said("more") + acpEnd,
			job.Done, "more", "s0",
		},
		{"a loaded session of an agent that leaves", "s0", acpHello + "session/load! leave\n", job.Crashed, "then the agent was gone", "s0"},
		{"an error that looks like an end", "", acpHello + said("Error: Authentication failed (HTTP 401).") + acpEnd, job.Auth, "HTTP 401", "s1"},
		{
			"an end that Codex calls an error elsewhere", "",
			acpHello + `session/prompt: {"method":"session/update","params":{"update":{"sessionUpdate":"session_info_update","_meta":{"codex":{"threadStatus":{"type":"systemError"}}}}}}` + "\n" + said("high demand") + acpEnd,
			job.Provider, "high demand", "s1",
		},
		{"an error with a status", "", acpHello + `session/prompt: {"id":ID,"error":{"code":429,"message":"no"}}`, job.Quota, "no", "s1"},
		{"not logged in", "", `initialize: {"id":ID,"result":{}}` + "\n" + `session/new: {"id":ID,"error":{"code":-32000,"message":"Authentication required"}}`, job.Auth, "Authentication required", ""},
		{"an error with details", "", acpHello + `session/prompt: {"id":ID,"error":{"code":-32603,"message":"Internal error","data":{"details":"overloaded"}}}`, job.Provider, "overloaded", "s1"},
		{"an unknown session", "s9", strings.Replace(acpHello, `{"id":ID,"result":null}`, `{"id":ID,"error":{"code":-32602,"message":"no"}}`, 1), job.Crashed, "no conversation found", ""},
		{"no sessions", "s9", `initialize: {"id":ID,"result":{}}`, job.Crashed, "cannot go on", ""},
		{
			"a refusal, and not a word after it", "", acpHello +
				`session/prompt: {"id":5,"method":"session/request_permission","params":{"toolCall":{"toolCallId":"1","kind":"edit","locations":[{"path":"/etc/a"}]},"options":[]}}` + "\n" + acpEnd,
			job.Crashed, "gave up after a refusal", "s1",
		},
		{"an error with a status in words", "", acpHello + `session/prompt: {"id":ID,"error":{"code":-32603,"message":"Internal error","data":{"details":"401 no"}}}`, job.Auth, "401", "s1"},
		{"a limit", "", acpHello + `session/prompt: {"id":ID,"result":{"stopReason":"max_turn_requests"}}`, job.Limit, "max_turn_requests", "s1"},
		{"refused", "", acpHello + `session/prompt: {"id":ID,"result":{"stopReason":"refusal"}}`, job.Refused, "", "s1"},
		{"interrupted", "", acpHello + `session/prompt: {"id":ID,"result":{"stopReason":"cancelled"}}`, job.Crashed, "interrupted", "s1"},
		{"a new reason", "", acpHello + `session/prompt: {"id":ID,"result":{"stopReason":"tired"}}`, job.Provider, "tired", "s1"},
		{"it leaves", "", acpHello + "session/prompt! leave", job.Crashed, "session/prompt was not answered", "s1"},
		{
			"junk and questions", "", acpHello + "session/prompt: {broken\nsession/prompt: [1]\n" +
				`session/prompt: {"id":7,"method":"fs/read_text_file","params":{}}` + "\n" +
				`session/prompt? {"method":"session/update","params":{"update":{"sessionUpdate":"agent_message_chunk","content":{"text":"ANSWER"}}}}` + "\n" + acpEnd,
			job.Done, "'code':-32601", "s1",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, events, _ := talks(t, c.session, c.script)
			if out.Kind != c.kind || !strings.Contains(out.Message, c.message) || out.Session != c.left {
				t.Errorf("outcome %s %q with session %q, want %s %q %q", out.Kind, out.Message, out.Session, c.kind, c.message, c.left)
			}
			for _, e := range events {
				if strings.Contains(e.Text, "said before") || strings.Contains(e.Text, "said late") {
					t.Error("what was said before is told again")
				}
			}
		})
	}
}

// TestACPWhy: OpenCode is asked for the status that a session failed with, and
// no other program is.
func TestACPWhy(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	fails := func(session, data string) string {
		return strings.ReplaceAll(acpHello, `"s1"`, `"`+session+`"`) +
			`session/prompt: {"id":ID,"error":{"code":-32603,"message":"no","data":` + data + `}}`
	}
	for _, c := range []struct {
		name, program, session, data, export string
		want                                 job.OutcomeKind
	}{
		{"a status", "opencode", "ses_1", `{"errorName":"APIError"}`, `{"messages":[{},{"info":{"error":{"data":{"statusCode":401}}}}]}`, job.Auth},
		{"another status", "opencode", "ses_1", `{"errorName":"APIError"}`, `{"messages":[{"info":{"error":{"data":{"statusCode":400}}}}]}`, job.Refused},
		{"of an earlier message", "opencode", "ses_1", `{"errorName":"APIError"}`, `{"messages":[{"info":{"error":{"data":{"statusCode":401}}}},{"info":{}}]}`, job.Provider},
		{"no session", "opencode", "ses_1", `{"errorName":"APIError"}`, "broken", job.Provider},
		{"an option as a session", "opencode", "--help", `{"errorName":"APIError"}`, `{"messages":[{"info":{"error":{"data":{"statusCode":401}}}}]}`, job.Provider},
		{"an error of its own", "opencode", "ses_1", `{"errorName":"UnknownError"}`, `{"messages":[{"info":{"error":{"data":{"statusCode":401}}}}]}`, job.Provider},
		{"another program", "other", "ses_1", `{"errorName":"APIError"}`, `{"messages":[{"info":{"error":{"data":{"statusCode":401}}}}]}`, job.Provider},
	} {
		t.Run(c.name, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), c.program)
			if err := os.Symlink(self, program); err != nil {
				t.Fatal(err)
			}
			t.Setenv("TEST_AS_ACP_EXPORT", c.export)
			if out, _, _ := talksTo(t, program, "", fails(c.session, c.data)); out.Kind != c.want {
				t.Errorf("outcome %s %q, want %s", out.Kind, out.Message, c.want)
			}
		})
	}
}

func TestACPPermissions(t *testing.T) {
	for _, c := range []struct {
		name, call, answer string
	}{
		{"an edit", `{"toolCallId":"1","kind":"edit","locations":[{"path":"/tree/a.go"}]}`, "yes"},
		{"an edit outside", `{"toolCallId":"1","kind":"edit","locations":[{"path":"/etc/a"}]}`, "no"},
		{"a way out", `{"toolCallId":"1","kind":"edit","content":[{"type":"diff","path":"/tree/../x"}]}`, "no"},
		{"one of two outside", `{"toolCallId":"1","kind":"move","locations":[{"path":"a"},{"path":"../b"}]}`, "no"},
		{"a command", `{"toolCallId":"1","kind":"execute","rawInput":{"command":"go test ./..."}}`, "yes"},
		{"a commit", `{"toolCallId":"1","kind":"execute","rawInput":{"command":"git add . && git -c a=b commit -m x"}}`, "no"},
		{"a commit as a list", `{"toolCallId":"1","kind":"execute","rawInput":{"command":["git","push"]}}`, "no"},
		{"a commit as a title", `{"toolCallId":"1","kind":"execute","title":"git commit"}`, "no"},
		{"a command that speaks of commits", `{"toolCallId":"1","kind":"execute","title":"git log; echo commit"}`, "yes"},
		{"reading elsewhere", `{"toolCallId":"1","kind":"read","locations":[{"path":"/etc/a"}]}`, "yes"},
		{"nothing known", `{}`, "yes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, events, _ := talks(t, "", acpHello+asks(5, c.call)+acpEnd)
			if out.Kind != job.Done || !strings.Contains(out.Message, "'optionId':'"+c.answer+"'") {
				t.Errorf("outcome %s %q, want the answer %s", out.Kind, out.Message, c.answer)
			}
			if len(out.Denied) != map[string]int{"yes": 0, "no": 1}[c.answer] {
				t.Errorf("denied %q, events %+v", out.Denied, events)
			}
		})
	}
}

// TestACPEvents: a tool is told of once, its edits when they are done, and
// usage is brought to one form.
func TestACPEvents(t *testing.T) {
	update := func(u string) string {
		return `session/prompt: {"method":"session/update","params":{"update":` + u + "}}\n"
	}
	out, events, code := talks(t, "", acpHello+said("Writing.")+
		update(`{"sessionUpdate":"tool_call","toolCallId":"1","title":"write","kind":"edit","status":"pending","locations":[],"rawInput":{}}`)+
		update(`{"sessionUpdate":"tool_call_update","toolCallId":"1","status":"in_progress","locations":[{"path":"/tree/a.go"}]}`)+
		update(`{"sessionUpdate":"tool_call_update","toolCallId":"1","status":"completed","content":[{"type":"content"}]}`)+
		update(`{"sessionUpdate":"tool_call_update","toolCallId":"2","kind":"edit","status":"failed","locations":[{"path":"/tree/b.go"}]}`)+
		update(`{"sessionUpdate":"tool_call_update","toolCallId":"3","kind":"execute","status":"failed","rawInput":{"command":"x"},"content":[{"type":"content","content":{"type":"text","text":"Tool execution denied by policy."}}]}`)+
		update(`{"sessionUpdate":"made-up","used":0.5}`)+said("Done.")+acpEnd)
	var told []string
	for _, e := range events {
		told = append(told, string(e.Kind)+" "+e.Path+e.Text)
	}
	want := "started |text Writing.|tool a.go|edit a.go|tool b.go|tool x|denied Tool execution denied by policy.|text Done.|ended Done."
	if got := strings.Join(told, "|"); got != want {
		t.Errorf("events %s\nwant   %s", got, want)
	}
	if u := (job.Usage{Input: 7, CacheRead: 3, Output: 4, CostUnknown: true, TurnsUnknown: true}); out.Usage != u || code != 0 {
		t.Errorf("usage %+v, code %d, want %+v", out.Usage, code, u)
	}
}

func TestACPWithoutAProgram(t *testing.T) {
	for _, args := range [][]string{nil, {"/none/such"}} {
		var stderr bytes.Buffer
		std := inside.Streams{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &stderr}
		if code := inside.ACP(args, std, os.Getenv, t.TempDir()); code != 127 || stderr.Len() == 0 {
			t.Errorf("%q: code %d, %q", args, code, stderr.String())
		}
	}
}

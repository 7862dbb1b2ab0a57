package fakemodel_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"muster/internal/adapter/agent/fakemodel"
)

func start(t *testing.T, scenarios map[string][]fakemodel.Step) *fakemodel.Server {
	t.Helper()
	s, err := fakemodel.Start(fakemodel.Script{Default: "default", Scenarios: scenarios})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func post(t *testing.T, s *fakemodel.Server, path, body string) (int, string) {
	t.Helper()
	resp, err := http.Post(s.URL+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, string(b) + " [" + err.Error() + "]"
	}
	return resp.StatusCode, string(b)
}

// dialects asks the same in each dialect: the prompt, then turns of calls and
// their results, with one tool for shell commands.
func dialects() map[string]func(prompt string, turns int, stream string) (path, body string) {
	return map[string]func(string, int, string) (string, string){
		"anthropic": func(prompt string, turns int, stream string) (string, string) {
			more := strings.Repeat(`,{"role":"assistant","content":[{"type":"tool_use"},{"type":"tool_use"}]},{"role":"user","content":[{"type":"tool_result","text":"[[scenario:other]]"}]}`, turns)
			return "/v1/messages", `{"model":"m","stream":` + stream + `,"tools":[{"name":"Bash","input_schema":{"properties":{"command":{}}}}],` +
				`"messages":[{"role":"user","content":"` + prompt + `"}` + more + `]}`
		},
		"responses": func(prompt string, turns int, stream string) (string, string) {
			more := strings.Repeat(`,{"type":"function_call"},{"type":"custom_tool_call"},{"type":"function_call_output"}`, turns)
			return "/v1/responses", `{"model":"m","stream":` + stream + `,"tools":[{"type":"function","name":"exec_command","parameters":{"properties":{"cmd":{}}}}],` +
				`"input":[{"type":"message","role":"user","content":[{"text":"` + prompt + `"}]}` + more + `]}`
		},
		"chat": func(prompt string, turns int, stream string) (string, string) {
			more := strings.Repeat(`,{"role":"assistant","tool_calls":[{},{}]},{"role":"tool","content":"done"}`, turns)
			return "/v1/chat/completions", `{"model":"m","stream":` + stream + `,"tools":[{"type":"function","function":{"name":"shell","parameters":{"properties":{"command":{}}}}}],` +
				`"messages":[{"role":"user","content":"` + prompt + `"}` + more + `]}`
		},
	}
}

func TestStepsInAllDialects(t *testing.T) {
	s := start(t, map[string][]fakemodel.Step{
		"run": {{Text: "first", Do: []fakemodel.Op{{Kind: fakemodel.Shell, Command: "echo hi"}}}, {Text: "second"}},
	})
	for name, ask := range dialects() {
		for _, stream := range []string{"true", "false"} {
			for turns, want := range []string{"echo hi", "second", "The script has ended."} {
				path, body := ask("[[scenario:run]] go", turns, stream)
				status, got := post(t, s, path, body)
				if status != http.StatusOK || !strings.Contains(joined(got), want) {
					t.Errorf("%s, stream %s, step %d: %d %s; want %q", name, stream, turns, status, got, want)
				}
			}
			path, body := ask("no tag", 0, stream)
			if _, got := post(t, s, path, body); !strings.Contains(joined(got), "default") {
				t.Errorf("%s: without a tag: %s", name, got)
			}
		}
	}
	last := s.Requests()
	if r := last[len(last)-1]; r.Model != "m" || len(r.Tools) != 1 || r.Answer != "text" || r.Method != "POST" {
		t.Errorf("request %+v", r)
	}
}

// joined puts the deltas of a stream together; other bodies stay as they are.
func joined(body string) string {
	var all strings.Builder
	lines := bufio.NewScanner(strings.NewReader(body))
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var v any
		if json.Unmarshal([]byte(data), &v) == nil {
			collect(v, &all)
		}
	}
	return body + all.String()
}

func collect(v any, all *strings.Builder) {
	switch x := v.(type) {
	case []any:
		for _, y := range x {
			collect(y, all)
		}
	case map[string]any:
		for _, key := range []string{"delta", "choices", "tool_calls", "function"} {
			collect(x[key], all)
		}
		for _, key := range []string{"text", "partial_json", "content", "arguments", "delta"} {
			if s, ok := x[key].(string); ok {
				all.WriteString(s)
			}
		}
	}
}

// A cue counts like a tag: what was named last, in the newest message that
// names anything.
func TestCues(t *testing.T) {
	s, err := fakemodel.Start(fakemodel.Script{
		Cues: []fakemodel.Cue{{Text: "not right", Scenario: "mend"}, {Text: "interrupted", Scenario: "go-on"}},
		Scenarios: map[string][]fakemodel.Step{
			"work": {{Text: "working"}}, "mend": {{Text: "mending"}}, "go-on": {{Text: "going on"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for messages, want := range map[string]string{
		"[[scenario:work]] go":                             "working",
		"[[scenario:work]] go|your change is not right":    "mending",
		"[[scenario:work]] go, you were interrupted":       "going on",
		"you were interrupted [[scenario:work]]":           "working",
		"it is not right|[[scenario:work]] go":             "working",
		"[[scenario:work]] go|not right|interrupted, then": "going on",
	} {
		_, body := dialects()["anthropic"](strings.ReplaceAll(messages, "|", `"},{"role":"user","content":"`), 0, "false")
		if _, got := post(t, s, "/v1/messages", body); !strings.Contains(got, want) {
			t.Errorf("%q: %s; want %q", messages, got, want)
		}
	}
}

func TestFailures(t *testing.T) {
	for name, ask := range dialects() {
		s := start(t, map[string][]fakemodel.Step{
			"fail":  {{Fail: &fakemodel.Failure{Status: 401}}},
			"twice": {{Fail: &fakemodel.Failure{Status: 500, Times: 2, RetryAfter: "1"}, Text: "recovered"}},
			"cut":   {{Text: "a text that is long enough to be cut in two", Cut: true}},
		})
		path, body := ask("[[scenario:fail]]", 0, "true")
		if status, got := post(t, s, path, body); status != 401 || !strings.Contains(got, "authentication_error") {
			t.Errorf("%s: %d %s", name, status, got)
		}
		path, body = ask("[[scenario:twice]]", 0, "false")
		for i, want := range []int{500, 500, 200, 200} {
			if status, got := post(t, s, path, body); status != want {
				t.Errorf("%s: request %d: %d %s, want %d", name, i, status, got, want)
			}
		}
		path, body = ask("[[scenario:cut]]", 0, "true")
		if _, got := post(t, s, path, body); !strings.Contains(got, "a text that") || !strings.Contains(got, "[") {
			t.Errorf("%s: the answer was not cut: %s", name, got)
		}
	}
}

func TestSideRequestsMoveNothing(t *testing.T) {
	s := start(t, map[string][]fakemodel.Step{"run": {{Text: "first"}}})
	for body, want := range map[string]string{
		`{"messages":[{"role":"user","content":"[[scenario:run]] title?"}]}`:                                                   "on the side",
		`{"tools":[{"name":"x"}],"output_config":{"format":{"schema":{"properties":{"title":{}}}}},"messages":[]}`:             `{\"title\":\"Scripted\"}`,
		`{"output_config":{"format":{"schema":{"type":"object","properties":{"ok":{"type":"boolean"}}}}},"messages":[]}`:       `{\"ok\":false}`,
		`{"tools":[{"name":"x"}],"messages":[{"role":"user","content":"[[scenario:run]]"},{"role":"user","content":"again"}]}`: "first",
	} {
		if _, got := post(t, s, "/v1/messages", body); !strings.Contains(got, want) {
			t.Errorf("%s: %s; want %s", body, got, want)
		}
	}
	if status, _ := post(t, s, "/v1/elsewhere", "{}"); status != http.StatusNotFound {
		t.Errorf("unknown endpoint: %d", status)
	}
}

func TestHangEndsWithTheServer(t *testing.T) {
	s := start(t, map[string][]fakemodel.Step{"hang": {{Hang: true}}})
	path, body := dialects()["anthropic"]("[[scenario:hang]]", 0, "true")
	ended := make(chan error, 1)
	go func() {
		resp, err := http.Post(s.URL+path, "application/json", strings.NewReader(body))
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		ended <- err
	}()
	if _, err := s.Wait(t.Context(), func(r fakemodel.Request) bool { return r.Answer == "hang" }); err != nil {
		t.Fatal(err)
	}
	s.Close()
	<-ended
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Wait(gone, func(fakemodel.Request) bool { return false }); err == nil {
		t.Error("waiting did not end with its context")
	}
}

func TestOpsFindTheirTool(t *testing.T) {
	s := start(t, map[string][]fakemodel.Step{
		"write": {{Do: []fakemodel.Op{{Kind: fakemodel.Write, Path: "f", Text: "x\n"}}}},
		"edit":  {{Do: []fakemodel.Op{{Kind: fakemodel.Edit, Path: "f", Old: "x", Text: "y"}}}},
		"read":  {{Do: []fakemodel.Op{{Kind: fakemodel.Read, Path: "f"}}}},
	})
	const edit = `{"type":"function","name":"Edit","parameters":{"required":["file_path","all"],"properties":{"file_path":{},"old_string":{},"new_string":{},"all":{"type":"boolean"}}}}`
	const patch, exec = `{"type":"custom","name":"apply_patch"}`, `{"type":"custom","name":"exec"}`
	const shell = `{"type":"namespace","name":"ns","tools":[{"type":"function","name":"shell","parameters":{"properties":{"command":{}}}}]}`
	for _, c := range []struct{ scenario, tools, want string }{
		{"edit", edit, `"arguments":"{\"all\":false,\"file_path\":\"/w/f\",\"new_string\":\"y\",\"old_string\":\"x\"}"`},
		{"edit", `{"type":"function","name":"edit","parameters":{"properties":{"filePath":{},"oldString":{},"newString":{}}}}`, `"arguments":"{\"filePath\":\"/w/f\",\"newString\":\"y\",\"oldString\":\"x\"}"`},
		{"edit", patch, `*** Update File: f\n@@\n-x\n+y\n*** End Patch`},
		{"write", patch, `*** Add File: f\n+x\n*** End Patch`},
		{"write", exec, `tools.apply_patch(`},
		{"read", exec, `tools.exec_command({\"cmd\":\"cat f\"})`},
		{"read", shell, `"namespace":"ns"`},
		{"write", shell, `cat \u003e f \u003c\u003c'END_OF_FILE'`},
		{"edit", shell, `"output":[]`}, // no way to do it
	} {
		body := `{"tools":[` + c.tools + `],"input":"<cwd>/w</cwd> [[scenario:` + c.scenario + `]]"}`
		if _, got := post(t, s, "/v1/responses", body); !strings.Contains(strings.ReplaceAll(got, `\\u003`, `\u003`), c.want) {
			t.Errorf("%s with %s: %s; want %s", c.scenario, c.tools, got, c.want)
		}
	}
}

// TestGemini: the dialect names the model and the stream in the path, and says
// errors in its own way.
func TestGemini(t *testing.T) {
	s := start(t, map[string][]fakemodel.Step{
		"run":  {{Text: "first", Do: []fakemodel.Op{{Kind: fakemodel.Write, Path: "f", Text: "x\n"}}}, {Text: "second"}},
		"fail": {{Fail: &fakemodel.Failure{Status: 429}}},
	})
	const tools = `"tools":[{"functionDeclarations":[{"name":"write_file","parametersJsonSchema":{"properties":{"file_path":{},"content":{}}}}]}]`
	user := func(text string) string { return `{"role":"user","parts":[{"text":"` + text + `"}]}` }
	const called = `,{"role":"model","parts":[{"functionCall":{"name":"write_file"}}]},{"role":"user","parts":[{"functionResponse":{}}]}`
	for _, c := range []struct {
		path, body string
		status     int
		want       string
	}{
		{"/v1beta/models/m:streamGenerateContent?alt=sse", `{` + tools + `,"contents":[` + user("[[scenario:run]]") + `]}`, 200, `"name":"write_file"`},
		{"/v1beta/models/m:generateContent", `{` + tools + `,"contents":[` + user("[[scenario:run]]") + called + `]}`, 200, `"text":"second"`},
		{"/v1beta/models/m:streamGenerateContent", `{` + tools + `,"contents":[` + user("[[scenario:fail]]") + `]}`, 429, `"status":"RESOURCE_EXHAUSTED"`},
		{"/v1beta/models/m:countTokens", `{}`, 200, `"totalTokens"`},
		{"/v1beta/models/m:other", `{}`, 404, "no such endpoint"},
	} {
		if status, got := post(t, s, c.path, c.body); status != c.status || !strings.Contains(got, c.want) {
			t.Errorf("%s: %d %s, want %d %s", c.path, status, got, c.status, c.want)
		}
	}
	if r := s.Requests()[0]; r.Model != "m" || r.Scenario != "run" {
		t.Errorf("request %+v", r)
	}
}

package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"muster/internal/adapter/gateway"
	"muster/internal/core/recording"
)

const (
	oldTree = "/home/kim/state/worktrees/7"
	newTree = "/srv/other/w/\"12\""
)

func recorded(dir string, mode gateway.Mode, tree, op string) func(*gateway.Door) {
	return func(d *gateway.Door) {
		d.Recording = &gateway.Recording{Mode: mode, Dir: dir, File: "task.1.jsonl", Names: recording.Names{
			Worktree: tree, Scratch: filepath.Dir(tree) + "/scratch", Home: "/home/" + op, Session: "session-" + op, Op: op,
		}}
		if mode == gateway.Replay {
			d.Secrets = nil
			for name := range d.Providers {
				d.Providers[name] = gateway.Provider{Vendor: name}
			}
		}
	}
}

// events gives a stream of one dialect that writes to a file of the worktree,
// with the text in many pieces.
func events(path string) string {
	args, _ := json.Marshal(map[string]string{"path": oldTree + "/a.go"})
	var b strings.Builder
	send := func(kind string, v any) {
		data, _ := json.Marshal(v)
		if kind != "" {
			fmt.Fprintf(&b, "event: %s\n", kind)
		}
		fmt.Fprintf(&b, "data: %s\n\n", data)
	}
	type o = map[string]any
	for _, text := range []string{string(args), "see " + oldTree + "/b.go and " + realKey} {
		isArgs := strings.HasPrefix(text, "{")
		for i := 0; i < len(text); i += 5 {
			piece := text[i:min(i+5, len(text))]
			switch {
			case strings.HasSuffix(path, "/messages"):
				if isArgs {
					send("content_block_delta", o{"type": "content_block_delta", "index": 1, "delta": o{"type": "input_json_delta", "partial_json": piece}})
				} else {
					send("content_block_delta", o{"type": "content_block_delta", "index": 0, "delta": o{"type": "text_delta", "text": piece}})
				}
			case strings.HasSuffix(path, "/chat/completions"):
				delta := o{"content": piece}
				if isArgs {
					delta = o{"tool_calls": []any{o{"index": 0, "function": o{"arguments": piece}}}}
				}
				send("", o{"id": "c", "choices": []any{o{"index": 0, "delta": delta}}, "usage": nil})
			case strings.HasSuffix(path, "/responses"):
				kind := "response.output_text.delta"
				if isArgs {
					kind = "response.function_call_arguments.delta"
				}
				send(kind, o{"type": kind, "item_id": kind, "output_index": 0, "delta": piece})
			default:
				part := o{"text": piece}
				if isArgs {
					part = o{"functionCall": o{"name": "write", "args": o{"path": oldTree + "/a.go"}}}
					i = len(text)
				}
				send("", o{"candidates": []any{o{"content": o{"parts": []any{part}}}}})
			}
		}
	}
	switch {
	case strings.HasSuffix(path, "/messages"):
		send("message_delta", o{"type": "message_delta", "usage": o{"input_tokens": 10, "output_tokens": 5}})
		send("message_stop", o{"type": "message_stop"})
	case strings.HasSuffix(path, "/chat/completions"):
		send("", o{"id": "c", "choices": []any{}, "usage": o{"prompt_tokens": 10, "completion_tokens": 5}})
		b.WriteString("data: [DONE]\n\n")
	case strings.HasSuffix(path, "/responses"):
		send("response.completed", o{"type": "response.completed", "response": o{
			"output": []any{o{"type": "function_call", "arguments": string(args)}}, "usage": o{"input_tokens": 10, "output_tokens": 5},
		}})
	default:
		send("", o{"candidates": []any{o{"finishReason": "STOP"}}, "usageMetadata": o{"promptTokenCount": 10, "candidatesTokenCount": 5}})
	}
	return b.String()
}

// joined puts the pieces of a stream together, tool arguments and texts apart.
func joined(t *testing.T, stream string) (args, text string) {
	t.Helper()
	for line := range strings.Lines(stream) {
		data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: ")
		if !ok || data == "[DONE]" {
			continue
		}
		var v struct {
			Type    string
			Delta   json.RawMessage
			Choices []struct {
				Delta struct {
					Content string
					Tools   []struct{ Function struct{ Arguments string } } `json:"tool_calls"`
				}
			}
			Candidates []struct {
				Content struct {
					Parts []struct {
						Text string
						Call *struct{ Args json.RawMessage } `json:"functionCall"`
					}
				}
			}
		}
		if err := json.Unmarshal([]byte(data), &v); err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		var block struct {
			Text string
			JSON string `json:"partial_json"`
		}
		var piece string
		_, _ = json.Unmarshal(v.Delta, &block), json.Unmarshal(v.Delta, &piece)
		args, text = args+block.JSON, text+block.Text
		if strings.Contains(v.Type, "arguments") {
			args += piece
		} else {
			text += piece
		}
		for _, c := range v.Choices {
			text += c.Delta.Content
			for _, tool := range c.Delta.Tools {
				args += tool.Function.Arguments
			}
		}
		for _, c := range v.Candidates {
			for _, p := range c.Content.Parts {
				text += p.Text
				if p.Call != nil {
					args += string(p.Call.Args)
				}
			}
		}
	}
	return args, text
}

// question is a request whose conversation has n messages.
func question(path, said string, n int) string {
	text := said + " at 2026-11-28 in " + oldTree
	q, _ := json.Marshal(text)
	key, role := "messages", "assistant"
	switch {
	case path == responses:
		key = "input"
	case strings.HasPrefix(path, "/model/gemini"):
		key, role = "contents", "model"
	}
	items := []string{fmt.Sprintf(`{"role":"user","content":%s}`, q)}
	for i := range n - 1 {
		items = append(items, fmt.Sprintf(`{"role":%q,"content":"turn %c of %s"}`, role, 'a'+i, said))
	}
	return fmt.Sprintf(`{"model":"fake-model","stream":true,%q:[%s]}`, key, strings.Join(items, ","))
}

// TestReplay records each dialect, and plays it again for an attempt with
// other names, without a key and without a service.
func TestReplay(t *testing.T) {
	var asked atomic.Int64
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		asked.Add(1)
		if r.Method == http.MethodGet {
			w.Header().Set("X-Organization", "acme")
			_, _ = io.WriteString(w, `{"data":[{"id":"fake-model"}]}`)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, events(r.URL.Path))
	}))
	h := newHouse(t)
	dir := t.TempDir()
	h.open("old", service.URL, recorded(dir, gateway.Record, oldTree, "old"))
	paths := []string{messages, chat, responses, geminiSSE}
	old := map[string]said{}
	c := h.through("old")
	for _, path := range paths {
		old[path] = ask(c, http.MethodPost, path, question(path, "first", 1))
		if old[path].status != 200 || old[path].err != nil {
			t.Fatalf("%s: %+v", path, old[path])
		}
	}
	list := ask(c, http.MethodGet, "/model/openai/models", "")
	paid := h.shut("old")
	if paid.Requests != 4 || paid.Replayed != nil {
		t.Errorf("recorded: %+v", paid)
	}
	before := asked.Load()
	service.Close()

	file, err := os.ReadFile(filepath.Join(dir, "task.1.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{realKey, dummyKey, "2026-11-28", "acme"} {
		if strings.Contains(string(file), secret) {
			t.Errorf("the recording holds %q", secret)
		}
	}
	parsed, err := recording.Parse(file)
	if err != nil || len(parsed.Exchanges) != 5 {
		t.Fatalf("%d exchanges: %v", len(parsed.Exchanges), err)
	}
	for _, x := range parsed.Exchanges {
		if _, text := joined(t, string(x.Body)); strings.Contains(text, realKey) || x.Turns != "" && !strings.Contains(text, "[key]") {
			t.Errorf("the recorded answer of %s says %q", x.Path, text)
		}
	}

	h.open("new", "", recorded(dir, gateway.Replay, newTree, "new"))
	c = h.through("new")
	for range 2 { // a list of models can be had again
		if got := ask(c, http.MethodGet, "/model/openai/models", ""); got.status != 200 || got.body != list.body {
			t.Errorf("models: %+v", got)
		}
	}
	for _, path := range paths {
		got := ask(c, http.MethodPost, path, strings.ReplaceAll(question(path, "first", 1), oldTree, `/srv/other/w/\"12\"`))
		args, text := joined(t, got.body)
		var in struct{ Path string }
		if err := json.Unmarshal([]byte(args), &in); err != nil || in.Path != newTree+"/a.go" || text != "see "+newTree+"/b.go and [key]" {
			t.Errorf("%s: status %d, %q %q %v", path, got.status, args, text, err)
		}
		if strings.Contains(got.body, oldTree) {
			t.Errorf("%s: the recorded folder is still in\n%s", path, got.body)
		}
	}
	again := ask(c, http.MethodPost, messages, question(messages, "first", 1))
	if again.status != 400 || !strings.Contains(again.body, "the recording has no answer to this request") || !strings.Contains(again.body, `"type":"error"`) {
		t.Errorf("a fifth request: %+v", again)
	}
	s := h.shut("new")
	if asked.Load() != before || s.Usage.Tokens() != 0 || s.Requests != 0 || s.Replayed == nil {
		t.Fatalf("spent %+v, asked %d times more", s, asked.Load()-before)
	}
	if s.Replayed.Usage != paid.Usage || s.Replayed.Requests != 4 || !strings.Contains(s.Replayed.Missing, "no answer") {
		t.Errorf("replayed %+v, recorded %+v", s.Replayed, paid)
	}
	if spent, err := h.client.Spent(h.ctx(), "run/r"); err != nil || spent.All.Usage != paid.Usage {
		t.Errorf("the scope has spent %+v %v", spent, err)
	}
}

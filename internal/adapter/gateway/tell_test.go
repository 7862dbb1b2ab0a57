package gateway_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"muster/internal/adapter/agent/fakemodel"
	"muster/internal/adapter/gateway"
	"muster/internal/core/meter"
	"muster/internal/core/otlp"
)

// heard keeps what is told.
type heard struct {
	mu  sync.Mutex
	all []otlp.Request
}

func (h *heard) tell(vars map[string]string) func(otlp.Request) {
	if vars["OTEL_X"] == "" {
		return nil
	}
	return func(r otlp.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.all = append(h.all, r)
	}
}

func (h *heard) requests() []otlp.Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]otlp.Request(nil), h.all...)
}

func telling(d *gateway.Door) { d.Telemetry = map[string]string{"OTEL_X": "hidden"} }

// Each request that is sent to a model is told once, with what came of it, in
// every dialect, streamed or not.
func TestTells(t *testing.T) {
	var got heard
	h, m := newHouseWith(t, gateway.Options{Tell: got.tell}), model(t)
	claude, others := fixed()
	for i, c := range []struct {
		path, body, vendor string
		out                int64
	}{
		{messages, `{"model":"fake-model","max_tokens":64,"messages":[]}`, "anthropic", claude.Output},
		{messages, `{"model":"fake-model","max_tokens":64,"stream":true,"messages":[]}`, "anthropic", claude.Output},
		{chat, `{"model":"fake-model","stream":true,"messages":[]}`, "openai", others.Output},
		{responses, `{"model":"fake-model","input":"secret words"}`, "openai", others.Output},
		{responses, `{"model":"fake-model","stream":true,"input":"x"}`, "openai", others.Output},
		{gemini, `{"contents":[]}`, "gemini", others.Output},
		{geminiSSE, `{"contents":[]}`, "gemini", others.Output},
	} {
		name := "run.task." + string(rune('1'+i))
		h.open(name, m.URL, telling)
		if a := ask(h.through(name), "POST", c.path, c.body); a.status != 200 {
			t.Fatalf("%+v", a)
		}
		booked := h.shut(name)
		all := got.requests()
		if len(all) != i+1 {
			t.Fatalf("%s: %d were told", c.path, len(all))
		}
		r := all[i]
		if r.Attempt != name || r.Vendor != c.vendor || r.Model != "fake-model" || r.Usage.Output != c.out || r.Usage.CostMicroUSD != booked.Usage.CostMicroUSD || r.Guess || r.Failed != "" ||
			r.Gemini != (c.vendor == "gemini") || r.BeginUS <= 0 || r.EndUS < r.BeginUS || !strings.HasPrefix(r.Base, m.URL) {
			t.Errorf("%s: %+v", c.path, r)
		}
		if !strings.Contains(r.Answers, "fake-model") {
			t.Errorf("%s: %q answered", c.path, r.Answers)
		}
		text, err := json.Marshal(r)
		if err != nil || strings.Contains(string(text), "secret") || strings.Contains(string(text), realKey) {
			t.Errorf("%s %v", text, err)
		}
	}
	// It is not kept with the door: some of it may be a key.
	for _, name := range []string{"door.json", "closed.json"} {
		if data, err := os.ReadFile(filepath.Join(h.dir, "doors", "run.task.1", name)); err == nil && strings.Contains(string(data), "hidden") {
			t.Errorf("%s: %s", name, data)
		}
	}
}

// What goes wrong is told as what it is; what is not sent to a model, or at a
// door without telemetry, is not told.
func TestTellsWhatGoesWrong(t *testing.T) {
	var got heard
	h := newHouseWith(t, gateway.Options{Tell: got.tell})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "messages") {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Length", "5000")
		_, _ = w.Write([]byte(`{"model":"x"`))
	}))
	defer s.Close()
	const body = `{"model":"fake-model","max_tokens":9,"messages":[]}`
	h.open("a", s.URL, telling)
	ask(h.through("a"), "POST", messages, body)
	ask(h.through("a"), "POST", chat, body)
	ask(h.through("a"), "GET", "/model/openai/models", "")
	h.shut("a")
	h.open("b", "http://127.0.0.1:1", telling)
	ask(h.through("b"), "POST", messages, body)
	h.shut("b")
	h.open("c", s.URL, func(d *gateway.Door) { telling(d); d.Scopes[0].Limit = meter.Amount{Tokens: 1} })
	ask(h.through("c"), "POST", messages, body)
	h.shut("c")
	h.open("d", s.URL, nil)
	ask(h.through("d"), "POST", messages, body)
	h.shut("d")
	var failed []string
	for _, r := range got.requests() {
		failed = append(failed, r.Attempt+" "+r.Failed)
	}
	if want := "a 500, a cut, b unreachable"; strings.Join(failed, ", ") != want {
		t.Errorf("told %q, want %q", failed, want)
	}
	if r := got.requests()[1]; !r.Guess || r.Usage.Tokens() == 0 || r.Usage.Tokens() == fakemodel.OutputTokens {
		t.Errorf("of an answer that was cut: %+v", r)
	}
}

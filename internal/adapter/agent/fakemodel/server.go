package fakemodel

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Server is a running model service.
type Server struct {
	URL string // http://127.0.0.1:PORT; the OpenAI dialects are below /v1

	script Script
	http   *http.Server
	leave  context.CancelFunc
	served chan struct{} // closed when Serve has returned
	nonce  int64         // makes ids of tool calls unique across servers

	mu       sync.Mutex
	requests []Request
	changed  chan struct{}  // closed and replaced when requests change
	failures map[string]int // "scenario/step" -> how often it failed or hung
}

// Start serves the script on a free port of the loopback address until Close.
func Start(script Script) (*Server, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for model requests: %w", err)
	}
	ctx, leave := context.WithCancel(context.Background())
	s := &Server{
		URL: "http://" + l.Addr().String(), script: script, leave: leave, served: make(chan struct{}),
		nonce: time.Now().UnixNano(), changed: make(chan struct{}), failures: map[string]int{},
	}
	s.http = &http.Server{Handler: s, BaseContext: func(net.Listener) context.Context { return ctx }}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(l) // always ends with an error: the one of Close
	}()
	return s, nil
}

// Close ends the service and every request that still hangs.
func (s *Server) Close() {
	s.leave()
	_ = s.http.Close() // the listener is gone either way
	<-s.served
}

// Requests gives the requests so far, in order of arrival. A request shows
// its answer once that is decided.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Wait blocks until a request matches, and gives it; it fails when ctx ends.
func (s *Server) Wait(ctx context.Context, match func(Request) bool) (Request, error) {
	for {
		s.mu.Lock()
		changed := s.changed
		i := slices.IndexFunc(s.requests, match)
		if i >= 0 {
			defer s.mu.Unlock()
			return s.requests[i], nil
		}
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return Request{}, fmt.Errorf("wait for a model request: %w", ctx.Err())
		}
	}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client left
	}
	n := s.note(Request{Method: r.Method, Path: r.URL.RequestURI(), Auth: credentials(r.Header), Body: string(body)})
	d := dialectOf(r)
	switch {
	case strings.HasSuffix(r.URL.Path, "/count_tokens"):
		writeJSON(w, http.StatusOK, object{"input_tokens": InputTokens})
		return
	case strings.HasSuffix(r.URL.Path, ":countTokens"):
		writeJSON(w, http.StatusOK, object{"totalTokens": InputTokens})
		return
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/models"):
		writeJSON(w, http.StatusOK, object{"object": "list", "data": []any{object{"id": "fake-model", "object": "model"}}})
		return
	case d == nil:
		s.answered(n, "not found")
		writeJSON(w, http.StatusNotFound, object{"error": object{"type": "not_found_error", "message": "no such endpoint"}})
		return
	}
	a := d.parse(decode(body))
	a.dialect, a.cwd = d, workingDir(string(body))
	a.locate(s.script.Cues)
	s.describe(n, a)
	s.reply(w, r, n, a)
}

func (s *Server) reply(w http.ResponseWriter, r *http.Request, n int, a *ask) {
	step := s.stepFor(a)
	if f := step.Fail; f != nil && s.again(a, f.Times) {
		s.answered(n, fmt.Sprintf("error %d", f.Status))
		if f.RetryAfter != "" {
			w.Header().Set("Retry-After", f.RetryAfter)
		}
		writeFailure(w, a.dialect, f)
		return
	}
	if step.Hang && s.again(a, step.Times) {
		s.answered(n, "hang")
		<-r.Context().Done()
		return
	}
	rep := &reply{w: w, ask: a, text: step.Text, id: fmt.Sprintf("fake%x_%d", s.nonce, n), isCut: step.Cut}
	did := []string{}
	if step.Text != "" {
		did = append(did, "text")
	}
	for _, o := range step.Do {
		c, ok := resolve(a, o)
		if !ok {
			did = append(did, "no tool for "+string(o.Kind))
			continue
		}
		rep.calls = append(rep.calls, c)
		did = append(did, "call "+c.tool.name)
	}
	s.answered(n, strings.Join(did, ", "))
	a.dialect.write(rep)
}

// stepFor gives the answer to a request.
func (s *Server) stepFor(a *ask) Step {
	if side, ok := sideAnswer(a.schema); ok {
		return Step{Text: side}
	}
	steps, isKnown := s.script.Scenarios[a.scenario]
	if len(a.tools) == 0 { // a title, a summary, or a plain question
		switch {
		case a.schema != nil:
			return Step{Text: encode(sample(a.schema))}
		case isKnown && len(steps) > 0 && steps[0].Fail != nil:
			return steps[0]
		}
		return Step{Text: "A scripted answer on the side."}
	}
	if !isKnown {
		return Step{Text: s.script.Default}
	}
	if a.step >= len(steps) {
		return Step{Text: "The script has ended."}
	}
	return steps[a.step]
}

// sideAnswer recognises by their schema the requests that offer tools and yet
// are no part of the work: titles, and Codex's reviewer of permissions.
func sideAnswer(schema object) (string, bool) {
	properties := fields(schema["properties"])
	if _, ok := properties["title"]; ok && len(properties) == 1 {
		return `{"title":"Scripted"}`, true
	}
	_, hasOutcome := properties["outcome"]
	_, hasRisk := properties["risk_level"]
	if hasOutcome && hasRisk {
		return `{"outcome":"allow","risk_level":"low","user_authorization":"high","rationale":"scripted"}`, true
	}
	return "", false
}

// again counts how often a step went wrong, and says whether it is to do so
// once more; 0 times means always.
func (s *Server) again(a *ask, times int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := fmt.Sprintf("%s/%d", a.scenario, a.step)
	s.failures[key]++
	return times == 0 || s.failures[key] <= times
}

func (s *Server) note(r Request) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
	return len(s.requests) - 1
}

func (s *Server) describe(n int, a *ask) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &s.requests[n]
	r.Model, r.Scenario, r.Step = a.model, a.scenario, a.step
	for _, t := range a.tools {
		r.Tools = append(r.Tools, t.name)
	}
}

func (s *Server) answered(n int, how string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[n].Answer = how
	close(s.changed)
	s.changed = make(chan struct{})
}

func credentials(h http.Header) string {
	return strings.TrimSpace(h.Get("X-Api-Key") + " " + h.Get("X-Goog-Api-Key") + " " + h.Get("Authorization"))
}

package fakemodel

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// dialect is one wire format.
type dialect interface {
	parse(body object) *ask
	write(r *reply)
	failure(kind, message string) object
}

func dialectOf(r *http.Request) dialect {
	if r.Method != http.MethodPost {
		return nil
	}
	if d, ok := geminiOf(r.URL.Path); ok {
		return d
	}
	switch p := r.URL.Path; {
	case strings.HasSuffix(p, "/messages"):
		return anthropic{}
	case strings.HasSuffix(p, "/responses"):
		return responses{}
	case strings.HasSuffix(p, "/chat/completions"):
		return chat{}
	}
	return nil
}

// reply is one answer under way.
type reply struct {
	w     http.ResponseWriter
	ask   *ask
	text  string
	calls []call
	id    string
	isCut bool
	seq   int
}

// begin opens a stream of events.
func (r *reply) begin() {
	r.w.Header().Set("Content-Type", "text/event-stream")
	r.w.WriteHeader(http.StatusOK)
}

// send writes one event of the stream. A client that left is noticed by the
// server, not here.
func (r *reply) send(event string, v any) {
	if event != "" {
		_, _ = fmt.Fprintf(r.w, "event: %s\n", event)
	}
	_, _ = fmt.Fprintf(r.w, "data: %s\n\n", encode(v))
	_ = http.NewResponseController(r.w).Flush()
}

// maybeCut drops the connection when the step asks for it; the dialects call
// it in the middle of an answer.
func (r *reply) maybeCut() {
	if r.isCut {
		panic(http.ErrAbortHandler)
	}
}

// halves splits a text in two between characters, as a stream would.
func halves(s string) []string {
	if len(s) <= 12 {
		return []string{s}
	}
	h := len(s) / 2
	for h < len(s) && s[h]&0xC0 == 0x80 {
		h++
	}
	return []string{s[:h], s[h:]}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // fails only when the client left
}

func writeFailure(w http.ResponseWriter, d dialect, f *Failure) {
	message := f.Message
	if message == "" {
		message = fmt.Sprintf("scripted error %d", f.Status)
	}
	kind := "api_error"
	switch f.Status {
	case 400:
		kind = "invalid_request_error"
	case 401:
		kind = "authentication_error"
	case 429:
		kind = "rate_limit_error"
	case 529:
		kind = "overloaded_error"
	}
	writeJSON(w, f.Status, d.failure(kind, message))
}

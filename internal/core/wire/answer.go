package wire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"strings"
	"unicode"

	"muster/internal/core/job"
	"muster/internal/core/meter"
)

// Bounds of what is kept of an answer while it passes.
const (
	maxEvent = 16 << 20 // bytes of one event of a stream
	maxWhole = 64 << 20 // bytes of an answer that is no stream
)

// Reader reads an answer while it passes. It keeps no more of a stream than
// the event at hand.
type Reader struct {
	dialect  Dialect
	isStream bool
	buf      []byte
	line     int    // where in buf the line begins that is not complete
	data     []byte // of the event at hand
	isOver   bool   // part of the answer was too large to be read

	use      Use
	finished bool
}

// Use is what is known of what an answer consumed.
type Use struct {
	meter.Tokens
	Known bool   // the service has said what the whole answer consumed
	Model string // that answered, as the service names it; at most 100 bytes, empty where it does not
}

// NewReader reads an answer of a dialect.
func NewReader(d Dialect, isStream bool) *Reader { return &Reader{dialect: d, isStream: isStream} }

// Event is one event of a stream as it came, and what is to be done with it.
type Event struct {
	Raw     []byte // valid until the next call
	UseOnly bool   // Chat: it says nothing but the usage
}

// Write takes the next bytes. Of a stream it gives the events that are
// complete now.
func (r *Reader) Write(p []byte) []Event {
	if !r.isStream {
		if len(r.buf)+len(p) > maxWhole {
			r.isOver = true
			return nil
		}
		r.buf = append(r.buf, p...)
		return nil
	}
	r.buf = append(r.buf, p...)
	var events []Event
	for {
		n := r.eventEnd()
		if n == 0 {
			break
		}
		raw := r.buf[:n:n]
		r.buf, r.line = r.buf[n:], 0
		events = append(events, Event{raw, r.event(raw)})
	}
	if len(r.buf) > maxEvent {
		r.isOver = true
		events = append(events, Event{Raw: r.buf})
		r.buf, r.line = nil, 0
	}
	return events
}

// Rest gives the bytes of a stream that belong to no complete event.
func (r *Reader) Rest() []byte { return r.buf }

// End gives what the answer consumed, after its last byte.
func (r *Reader) End() Use {
	if r.isStream {
		if len(r.buf) > 0 { // some services leave out the last blank line
			r.event(r.buf)
			r.buf = nil
		}
	} else if !r.isOver {
		r.whole(r.buf)
	}
	u := r.use
	u.Known = r.finished && !r.isOver
	return u
}

// eventEnd gives the length of the first event, its blank line included, or 0.
func (r *Reader) eventEnd() int {
	for {
		i := bytes.IndexByte(r.buf[r.line:], '\n')
		if i < 0 {
			return 0
		}
		end := r.line + i + 1
		isBlank := len(bytes.TrimRight(r.buf[r.line:end], "\r\n")) == 0
		r.line = end
		if isBlank {
			return end
		}
	}
}

// event reads one event, and reports whether it says nothing but the usage.
func (r *Reader) event(raw []byte) (useOnly bool) {
	r.data = r.data[:0]
	for line := range bytes.Lines(raw) {
		line = bytes.TrimRight(line, "\r\n")
		if rest, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			r.data = append(r.data, bytes.TrimPrefix(rest, []byte(" "))...)
		}
	}
	for _, mark := range []string{`"usage`, `"message_stop"`, `"finishReason"`} { // most events have none of them
		if bytes.Contains(r.data, []byte(mark)) {
			return r.object(r.data)
		}
	}
	return false
}

// whole reads an answer that is no stream of events. Gemini streams a list
// where it is not asked for events.
func (r *Reader) whole(b []byte) {
	b = bytes.TrimSpace(b)
	if r.dialect == Gemini && bytes.HasPrefix(b, []byte("[")) {
		var list []json.RawMessage
		if json.Unmarshal(b, &list) != nil {
			return
		}
		for _, item := range list {
			r.object(item)
		}
		return
	}
	r.object(b)
}

// count is a number of tokens: between 0 and a million million, or 0.
type count int64

func (c *count) UnmarshalJSON(b []byte) error {
	var f float64
	if json.Unmarshal(b, &f) != nil || !(f > 0) {
		f = 0
	}
	*c = count(math.Round(min(f, 1e12)))
	return nil
}

// name is a name: a text in one line of at most 100 bytes, or "".
type name string

func (n *name) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) != nil || len(s) > 100 || strings.ContainsFunc(s, unicode.IsControl) {
		s = ""
	}
	*n = name(s)
	return nil
}

type openaiUse struct {
	Prompt     count `json:"prompt_tokens"`
	Completion count `json:"completion_tokens"`
	Input      count `json:"input_tokens"`
	Output     count `json:"output_tokens"`

	PromptDetails     cached  `json:"prompt_tokens_details"`
	InputDetails      cached  `json:"input_tokens_details"`
	CompletionDetails thought `json:"completion_tokens_details"`
	OutputDetails     thought `json:"output_tokens_details"`
}

type cached struct {
	Read  count `json:"cached_tokens"`
	Write count `json:"cache_write_tokens"`
}

type thought struct {
	Reasoning count `json:"reasoning_tokens"`
}

func (u openaiUse) tokens() meter.Tokens {
	read, write := int64(u.PromptDetails.Read+u.InputDetails.Read), int64(u.PromptDetails.Write+u.InputDetails.Write)
	return meter.Tokens{Usage: job.Usage{
		Input:     max(int64(u.Prompt+u.Input)-read-write, 0),
		CacheRead: read, CacheWrite: write, Output: int64(u.Completion + u.Output),
		Reasoning: int64(u.CompletionDetails.Reasoning + u.OutputDetails.Reasoning),
	}}
}

// claudeUse has pointers where later events of a stream may leave out what
// earlier ones said.
type claudeUse struct {
	Input      *count `json:"input_tokens"`
	CacheRead  *count `json:"cache_read_input_tokens"`
	CacheWrite *count `json:"cache_creation_input_tokens"`
	Output     *count `json:"output_tokens"`
	Creation   *struct {
		Hour count `json:"ephemeral_1h_input_tokens"`
	} `json:"cache_creation"`
}

type geminiUse struct {
	Prompt     count `json:"promptTokenCount"`
	Cached     count `json:"cachedContentTokenCount"`
	Candidates count `json:"candidatesTokenCount"`
	Thoughts   count `json:"thoughtsTokenCount"`
	Tools      count `json:"toolUsePromptTokenCount"`
}

// said is what an answer, or an event of one, may say.
type said struct {
	Type     string          `json:"type"`
	Usage    json.RawMessage `json:"usage"`
	Choices  json.RawMessage `json:"choices"`
	Metadata *geminiUse      `json:"usageMetadata"`
	Model    name            `json:"model"`
	Version  name            `json:"modelVersion"` // Gemini
	Message  struct {
		Usage json.RawMessage `json:"usage"`
		Model name            `json:"model"`
	} `json:"message"`
	Response struct {
		Usage    json.RawMessage `json:"usage"`
		Model    name            `json:"model"`
		Version  name            `json:"modelVersion"`
		Metadata *geminiUse      `json:"usageMetadata"`
	} `json:"response"`
	Candidates []struct {
		Finish string `json:"finishReason"`
	} `json:"candidates"`
}

// object reads an object of an answer.
func (r *Reader) object(b []byte) (useOnly bool) {
	var s said
	if json.Unmarshal(b, &s) != nil {
		return false
	}
	if model := cmp.Or(s.Model, s.Version, s.Message.Model, s.Response.Model, s.Response.Version); model != "" {
		r.use.Model = string(model)
	}
	switch r.dialect {
	case Messages:
		r.claude(s)
	case Chat:
		var u openaiUse
		if isObject(s.Usage) && json.Unmarshal(s.Usage, &u) == nil {
			r.use.Tokens, r.finished = u.tokens(), true
			return r.isStream && string(bytes.TrimSpace(s.Choices)) == "[]"
		}
	case Responses:
		usage := s.Response.Usage
		if !r.isStream {
			usage = s.Usage
		}
		var u openaiUse
		if isObject(usage) && json.Unmarshal(usage, &u) == nil {
			r.use.Tokens, r.finished = u.tokens(), true
		}
	case Gemini:
		r.gemini(s)
	}
	return false
}

func (r *Reader) claude(s said) {
	usage := s.Usage
	if s.Type == "message_start" {
		usage = s.Message.Usage
	}
	var u claudeUse
	if isObject(usage) && json.Unmarshal(usage, &u) == nil {
		for _, f := range []struct {
			from *count
			into *int64
		}{{u.Input, &r.use.Input}, {u.CacheRead, &r.use.CacheRead}, {u.CacheWrite, &r.use.CacheWrite}, {u.Output, &r.use.Output}} {
			if f.from != nil {
				*f.into = int64(*f.from)
			}
		}
		if u.Creation != nil {
			r.use.WriteHour = int64(u.Creation.Hour)
		}
	}
	if s.Type == "message_stop" || s.Type == "message" && isObject(s.Usage) || s.Type == "message_delta" && isObject(s.Usage) {
		r.finished = true
	}
}

func (r *Reader) gemini(s said) {
	if s.Metadata == nil {
		s.Metadata = s.Response.Metadata
	}
	if u := s.Metadata; u != nil {
		r.use.Tokens = meter.Tokens{Usage: job.Usage{
			Input: max(int64(u.Prompt+u.Tools-u.Cached), 0), CacheRead: int64(u.Cached),
			Output: int64(u.Candidates + u.Thoughts), Reasoning: int64(u.Thoughts),
		}}
	}
	for _, c := range s.Candidates {
		if c.Finish != "" && r.use.Input+r.use.CacheRead > 0 {
			r.finished = true
		}
	}
	if !r.isStream && len(s.Candidates) == 0 && s.Metadata != nil { // a prompt that was refused
		r.finished = true
	}
}

func isObject(b []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(b), []byte("{")) }

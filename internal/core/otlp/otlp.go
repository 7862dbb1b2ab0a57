// Package otlp writes what OpenTelemetry's collectors take in: spans and
// histograms, as OTLP/HTTP with JSON (version 1.9 of the specification), and
// what of them the conventions for generative AI name. It is pure: the moment,
// ids and settings arrive as data.
//
// Nothing here ever holds what a model is asked or answers.
package otlp

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
)

// SchemaURL names the conventions that names and attributes are of: version
// 1.41.0 of the semantic conventions, the last that holds those for generative
// AI. They have moved to a repository of their own since, which has published
// no version but of development.
const SchemaURL = "https://opentelemetry.io/schemas/1.41.0"

// TraceID tells a trace from all others. The zero value is none.
type TraceID [16]byte

// SpanID tells a span from the others of its trace. The zero value is none.
type SpanID [8]byte

// TraceOf gives the trace of a run: the run's id, where that is a UUID, so that
// every process finds the same without asking another, and a person who has one
// finds the other.
func TraceOf(run string) TraceID {
	var id TraceID
	if n, err := hex.Decode(id[:], []byte(strings.ReplaceAll(run, "-", ""))); err == nil && n == len(id) && len(run) == 36 && id != (TraceID{}) {
		return id
	}
	sum := sha256.Sum256([]byte("muster trace\x00" + run))
	copy(id[:], sum[:])
	return id
}

// SpanOf gives the span of what has a name of its own within a trace, such as
// the id of a run, RUN.TASK, or RUN.TASK.ATTEMPT.
func SpanOf(name string) SpanID {
	sum := sha256.Sum256([]byte("muster span\x00" + name))
	var id SpanID
	copy(id[:], sum[:])
	return id
}

// Kind is how a span relates to others, by the numbers of the protocol.
type Kind int

// The kinds in use.
const (
	Internal Kind = 1
	Client   Kind = 3
)

// Attr is an attribute. Exactly one of its values holds.
type Attr struct {
	Key string
	value
}

// value is a value as the protocol writes it.
type value struct {
	String *string  `json:"stringValue,omitempty"`
	Int    *string  `json:"intValue,omitempty"` // 64 bits are written as text
	Double *float64 `json:"doubleValue,omitempty"`
	Bool   *bool    `json:"boolValue,omitempty"`
}

// maxValue bounds the text of an attribute, in bytes: models are named by agents.
const maxValue = 256

// Text gives an attribute that is a text, cut off after 256 bytes.
func Text(key, v string) Attr {
	v = strings.ToValidUTF8(v[:min(len(v), maxValue)], "")
	return Attr{key, value{String: &v}}
}

// Whole gives an attribute that is a whole number.
func Whole(key string, v int64) Attr {
	s := strconv.FormatInt(v, 10)
	return Attr{key, value{Int: &s}}
}

// Number gives an attribute that is a number.
func Number(key string, v float64) Attr { return Attr{key, value{Double: &v}} }

// Is gives an attribute that holds or does not.
func Is(key string, v bool) Attr { return Attr{key, value{Bool: &v}} }

// MarshalJSON implements json.Marshaler.
func (a Attr) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Key   string `json:"key"`
		Value value  `json:"value"`
	}{a.Key, a.value})
}

// Span is something that took time.
type Span struct {
	Trace   TraceID
	ID      SpanID
	Parent  SpanID // the zero value: none
	Name    string
	Kind    Kind
	BeginUS int64 // microseconds since 1970
	EndUS   int64
	Attrs   []Attr
	Failed  bool // what went wrong stands in error.type
}

// Resource is who sends: the same for all that one process sends.
type Resource struct {
	Version string // of the program
	Attrs   []Attr
}

type (
	resourceJSON struct {
		Attributes []Attr `json:"attributes"`
	}
	scopeJSON struct {
		Name    string `json:"name"`
		Version string `json:"version,omitempty"`
	}
	spanJSON struct {
		TraceID    string     `json:"traceId"`
		SpanID     string     `json:"spanId"`
		ParentID   string     `json:"parentSpanId,omitempty"`
		Name       string     `json:"name"`
		Kind       Kind       `json:"kind"`
		Start      string     `json:"startTimeUnixNano"`
		End        string     `json:"endTimeUnixNano"`
		Attributes []Attr     `json:"attributes,omitempty"`
		Status     statusJSON `json:"status"`
	}
	statusJSON struct {
		Code int `json:"code,omitempty"` // 2: failed
	}
)

func (r Resource) json() resourceJSON { return resourceJSON{r.Attrs} }

func (r Resource) scope() scopeJSON { return scopeJSON{"muster", r.Version} }

// nanos writes a moment as the protocol does.
func nanos(us int64) string { return strconv.FormatInt(us, 10) + "000" }

// EncodeSpans gives the body of a request to the path /v1/traces.
func EncodeSpans(r Resource, spans []Span) []byte {
	out := make([]spanJSON, 0, len(spans))
	for _, s := range spans {
		j := spanJSON{
			TraceID: hex.EncodeToString(s.Trace[:]), SpanID: hex.EncodeToString(s.ID[:]), Name: s.Name, Kind: s.Kind,
			Start: nanos(s.BeginUS), End: nanos(max(s.EndUS, s.BeginUS)), Attributes: s.Attrs,
		}
		if s.Parent != (SpanID{}) {
			j.ParentID = hex.EncodeToString(s.Parent[:])
		}
		if s.Failed {
			j.Status.Code = 2
		}
		out = append(out, j)
	}
	return encode(map[string]any{"resourceSpans": []any{map[string]any{
		"resource":   r.json(),
		"scopeSpans": []any{map[string]any{"scope": r.scope(), "spans": out, "schemaUrl": SchemaURL}},
	}}})
}

func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and finite numbers can be encoded
	}
	return data
}

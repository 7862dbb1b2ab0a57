// Package recording is what a recording of a run holds: the requests that
// agents sent to their models, as digests, and the answers that they got, in
// full. It says which recorded answer belongs to a request (match.go), and puts
// the names of another attempt into an answer (rewrite.go). It is pure.
//
// A recording may be somebody else's file: whatever cannot be read is an error,
// everything is bounded, and no path that stands in it is ever opened.
package recording

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/wire"
)

// Version is the format that this program writes, and the only one it reads.
const Version = 1

// Bounds of a recording.
const (
	MaxManifest  = 1 << 20   // bytes
	MaxFile      = 256 << 20 // bytes of one attempt
	MaxExchanges = 50_000    // of one attempt
)

// maxCount bounds what one answer may say that it took: tokens, micro-dollars.
const maxCount = 1_000_000_000_000

// ManifestFile is the name of the manifest; each attempt has a file beside it.
const ManifestFile = "recording.json"

// File names the file of an attempt.
func File(task string, number int) string { return fmt.Sprintf("%s.%d.jsonl", task, number) }

// Manifest says what was recorded. It is written once, when the run starts.
type Manifest struct {
	Version int     `json:"version"`
	Name    string  `json:"name"`   // of the run
	Commit  string  `json:"commit"` // that the run began from
	Tree    string  `json:"tree"`   // of that commit
	Plan    string  `json:"plan"`   // digest of the plan, without its name and its target
	Config  string  `json:"config"` // digest of the configuration
	Agents  []Agent `json:"agents"` // that are recorded
}

// Agent is an agent whose requests are recorded.
type Agent struct {
	Name     string    `json:"name"`
	Driver   string    `json:"driver"`
	Version  string    `json:"version,omitempty"` // as its program says
	Services []Service `json:"services"`          // that it asks, in order
}

// Service is a service of models that an agent asks.
type Service struct {
	Name string `json:"name"` // below /model/
}

// ParseManifest reads a manifest.
func ParseManifest(data []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fault.Wrap(fault.Invalid, err, "read %s of the recording", ManifestFile)
	}
	if m.Version != Version {
		return m, fault.New(fault.Invalid, "read %s of the recording: it has the format %d, and this program reads format %d", ManifestFile, m.Version, Version)
	}
	if len(m.Commit) < 40 || strings.Trim(m.Commit, "0123456789abcdef") != "" {
		return m, fault.New(fault.Invalid, "read %s of the recording: %.40q is no commit", ManifestFile, m.Commit)
	}
	for _, a := range m.Agents {
		for _, s := range a.Services {
			if s.Name == "" || len(s.Name) > 40 || strings.Trim(s.Name, "abcdefghijklmnopqrstuvwxyz") != "" {
				return m, fault.New(fault.Invalid, "read %s of the recording: %.40q is no service", ManifestFile, s.Name)
			}
		}
	}
	return m, nil
}

// Agent finds an agent by its name; nil when its requests were not recorded.
func (m Manifest) Agent(name string) *Agent {
	for i := range m.Agents {
		if m.Agents[i].Name == name {
			return &m.Agents[i]
		}
	}
	return nil
}

// Line is one line of an attempt's file: JSON and a line feed. The first is
// of kind Begun. The lines of requests that run at once are mixed, and are told
// apart by ID.
type Line struct {
	Kind LineKind `json:"k"`
	ID   int      `json:"id,omitempty"` // of the exchange, from 1, in the order of the requests

	Version int    `json:"v,omitempty"`     // with Begun
	Names   *Names `json:"names,omitempty"` // with Begun

	Ask *Ask `json:"ask,omitempty"` // with Asked

	Status  int               `json:"status,omitempty"`  // with Headed
	Headers map[string]string `json:"headers,omitempty"` // with Headed: those of Headers

	Text string `json:"text,omitempty"` // with Part
	Data []byte `json:"data,omitempty"` // with Part, where it is no text

	Ending Ending     `json:"ending,omitempty"` // with Ended
	Usage  *job.Usage `json:"usage,omitempty"`  // with Ended: what the answer took, where it was paid for
	Limit  *Limit     `json:"limit,omitempty"`  // with Ended: a budget kept the request back

	Outcome job.OutcomeKind `json:"outcome,omitempty"` // with Closed
}

// LineKind says what a line tells.
type LineKind string

// The kinds of lines.
const (
	Begun  LineKind = "attempt" // of the file
	Asked  LineKind = "ask"     // a request
	Headed LineKind = "head"    // its answer begins
	Part   LineKind = "part"    // bytes of the answer
	Ended  LineKind = "end"
	Closed LineKind = "outcome" // how the attempt ended
)

// Ending says how an answer ended.
type Ending string

// How answers end. One without an end was cut.
const (
	Whole Ending = "whole"
	Cut   Ending = "cut"  // the service, or the gateway, broke off
	Left  Ending = "left" // the agent did not wait for the end
)

// Limit is a budget that kept a request back.
type Limit struct {
	Scope string `json:"scope"` // job.OfTask or job.OfRun
	Why   string `json:"why"`
}

// Headers are those of an answer that are recorded: the others may name an
// account.
func Headers() []string {
	return []string{"Content-Type", "Retry-After", "Retry-After-Ms", "X-Should-Retry"}
}

// PartLine gives a line that holds bytes of an answer.
func PartLine(id int, p []byte) Line {
	if utf8.Valid(p) {
		return Line{Kind: Part, ID: id, Text: string(p)}
	}
	return Line{Kind: Part, ID: id, Data: p}
}

// Bytes gives the line as it is written.
func (l Line) Bytes() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(l); err != nil {
		panic(err) // texts and numbers can be encoded
	}
	return b.Bytes()
}

// Exchange is a request and its answer.
type Exchange struct {
	Ask
	Status  int // 0: no answer came
	Headers map[string]string
	Body    []byte
	Ending  Ending
	Usage   job.Usage
	Limit   *Limit
}

// Form gives the form of the answer.
func (x Exchange) Form() Form { return FormOf(x.Headers["Content-Type"]) }

// Form says how an answer is written.
type Form int

// The forms.
const (
	OnePiece Form = iota
	Events        // a stream of events
)

// FormOf gives the form of an answer with this Content-Type.
func FormOf(contentType string) Form {
	if wire.IsEvents(contentType) {
		return Events
	}
	return OnePiece
}

// Attempt is what an attempt's file holds.
type Attempt struct {
	Names     Names
	Exchanges []Exchange // in the order of the requests
	Outcome   job.OutcomeKind
	Whole     int // bytes of the lines that are complete
}

// Parse reads an attempt's file. A last line that was not written to its end
// is left out, and an answer without an end is one that was cut.
func Parse(data []byte) (Attempt, error) {
	var a Attempt
	place := map[int]int{} // of an exchange, by id
	for n := 1; ; n++ {
		end := bytes.IndexByte(data[a.Whole:], '\n')
		if end < 0 {
			break
		}
		var l Line
		if err := json.Unmarshal(data[a.Whole:a.Whole+end], &l); err != nil {
			return a, fault.Wrap(fault.Invalid, err, "read line %d", n)
		}
		a.Whole += end + 1
		if (n == 1) != (l.Kind == Begun) {
			return a, fault.New(fault.Invalid, "read line %d: the first line, and no other, must be of kind %q", n, Begun)
		}
		if err := a.take(l, place); err != nil {
			return a, fault.Wrap(fault.Invalid, err, "read line %d", n)
		}
	}
	return a, nil
}

func (a *Attempt) take(l Line, place map[int]int) error {
	switch l.Kind {
	case Begun:
		if l.Version != Version || l.Names == nil {
			return fault.New(fault.Invalid, "it has the format %d, and this program reads format %d", l.Version, Version)
		}
		a.Names = *l.Names
		return nil
	case Asked:
		if _, ok := place[l.ID]; ok || l.Ask == nil || len(a.Exchanges) == MaxExchanges {
			return fault.New(fault.Invalid, "request %d is there twice, says nothing, or is one too many", l.ID)
		}
		place[l.ID] = len(a.Exchanges)
		a.Exchanges = append(a.Exchanges, Exchange{Ask: *l.Ask, Ending: Cut})
		return nil
	case Closed:
		a.Outcome = l.Outcome
		return nil
	case Headed, Part, Ended:
	default:
		return fault.New(fault.Invalid, "%q is no kind of line", l.Kind)
	}
	i, ok := place[l.ID]
	if !ok {
		return fault.New(fault.Invalid, "request %d is not there", l.ID)
	}
	x := &a.Exchanges[i]
	switch l.Kind {
	case Headed:
		if l.Status < 200 || l.Status > 599 {
			return fault.New(fault.Invalid, "%d is no status of an answer", l.Status)
		}
		x.Status, x.Headers = l.Status, l.Headers
	case Part:
		x.Body = append(append(x.Body, l.Text...), l.Data...)
	case Ended:
		x.Ending, x.Limit = l.Ending, l.Limit
		if u := l.Usage; u != nil {
			if min(u.Input, u.CacheRead, u.CacheWrite, u.Output, u.Reasoning, u.CostMicroUSD) < 0 || max(u.Input, u.CacheRead, u.CacheWrite, u.Output, u.Reasoning, u.CostMicroUSD) > maxCount {
				return fault.New(fault.Invalid, "request %d took what none can take", l.ID)
			}
			x.Usage = *u
		}
	case Begun, Asked, Closed:
	}
	return nil
}

// WasInterrupted reports whether the attempt ended before its agent did, so
// that another attempt went on with its session.
func (a Attempt) WasInterrupted() bool {
	return a.Outcome == job.Halted || a.Outcome == job.Vanished || a.Outcome == job.Crashed
}

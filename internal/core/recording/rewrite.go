package recording

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"muster/internal/core/wire"
)

// Rewrite exchanges names in an answer, and gives the events of a stream, or
// the whole as one. A name may be divided among events: the pieces of one text
// are read as one, and what takes the name's place goes where the name begins.
// What cannot be read is changed as it stands.
func (s Swap) Rewrite(d wire.Dialect, form Form, body []byte) [][]byte {
	events := [][]byte{body}
	if form == Events {
		events = split(body)
	}
	a := answer{swap: s, dialect: d, form: form, streams: map[string]int{}}
	for i, raw := range events {
		a.read(i, raw)
	}
	a.exchange()
	for i, e := range a.events {
		switch {
		case !e.isRead:
			events[i] = []byte(in(s.plain, string(events[i])))
		case e.isChanged:
			events[i] = e.render(form)
		}
	}
	return events
}

// answer is an answer in pieces.
type answer struct {
	swap    Swap
	dialect wire.Dialect
	form    Form
	events  []event
	leaves  []leaf
	groups  [][]int        // places of leaves that are one text
	streams map[string]int // place of the group of a stream
}

// event is one event of an answer, or all of it.
type event struct {
	head, data []byte // the lines before the data, and the data
	isRead     bool
	isChanged  bool
	puts       []leaf // texts to put in, in order
}

func (a *answer) read(i int, raw []byte) {
	e := event{data: raw}
	if a.form == Events {
		e.head, e.data = dataOf(raw)
	}
	var found []leaf
	if found, e.isRead = texts(a.dialect, e.data); len(e.data) == 0 {
		e.isRead = false // a comment, or [DONE]
	}
	a.events = append(a.events, e)
	for _, l := range found {
		l.event = i
		n := len(a.leaves)
		a.leaves = append(a.leaves, l)
		if l.stream != "" && a.form == OnePiece {
			// Gemini may stream a list: its elements are the events.
			_, l.stream, _ = strings.Cut(l.stream, ".")
		}
		if at, ok := a.streams[l.stream]; ok && l.stream != "" {
			a.groups[at] = append(a.groups[at], n)
			continue
		}
		a.streams[l.stream] = len(a.groups)
		a.groups = append(a.groups, []int{n})
	}
}

func (a *answer) exchange() {
	changed := make([]bool, len(a.leaves))
	for _, group := range a.groups {
		pieces := make([]string, len(group))
		for i, n := range group {
			pieces[i] = a.leaves[n].text
		}
		pairs := a.swap.plain
		if a.leaves[group[0]].isJSON {
			pairs = a.swap.coded
		}
		hits := find(pairs, strings.Join(pieces, ""))
		if len(hits) == 0 {
			continue
		}
		for i, text := range exchange(pieces, hits) {
			n := group[i]
			changed[n] = text != a.leaves[n].text
			a.leaves[n].text = text
		}
	}
	for n, l := range a.leaves {
		if changed[n] {
			e := &a.events[l.event]
			e.puts, e.isChanged = append(e.puts, l), true
		}
	}
}

// render writes an event anew.
func (e event) render(form Form) []byte {
	var b bytes.Buffer
	b.Write(e.head)
	if form == Events {
		b.WriteString("data: ")
	}
	from := 0
	for _, l := range e.puts {
		b.Write(e.data[from:l.from])
		b.Write(quoted(l.text))
		from = l.to
	}
	b.Write(e.data[from:])
	if form == Events {
		b.WriteString("\n\n")
	}
	return b.Bytes()
}

// split divides a stream into events, each with the blank line after it.
func split(body []byte) [][]byte {
	var events [][]byte
	from, at := 0, 0
	for line := range bytes.Lines(body) {
		at += len(line)
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			events = append(events, body[from:at])
			from = at
		}
	}
	if from < len(body) {
		events = append(events, body[from:])
	}
	return events
}

// dataOf gives the data of an event, and the lines that are before it.
func dataOf(raw []byte) (head, data []byte) {
	for line := range bytes.Lines(raw) {
		text := bytes.TrimRight(line, "\r\n")
		rest, ok := bytes.CutPrefix(text, []byte("data:"))
		switch {
		case ok && data != nil:
			data = append(append(data, '\n'), bytes.TrimPrefix(rest, []byte(" "))...)
		case ok:
			data = append([]byte{}, bytes.TrimPrefix(rest, []byte(" "))...)
		case len(text) > 0:
			head = append(append(head, text...), '\n')
		}
	}
	if !json.Valid(data) {
		return nil, nil
	}
	return head, data
}

// Redactor takes secrets out of an answer while it passes. It keeps back what
// may be the beginning of a secret whose rest is still to come, also where a
// secret is divided among events.
type Redactor struct {
	swap    Swap
	dialect wire.Dialect
	form    Form
	buf     []byte            // since the last event that was complete
	held    []byte            // events that are kept back
	tails   map[string]string // how texts in held end, by stream
}

// maxHeld bounds what a redactor keeps back of a stream, and of an answer that
// is none.
const maxHeld = 64 << 20

// NewRedactor reads an answer of a dialect.
func NewRedactor(secrets []string, d wire.Dialect, form Form) *Redactor {
	return &Redactor{swap: Redaction(secrets), dialect: d, form: form, tails: map[string]string{}}
}

// Write takes the next bytes, and gives those that can be kept now.
func (r *Redactor) Write(p []byte) []byte {
	r.buf = append(r.buf, p...)
	if r.form == OnePiece {
		if len(r.buf) > maxHeld {
			return r.End()
		}
		return nil
	}
	if bytes.IndexByte(p, '\n') < 0 {
		return nil
	}
	events := split(r.buf)
	n := len(events)
	if n > 0 && !bytes.HasSuffix(events[n-1], []byte("\n\n")) && !bytes.HasSuffix(events[n-1], []byte("\n\r\n")) {
		n--
	}
	for _, raw := range events[:n] {
		r.held = append(r.held, raw...)
		r.buf = r.buf[len(raw):]
		r.note(raw)
	}
	if n == 0 || r.waits() && len(r.held) < maxHeld {
		return nil
	}
	return r.flush()
}

// End gives what was kept back.
func (r *Redactor) End() []byte {
	r.held = append(r.held, r.buf...)
	r.buf = nil
	return r.flush()
}

func (r *Redactor) flush() []byte {
	out := bytes.Join(r.swap.Rewrite(r.dialect, r.form, r.held), nil)
	r.held, r.tails = nil, map[string]string{}
	for _, p := range r.swap.plain {
		out = bytes.ReplaceAll(out, []byte(p.old), []byte(p.put))
	}
	return out
}

// note remembers how the texts of an event end.
func (r *Redactor) note(raw []byte) {
	_, data := dataOf(raw)
	found, _ := texts(r.dialect, data)
	for _, l := range found {
		if l.stream != "" {
			tail := r.tails[l.stream] + l.text
			r.tails[l.stream] = tail[max(0, len(tail)-maxSecret):]
		}
	}
}

const maxSecret = 4 << 10

// waits reports whether a text ends with the beginning of a secret.
func (r *Redactor) waits() bool {
	for _, p := range r.swap.plain {
		for _, stream := range slices.Sorted(maps.Keys(r.tails)) {
			tail := r.tails[stream]
			for n := min(len(p.old)-1, len(tail)); n > 0; n-- {
				if strings.HasSuffix(tail, p.old[:n]) {
					return true
				}
			}
		}
	}
	return false
}

package gateway

import (
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/recording"
)

// Recording says that what passes a door is recorded, or answered from a
// recording instead of by a service.
type Recording struct {
	Mode  Mode            `json:"mode"`
	Dir   string          `json:"dir"`             // absolute
	File  string          `json:"file"`            // of the attempt, in Dir
	After string          `json:"after,omitempty"` // of the attempt before, in Dir
	Names recording.Names `json:"names"`
}

// Mode is what is done with a recording.
type Mode string

// The modes.
const (
	Record Mode = "record"
	Replay Mode = "replay"
)

// recorder writes the file of one attempt. What it has written is there after
// the gateway is killed; an answer is durable when it has ended.
type recorder struct {
	names recording.Names

	mu     sync.Mutex
	file   *os.File
	last   int // id of the latest request
	broken error
}

// openRecorder begins the file of an attempt, or goes on with it.
func openRecorder(r Recording) (*recorder, error) {
	f, err := openIn(r.Dir, r.File, os.O_RDWR|os.O_CREATE|os.O_APPEND)
	if err != nil {
		return nil, fault.Wrap(fault.Refused, err, "record into %s", filepath.Join(r.Dir, r.File))
	}
	out := &recorder{file: f, names: r.Names}
	a, err := readAttempt(f)
	if err == nil {
		err = f.Truncate(int64(a.Whole)) // a last line that is torn
	}
	if err == nil && a.Whole == 0 {
		err = out.write(recording.Line{Kind: recording.Begun, Version: recording.Version, Names: &r.Names})
	}
	if err != nil {
		_ = f.Close()
		return nil, fault.Wrap(fault.Refused, err, "record into %s", filepath.Join(r.Dir, r.File))
	}
	out.last = len(a.Exchanges)
	return out, nil
}

// openIn opens a file of a folder, and nothing outside of it. A file that is
// none of bytes is refused without waiting for anybody.
func openIn(dir, name string, flags int) (*os.File, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.OpenFile(name, flags|syscall.O_NONBLOCK, 0o644)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = f.Close()
		return nil, fault.New(fault.Refused, "it is no plain file")
	}
	return f, nil
}

func readAttempt(f *os.File) (recording.Attempt, error) {
	if info, err := f.Stat(); err != nil || info.Size() > recording.MaxFile {
		return recording.Attempt{}, fault.New(fault.Refused, "it is larger than %d MiB", recording.MaxFile>>20)
	}
	data, err := io.ReadAll(io.LimitReader(f, recording.MaxFile))
	if err != nil {
		return recording.Attempt{}, err
	}
	return recording.Parse(data)
}

// write appends a line. Once that has failed nothing more is recorded, and no
// more requests are sent.
func (r *recorder) write(l recording.Line) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken != nil {
		return r.broken
	}
	_, r.broken = r.file.Write(l.Bytes())
	if r.broken == nil && l.Kind == recording.Ended {
		r.broken = dataSync(r.file)
	}
	return r.broken
}

// begin records a request, and gives what records its answer while it passes.
func (r *recorder) begin(x *exchange) (*taped, error) {
	ask := x.describe()
	r.mu.Lock()
	r.last++
	id := r.last
	r.mu.Unlock()
	t := &taped{ResponseWriter: x.w, x: x, recorder: r, id: id, ending: recording.Whole}
	return t, r.write(recording.Line{Kind: recording.Asked, ID: id, Ask: &ask})
}

// close records how the attempt ended, where that is known.
func (r *recorder) close(outcome job.OutcomeKind) {
	if outcome != "" {
		_ = r.write(recording.Line{Kind: recording.Closed, Outcome: outcome}) // a replay does without it
	}
	_ = r.file.Close() // every answer is durable already
}

// taped passes an answer on and records it.
type taped struct {
	http.ResponseWriter
	x        *exchange
	recorder *recorder
	id       int
	isBegun  bool
	redact   *recording.Redactor // nil: the agent left before the answer began
	written  int
	ending   recording.Ending
	usage    *job.Usage
	limit    *recording.Limit
}

// Unwrap lets answers be flushed.
func (t *taped) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// WriteHeader begins the answer.
func (t *taped) WriteHeader(status int) {
	t.isBegun = true
	defer t.ResponseWriter.WriteHeader(status)
	if t.isGone() {
		return
	}
	headers := map[string]string{}
	for _, name := range recording.Headers() {
		if v := t.Header().Get(name); v != "" {
			headers[name] = v
		}
	}
	t.redact = recording.NewRedactor(t.secrets(), t.x.call.Dialect, recording.FormOf(headers["Content-Type"]))
	_ = t.recorder.write(recording.Line{Kind: recording.Headed, ID: t.id, Status: status, Headers: headers}) // shows at the next request
}

// isGone reports whether nobody waits for the answer any more.
func (t *taped) isGone() bool { return t.x.r.Context().Err() != nil }

// Write passes bytes on.
func (t *taped) Write(p []byte) (int, error) {
	if !t.isBegun {
		t.WriteHeader(http.StatusOK)
	}
	n, err := t.ResponseWriter.Write(p)
	if err != nil {
		t.ending = recording.Left
	}
	t.written += n
	if t.redact != nil {
		t.part(t.redact.Write(p))
	}
	return n, err
}

func (t *taped) part(p []byte) {
	if len(p) > 0 {
		_ = t.recorder.write(recording.PartLine(t.id, p)) // shows at the next request
	}
}

// cut says that the answer did not come to its end. One whose agent has all of
// it is whole, though the service was not heard to end.
func (t *taped) cut(hasAll bool) {
	switch {
	case hasAll || t.Header().Get("Content-Length") == strconv.Itoa(t.written):
	case t.isGone():
		t.ending = recording.Left
	case t.ending == recording.Whole:
		t.ending = recording.Cut
	}
}

// end records how the answer ended.
func (t *taped) end() {
	if t.redact != nil {
		t.part(t.redact.End())
	} else {
		t.ending = recording.Left
	}
	_ = t.recorder.write(recording.Line{Kind: recording.Ended, ID: t.id, Ending: t.ending, Usage: t.usage, Limit: t.limit}) // shows at the next request
}

// record has the answer to the request recorded as the agent gets it. It gives
// what must be called at the end.
func (x *exchange) record() (end func(), ok bool) {
	if x.d.recorder == nil {
		return func() {}, true
	}
	t, err := x.d.recorder.begin(x)
	if err != nil {
		x.d.s.log.Error("record", "door", x.spec.Name, "error", err.Error())
		x.fail(http.StatusServiceUnavailable, "the request cannot be recorded, so it is not sent: "+err.Error())
		return nil, false
	}
	x.taped, x.w = t, t
	return t.end, true
}

// describe gives what is kept of the request in a recording.
func (x *exchange) describe() recording.Ask {
	return recording.Describe(recording.Call{Method: x.r.Method, Path: x.path, Call: x.call, Model: x.ask.Model, Body: x.body}, x.spec.Recording.Names)
}

// secrets gives the keys that the service knows.
func (t *taped) secrets() []string {
	d := t.x.d
	d.mu.Lock()
	defer d.mu.Unlock()
	return append(slices.Collect(maps.Values(d.spec.Secrets)), t.x.key)
}

// scopeWord gives "task" or "run" of a scope's name.
func scopeWord(name string) string {
	word, _, _ := strings.Cut(name, "/")
	return word
}

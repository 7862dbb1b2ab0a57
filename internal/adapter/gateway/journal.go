package gateway

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/meter"
)

// entry is one line of the journal: eight digits of a checksum (CRC-32C of
// what follows), a space, JSON, a line feed.
type entry struct {
	Kind     kind           `json:"k"`
	ID       string         `json:"id,omitempty"` // of the request
	AtUS     int64          `json:"at"`
	Door     string         `json:"door,omitempty"`
	Scopes   []string       `json:"scopes,omitempty"` // with reserve, sum
	Model    string         `json:"model,omitempty"`
	Estimate meter.Estimate `json:"estimate,omitzero"` // with reserve
	Usage    job.Usage      `json:"usage,omitzero"`    // with settle, sum
	Guess    bool           `json:"guess,omitempty"`   // with settle: Usage is an estimate
	Status   int            `json:"status,omitempty"`  // with settle: of the answer; 0 when there was none
	Limit    *Limit         `json:"limit,omitempty"`   // with refuse
	Spend    *Spend         `json:"spend,omitempty"`   // with sum
	Why      string         `json:"why,omitempty"`     // with miss
	IsOver   bool           `json:"is_over,omitempty"` // with miss: the recorded attempt was interrupted there
}

type kind string

const (
	reserved kind = "reserve" // before a request is sent
	settled  kind = "settle"  // after its answer
	refused  kind = "refuse"  // a budget had no room
	played   kind = "play"    // an answer came from a recording: Usage is what it took when it was recorded, and nothing is spent
	missed   kind = "miss"    // a recording has no answer to a request
	summed   kind = "sum"     // what a door had spent when the journal was written anew
)

const (
	maxLine     = 1 << 20
	compactFrom = 32 << 20 // bytes from which a journal is written anew at the start
)

func checksum(data []byte) uint32 { return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)) }

func (e entry) line() []byte {
	data, err := json.Marshal(e)
	if err != nil {
		panic(err) // texts and numbers can be encoded
	}
	return fmt.Appendf(nil, "%08x %s\n", checksum(data), data)
}

// readJournal calls see for every entry. A last line that was not written to
// its end is left out; it gives the length of what is whole. Any other line
// that is not as it was written is an error.
func readJournal(r io.Reader, see func(entry)) (whole int64, err error) {
	br := bufio.NewReaderSize(r, 64<<10)
	for n := 1; ; n++ {
		line, err := readLine(br)
		if errors.Is(err, io.EOF) {
			return whole, nil // what is left has no line feed: it was torn
		}
		if err != nil {
			return whole, fault.WithHint(fault.Wrap(fault.Internal, err, "read line %d of the gateway's journal", n), "%s", changedHint)
		}
		e, ok := parseLine(line)
		if !ok {
			return whole, fault.New(fault.Internal, "line %d of the gateway's journal is not as it was written", n).WithHint("%s", changedHint)
		}
		whole += int64(len(line))
		see(e)
	}
}

const changedHint = "somebody or a disk changed it; move the file away to go on without what was spent before"

func readLine(br *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := br.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return nil, fault.New(fault.Internal, "it is longer than a line can be")
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

func parseLine(line []byte) (entry, bool) {
	var e entry
	digits, rest, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	if !ok || len(digits) != 8 {
		return e, false
	}
	sum, err := strconv.ParseUint(string(digits), 16, 32)
	if err != nil || fmt.Sprintf("%08x", sum) != string(digits) || uint32(sum) != checksum(rest) {
		return e, false
	}
	return e, json.Unmarshal(rest, &e) == nil
}

// ledger is what the journal comes to.
type ledger struct {
	doors  map[string]*Spend
	scopes map[string][]string // of each door
	open   map[string]entry    // requests without an end
}

func newLedger() *ledger {
	return &ledger{doors: map[string]*Spend{}, scopes: map[string][]string{}, open: map[string]entry{}}
}

func (l *ledger) door(name string) *Spend {
	s := l.doors[name]
	if s == nil {
		s = &Spend{}
		l.doors[name] = s
	}
	return s
}

func (l *ledger) apply(e entry) {
	switch e.Kind {
	case reserved:
		l.open[e.ID] = e
		l.scopes[e.Door] = e.Scopes
	case settled:
		r, ok := l.open[e.ID]
		if !ok {
			return // it was settled before
		}
		delete(l.open, e.ID)
		s := Spend{Usage: e.Usage, Requests: 1}
		if e.Guess {
			s.Estimated = 1
		}
		if e.Usage.CostUnknown {
			s.Unpriced = 1
		}
		l.door(r.Door).add(s)
	case refused:
		l.door(e.Door).Limit = e.Limit
	case played:
		l.door(e.Door).add(Spend{Replayed: &Replayed{Usage: e.Usage, Requests: 1}})
	case missed:
		l.door(e.Door).add(Spend{Replayed: &Replayed{Missing: e.Why, WasInterrupted: e.IsOver}})
	case summed:
		if e.Spend != nil {
			l.door(e.Door).add(*e.Spend)
			l.scopes[e.Door] = e.Scopes
		}
	}
}

// spent adds up the doors of a scope, and those of them that isOpen does not
// accept.
func (l *ledger) spent(scope string, isOpen func(door string) bool) Spent {
	var out Spent
	for door, scopes := range l.scopes {
		if s := l.doors[door]; s != nil && slices.Contains(scopes, scope) {
			out.All.add(*s)
			if !isOpen(door) {
				out.Ended.add(*s)
			}
		}
	}
	return out
}

// journal appends. Lines of several requests that come at once are made
// durable together.
type journal struct {
	file *os.File

	mu      sync.Mutex
	ledger  *ledger
	pending []byte
	waiters []chan error
	writing bool
	broken  error
}

// openJournal reads the journal of a folder, closes what a former gateway left
// open, and cuts off a line that was not written to its end. Only the holder of
// the gateway's lock may do so.
func openJournal(dir string, nowUS int64) (*journal, error) {
	path := filepath.Join(dir, journalFile)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "open the gateway's journal")
	}
	j := &journal{file: f, ledger: newLedger()}
	whole, err := readJournal(f, j.ledger.apply)
	if err == nil {
		err = fault.Wrap(fault.Internal, f.Truncate(whole), "cut off the last line of the gateway's journal")
	}
	if err == nil && whole > compactFrom {
		err = j.compact(path, nowUS)
	}
	if err == nil {
		err = j.closeOpen(nowUS)
	}
	if err != nil {
		_ = j.file.Close()
		return nil, err
	}
	return j, nil
}

// closeOpen books the requests that a former gateway was sending when it died.
func (j *journal) closeOpen(nowUS int64) error {
	var lines []entry
	for id, e := range j.ledger.open {
		lines = append(lines, entry{Kind: settled, ID: id, AtUS: nowUS, Usage: e.Estimate.Booked(job.Usage{}), Guess: true})
	}
	slices.SortFunc(lines, func(a, b entry) int { return bytes.Compare([]byte(a.ID), []byte(b.ID)) })
	return j.append(lines...)
}

// compact writes the journal anew: one line for each door.
func (j *journal) compact(path string, nowUS int64) error {
	var b bytes.Buffer
	for name, s := range j.ledger.doors {
		b.Write(entry{Kind: summed, AtUS: nowUS, Door: name, Scopes: j.ledger.scopes[name], Spend: s}.line())
	}
	for _, e := range j.ledger.open {
		b.Write(e.line())
	}
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_RDWR|os.O_APPEND, 0o600)
	if err == nil {
		_, err = f.Write(b.Bytes())
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fault.Wrap(fault.Internal, err, "write the gateway's journal anew")
	}
	_ = j.file.Close()
	j.file = f
	return nil
}

// append makes the entries durable. Once that has failed, nothing is written
// any more: the gateway must not spend what it cannot record.
func (j *journal) append(entries ...entry) error {
	if len(entries) == 0 {
		return nil
	}
	done := make(chan error, 1)
	j.mu.Lock()
	if j.broken != nil {
		defer j.mu.Unlock()
		return j.broken
	}
	for _, e := range entries {
		j.pending = append(j.pending, e.line()...)
		j.ledger.apply(e)
	}
	j.waiters = append(j.waiters, done)
	lead := !j.writing
	j.writing = true
	j.mu.Unlock()
	if lead {
		j.flush()
	}
	return <-done
}

// flush writes what is pending until nothing is.
func (j *journal) flush() {
	for {
		j.mu.Lock()
		data, waiters := j.pending, j.waiters
		j.pending, j.waiters = nil, nil
		if len(waiters) == 0 {
			j.writing = false
			j.mu.Unlock()
			return
		}
		j.mu.Unlock()
		_, err := j.file.Write(data)
		if err == nil {
			err = dataSync(j.file)
		}
		if err != nil {
			err = fault.Wrap(fault.Internal, err, "write the gateway's journal")
			j.mu.Lock()
			j.broken = err
			j.mu.Unlock()
		}
		for _, w := range waiters {
			w <- err
		}
	}
}

// spend gives what the journal says of a door.
func (j *journal) spend(door string) Spend {
	j.mu.Lock()
	defer j.mu.Unlock()
	if s := j.ledger.doors[door]; s != nil {
		return *s
	}
	return Spend{}
}

// spent gives what the journal says of a scope.
func (j *journal) spent(scope string, isOpen func(door string) bool) Spent {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.ledger.spent(scope, isOpen)
}

func none(string) bool { return false }

func (j *journal) close() error { return j.file.Close() }

package enginetest

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"sync"
	"time"

	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
)

// Memory is a ledger, an inbox and a blob store in memory. It outlives the
// engines of a story, as a file does.
type Memory struct {
	mu       sync.Mutex
	records  []flow.Record
	machines map[flow.Stream]flow.Machine
	open     []flow.Open
	inbox    []flow.Message
	known    map[string]bool // message ids
	blobs    map[string][]byte
	ids      int
	fail     error // what the next Commit returns
}

// NewMemory gives an empty one.
func NewMemory() *Memory {
	return &Memory{machines: map[flow.Stream]flow.Machine{}, known: map[string]bool{}, blobs: map[string][]byte{}}
}

// FailCommits makes every Commit fail from now on; nil ends it.
func (m *Memory) FailCommits(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// Records gives all events so far, oldest first.
func (m *Memory) Records() []flow.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.records)
}

// Commit implements engine.Log.
func (m *Memory) Commit(_ context.Context, b flow.Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	for _, r := range b.Records {
		r.Seq = int64(len(m.records) + 1)
		m.records = append(m.records, r)
	}
	for _, s := range b.Machines {
		m.machines[s.Stream] = s
	}
	m.open = append(m.open, b.Opened...)
	for _, a := range b.Answered {
		m.open = slices.DeleteFunc(m.open, func(o flow.Open) bool { return o.Stream == a.Stream && o.Op == a.Op })
	}
	m.inbox = slices.DeleteFunc(m.inbox, func(x flow.Message) bool { return slices.Contains(b.Consumed, x.ID) })
	return nil
}

// Machine implements engine.Log.
func (m *Memory) Machine(_ context.Context, s flow.Stream) (flow.Machine, flow.Record, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x, ok := m.machines[s]
	if !ok {
		return x, flow.Record{}, false, nil
	}
	i := slices.IndexFunc(m.records, func(r flow.Record) bool { return r.Stream == s })
	return x, m.records[i], true, nil
}

// OpenCommands implements engine.Log.
func (m *Memory) OpenCommands(context.Context) ([]flow.Open, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.open), nil
}

// Send implements engine.Log.
func (m *Memory) Send(_ context.Context, x flow.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.known[x.ID] {
		m.known[x.ID] = true
		m.inbox = append(m.inbox, x)
	}
	return nil
}

// Inbox implements engine.Log.
func (m *Memory) Inbox(_ context.Context, limit int) ([]flow.Message, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.inbox[:min(limit, len(m.inbox))]), nil
}

// PutBlob implements engine.Blobs.
func (m *Memory) PutBlob(_ context.Context, data []byte) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	sha := evidence.Hash(data)
	m.blobs[sha] = slices.Clone(data)
	return sha, nil
}

// Blob implements engine.Blobs.
func (m *Memory) Blob(_ context.Context, sha string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.blobs[sha]
	if !ok {
		return nil, fault.New(fault.NotFound, "blob %s", sha)
	}
	return b, nil
}

// NewID implements engine.IDs.
func (m *Memory) NewID() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ids++
	return "id-" + strconv.Itoa(m.ids)
}

// put stores a value as a JSON blob.
func (m *Memory) put(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	sha, _ := m.PutBlob(context.Background(), data)
	return sha
}

// clock is the real clock, except that waits end at once.
type clock struct{}

func (clock) NowUS() int64 { return time.Now().UnixMicro() }

func (clock) After(int64) <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

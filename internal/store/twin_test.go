package store

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"muster/internal/core/flow"
)

// everything is what the store gives through its methods.
type everything struct {
	Rows     []Row
	Runs     []Run
	Active   []flow.Stream
	Open     []flow.Open
	Inbox    []flow.Message
	Machines map[flow.Stream]flow.Machine
}

func contents(t testing.TB, s *Store) everything {
	t.Helper()
	e := everything{Rows: collect(t, s, Query{}), Machines: map[flow.Stream]flow.Machine{}}
	var errs [4]error
	e.Runs, errs[0] = s.Runs(t.Context(), RunQuery{})
	e.Active, errs[1] = s.Active(t.Context())
	e.Open, errs[2] = s.OpenCommands(t.Context())
	e.Inbox, errs[3] = s.Inbox(t.Context(), 1000)
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range e.Rows {
		m, first, ok, err := s.Machine(t.Context(), row.Stream)
		if err != nil {
			t.Fatal(err)
		}
		if ok && (first.Seq != 1 || first.Stream != row.Stream) {
			t.Fatalf("the first record of %s is %+v", row.Stream, first)
		}
		if ok {
			e.Machines[row.Stream] = m
		}
	}
	return e
}

// twin is the store in plain slices and maps.
type twin struct {
	everything
	seqs map[flow.Stream]int64
	seen map[string]bool
}

func (w *twin) commit(b flow.Batch) {
	w.Rows = append(w.Rows, w.number(b.Records)...)
	if len(b.Records) > 0 {
		w.Rows = append(w.Rows, w.number([]flow.Record{{Stream: flow.LedgerStream}})...)
	}
	for _, m := range b.Machines {
		if m.Done {
			m.Snapshot = nil
		}
		w.Machines[m.Stream] = m
	}
	w.Open = append(w.Open, b.Opened...)
	for _, a := range b.Answered {
		for i, o := range w.Open {
			if o.Stream == a.Stream && o.Op == a.Op {
				w.Open = append(w.Open[:i:i], w.Open[i+1:]...)
				break
			}
		}
	}
	for _, id := range b.Consumed {
		for i, m := range w.Inbox {
			if m.ID == id {
				w.Inbox = append(w.Inbox[:i:i], w.Inbox[i+1:]...)
				break
			}
		}
	}
}

func (w *twin) number(records []flow.Record) []Row {
	var rows []Row
	for i, r := range records {
		w.seqs[r.Stream]++
		r.Seq = w.seqs[r.Stream]
		rows = append(rows, Row{Record: r, Row: int64(len(w.Rows) + i + 1)})
	}
	return rows
}

func (w *twin) send(m flow.Message) {
	if !w.seen[m.ID] {
		w.seen[m.ID] = true
		w.Inbox = append(w.Inbox, m)
	}
}

// active and runs follow from what the twin holds.
func (w *twin) derive() {
	w.Active, w.Runs = nil, nil
	for stream, m := range w.Machines {
		if !m.Done && stream[:4] == "run/" {
			w.Active = append(w.Active, stream)
		}
	}
	slices.Sort(w.Active)
	for _, row := range w.Rows {
		if row.Seq == 1 && row.Stream[:4] == "run/" {
			w.Runs = append([]Run{{ID: row.Stream.Run(), Done: w.Machines[row.Stream].Done, First: row}}, w.Runs...)
		}
	}
}

// randomBatch makes a batch that the store must accept.
func (w *twin) randomBatch(rnd *rand.Rand, step int) flow.Batch {
	var b flow.Batch
	streams := []flow.Stream{"run/a", "run/b", "task/a/1", "task/a/2", "task/b/1", "queue/a", "trust"}
	known := map[flow.Stream]bool{}
	for i := range rnd.IntN(6) {
		r := event(streams[rnd.IntN(len(streams))], step*10+i)
		known[r.Stream] = true
		b.Records = append(b.Records, r)
	}
	for i, stream := range streams {
		if known[stream] = known[stream] || w.seqs[stream] > 0; !known[stream] {
			continue
		}
		if !w.Machines[stream].Done && rnd.IntN(3) == 0 {
			b.Machines = append(b.Machines, flow.Machine{
				Stream: stream, Done: rnd.IntN(20) == 0,
				Snapshot: json.RawMessage(fmt.Sprintf(`{"step":%d}`, step)),
			})
		}
		if rnd.IntN(3) == 0 {
			b.Opened = append(b.Opened, flow.Open{Stream: stream, Op: fmt.Sprintf("%d.%d", step, i), Kind: "k", AtUS: int64(step), Command: json.RawMessage(`{}`)})
		}
	}
	for _, o := range append(append([]flow.Open{}, w.Open...), b.Opened...) {
		if rnd.IntN(3) == 0 {
			b.Answered = append(b.Answered, flow.Open{Stream: o.Stream, Op: o.Op})
		}
	}
	for _, m := range w.Inbox {
		if rnd.IntN(3) == 0 {
			b.Consumed = append(b.Consumed, m.ID)
		}
	}
	return b
}

// plain leaves out what the twin does not compute: chains and seals.
func plain(e everything) everything {
	strip := func(r *flow.Record) {
		r.Prev, r.Hash = "", ""
		if r.Stream == flow.LedgerStream {
			*r = flow.Record{Stream: r.Stream, Seq: r.Seq}
		}
	}
	e.Rows, e.Runs = append([]Row(nil), e.Rows...), append([]Run(nil), e.Runs...)
	for i := range e.Rows {
		strip(&e.Rows[i].Record)
	}
	for i := range e.Runs {
		strip(&e.Runs[i].First.Record)
	}
	return e
}

func TestRandomBatchesGiveWhatTheTwinGives(t *testing.T) {
	for seed := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		dir := t.TempDir()
		s := open(t, dir)
		l := lock(t, s)
		w := &twin{everything: everything{Machines: map[flow.Stream]flow.Machine{}}, seqs: map[flow.Stream]int64{}, seen: map[string]bool{}}
		for step := range 40 {
			for range rnd.IntN(3) {
				m := flow.Message{ID: fmt.Sprint("m", rnd.IntN(40)), To: "run/a", Kind: "k", Actor: "person:p", Data: json.RawMessage(`1`)}
				w.send(m)
				if err := s.Send(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
			b := w.randomBatch(rnd, step)
			w.commit(b)
			commitTo(t, s, l, b)
			if rnd.IntN(10) == 0 { // go on after a restart
				_ = l.Release()
				_ = s.Close()
				s = open(t, dir)
				l = lock(t, s)
			}
		}
		w.derive()
		got, want := plain(contents(t, s)), plain(w.everything)
		if len(want.Inbox) == 0 {
			want.Inbox = nil
		}
		if len(want.Open) == 0 {
			want.Open = nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: the store gives\n%+v\nthe twin\n%+v", seed, got, want)
		}
		verified(t, s)
	}
}

func TestRecordsByEveryQuery(t *testing.T) {
	s := open(t, t.TempDir())
	l := lock(t, s)
	streams := []flow.Stream{"run/a", "task/a/1", "run/b", "trust/a"}
	var records []flow.Record
	for i := range 3 * page {
		records = append(records, event(streams[i%len(streams)], i))
	}
	for len(records) > 0 {
		n := min(50, len(records))
		commitTo(t, s, l, flow.Batch{Records: records[:n]})
		records = records[n:]
	}
	all := collect(t, s, Query{})
	if len(all) != 3*page+16 {
		t.Fatalf("%d rows", len(all))
	}
	for _, q := range []Query{
		{Run: "a"},
		{Run: "none"},
		{Stream: "run/b"},
		{Stream: "none"},
		{Stream: flow.LedgerStream},
		{Stream: "task/a/1", Run: "a"},
		{Stream: "task/a/1", Run: "b"},
	} {
		for _, after := range []int64{0, 1, 300, 301, all[len(all)-1].Row} {
			for _, limit := range []int{0, 1, page, page + 1} {
				q.AfterRow, q.Limit = after, limit
				var want []Row
				for _, row := range all {
					run := row.Stream.Run()
					if row.Stream == "trust/a" {
						run = "" // the name only looks like one of run a
					}
					if row.Row > after && (q.Run == "" || run == q.Run) && (q.Stream == "" || q.Stream == row.Stream) {
						want = append(want, row)
					}
				}
				if limit > 0 && len(want) > limit {
					want = want[:limit]
				}
				if got := collect(t, s, q); !reflect.DeepEqual(got, want) {
					t.Errorf("%+v: %d rows, want %d", q, len(got), len(want))
				}
			}
		}
	}
	for range s.Records(t.Context(), Query{}) {
		break // the caller may stop
	}
}

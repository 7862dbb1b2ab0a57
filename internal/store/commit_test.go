package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"muster/internal/core/fault"
	"muster/internal/core/flow"
)

func TestCommitChainsAndSeals(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	l := lock(t, s)
	first := commitTo(t, s, l, flow.Batch{Records: []flow.Record{event("task/r/b", 1), event("run/r", 1), event("task/r/b", 2)}})
	second := commitTo(t, s, l, flow.Batch{Records: []flow.Record{event("run/r", 2)}})

	if first[0].Seq != 1 || first[0].Prev != "" || first[2].Seq != 2 || first[2].Prev != first[0].Hash {
		t.Errorf("task/r/b is not a chain: %+v", first)
	}
	if second[0].Seq != 2 || second[0].Prev != first[1].Hash {
		t.Errorf("run/r is not a chain: %+v", second)
	}
	seals := collect(t, s, Query{Stream: flow.LedgerStream})
	if len(seals) != 2 || seals[0].Row != 4 || seals[1].Row != 6 {
		t.Fatalf("seals: %+v", seals)
	}
	want := `{"heads":[{"stream":"run/r","seq":1,"hash":"` + first[1].Hash + `"},{"stream":"task/r/b","seq":2,"hash":"` + first[2].Hash + `"}]}`
	if string(seals[0].Data) != want || seals[0].Kind != KindHeadsSealed {
		t.Errorf("seal %s\nwant %s", seals[0].Data, want)
	}
	if seals[1].Prev != seals[0].Hash || seals[1].Cause != second[0].ID || seals[1].AtUS != second[0].AtUS {
		t.Errorf("second seal %+v", seals[1])
	}

	// The stored bytes alone are enough to check a record.
	var data, hash []byte
	if err := rawDB(t, dir).QueryRow(`select body, hash from records where row = 3`).Scan(&data, &hash); err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(data)
	if hex.EncodeToString(digest[:]) != first[2].Hash || string(digest[:]) != string(hash) {
		t.Error("the sha256 of the stored body is not the hash")
	}
	if strings.Contains(string(data), "hash") || !strings.Contains(string(data), `"<&> é"`) {
		t.Errorf("body %s", data)
	}
}

func TestSealsFollowFromWhatTheySeal(t *testing.T) {
	var seals [2]Row
	for i := range seals {
		s := open(t, t.TempDir())
		commitTo(t, s, lock(t, s), flow.Batch{Records: []flow.Record{event("run/r", 1)}})
		seals[i] = collect(t, s, Query{Stream: flow.LedgerStream})[0]
	}
	if !reflect.DeepEqual(seals[0], seals[1]) {
		t.Errorf("two ledgers with the same records have other seals:\n%+v\n%+v", seals[0], seals[1])
	}
	id := seals[0].ID
	if len(id) != 36 || id[14] != '7' || !strings.ContainsRune("89ab", rune(id[19])) {
		t.Errorf("%s is no UUIDv7", id)
	}
}

func TestCommitNeedsTheLock(t *testing.T) {
	s, other := open(t, t.TempDir()), open(t, t.TempDir())
	b := flow.Batch{Records: []flow.Record{event("run/r", 1)}}
	_, err := s.Commit(t.Context(), nil, b)
	wantKind(t, err, fault.Refused, "not held")
	_, err = s.Commit(t.Context(), lock(t, other), b)
	wantKind(t, err, fault.Refused, "another ledger")
	l := lock(t, s)
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	_, err = s.Commit(t.Context(), l, b)
	wantKind(t, err, fault.Refused, "released")
	if rows := collect(t, s, Query{}); len(rows) != 0 {
		t.Errorf("%d records were written", len(rows))
	}
	commitTo(t, s, lock(t, s), b)
}

// TestCommitRefuses commits what is wrong together with what is right, and
// finds nothing of either.
func TestCommitRefuses(t *testing.T) {
	bad := func(change func(*flow.Record)) flow.Batch {
		r := event("run/r", 9)
		change(&r)
		return flow.Batch{Records: []flow.Record{r}}
	}
	tests := []struct {
		name  string
		batch flow.Batch
		kind  fault.Kind
		says  string
	}{
		{"stream of the seals", bad(func(r *flow.Record) { r.Stream = "ledger" }), fault.Invalid, "only the store"},
		{"no stream", bad(func(r *flow.Record) { r.Stream = "" }), fault.Invalid, "name of a stream"},
		{"control character", bad(func(r *flow.Record) { r.Stream = "run/\n" }), fault.Invalid, "control"},
		{"no id", bad(func(r *flow.Record) { r.ID = "" }), fault.Invalid, "lacks"},
		{"no UTF-8", bad(func(r *flow.Record) { r.Actor = "\xff" }), fault.Invalid, "UTF-8"},
		{"no JSON", bad(func(r *flow.Record) { r.Data = json.RawMessage(`{`) }), fault.Invalid, "JSON"},
		{"newer record", bad(func(r *flow.Record) { r.V = flow.RecordVersion + 1 }), fault.Invalid, "version"},
		{"path for a blob", bad(func(r *flow.Record) { r.Blobs = []string{"../../etc/passwd"} }), fault.Invalid, "not a sha256"},
		{"blob that is not there", bad(func(r *flow.Record) { r.Blobs = []string{strings.Repeat("0", 64)} }), fault.Invalid, "not put"},
		{"snapshot that is no JSON", flow.Batch{Machines: []flow.Machine{{Stream: "run/r", Snapshot: json.RawMessage(`x`)}}}, fault.Invalid, "JSON"},
		{"machine without a record", flow.Batch{Machines: []flow.Machine{{Stream: "run/none"}}}, fault.Invalid, "no record"},
		{"machine that was done", flow.Batch{Machines: []flow.Machine{{Stream: "run/done"}}}, fault.Conflict, "cannot live again"},
		{"command of no stream", flow.Batch{Opened: []flow.Open{{Stream: "run/none", Op: "1"}}}, fault.Invalid, "no record"},
		{"command without op", flow.Batch{Opened: []flow.Open{{Stream: "run/r"}}}, fault.Invalid, "no op"},
		{"command that is open", flow.Batch{Opened: []flow.Open{{Stream: "run/r", Op: "open"}}}, fault.Conflict, "open already"},
		{"answer to nothing", flow.Batch{Answered: []flow.Open{{Stream: "run/r", Op: "none"}}}, fault.Conflict, "not open"},
		{"answer to another stream", flow.Batch{Answered: []flow.Open{{Stream: "run/done", Op: "open"}}}, fault.Conflict, "not open"},
		{"message never sent", flow.Batch{Consumed: []string{"none"}}, fault.Conflict, "not waiting"},
		{"message consumed twice", flow.Batch{Consumed: []string{"m", "m"}}, fault.Conflict, "not waiting"},
	}
	s := open(t, t.TempDir())
	l := lock(t, s)
	commitTo(t, s, l, flow.Batch{
		Records:  []flow.Record{event("run/r", 1), event("run/done", 1)},
		Machines: []flow.Machine{{Stream: "run/r", Snapshot: json.RawMessage(`1`)}, {Stream: "run/done", Snapshot: json.RawMessage(`1`), Done: true}},
		Opened:   []flow.Open{{Stream: "run/r", Op: "open"}},
	})
	if err := s.Send(t.Context(), flow.Message{ID: "m", To: "run/r", Kind: "stop", Actor: "person:p"}); err != nil {
		t.Fatal(err)
	}
	before := contents(t, s)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := tt.batch
			b.Records = append([]flow.Record{event("run/r", 2), event("task/new/x", 1)}, b.Records...)
			_, err := s.Commit(t.Context(), l, b)
			wantKind(t, err, tt.kind, tt.says)
			if after := contents(t, s); !reflect.DeepEqual(after, before) {
				t.Errorf("something was written:\n%+v, before\n%+v", after, before)
			}
		})
	}
	commitTo(t, s, l, flow.Batch{Records: []flow.Record{event("run/r", 2)}, Consumed: []string{"m"}, Answered: []flow.Open{{Stream: "run/r", Op: "open"}}})
	verified(t, s)
}

func TestCommitOfNothingWritesNothing(t *testing.T) {
	s := open(t, t.TempDir())
	if got := commitTo(t, s, lock(t, s), flow.Batch{}); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
	if rows := collect(t, s, Query{}); len(rows) != 0 {
		t.Errorf("%d records", len(rows))
	}
}

func TestCommitOpensAndAnswersAtOnce(t *testing.T) {
	s := open(t, t.TempDir())
	commitTo(t, s, lock(t, s), flow.Batch{
		Records:  []flow.Record{event("run/r", 1)},
		Opened:   []flow.Open{{Stream: "run/r", Op: "1"}, {Stream: "run/r", Op: "2"}},
		Answered: []flow.Open{{Stream: "run/r", Op: "1"}},
	})
	got, err := s.OpenCommands(t.Context())
	if err != nil || len(got) != 1 || got[0].Op != "2" {
		t.Errorf("open: %+v, %v", got, err)
	}
}

func TestMachineThatIsDoneKeepsNoSnapshot(t *testing.T) {
	s := open(t, t.TempDir())
	l := lock(t, s)
	stream := flow.TaskStream("r", "a")
	commitTo(t, s, l, flow.Batch{
		Records:  []flow.Record{event(stream, 1)},
		Machines: []flow.Machine{{Stream: stream, Snapshot: json.RawMessage(`{"big":1}`)}},
	})
	done := flow.Batch{Machines: []flow.Machine{{Stream: stream, Snapshot: json.RawMessage(`{"big":2}`), Done: true}}}
	commitTo(t, s, l, done)
	commitTo(t, s, l, done) // saying it again is no contradiction
	m, _, ok, err := s.Machine(t.Context(), stream)
	if err != nil || !ok || !m.Done || m.Snapshot != nil {
		t.Errorf("Machine gave %+v, %v, %v", m, ok, err)
	}
	if _, _, ok, err := s.Machine(t.Context(), "task/r/none"); ok || err != nil {
		t.Errorf("a machine that was never saved: %v, %v", ok, err)
	}
}

func TestCommitEndsWithItsContext(t *testing.T) {
	s := open(t, t.TempDir())
	l := lock(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Commit(ctx, l, flow.Batch{Records: []flow.Record{event("run/r", 1)}})
	wantKind(t, err, fault.Transient)
	if rows := collect(t, s, Query{}); len(rows) != 0 {
		t.Errorf("%d records", len(rows))
	}
}

func TestRunsAreListedNewestFirst(t *testing.T) {
	s := open(t, t.TempDir())
	l := lock(t, s)
	// A task before its run, a queue without one, and a stream of no run.
	commitTo(t, s, l, flow.Batch{Records: []flow.Record{event("task/2/a", 1), event("queue/3", 1), event("trust", 1)}})
	commitTo(t, s, l, flow.Batch{Records: []flow.Record{event("run/1", 1), event("run/1", 2)}})
	commitTo(t, s, l, flow.Batch{
		Records:  []flow.Record{event("run/2", 1)},
		Machines: []flow.Machine{{Stream: "run/1", Done: true}, {Stream: "run/2"}, {Stream: "task/2/a"}},
	})
	runs, err := s.Runs(t.Context(), RunQuery{})
	if err != nil || len(runs) != 2 {
		t.Fatalf("Runs gave %+v, %v", runs, err)
	}
	if r := runs[0]; r.ID != "2" || r.Done || r.First.Stream != "run/2" || r.First.Row != 8 {
		t.Errorf("first %+v", r)
	}
	if r := runs[1]; r.ID != "1" || !r.Done || r.First.Stream != "run/1" || r.First.Seq != 1 {
		t.Errorf("second %+v", r)
	}
	for q, want := range map[RunQuery]string{{Alive: true}: "2", {Limit: 1}: "2", {Limit: 9}: "21", {Alive: true, Limit: 2}: "2"} {
		got := ""
		runs, err := s.Runs(t.Context(), q)
		for _, r := range runs {
			got += r.ID
		}
		if got != want || err != nil {
			t.Errorf("%+v gives %q, %v; want %q", q, got, err, want)
		}
	}
	active, err := s.Active(t.Context())
	if err != nil || !reflect.DeepEqual(active, []flow.Stream{"run/2"}) {
		t.Errorf("active %v, %v", active, err)
	}
}

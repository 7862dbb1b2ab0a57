package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"muster/internal/core/fault"
	"muster/internal/core/flow"
)

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func lock(t testing.TB, s *Store) *Lock {
	t.Helper()
	l, ok, err := s.Lock(t.Context())
	if err != nil || !ok {
		t.Fatalf("Lock: %v, %v", ok, err)
	}
	t.Cleanup(func() { _ = l.Release() })
	return l
}

func commitTo(t testing.TB, s *Store, l *Lock, b flow.Batch) []flow.Record {
	t.Helper()
	records, err := s.Commit(t.Context(), l, b)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// event makes a record whose data tells it from others.
func event(stream flow.Stream, n int) flow.Record {
	return flow.Record{
		V: flow.RecordVersion, Stream: stream, ID: fmt.Sprintf("id-%s-%d", stream, n), AtUS: int64(1000 + n),
		Kind: "happened", Actor: "engine", Cause: "cause", Data: json.RawMessage(fmt.Sprintf(`{"n":%d,"text":"<&> é"}`, n)),
	}
}

func collect(t testing.TB, s *Store, q Query) []Row {
	t.Helper()
	var out []Row
	for row, err := range s.Records(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, row)
	}
	return out
}

func wantKind(t testing.TB, err error, kind fault.Kind, parts ...string) {
	t.Helper()
	if fault.KindOf(err) != kind {
		t.Fatalf("error %v has kind %q, want %q", err, fault.KindOf(err), kind)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error()+"\n"+fault.HintOf(err), part) {
			t.Errorf("error %q with hint %q does not say %q", err, fault.HintOf(err), part)
		}
	}
}

// rawDB opens the database as anybody with the file could.
func rawDB(t testing.TB, dir string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, databaseFile)+"?_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestBodyHasEveryFieldOfRecordButHash(t *testing.T) {
	record, stored := reflect.TypeFor[flow.Record](), reflect.TypeFor[body]()
	if record.NumField() != stored.NumField()+1 || record.Field(record.NumField()-1).Name != "Hash" {
		t.Fatalf("flow.Record has %d fields, body %d", record.NumField(), stored.NumField())
	}
	for i := range stored.NumField() {
		r, b := record.Field(i), stored.Field(i)
		if r.Name != b.Name || r.Type != b.Type || r.Tag != b.Tag {
			t.Errorf("field %d: flow.Record has %v, body has %v", i, r, b)
		}
	}
	// Every field must also survive: encode and decode copy by name.
	full := flow.Record{
		V: 1, Stream: "s", Seq: 2, ID: "i", AtUS: 3, Kind: "k", Actor: "a", Cause: "c",
		Data: json.RawMessage(`{"d":1}`), Blobs: []string{"b"}, Prev: "p",
	}
	data, hash, err := encode(full)
	if err != nil {
		t.Fatal(err)
	}
	full.Hash = hash.String()
	if got, err := decode(data, hash[:]); err != nil || !reflect.DeepEqual(got, full) {
		t.Errorf("decode gave %+v, %v; want %+v", got, err, full)
	}
}

// TestOnlyDurableWrites: what Commit promises rests on these settings.
func TestOnlyDurableWrites(t *testing.T) {
	s := open(t, t.TempDir())
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "busy_timeout": "10000", "trusted_schema": "0"} {
		var got string
		if err := s.write.conn.QueryRowContext(t.Context(), "pragma "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, want %s (%v)", pragma, got, want, err)
		}
	}
	if _, err := s.read.db.ExecContext(t.Context(), `delete from records`); err == nil {
		t.Error("the readers can write")
	}
}

func FuzzRecordComesBack(f *testing.F) {
	f.Add("run/r", "id", "kind", "engine", []byte(`{"a":[1,2.50,"<é>"]}`))
	f.Add("run/r", "id", "kind", "engine", []byte(nil))
	f.Add("run/r", "id", "kind", "engine", []byte{})
	f.Add("task/r/\u2028", "", "k", "\xff", []byte(`{`))
	f.Fuzz(func(t *testing.T, stream, id, kind, actor string, data []byte) {
		in := flow.Record{V: 1, Stream: flow.Stream(stream), Seq: 1, ID: id, Kind: flow.Kind(kind), Actor: actor, Data: data}
		if checkRecord(in) != nil {
			return
		}
		stored, hash, err := encode(in)
		if err != nil {
			t.Fatal(err)
		}
		out, err := decode(stored, hash[:])
		if err != nil {
			t.Fatal(err)
		}
		again, sameHash, err := encode(out)
		if err != nil || string(again) != string(stored) || sameHash != hash {
			t.Fatalf("%s became %s, %v", stored, again, err)
		}
		if out.Stream != in.Stream || out.ID != in.ID || out.Kind != in.Kind || out.Actor != in.Actor {
			t.Fatalf("%+v came back as %+v", in, out)
		}
	})
}

func TestOpenCreatesForTheOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "with space, ? # % and é")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	l := lock(t, s)
	commitTo(t, s, l, flow.Batch{Records: []flow.Record{event("run/r", 1)}})
	for name, mode := range map[string]os.FileMode{
		"muster.db": 0o600, "muster.db-wal": 0o600, "engine.lock": 0o600, "blobs": 0o700, "results": 0o700,
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm() != mode {
			t.Errorf("%s has mode %o, want %o", name, info.Mode().Perm(), mode)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	ctx := t.Context()
	t.Run("missing folder", func(t *testing.T) {
		_, err := Open(ctx, filepath.Join(t.TempDir(), "none"))
		wantKind(t, err, fault.NotFound, "none", "create it first")
	})
	t.Run("file in place of the folder", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(ctx, path)
		wantKind(t, err, fault.Invalid, "not a folder")
	})
	t.Run("newer version", func(t *testing.T) {
		dir := t.TempDir()
		if err := open(t, dir).Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := rawDB(t, dir).Exec(`pragma user_version = 99`); err != nil {
			t.Fatal(err)
		}
		_, err := Open(ctx, dir)
		wantKind(t, err, fault.Refused, "version 99", "use a newer muster")
	})
	t.Run("database of another program", func(t *testing.T) {
		dir := t.TempDir()
		if _, err := rawDB(t, dir).Exec(`create table t (x)`); err != nil {
			t.Fatal(err)
		}
		_, err := Open(ctx, dir)
		wantKind(t, err, fault.Refused, "another program")
	})
	t.Run("no database at all", func(t *testing.T) {
		dir := t.TempDir()
		text := strings.Repeat("not a database\n", 1000)
		if err := os.WriteFile(filepath.Join(dir, databaseFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(ctx, dir)
		wantKind(t, err, fault.Internal, "not a database", "restore")
		if got, _ := os.ReadFile(filepath.Join(dir, databaseFile)); string(got) != text {
			t.Error("the file was changed")
		}
	})
	t.Run("ended context", func(t *testing.T) {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		_, err := Open(ended, t.TempDir())
		wantKind(t, err, fault.Transient)
	})
}

func TestOpenAgainFindsEverything(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	l := lock(t, s)
	want := commitTo(t, s, l, flow.Batch{
		Records:  []flow.Record{event("run/r", 1), event("task/r/a", 1), event("run/r", 2)},
		Machines: []flow.Machine{{Stream: "run/r", Snapshot: json.RawMessage(`{"s":1}`)}},
		Opened:   []flow.Open{{Stream: "task/r/a", Op: "1", Kind: "start", AtUS: 5, DueUS: 9, Command: json.RawMessage(`{"c":1}`)}},
	})
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	var got []flow.Record
	for _, row := range collect(t, s, Query{Run: "r"}) {
		got = append(got, row.Record)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("records\n%+v, want\n%+v", got, want)
	}
	m, first, ok, err := s.Machine(t.Context(), "run/r")
	if err != nil || !ok || string(m.Snapshot) != `{"s":1}` || m.Done || !reflect.DeepEqual(first, want[0]) {
		t.Errorf("Machine gave %+v, %+v, %v, %v", m, first, ok, err)
	}
	opened, err := s.OpenCommands(t.Context())
	if err != nil || len(opened) != 1 || opened[0].Op != "1" || opened[0].DueUS != 9 || string(opened[0].Command) != `{"c":1}` {
		t.Errorf("OpenCommands gave %+v, %v", opened, err)
	}
	active, err := s.Active(t.Context())
	if err != nil || !reflect.DeepEqual(active, []flow.Stream{"run/r"}) {
		t.Errorf("Active gave %v, %v", active, err)
	}
}

func TestMethodsFailCleanlyAfterClose(t *testing.T) {
	s := open(t, t.TempDir())
	l := lock(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := s.Commit(t.Context(), l, flow.Batch{Records: []flow.Record{event("run/r", 1)}})
	wantKind(t, err, fault.Internal, "commit 1 records")
	_, err = s.Runs(t.Context(), RunQuery{})
	wantKind(t, err, fault.Internal, "list the runs")
	_, err = s.Changed(t.Context())
	wantKind(t, err, fault.Internal, "watch")
}

package store

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/core/fault"
	"muster/internal/core/flow"
)

func verified(t testing.TB, s *Store) Report {
	t.Helper()
	r, err := s.Verify(t.Context(), Anchor{})
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK() {
		t.Fatalf("problems: %+v", r.Problems)
	}
	return r
}

// sample writes rows 1 to 12: run/r 1..4, task/r/a 1..4, and four seals, with
// a blob named by row 2.
func sample(t *testing.T, dir string) (s *Store, sha string) {
	s = open(t, dir)
	l := lock(t, s)
	sha, err := s.PutBlob(t.Context(), []byte("a log"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		run, task := event("run/r", i), event("task/r/a", i)
		if i == 0 {
			task.Blobs = []string{sha}
		}
		commitTo(t, s, l, flow.Batch{Records: []flow.Record{run, task}})
	}
	return s, sha
}

func TestVerifyCountsWhatIsWhole(t *testing.T) {
	s, _ := sample(t, t.TempDir())
	r := verified(t, s)
	seals := collect(t, s, Query{Stream: flow.LedgerStream})
	if r.Streams != 3 || r.Records != 12 || r.Seals != 4 || r.Blobs != 1 || r.Head.Hash != seals[3].Hash || r.Head.Seq != 4 {
		t.Errorf("report %+v", r)
	}
	empty := verified(t, open(t, t.TempDir()))
	if empty.Records != 0 || empty.Head.Seq != 0 {
		t.Errorf("report of an empty ledger %+v", empty)
	}
}

// rehash alters the body of a row and makes its hash fit, as somebody would
// who knows how the ledger is made.
func rehash(t *testing.T, db *sql.DB, row int, from, to string) {
	t.Helper()
	var data []byte
	if err := db.QueryRow(`select body from records where row = ?`, row).Scan(&data); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), from) {
		t.Fatalf("row %d is %s", row, data)
	}
	data = []byte(strings.Replace(string(data), from, to, 1))
	r, err := decode(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	data, hash, err := encode(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`update records set body = ?, hash = ? where row = ?`, data, hash[:], row); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyFindsTampering(t *testing.T) {
	run, task, ledger := flow.Stream("run/r"), flow.Stream("task/r/a"), flow.LedgerStream
	do := func(texts ...string) func(*testing.T, *sql.DB) {
		return func(t *testing.T, db *sql.DB) {
			for _, text := range texts {
				if _, err := db.Exec(text); err != nil {
					t.Fatalf("%s: %v", text, err)
				}
			}
		}
	}
	tests := []struct {
		name   string
		tamper func(*testing.T, *sql.DB)
		want   Problem // stream and seq, and a part of What
		only   bool    // there must be no other
	}{
		{
			"byte of a body", do(`update records set body = cast(replace(cast(body as text), '"n":1', '"n":7') as blob) where row = 4`),
			Problem{Stream: run, Seq: 2, What: "altered"},
			true,
		},
		{"byte of a hash", do(`update records set hash = zeroblob(32) where row = 4`), Problem{Stream: run, Seq: 2, What: "altered"}, false},
		{"body that is no JSON", do(`update records set body = x'00' where row = 4`), Problem{Stream: run, Seq: 2, What: "altered"}, true},
		{
			"body with its hash, against the chain", func(t *testing.T, db *sql.DB) { rehash(t, db, 4, `"n":1`, `"n":7`) },
			Problem{Stream: run, Seq: 3, What: "chain is broken"},
			false,
		},
		{"body with its hash, against the seal", func(t *testing.T, db *sql.DB) {
			rehash(t, db, 10, `"n":3`, `"n":7`)
			do(`update streams set hash = (select hash from records where row = 10) where name = 'run/r'`)(t, db)
		}, Problem{Stream: run, Seq: 4, What: "another hash than seal 4"}, true},
		{"last record", do(`delete from records where row = 10`), Problem{Stream: run, Seq: 4, What: "the last ones, are missing"}, false},
		{
			"last record and the head", do(`delete from records where row = 10`,
				`update streams set seq = 3, hash = (select hash from records where row = 7) where name = 'run/r'`),
			Problem{Stream: run, Seq: 4, What: "missing before its seal"},
			true,
		},
		{"record in the middle", do(`delete from records where row = 4`), Problem{Stream: run, Seq: 2, What: "records 2 to 2 are missing"}, false},
		{"first record", do(`delete from records where row = 1`), Problem{Stream: run, Seq: 1, What: "records 1 to 1 are missing"}, false},
		{
			"two swapped", do(`update records set seq = 100 where row = 4`, `update records set seq = 2 where row = 7`, `update records set seq = 3 where row = 4`),
			Problem{Stream: run, Seq: 2, What: "was moved"},
			false,
		},
		{
			"rows swapped", do(`update records set row = 100 where row = 4`, `update records set row = 4 where row = 7`, `update records set row = 7 where row = 100`),
			Problem{Stream: run, Seq: 2, What: "this record as the last, and record 3 is"},
			false,
		},
		{
			"record moved to another stream", do(`update records set stream = (select id from streams where name = 'task/r/a'), seq = 5 where row = 10`),
			Problem{Stream: task, Seq: 5, What: "was moved"},
			false,
		},
		{
			"record added", do(`insert into records (stream, seq, hash, body) select stream, 5, hash, body from records where row = 10`),
			Problem{Stream: run, Seq: 5, What: "no seal names"},
			false,
		},
		{"seal in the middle", do(`delete from records where row = 6`), Problem{Stream: ledger, Seq: 2, What: "are missing"}, false},
		{"last seal", do(`delete from records where row = 12`), Problem{Stream: task, Seq: 4, What: "no seal names"}, false},
		{
			"last seal and its head", do(`delete from records where row = 12`,
				`update streams set seq = 3, hash = (select hash from records where row = 9) where name = 'ledger'`),
			Problem{Stream: run, Seq: 4, What: "no seal names"},
			false,
		},
		{"all seals", do(`delete from records where row % 3 = 0`), Problem{Stream: ledger, Seq: 1, What: "the last ones, are missing"}, false},
		{
			"whole stream", do(`delete from records where stream = (select id from streams where name = 'task/r/a')`, `delete from streams where name = 'task/r/a'`),
			Problem{Stream: task, Seq: 1, What: "missing before its seal"},
			false,
		},
		{"row of a stream", do(`delete from streams where name = 'task/r/a'`), Problem{Stream: task, Seq: 1, What: "stream of this record was removed"}, false},
		{"head of a stream", do(`update streams set hash = zeroblob(32) where name = 'task/r/a'`), Problem{Stream: task, Seq: 4, What: "the stream says"}, true},
		{
			"pages that nothing leads to", do(`pragma writable_schema = on`, `delete from sqlite_schema where name = 'records_run'`),
			Problem{What: "the database is damaged: "},
			true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			s, _ := sample(t, dir)
			tt.tamper(t, rawDB(t, dir))
			expect(t, s, tt.want, tt.only)
		})
	}
}

// TestVerifyFindsAnotherOrderWithinACommit: the last record of the stream is
// where its seal says, the ones before it are not.
func TestVerifyFindsAnotherOrderWithinACommit(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commitTo(t, s, lock(t, s), flow.Batch{Records: []flow.Record{event("run/r", 1), event("run/r", 2), event("run/r", 3)}})
	verified(t, s)
	for _, text := range []string{
		`update records set row = 100 where row = 1`, `update records set row = 1 where row = 2`, `update records set row = 2 where row = 100`,
	} {
		if _, err := rawDB(t, dir).Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, s, Problem{Stream: "run/r", Seq: 1, What: "after a later one"}, true)
}

func expect(t *testing.T, s *Store, want Problem, only bool) {
	t.Helper()
	r, err := s.Verify(t.Context(), Anchor{})
	if err != nil {
		t.Fatal(err)
	}
	hit := false
	for _, p := range r.Problems {
		hit = hit || p.Stream == want.Stream && p.Seq == want.Seq && p.Blob == want.Blob && strings.Contains(p.What, want.What)
	}
	if !hit || only && len(r.Problems) != 1 {
		got, _ := json.MarshalIndent(r.Problems, "", " ")
		t.Errorf("want %+v (alone: %v) among\n%s", want, only, got)
	}
}

func TestVerifyFindsBlobs(t *testing.T) {
	stray := strings.Repeat("ab", 32)
	tests := []struct {
		name   string
		tamper func(t *testing.T, s *Store, path string) error
		want   func(sha string) Problem
	}{
		{
			"missing", func(_ *testing.T, _ *Store, path string) error { return os.Remove(path) },
			func(sha string) Problem { return Problem{Stream: "task/r/a", Seq: 1, Blob: sha, What: "is missing"} },
		},
		{
			"altered", func(_ *testing.T, _ *Store, path string) error { return os.WriteFile(path, []byte("another"), 0o600) },
			func(sha string) Problem { return Problem{Stream: "task/r/a", Seq: 1, Blob: sha, What: "was altered"} },
		},
		{
			"all missing", func(_ *testing.T, s *Store, _ string) error { return os.RemoveAll(s.path(blobFolder)) },
			func(sha string) Problem { return Problem{Stream: "task/r/a", Seq: 1, Blob: sha, What: "is missing"} },
		},
		{"altered and named by nobody", func(t *testing.T, s *Store, _ string) error {
			if err := os.MkdirAll(filepath.Dir(s.blobPath(stray)), 0o700); err != nil {
				t.Fatal(err)
			}
			return os.WriteFile(s.blobPath(stray), []byte("x"), 0o600)
		}, func(string) Problem { return Problem{Blob: stray, What: "no record names it"} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, sha := sample(t, t.TempDir())
			if err := tt.tamper(t, s, s.blobPath(sha)); err != nil {
				t.Fatal(err)
			}
			expect(t, s, tt.want(sha), true)
		})
	}
	t.Run("unfinished and unnamed ones are no problem", func(t *testing.T) {
		s, sha := sample(t, t.TempDir())
		if err := os.WriteFile(filepath.Join(filepath.Dir(s.blobPath(sha)), tempPrefix+"1"), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.PutBlob(t.Context(), []byte("before its event")); err != nil {
			t.Fatal(err)
		}
		verified(t, s)
	})
}

// TestVerifyReportsADamagedFile overwrites pages of a closed database.
func TestVerifyReportsADamagedFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	l := lock(t, s)
	for i := range 20 {
		var b flow.Batch
		for j := range 50 {
			b.Records = append(b.Records, event(flow.TaskStream("r", string(rune('a'+i))), j))
		}
		commitTo(t, s, l, b)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, databaseFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(data) / 2; i < len(data)/2+3*4096; i++ {
		data[i] = 0xa5
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, open(t, dir), Problem{What: "the database is damaged"}, false)
}

func TestVerifyWhileOthersWrite(t *testing.T) {
	s := open(t, t.TempDir())
	l := lock(t, s)
	commitTo(t, s, l, flow.Batch{Records: []flow.Record{event("run/r", 0)}})
	done := make(chan error)
	go func() {
		for i := range 60 {
			if _, err := s.Commit(t.Context(), l, flow.Batch{Records: []flow.Record{event("run/r", i), event("task/r/a", i)}}); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for {
		verified(t, s)
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return
		default:
		}
	}
}

func TestRecordsReportARowTheyCannotRead(t *testing.T) {
	dir := t.TempDir()
	s, _ := sample(t, dir)
	if _, err := rawDB(t, dir).Exec(`update records set body = x'00' where row = 4`); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range s.Records(t.Context(), Query{}) {
		if err != nil {
			wantKind(t, err, fault.Internal, "row 4")
			break
		}
		n++
	}
	if n != 3 {
		t.Errorf("%d records before the error, want 3", n)
	}
}

package store

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"muster/internal/core/flow"
)

const benchTasks = 100_000

// fill writes tasks of three records each, all but the last hundred done.
func fill(b *testing.B, dir string) {
	b.Helper()
	s := open(b, dir)
	l := lock(b, s)
	commitTo(b, s, l, flow.Batch{Records: []flow.Record{event("run/r", 0)}, Machines: []flow.Machine{{Stream: "run/r", Snapshot: json.RawMessage(`{}`)}}})
	const step = 500
	for from := 0; from < benchTasks; from += step {
		var batch flow.Batch
		for i := from; i < from+step; i++ {
			stream := flow.TaskStream("r", fmt.Sprint("t", i))
			done := i < benchTasks-100
			batch.Records = append(batch.Records, event(stream, 1), event(stream, 2), event(stream, 3))
			batch.Machines = append(batch.Machines, flow.Machine{Stream: stream, Snapshot: json.RawMessage(`{"state":"working"}`), Done: done})
			if !done {
				batch.Opened = append(batch.Opened, flow.Open{Stream: stream, Op: "1", Kind: "start_attempt"})
			}
		}
		commitTo(b, s, l, batch)
	}
	if err := l.Release(); err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkOpen100k is a start with a hundred thousand tasks in the ledger.
func BenchmarkOpen100k(b *testing.B) {
	dir := b.TempDir()
	fill(b, dir)
	if info, err := os.Stat(dir + "/" + databaseFile); err == nil {
		b.Logf("%d bytes per task", info.Size()/benchTasks)
	}
	b.Run("Open", func(b *testing.B) {
		for b.Loop() {
			s, err := Open(b.Context(), dir)
			if err != nil {
				b.Fatal(err)
			}
			opened, err := s.OpenCommands(b.Context())
			if err != nil || len(opened) != 100 {
				b.Fatal(len(opened), err)
			}
			active, err := s.Active(b.Context())
			if err != nil || len(active) != 1 {
				b.Fatal(active, err)
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	s := open(b, dir)
	b.Run("Runs", func(b *testing.B) {
		for b.Loop() {
			if runs, err := s.Runs(b.Context(), RunQuery{}); err != nil || len(runs) != 1 {
				b.Fatal(runs, err)
			}
		}
	})
	b.Run("Machine", func(b *testing.B) {
		for b.Loop() {
			if _, _, ok, err := s.Machine(b.Context(), flow.TaskStream("r", "t77777")); err != nil || !ok {
				b.Fatal(ok, err)
			}
		}
	})
	b.Run("Tail", func(b *testing.B) {
		for b.Loop() {
			if rows := collect(b, s, Query{Run: "r", AfterRow: 300_100}); len(rows) == 0 {
				b.Fatal("no rows")
			}
		}
	})
	b.Run("Verify", func(b *testing.B) {
		for b.Loop() {
			verified(b, s)
		}
	})
}

func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{1, 64} {
		b.Run(fmt.Sprint("batch", size), func(b *testing.B) {
			dir := b.TempDir()
			s := open(b, dir)
			l := lock(b, s)
			n := 0
			for b.Loop() {
				var batch flow.Batch
				for range size {
					n++
					stream := flow.TaskStream("r", fmt.Sprint("t", n%50))
					batch.Records = append(batch.Records, event(stream, n))
					batch.Machines = append(batch.Machines, flow.Machine{Stream: stream, Snapshot: json.RawMessage(`{"state":"working"}`)})
				}
				commitTo(b, s, l, batch)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			if info, err := os.Stat(dir + "/" + databaseFile); err == nil {
				b.ReportMetric(float64(info.Size())/float64(n), "bytes/record")
			}
		})
	}
}

func BenchmarkChanged(b *testing.B) {
	s := open(b, b.TempDir())
	for b.Loop() {
		if _, err := s.Changed(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPutBlob(b *testing.B) {
	s := open(b, b.TempDir())
	n := 0
	for b.Loop() {
		n++
		if _, err := s.PutBlob(b.Context(), fmt.Appendf(nil, "%064d", n)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSigning commits to two ledgers in turn, one of them signed, so that
// whatever else the machine does falls on both.
func BenchmarkSigning(b *testing.B) {
	plain, signed := open(b, b.TempDir()), openSigned(b, b.TempDir(), newTestSigner('a'))
	stores := []*Store{plain, signed}
	locks := []*Lock{lock(b, plain), lock(b, signed)}
	took := make([][]time.Duration, 2)
	n := 0
	for b.Loop() {
		n++
		for i, s := range stores {
			begun := time.Now()
			commitTo(b, s, locks[i], flow.Batch{Records: []flow.Record{event("task/r/a", n), event("run/r", n)}})
			took[i] = append(took[i], time.Since(begun))
		}
	}
	for i, name := range []string{"plain-us", "signed-us"} {
		slices.Sort(took[i])
		b.ReportMetric(float64(took[i][len(took[i])/2].Microseconds()), name)
	}
}

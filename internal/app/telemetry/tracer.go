package telemetry

import (
	"context"

	"muster/internal/adapter/collector"
	"muster/internal/app/runs"
	"muster/internal/core/flow"
	"muster/internal/core/report"
	"muster/internal/core/spans"
	"muster/internal/store"
)

// maxMarks is how many commits may wait to be looked at. What is dropped is made
// good by the next one of the same run.
const maxMarks = 1024

// Tracer tells of runs, tasks and attempts that end, as their records are
// committed. Each record is committed once, by one process, so each span is
// sent once. A nil Tracer tells nothing.
type Tracer struct {
	store *store.Store
	out   *collector.Exporter
	marks chan mark
	done  chan struct{}
	runs  map[string]*followed
}

// mark says that a run has new records, of which this is the first.
type mark struct{ run, record string }

// followed is a run as far as it was looked at.
type followed struct {
	run  *report.Run
	row  int64
	told spans.Told
}

// Trace begins to tell of what is committed to a ledger, as the environment
// says; nil when it does not. What cannot be sent is said in the file.
func Trace(env map[string]string, st *store.Store, file string) *Tracer {
	vars := Variables(env)
	if vars == nil {
		return nil
	}
	out := exporter(vars, logTo(file))
	if out == nil {
		return nil
	}
	t := &Tracer{store: st, out: out, marks: make(chan mark, maxMarks), done: make(chan struct{}), runs: map[string]*followed{}}
	go t.loop()
	return t
}

// Committed notes what was committed. It never waits.
func (t *Tracer) Committed(records []flow.Record) {
	if t == nil {
		return
	}
	seen := map[string]bool{}
	for _, r := range records {
		run := r.Stream.Run()
		if run == "" || seen[run] {
			continue
		}
		seen[run] = true
		select {
		case t.marks <- mark{run, r.ID}:
		default:
		}
	}
}

// Close tells what is left, for two seconds at most beside what reading the
// ledger takes. Nothing may be committed any more.
func (t *Tracer) Close() {
	if t == nil {
		return
	}
	close(t.marks)
	<-t.done
	t.out.Close()
}

func (t *Tracer) loop() {
	defer close(t.done)
	for m := range t.marks {
		if err := t.follow(context.Background(), m); err != nil {
			delete(t.runs, m.run) // it is read anew with the next commit; whoever needs the ledger says what is wrong with it
		}
	}
}

// follow tells what of a run has ended since it was looked at last.
func (t *Tracer) follow(ctx context.Context, m mark) (err error) {
	f := t.runs[m.run]
	if f == nil {
		if f, err = t.begin(ctx, m); err != nil {
			return err
		}
		t.runs[m.run] = f
	} else if f.run, f.row, err = runs.Update(ctx, t.store, f.run, m.run, f.row); err != nil {
		return err
	}
	if f.run == nil {
		return nil
	}
	for _, s := range spans.Since(f.told, f.run) {
		t.out.Send(s)
	}
	f.told = spans.Of(f.run)
	return nil
}

// begin reads a run that was not followed yet. What stood before the commit has
// been told by whoever committed it.
func (t *Tracer) begin(ctx context.Context, m mark) (*followed, error) {
	f := &followed{}
	for rec, err := range t.store.Records(ctx, store.Query{Run: m.run}) {
		if err != nil {
			return nil, err
		}
		if rec.ID == m.record {
			f.told = spans.Of(f.run)
		}
		if f.run == nil {
			f.run = &report.Run{}
		}
		if err := f.run.Apply(rec.Record); err != nil {
			return nil, err
		}
		f.row = rec.Row
	}
	return f, nil
}

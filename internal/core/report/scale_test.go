package report_test

import (
	"fmt"
	"testing"

	"muster/internal/core/flow"
	"muster/internal/core/report"
)

// many gives the events of a run with n tasks that settle one after the other.
func many(t *testing.T, n int) []flow.Record {
	t.Helper()
	h := newHost(t)
	var nodes []flow.Node
	for i := range n {
		node := flow.Node{ID: fmt.Sprintf("t%d", i), Agent: "bot"}
		if i > 0 && i%10 > 0 {
			node.Needs = []string{fmt.Sprintf("t%d", i-1)}
		}
		nodes = append(nodes, node)
	}
	var out []flow.Record
	add := func(s flow.Stream, p flow.Payload) {
		r, err := flow.NewRecord(s, flow.Event{ID: "e", AtUS: int64(len(out)), Actor: "engine", Data: p}, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	h.begin(flow.Limits{Parallel: 4}, nodes...)
	out = append(out, h.records[:3]...)
	for _, node := range nodes {
		add(task(node.ID), flow.TaskStarted{Node: node})
		add(run, flow.SlotReleased{Task: node.ID})
		add(run, flow.TaskSettled{Task: node.ID, State: flow.IsLanded})
	}
	return out
}

func fold(t *testing.T, records []flow.Record) *report.Run {
	t.Helper()
	r, err := report.Fold(func(yield func(flow.Record, error) bool) {
		for _, rec := range records {
			if !yield(rec, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func BenchmarkFold(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			t := &testing.T{}
			records := many(t, n)
			b.ResetTimer()
			for b.Loop() {
				fold(t, records)
			}
		})
	}
}

// Ten thousand tasks are folded in a moment; with a loop over all tasks for
// each event it would take half a minute.
func TestFoldOfManyTasks(t *testing.T) {
	const n = 10_000
	r := fold(t, many(t, n))
	if r.Stage != flow.Proving || r.Tasks[n-1].State != report.Landed {
		t.Fatalf("stage %s, last task %s", r.Stage, r.Tasks[n-1].State)
	}
}

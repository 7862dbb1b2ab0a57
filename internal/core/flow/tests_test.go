package flow_test

import (
	"fmt"
	"testing"

	"muster/internal/core/evidence"
	"muster/internal/core/flow"
)

const dayUS = 24 * 3600 * 1_000_000

func triedOf(name string, red, runs int64) evidence.Tried {
	return evidence.Tried{Test: evidence.Test{In: "p", Name: name}, Red: red, Runs: runs}
}

// listen lets the machine that remembers tests hear of judgements, a day apart.
func listen(t *testing.T, all ...flow.TestsTried) flow.Tests {
	t.Helper()
	var state flow.State = flow.Tests{}
	for i, d := range all {
		next, commands := state.Step(flow.Event{AtUS: int64(i) * dayUS, Data: d})
		if len(commands) > 0 || next.Done() {
			t.Fatalf("%d: commands %v, done %v", i, commands, next.Done())
		}
		state = next
	}
	return state.(flow.Tests)
}

func TestElsewhere(t *testing.T) {
	m := listen(t,
		flow.TestsTried{Where: "task/r/a", Tried: []evidence.Tried{triedOf("own", 1, 2), triedOf("both", 1, 4)}},
		flow.TestsTried{Where: "task/r/b", Tried: []evidence.Tried{triedOf("both", 1, 2), triedOf("own", 0, 6)}},
	)
	for stream, want := range map[flow.Stream]string{
		"task/r/a": "[both in p 2/6]", // what only the task itself showed is not known to it
		"task/r/b": "[both in p 2/6 own in p 1/8]",
		"run/r":    "[both in p 2/6 own in p 1/8]",
	} {
		var got []string
		for _, k := range m.Elsewhere(stream) {
			got = append(got, fmt.Sprintf("%s %d/%d", k.Test, k.Rate.Red, k.Rate.Runs))
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s knows %v, want %s", stream, got, want)
		}
	}
}

func TestTestsAreForgotten(t *testing.T) {
	all := []flow.TestsTried{{Where: "task/r/a", Tried: []evidence.Tried{triedOf("old", 1, 2), triedOf("renewed", 1, 2)}}}
	for len(all) < 91 {
		all = append(all, flow.TestsTried{Where: "task/r/b", Tried: []evidence.Tried{triedOf("old", 0, 1)}})
	}
	all[50].Tried = append(all[50].Tried, triedOf("renewed", 1, 2))
	if got := listen(t, all...); len(got.Known) != 2 {
		t.Errorf("after 90 days %v", got.Known)
	}
	all = append(all, flow.TestsTried{Where: "task/r/b", Tried: []evidence.Tried{triedOf("old", 0, 1)}})
	if got := listen(t, all...); len(got.Known) != 1 || got.Known[0].Name != "renewed" {
		t.Errorf("after 91 days %v", got.Known)
	}
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	var d flow.TestsTried
	for i := range 700 {
		d.Tried = append(d.Tried, triedOf(fmt.Sprintf("t%03d", i), 1, 2))
	}
	late := flow.TestsTried{Where: "late", Tried: []evidence.Tried{triedOf("zz", 1, 2)}}
	m := listen(t, d, late, flow.TestsTried{Where: "other", Tried: []evidence.Tried{triedOf("zz", 1, 2)}})
	if len(m.Known) != 500 || m.Known[499].Name != "zz" || len(m.Known[499].Seen) != 2 {
		t.Errorf("%d are kept, the last is %+v", len(m.Known), m.Known[len(m.Known)-1])
	}
	for i := range 9 {
		late.Where = flow.Stream(fmt.Sprint("s", i))
		m = listen(t, late, late, flow.TestsTried{Where: "x", Tried: late.Tried})
	}
	if len(m.Known[0].Seen) != 2 {
		t.Errorf("the same stream is kept twice: %v", m.Known[0].Seen)
	}
}

func TestWhere(t *testing.T) {
	in := flow.Inputs{Run: "r"}
	for _, tt := range []struct {
		order flow.RunChecks
		want  flow.Stream
	}{
		{flow.RunChecks{Inputs: in, Subject: evidence.OfTask, Task: "a"}, "task/r/a"},
		{flow.RunChecks{Inputs: in, Subject: evidence.OfMerge, Task: "a"}, "task/r/a"},
		{flow.RunChecks{Inputs: in, Subject: evidence.OfPush}, "queue/r"},
		{flow.RunChecks{Inputs: in, Subject: evidence.OfGoal}, "run/r"},
	} {
		if got := tt.order.Where(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.order.Subject, got, tt.want)
		}
	}
}

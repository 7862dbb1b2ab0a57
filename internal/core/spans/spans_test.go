package spans_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/otlp"
	"muster/internal/core/report"
	"muster/internal/core/spans"
)

const id = "01a22251-578e-7179-b059-a9f2715ccd08"

// A trace reads run, task, attempt, request; each is told once, when it has
// ended.
func TestSince(t *testing.T) {
	r := &report.Run{ID: id, Name: "p", Goal: "secret goal", Stage: flow.Running, BegunUS: 1, LastUS: 9, Tasks: []report.Task{
		{ID: "a", Title: "secret title", Agent: "claude", State: report.Working, BegunUS: 2, Attempts: []report.Attempt{{Number: 1, BegunUS: 3}}},
		{ID: "b", Agent: "codex", State: report.Waiting},
	}}
	told := spans.Of(nil)
	next := func(want ...string) []otlp.Span {
		t.Helper()
		got := spans.Since(told, r)
		var names []string
		for _, s := range got {
			names = append(names, s.Name)
		}
		if fmt.Sprint(names) != fmt.Sprint(want) {
			t.Errorf("told %q, want %q", names, want)
		}
		told = spans.Of(r)
		if again := spans.Since(told, r); len(again) > 0 {
			t.Errorf("told twice: %v", again)
		}
		return got
	}
	next()
	a := &r.Tasks[0]
	a.Attempts[0].EndedUS = 4
	a.Attempts[0].Outcome = &job.Outcome{Kind: job.Crashed, Message: "secret words", Model: "m", Session: "s1", Usage: job.Usage{Input: 3}}
	first := next("invoke_agent claude")[0]
	if first.Parent != otlp.SpanOf(id+".a") || first.ID != otlp.SpanOf(id+".a.1") || first.Trace != otlp.TraceOf(id) || !first.Failed || first.BeginUS != 3 || first.EndUS != 4 {
		t.Errorf("%+v", first)
	}
	// What the gateway metered is told by the requests.
	a.Attempts = append(a.Attempts, report.Attempt{Number: 2, BegunUS: 5, EndedUS: 6, Outcome: &job.Outcome{Kind: job.Done, Usage: job.Usage{Input: 3}, Reported: &job.Usage{}}}, report.Attempt{Number: 3})
	second := next("invoke_agent claude")[0]
	a.Attempts = a.Attempts[:2]
	a.State, a.EndedUS = report.Landed, 7
	landed := next("task a")[0]
	if landed.Parent != otlp.SpanOf(id) || landed.Failed || landed.BeginUS != 2 || landed.EndUS != 7 {
		t.Errorf("%+v", landed)
	}
	r.Stage = flow.Paused
	next()
	r.Stage, r.Tasks[1].State, r.Tasks[1].BegunUS = flow.Abandoned, report.Closed, 8
	over := next("task b", "run p")
	if !over[0].Failed || !over[1].Failed || over[0].EndUS != 9 || over[1].Parent != (otlp.SpanID{}) || over[1].EndUS != 9 {
		t.Errorf("%+v", over)
	}
	all, err := json.Marshal([]otlp.Span{first, second, landed, over[0], over[1]})
	if err != nil || strings.Contains(string(all), "secret") {
		t.Errorf("%s %v", all, err)
	}
	for s, want := range map[*otlp.Span]bool{&first: true, &second: false} {
		text, _ := json.Marshal(s.Attrs)
		if strings.Contains(string(text), "gen_ai.usage") != want {
			t.Errorf("%s", text)
		}
	}
}

// A run that is done has not failed; a task of it that never began has no span.
func TestRunThatIsDone(t *testing.T) {
	r := &report.Run{ID: id, Name: "p", Stage: flow.Finished, Tasks: []report.Task{{ID: "a", State: report.Landed, BegunUS: 1}, {ID: "b", State: report.Closed}}}
	got := spans.Since(spans.Of(nil), r)
	if len(got) != 2 || got[0].Name != "task a" || got[1].Name != "run p" || got[1].Failed {
		t.Errorf("%+v", got)
	}
}

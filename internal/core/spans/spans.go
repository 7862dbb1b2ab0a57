// Package spans folds where a run stands to spans: of the run, of its tasks and
// of their attempts, which the spans of requests to models are below. It is
// pure, and holds nothing of what agents are told or say.
package spans

import (
	"strconv"

	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/otlp"
	"muster/internal/core/report"
)

// Told is what of a run has been told. The zero value is nothing.
type Told struct {
	attempts map[string]int // by task: how many had ended
	landed   map[string]bool
	isOver   bool
}

// Of gives what there is to tell of a run as it stands; r may be nil.
func Of(r *report.Run) Told {
	t := Told{attempts: map[string]int{}, landed: map[string]bool{}}
	if r == nil {
		return t
	}
	for _, k := range r.Tasks {
		t.attempts[k.ID], t.landed[k.ID] = ended(k), k.State == report.Landed
	}
	t.isOver = isOver(r)
	return t
}

// ended gives how many attempts of a task have ended. Only the last can be under
// way.
func ended(t report.Task) int {
	n := len(t.Attempts)
	if n > 0 && t.Attempts[n-1].Outcome == nil {
		n--
	}
	return n
}

func isOver(r *report.Run) bool { return r.Stage == flow.Finished || r.Stage == flow.Abandoned }

// Since gives the spans of what has come to its end since something was told.
// An attempt's comes when it has ended, a task's when it has landed, or with
// its run, and a run's when it is done or closed.
func Since(t Told, r *report.Run) []otlp.Span {
	var out []otlp.Span
	over := isOver(r) && !t.isOver
	for _, k := range r.Tasks {
		for i := t.attempts[k.ID]; i < ended(k); i++ {
			if k.Attempts[i].Outcome != nil { // else it never ran
				out = append(out, attempt(r, k, k.Attempts[i]))
			}
		}
		landed := k.State == report.Landed
		if landed && !t.landed[k.ID] || over && !landed && k.BegunUS > 0 {
			out = append(out, task(r, k))
		}
	}
	if over {
		out = append(out, run(r))
	}
	return out
}

func run(r *report.Run) otlp.Span {
	s := otlp.Span{
		Trace: otlp.TraceOf(r.ID), ID: otlp.SpanOf(r.ID), Name: "run " + r.Name, Kind: otlp.Internal, BeginUS: r.BegunUS, EndUS: r.LastUS,
		Attrs: []otlp.Attr{otlp.Text("muster.run.id", r.ID), otlp.Text("muster.run.name", r.Name), otlp.Whole("muster.run.tasks", int64(len(r.Tasks)))},
	}
	if s.Failed = r.Stage == flow.Abandoned; s.Failed {
		s.Attrs = append(s.Attrs, otlp.Text("error.type", "closed"))
	}
	return s
}

func task(r *report.Run, t report.Task) otlp.Span {
	name := r.ID + "." + t.ID
	s := otlp.Span{
		Trace: otlp.TraceOf(r.ID), ID: otlp.SpanOf(name), Parent: otlp.SpanOf(r.ID), Name: "task " + t.ID, Kind: otlp.Internal, BeginUS: t.BegunUS, EndUS: t.EndedUS,
		Attrs: []otlp.Attr{
			otlp.Text("muster.run.id", r.ID), otlp.Text("muster.task.id", t.ID), otlp.Text("gen_ai.agent.name", t.Agent),
			otlp.Whole("muster.task.attempts", int64(len(t.Attempts))), otlp.Whole("muster.task.rounds", int64(t.Round)),
		},
	}
	if s.Failed = t.State != report.Landed; s.Failed {
		s.EndUS = r.LastUS
		s.Attrs = append(s.Attrs, otlp.Text("error.type", string(t.State)))
	}
	return s
}

func attempt(r *report.Run, t report.Task, a report.Attempt) otlp.Span {
	name, o := r.ID+"."+t.ID, a.Outcome
	s := otlp.Span{
		Trace: otlp.TraceOf(r.ID), ID: otlp.SpanOf(name + "." + strconv.Itoa(a.Number)), Parent: otlp.SpanOf(name), Name: "invoke_agent " + t.Agent,
		Kind: otlp.Internal, BeginUS: a.BegunUS, EndUS: a.EndedUS,
		Attrs: []otlp.Attr{
			otlp.Text("gen_ai.operation.name", "invoke_agent"), otlp.Text("gen_ai.agent.name", t.Agent),
			otlp.Text("muster.run.id", r.ID), otlp.Text("muster.task.id", t.ID), otlp.Whole("muster.attempt", int64(a.Number)), otlp.Whole("muster.round", int64(a.Round)),
		},
	}
	if o.Model != "" {
		s.Attrs = append(s.Attrs, otlp.Text("gen_ai.response.model", o.Model))
	}
	if o.Session != "" {
		s.Attrs = append(s.Attrs, otlp.Text("gen_ai.conversation.id", o.Session))
	}
	if o.Reported == nil { // else its requests tell what they took, and nothing is told twice
		s.Attrs = append(s.Attrs, otlp.UsageAttrs(o.Usage)...)
	}
	if s.Failed = o.Kind != job.Done; s.Failed {
		s.Attrs = append(s.Attrs, otlp.Text("error.type", string(o.Kind)))
	}
	return s
}

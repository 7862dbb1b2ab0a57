package report_test

import (
	"strings"
	"testing"

	"muster/internal/core/job"
	"muster/internal/core/report"
)

const (
	begun   = int64(1_000_000_000)
	silence = int64(300e6)
)

// running is a task whose agent is at work.
func running() report.Task {
	return report.Task{ID: "t", State: report.Working, Attempts: []report.Attempt{{Number: 1, BegunUS: begun}}}
}

func ended(state report.State, kind job.OutcomeKind) report.Task {
	return report.Task{ID: "t", State: state, Why: "provider: 503", Attempts: []report.Attempt{
		{Number: 1, BegunUS: begun, EndedUS: begun + 5, Outcome: &job.Outcome{Kind: kind, Message: "no more today"}},
	}}
}

// alive are the facts about an agent that lives; the last sign of it is so
// long ago.
func alive(change func(f *report.Facts)) report.Facts {
	f := report.Facts{
		NowUS: begun + 1000e6, IsDriven: true, SilenceUS: silence,
		Signs: job.Signs{State: job.OpRunning, BegunUS: begun, OutputUS: begun + 1, ComputedUS: begun + 1},
		Last:  &job.AgentEvent{Kind: job.AgentTool, Tool: "run", Text: "make"},
	}
	change(&f)
	return f
}

func says(k job.AgentEventKind) func(*report.Facts) {
	return func(f *report.Facts) { f.Last = &job.AgentEvent{Kind: k, Tool: "shell", Text: "rm -r /"} }
}

func operation(s job.OpState, x job.Exit, isDriven bool) func(*report.Facts) {
	return func(f *report.Facts) { f.Signs.State, f.Signs.Exit, f.IsDriven = s, x, isDriven }
}

func TestConditions(t *testing.T) {
	edge := begun + 1000e6 - silence // a sign at this moment is just too long ago
	for _, tt := range []struct {
		name string
		task report.Task
		f    report.Facts
		want report.Condition
		why  string // part of it
		way  string // part of some command; "-": there are ways, none of them typed; "": there are none
	}{
		{"it says something", running(), alive(func(f *report.Facts) { f.Signs.OutputUS = edge + 1 }), report.Works, "", ""},
		{"it computes", running(), alive(func(f *report.Facts) { f.Signs.ComputedUS = edge + 1 }), report.Works, "says nothing, but computes", ""},
		{"it changes files", running(), alive(func(f *report.Facts) { f.FilesUS = edge + 1 }), report.Works, "says nothing, but changes files", ""},
		{"it has just begun", running(), alive(func(f *report.Facts) { f.NowUS, f.Signs.OutputUS, f.Signs.ComputedUS, f.Last = begun+1, 0, 0, nil }), report.Works, "", ""},
		{"nothing for as long as silence is", running(), alive(func(f *report.Facts) { f.Signs.OutputUS = edge }), report.Silent, "says nothing", "muster nudge --restart t"},
		{"nothing at all", running(), alive(func(f *report.Facts) { f.Signs.OutputUS, f.Signs.ComputedUS, f.Last = 0, 0, nil }), report.Silent, "changes no file", "muster nudge t -m"},
		{"nothing, and its provider fails", running(), alive(says(job.AgentRetry)), report.Silent, "", "muster attach t"},
		{"it asks", running(), alive(says(job.AgentAsks)), report.Permission, "shell: rm -r /", "muster nudge t -m"},
		{"it asks, and computes", running(), alive(func(f *report.Facts) { says(job.AgentAsks)(f); f.Signs.ComputedUS = f.NowUS }), report.Permission, "shell", "muster checkout t"},
		{"its limit is reached", running(), alive(says(job.AgentQuota)), report.Quota, "rm -r /", "muster stop p"},
		{"its limit was reached, and it goes on", running(), alive(func(f *report.Facts) { says(job.AgentText)(f); f.Signs.OutputUS = f.NowUS }), report.Works, "", ""},

		{"its process is not there yet", running(), alive(operation(job.OpAbsent, job.Exit{}, true)), report.Begins, "", ""},
		{"its process is not there, and nobody starts it", running(), alive(operation(job.OpAbsent, job.Exit{}, false)), report.Begins, "nobody drives", "muster resume p"},
		{"its shim was killed", running(), alive(operation(job.OpDead, job.Exit{}, true)), report.Dead, "was killed", "-"},
		{"its shim was killed, and nobody drives", running(), alive(operation(job.OpDead, job.Exit{}, false)), report.Dead, "was killed", "muster resume p"},
		{"it asked, and its shim was killed", running(), alive(func(f *report.Facts) { says(job.AgentAsks)(f); f.Signs.State = job.OpDead }), report.Dead, "was killed", "-"},
		{"it was killed", running(), alive(operation(job.OpEnded, job.Exit{State: job.Signaled, Signal: "SIGKILL"}, true)), report.Dead, "signal SIGKILL", "-"},
		{"it was killed, and nobody drives", running(), alive(operation(job.OpEnded, job.Exit{State: job.Signaled, Signal: "SIGKILL"}, false)), report.Dead, "signal SIGKILL", "muster resume p"},
		{"it is lost", running(), alive(operation(job.OpEnded, job.Exit{State: job.Lost}, true)), report.Dead, "was killed", "-"},
		{"it never started", running(), alive(operation(job.OpEnded, job.Exit{State: job.NotStarted, Error: "no such file"}, true)), report.Dead, "no such file", "-"},
		{"it ended by itself", running(), alive(operation(job.OpEnded, job.Exit{State: job.Exited, Code: 3}, true)), report.Ends, "exit code 3", ""},
		{"it ended by itself, and nobody drives", running(), alive(operation(job.OpEnded, job.Exit{State: job.Exited}, false)), report.Dead, "exit code 0, and nobody has recorded it", "muster resume p"},
		{"its time is up", running(), alive(operation(job.OpEnded, job.Exit{State: job.TimedOut}, true)), report.Ends, "time limit", ""},
		{"it was stopped", running(), alive(operation(job.OpEnded, job.Exit{State: job.Stopped}, true)), report.Ends, "asked to", ""},

		{"its provider failed", ended(report.Waiting, job.Provider), alive(func(f *report.Facts) { f.WakeUS = f.NowUS + 5 }), report.Provider, "provider: 503", "-"},
		{"it is out of quota", ended(report.Stopped, job.Quota), alive(func(*report.Facts) {}), report.Quota, "no more today", "muster resume p"},

		{"it is out of quota until a time that is known", ended(report.Waiting, job.Quota), alive(func(f *report.Facts) { f.WakeUS = f.NowUS + 5 }), report.Quota, "no more today", "-"},

		{"it waits for a slot", ended(report.Waiting, job.Crashed), alive(func(*report.Facts) {}), "", "", ""},
		{"it was stopped with the run", ended(report.Stopped, job.Halted), alive(func(*report.Facts) {}), "", "", ""},
		{"it is checked", ended(report.Checking, job.Done), alive(func(*report.Facts) {}), "", "", ""},
		{"it never began", report.Task{ID: "t", State: report.Waiting}, alive(func(*report.Facts) {}), "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := report.NowOf("p", tt.task, tt.f)
			if tt.f.WakeUS != got.UntilUS {
				t.Errorf("goes on at %d, want %d", got.UntilUS, tt.f.WakeUS)
			}
			if got.Condition != tt.want || ok != (tt.want != "") || !strings.Contains(got.Why, tt.why) || (tt.why == "" && got.Condition == report.Works && got.Why != "") {
				t.Errorf("got %+v", got)
			}
			typed := ""
			for _, w := range got.Ways {
				typed += w.Command + "\n"
			}
			switch {
			case tt.way == "" && len(got.Ways) > 0, tt.way == "-" && (len(got.Ways) == 0 || strings.TrimSpace(typed) != ""), tt.way != "-" && !strings.Contains(typed, tt.way):
				t.Errorf("ways %+v", got.Ways)
			}
		})
	}
}

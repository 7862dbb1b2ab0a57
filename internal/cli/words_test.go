package cli

import (
	"strings"
	"testing"

	"muster/internal/core/change"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/policy"
	"muster/internal/core/report"
	"muster/internal/core/resource"
	"muster/internal/core/setup"
)

// TestEventsInPlainWords holds the words of every event that a person is told
// while a run goes on.
func TestEventsInPlainWords(t *testing.T) {
	run, task, queue := flow.RunStream("r"), flow.TaskStream("r", "x"), flow.QueueStream("r")
	working := &report.Run{}
	for _, e := range []struct {
		stream flow.Stream
		data   flow.Payload
	}{
		{run, flow.RunStarted{Inputs: flow.Inputs{Run: "r"}, Nodes: []flow.Node{{ID: "x", Agent: "bot"}}}},
		{task, flow.TaskStarted{}},
		{task, flow.WorktreePrepared{}},
	} {
		rec, err := flow.NewRecord(e.stream, flow.Event{ID: "e", Actor: "engine", Data: e.data}, "", nil)
		if err == nil {
			err = working.Apply(rec)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		stream flow.Stream
		data   flow.Payload
		about  string
		weight Weight
		want   string
	}{
		{run, flow.RunStarted{Inputs: flow.Inputs{Name: "p"}, Goal: "Do it\nwell", Nodes: make([]flow.Node, 1)}, "run", news, "p: Do it (1 task)"},
		{task, flow.WorktreePrepared{}, "x", news, "attempt 1 (bot) started"},
		{task, flow.WorktreePrepared{SetUp: &setup.Outcome{Made: true, MadeUS: 61e6, Notes: []string{".env was not copied"}}}, "x", news, "attempt 1 (bot) started, set up in 1m1s; .env was not copied"},
		{task, flow.WorktreePrepared{SetUp: &setup.Outcome{MadeUS: 61e6}}, "x", news, "attempt 1 (bot) started"},
		{task, flow.RoomLacked{Lack: resource.Lack{What: resource.LackDisk, Why: "the disk has 1 MiB free"}}, "x", news, "waits: the disk has 1 MiB free"},
		{task, flow.SetUpFailed{Failure: setup.Failure{Command: "npm ci", Why: "it ended with exit code 1"}}, "x", news, "the set-up command npm ci failed: it ended with exit code 1"},
		{task, flow.AttemptEnded{Attempt: 2, TimeUS: 61e6, Outcome: job.Outcome{Kind: job.Done, Message: "ok"}}, "x", news, "attempt 2 ended (1m01s): ok"},
		{task, flow.AttemptEnded{Attempt: 2, Outcome: job.Outcome{Kind: job.Timeout}}, "x", news, "attempt 2 ended as timeout (0 ms): -"},
		{task, flow.ChangeCaptured{Captured: change.Captured{Dropped: []string{"abc x"}}}, "x", news, "1 commit of the agent's own dropped"},
		{task, flow.VerdictGiven{Verdict: policy.Verdict{Route: policy.Auto, Reasons: []string{"fine"}}}, "x", detail, "passed muster: fine"},
		{task, flow.VerdictGiven{Verdict: policy.Verdict{Route: policy.Rework, Reasons: []string{"one", "two"}}}, "x", news, "rework: one (and 1 more)"},
		{run, flow.VerdictGiven{Verdict: policy.Verdict{Route: policy.Review}}, "run", news, "the final tree: review: no reason given"},
		{task, flow.Approved{Because: "read"}, "x", news, "approved by tess: read"},
		{task, flow.ChangeLanded{Head: change.Point{Commit: "0123456789ab"}}, "x", news, "landed as 012345678"},
		{task, flow.ChangeReturned{Reason: flow.ForConflict, Paths: []string{"a", "b"}}, "x", news, "conflicts with what landed meanwhile in a, b"},
		{queue, flow.ChangeMerged{Merged: change.Merged{Pushed: &change.Point{Commit: "0123456789ab"}}}, "queue", news, "a person pushed 012345678"},
		{run, flow.TaskSettled{Task: "x", State: flow.IsAsking, Why: "look"}, "x", news, "waits for you: look"},
		{run, flow.TaskSettled{Task: "x", State: flow.IsLanded}, "x", detail, "has landed"},
		{run, flow.PauseRequested{Why: "w", Hint: "h"}, "run", news, "paused: w (h)"},
		{run, flow.CommandFailed{Command: flow.CmdOpenRun, Fault: fault.Conflict, Message: "m"}, "run", news, "could not open run: m"},
		{run, flow.TargetAdvanced{Advanced: change.Advanced{Why: "it is checked out"}}, "run", news, "the target was not moved: it is checked out"},
	} {
		rec, err := flow.NewRecord(c.stream, flow.Event{ID: "e", Actor: "person:tess", Data: c.data}, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		got := tell(rec, working)
		if got.about != c.about || got.weight != c.weight || !strings.Contains(got.text, c.want) {
			t.Errorf("%s: got %+v, want %q (%s) about %s", c.data.Kind(), got, c.want, c.weight, c.about)
		}
	}
	unknown := flow.Record{Stream: task, Kind: "from_the_future"}
	if got := tell(unknown, working); got.weight != news || !strings.Contains(got.text, "newer version") {
		t.Errorf("an unknown event: %+v", got)
	}
}

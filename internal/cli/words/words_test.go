package words

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
		{run, flow.RunStarted{Inputs: flow.Inputs{Name: "p"}, Goal: "Do it\nwell", Nodes: make([]flow.Node, 1)}, "run", News, "p: Do it (1 task)"},
		{task, flow.WorktreePrepared{}, "x", News, "attempt 1 (bot) started"},
		{task, flow.WorktreePrepared{SetUp: &setup.Outcome{Made: true, MadeUS: 61e6, Notes: []string{".env was not copied"}}}, "x", News, "attempt 1 (bot) started, set up in 1m1s; .env was not copied"},
		{task, flow.WorktreePrepared{SetUp: &setup.Outcome{MadeUS: 61e6}}, "x", News, "attempt 1 (bot) started"},
		{task, flow.RoomLacked{Lack: resource.Lack{What: resource.LackDisk, Why: "the disk has 1 MiB free"}}, "x", News, "waits: the disk has 1 MiB free"},
		{task, flow.SetUpFailed{Failure: setup.Failure{Command: "npm ci", Why: "it ended with exit code 1"}}, "x", News, "the set-up command npm ci failed: it ended with exit code 1"},
		{task, flow.SetUpStopped{}, "x", News, "its set-up was ended, and begins anew when it goes on"},
		{task, flow.AttemptEnded{Attempt: 2, TimeUS: 61e6, Outcome: job.Outcome{Kind: job.Done, Message: "ok"}}, "x", News, "attempt 2 ended (1m01s): ok"},
		{task, flow.AttemptEnded{Attempt: 2, Outcome: job.Outcome{Kind: job.Timeout}}, "x", News, "attempt 2 ended as timeout (0 ms): -"},
		{task, flow.ChangeCaptured{Captured: change.Captured{Dropped: []string{"abc x"}}}, "x", News, "1 commit of the agent's own dropped"},
		{task, flow.VerdictGiven{Verdict: policy.Verdict{Route: policy.Auto, Reasons: []string{"fine"}}}, "x", Detail, "passed muster: fine"},
		{task, flow.VerdictGiven{Verdict: policy.Verdict{Route: policy.Rework, Reasons: []string{"one", "two"}}}, "x", News, "rework: one (and 1 more)"},
		{run, flow.VerdictGiven{Verdict: policy.Verdict{Route: policy.Review}}, "run", News, "the final tree: review: no reason given"},
		{task, flow.Approved{Because: "read"}, "x", News, "approved by tess: read"},
		{task, flow.ChangeLanded{Head: change.Point{Commit: "0123456789ab"}}, "x", News, "landed as 012345678"},
		{task, flow.ChangeReturned{Reason: flow.ForConflict, Paths: []string{"a", "b"}}, "x", News, "conflicts with what landed meanwhile in a, b"},
		{queue, flow.ChangeMerged{Merged: change.Merged{Pushed: &change.Point{Commit: "0123456789ab"}}}, "queue", News, "a person pushed 012345678"},
		{run, flow.TaskSettled{Task: "x", State: flow.IsAsking, Why: "look"}, "x", News, "waits for you: look"},
		{run, flow.TaskSettled{Task: "x", State: flow.IsLanded}, "x", Detail, "has landed"},
		{run, flow.PauseRequested{Why: "w", Hint: "h"}, "run", News, "paused: w (h)"},
		{run, flow.CommandFailed{Command: flow.CmdOpenRun, Fault: fault.Conflict, Message: "m"}, "run", News, "could not open run: m"},
		{run, flow.TargetAdvanced{Advanced: change.Advanced{Why: "it is checked out"}}, "run", News, "the target was not moved: it is checked out"},
	} {
		rec, err := flow.NewRecord(c.stream, flow.Event{ID: "e", Actor: "person:tess", Data: c.data}, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		got := Tell(rec, working)
		if got.About != c.about || got.Weight != c.weight || !strings.Contains(got.Text, c.want) {
			t.Errorf("%s: got %+v, want %q (%s) about %s", c.data.Kind(), got, c.want, c.weight, c.about)
		}
	}
	unknown := flow.Record{Stream: task, Kind: "from_the_future"}
	if got := Tell(unknown, working); got.Weight != News || !strings.Contains(got.Text, "newer version") {
		t.Errorf("an unknown event: %+v", got)
	}
}

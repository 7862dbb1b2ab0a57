package report_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"muster/internal/core/change"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/policy"
	"muster/internal/core/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

func node(id string, needs ...string) flow.Node {
	return flow.Node{ID: id, Title: "title of " + id, Agent: "bot", Needs: needs}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (run with -update and read the difference); got\n%s", path, got)
	}
}

// Each story drives the machines and looks at the report as it goes: in lines,
// and as JSON at the end.
func TestFolds(t *testing.T) {
	for _, s := range []struct {
		name string
		tell func(h *host, look func(when string))
	}{
		{"lands", lands}, {"people", people}, {"pushes", pushes}, {"stops", stops}, {"closes", closes}, {"fails", fails}, {"needs", needs},
	} {
		t.Run(s.name, func(t *testing.T) {
			h := newHost(t)
			var out strings.Builder
			s.tell(h, func(when string) {
				fmt.Fprintf(&out, "%s\n%s\n", when, brief(h.view()))
			})
			golden(t, s.name+".txt", out.String())
			golden(t, s.name+".json", text(t, h.view())+"\n")
		})
	}
}

// brief shows what people see first.
func brief(r *report.Run) string {
	var out strings.Builder
	fmt.Fprintf(&out, "  %s", r.Stage)
	for _, s := range []string{string(r.Reason), r.Why, r.Hint} {
		if s != "" {
			fmt.Fprintf(&out, " | %s", s)
		}
	}
	fmt.Fprintf(&out, " → %s\n", r.End())
	for _, t := range r.Tasks {
		fmt.Fprintf(&out, "  %s: %s %s round %d, %d attempts %s\n", t.ID, t.State, t.Phase, t.Round, len(t.Attempts), t.Why)
	}
	for _, a := range r.Asks() {
		fmt.Fprintf(&out, "  ask %s: %s: %s\n", a.Task, a.What, a.Command)
	}
	return out.String()
}

func lands(h *host, look func(string)) {
	h.person(run, flow.RunStarted{Inputs: inputs(), Goal: "a goal", Nodes: []flow.Node{node("a"), node("b", "a")}, Limits: flow.Limits{Rounds: 2}})
	look("begun")
	h.answer(run, flow.CmdOpenRun, flow.RunOpened{Opened: change.Opened{Target: "refs/heads/main", Base: point("B"), Branch: "refs/heads/muster/p"}})
	look("opened")
	h.attempt("a", job.Outcome{Kind: job.Crashed, Message: "signal"})
	look("crashed")
	h.attempt("a", job.Outcome{Kind: job.Done})
	look("done")
	h.judged("a", "H1", route(policy.Rework, "wrong"))
	look("sent back")
	h.attempt("a", job.Outcome{Kind: job.Done})
	h.judged("a", "H2", auto())
	look("queued")
	h.answer(queue, flow.CmdMergeChange, flow.ChangeMerged{Merged: change.Merged{From: point("B"), Result: change.Point{Tree: "C"}, Conflicts: []string{"x.go"}}})
	look("conflict")
	h.attempt("a", job.Outcome{Kind: job.Done})
	h.judged("a", "H3", auto())
	h.merged("B", "M1", auto())
	h.landed("B", "M1")
	look("a landed")
	h.lands("b", "M1", "M2")
	look("b landed")
	h.synced("M2", auto())
	look("proved")
	h.answer(run, flow.CmdAdvanceTarget, flow.TargetAdvanced{Advanced: change.Advanced{Done: true, From: point("B"), To: point("M2")}})
	look("advanced")
}

func people(h *host, look func(string)) {
	h.begin(flow.Limits{Parallel: 3}, node("a"), node("b"), node("c"))
	h.attempt("a", job.Outcome{Kind: job.Done})
	h.judged("a", "A", route(policy.Review, "look at a"))
	h.attempt("b", job.Outcome{Kind: job.Done})
	h.judged("b", "X", route(policy.Two, "look at b"))
	h.attempt("c", job.Outcome{Kind: job.Done})
	h.judged("c", "Y", route(policy.Reject, "touches what it must not"))
	look("judged")
	h.person(task("a"), flow.Approved{Tree: "another"})
	h.person(task("b"), flow.Approved{Tree: "X"})
	h.person(task("c"), flow.RetryRequested{Text: "another way"})
	look("another tree, one of two, a retry")
	h.person(task("a"), flow.Approved{Tree: "A"})
	h.tell(task("b"), "person:bob", "", flow.Approved{Tree: "X"})
	h.attempt("c", job.Outcome{Kind: job.Done})
	h.judged("c", "Z", auto())
	look("approved")
	h.merged("B", "M1", route(policy.Review, "large"))
	h.person(task("b"), flow.Rejected{Because: "not now"})
	look("the merged tree of a needs a person; b taken back")
	h.person(task("c"), flow.Rejected{})
	h.person(task("a"), flow.Rejected{Because: "no"})
	look("all rejected")
}

func pushes(h *host, look func(string)) {
	h.begin(flow.Limits{}, node("a"))
	h.attempt("a", job.Outcome{Kind: job.Done})
	h.judged("a", "A", auto())
	p := point("P")
	h.answer(queue, flow.CmdMergeChange, flow.ChangeMerged{Merged: change.Merged{From: point("B"), Pushed: &p}})
	h.judgedInQueue("B", "P", route(policy.Rework, "wrong"))
	look("a push does not pass")
	h.person(queue, flow.Approved{Tree: "P"})
	h.landed("B", "P")
	look("approved, landed, not resumed")
	h.person(run, flow.ResumeRequested{})
	h.answer(queue, flow.CmdMergeChange, flow.ChangeMerged{Merged: change.Merged{From: point("P"), Diverged: "elsewhere"}})
	look("rewound")
	h.person(run, flow.ResumeRequested{})
	h.merged("P", "M", auto())
	h.landed("P", "M")
	h.synced("M", route(policy.Review, "acceptance fails"))
	look("the goal is doubted")
	h.person(run, flow.Approved{Tree: "another"})
	look("another tree is approved")
	h.person(run, flow.Approved{Tree: "M"})
	look("approved")
	h.answer(run, flow.CmdAdvanceTarget, flow.TargetAdvanced{Advanced: change.Advanced{Why: "it is checked out", Command: "git merge"}})
	look("not advanced, and why")
}

func stops(h *host, look func(string)) {
	h.begin(flow.Limits{Parallel: 2}, node("a"), node("b"), node("c", "b"))
	h.answer(task("a"), flow.CmdPrepareWorktree, flow.WorktreePrepared{Worktree: change.Worktree{Dir: "/w", Base: point("B")}})
	h.person(run, flow.StopRequested{})
	look("stopped")
	h.answer(task("a"), flow.CmdStartAttempt, flow.AttemptEnded{Attempt: 1, Outcome: job.Outcome{Kind: job.Halted, Session: "s"}, TimeUS: 5})
	h.answer(task("b"), flow.CmdPrepareWorktree, flow.WorktreePrepared{Worktree: change.Worktree{Dir: "/v", Base: point("B")}})
	look("both have ended, b before its agent began")
	h.person(run, flow.ResumeRequested{Parallel: 3, MicroUSD: 9, TimeMS: 60000, Tokens: 1000})
	look("resumed")
	h.attempt("a", job.Outcome{Kind: job.Quota, Message: "until 15:00"})
	look("quota")
	h.person(run, flow.ResumeRequested{MicroUSD: 5})
	look("resumed with less money than was used")
	h.person(task("a"), flow.Rejected{Because: "not needed"})
	look("rejected before it had its slot: no round is taken back")
}

func closes(h *host, look func(string)) {
	h.begin(flow.Limits{Parallel: 9}, node("a"), node("b"), node("c"), node("d"), node("e", "d"), node("f"), node("g"))
	h.lands("a", "B", "M1")
	h.attempt("b", job.Outcome{Kind: job.Done})
	h.judged("b", "X", route(policy.Reject, "no"))
	h.attempt("c", job.Outcome{Kind: job.Done})
	h.judged("c", "Y", route(policy.Review, "look"))
	h.answer(task("d"), flow.CmdPrepareWorktree, flow.WorktreePrepared{Worktree: change.Worktree{Dir: "/w", Base: point("B")}})
	h.answer(task("f"), flow.CmdPrepareWorktree, flow.WorktreePrepared{Worktree: change.Worktree{Dir: "/v", Base: point("B")}})
	h.person(run, flow.StopRequested{Close: true})
	look("closing while d and f work and g prepares")
	h.fail(task("f"), flow.CmdStartAttempt, "no such agent", "")
	h.answer(task("g"), flow.CmdPrepareWorktree, flow.WorktreePrepared{Worktree: change.Worktree{Dir: "/u", Base: point("B")}})
	look("f could not start, g was stopped before its agent began")
	h.answer(task("d"), flow.CmdStartAttempt, flow.AttemptEnded{Attempt: 1, Outcome: job.Outcome{Kind: job.Halted}, TimeUS: 5})
	look("closed")
}

func fails(h *host, look func(string)) {
	h.begin(flow.Limits{Parallel: 3}, node("a"), node("b", "a"), node("c"), node("d"))
	h.fail(task("a"), flow.CmdPrepareWorktree, "disk full", "make room")
	h.attempt("c", job.Outcome{Kind: job.Auth, Message: "log in"})
	h.answer(task("d"), flow.CmdPrepareWorktree, flow.WorktreePrepared{Worktree: change.Worktree{Dir: "/w", Base: point("B")}})
	h.fail(task("d"), flow.CmdStartAttempt, "no such agent", "")
	look("failed")
	h.person(task("a"), flow.RetryRequested{})
	h.person(task("c"), flow.RetryRequested{})
	look("retried")
	h.lands("a", "B", "M1")
	h.attempt("c", job.Outcome{Kind: job.Done})
	h.fail(task("c"), flow.CmdCaptureChange, "disk full", "")
	look("a capture failed")
	h.person(task("c"), flow.RetryRequested{})
	look("captured again, not worked again")
	h.judged("c", "C", auto())
	h.fail(queue, flow.CmdMergeChange, "disk full", "make room")
	look("a landing failed")
}

func needs(h *host, look func(string)) {
	h.begin(flow.Limits{}, node("c", "b"), node("b", "a"), node("a"), node("d", "nobody"))
	h.attempt("a", job.Outcome{Kind: job.Done})
	h.judged("a", "A", route(policy.Reject, "no"))
	look("a is rejected: b and c are blocked, whatever their order in the plan")
	h.person(task("a"), flow.RetryRequested{Text: "again"})
	look("a is retried: they wait")
	h.fail(task("a"), flow.CmdPrepareWorktree, "disk full", "")
	look("a failed")
	h.person(task("a"), flow.RetryRequested{})
	h.lands("a", "B", "M1")
	look("a landed")
}

// A run whose last agent never began is closed all the same.
func TestClosedBeforeTheAgentBegan(t *testing.T) {
	for _, end := range []func(h *host){
		func(h *host) {
			h.answer(task("a"), flow.CmdPrepareWorktree, flow.WorktreePrepared{Worktree: change.Worktree{Dir: "/w", Base: point("B")}})
		},
		func(h *host) { h.fail(task("a"), flow.CmdPrepareWorktree, "disk full", "") },
		func(h *host) { h.answer(task("a"), flow.CmdPrepareWorktree, flow.SetUpStopped{}) },
	} {
		h := newHost(t)
		h.begin(flow.Limits{}, node("a"))
		h.person(run, flow.StopRequested{Close: true})
		end(h)
		if r := h.view(); r.Stage != flow.Abandoned || r.Task("a").State != report.Closed || len(r.Task("a").Attempts) != 0 {
			t.Errorf("%d attempts\n%s", len(r.Task("a").Attempts), brief(r))
		}
	}
}

// A task that was stopped can be retried while it waits for a slot of the run
// that goes on.
func TestRetriedBeforeItsTurn(t *testing.T) {
	h := newHost(t)
	works := func(id string) {
		h.answer(task(id), flow.CmdPrepareWorktree, flow.WorktreePrepared{Worktree: change.Worktree{Dir: "/" + id, Base: point("B")}})
	}
	h.begin(flow.Limits{Parallel: 2, Rounds: 2}, node("a"), node("b"))
	works("a")
	h.attempt("b", job.Outcome{Kind: job.Done})
	h.judged("b", "H", route(policy.Rework, "wrong"))
	works("b")
	h.person(run, flow.StopRequested{})
	for _, id := range []string{"a", "b"} {
		h.answer(task(id), flow.CmdStartAttempt, flow.AttemptEnded{Attempt: 1, Outcome: job.Outcome{Kind: job.Halted, Session: "s"}})
	}
	h.person(run, flow.ResumeRequested{Parallel: 1})
	if b := h.view().Task("b"); b.State != report.Waiting || b.Round != 1 {
		t.Fatalf("b is %s in round %d", b.State, b.Round)
	}
	h.person(task("b"), flow.RetryRequested{})
	if b := h.view().Task("b"); b.State != report.Waiting || b.Round != 0 {
		t.Errorf("b is %s in round %d after it was retried, want waiting in round 0", b.State, b.Round)
	}
	h.person(task("a"), flow.RetryRequested{}) // it has its slot
	if a := h.view().Task("a"); a.State != report.Working {
		t.Errorf("a is %s, want working", a.State)
	}
}

// A run that cannot begin, and events that do not fit.
func TestOddEvents(t *testing.T) {
	h := newHost(t)
	h.person(run, flow.RunStarted{Inputs: inputs(), Nodes: []flow.Node{node("a")}})
	h.fail(run, flow.CmdOpenRun, "branch muster/p is somebody else's", "rename the plan")
	if r := h.view(); r.End() != report.EndFailed || r.Task("a").State != report.Closed || r.Hint != "rename the plan" || len(r.Asks()) != 0 {
		t.Errorf("a run that cannot be opened:\n%s", brief(r))
	}
	if r, err := report.Fold(func(func(flow.Record, error) bool) {}); r != nil || err != nil {
		t.Errorf("no events give %v, %v", r, err)
	}
	if _, err := report.Fold(func(yield func(flow.Record, error) bool) { yield(flow.Record{}, fault.New(fault.Transient, "disk")) }); fault.KindOf(err) != fault.Transient {
		t.Errorf("an error while reading gives %v", err)
	}
	r := h.view()
	before := text(t, r)
	if err := r.Apply(flow.Record{Stream: flow.LedgerStream, Kind: "seal"}); err != nil || text(t, r) != before {
		t.Errorf("a seal changes the report: %v", err)
	}
	stranger, err := flow.NewRecord(task("z"), flow.Event{Data: flow.SlotGranted{}}, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Apply(stranger); fault.KindOf(err) != fault.Internal {
		t.Errorf("an event of an unknown task gives %v", err)
	}
	if err := r.Apply(flow.Record{Stream: run, Kind: "from_the_future", Data: []byte("{}")}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an unknown event gives %v", err)
	}
}

// constants gives the values of the constants of a type in a source file.
func constants(t *testing.T, file, typ string) []string {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile(`(?m)^\t\w+ +`+typ+` += "(\w+)"`).FindAllStringSubmatch(string(src), -1) {
		out = append(out, m[1])
	}
	if len(out) < 5 {
		t.Fatalf("%s has %d constants of type %s", file, len(out), typ)
	}
	return out
}

// What a run comes to and asks for, in every stage, for every reason, with a
// task in every state.
func TestEveryEndAndAsk(t *testing.T) {
	var out strings.Builder
	states := constants(t, "report.go", "State")
	for _, stage := range constants(t, "../flow/run.go", "Stage") {
		reasons := []string{""}
		if stage == string(flow.Paused) || stage == string(flow.Abandoned) {
			reasons = constants(t, "../flow/event.go", "Pause")
		}
		for _, reason := range reasons {
			r := &report.Run{Name: "p", Stage: flow.Stage(stage), Reason: flow.Pause(reason), Why: "because", Hint: "do this"}
			none := string(r.End()) + asks(r)
			fmt.Fprintf(&out, "%s\n  no tasks: %s\n", strings.TrimSpace(stage+" "+reason), none)
			for _, state := range states {
				r.Tasks = []report.Task{{ID: "a", State: report.State(state), Phase: flow.Ready, Why: "so"}}
				if is := string(r.End()) + asks(r); is != none { // else the task makes no difference
					fmt.Fprintf(&out, "  %s: %s\n", state, is)
				}
			}
		}
	}
	golden(t, "ends.txt", out.String())
}

func asks(r *report.Run) string {
	var out strings.Builder
	for _, a := range r.Asks() {
		fmt.Fprintf(&out, "\n    ask %s: %s: %s", a.Task, a.What, a.Command)
	}
	return out.String()
}

// Whether turns are bounded is known from the run's limits, from a task's
// budget, and from one that a person gave.
func TestBoundsTurns(t *testing.T) {
	bounded := node("b")
	bounded.Turns = 5
	for _, c := range []struct {
		name  string
		limit int64
		nodes []flow.Node
		then  map[flow.Stream]flow.Payload
		want  bool
	}{
		{"nothing is", 0, []flow.Node{node("a"), node("b")}, nil, false},
		{"the run is", 5, []flow.Node{node("a")}, nil, true},
		{"a task is", 0, []flow.Node{node("a"), bounded, node("c")}, nil, true},
		{"a person bounds the run", 0, []flow.Node{node("a")}, map[flow.Stream]flow.Payload{run: flow.ResumeRequested{Turns: 5}}, true},
		{"a person bounds a task", 0, []flow.Node{node("a")}, map[flow.Stream]flow.Payload{task("a"): flow.RetryRequested{Turns: 5}}, true},
		{"a person bounds something else", 0, []flow.Node{node("a")}, map[flow.Stream]flow.Payload{run: flow.ResumeRequested{Tokens: 5}, task("a"): flow.RetryRequested{Tokens: 5}}, false},
	} {
		h := newHost(t)
		h.begin(flow.Limits{Parallel: 1, Turns: c.limit}, c.nodes...)
		for to, p := range c.then {
			h.person(to, p)
		}
		if got := report.BoundsTurns(h.view()); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

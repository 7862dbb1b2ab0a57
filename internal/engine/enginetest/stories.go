package enginetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/report"
	"muster/internal/engine"
)

// Test tells every story to engines of one kind. All engines must pass.
func Test(t *testing.T, f Factory) {
	stories := []struct {
		name string
		tell func(*Scene)
	}{
		{"lands in the order of needs", landsInOrder},
		{"reworks with feedback and lands", reworks},
		{"ends a round that repeats its findings", repeats},
		{"asks a person and lands what was approved", asks},
		{"gives a conflict back to the agent", conflicts},
		{"goes on in a new attempt when one is lost", loses},
		{"tries again what may pass, and only that", retries},
		{"repeats only the step that failed", repeatsStep},
		{"pauses at the budget and goes on with more", budget},
		{"pauses when a request finds no room in the budget", limited},
		{"asks when a request finds no room in a task's budget", limitedTask},
		{"ends an agent at its task's budget of turns, and goes on with more", turnsOfTask},
		{"ends all agents at the run's budget of turns, and goes on with more", turnsOfRun},
		{"lets an agent go on whose budget of turns was raised meanwhile", turnsRaised},
		{"knows why an agent was ended by an engine that is no more", turnsAdopted},
		{"lets a first turn end, whatever others have taken", turnsOfOthers},
		{"says why it ended an agent whose budget of turns was raised too late", turnsRaisedLate},
		{"a stop is no used-up budget of turns", turnsLeft},
		{"waits for the end of a quota where it is known", parked},
		{"a stopped run does not wait for the end of a quota", parkedAndStopped},
		{"stops its agents and goes on with their sessions", stops},
		{"ends set-ups when it stops", endsSetUps},
		{"does not begin a set-up again that was to end", endsSetUpsAgain},
		{"adopts agents that outlived an engine", adopts},
		{"begins nothing that is not recorded", recordsFirst},
		{"freezes a run whose invariant broke, and no other", freezes},
		{"ignores messages that people may not send", ignores},
		{"asks when the final tree does not pass", goal},
		{"ends a run that cannot be opened", cannotOpen},
		{"remembers flaky tests for everybody else", remembers},
		{"carries a thousand tasks", many},
	}
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) { s.tell(NewScene(t, f)) })
	}
}

func landsInOrder(s *Scene) {
	s.Start(Tasks("p", "a", "b<a", "c<b,a"), flow.Limits{})
	s.Drive()
	s.Want("states", s.States("p"), "a:landed b:landed c:landed")
	s.Want("started", s.Started(), "[run-p.a.1 run-p.b.1 run-p.c.1]")
	s.Want("landings", len(s.landed), 3)
	s.Want("end", s.Run("p").End(), report.EndDone)
	if p := s.Attempt("run-p.b.1").Prompt; !strings.Contains(p, "do b") || !strings.Contains(p, "a goal") {
		s.T.Errorf("the prompt lacks the task or the goal:\n%s", p)
	}
}

func reworks(s *Scene) {
	s.Check = func(r evidence.Request) []evidence.Finding {
		if r.Subject == evidence.OfTask && strings.HasSuffix(r.Head.Tree, ".1") {
			return Gate("first try")
		}
		return nil
	}
	s.Start(Tasks("p", "a"), flow.Limits{Rounds: 2})
	s.Drive()
	s.Want("states", s.States("p"), "a:landed")
	s.Want("started", s.Started(), "[run-p.a.1 run-p.a.2]")
	second := s.Attempt("run-p.a.2")
	s.Want("session", second.Session, "session-a")
	s.Want("round", second.Round, 1)
	if !strings.Contains(second.Prompt, "wrong: first try") {
		s.T.Errorf("the second attempt was not told what is wrong:\n%s", second.Prompt)
	}
}

func repeats(s *Scene) {
	s.Check = func(r evidence.Request) []evidence.Finding {
		if strings.Contains(r.Head.Tree, "run-p/a.") {
			return Gate("always the same")
		}
		return nil
	}
	s.Start(Tasks("p", "a", "b<a", "c"), flow.Limits{Rounds: 5})
	s.Drive()
	s.Want("states", s.States("p"), "a:rejected b:blocked c:landed")
	s.Want("attempts", len(s.Run("p").Task("a").Attempts), 2)
	s.Want("end", s.Run("p").End(), report.EndRejected)
}

// What one task's judgement showed is known to others, and not to itself.
func remembers(s *Scene) {
	var mu sync.Mutex
	known := map[string][]string{}
	s.Tried = func(r evidence.Request) []evidence.Tried {
		who := string(r.Subject) + " " + strings.Split(r.Task, "\n")[0]
		mu.Lock()
		defer mu.Unlock()
		for _, k := range r.Known {
			known[who] = append(known[who], fmt.Sprintf("%s %d/%d", k.Test, k.Rate.Red, k.Rate.Runs))
		}
		known["time of "+string(r.Subject)] = []string{fmt.Sprint(r.TimeMS)}
		d := evidence.Tried{Test: evidence.Test{In: "p", Name: "F"}, Runs: 2}
		if strings.Contains(r.Task, "of a") && r.Subject == evidence.OfTask {
			d.Red = 1
		}
		return []evidence.Tried{d}
	}
	s.Start(Tasks("p", "a", "b<a"), flow.Limits{})
	s.Drive()
	s.Want("states", s.States("p"), "a:landed b:landed")
	s.Want("known", known, "map[goal a goal:[F in p 1/8] merge title of b:[F in p 1/6] task title of b:[F in p 1/4] time of goal:[2000] time of merge:[1000] time of task:[1000]]")
	s.Start(Tasks("q", "a"), flow.Limits{})
	s.Drive()
	s.Want("known to another run's task of that name", known["task title of a"], "[F in p 1/10]")
}

func asks(s *Scene) {
	s.Check = func(r evidence.Request) []evidence.Finding {
		f := Gate("protected")
		f[0].Check, f[0].Level = "protect", evidence.Locator
		return f
	}
	s.Start(Tasks("p", "a"), flow.Limits{})
	s.Drive()
	s.Want("states", s.States("p"), "a:review")
	s.Want("end", s.Run("p").End(), report.EndAsking)
	s.Tell(flow.TaskStream("run-p", "a"), flow.Approved{Tree: "another tree"})
	s.Drive()
	s.Want("after approving another tree", s.States("p"), "a:review")
	s.Tell(flow.TaskStream("run-p", "a"), flow.Approved{Tree: s.Run("p").Task("a").Verdict.HeadTree})
	s.Drive()
	s.Want("after approving", s.States("p"), "a:landed")
}

func conflicts(s *Scene) {
	s.Merging = func(_, change string) []string {
		if strings.HasSuffix(change, "/a.1") {
			return []string{"x.go"}
		}
		return nil
	}
	s.Start(Tasks("p", "a"), flow.Limits{Rounds: 1})
	s.Drive()
	s.Want("states", s.States("p"), "a:landed")
	if p := s.Attempt("run-p.a.2").Prompt; !strings.Contains(p, "x.go") {
		s.T.Errorf("the agent was not told where it conflicts:\n%s", p)
	}
}

func loses(s *Scene) {
	s.Agent = func(_ context.Context, a job.Attempt) job.Outcome {
		if a.Number == 1 {
			return job.Outcome{Kind: job.Vanished, Session: "s1", Usage: job.Usage{CostMicroUSD: 5}}
		}
		return job.Outcome{Kind: job.Done, Session: "s1", Usage: job.Usage{CostMicroUSD: 7}}
	}
	s.Start(Tasks("p", "a"), flow.Limits{})
	s.Drive()
	s.Want("states", s.States("p"), "a:landed")
	s.Want("session", s.Attempt("run-p.a.2").Session, "s1")
	s.Want("cost", s.Run("p").Spent.CostMicroUSD, 12)
	s.Want("rounds", s.Run("p").Task("a").Round, 0)
}

func retries(s *Scene) {
	calls := map[string]int{}
	s.Fail = func(call string) error {
		calls[call]++
		switch {
		case call == "capture" && calls[call] < 3:
			return fault.New(fault.Transient, "busy")
		case call == "check" && calls[call] == 1:
			return fault.New(fault.Internal, "broken")
		}
		return nil
	}
	s.Start(Tasks("p", "a"), flow.Limits{})
	s.Drive()
	s.Want("states", s.States("p"), "a:failed")
	s.Want("captures", calls["capture"], 3)
	s.Want("checks", calls["check"], 1)
	s.Want("end", s.Run("p").End(), report.EndAsking)
}

func repeatsStep(s *Scene) {
	broken := true
	s.Fail = func(call string) error {
		if call == "capture" && broken {
			return fault.New(fault.Internal, "disk full")
		}
		return nil
	}
	s.Start(Tasks("p", "a"), flow.Limits{})
	s.Drive()
	s.Want("states", s.States("p"), "a:failed")
	broken = false
	s.Tell(flow.TaskStream("run-p", "a"), flow.RetryRequested{})
	s.Drive()
	s.Want("states", s.States("p"), "a:landed")
	s.Want("started", s.Started(), "[run-p.a.1]")
}

func budget(s *Scene) {
	s.Agent = func(context.Context, job.Attempt) job.Outcome {
		return job.Outcome{Kind: job.Done, Usage: job.Usage{CostMicroUSD: 60}}
	}
	s.Start(Tasks("p", "a", "b", "c"), flow.Limits{MicroUSD: 100, Parallel: 1})
	s.Drive()
	s.Want("states", s.States("p"), "a:landed b:landed c:waiting")
	s.Want("end", s.Run("p").End(), report.EndBudget)
	s.Tell(flow.RunStream("run-p"), flow.ResumeRequested{MicroUSD: 1000})
	s.Drive()
	s.Want("end", s.Run("p").End(), report.EndDone)
	s.Want("started", len(s.Started()), 3)
}

// limited: the gateway refused a request for the run's budget. The run pauses,
// and with more budget the same session goes on; the gateway is told of it.
func limited(s *Scene) {
	s.Agent = func(_ context.Context, a job.Attempt) job.Outcome {
		b := a.Gateway.Budgets
		s.Want("budgets", len(b) == 2 && b[0].Scope == job.OfTask && b[1].Scope == job.OfRun, true)
		if b[1].MicroUSD < 1000 {
			return job.Outcome{Kind: job.Limit, Budget: job.OfRun, Session: "s1", Message: "no room", Usage: job.Usage{CostMicroUSD: 60}}
		}
		s.Want("spent", b[1].Spent.CostMicroUSD, int64(60))
		return job.Outcome{Kind: job.Done, Session: a.Session}
	}
	s.Start(Tasks("p", "a"), flow.Limits{MicroUSD: 100})
	s.Drive()
	s.Want("states", s.States("p"), "a:stopped")
	s.Want("end", s.Run("p").End(), report.EndBudget)
	s.Want("why", s.Run("p").Why, "a: no room")
	s.Tell(flow.RunStream("run-p"), flow.ResumeRequested{MicroUSD: 1000})
	s.Drive()
	s.Want("states", s.States("p"), "a:landed")
	s.Want("session", s.Attempt("run-p.a.2").Session, "s1")
}

// limitedTask: of a task's own budget, and of a limit of the agent's own, the
// task asks.
func limitedTask(s *Scene) {
	s.Agent = func(_ context.Context, a job.Attempt) job.Outcome {
		if a.Number > 1 {
			return job.Outcome{Kind: job.Done}
		}
		return job.Outcome{Kind: job.Limit, Budget: job.OfTask, Session: "s1", Message: "no room"}
	}
	s.Start(Tasks("p", "a"), flow.Limits{})
	s.Drive()
	s.Want("states", s.States("p"), "a:failed")
	s.Tell(flow.TaskStream("run-p", "a"), flow.RetryRequested{MicroUSD: 1000})
	s.Drive()
	s.Want("states", s.States("p"), "a:landed")
	s.Want("session", s.Attempt("run-p.a.2").Session, "s1")
}

// parked: a quota whose end is known pauses nothing; the same session goes on
// when it has come.
func parked(s *Scene) {
	s.Agent = func(_ context.Context, a job.Attempt) job.Outcome {
		if a.Number > 1 {
			return job.Outcome{Kind: job.Done, Session: a.Session}
		}
		return job.Outcome{Kind: job.Quota, Session: "s1", Message: "used up", UntilUS: s.Ports().Clock.NowUS() + 50_000}
	}
	s.Start(Tasks("p", "a"), flow.Limits{})
	s.Drive()
	s.Want("states", s.States("p"), "a:landed")
	s.Want("session", s.Attempt("run-p.a.2").Session, "s1")
}

// parkedAndStopped: a run that is stopped while a task waits for its quota has
// nothing left to do at once, and when it is resumed the session goes on.
func parkedAndStopped(s *Scene) {
	s.Agent = func(_ context.Context, a job.Attempt) job.Outcome {
		if a.Number > 1 {
			return job.Outcome{Kind: job.Done, Session: a.Session}
		}
		return job.Outcome{Kind: job.Quota, Session: "s1", Message: "used up", UntilUS: s.Ports().Clock.NowUS() + 24*3600*1e6}
	}
	s.Start(Tasks("p", "a"), flow.Limits{})
	go func() {
		for ; s.T.Context().Err() == nil; <-time.After(time.Millisecond) {
			open, err := s.Ports().Log.OpenCommands(s.T.Context())
			if err == nil && slices.ContainsFunc(open, func(o flow.Open) bool { return o.Kind == flow.CmdWait }) {
				s.Tell(flow.RunStream("run-p"), flow.StopRequested{})
				return
			}
		}
	}()
	still := s.Ports()
	still.Clock = stillClock{still.Clock}
	if err := s.Factory(still).Drive(s.T.Context()); err != nil {
		s.T.Error(err)
	}
	s.Want("states", s.States("p"), "a:stopped")
	s.Tell(flow.RunStream("run-p"), flow.ResumeRequested{})
	s.Drive()
	s.Want("states", s.States("p"), "a:landed")
	s.Want("session", s.Attempt("run-p.a.2").Session, "s1")
}

// stillClock is a clock whose moments to come do not come.
type stillClock struct{ engine.Clock }

// After implements engine.Clock.
func (stillClock) After(int64) <-chan struct{} { return make(chan struct{}) }

func stops(s *Scene) {
	working := make(chan struct{})
	s.Agent = func(ctx context.Context, a job.Attempt) job.Outcome {
		if a.Number == 1 {
			close(working)
			<-ctx.Done()
			return job.Outcome{Kind: job.Halted, Session: "s1"}
		}
		return job.Outcome{Kind: job.Done, Session: "s1"}
	}
	s.Start(Tasks("p", "a"), flow.Limits{})
	go func() {
		<-working
		s.Tell(flow.RunStream("run-p"), flow.StopRequested{})
	}()
	s.Drive()
	s.Want("states", s.States("p"), "a:stopped")
	s.Want("end", s.Run("p").End(), report.EndStopped)
	s.Tell(flow.RunStream("run-p"), flow.ResumeRequested{})
	s.Drive()
	s.Want("states", s.States("p"), "a:landed")
	s.Want("session", s.Attempt("run-p.a.2").Session, "s1")
}

func adopts(s *Scene) {
	working, finish := make(chan struct{}), make(chan struct{})
	s.Agent = func(context.Context, job.Attempt) job.Outcome {
		close(working)
		<-finish
		return job.Outcome{Kind: job.Done}
	}
	s.Start(Tasks("p", "a"), flow.Limits{})
	ctx, cancel := context.WithCancel(s.T.Context())
	ended := make(chan error)
	go func() { ended <- s.Factory(s.Ports()).Drive(ctx) }()
	<-working
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		s.T.Errorf("an engine that was cancelled returned %v", err)
	}
	close(finish)
	s.Drive()
	s.Want("states", s.States("p"), "a:landed")
	s.Want("started", s.Started(), "[run-p.a.1]")
}

func recordsFirst(s *Scene) {
	s.Start(Tasks("p", "a"), flow.Limits{})
	full := errors.New("disk full")
	s.FailCommits(full)
	if err := s.Factory(s.Ports()).Drive(s.T.Context()); !errors.Is(err, full) {
		s.T.Errorf("a ledger that cannot be written gave %v", err)
	}
	s.Want("started", len(s.Started()), 0)
	s.Want("heads", len(s.heads), 0)
	s.FailCommits(nil)
	s.Drive()
	s.Want("states", s.States("p"), "a:landed")
}

func freezes(s *Scene) {
	s.Check = func(r evidence.Request) []evidence.Finding { return nil }
	s.Start(Tasks("good", "a"), flow.Limits{})
	s.Start(Tasks("bad", "a"), flow.Limits{})
	p := s.Ports()
	p.Checks = liar{s}
	if err := s.Factory(p).Drive(s.T.Context()); err != nil {
		s.T.Fatal(err)
	}
	s.Want("good", s.States("good"), "a:landed")
	s.Want("landings", len(s.landed), 1)
	bad := s.Run("bad")
	if bad.Stage != flow.Paused || bad.Reason != flow.ForInternal || !strings.Contains(bad.Why, "invariant") {
		s.T.Errorf("the run with a broken invariant is %s (%s): %s", bad.Stage, bad.Reason, bad.Why)
	}
}

// liar gives evidence on another tree than it was asked about.
type liar struct{ *Scene }

func (l liar) Judge(ctx context.Context, r evidence.Request) (evidence.Evidence, error) {
	e, err := l.Scene.Judge(ctx, r)
	if strings.Contains(r.Head.Tree, "run-bad") {
		e.HeadTree = "another tree"
	}
	return e, err
}

func ignores(s *Scene) {
	s.Check = func(evidence.Request) []evidence.Finding { return Gate("x") }
	s.Start(Tasks("p", "a"), flow.Limits{})
	s.Drive()
	task := flow.TaskStream("run-p", "a")
	s.Tell(task, flow.ChangeLanded{})
	s.Tell(task, flow.SlotGranted{})
	s.Tell(flow.QueueStream("run-p"), flow.ChangeQueued{Item: flow.Item{Task: "a"}})
	s.Tell(flow.TaskStream("run-p", "nobody"), flow.RetryRequested{})
	s.Tell(flow.RunStream("nothing"), flow.ResumeRequested{})
	s.Tell(flow.RunStream("run-p"), flow.StopRequested{})
	s.Tell(flow.RunStream("run-p"), flow.RunStarted{Inputs: flow.Inputs{Run: "run-p", Name: "again"}})
	if err := s.Send(s.T.Context(), flow.Message{ID: "junk", Kind: "junk", To: task, Data: []byte("{")}); err != nil {
		s.T.Fatal(err)
	}
	s.Drive()
	s.Want("states", s.States("p"), "a:rejected")
	s.Want("landings", len(s.landed), 0)
	s.Want("name", s.Run("p").Name, "p")
	left, _ := s.Inbox(s.T.Context(), 10)
	s.Want("inbox", len(left), 0)
}

func goal(s *Scene) {
	s.Check = func(r evidence.Request) []evidence.Finding {
		if r.Subject == evidence.OfGoal {
			return Gate("goal")
		}
		return nil
	}
	s.Start(Tasks("p", "a"), flow.Limits{})
	s.Drive()
	s.Want("end", s.Run("p").End(), report.EndAsking)
	s.Tell(flow.RunStream("run-p"), flow.Approved{Tree: s.Run("p").Verdict.HeadTree})
	s.Drive()
	s.Want("end", s.Run("p").End(), report.EndDone)
}

func cannotOpen(s *Scene) {
	s.Fail = func(call string) error {
		if call == "open" {
			return fault.New(fault.Conflict, "branch muster/p is somebody else's").WithHint("rename the plan")
		}
		return nil
	}
	s.Start(Tasks("p", "a"), flow.Limits{})
	s.Drive()
	r := s.Run("p")
	s.Want("end", r.End(), report.EndFailed)
	s.Want("hint", r.Hint, "rename the plan")
	s.Want("started", len(s.Started()), 0)
}

func many(s *Scene) {
	var words []string
	for i := range 1000 {
		w := fmt.Sprintf("t%d", i)
		if i%3 > 0 { // chains of three
			w += fmt.Sprintf("<t%d", i-1)
		}
		words = append(words, w)
	}
	s.Start(Tasks("p", words...), flow.Limits{Parallel: 8})
	s.Drive()
	r := s.Run("p")
	s.Want("end", r.End(), report.EndDone)
	s.Want("landings", len(s.landed), 1000)
	if i := slices.IndexFunc(r.Tasks, func(t report.Task) bool { return len(t.Attempts) != 1 }); i >= 0 {
		s.T.Errorf("%s took %d attempts", r.Tasks[i].ID, len(r.Tasks[i].Attempts))
	}
}

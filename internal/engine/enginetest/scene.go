package enginetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"muster/internal/core/change"
	"muster/internal/core/config"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/plan"
	"muster/internal/core/report"
	"muster/internal/core/setup"
	"muster/internal/engine"
)

// Factory makes an engine on the given ports. A story may make several, one
// after the other, on the same ports, as if the one before had crashed.
type Factory func(p engine.Ports) engine.Engine

// Scene is a simulated world that a story plays in. It implements all ports.
type Scene struct {
	*Memory
	T       *testing.T
	Factory Factory

	// Agent plays an attempt; nil means that every attempt is done at once.
	// It may block until ctx ends, which is when the operation is stopped.
	Agent func(ctx context.Context, a job.Attempt) job.Outcome
	// Turning plays the turns of an attempt; nil means that its agent does not
	// tell of any.
	Turning func(ctx context.Context, a job.Attempt, full func(begun, ended int64) bool)
	// Check gives the findings on a change; nil means none.
	Check func(r evidence.Request) []evidence.Finding
	// Tried gives how often tests were red on a change; nil means nothing.
	Tried func(r evidence.Request) []evidence.Tried
	// Fail makes a call to the repository fail; nil means that none does.
	Fail func(call string) error
	// SetUp sets a worktree up; nil means that there is nothing to set up. It
	// may block until ctx ends.
	SetUp func(ctx context.Context) error
	// Merging gives the conflicts of a merge of the task; nil means none.
	Merging func(run, task string) []string

	mu       sync.Mutex
	heads    map[string]change.Point
	landed   []string // commits in order
	started  []string // operations in order
	attempts map[string]job.Attempt
	exits    map[string]chan struct{} // closed when the operation ended
	stops    map[string]context.CancelFunc
	outcomes map[string]job.Outcome
}

// NewScene makes an empty world.
func NewScene(t *testing.T, f Factory) *Scene {
	t.Helper()
	return &Scene{
		Memory: NewMemory(), T: t, Factory: f, heads: map[string]change.Point{}, attempts: map[string]job.Attempt{},
		exits: map[string]chan struct{}{}, stops: map[string]context.CancelFunc{}, outcomes: map[string]job.Outcome{},
	}
}

// Ports gives the world as an engine sees it.
func (s *Scene) Ports() engine.Ports {
	return engine.Ports{Log: s, Blobs: s, Repo: s, Worktrees: s, Operations: s, Agents: agents{s}, Checks: s, Clock: clock{}, IDs: s}
}

// Start sends a run with the given tasks to the inbox.
func (s *Scene) Start(p plan.Plan, limits flow.Limits) {
	s.T.Helper()
	for i := range p.Tasks {
		p.Tasks[i].Scope = []string{"**"}
	}
	if limits.Parallel == 0 {
		limits.Parallel = 2
	}
	cfg := config.Config{Checks: config.Checks{TimeMS: 1000, GoalTimeMS: 2000}, Agents: []job.Agent{{Name: "bot", Driver: "script"}}}
	begun := flow.RunStarted{Inputs: flow.Inputs{Run: "run-" + p.Name, Name: p.Name, Plan: s.put(p), Config: s.put(cfg)}, Limits: limits}
	for _, t := range p.Tasks {
		begun.Nodes = append(begun.Nodes, flow.Node{ID: t.ID, Needs: t.Needs, Agent: "bot", MicroUSD: t.Budget.MicroUSD, TimeMS: t.Budget.TimeMS, Turns: t.Budget.Turns})
	}
	s.Tell(flow.RunStream(begun.Run), begun)
}

// Tell leaves a message in the inbox.
func (s *Scene) Tell(to flow.Stream, p flow.Payload) {
	s.T.Helper()
	m := flow.Message{ID: s.NewID(), Actor: "person:ann", To: to, Kind: p.Kind(), Data: []byte(text(p))}
	if err := s.Send(s.T.Context(), m); err != nil {
		s.T.Fatal(err)
	}
}

// Drive makes an engine and drives until nothing is left to do.
func (s *Scene) Drive() {
	s.T.Helper()
	if err := s.Factory(s.Ports()).Drive(s.T.Context()); err != nil {
		s.T.Fatal(err)
	}
}

// Run gives the report on the run of a plan.
func (s *Scene) Run(name string) *report.Run {
	s.T.Helper()
	r, err := report.Fold(func(yield func(flow.Record, error) bool) {
		for _, rec := range s.Records() {
			if rec.Stream.Run() == "run-"+name && !yield(rec, nil) {
				return
			}
		}
	})
	if err != nil || r == nil {
		s.T.Fatalf("report on %s: %v, %v", name, r, err)
	}
	return r
}

// States gives "task:state" for every task, in order.
func (s *Scene) States(name string) string {
	var out []string
	for _, t := range s.Run(name).Tasks {
		out = append(out, t.ID+":"+string(t.State))
	}
	return strings.Join(out, " ")
}

// Want fails the story unless got is want.
func (s *Scene) Want(what string, got, want any) {
	s.T.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		s.T.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// Started gives the operations that really began, in order.
func (s *Scene) Started() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.started)
}

// Attempt gives what an attempt was told.
func (s *Scene) Attempt(op string) job.Attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attempts[op]
}

func (s *Scene) failing(call string) error {
	if s.Fail == nil {
		return nil
	}
	return s.Fail(call)
}

// OpenRun implements engine.Repo.
func (s *Scene) OpenRun(_ context.Context, run, name, _ string) (change.Opened, error) {
	if err := s.failing("open"); err != nil {
		return change.Opened{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.heads[run]; !ok {
		s.heads[run] = change.Point{Commit: "base", Tree: "base-tree"}
	}
	return change.Opened{Target: "refs/heads/main", Base: s.heads[run], Branch: "refs/heads/muster/" + name}, nil
}

// Head implements engine.Repo.
func (s *Scene) Head(_ context.Context, run string) (change.Point, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heads[run], nil
}

// Merge implements engine.Repo. A merge with an unmoved head leaves the tree
// as it was.
func (s *Scene) Merge(_ context.Context, r change.MergeRequest) (change.Merged, error) {
	if err := s.failing("merge"); err != nil {
		return change.Merged{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := change.Merged{From: s.heads[r.Run], Result: s.heads[r.Run]}
	if r.Head.Commit == "" {
		return m, nil
	}
	if s.Merging != nil {
		if c := s.Merging(r.Run, r.Head.Commit); c != nil {
			m.Conflicts, m.Result = c, change.Point{Tree: "marked"}
			return m, nil
		}
	}
	m.Result = change.Point{Commit: "m-" + r.Head.Commit, Tree: r.Head.Tree + "+" + m.From.Commit}
	return m, nil
}

// Land implements engine.Repo.
func (s *Scene) Land(_ context.Context, l change.Landing) (change.Landed, error) {
	if err := s.failing("land"); err != nil {
		return change.Landed{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heads[l.Run] == l.To {
		return change.Landed{}, nil
	}
	if s.heads[l.Run] != l.From {
		return change.Landed{}, fault.New(fault.Conflict, "head moved")
	}
	s.heads[l.Run] = l.To
	s.landed = append(s.landed, l.To.Commit)
	return change.Landed{}, nil
}

// Advance implements engine.Repo.
func (s *Scene) Advance(_ context.Context, r change.AdvanceRequest, _ func(string) bool) (change.Advanced, error) {
	return change.Advanced{Done: true, To: r.To}, nil
}

// Worktree implements engine.Worktrees.
func (s *Scene) Worktree(ctx context.Context, r change.WorktreeRequest, _ setup.Spec) (change.Worktree, setup.Result, error) {
	err := s.failing("worktree")
	if err == nil && s.SetUp != nil {
		err = s.SetUp(ctx)
	}
	if err != nil {
		return change.Worktree{}, setup.Result{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Base.Tree == "" {
		r.Base = s.heads[r.Run]
	}
	return change.Worktree{Dir: "/worktrees/" + r.Owner, Base: r.Base}, setup.Result{}, nil
}

// Capture implements engine.Worktrees. What an agent leaves differs with every
// attempt.
func (s *Scene) Capture(_ context.Context, r change.CaptureRequest) (change.Captured, error) {
	if err := s.failing("capture"); err != nil {
		return change.Captured{}, err
	}
	id := strings.TrimPrefix(r.Ref, "refs/muster/attempts/")
	return change.Captured{Head: change.Point{Commit: id, Tree: "tree-" + id}}, nil
}

// Release implements engine.Worktrees.
func (s *Scene) Release(context.Context, string) error { return nil }

// Spec implements engine.Agents.
func (s *Scene) Spec(_ context.Context, a job.Attempt) (job.Spec, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempts[a.Op] = a
	return job.Spec{Version: job.SpecVersion, ID: a.Op, Argv: []string{"agent"}}, nil
}

// Ensure implements engine.Operations.
func (s *Scene) Ensure(_ context.Context, spec job.Spec) error { //nolint:contextcheck // an agent outlives who started it
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.exits[spec.ID] != nil {
		return nil
	}
	a, ended := s.attempts[spec.ID], make(chan struct{})
	ctx, stop := context.WithCancel(context.Background())
	s.started, s.exits[spec.ID], s.stops[spec.ID] = append(s.started, spec.ID), ended, stop
	go func() {
		o := job.Outcome{Kind: job.Done}
		if s.Agent != nil {
			o = s.Agent(ctx, a)
		}
		if o.Session == "" {
			o.Session = "session-" + a.Task
		}
		s.mu.Lock()
		s.outcomes[spec.ID] = o
		s.mu.Unlock()
		close(ended)
	}()
	return nil
}

// Wait implements engine.Operations.
func (s *Scene) Wait(ctx context.Context, id string) (job.Exit, error) {
	s.mu.Lock()
	ended := s.exits[id]
	s.mu.Unlock()
	select {
	case <-ended:
		return job.Exit{State: job.Exited, StartedUS: 1, EndedUS: 1001}, nil
	case <-ctx.Done():
		return job.Exit{}, ctx.Err()
	}
}

// Stop implements engine.Operations.
func (s *Scene) Stop(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stop := s.stops[id]; stop != nil {
		stop()
	}
	return nil
}

// agents is the scene as engine.Agents.
type agents struct{ *Scene }

// Turns plays the turns of an attempt, where Turning is set.
func (s agents) Turns(ctx context.Context, a job.Attempt, full func(begun, ended int64) bool) error {
	if s.Turning != nil {
		s.Turning(ctx, a, full)
	}
	return nil
}

// Outcome implements engine.Agents.
func (s *Scene) Outcome(_ context.Context, a job.Attempt, _ job.Exit) (job.Outcome, []byte, []byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outcomes[a.Op], []byte("said " + a.Op), nil, nil
}

// Judge implements engine.Checks.
func (s *Scene) Judge(_ context.Context, r evidence.Request) (evidence.Evidence, error) {
	if err := s.failing("check"); err != nil {
		return evidence.Evidence{}, err
	}
	e := evidence.Evidence{Schema: evidence.Schema, BaseTree: r.Base.Tree, HeadTree: r.Head.Tree}
	result := evidence.Result{Check: "scene", Version: "1", Status: evidence.Passed}
	if s.Check != nil {
		result.Findings = s.Check(r)
	}
	if s.Tried != nil {
		result.Tried = s.Tried(r)
	}
	if len(result.Findings) > 0 {
		result.Status = evidence.Failed
	}
	e.Results = []evidence.Result{result}
	return e, nil
}

// Gate makes a finding that blocks; anchor tells findings apart.
func Gate(anchor string) []evidence.Finding {
	return []evidence.Finding{evidence.NewFinding(evidence.Finding{
		Check: "scene", Rule: "gate", Level: evidence.Gate, Grade: evidence.Verified, Message: "wrong: " + anchor, Reproduce: "true",
	}, anchor)}
}

// Tasks makes a plan from "id" or "id<need,need" words.
func Tasks(name string, words ...string) plan.Plan {
	p := plan.Plan{Version: plan.Version, Name: name, Goal: "a goal"}
	for _, w := range words {
		id, needs, _ := strings.Cut(w, "<")
		t := plan.Task{ID: id, Title: "title of " + id, Prompt: "do " + id}
		if needs != "" {
			t.Needs = strings.Split(needs, ",")
		}
		p.Tasks = append(p.Tasks, t)
	}
	return p
}

package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"muster/internal/adapter/git"
	"muster/internal/app/furnish"
	"muster/internal/app/models"
	"muster/internal/app/observe"
	"muster/internal/app/offers"
	"muster/internal/app/plans"
	"muster/internal/app/runs"
	"muster/internal/core/change"
	"muster/internal/core/config"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/plan"
	"muster/internal/core/recording"
	"muster/internal/core/yamlfile"
	"muster/internal/store"
)

const (
	configPath = plans.ConfigPath

	// taskTimeMS bounds the agent time of a task that has no bound of its own:
	// an agent that hangs must not hang the run.
	taskTimeMS = 60 * 60 * 1000
)

// Start is the wish to start a run.
type Start struct {
	Plan   string // a path, or a name below .muster/plans
	Agent  string // for all tasks, whatever the plan says; empty leaves them as they are
	Limits plan.Budget
	Record string // a folder that the run is recorded into; empty for none
	Replay string // a folder with a recording that stands for the models; empty for none
}

// Started is a run that was asked for.
type Started struct {
	Run      string // id
	Name     string
	Message  string   // id of the message that starts it
	Warnings []string // about the plan and the configuration
}

// Start checks everything that can be checked beforehand and leaves the
// message that starts the run. Nothing runs before somebody drives it.
func (s *Session) Start(ctx context.Context, w Start) (Started, error) {
	ready, err := prepare(ctx, s, w)
	if err != nil {
		return Started{}, err
	}
	if err := ready.tape(ctx, s, w); err != nil {
		return Started{}, err
	}
	begun := ready.begun
	if begun.Plan, err = s.putJSON(ctx, ready.plan); err != nil {
		return Started{}, err
	}
	if begun.Config, err = s.putJSON(ctx, ready.config); err != nil {
		return Started{}, err
	}
	if err := ready.taping.Begin(ready.recording); err != nil {
		return Started{}, err
	}
	id, err := s.sendStart(ctx, begun)
	return Started{Run: begun.Run, Name: begun.Name, Message: id, Warnings: ready.warnings}, err
}

// prepared is a run that could be started.
type prepared struct {
	plan     *plan.Plan
	config   config.Config
	base     change.Point
	begun    flow.RunStarted
	warnings []string

	taping    models.Taping
	recording recording.Manifest
}

// prepare checks everything that can be checked before a run, and changes
// nothing.
func prepare(ctx context.Context, s *Session, w Start) (prepared, error) {
	file, p, warnings, err := readPlan(s, w.Plan)
	if err != nil {
		return prepared{}, err
	}
	out := prepared{plan: p, warnings: warnings}
	repo, err := s.git(ctx)
	if err != nil {
		return out, err
	}
	target, base, err := repo.Target(ctx, p.Target)
	if err != nil {
		return out, fault.Wrap(fault.Internal, err, "start run %s", p.Name)
	}
	c, more, err := plans.Config(ctx, repo, base.Commit)
	if err != nil {
		return out, err
	}
	out.config, out.base, out.warnings = c, base, append(out.warnings, more...)
	if _, err := s.walls.Confines(ctx, c.Sandbox); err != nil {
		return out, err
	}
	special, err := furnish.Particulars(ctx, repo, base.Commit)
	tools, lapsed, err2 := offers.Approved(ctx, repo, s.state, base.Commit)
	if err := errors.Join(err, err2); err != nil {
		return out, err
	}
	out.config.Tools, out.warnings = tools, slices.Concat(out.warnings, special, lapsed)
	uncommitted := plans.Uncommitted(ctx, repo, base.Commit, s.place.TopLevel)
	if uncommitted != "" {
		out.warnings = append(out.warnings, uncommitted)
	}
	if w.Agent != "" {
		for i := range p.Tasks {
			p.Tasks[i].Agent = w.Agent
		}
	}
	if err := yamlfile.AsError("read the plan "+file, c.CheckPlan(file, p)); err != nil && w.Agent == "" {
		if uncommitted != "" {
			err = fault.WithHint(fault.Wrap(fault.Invalid, err, "start run %s", p.Name), "%s", uncommitted)
		}
		return out, err
	}
	if err := untaken(ctx, s, p.Name, target, base); err != nil {
		return out, err
	}
	nodes, err := s.nodes(p, c)
	if err != nil {
		if uncommitted != "" {
			err = fault.WithHint(err, "%s", uncommitted)
		}
		return out, err
	}
	if text := plans.Unsaved(ctx, repo); text != "" {
		out.warnings = append(out.warnings, text)
	}
	out.begun = flow.RunStarted{
		Inputs: flow.Inputs{Run: newID(), Name: p.Name}, Goal: p.Goal, Target: target, Into: string(c.Land.Into),
		Nodes: nodes, Limits: flow.LimitsFrom(c.Rounds, w.Limits, p.Budget, c.Budget), Accept: len(p.Accept) > 0,
	}
	out.warnings = append(out.warnings, models.NotBounded(c, out.begun, s.host)...)
	return out, nil
}

// tape has the run recorded, or replayed, when that is wished for and nothing
// is against it.
func (p *prepared) tape(ctx context.Context, s *Session, w Start) error {
	if w.Record == "" && w.Replay == "" {
		return nil
	}
	p.taping = models.NewTaping(s.host.Dir, w.Record, w.Replay)
	p.taping.Plan, p.taping.Config, p.taping.Base = *p.plan, p.config, p.base
	p.begun.Record, p.begun.Replay = p.taping.Record, p.taping.Replay
	m, warnings, err := p.taping.Check(s.host, func(g job.Agent) string {
		path, _ := s.host.LookPath(programOf(s, g), s.host.Dir)
		return observe.Version(ctx, s.host.CheckEnv(), append(slices.Clone(s.host.Self), "shim"), s.state, path)
	})
	p.recording, p.warnings = m, append(p.warnings, warnings...)
	return err
}

// untaken refuses to begin where the run's branch holds work that the target
// has not, of an earlier run or of a person: the branch would be set back, and
// the work would be seen nowhere any more. A run that is not finished is
// another matter, and is told later.
func untaken(ctx context.Context, s *Session, name, target string, base change.Point) error {
	repo, err := s.git(ctx)
	if err != nil {
		return err
	}
	branch := "muster/" + name
	n, err := git.Untaken(ctx, repo, branch, base)
	if err != nil || n == 0 {
		return err
	}
	if taken, err := s.isTaken(ctx, name); err != nil || taken {
		return err
	}
	into := strings.TrimPrefix(target, "refs/heads/")
	return fault.New(fault.Conflict, "start run %s: branch %s holds work that %s has not (commits: %d)", name, branch, into, n).
		WithHint("take them: git checkout %s && git merge %s; or drop them: git branch -D %s; or give the plan another name", into, branch, branch)
}

// sendStart refuses a second run of a name while the first is not done. The
// lock makes looking and sending one step among processes.
func (s *Session) sendStart(ctx context.Context, begun flow.RunStarted) (string, error) {
	lock, err := os.OpenFile(filepath.Join(s.state, "start.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		defer lock.Close()
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "take the lock for starting runs in %s", s.state)
	}
	taken, err := s.isTaken(ctx, begun.Name)
	if err != nil {
		return "", err
	}
	if taken {
		if driver, err := s.Driver(); err == nil && driver != nil { //nolint:contextcheck // looking at the lock has a bound of its own
			return "", fault.New(fault.Conflict, "start run %s: a run of that name is going on", begun.Name).
				WithHint("look at it: muster status %s, or stop it: muster stop %s", begun.Name, begun.Name)
		}
		return "", fault.New(fault.Conflict, "start run %s: a run of that name is not finished", begun.Name).
			WithHint("go on with it: muster resume %s, or end it: muster stop --close %s", begun.Name, begun.Name)
	}
	return s.send(ctx, flow.RunStream(begun.Run), begun)
}

func (s *Session) isTaken(ctx context.Context, name string) (bool, error) {
	// The inbox first: what leaves it meanwhile is then among the runs.
	if _, ok, err := s.FindPending(ctx, name); ok || err != nil {
		return ok, err
	}
	alive, err := runs.List(ctx, s.store, store.RunQuery{Alive: true})
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(alive, func(r RunInfo) bool { return r.Name == name }), nil
}

// nodes turns the plan's tasks into the run's, each with an agent that can be
// started here.
func (s *Session) nodes(p *plan.Plan, c config.Config) ([]flow.Node, error) {
	var out []flow.Node
	looked := map[string]bool{}
	for _, t := range p.Tasks {
		g, ok := c.Choose(t)
		if !ok {
			e := fault.New(fault.Invalid, "task %s names the agent %q, which is not configured", t.ID, t.Agent)
			if near := yamlfile.Nearest(t.Agent, c.Names()); near != "" {
				return nil, e.WithHint("did you mean %s?", near)
			}
			return nil, e.WithHint("there are %s; add others below agents: in %s and commit that", strings.Join(c.Names(), ", "), configPath)
		}
		if !looked[g.Name] {
			looked[g.Name] = true
			if err := s.checkAgent(g, t.ID); err != nil {
				return nil, fault.WithHint(err, "%s", missing(s, c, g, programOf(s, g)))
			}
		}
		n := flow.Node{ID: t.ID, Title: t.Title, Needs: t.Needs, Agent: g.Name, MicroUSD: t.Budget.MicroUSD, TimeMS: t.Budget.TimeMS, Tokens: t.Budget.Tokens, Turns: t.Budget.Turns}
		if n.TimeMS == 0 {
			n.TimeMS = taskTimeMS
		}
		out = append(out, n)
	}
	return out, nil
}

// checkAgent says why an agent cannot be started, as far as that can be known
// beforehand.
func (s *Session) checkAgent(g job.Agent, task string) error {
	program, err := s.agents.Program(g)
	if err != nil {
		return err
	}
	if isOfWorktree(g, program) {
		return nil
	}
	if _, ok := s.host.LookPath(program, s.host.Dir); !ok {
		return fault.New(fault.Refused, "task %s wants the agent %s, whose program %q is not on PATH", task, g.Name, program).
			WithHint("install it, or name another agent; muster doctor lists what is here")
	}
	return nil
}

// programOf names the program of an agent.
func programOf(s *Session, g job.Agent) string {
	program, err := s.agents.Program(g)
	if err != nil {
		return g.Name
	}
	return filepath.Base(program)
}

// isOfWorktree reports whether the program is a path of the worktree, which
// does not exist before the task begins.
func isOfWorktree(g job.Agent, program string) bool {
	return g.Driver == "command" && strings.Contains(program, "/") && !filepath.IsAbs(program)
}

package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"muster/internal/adapter/git"
	"muster/internal/app/machine"
	"muster/internal/core/config"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/plan"
	"muster/internal/core/yamlfile"
	"muster/internal/store"
)

const (
	configPath  = ".muster/config.yaml"
	plansFolder = ".muster/plans"

	// taskTimeMS bounds the agent time of a task that has no bound of its own:
	// an agent that hangs must not hang the run.
	taskTimeMS = 60 * 60 * 1000

	maxPlanBytes = 1 << 20 // what the reader of YAML accepts
)

// Start is the wish to start a run.
type Start struct {
	Plan   string // a path, or a name below .muster/plans
	Agent  string // for all tasks, whatever the plan says; empty leaves them as they are
	Limits plan.Budget
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
	file, p, warnings, err := s.readPlan(w.Plan)
	if err != nil {
		return Started{}, err
	}
	repo, err := s.git(ctx)
	if err != nil {
		return Started{}, err
	}
	target, base, err := repo.Target(ctx, p.Target)
	if err != nil {
		return Started{}, fault.Wrap(fault.Internal, err, "start run %s", p.Name)
	}
	c, more, err := readConfig(ctx, repo, base.Commit)
	if err != nil {
		return Started{}, err
	}
	warnings = append(warnings, more...)
	uncommitted := uncommittedConfig(ctx, repo, base.Commit, s.place.TopLevel)
	if uncommitted != "" {
		warnings = append(warnings, uncommitted)
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
		return Started{}, err
	}
	nodes, err := s.nodes(p, c)
	if err != nil {
		return Started{}, err
	}
	begun := flow.RunStarted{
		Inputs: flow.Inputs{Run: newID(), Name: p.Name}, Goal: p.Goal, Target: target, Into: string(c.Land.Into),
		Nodes: nodes, Limits: limits(w.Limits, p.Budget, c), Accept: len(p.Accept) > 0,
	}
	if begun.Plan, err = s.putJSON(ctx, p); err != nil {
		return Started{}, err
	}
	if begun.Config, err = s.putJSON(ctx, c); err != nil {
		return Started{}, err
	}
	id, err := s.sendStart(ctx, begun)
	return Started{Run: begun.Run, Name: p.Name, Message: id, Warnings: warnings}, err
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
	runs, err := listRuns(ctx, s.store, store.RunQuery{Alive: true})
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(runs, func(r RunInfo) bool { return r.Name == name }), nil
}

// readPlan reads the plan that a person names: a file, or NAME for
// .muster/plans/NAME.yaml. It gives the file's name as well, as people are
// shown it.
func (s *Session) readPlan(name string) (string, *plan.Plan, []string, error) {
	path, err := s.findPlan(name)
	if err != nil {
		return "", nil, nil, err
	}
	shown := machine.OneLine(path)
	if rel, err := filepath.Rel(s.host.Dir, path); err == nil && filepath.IsLocal(rel) {
		shown = machine.OneLine(rel)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", nil, nil, fault.Wrap(fault.Invalid, err, "read the plan")
	}
	defer f.Close()
	// One byte more than is accepted, so that the reader of YAML refuses it.
	data, err := io.ReadAll(io.LimitReader(f, maxPlanBytes+1))
	if err != nil {
		return "", nil, nil, fault.Wrap(fault.Invalid, err, "read the plan")
	}
	p, problems := plan.Parse(shown, data)
	if err := yamlfile.AsError("read the plan "+shown, problems); err != nil {
		return "", nil, nil, err
	}
	return shown, p, texts(problems), nil
}

func (s *Session) findPlan(name string) (string, error) {
	if name == "" {
		return "", fault.New(fault.Invalid, "read the plan: none is named").WithHint("muster run PLAN")
	}
	candidates := []string{name}
	if !strings.ContainsRune(name, '/') && s.place.TopLevel != "" {
		candidates = append(candidates, filepath.Join(s.place.TopLevel, plansFolder, strings.TrimSuffix(name, ".yaml")+".yaml"))
	}
	for _, c := range candidates {
		path := c
		if !filepath.IsAbs(path) {
			path = filepath.Join(s.host.Dir, path)
		}
		info, err := os.Stat(path)
		switch {
		case err == nil && info.Mode().IsRegular():
			return path, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return "", fault.Wrap(fault.Invalid, err, "read the plan")
		}
	}
	return "", fault.New(fault.NotFound, "read the plan %q: there is no such file", name).
		WithHint("name a file, or a plan in %s", plansFolder)
}

// readConfig reads the configuration at a commit; without the file there are
// defaults.
func readConfig(ctx context.Context, repo *git.Repo, commit string) (config.Config, []string, error) {
	data, ok, err := repo.ReadFile(ctx, commit, configPath)
	if err != nil {
		return config.Config{}, nil, fault.Wrap(fault.Internal, err, "read %s at %s", configPath, commit)
	}
	if !ok {
		return config.Default(), nil, nil
	}
	c, problems := config.Parse(configPath, data)
	err = yamlfile.AsError("read "+configPath+" as committed on the target branch", problems)
	return c, texts(problems), err
}

// uncommittedConfig says so when the person's work tree holds another
// configuration than the trusted base: it is a common wrong turn to write one
// and wonder why it does nothing.
func uncommittedConfig(ctx context.Context, repo *git.Repo, commit, folder string) string {
	if folder == "" {
		return ""
	}
	mine, err := os.ReadFile(filepath.Join(folder, configPath))
	if err != nil {
		return ""
	}
	if base, _, err := repo.ReadFile(ctx, commit, configPath); err != nil || bytes.Equal(mine, base) {
		return ""
	}
	return configPath + " in your folder is not the one committed on the target branch, and only that one counts: commit it first"
}

func texts(problems []yamlfile.Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, p.String())
	}
	return out
}

// nodes turns the plan's tasks into the run's, each with an agent that can be
// started here.
func (s *Session) nodes(p *plan.Plan, c config.Config) ([]flow.Node, error) {
	var out []flow.Node
	looked := map[string]bool{}
	for _, t := range p.Tasks {
		g, ok := c.Choose(t)
		if !ok {
			return nil, fault.New(fault.Invalid, "task %s names the agent %q, which is not configured", t.ID, t.Agent).
				WithHint("add it below agents: in %s and commit that; there are %s", configPath, strings.Join(agentNames(c), ", "))
		}
		if !looked[g.Name] {
			looked[g.Name] = true
			if err := s.checkAgent(g, t.ID); err != nil {
				return nil, err
			}
		}
		n := flow.Node{ID: t.ID, Title: t.Title, Needs: t.Needs, Agent: g.Name, MicroUSD: t.Budget.MicroUSD, TimeMS: t.Budget.TimeMS, Tokens: t.Budget.Tokens}
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
			WithHint("install it, or name another agent; muster doctor shows which are there")
	}
	return nil
}

// isOfWorktree reports whether the program is a path of the worktree, which
// does not exist before the task begins.
func isOfWorktree(g job.Agent, program string) bool {
	return g.Driver == "command" && strings.Contains(program, "/") && !filepath.IsAbs(program)
}

func agentNames(c config.Config) []string {
	var out []string
	for _, g := range c.Agents {
		out = append(out, g.Name)
	}
	return out
}

// limits takes each bound from the first that gives it: the command line, the
// plan, the configuration.
func limits(flags, p plan.Budget, c config.Config) flow.Limits {
	out := flow.Limits{Rounds: c.Rounds}
	for _, b := range []plan.Budget{flags, p, c.Budget} {
		if out.Parallel == 0 {
			out.Parallel = b.Parallel
		}
		if out.MicroUSD == 0 {
			out.MicroUSD = b.MicroUSD
		}
		if out.TimeMS == 0 {
			out.TimeMS = b.TimeMS
		}
		if out.Tokens == 0 {
			out.Tokens = b.Tokens
		}
	}
	out.Parallel = max(out.Parallel, 1)
	return out
}

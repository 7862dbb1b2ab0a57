package app

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"muster/internal/adapter/git"
	"muster/internal/adapter/login"
	"muster/internal/adapter/setups"
	"muster/internal/app/furnish"
	"muster/internal/app/machine"
	"muster/internal/app/models"
	"muster/internal/app/observe"
	"muster/internal/app/offers"
	"muster/internal/app/runs"
	"muster/internal/app/telemetry"
	"muster/internal/app/walls"
	"muster/internal/check"
	"muster/internal/check/battery"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/engine"
	"muster/internal/store"
)

const (
	graceMS   = 5_000    // between asking an agent to end and killing it
	outputCap = 64 << 20 // bytes of each stream that are kept of an attempt; the first ones, so the final event must fit
	commands  = 8        // commands carried out at once, agents not counted
)

// engine makes the engine that may commit under the lock. It looks into the
// inbox when written receives.
func (s *Session) engine(ctx context.Context, log ledger, written <-chan struct{}) (engine.Engine, error) {
	repo, err := s.git(ctx)
	if err != nil {
		return nil, err
	}
	f, err := furnished(s, repo)
	if err != nil {
		return nil, err
	}
	checks := check.New(check.Tools{Trees: f.Trees, Parser: s.parser, Exec: f.Exec, Cache: s.store}, battery.All(battery.Outside{Registry: s.packages}), max(runtime.NumCPU()/2, 1))
	measured := furnish.NewMachine(s.state, func(ctx context.Context) (map[string][]int64, error) { return runs.Peaks(ctx, s.store) })
	return engine.NewLocal(engine.NewHands(engine.Ports{
		Log: log, Blobs: s.store, Repo: repo, Worktrees: f.Worktrees, Operations: s.ops,
		Agents: agents{s, f.Ports, measured}, Checks: checks, Machine: measured, Clock: machine.Clock{}, IDs: machine.IDs{New: newID},
	}), engine.Options{Commands: commands, Written: written, Probe: s.host.Probe}), nil
}

// furnished opens what worktrees and trees are laid out and set up with.
func furnished(s *Session, repo *git.Repo) (furnish.Furniture, error) {
	root, err := s.host.StateRoot()
	if err != nil {
		return furnish.Furniture{}, err
	}
	return furnish.Open(repo, furnish.Host{
		Walls: s.walls, State: s.state, Root: root, Checkout: s.place.TopLevel, Env: s.host.CheckEnv(), Shim: append(append([]string{}, s.host.Self...), "shim"),
		Look: func(program string) (string, bool) { return s.host.LookPath(program, s.host.Dir) },
	})
}

// ledger is the store under the engine lock.
type ledger struct {
	*store.Store
	lock   *store.Lock
	tracer *telemetry.Tracer // nil: nothing is told
}

func (l ledger) Commit(ctx context.Context, b flow.Batch) error {
	_, err := l.Store.Commit(ctx, l.lock, b)
	if err == nil {
		l.tracer.Committed(b.Records)
	}
	return err
}

// agents fills in what only this machine knows about an attempt.
type agents struct {
	s       *Session
	ports   *setups.Ports
	machine *furnish.Machine
}

func (a agents) Spec(ctx context.Context, t job.Attempt) (job.Spec, error) {
	own, err := furnish.Ports(ctx, a.ports, t.Dir)
	if err != nil {
		return job.Spec{}, err
	}
	if t, err = models.Played(t); err != nil {
		return job.Spec{}, err
	}
	t, services := a.s.equip(t)
	if err := os.MkdirAll(t.Scratch, 0o700); err != nil {
		return job.Spec{}, fault.Wrap(fault.Transient, err, "make the scratch folder of %s", t.Op)
	}
	if t.Confined, err = a.s.walls.Confines(ctx, t.Sandbox); err != nil {
		return job.Spec{}, err
	}
	if t.Tools, err = offers.InForce(a.s.state, t.Agent.Driver, t.Tools); err != nil {
		return job.Spec{}, err
	}
	spec, err := a.s.agents.Spec(t)
	if err != nil {
		return job.Spec{}, err
	}
	if err := errors.Join(a.s.agents.Lay(t), offers.NoteGiven(a.s.state, t.Op, t.Tools)); err != nil {
		return job.Spec{}, err
	}
	spec.GraceMS, spec.OutputCap = graceMS, outputCap
	spec.Env = append(spec.Env, own)
	alive := filepath.Join(a.s.state, "ops", t.Op, "lock")
	switch {
	case len(services) > 0:
		if spec.Door, spec.DoorKeeper, err = a.s.meter.Open(ctx, t, services, alive); err != nil {
			return job.Spec{}, fault.WithHint(err, "with gateway: off in .muster/config.yaml agents ask their models themselves")
		}
	case job.Closes(t.Sandbox):
		if spec.Door, spec.DoorKeeper, err = a.s.meter.Plain(ctx, t.Op, t.Egress, alive); err != nil {
			return job.Spec{}, err
		}
	}
	place := walls.AgentPlace{CommonDir: a.s.place.CommonDir, IsMetered: len(services) > 0, Account: login.Account(t.Agent, models.Seen(t)) != "", Readable: offers.Roots(t.Tools)}
	if spec.Door != nil && t.Confined {
		if place.Door, err = a.s.packages.DoorEnv(ctx); err != nil {
			return job.Spec{}, err
		}
	}
	if name, perr := a.s.agents.Program(t.Agent); perr == nil {
		place.Program, _ = a.s.host.LookPath(name, t.Dir)
	}
	if spec, err = a.s.walls.Agent(ctx, t, spec, place); err != nil {
		return job.Spec{}, err
	}
	if spec, err = a.s.meter.Serialised(t, models.Seen(t), spec); err != nil {
		return job.Spec{}, err
	}
	a.machine.Started(t.Op, t.Agent.Name)
	return spec, nil
}

func (a agents) Turns(ctx context.Context, t job.Attempt, full func(begun, ended int64) bool) error {
	if models.IsPlayed(t) {
		return nil // a replay leaves budgets alone
	}
	return observe.Turns(ctx, a.s.ops, t, full)
}

func (a agents) Outcome(ctx context.Context, t job.Attempt, exit job.Exit) (job.Outcome, []byte, []byte, error) {
	a.machine.Ended(t.Op, t.Agent.Name, exit.PeakBytes)
	stdout, err := observe.Printed(a.s.ops.Stdout(t.Op))
	if err != nil {
		return job.Outcome{}, nil, nil, err
	}
	stderr, err := observe.Printed(a.s.ops.Stderr(t.Op))
	if err != nil {
		return job.Outcome{}, nil, nil, err
	}
	t, services := a.s.equip(t)
	o, err := a.s.agents.Outcome(t, exit, bytes.NewReader(stdout), bytes.NewReader(stderr))
	if err == nil {
		o, err = a.s.meter.Book(ctx, t.Op, o, services)
	}
	if err == nil {
		o.Tools, err = offers.Given(a.s.state, t.Op)
	}
	return o, stdout, stderr, err
}

// equip adds the attempt's scratch folder and the variables of this machine. The
// folder is the task's, since a session outlives an attempt. Where its agent
// asks its model through the gateway, it gives the services.
func (s *Session) equip(t job.Attempt) (job.Attempt, []login.Service) {
	owner := strings.TrimSuffix(t.Op, "."+strconv.Itoa(t.Number))
	t.Scratch = filepath.Join(s.state, "scratch", owner)
	return models.Equip(t, s.host)
}

var _ engine.Agents = agents{}

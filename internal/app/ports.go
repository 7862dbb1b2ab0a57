package app

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"muster/internal/adapter/git"
	"muster/internal/adapter/login"
	"muster/internal/adapter/sandbox"
	"muster/internal/check"
	"muster/internal/check/battery"
	"muster/internal/core/change"
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
func (s *Session) engine(ctx context.Context, lock *store.Lock, written <-chan struct{}) (engine.Engine, error) {
	repo, err := s.git(ctx)
	if err != nil {
		return nil, err
	}
	exec := sandbox.NewExecutor(s.host.CheckEnv(), append(append([]string{}, s.host.Self...), "shim"))
	checks := check.New(check.Tools{Trees: trees{repo}, Parser: s.parser, Exec: exec, Cache: s.store}, battery.All(outside(s)), max(runtime.NumCPU()/2, 1))
	return engine.NewLocal(engine.NewHands(engine.Ports{
		Log: ledger{s.store, lock}, Blobs: s.store, Repo: repo, Worktrees: repo, Operations: s.ops,
		Agents: agents{s}, Checks: checks, Clock: clock{}, IDs: ids{},
	}), engine.Options{Commands: commands, Written: written, Probe: s.host.Probe}), nil
}

// ledger is the store under the engine lock.
type ledger struct {
	*store.Store
	lock *store.Lock
}

func (l ledger) Commit(ctx context.Context, b flow.Batch) error {
	_, err := l.Store.Commit(ctx, l.lock, b)
	return err
}

// trees lays out what checks look at.
type trees struct{ repo *git.Repo }

func (t trees) Diff(ctx context.Context, base, head string) (change.Change, error) {
	return t.repo.Diff(ctx, base, head)
}

func (t trees) Lease(ctx context.Context, tree string) (string, func(), error) {
	return t.repo.Lease(ctx, tree)
}

func (t trees) Has(ctx context.Context, tree, name string) (bool, error) {
	return t.repo.Has(ctx, tree, name)
}

func (t trees) ReadFile(ctx context.Context, tree, path string) ([]byte, bool, error) {
	return t.repo.ReadFileOrLink(ctx, tree, path)
}

func (t trees) List(ctx context.Context, tree string) ([]change.Entry, error) {
	return t.repo.Files(ctx, tree)
}

func (t trees) Patches(ctx context.Context, base, head string) ([]change.Patch, error) {
	return t.repo.Patches(ctx, base, head)
}

// agents fills in what only this machine knows about an attempt.
type agents struct{ s *Session }

func (a agents) Spec(_ context.Context, t job.Attempt) (job.Spec, error) {
	t = a.s.equip(t)
	if err := os.MkdirAll(t.Scratch, 0o700); err != nil {
		return job.Spec{}, fault.Wrap(fault.Transient, err, "make the scratch folder of %s", t.Op)
	}
	spec, err := a.s.agents.Spec(t)
	if err != nil {
		return job.Spec{}, err
	}
	if err := a.s.agents.Lay(t); err != nil {
		return job.Spec{}, err
	}
	spec.GraceMS, spec.OutputCap = graceMS, outputCap
	return serialised(a.s, t, spec)
}

func (a agents) Outcome(_ context.Context, t job.Attempt, exit job.Exit) (job.Outcome, []byte, []byte, error) {
	stdout, err := readAll(a.s.ops.Stdout(t.Op))
	if err != nil {
		return job.Outcome{}, nil, nil, err
	}
	stderr, err := readAll(a.s.ops.Stderr(t.Op))
	if err != nil {
		return job.Outcome{}, nil, nil, err
	}
	o, err := a.s.agents.Outcome(a.s.equip(t), exit, bytes.NewReader(stdout), bytes.NewReader(stderr))
	return o, stdout, stderr, err
}

// equip adds the attempt's scratch folder and the variables of this machine. The
// folder is the task's, since a session outlives an attempt.
func (s *Session) equip(t job.Attempt) job.Attempt {
	owner := strings.TrimSuffix(t.Op, "."+strconv.Itoa(t.Number))
	t.Scratch = filepath.Join(s.state, "scratch", owner)
	t.Host = s.host.AgentEnv(t.Agent.PassEnv)
	return login.Apply(t)
}

func readAll(r io.ReadCloser, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, outputCap+1<<20))
	return data, fault.Wrap(fault.Transient, err, "read what an agent printed")
}

var _ engine.Agents = agents{}

var _ check.Trees = trees{}

type clock struct{}

func (clock) NowUS() int64 { return time.Now().UnixMicro() }

func (clock) After(us int64) <-chan struct{} {
	done := make(chan struct{})
	time.AfterFunc(time.Until(time.UnixMicro(us)), func() { close(done) })
	return done
}

type ids struct{}

func (ids) NewID() string { return newID() }

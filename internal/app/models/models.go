// Package models is how agents reach their models: through a door to the
// gateway, which meters them, or by an account of the person's own, whose
// tokens they renew one after the other.
package models

import (
	"context"
	"path/filepath"
	"strings"

	"muster/internal/adapter/gateway"
	"muster/internal/adapter/login"
	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/meter"
)

// Meter is the gateway of a state root, as the repositories below it use it.
type Meter struct {
	client *gateway.Client
	root   string
	dir    string   // of the gateway
	self   []string // starts Muster

	telemetry map[string]string // OpenTelemetry's variables, where it is on
}

// New gives the meter of a state root. Self starts Muster, env is the
// environment of the gateway; nothing is started before it is needed.
func New(root string, self, env []string) *Meter {
	dir := filepath.Join(root, "gateway")
	argv := append(append([]string{}, self...), "gateway")
	return &Meter{client: gateway.NewClient(dir, argv, env), root: root, dir: dir, self: self}
}

// Telling has the gateway tell of each request as OpenTelemetry's variables say;
// nil has it tell nothing.
func (m *Meter) Telling(vars map[string]string) *Meter {
	m.telemetry = vars
	return m
}

// Close ends what the meter does in the background. Doors stay open.
func (m *Meter) Close() { m.client.Close() }

// Open opens the attempt's door to its services, and gives it with what keeps
// it open. Alive is the file that is locked while the attempt lives.
func (m *Meter) Open(ctx context.Context, a job.Attempt, services []login.Service, alive string) (*job.Door, []string, error) {
	d := gateway.Door{
		Name: a.Op, Alive: alive, Providers: map[string]gateway.Provider{}, Secrets: map[string]string{},
		Prices: prices(a.Gateway.Prices), Egress: a.Egress, Telemetry: m.telemetry,
	}
	if d.Recording = recordingOf(a); d.Recording != nil && d.Recording.Mode == gateway.Replay {
		for _, s := range services {
			d.Providers[s.Name] = gateway.Provider{}
		}
		services, a.Gateway.Budgets = nil, nil
	}
	for _, s := range services {
		p := gateway.Provider{Base: s.Base, Auth: gateway.Auth(s.Header), Vendor: s.Vendor, Free: s.Own}
		p.Key = gateway.Key{Env: s.Key.Env, File: s.Key.File, Command: s.Key.Command}
		d.Providers[s.Name] = p
		if s.Secret != "" {
			d.Secrets[s.Name] = s.Secret
		} else if s.Key.Env != "" && !m.client.Had(a.Op) {
			return nil, nil, fault.New(fault.Refused, "start agent %q: the variable %s, which holds the key of its model, is not set", a.Agent.Name, s.Key.Env).
				WithHint("set it, or change key: of the agent in .muster/config.yaml")
		}
	}
	for _, b := range a.Gateway.Budgets {
		c, err := m.scope(ctx, a, b)
		if err != nil {
			return nil, nil, err
		}
		d.Scopes = append(d.Scopes, c)
	}
	if err := m.client.Open(ctx, d); err != nil {
		return nil, nil, err
	}
	return &job.Door{Socket: gateway.Socket(m.dir, a.Op)}, m.client.Keeper(), nil
}

// scope gives a budget as the gateway knows it. What ended attempts spent and
// the journal does not have was spent elsewhere.
func (m *Meter) scope(ctx context.Context, a job.Attempt, b job.Budget) (gateway.Scope, error) {
	c := gateway.Scope{Name: scopeName(a, b.Scope), Title: "the run", Limit: meter.Amount{MicroUSD: b.MicroUSD, Tokens: b.Tokens}}
	if b.Scope == job.OfTask {
		c.Title = "task " + a.Task
	}
	if b.Spent == (job.Usage{}) {
		return c, nil
	}
	s, err := m.client.Spent(ctx, c.Name)
	if err != nil {
		return c, err
	}
	c.Elsewhere = meter.AmountOf(b.Spent).Sub(meter.AmountOf(s.Ended.Usage)).Max(meter.Amount{})
	return c, nil
}

// scopeName names a budget: task/RUN.TASK or run/RUN.
func scopeName(a job.Attempt, scope string) string {
	owner := a.Op[:max(strings.LastIndexByte(a.Op, '.'), 0)]
	if scope == job.OfRun {
		owner = strings.TrimSuffix(owner, "."+a.Task)
	}
	return scope + "/" + owner
}

func prices(own map[string]job.Price) map[string]meter.Price {
	if len(own) == 0 {
		return nil
	}
	out := map[string]meter.Price{}
	for model, p := range own {
		out[model] = meter.Price{Input: p.Input, Output: p.Output, CacheRead: p.CacheRead, CacheWrite: p.CacheWrite}
	}
	return out
}

// Plain opens a door to package registries and hosts alone, for a process that
// asks no model through it.
func (m *Meter) Plain(ctx context.Context, name string, hosts []string, alive string) (*job.Door, []string, error) {
	err := m.client.Open(ctx, gateway.Door{Name: name, Alive: alive, Egress: hosts})
	if err != nil {
		return nil, nil, err
	}
	return &job.Door{Socket: gateway.Socket(m.dir, name)}, m.client.Keeper(), nil
}

// Book closes the attempt's door, and puts what was metered into its outcome
// when it asked its model through the door. An attempt that had no door has the
// outcome that its agent reports. It may be called again, with the same result.
func (m *Meter) Book(ctx context.Context, op string, o job.Outcome, services []login.Service) (job.Outcome, error) {
	if !m.client.Had(op) {
		return o, nil
	}
	s, err := m.client.Shut(ctx, op, o.Kind)
	if err != nil {
		return o, err
	}
	if len(services) == 0 && s.Requests == 0 && s.Limit == nil && s.Replayed == nil { // the door was for other things
		return o, nil
	}
	reported := o.Usage
	o.Reported, o.Usage, o.Estimated = &reported, s.Usage, s.Estimated
	if o.Kind == job.Quota && s.UntilUS > 0 {
		o.UntilUS = s.UntilUS // the service's own word, where it gave one
	}
	if s.Replayed != nil {
		played := s.Replayed.Usage
		played.Turns, played.TurnsUnknown = reported.Turns, reported.TurnsUnknown
		o.Replayed = &played
	} else {
		o.Usage.Turns, o.Usage.TurnsUnknown = reported.Turns, reported.TurnsUnknown // the service answers requests, and knows no turns
	}
	switch o.Kind {
	case job.Done, job.Halted, job.Timeout, job.Vanished, job.Missing:
	case job.Auth, job.Quota, job.Provider, job.Limit, job.Refused, job.Crashed:
		switch {
		case s.Replayed != nil && s.Replayed.WasInterrupted:
			o.Kind, o.Message = job.Crashed, "the recorded attempt was interrupted here"
		case s.Replayed != nil && s.Replayed.Missing != "":
			o.Kind, o.Message = job.Refused, s.Replayed.Missing
		case s.Limit != nil:
			o.Kind, o.Message = job.Limit, s.Limit.Why
			o.Budget, _, _ = strings.Cut(s.Limit.Scope, "/")
		}
	}
	return o, nil
}

// Spend gives what an attempt has spent so far; nothing when it has no door.
func (m *Meter) Spend(ctx context.Context, op string) job.Usage {
	if !m.client.Had(op) {
		return job.Usage{}
	}
	s, err := m.client.Spend(ctx, op)
	if err != nil {
		return job.Usage{} // it is for showing: what ended attempts spent is in the ledger
	}
	return s.Usage
}

// Waits gives the accounts that have to be waited for now.
func (m *Meter) Waits(ctx context.Context) []gateway.Account {
	st, _ := m.client.State(ctx)
	return st.Accounts
}

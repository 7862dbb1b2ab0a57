package app

import (
	"context"
	"slices"

	"muster/internal/adapter/login"
	"muster/internal/app/plans"
	"muster/internal/app/runs"
	"muster/internal/core/config"
	"muster/internal/core/job"
	"muster/internal/store"
)

// missing says what to do when an agent's program is not there: name another
// that is, or install it and log in.
func missing(s *Session, c config.Config, g job.Agent, program string) string {
	for _, other := range c.Agents {
		if other.Name != g.Name && s.checkAgent(other, "") == nil {
			return "use one that is here: --agent " + other.Name + ", or agent: " + other.Name + " in the plan; muster doctor lists them"
		}
	}
	if how := login.Install(g.Driver); how != "" {
		return "install it and log in: " + how + ", then start " + program + " once; muster doctor lists what is here"
	}
	return "install it, or name another agent; muster doctor lists what is here"
}

// someAgent adds what to do when none of the configured agents is here.
func (d *Diagnosis) someAgent(s *Session, c config.Config) {
	for _, g := range c.Agents {
		if s.checkAgent(g, "") == nil {
			return
		}
	}
	p := Point{About: "agents", Level: Worth, Text: "none that is configured is on PATH, so muster run cannot begin; muster check needs none"}
	p.Hint = "install one and log in, or configure a program of yours: agents: {bot: {driver: command, command: [./agent.sh]}}"
	if g, ok := c.Agent(c.Default); ok && login.Install(g.Driver) != "" {
		p.Hint = login.Install(g.Driver) + ", then start " + g.Driver + " once to log in"
	}
	d.Points = append(d.Points, p)
}

// whatNext gives the one thing to type next: what mends the first bad point,
// else what brings a person's work on.
func (d *Diagnosis) whatNext(ctx context.Context, s *Session) string {
	for _, p := range d.Points {
		if p.Level == Bad {
			return p.Hint
		}
	}
	if s == nil {
		return ""
	}
	for _, p := range d.Points {
		if p.Hint == plans.CommitConfig || p.About == "agents" {
			return p.Hint
		}
	}
	all, err := runs.List(ctx, s.store, store.RunQuery{})
	if err != nil {
		return ""
	}
	ran := func(plan string) bool {
		return slices.ContainsFunc(all, func(r runs.Info) bool { return r.Name == plan })
	}
	names := plans.Names(s.place.TopLevel)
	switch fresh := slices.DeleteFunc(names, ran); {
	case len(fresh) > 0:
		return "muster run " + fresh[0]
	case len(all) > 0:
		return "muster status"
	}
	return "muster plan new"
}

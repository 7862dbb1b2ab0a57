package config

import (
	"slices"

	"muster/internal/core/job"
	"muster/internal/core/plan"
	"muster/internal/core/yamlfile"
)

// The roles of agents.
const (
	RoleCode   = "code"
	RoleTest   = "test"
	RoleDocs   = "docs"
	RoleReview = "review"
)

// Roles gives the roles that an agent may have.
func Roles() []string { return []string{RoleCode, RoleTest, RoleDocs, RoleReview} }

// RoleOf gives the role that tasks of a type are given to.
func RoleOf(t plan.Type) string {
	switch t {
	case plan.Test:
		return RoleTest
	case plan.Docs:
		return RoleDocs
	case plan.Feature, plan.Fix, plan.Refactor, plan.Perf, plan.Chore, plan.CI:
	}
	return RoleCode
}

// Agent gives the agent with the name, or false.
func (c Config) Agent(name string) (job.Agent, bool) {
	for _, a := range c.Agents {
		if a.Name == name {
			return a, true
		}
	}
	return job.Agent{}, false
}

// Names gives the names of all agents, in order.
func (c Config) Names() []string {
	var out []string
	for _, a := range c.Agents {
		out = append(out, a.Name)
	}
	return out
}

// Choose gives the agent for a task: the one that it names, else the one that
// lists the role of the task's type first (among equals, the first in the
// file), else the default. It gives false when the agent is not configured.
func (c Config) Choose(t plan.Task) (job.Agent, bool) {
	if t.Agent != "" {
		return c.Agent(t.Agent)
	}
	name, best := c.Default, -1
	for _, r := range c.Roles {
		at := slices.Index(r.Roles, RoleOf(t.Type))
		if at >= 0 && (best < 0 || at < best) {
			name, best = r.Agent, at
		}
	}
	return c.Agent(name)
}

// CheckPlan gives an error for every task that names an agent which is not
// configured. The file is the plan's, for the problems.
func (c Config) CheckPlan(file string, p *plan.Plan) []yamlfile.Problem {
	f := yamlfile.Read(file, nil)
	for _, t := range p.Tasks {
		if _, known := c.Choose(t); !known {
			at := &yamlfile.Node{Line: t.Line}
			f.Errorf(at, f.DidYouMean(t.Agent, c.Names()), "the task %s names the agent %s, which is not configured",
				yamlfile.Quote(t.ID), yamlfile.Quote(t.Agent))
		}
	}
	return f.Problems()
}

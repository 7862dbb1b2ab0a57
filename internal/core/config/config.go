// Package config holds what .muster/config.yaml says, with defaults for what
// it does not. It is read from the trusted base, never from a change.
package config

import (
	"muster/internal/core/egress"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
	"muster/internal/core/plan"
	"muster/internal/core/resource"
	"muster/internal/core/setup"
)

// Into says where a finished run goes.
type Into string

// Where a finished run can go.
const (
	IntoBranch Into = "branch" // stays on muster/<name>; the command to take it is printed
	IntoTarget Into = "target" // the target is fast-forwarded, or the command printed where that cannot be
)

// Config is the configuration in force.
type Config struct {
	Version int         `json:"version"`
	Agents  []job.Agent `json:"agents"` // by name; the built-in ones (claude, codex, copilot, gemini, opencode, qwen) are always there
	Roles   []Role      `json:"roles,omitempty"`
	SetUp   setup.Spec  `json:"setup"`
	Checks  Checks      `json:"checks"`
	Protect []string    `json:"protect,omitempty"` // globs added to the built-in list
	Budget  plan.Budget `json:"budget"`
	Land    Land        `json:"land"`
	Rounds  int         `json:"rounds"`  // rework rounds at most
	Default string      `json:"default"` // agent for tasks that name none
	Sandbox string      `json:"sandbox"` // one of Sandboxes
	Gateway string      `json:"gateway"` // auto, off

	Prices map[string]job.Price `json:"prices,omitempty"` // by model, before those of the table

	Egress []egress.Host `json:"egress,omitempty"` // hosts of the outside that a confined process may reach

	Resources resource.Limits `json:"resources"`

	// Tools of the repository that a person has approved, as they are at the
	// trusted base. No file says them.
	Tools []job.Tool `json:"tools,omitempty"`

	Origin []Origin `json:"-"`
}

// Role lists what an agent is used for, in the agent's order of preference.
type Role struct {
	Agent string   `json:"agent"`
	Roles []string `json:"roles"`
}

// Checks configures the gate.
type Checks struct {
	TimeMS     int64             `json:"time_ms"`      // for all checks of one change
	GoalTimeMS int64             `json:"goal_time_ms"` // for all checks of the whole run, before it reaches the target
	MaxLines   int               `json:"max_lines"`    // a larger change goes to a person; 0 means no limit
	MaxFiles   int               `json:"max_files"`
	Build      []plan.Command    `json:"build,omitempty"`    // instead of what is detected
	External   []evidence.Linter `json:"external,omitempty"` // outside tools whose findings are taken in
}

// Land configures landing.
type Land struct {
	Into      Into     `json:"into"`
	Protected []string `json:"protected,omitempty"` // branches never fast-forwarded by Muster, as globs
}

// Origin says where a value comes from.
type Origin struct {
	Key    string // dotted: budget.usd
	Value  string
	Source string // "default", ".muster/config.yaml:12", "flag --parallel"
}

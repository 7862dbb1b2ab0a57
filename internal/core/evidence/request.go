package evidence

import (
	"muster/internal/core/change"
	"muster/internal/core/plan"
	"muster/internal/core/setup"
)

// Subject says what sort of change is judged; it decides which checks apply.
type Subject string

// The sorts of change.
const (
	OfTask  Subject = "task"  // an agent's change, against the base it started from
	OfMerge Subject = "merge" // the same, on top of the run's head
	OfPush  Subject = "push"  // a person's commits on the run's branch
	OfGoal  Subject = "goal"  // the whole run, against where the target stood
	OfRange Subject = "range" // any two points of a repository, as "muster check" is given them
)

// Request asks for the evidence on one change. Everything that the result may
// depend on is in it; what controls the gate (Protect, limits, commands) was
// read from the trusted base.
type Request struct {
	Subject  Subject        `json:"subject"`
	Base     change.Point   `json:"base"`
	Head     change.Point   `json:"head"`
	Scope    []string       `json:"scope,omitempty"`  // globs; nil means everything
	Accept   []plan.Command `json:"accept,omitempty"` // acceptance commands
	Build    []plan.Command `json:"build,omitempty"`  // instead of what is detected
	Protect  []string       `json:"protect,omitempty"`
	MaxLines int            `json:"max_lines,omitempty"`
	MaxFiles int            `json:"max_files,omitempty"`
	TimeMS   int64          `json:"time_ms,omitempty"` // for all checks together; 0 means none
	Env      []string       `json:"env,omitempty"`     // for commands
	Task     string         `json:"task,omitempty"`    // what was asked for: title and prompt; empty when nobody asked
	Type     string         `json:"type,omitempty"`    // of the task, as plans spell it
	Claim    string         `json:"claim,omitempty"`   // what the author says of the change: an agent's report, commit messages with NUL between them
	Forbids  []string       `json:"forbids,omitempty"` // what decisions of the plan rule out: "import:redis"
	Linters  []Linter       `json:"linters,omitempty"` // outside tools whose findings are taken in
	Links    []Link         `json:"links,omitempty"`   // folders that Git does not track and tests need
	SetUp    setup.Spec     `json:"setup"`             // what trees hold beside what Git tracks, when code of the repository runs in them
	Sandbox  string         `json:"sandbox,omitempty"` // what commands are confined by, as the configuration says; empty is auto
	Known    []Known        `json:"known,omitempty"`   // tests that other changes have shown to be flaky
}

// Followed reports whether what the checks leave out for want of time is run
// all the same before anything reaches the target: the whole run is judged
// once more then.
func (s Subject) Followed() bool { return s == OfTask || s == OfMerge || s == OfPush }

// Link is a folder outside the repository's trees that tests find in them:
// installed dependencies. It is linked and not copied, so tests can write to
// it wherever the sandbox lets them.
type Link struct {
	From  string `json:"from"`            // absolute
	To    string `json:"to"`              // where it appears in a tree, slash separated: "web/node_modules"
	Stamp string `json:"stamp,omitempty"` // what tells one content from another, such as the hash of an installed lockfile
}

// Linter is an outside tool that prints findings.
type Linter struct {
	Name   string       `json:"name"`
	Run    plan.Command `json:"run"`
	Format string       `json:"format"`          // SARIF or ErrorFormat
	Lines  []string     `json:"lines,omitempty"` // patterns, with ErrorFormat
}

// The formats of a linter's findings.
const (
	SARIF       = "sarif"       // SARIF 2.1.0
	ErrorFormat = "errorformat" // lines, in the patterns that Vim's errorformat has
)

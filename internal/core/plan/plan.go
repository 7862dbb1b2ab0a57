// Package plan holds what a person wants done: a goal, the decisions taken
// for it, and a graph of tasks. It reads plan files, names everything that is
// wrong with one in a single pass, and answers questions about the graph.
package plan

// Version is the version of plan files that this program reads.
const Version = 1

// Command is an argv list, or a line for sh -c when Shell is set. In YAML it
// is a list or a string.
type Command struct {
	Argv  []string `json:"argv,omitempty"`
	Shell string   `json:"shell,omitempty"`
}

// String gives the command as a person would type it.
func (c Command) String() string {
	if c.Shell != "" {
		return c.Shell
	}
	return quoteArgv(c.Argv)
}

// Type is the sort of work a task is.
type Type string

// The types of task.
const (
	Feature  Type = "feature"
	Fix      Type = "fix"
	Refactor Type = "refactor"
	Test     Type = "test"
	Docs     Type = "docs"
	Perf     Type = "perf"
	Chore    Type = "chore"
	CI       Type = "ci"
)

// Budget bounds what a task or a run may consume. Zero means no bound.
type Budget struct {
	MicroUSD int64 `json:"micro_usd,omitempty"` // usd in YAML
	TimeMS   int64 `json:"time_ms,omitempty"`   // minutes in YAML, fractions allowed; of agent time
	Tokens   int64 `json:"tokens,omitempty"`    // input, output and cache writes together
	Turns    int64 `json:"turns,omitempty"`     // answers of models to agents, as agents tell of them
	Parallel int   `json:"parallel,omitempty"`  // runs only: agents at once
}

// Why says what a goal is worth.
type Why struct {
	Metric string `json:"metric,omitempty"`
	Expect string `json:"expect,omitempty"`
	Owner  string `json:"owner,omitempty"`
}

// Decision is a question that a person answered before code was written.
type Decision struct {
	ID       string   `json:"id"`
	Question string   `json:"question"`
	Options  []string `json:"options,omitempty"`
	Chosen   string   `json:"chosen,omitempty"`
	Because  string   `json:"because,omitempty"`
	Forbids  []string `json:"forbids,omitempty"`
}

// Task is one unit of work for one agent.
type Task struct {
	ID     string    `json:"id"` // lower-case letters, digits and '-', at most 40 characters, unique
	Type   Type      `json:"type"`
	Title  string    `json:"title"`
	Prompt string    `json:"prompt"`
	Scope  []string  `json:"scope"` // globs (doublestar) of the paths it may touch; never empty
	Needs  []string  `json:"needs,omitempty"`
	Accept []Command `json:"accept,omitempty"`
	Agent  string    `json:"agent,omitempty"` // name in the configuration; empty means the default agent
	Budget Budget    `json:"budget"`
	Line   int       `json:"-"` // where it stands in the file
}

// Plan is a goal, its decisions and a graph of tasks.
type Plan struct {
	Version   int        `json:"version"`
	Name      string     `json:"name"` // branch muster/<name>
	Goal      string     `json:"goal"`
	Target    string     `json:"target,omitempty"` // branch; empty means the one that is checked out
	Why       Why        `json:"why"`
	Accept    []Command  `json:"accept,omitempty"` // must pass on the final tree
	Decisions []Decision `json:"decisions,omitempty"`
	Tasks     []Task     `json:"tasks"`
	Budget    Budget     `json:"budget"` // of the run; what is zero comes from the configuration
}

// Task gives the task with the id, or false.
func (p *Plan) Task(id string) (Task, bool) {
	for _, t := range p.Tasks {
		if t.ID == id {
			return t, true
		}
	}
	return Task{}, false
}

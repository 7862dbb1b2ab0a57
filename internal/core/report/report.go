// Package report folds events into what people read: where a run stands, what
// each task is doing, what it cost, what needs a person. Every screen, command
// and export reads these folds, so they cannot disagree.
package report

import (
	"muster/internal/core/change"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/policy"
)

// State is what a person is told of a task.
type State string

// The states of a task.
const (
	Waiting  State = "waiting"  // for tasks it needs, or for a slot
	Blocked  State = "blocked"  // a task it needs did not land
	Working  State = "working"  // an agent runs
	Checking State = "checking" // captured, checked, judged
	Review   State = "review"   // a person decides
	Taken    State = "taken"    // a person works on it by hand
	Queued   State = "queued"   // waits to land, or is landing
	Landed   State = "landed"
	Rejected State = "rejected"
	Failed   State = "failed"  // something broke; a person retries
	Stopped  State = "stopped" // with the run; goes on with it
	Closed   State = "closed"  // the run was closed before it landed
)

// Run is where a run stands.
type Run struct {
	ID     string       `json:"id"`
	Name   string       `json:"name"`
	Goal   string       `json:"goal"`
	Branch string       `json:"branch,omitempty"` // full ref
	Target string       `json:"target,omitempty"` // full ref
	Base   change.Point `json:"base"`
	Head   change.Point `json:"head"`
	Stage  flow.Stage   `json:"stage"`
	Reason flow.Pause   `json:"reason,omitempty"` // with paused
	Why    string       `json:"why,omitempty"`
	Hint   string       `json:"hint,omitempty"` // what to do about Why
	Basis
	Limits   flow.Limits      `json:"limits"`
	Spent    job.Usage        `json:"spent"`
	AgentUS  int64            `json:"agent_us"` // agent time, summed
	BegunUS  int64            `json:"begun_us"`
	LastUS   int64            `json:"last_us"`            // latest event
	Tasks    []Task           `json:"tasks"`              // in the plan's order
	Verdict  *policy.Verdict  `json:"verdict,omitempty"`  // on the final tree, or on a push that waits
	Advanced *change.Advanced `json:"advanced,omitempty"` // what became of the target
	Pushes   []change.Point   `json:"pushes,omitempty"`   // people's commits that landed

	upkeep
}

// Basis is what a run goes by.
type Basis struct {
	Plan   string `json:"plan"`             // blob
	Config string `json:"config"`           // blob
	Record string `json:"record,omitempty"` // the folder that it is recorded into
	Replay string `json:"replay,omitempty"` // the folder whose recording answers in the models' place
}

// upkeep is what folding needs to know besides, so that an event costs the
// same in a large run as in a small one.
type upkeep struct {
	index         map[string]int // task by id
	needed        [][]int        // by task: the tasks that need it
	working       int            // tasks in state Working
	landed        int            // tasks in state Landed
	closing       bool           // StopRequested asked to close
	queueEvidence string         // latest in the queue
	pushed        bool           // the queue works on a person's push
	judging       string         // the command that judges the final tree
	push          *Judged        // the latest verdict on a push, until it lands
	turns         bool           // a task has a budget of turns
}

// Task is where a task stands.
type Task struct {
	ID       string          `json:"id"`
	Title    string          `json:"title,omitempty"`
	Agent    string          `json:"agent"`
	Model    string          `json:"model,omitempty"`
	Needs    []string        `json:"needs,omitempty"`
	State    State           `json:"state"`
	Phase    flow.Phase      `json:"phase,omitempty"` // finer than State; empty before it begins
	Why      string          `json:"why,omitempty"`
	Attempts []Attempt       `json:"attempts,omitempty"`
	Round    int             `json:"round"` // rework rounds used
	Spent    job.Usage       `json:"spent"`
	AgentUS  int64           `json:"agent_us"`
	BegunUS  int64           `json:"begun_us,omitempty"`
	SinceUS  int64           `json:"since_us,omitempty"` // when it entered its phase
	EndedUS  int64           `json:"ended_us,omitempty"` // when it landed
	Base     change.Point    `json:"base"`               // of the latest change
	Head     change.Point    `json:"head"`               // the latest change; the landed commit when it landed
	Verdict  *policy.Verdict `json:"verdict,omitempty"`  // the latest
	Evidence string          `json:"evidence,omitempty"` // blob of the latest
	Verdicts []Judged        `json:"verdicts,omitempty"` // all, in order
	Dropped  []string        `json:"dropped,omitempty"`  // commits the agent made itself
	Notes    []string        `json:"notes,omitempty"`
	Hand     Hand            `json:"hand,omitzero"` // what people did besides judging it

	taskUpkeep
}

// taskUpkeep is what folding needs to know of a task besides.
type taskUpkeep struct {
	failed  flow.CommandKind // the step that a retry repeats
	Dir     string           `json:"-"` // its worktree, while an agent works in it
	taking  bool             // a person takes it over as soon as its step ends
	counted bool             // Round holds a round that its verdict asked for and that may not come about
	idle    bool             // it was stopped, its run goes on again, and it waits for leave to run an agent
}

// Hand is what people did to a task besides judging it.
type Hand struct {
	Messages []Message `json:"messages,omitempty"`
	TakenBy  string    `json:"taken_by,omitempty"` // while a person works on it
	Branch   string    `json:"branch,omitempty"`   // where that person wanted it
	Dir      string    `json:"dir,omitempty"`
	Author   string    `json:"author,omitempty"` // who made the latest change, when no agent did: Name <address>
}

// Message is what a person said to an agent while it worked.
type Message struct {
	AtUS    int64  `json:"at_us"`
	By      string `json:"by"`
	Text    string `json:"text"`
	Attempt int    `json:"attempt,omitempty"` // that heard it; 0 while it waits for the end of the agent's attempt
}

// Attempt is one try of an agent.
type Attempt struct {
	Number  int          `json:"number"`
	Round   int          `json:"round"`
	BegunUS int64        `json:"begun_us"`
	EndedUS int64        `json:"ended_us,omitempty"` // 0 while it runs
	Outcome *job.Outcome `json:"outcome,omitempty"`  // nil while it runs
	Stdout  string       `json:"stdout,omitempty"`   // blob
	Stderr  string       `json:"stderr,omitempty"`   // blob

	PeakBytes int64 `json:"peak_bytes,omitempty"` // memory that its processes took; 0 when it was not measured
}

// Judged is a verdict and when it was given.
type Judged struct {
	AtUS     int64          `json:"at_us"`
	Where    string         `json:"where"` // task, merge, push, goal
	Verdict  policy.Verdict `json:"verdict"`
	Evidence string         `json:"evidence"`
}

// Ask is something that only a person can move on.
type Ask struct {
	Task    string `json:"task,omitempty"` // empty when it is about the run
	What    string `json:"what"`           // one line
	Command string `json:"command"`        // that answers it
}

// BoundsTurns reports whether the run, or a task of it, has a budget of turns.
func BoundsTurns(r *Run) bool { return r.Limits.Turns > 0 || r.turns }

// Task gives a task by id, or nil.
func (r *Run) Task(id string) *Task {
	if i, ok := r.index[id]; ok {
		return &r.Tasks[i]
	}
	return nil
}

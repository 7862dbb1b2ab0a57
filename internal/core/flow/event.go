package flow

import (
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/policy"
	"muster/internal/core/resource"
	"muster/internal/core/setup"
)

// Node is a task as the run sees it.
type Node struct {
	ID       string   `json:"id"`
	Title    string   `json:"title,omitempty"`
	Needs    []string `json:"needs,omitempty"`
	Agent    string   `json:"agent"`
	MicroUSD int64    `json:"micro_usd,omitempty"` // the task's budget; 0 means none
	TimeMS   int64    `json:"time_ms,omitempty"`   // agent time of the task; 0 means none
	Tokens   int64    `json:"tokens,omitempty"`
	Turns    int64    `json:"turns,omitempty"`
}

// Limits bound a run. Zero means no bound, except that Parallel is at least 1.
type Limits struct {
	Parallel int   `json:"parallel"`
	MicroUSD int64 `json:"micro_usd,omitempty"`
	TimeMS   int64 `json:"time_ms,omitempty"` // agent time, summed
	Tokens   int64 `json:"tokens,omitempty"`  // input, output and cache writes together
	Turns    int64 `json:"turns,omitempty"`   // as agents tell of them
	Rounds   int   `json:"rounds"`            // rework rounds of a task
}

// Feedback is what an agent is told beyond its task.
type Feedback struct {
	Reason FeedbackReason `json:"reason,omitempty"`
	Blob   string         `json:"blob,omitempty"`  // text, with FromChecks
	Text   string         `json:"text,omitempty"`  // what people say besides; all there is with FromPerson
	Paths  []string       `json:"paths,omitempty"` // with FromConflict and FromTakeover
}

// FeedbackReason says where feedback comes from.
type FeedbackReason string

// Where feedback comes from.
const (
	FromChecks      FeedbackReason = "checks"
	FromPerson      FeedbackReason = "person"
	FromConflict    FeedbackReason = "conflict"
	FromInterrupted FeedbackReason = "interrupted" // the former attempt was cut short; go on
	FromTakeover    FeedbackReason = "takeover"    // a person worked on the change by hand
)

// Return says why the queue gave a change back.
type Return string

// Why the queue gives a change back.
const (
	ForConflict Return = "conflict" // it does not merge
	ForVerdict  Return = "verdict"  // the merged tree fails the gate
	ForReview   Return = "review"   // the merged tree needs a person
	ForRecall   Return = "recalled" // its task took it back
)

// Pause says why a run starts nothing new.
type Pause string

// Why a run starts nothing new.
const (
	ForBudget   Pause = "budget"
	ForQuota    Pause = "quota"
	ForBranch   Pause = "branch" // the run's branch was moved in a way that Muster does not follow
	ForPush     Pause = "push"   // a person's commit on the branch does not pass
	ForFailure  Pause = "failure"
	ForStop     Pause = "stopped"
	ForSetUp    Pause = "setup" // a worktree could not be set up
	ForInternal Pause = "internal"
)

// Settled says what became of a task that has no more to do by itself.
type Settled string

// What can become of a task.
const (
	IsLanded   Settled = "landed"
	IsRejected Settled = "rejected" // by the gate or by a person
	IsFailed   Settled = "failed"   // something broke that a person must see to
	IsAsking   Settled = "asking"   // waits for a person's verdict
	IsHalted   Settled = "halted"   // stopped with the run; goes on with it
	IsTaken    Settled = "taken"    // a person works on it by hand
)

// The payloads.
type (
	// RunStarted makes a run.
	RunStarted struct {
		Inputs
		Goal   string `json:"goal"`
		Target string `json:"target"` // as the plan says; empty means the checked-out branch
		Into   string `json:"into"`   // config.Into
		Nodes  []Node `json:"nodes"`
		Limits Limits `json:"limits"`
		Accept bool   `json:"accept,omitempty"` // the goal has acceptance commands
	}
	// RunOpened answers OpenRun.
	RunOpened struct{ change.Opened }
	// SlotWanted asks the run for leave to run an agent.
	SlotWanted struct {
		Task string `json:"task"`
	}
	// SlotReleased says that the task's agent runs no more.
	SlotReleased struct {
		Task   string    `json:"task"`
		Usage  job.Usage `json:"usage"`
		TimeUS int64     `json:"time_us"`
	}
	// TaskSettled says that a task has no more to do by itself.
	TaskSettled struct {
		Task  string  `json:"task"`
		State Settled `json:"state"`
		Why   string  `json:"why,omitempty"`
	}
	// TaskRevived says that a settled task goes on.
	TaskRevived struct {
		Task string `json:"task"`
	}
	// PauseRequested asks the run to start nothing new.
	PauseRequested struct {
		Reason Pause  `json:"reason"`
		Why    string `json:"why"`
		Hint   string `json:"hint,omitempty"`
	}
	// StopRequested asks the run to stop its agents; Close ends it for good.
	StopRequested struct {
		Close bool `json:"close,omitempty"`
	}
	// ResumeRequested lets a paused or stopped run go on, with new limits where
	// they are not zero.
	ResumeRequested struct {
		MicroUSD int64 `json:"micro_usd,omitempty"`
		TimeMS   int64 `json:"time_ms,omitempty"`
		Tokens   int64 `json:"tokens,omitempty"`
		Turns    int64 `json:"turns,omitempty"`
		Parallel int   `json:"parallel,omitempty"`
	}
	// TargetAdvanced answers AdvanceTarget.
	TargetAdvanced struct{ change.Advanced }

	// TaskStarted makes a task. It includes leave to run an agent.
	TaskStarted struct {
		Inputs
		Node   Node `json:"node"`
		Rounds int  `json:"rounds"`
	}
	// SlotGranted gives a task leave to run an agent.
	SlotGranted struct{}
	// HaltRequested asks a task to stop its agent.
	HaltRequested struct{}
	// WorktreePrepared answers PrepareWorktree.
	WorktreePrepared struct {
		change.Worktree
		SetUp *setup.Outcome `json:"setup,omitempty"` // nil when nothing is set up
	}
	// SetUpFailed answers PrepareWorktree when the set-up commands fail.
	SetUpFailed struct{ setup.Failure }
	// SetUpStopped answers PrepareWorktree when the run was stopped before the
	// worktree was set up: the command under way was ended, or none was begun.
	// Both begin anew when the task goes on.
	SetUpStopped struct{}
	// RoomLacked answers PrepareWorktree when the machine has no room for
	// another agent now.
	RoomLacked struct {
		resource.Lack
		Reading resource.Reading `json:"reading"`
	}
	// RoomWanted tells the run that a task waits until the machine has room.
	RoomWanted struct {
		Task string        `json:"task"`
		Lack resource.Lack `json:"lack"`
	}
	// RoomMeasured answers AwaitRoom: there is room, or what is lacking still.
	RoomMeasured struct {
		Lack    resource.Lack    `json:"lack,omitzero"`
		Reading resource.Reading `json:"reading"`
	}
	// WorktreeReleased answers ReleaseWorktree.
	WorktreeReleased struct{}
	// AttemptEnded answers StartAttempt.
	AttemptEnded struct {
		Attempt int         `json:"attempt"`
		Outcome job.Outcome `json:"outcome"`
		TimeUS  int64       `json:"time_us"`
		Peak    int64       `json:"peak_bytes,omitempty"` // memory that its processes took together; 0 when it was not measured
		Stdout  string      `json:"stdout,omitempty"`     // blob
		Stderr  string      `json:"stderr,omitempty"`     // blob
		Prompt  string      `json:"prompt,omitempty"`     // sha256 of all that the agent was told; it is not kept
	}
	// AttemptStopped answers StopAttempt.
	AttemptStopped struct{}
	// ChangeCaptured answers CaptureChange.
	ChangeCaptured struct {
		Attempt int `json:"attempt"`
		change.Captured
	}
	// EvidenceRecorded answers RunChecks.
	EvidenceRecorded struct {
		Digest string       `json:"digest"` // blob
		Base   change.Point `json:"base"`
		Head   change.Point `json:"head"`
		Failed []string     `json:"failed,omitempty"`  // names of checks that failed
		NotRun []string     `json:"not_run,omitempty"` // names of checks that did not run, timed out or broke
		TimeUS int64        `json:"time_us"`

		Tried []evidence.Tried `json:"tried,omitempty"` // tests that ended both ways, or are known to; not what was kept from before
	}
	// VerdictGiven answers Judge. The verdict's Feedback is kept in a blob.
	VerdictGiven struct {
		Verdict  policy.Verdict `json:"verdict"`
		Feedback string         `json:"feedback,omitempty"` // blob
		Policy   string         `json:"policy,omitempty"`   // digest of the policy in force
	}
	// Approved is a person's yes to exactly one tree.
	Approved struct {
		Tree    string `json:"tree"`
		Because string `json:"because,omitempty"`
	}
	// Rejected is a person's no.
	Rejected struct {
		Because string `json:"because,omitempty"`
	}
	// RetryRequested starts a settled task again. Text goes to the agent.
	RetryRequested struct {
		Text     string `json:"text,omitempty"`
		Fresh    bool   `json:"fresh,omitempty"`     // a new session, from the run's head
		MicroUSD int64  `json:"micro_usd,omitempty"` // new limits of the task where not zero
		TimeMS   int64  `json:"time_ms,omitempty"`
		Tokens   int64  `json:"tokens,omitempty"`
		Turns    int64  `json:"turns,omitempty"`
	}
	// WaitOver answers Wait.
	WaitOver struct{}
	// CommandFailed answers any command that could not be carried out, after
	// the engine's own retries.
	CommandFailed struct {
		Command CommandKind `json:"command"`
		Fault   fault.Kind  `json:"fault"`
		Message string      `json:"message"`
		Hint    string      `json:"hint,omitempty"`
	}

	// QueueStarted makes a merge queue.
	QueueStarted struct{ Inputs }
	// ChangeQueued asks the queue to land a change.
	ChangeQueued struct {
		Item Item `json:"item"`
	}
	// ChangeWithdrawn takes a change out of the queue. Unless it is landing
	// already, it comes back as returned.
	ChangeWithdrawn struct {
		Task string `json:"task"`
	}
	// SyncRequested asks the queue to take in what people pushed.
	SyncRequested struct{}
	// Synced answers SyncRequested.
	Synced struct{}
	// QueueResumed lets a held queue try again.
	QueueResumed struct{}
	// ChangeMerged answers MergeChange.
	ChangeMerged struct{ change.Merged }
	// HeadMoved answers LandChange.
	HeadMoved struct {
		change.Landed
		Landing change.Landing `json:"landing"`
	}
	// ChangeLanded tells a task that its change landed.
	ChangeLanded struct {
		Head change.Point `json:"head"`
	}
	// ChangeReturned gives a change back to its task.
	ChangeReturned struct {
		Reason   Return         `json:"reason"`
		Base     change.Point   `json:"base"` // the run's head
		Tree     string         `json:"tree"` // the merged content, with markers where it conflicts
		Head     change.Point   `json:"head"` // with ForReview: the merged commit
		Paths    []string       `json:"paths,omitempty"`
		Verdict  policy.Verdict `json:"verdict"`
		Feedback string         `json:"feedback,omitempty"` // blob
	}
	// QueueClosed ends a queue.
	QueueClosed struct{}
	// TaskClosed ends a task that has not landed.
	TaskClosed struct{}

	// TestsTried says how often tests were red in a judgement.
	TestsTried struct {
		Where Stream           `json:"where"` // in whose name was judged
		Tried []evidence.Tried `json:"tried"`
	}
)

// Item is a change that waits to land.
type Item struct {
	Task     string       `json:"task"`
	Attempt  int          `json:"attempt"`
	Agent    string       `json:"agent"`
	Model    string       `json:"model,omitempty"`
	Base     change.Point `json:"base"`
	Head     change.Point `json:"head"`
	Accepted []string     `json:"accepted,omitempty"` // findings that a person accepted
	Claim    string       `json:"claim,omitempty"`    // what the agent said at the end
	Person   string       `json:"person,omitempty"`   // who made it, when no agent did: Name <address>
	With     string       `json:"with,omitempty"`     // who else made part of it
}

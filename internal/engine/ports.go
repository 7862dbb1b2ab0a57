package engine

import (
	"context"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/resource"
	"muster/internal/core/setup"
)

// Log keeps what was decided. Only one engine writes to it.
type Log interface {
	// Commit writes the batch durably and whole, or not at all.
	Commit(ctx context.Context, b flow.Batch) error
	// Machine gives a machine's latest state and its stream's first record;
	// false when there is none.
	Machine(ctx context.Context, s flow.Stream) (flow.Machine, flow.Record, bool, error)
	// OpenCommands gives every command that was not answered.
	OpenCommands(ctx context.Context) ([]flow.Open, error)
	// Send adds to the inbox, once for each message id.
	Send(ctx context.Context, m flow.Message) error
	// Inbox gives the oldest messages not consumed yet.
	Inbox(ctx context.Context, limit int) ([]flow.Message, error)
}

// Blobs keeps bytes under their sha256.
type Blobs interface {
	PutBlob(ctx context.Context, data []byte) (sha string, err error)
	Blob(ctx context.Context, sha string) ([]byte, error)
}

// Repo is the user's repository. Every method may be repeated with the same
// arguments after a crash and then has the same result.
type Repo interface {
	OpenRun(ctx context.Context, run, name, target string) (change.Opened, error)
	Head(ctx context.Context, run string) (change.Point, error)
	Merge(ctx context.Context, r change.MergeRequest) (change.Merged, error)
	Land(ctx context.Context, l change.Landing) (change.Landed, error)
	// Advance fast-forwards the target to what was judged where that can be;
	// branches for which protected holds are never moved.
	Advance(ctx context.Context, r change.AdvanceRequest, protected func(branch string) bool) (change.Advanced, error)
}

// Worktrees is where agents work.
type Worktrees interface {
	// Worktree gives a worktree that is laid out and set up. When the set-up
	// commands fail, there is a failure and no error.
	Worktree(ctx context.Context, r change.WorktreeRequest, s setup.Spec) (change.Worktree, setup.Result, error)
	Capture(ctx context.Context, r change.CaptureRequest) (change.Captured, error)
	Release(ctx context.Context, owner string) error
}

// Operations runs paid processes, each at most once.
type Operations interface {
	// Ensure starts the operation unless it was started before, by anybody.
	Ensure(ctx context.Context, s job.Spec) error
	// Wait returns when no process of the operation lives any more.
	Wait(ctx context.Context, id string) (job.Exit, error)
	// Stop asks the operation to end; it may already have.
	Stop(ctx context.Context, id string) error
}

// Agents knows how agents are started and what their output means.
type Agents interface {
	Spec(ctx context.Context, a job.Attempt) (job.Spec, error)
	// Turns looks at the turns of an operation that was ensured, until it has
	// ended, or until full, which is told how many have begun and how many of
	// them are over, says so. Nothing is said of an agent that does not tell.
	Turns(ctx context.Context, a job.Attempt, full func(begun, ended int64) bool) error
	// Outcome reads what an ended operation left: what it came to, and its
	// output and error streams as far as they were kept.
	Outcome(ctx context.Context, a job.Attempt, exit job.Exit) (o job.Outcome, stdout, stderr []byte, err error)
}

// Checks gathers evidence.
type Checks interface {
	Judge(ctx context.Context, r evidence.Request) (evidence.Evidence, error)
}

// Machine says what there is room for on the machine that agents run on.
type Machine interface {
	// Free reads what is free now. It is cheap.
	Free() resource.Reading
	// Need gives what an agent of the configuration was measured to need.
	Need(ctx context.Context, agent string) resource.Agent
	// Running gives the agents that run. What they use now is read only when it
	// is wanted, since that takes a while.
	Running(how Care) []resource.Agent
}

// Care says how much is read of agents that run.
type Care string

// How much is read.
const (
	Roughly Care = "roughly" // what they need; what they use is 0
	Exactly Care = "exactly"
)

// Clock tells the time and wakes.
type Clock interface {
	NowUS() int64
	// After is closed or sent to when the moment has come.
	After(us int64) <-chan struct{}
}

// IDs makes UUIDv7 ids.
type IDs interface{ NewID() string }

// Ports is the world as an engine sees it.
type Ports struct {
	Log        Log
	Blobs      Blobs
	Repo       Repo
	Worktrees  Worktrees
	Operations Operations
	Agents     Agents
	Checks     Checks
	Machine    Machine // nil has room for any number of agents
	Clock      Clock
	IDs        IDs
}

package flow

import (
	"encoding/json"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// CommandKind names a command.
type CommandKind string

// Order is what a command carries. Every order type names its own kind.
type Order interface{ Command() CommandKind }

// Command is something a machine wants done. Exactly one of Order and Message
// is set.
type Command struct {
	Op      string // with Order: unique within the stream; the answer carries it
	DueUS   int64  // with Order: not before this moment; 0 means at once
	Order   Order
	To      Stream  // with Message
	Message Payload // an event for another machine; a *Started payload makes it
}

// Inputs names the blobs that say what a run is: its plan and its
// configuration, fixed when it starts.
type Inputs struct {
	Run    string `json:"run"`
	Name   string `json:"name"`
	Plan   string `json:"plan"`   // sha256 of the plan as JSON
	Config string `json:"config"` // sha256 of the configuration as JSON

	// The folder of a recording, absolute; at most one of them is set.
	Record string `json:"record,omitempty"` // what agents and models say goes there
	Replay string `json:"replay,omitempty"` // models answer from there
}

// The orders. Each is carried out by the engine's file of the same name.
type (
	// OpenRun resolves the target and makes the run's branch.
	OpenRun struct {
		Inputs
		Target string `json:"target"`
	}
	// PrepareWorktree gets the task a worktree.
	PrepareWorktree struct {
		Inputs
		Task string       `json:"task"`
		Base change.Point `json:"base"` // zero: the run's head
		Tree string       `json:"tree,omitempty"`
		Keep bool         `json:"keep,omitempty"`
	}
	// ReleaseWorktree gives the worktree back.
	ReleaseWorktree struct {
		Inputs
		Task string `json:"task"`
	}
	// StartAttempt runs an agent to its end.
	StartAttempt struct {
		Inputs
		Task     string    `json:"task"`
		Attempt  int       `json:"attempt"`
		Round    int       `json:"round"`
		Agent    string    `json:"agent"`
		Session  string    `json:"session,omitempty"`
		Feedback Feedback  `json:"feedback"`
		Dir      string    `json:"dir"`
		LimitMS  int64     `json:"limit_ms,omitempty"`
		Previous job.Usage `json:"previous"`
	}
	// StopAttempt asks a running attempt to end.
	StopAttempt struct {
		Inputs
		Task    string `json:"task"`
		Attempt int    `json:"attempt"`
	}
	// CaptureChange turns the worktree's content into a commit.
	CaptureChange struct {
		Inputs
		Task    string       `json:"task"`
		Attempt int          `json:"attempt"`
		Agent   string       `json:"agent"`
		Model   string       `json:"model,omitempty"`
		Base    change.Point `json:"base"`
		With    string       `json:"with,omitempty"` // who else made part of it
	}
	// RunChecks gathers the evidence on a change.
	RunChecks struct {
		Inputs
		Subject evidence.Subject `json:"subject"`
		Task    string           `json:"task,omitempty"`
		Base    change.Point     `json:"base"`
		Head    change.Point     `json:"head"`            // zero with OfGoal: the run's head
		Claim   string           `json:"claim,omitempty"` // what the agent said at the end
	}
	// Judge computes the verdict from recorded evidence.
	Judge struct {
		Inputs
		Subject  evidence.Subject `json:"subject"`
		Evidence string           `json:"evidence"`
		Accepted []string         `json:"accepted,omitempty"`
	}
	// MergeChange puts a change on top of the run's head. Without Head it only
	// looks at the run's branch.
	MergeChange struct {
		Inputs
		Task    string       `json:"task,omitempty"`
		Attempt int          `json:"attempt,omitempty"`
		Agent   string       `json:"agent,omitempty"`
		Model   string       `json:"model,omitempty"`
		Base    change.Point `json:"base"`
		Head    change.Point `json:"head"`
		Person  string       `json:"person,omitempty"` // who made it, when no agent did
		With    string       `json:"with,omitempty"`   // who else made part of it
	}
	// LandChange moves the run's head.
	LandChange struct {
		Inputs
		Landing change.Landing `json:"landing"`
	}
	// AdvanceTarget fast-forwards the target to the judged head.
	AdvanceTarget struct {
		Inputs
		Target string       `json:"target"`
		To     change.Point `json:"to"`
	}
	// AwaitRoom is answered when the machine has room for another agent, and
	// from time to time while it has not.
	AwaitRoom struct {
		Inputs
		Agent string `json:"agent"`
	}
	// Wait is answered when its DueUS has come.
	Wait struct {
		Inputs
	}
)

// The kinds of command.
const (
	CmdOpenRun         CommandKind = "open_run"
	CmdPrepareWorktree CommandKind = "prepare_worktree"
	CmdReleaseWorktree CommandKind = "release_worktree"
	CmdStartAttempt    CommandKind = "start_attempt"
	CmdStopAttempt     CommandKind = "stop_attempt"
	CmdCaptureChange   CommandKind = "capture_change"
	CmdRunChecks       CommandKind = "run_checks"
	CmdJudge           CommandKind = "judge"
	CmdMergeChange     CommandKind = "merge_change"
	CmdLandChange      CommandKind = "land_change"
	CmdAdvanceTarget   CommandKind = "advance_target"
	CmdAwaitRoom       CommandKind = "await_room"
	CmdWait            CommandKind = "wait"
)

// Command names the kind.
func (OpenRun) Command() CommandKind { return CmdOpenRun }

// Command names the kind.
func (PrepareWorktree) Command() CommandKind { return CmdPrepareWorktree }

// Command names the kind.
func (ReleaseWorktree) Command() CommandKind { return CmdReleaseWorktree }

// Command names the kind.
func (StartAttempt) Command() CommandKind { return CmdStartAttempt }

// Command names the kind.
func (StopAttempt) Command() CommandKind { return CmdStopAttempt }

// Command names the kind.
func (CaptureChange) Command() CommandKind { return CmdCaptureChange }

// Command names the kind.
func (RunChecks) Command() CommandKind { return CmdRunChecks }

// Command names the kind.
func (Judge) Command() CommandKind { return CmdJudge }

// Command names the kind.
func (MergeChange) Command() CommandKind { return CmdMergeChange }

// Command names the kind.
func (LandChange) Command() CommandKind { return CmdLandChange }

// Command names the kind.
func (AdvanceTarget) Command() CommandKind { return CmdAdvanceTarget }

// Command names the kind.
func (AwaitRoom) Command() CommandKind { return CmdAwaitRoom }

// Command names the kind.
func (Wait) Command() CommandKind { return CmdWait }

// DecodeOrder reads an order back from the ledger.
func DecodeOrder(k CommandKind, data []byte) (Order, error) {
	switch k {
	case CmdOpenRun:
		return decode[OpenRun](data)
	case CmdPrepareWorktree:
		return decode[PrepareWorktree](data)
	case CmdReleaseWorktree:
		return decode[ReleaseWorktree](data)
	case CmdStartAttempt:
		return decode[StartAttempt](data)
	case CmdStopAttempt:
		return decode[StopAttempt](data)
	case CmdCaptureChange:
		return decode[CaptureChange](data)
	case CmdRunChecks:
		return decode[RunChecks](data)
	case CmdJudge:
		return decode[Judge](data)
	case CmdMergeChange:
		return decode[MergeChange](data)
	case CmdLandChange:
		return decode[LandChange](data)
	case CmdAdvanceTarget:
		return decode[AdvanceTarget](data)
	case CmdAwaitRoom:
		return decode[AwaitRoom](data)
	case CmdWait:
		return decode[Wait](data)
	}
	return nil, fault.New(fault.Invalid, "unknown command %q in the ledger: it was written by a newer version", k)
}

func decode[T any](data []byte) (T, error) {
	var v T
	err := json.Unmarshal(data, &v)
	return v, fault.Wrap(fault.Invalid, err, "read %T from the ledger", v)
}

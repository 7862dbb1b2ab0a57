// Package job holds the plain data that describe processes: the operations
// that run agents, and the commands that checks execute.
//
// An operation is a paid process (an agent's attempt). It lives in a folder
// of its own, is started at most once, and leaves one exit record. A command
// is a process whose repetition costs nothing (a build, a test run); it has
// no folder and no record.
package job

// SpecVersion is the version of Spec that this program writes; it reads all
// versions up to it.
const SpecVersion = 3

// Spec says how an operation is to be started. It is written once, as
// spec.json, before the operation starts, and never changed.
type Spec struct {
	Version   int      `json:"version"`
	ID        string   `json:"id"`              // folder name below ops/: letters, digits, '.', '_', '-'
	Argv      []string `json:"argv"`            // program and arguments; never a shell line
	Dir       string   `json:"dir"`             // absolute working directory
	Env       []string `json:"env"`             // the whole environment; nothing is inherited
	Stdin     string   `json:"stdin,omitempty"` // text for standard input
	LimitMS   int64    `json:"limit_ms"`        // wall-clock limit; 0 means none
	GraceMS   int64    `json:"grace_ms"`        // between SIGTERM and SIGKILL
	OutputCap int64    `json:"output_cap"`      // bytes kept per stream; the rest is counted and dropped

	// Since version 2.
	Confine    *Confinement `json:"confine,omitempty"`     // what it may touch; nil means LevelOff
	Door       *Door        `json:"door,omitempty"`        // nil means that nothing listens at DoorAddress
	DoorKeeper []string     `json:"door_keeper,omitempty"` // argv that makes sure that somebody serves the door; run when nobody does; empty means none

	// Since version 3.
	Logins []Login `json:"logins,omitempty"` // of the person's own, of which it works with copies
}

// Login is a login of the person's own that an operation works with a copy of.
// The copy is made when the operation starts. What its program renews in it
// reaches the person's file, and what is renewed there reaches the copy, as
// long as the operation lives. All paths but Copy are absolute.
type Login struct {
	Program string `json:"program"` // whose file it is, as in core/account
	File    string `json:"file"`    // the person's own
	Root    string `json:"root"`    // a folder that the operation writes
	Copy    string `json:"copy"`    // the copy, below Root
	Locks   string `json:"locks"`   // folder for locks and records of all logins
}

// ExitState says how an operation ended.
type ExitState string

// How an operation can end.
const (
	Exited     ExitState = "exited"      // by itself; Code holds
	Signaled   ExitState = "signaled"    // by a signal that Muster did not send
	TimedOut   ExitState = "timed_out"   // Muster ended it at its limit
	Stopped    ExitState = "stopped"     // Muster ended it because it was asked to
	Lost       ExitState = "lost"        // its shim died; what it did is unknown
	NotStarted ExitState = "not_started" // the program could not be executed; Error says why
)

// Exit is the record of an ended operation. It exists only when no descendant
// of the operation lives any more.
type Exit struct {
	Version     int       `json:"version"`
	State       ExitState `json:"state"`
	Code        int       `json:"code"`             // with Exited
	Signal      string    `json:"signal,omitempty"` // with Signaled
	StartedUS   int64     `json:"started_us"`       // microseconds since 1970; 0 when it never started
	EndedUS     int64     `json:"ended_us"`
	StdoutBytes int64     `json:"stdout_bytes"` // produced, of which at most OutputCap were kept
	StderrBytes int64     `json:"stderr_bytes"`
	Capped      bool      `json:"capped,omitempty"`     // some output was dropped
	Survivors   int       `json:"survivors,omitempty"`  // descendants killed after the main process had ended
	PeakBytes   int64     `json:"peak_bytes,omitempty"` // memory: the most that was seen of all its processes together, or of one; 0 when it was not measured
	Error       string    `json:"error,omitempty"`      // with NotStarted
}

// OpState is what is known of an operation now, derived from its lock and its
// exit record, never from a process id.
type OpState string

// The states of an operation.
const (
	OpAbsent  OpState = "absent"  // never ensured
	OpRunning OpState = "running" // its shim holds the lock
	OpDead    OpState = "dead"    // started, no shim, no exit record: the next Ensure records it as lost
	OpEnded   OpState = "ended"   // has an exit record
)

// Signs are what can be seen of an operation from outside, without asking it.
// Moments are microseconds since 1970; 0 means never, or not known.
type Signs struct {
	State      OpState
	Exit       Exit  // with OpEnded
	BegunUS    int64 // when its shim began
	OutputUS   int64 // when it last wrote to one of its streams
	ComputedUS int64 // when its processes were last seen to compute
}

// Command is a process to run for a check or a set-up step. Exactly one of
// Argv and Shell is set.
type Command struct {
	Argv      []string
	Shell     string   // run by sh -c; only ever a line that a person wrote in a trusted file
	Dir       string   // absolute working directory
	Env       []string // added to the executor's small base environment; later entries win
	Stdin     string
	LimitMS   int64 // wall-clock limit; 0 means none
	OutputCap int64 // bytes kept of each stream: the first and the last half; 0 means 1 MiB

	// What the executor is asked for where Confine is nil and it can decide itself.
	Sandbox string   // a word of the configuration: "auto", or a level; empty is auto
	Egress  []string // hosts that it may reach through its door, as the configuration writes them
	Reads   []string // absolute; read beside what every command reads
	Change  string   // names the change whose code may run; empty: only code that is built on runs
	Shares  []string // below the person's checkout, slash separated: may be written as well, because the configuration says so

	Confine    *Confinement // as in Spec
	Door       *Door        // as in Spec
	DoorKeeper []string     // as in Spec
}

// Output is what a command left.
type Output struct {
	Code       int    // exit code; -1 when it did not exit by itself
	TimedOut   bool   // ended at its limit
	Signal     string // ended by this signal, not sent by Muster
	Stdout     string // valid UTF-8; invalid bytes are replaced
	Stderr     string
	Capped     bool // some output was dropped
	DurationMS int64
	Sandbox    string // level in force, one of Levels
}

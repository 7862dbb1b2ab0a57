// Package flow decides how a run goes. It is pure: no disk, network, clock,
// chance or goroutine. Time, ids and results arrive in events.
//
// The vocabulary:
//
//   - A machine is the state of one run, one task or one merge queue, or what
//     is remembered of tests. Each has a stream of events of its own. Run starts tasks and bounds what they
//     consume; Task takes one task through attempts, checks and verdicts to
//     the queue; Queue lands changes one at a time.
//   - An event is something that happened to a machine: a command's answer, a
//     message from another machine, or a person's wish.
//   - A command is something a machine wants done. Most are answered, exactly
//     once, by an event that names the command's Op. Send and Spawn talk to
//     other machines and are not answered.
//   - Step takes an event and gives the next state and the commands. The same
//     state and event always give the same result. A driver records the event,
//     the new state and the commands in one transaction, and only then carries
//     the commands out. After a crash it carries out again what was recorded
//     and not answered; every command may therefore happen twice, and each is
//     written so that this does no harm.
//
// A machine ignores what does not fit its state: an answer to a command that
// it no longer waits for, a doubled message, an approval of a tree that has
// changed meanwhile. Flow never evaluates policy: a command does, and its
// verdict comes back as an event.
package flow

import (
	"encoding/json"
	"fmt"

	"muster/internal/core/fault"
)

// Begins reports whether an event makes the machine that it is sent to, when
// there is none. Only what is remembered of tests needs no other beginning.
func Begins(p Payload, exists bool) bool {
	switch p.(type) {
	case RunStarted, TaskStarted, QueueStarted:
		return true
	case TestsTried:
		return !exists
	}
	return false
}

// Kind names an event.
type Kind string

// Payload is what an event carries. Every payload type names its own kind.
type Payload interface{ Kind() Kind }

// Event is something that happened to a machine.
type Event struct {
	ID    string // UUIDv7
	AtUS  int64  // microseconds since 1970
	Actor string
	Op    string // the command it answers; empty for messages
	Data  Payload
}

// State is the state of a machine: one of Run, Task, Queue and Tests.
type State interface {
	// Step gives the next state and what is to be done. It never changes the
	// receiver.
	Step(Event) (State, []Command)
	// Done reports whether the machine will never step again.
	Done() bool
}

// Start makes the machine of a stream from its first event.
func Start(s Stream, first Event) (State, []Command, error) {
	switch d := first.Data.(type) {
	case RunStarted:
		m, cmds := startRun(d)
		return m, cmds, nil
	case TaskStarted:
		m, cmds := startTask(d)
		return m, cmds, nil
	case QueueStarted:
		return Queue{begun: d}, nil, nil
	case TestsTried:
		m, _ := Tests{}.Step(first)
		return m, nil, nil
	}
	return nil, nil, fault.New(fault.Invalid, "stream %s cannot begin with %s", s, first.Data.Kind())
}

// Load makes the machine of a stream from its first event, which holds what
// never changes, and its latest snapshot, which holds the rest.
func Load(s Stream, first Event, snapshot []byte) (State, error) {
	var err error
	switch d := first.Data.(type) {
	case RunStarted:
		m := Run{begun: d, graph: newGraph(d.Nodes)}
		err = json.Unmarshal(snapshot, &m)
		return m, fault.Wrap(fault.Internal, err, "read the snapshot of %s", s)
	case TaskStarted:
		m := Task{begun: d}
		err = json.Unmarshal(snapshot, &m)
		return m, fault.Wrap(fault.Internal, err, "read the snapshot of %s", s)
	case QueueStarted:
		m := Queue{begun: d}
		err = json.Unmarshal(snapshot, &m)
		return m, fault.Wrap(fault.Internal, err, "read the snapshot of %s", s)
	case TestsTried:
		m := Tests{}
		err = json.Unmarshal(snapshot, &m)
		return m, fault.Wrap(fault.Internal, err, "read the snapshot of %s", s)
	}
	return nil, fault.New(fault.Invalid, "stream %s cannot begin with %s", s, first.Data.Kind())
}

// op names the n-th command of a machine.
func op(n int, k CommandKind) string { return fmt.Sprintf("%d.%s", n, k) }

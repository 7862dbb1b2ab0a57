// Package engine drives runs: it records an event, steps the machine, carries
// out the commands and feeds their results back.
//
// An engine hosts the machines of core/flow. What is outside of this package
// knows an engine only by the interface Engine, so that another one, on many
// hosts, can take the place of the one here; the stories in enginetest are
// what every engine must pass. Hands carries out commands and is shared by all
// engines; it reaches the world only through the ports in ports.go.
package engine

import (
	"context"

	"muster/internal/core/flow"
)

// Engine drives runs.
type Engine interface {
	// Send leaves a message for a machine. It is durable when Send returns; a
	// message with an id that was sent before changes nothing. Any process may
	// send, also while another one drives.
	Send(ctx context.Context, m flow.Message) error
	// Drive carries all open runs on until nothing is left to do without a
	// person, and returns nil, or until ctx ends. Agents that run when ctx ends
	// go on, and the next Drive adopts them. An error means that the ledger
	// could not be written or read; nothing was begun that it does not hold.
	Drive(ctx context.Context) error
}

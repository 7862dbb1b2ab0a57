// Package flow decides how a run goes.
package flow

// Kind names an event.
type Kind string

// CommandKind names a command.
type CommandKind string

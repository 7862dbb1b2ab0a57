//go:build !linux

package sandbox

import (
	"context"
	"io"
	"time"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// Operations starts operations; only on Linux.
type Operations struct{}

// Executor runs commands; only on Linux.
type Executor struct{}

func unsupported() error {
	return fault.New(fault.Refused, "starting processes is supported on Linux only").
		WithHint("run Muster on Linux, in a virtual machine or a container")
}

// NewOperations gives operations that refuse everything.
func NewOperations(string, []string) *Operations { return &Operations{} }

// NewExecutor gives an executor that refuses everything.
func NewExecutor(_, _ []string) *Executor { return &Executor{} }

// Resident knows nothing.
func Resident(string, []string) map[string]int64 { return nil }

// Shim refuses.
func Shim(string) int { return 1 }

// ShimWith refuses.
func ShimWith(string, Probe) int { return 1 }

// Ensure refuses.
func (*Operations) Ensure(context.Context, job.Spec) error { return unsupported() }

// Wait refuses.
func (*Operations) Wait(context.Context, string) (job.Exit, error) { return job.Exit{}, unsupported() }

// State refuses.
func (*Operations) State(string) (job.OpState, error) { return "", unsupported() }

// Exit refuses.
func (*Operations) Exit(string) (job.Exit, bool, error) { return job.Exit{}, false, unsupported() }

// List refuses.
func (*Operations) List() ([]string, error) { return nil, unsupported() }

// Stop refuses.
func (*Operations) Stop(context.Context, string) error { return unsupported() }

// Stdout refuses.
func (*Operations) Stdout(string) (io.ReadCloser, error) { return nil, unsupported() }

// Stderr refuses.
func (*Operations) Stderr(string) (io.ReadCloser, error) { return nil, unsupported() }

// Follow refuses.
func (*Operations) Follow(context.Context, string) (io.ReadCloser, error) {
	return nil, unsupported()
}

// Signs refuses.
func (*Operations) Signs(string) (job.Signs, error) { return job.Signs{}, unsupported() }

// Computing says no.
func (*Operations) Computing(context.Context, string, time.Duration) bool { return false }

// Tail refuses.
func (*Operations) Tail(string, int64) ([]byte, error) { return nil, unsupported() }

// Remove refuses.
func (*Operations) Remove(string) error { return unsupported() }

// Try refuses.
func (*Executor) Try(context.Context, job.Confinement) error { return unsupported() }

// Choose refuses.
func (*Executor) Choose(context.Context, string) (*job.Confinement, string, error) {
	return nil, "", unsupported()
}

// Prove refuses.
func (*Executor) Prove(context.Context, *job.Confinement, string, string) ([]Attempt, error) {
	return nil, unsupported()
}

// Run refuses.
func (*Executor) Run(context.Context, job.Command) (job.Output, error) {
	return job.Output{}, unsupported()
}

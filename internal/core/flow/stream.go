package flow

import "strings"

// Stream names a chain of events, one for each machine: run/<run>,
// task/<run>/<task>, queue/<run>, tests. The ledger seals the heads of the others in
// the stream "ledger".
type Stream string

// LedgerStream holds the seals.
const LedgerStream Stream = "ledger"

// TestsStream holds what is remembered of tests, of all runs.
const TestsStream Stream = "tests"

// RunStream is the stream of a run's own machine.
func RunStream(run string) Stream { return Stream("run/" + run) }

// TaskStream is the stream of one task of a run.
func TaskStream(run, task string) Stream { return Stream("task/" + run + "/" + task) }

// QueueStream is the stream of a run's merge queue.
func QueueStream(run string) Stream { return Stream("queue/" + run) }

// Run gives the id of the run a stream belongs to, or "".
func (s Stream) Run() string {
	_, rest, _ := strings.Cut(string(s), "/")
	run, _, _ := strings.Cut(rest, "/")
	return run
}

// Task gives the id of the task a stream belongs to, or "".
func (s Stream) Task() string {
	rest, ok := strings.CutPrefix(string(s), "task/")
	if !ok {
		return ""
	}
	_, task, _ := strings.Cut(rest, "/")
	return task
}

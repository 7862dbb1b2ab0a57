package report

import (
	"muster/internal/core/flow"
	"muster/internal/core/resource"
)

// lacks notes what keeps agents from starting. A run that is paused says why in
// its own words.
func lacks(r *Run, l resource.Lack) {
	if r.Stage == flow.Running {
		r.Why = l.Why
	}
}

// waiting says whether a task that has not begun can still begin by itself.
func (r *Run) waiting(t *Task) (State, string) {
	for _, n := range t.Needs {
		need := r.Task(n)
		if need == nil {
			continue
		}
		switch need.State {
		case Rejected, Failed, Blocked:
			return Blocked, "needs " + n + ", which is " + string(need.State)
		case Waiting, Working, Checking, Review, Queued, Landed, Stopped, Taken, Closed:
		}
	}
	return Waiting, ""
}

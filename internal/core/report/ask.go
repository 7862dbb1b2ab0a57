package report

import (
	"fmt"

	"muster/internal/core/flow"
	"muster/internal/core/job"
)

// End says how a run stands, as an exit code does.
type End string

// How a run can stand when nothing more happens by itself.
const (
	EndDone     End = "done"     // landed, the final tree proved
	EndGoing    End = "going"    // it goes on by itself while an engine drives it
	EndAsking   End = "asking"   // needs a person
	EndRejected End = "rejected" // some task was rejected, and nothing waits for a person
	EndBudget   End = "budget"   // paused for budget or quota
	EndStopped  End = "stopped"
	EndFailed   End = "failed" // it could not begin
)

// Asks lists what only a person can move on, the run's own first.
func (r *Run) Asks() []Ask {
	var out []Ask
	switch r.Stage {
	case flow.Paused:
		ask := Ask{What: r.Why, Command: "muster resume " + r.Name}
		switch r.Reason {
		case flow.ForBudget:
			ask.Command = "muster resume " + r.Name + " --usd N --minutes N --tokens N --turns N"
		case flow.ForPush:
			ask.Command = "muster approve " + r.Name
		case flow.ForBranch:
			ask.Command = r.Hint + " && muster resume " + r.Name
		case flow.ForQuota, flow.ForFailure, flow.ForStop, flow.ForInternal, flow.ForSetUp:
		}
		out = append(out, ask)
	case flow.Doubting:
		out = append(out, Ask{What: "the final tree did not pass: " + r.Why, Command: "muster approve " + r.Name})
	case flow.Opening, flow.Running, flow.Syncing, flow.Proving, flow.Advancing, flow.Finished, flow.Abandoned:
	}
	for _, t := range r.Tasks {
		switch t.State {
		case Review:
			out = append(out, Ask{Task: t.ID, What: t.Why, Command: fmt.Sprintf("muster show %s, then muster approve %s or muster reject %s", t.ID, t.ID, t.ID)})
		case Failed:
			out = append(out, Ask{Task: t.ID, What: t.failure(), Command: "muster retry " + t.ID})
		case Rejected:
			if !r.ended() {
				out = append(out, Ask{Task: t.ID, What: t.Why, Command: fmt.Sprintf("muster retry %s -m \"what to do differently\"", t.ID)})
			}
		case Taken:
			if !r.ended() {
				out = append(out, Ask{Task: t.ID, What: t.Why, Command: fmt.Sprintf("muster submit %s, or muster retry --from-here %s", t.ID, t.ID)})
			}
		case Waiting, Blocked, Working, Checking, Queued, Landed, Stopped, Closed:
		}
	}
	return out
}

// failure says why a task failed. A login that was refused is for the person
// to mend outside of Muster, before anything is tried again.
func (t *Task) failure() string {
	if n := len(t.Attempts); n > 0 && t.Attempts[n-1].Outcome != nil && t.Attempts[n-1].Outcome.Kind == job.Auth {
		return fmt.Sprintf("agent %s is not logged in, or its key is refused: %s; then", t.Agent, t.Attempts[n-1].Outcome.Message)
	}
	return t.Why
}

// End says how the run stands.
func (r *Run) End() End {
	switch r.Stage {
	case flow.Finished:
		return EndDone
	case flow.Abandoned:
		if r.Reason == flow.ForFailure {
			return EndFailed
		}
		return EndStopped
	case flow.Doubting:
		return EndAsking
	case flow.Paused:
		switch r.Reason {
		case flow.ForBudget, flow.ForQuota:
			return EndBudget
		case flow.ForStop:
			return EndStopped
		case flow.ForBranch, flow.ForPush, flow.ForFailure, flow.ForInternal, flow.ForSetUp:
			return EndAsking
		}
	case flow.Opening, flow.Syncing, flow.Proving, flow.Advancing:
		return EndGoing
	case flow.Running:
	}
	end := EndRejected
	for _, t := range r.Tasks {
		switch t.State {
		case Working, Checking, Queued:
			return EndGoing
		case Waiting, Stopped:
			if t.Phase != "" || r.startable(t) {
				return EndGoing
			}
		case Review, Failed, Taken:
			end = EndAsking
		case Blocked, Landed, Rejected, Closed:
		}
	}
	return end
}

// startable reports that everything a task needs has landed.
func (r *Run) startable(t Task) bool {
	for _, n := range t.Needs {
		if need := r.Task(n); need == nil || need.State != Landed {
			return false
		}
	}
	return true
}

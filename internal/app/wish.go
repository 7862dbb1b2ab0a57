package app

import (
	"context"

	"muster/internal/app/runs"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/report"
)

// Sent is a wish that was left for the machines.
type Sent struct {
	Run      RunInfo
	Messages []string // ids
	AfterRow int64    // what had been recorded before
	Note     string   // what the person should know; may be empty
}

// Retry is the wish to start a settled task again.
type Retry struct {
	Text                  string // for the agent
	Fresh                 bool   // a new session, from the run's head
	MicroUSD              int64  // new bounds of the task, where not zero
	TimeMS, Tokens, Turns int64
}

// Approve accepts exactly the tree that waits: a task's change, the run's
// final tree, or a commit that a person pushed to the run's branch.
func (s *Session) Approve(ctx context.Context, ref Ref, because string) (Sent, error) {
	r, row, err := runs.Fold(ctx, s.store, ref.Run.ID)
	if err != nil {
		return Sent{}, err
	}
	if ref.Task != "" {
		t := r.Task(ref.Task)
		if t.State != report.Review || t.Verdict == nil {
			return Sent{}, notWaiting("approve", r, t)
		}
		return s.leave(ctx, ref, row, message{flow.TaskStream(r.ID, t.ID), flow.Approved{Tree: t.Verdict.HeadTree, Because: because}})
	}
	if r.Verdict == nil || !ApprovableRun(r) {
		return Sent{}, fault.New(fault.Conflict, "approve run %s: the run itself does not wait for approval (it is %s)", r.Name, r.Stage).
			WithHint("%s", whatWaits(r))
	}
	approved := flow.Approved{Tree: r.Verdict.HeadTree, Because: because}
	if r.Stage == flow.Paused {
		return s.leave(ctx, ref, row, message{flow.QueueStream(r.ID), approved}, message{flow.RunStream(r.ID), flow.ResumeRequested{}})
	}
	return s.leave(ctx, ref, row, message{flow.RunStream(r.ID), approved})
}

// ApprovableRun reports that the run itself waits for a person's yes.
func ApprovableRun(r *report.Run) bool {
	return r.Stage == flow.Doubting || r.Stage == flow.Paused && r.Reason == flow.ForPush
}

// Approvable reports that a task waits for a person's yes.
func Approvable(r *report.Run, task string) bool {
	t := r.Task(task)
	return t != nil && t.State == report.Review
}

// Reject ends a task for good, unless it is retried.
func (s *Session) Reject(ctx context.Context, ref Ref, because string) (Sent, error) {
	r, row, err := runs.Fold(ctx, s.store, ref.Run.ID)
	if err != nil {
		return Sent{}, err
	}
	t := r.Task(ref.Task)
	switch t.State {
	case report.Review, report.Failed, report.Stopped, report.Queued, report.Taken:
	case report.Waiting, report.Blocked, report.Working, report.Checking, report.Landed, report.Rejected, report.Closed:
		return Sent{}, notWaiting("reject", r, t)
	}
	return s.leave(ctx, ref, row, message{flow.TaskStream(r.ID, t.ID), flow.Rejected{Because: because}})
}

// Retry starts a task again that was rejected, failed, stopped, or waits for a
// verdict.
func (s *Session) Retry(ctx context.Context, ref Ref, w Retry) (Sent, error) {
	r, row, err := runs.Fold(ctx, s.store, ref.Run.ID)
	if err != nil {
		return Sent{}, err
	}
	t := r.Task(ref.Task)
	switch t.State {
	case report.Review, report.Failed, report.Stopped, report.Rejected, report.Taken:
	case report.Waiting, report.Blocked, report.Working, report.Checking, report.Landed, report.Queued, report.Closed:
		return Sent{}, notWaiting("retry", r, t)
	}
	if err := notEnded("retry "+t.ID, r); err != nil {
		return Sent{}, err
	}
	sent, err := s.leave(ctx, ref, row, message{flow.TaskStream(r.ID, t.ID), flow.RetryRequested(w)})
	if r.Stage == flow.Paused {
		sent.Note = "the run is paused, so nothing starts before: muster resume " + r.Name
	}
	return sent, err
}

// Stop asks a run to stop its agents, or to end for good.
func (s *Session) Stop(ctx context.Context, run RunInfo, end flow.StopRequested) (Sent, error) {
	r, row, err := runs.Fold(ctx, s.store, run.ID)
	if err != nil {
		return Sent{}, err
	}
	if err := notEnded("stop", r); err != nil {
		return Sent{}, err
	}
	return s.leave(ctx, Ref{Run: run}, row, message{flow.RunStream(r.ID), end})
}

// Resume lets a run go on: one that is paused or stopped, and one that nobody
// drives any more. New limits count where they are not zero.
func (s *Session) Resume(ctx context.Context, run RunInfo, w flow.ResumeRequested) (Sent, error) {
	r, row, err := runs.Fold(ctx, s.store, run.ID)
	if err != nil {
		return Sent{}, err
	}
	if err := notEnded("resume", r); err != nil {
		return Sent{}, err
	}
	return s.leave(ctx, Ref{Run: run}, row, message{flow.RunStream(r.ID), w})
}

type message struct {
	to flow.Stream
	p  flow.Payload
}

func (s *Session) leave(ctx context.Context, ref Ref, row int64, messages ...message) (Sent, error) {
	out := Sent{Run: ref.Run, AfterRow: row}
	for _, m := range messages {
		id, err := s.send(ctx, m.to, m.p)
		if err != nil {
			return out, err
		}
		out.Messages = append(out.Messages, id)
	}
	return out, nil
}

func notWaiting(what string, r *report.Run, t *report.Task) error {
	e := fault.New(fault.Conflict, "%s %s/%s: the task is %s", what, r.Name, t.ID, t.State)
	switch t.State {
	case report.Landed:
		return e.WithHint("its change is on %s already; revert it with Git if it must go", r.Branch)
	case report.Working, report.Checking, report.Queued, report.Waiting:
		return e.WithHint("wait for it, or stop the run: muster stop %s", r.Name)
	case report.Rejected, report.Failed:
		return e.WithHint("let it try again: muster retry %s -m \"what to do differently\"", t.ID)
	case report.Stopped:
		return e.WithHint("let the run go on: muster resume %s", r.Name)
	case report.Review:
		return e.WithHint("decide on its change: muster diff %s, then muster approve %s or muster reject %s", t.ID, t.ID, t.ID)
	case report.Closed:
		return e.WithHint("its run is closed; start it anew: muster run %s", r.Name)
	case report.Blocked, report.Taken:
	}
	return e.WithHint("muster status %s shows what can be done", r.Name)
}

// whatWaits says what of a run can be approved.
func whatWaits(r *report.Run) string {
	for _, t := range r.Tasks {
		if t.State == report.Review {
			return "a task of it does: muster approve " + t.ID
		}
	}
	return "nothing of it waits for approval; muster status " + r.Name + " shows where it stands"
}

func notEnded(what string, r *report.Run) error {
	switch r.Stage {
	case flow.Finished:
		return fault.New(fault.Conflict, "%s: run %s is finished", what, r.Name).WithHint("start it anew: muster run %s", r.Name)
	case flow.Abandoned:
		return fault.New(fault.Conflict, "%s: run %s was closed", what, r.Name).WithHint("start it anew: muster run %s", r.Name)
	case flow.Opening, flow.Running, flow.Paused, flow.Syncing, flow.Proving, flow.Doubting, flow.Advancing:
	}
	return nil
}

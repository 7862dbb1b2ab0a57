package app

import (
	"context"
	"path/filepath"
	"strings"

	"muster/internal/app/handover"
	"muster/internal/app/runs"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/report"
)

// NoWorktree stands for a folder where only a branch is wanted.
const NoWorktree = handover.NoWorktree

// maxMessage bounds what a person says to an agent at once, in bytes.
const maxMessage = 16 << 10

// Tell leaves a message for a task's agent; with Now its attempt is ended for it.
func (s *Session) Tell(ctx context.Context, ref Ref, m flow.MessageLeft) (Sent, error) {
	r, row, err := runs.Fold(ctx, s.store, ref.Run.ID)
	if err != nil {
		return Sent{}, err
	}
	t := r.Task(ref.Task)
	m.Text = strings.TrimSpace(m.Text)
	switch {
	case len(m.Text) > maxMessage:
		return Sent{}, fault.New(fault.Invalid, "tell %s: the text has %d bytes, at most %d are taken", t.ID, len(m.Text), maxMessage).
			WithHint("write it into a file of the task's scope and name the file")
	case m.Now && (t.State != report.Working || t.Phase != flow.Working):
		return Sent{}, fault.New(fault.Conflict, "nudge %s/%s: no agent is at work on it (the task is %s)", r.Name, t.ID, t.State).
			WithHint("muster status %s shows what can be done", r.Name)
	}
	switch t.State {
	case report.Working, report.Checking:
	case report.Waiting:
		if t.Phase == "" {
			return Sent{}, fault.New(fault.Conflict, "tell %s/%s: it has not begun", r.Name, t.ID).WithHint("its prompt is in the plan")
		}
	case report.Review, report.Failed, report.Stopped, report.Rejected, report.Taken:
		return Sent{}, fault.New(fault.Conflict, "tell %s/%s: no agent is at work on it (the task is %s)", r.Name, t.ID, t.State).
			WithHint("let it go on, with what you say: muster retry %s -m \"...\"", t.ID)
	case report.Blocked, report.Queued, report.Landed, report.Closed:
		return Sent{}, notWaiting("tell", r, t)
	}
	return s.leave(ctx, ref, row, message{flow.TaskStream(r.ID, t.ID), m})
}

// TakeOver asks for a task to work on it by hand, and gives what was sent and
// a test of whether the task is the person's. One that is already can be had
// in another place.
func (s *Session) TakeOver(ctx context.Context, ref Ref, wanted flow.TakeoverRequested) (Sent, func(*report.Run) bool, error) {
	r, row, err := runs.Fold(ctx, s.store, ref.Run.ID)
	if err != nil {
		return Sent{}, nil, err
	}
	t := r.Task(ref.Task)
	if err := notEnded("checkout "+t.ID, r); err != nil {
		return Sent{}, nil, err
	}
	switch {
	case t.State == report.Queued:
		return Sent{}, nil, fault.New(fault.Conflict, "checkout %s/%s: its change waits to land", r.Name, t.ID).
			WithHint("take it back first: muster reject %s", t.ID)
	case t.Phase == "" || t.State == report.Landed || t.State == report.Closed:
		return Sent{}, nil, notWaiting("checkout", r, t)
	}
	if wanted.Dir != "" && wanted.Dir != handover.NoWorktree && !filepath.IsAbs(wanted.Dir) {
		wanted.Dir = filepath.Join(s.host.Dir, wanted.Dir)
	}
	desk, err := s.desk(ctx)
	if err != nil {
		return Sent{}, nil, err
	}
	place, err := desk.Place(r.Name, *t, wanted)
	if err != nil {
		return Sent{}, nil, err
	}
	isTaken := func(r *report.Run) bool {
		t := r.Task(ref.Task)
		return t.State == report.Taken && t.Hand.Branch == place.Branch && t.Hand.Dir == place.Dir
	}
	if isTaken(r) {
		return Sent{Run: ref.Run, AfterRow: row}, isTaken, nil
	}
	sent, err := s.leave(ctx, ref, row, message{flow.TaskStream(r.ID, t.ID), place})
	return sent, isTaken, err
}

// Lay lays out the work on a task that was taken over, where the person
// wanted it, and gives the task.
func (s *Session) Lay(ctx context.Context, ref Ref) (*report.Task, error) {
	r, err := s.Report(ctx, ref.Run.ID)
	if err != nil {
		return nil, err
	}
	t := r.Task(ref.Task)
	if t.State != report.Taken {
		return nil, fault.New(fault.Conflict, "checkout %s/%s: the task is %s", r.Name, t.ID, t.State).
			WithHint("muster status %s shows what can be done", r.Name)
	}
	desk, err := s.desk(ctx)
	if err != nil {
		return nil, err
	}
	return t, desk.Lay(ctx, r, *t)
}

// Give takes in what a person made of a task.
func (s *Session) Give(ctx context.Context, ref Ref, as flow.Given, text string) (Sent, error) {
	r, row, err := runs.Fold(ctx, s.store, ref.Run.ID)
	if err != nil {
		return Sent{}, err
	}
	t := r.Task(ref.Task)
	if t.State != report.Taken {
		return Sent{}, fault.New(fault.Conflict, "take in the work on %s/%s: nobody works on it by hand (the task is %s)", r.Name, t.ID, t.State).
			WithHint("take it over first: muster checkout %s", t.ID)
	}
	if err := notEnded("take in the work on "+t.ID, r); err != nil {
		return Sent{}, err
	}
	desk, err := s.desk(ctx)
	if err != nil {
		return Sent{}, err
	}
	work, err := desk.Work(ctx, r, *t, as, text)
	if err != nil {
		return Sent{}, err
	}
	return s.leave(ctx, ref, row, message{flow.TaskStream(r.ID, t.ID), work})
}

func (s *Session) desk(ctx context.Context) (handover.Desk, error) {
	repo, err := s.git(ctx)
	return handover.Desk{Repo: repo, State: s.state, Env: s.host.Env, Actor: s.host.Actor()}, err
}

package engine

import (
	"context"
	"slices"

	"muster/internal/core/flow"
)

// A set-up can take minutes and the end of a quota be days away, and a run that
// stops does not wait for either: its command is ended as soon as the task says
// that it is needless. That is read from the machine, and so it holds for a
// command that is begun again after a crash as well.

// commandName tells a command from all others of this ledger.
func commandName(s flow.Stream, op string) string { return string(s) + "#" + op }

// until gives the time that a command may take: that of the drive, and for the
// set-up of a worktree and a wait no longer than they are needed.
func (d *drive) until(o flow.Open) (context.Context, error) {
	if o.Kind != flow.CmdPrepareWorktree && o.Kind != flow.CmdWait {
		return d.work, nil
	}
	is, err := d.needless(o)
	ctx, end := context.WithCancel(d.work)
	d.ends[commandName(o.Stream, o.Op)] = end
	if o.Kind == flow.CmdWait {
		d.waits[o.Stream] = append(d.waits[o.Stream], o.Op)
	}
	if is {
		end()
	}
	return ctx, err
}

// needless reports whether the task of a command has no need of it any more.
func (d *drive) needless(o flow.Open) (bool, error) {
	m, err := d.newBatch().state(o.Stream)
	t, ok := m.(flow.Task)
	if o.Kind == flow.CmdWait {
		return !ok || !t.Awaits(o.Op), err
	}
	return ok && t.Needless() == o.Op, err
}

// endNeedless ends what a machine, as it is now, has no need of.
func (d *drive) endNeedless(s flow.Stream, m flow.State) {
	t, ok := m.(flow.Task)
	if !ok {
		return
	}
	ops := []string{t.Needless()}
	for _, op := range d.waits[s] {
		if !t.Awaits(op) {
			ops = append(ops, op)
		}
	}
	for _, op := range ops {
		if end := d.ends[commandName(s, op)]; end != nil {
			end()
		}
	}
}

// forget frees what was kept of a command that was answered.
func (d *drive) forget(c Call) {
	name := commandName(c.Stream, c.Op)
	if end := d.ends[name]; end != nil {
		end()
		delete(d.ends, name)
	}
	d.waits[c.Stream] = slices.DeleteFunc(d.waits[c.Stream], func(op string) bool { return op == c.Op })
	if len(d.waits[c.Stream]) == 0 {
		delete(d.waits, c.Stream)
	}
}

// cutShort answers a command whose time is over. With the drive nothing is
// answered: the next one carries it out.
func (d *drive) cutShort(k flow.CommandKind) Answer {
	switch {
	case d.work.Err() != nil:
		return Answer{}
	case k == flow.CmdWait:
		return Answer{Data: flow.WaitOver{}}
	}
	return Answer{Data: flow.SetUpStopped{}}
}

// beginHeld begins what was held, oldest first, as far as the backlog allows,
// and what has become needless, so that it is answered.
func (d *drive) beginHeld() error {
	held := d.held
	d.held = nil
	for i, o := range held {
		is, err := d.needless(o)
		if err == nil && (is || d.unchecked < d.opt.Backlog) {
			err = d.start(o)
		} else {
			d.held = append(d.held, o)
		}
		if err != nil {
			d.held = append(d.held, held[i+1:]...)
			return err
		}
	}
	return nil
}

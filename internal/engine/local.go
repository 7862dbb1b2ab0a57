package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"muster/internal/core/fault"
	"muster/internal/core/flow"
)

// Options bound what a Local engine does at once.
type Options struct {
	Commands int             // commands carried out at once, agents not counted; at least 1
	Backlog  int             // changes that may wait for checks before new worktrees wait for them; 0 means 4
	Inbox    time.Duration   // how often the inbox is looked at, and more rarely when nothing happens; 0 means 200 ms
	Written  <-chan struct{} // receives when something may have come into the inbox; nil means that nobody tells
	Linger   bool            // keep driving when nothing is left to do, until the context ends
	Logger   *slog.Logger    // nil means none
	Probe    Probe           // called at every boundary between steps; nil outside of tests
}

// Probe is told of a boundary between steps, and which commands it concerns as
// <stream>#<op>. It may be called by several goroutines at once.
type Probe func(s Step, commands ...string)

// Step names a boundary between the steps of an engine, at which a crash must
// do no harm.
type Step string

// The boundaries.
const (
	BeforeCommit  Step = "before_commit"  // events are decided, nothing is recorded
	AfterCommit   Step = "after_commit"   // events are recorded, nothing is begun
	BeforeCommand Step = "before_command" // a command is about to be carried out
	AfterCommand  Step = "after_command"  // it was, and nothing of it is recorded
)

// Local is the engine that lives in one process and one ledger. One goroutine
// owns all machines; whatever has been answered when it looks is committed
// together, so that one write to disk pays for many events.
type Local struct {
	hands   *Hands
	opt     Options
	states  map[flow.Stream]flow.State
	answers chan result
	slots   chan struct{} // bounds commands at work
	wake    chan struct{}
}

var _ Engine = (*Local)(nil)

// NewLocal makes an engine. It does nothing until Drive is called.
func NewLocal(h *Hands, opt Options) *Local {
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Inbox <= 0 {
		opt.Inbox = 200 * time.Millisecond
	}
	if opt.Backlog <= 0 {
		opt.Backlog = 4
	}
	if opt.Probe == nil {
		opt.Probe = func(Step, ...string) {}
	}
	return &Local{hands: h, opt: opt, slots: make(chan struct{}, max(opt.Commands, 1)), wake: make(chan struct{}, 1)}
}

// Send implements Engine.
func (l *Local) Send(ctx context.Context, m flow.Message) error {
	if err := l.hands.Log.Send(ctx, m); err != nil {
		return err
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return nil
}

// result is what a worker came to.
type result struct {
	call   Call
	answer Answer
}

// Drive implements Engine.
func (l *Local) Drive(ctx context.Context) error {
	// What was decided but not recorded by a Drive that failed is forgotten.
	l.states = map[flow.Stream]flow.State{}
	l.answers = make(chan result)
	work, stop := context.WithCancel(ctx)
	d := &drive{Local: l, ctx: ctx, work: work, done: make(chan struct{}), ends: map[string]context.CancelFunc{}, waits: map[flow.Stream][]string{}}
	defer func() {
		stop()
		d.drain()
	}()
	open, err := l.hands.Log.OpenCommands(ctx)
	if err != nil {
		return err
	}
	for _, o := range open {
		if err := d.begin(o); err != nil { //nolint:contextcheck // the drive holds the context
			return err
		}
	}
	return d.loop() //nolint:contextcheck // the drive holds the context
}

// drive is one call of Drive.
type drive struct {
	*Local
	ctx  context.Context // of the caller
	work context.Context // of the workers; ends with the drive
	open int             // workers that have not answered
	done chan struct{}

	unchecked int         // open commands that take a change to its evidence
	held      []flow.Open // PrepareWorktree that wait for unchecked to fall

	ends  map[string]context.CancelFunc // of those under way, by command
	waits map[flow.Stream][]string      // that are under way
}

// Agents think for minutes: after some looks in vain the inbox is looked at
// so many times more rarely, until something happens.
const (
	looksInVain  = 25
	rarely       = 5
	rarelyIfTold = 25
)

func (d *drive) loop() error {
	tick := time.NewTicker(d.opt.Inbox)
	defer tick.Stop()
	vain, longer := 0, rarely*d.opt.Inbox
	if d.opt.Written != nil {
		longer = rarelyIfTold * d.opt.Inbox
	}
	for look := true; ; {
		var messages []flow.Message
		if look || d.open == 0 {
			var err error
			if messages, err = d.hands.Log.Inbox(d.ctx, 256); err != nil {
				return err
			}
		}
		var err error
		if look = len(messages) > 0; look {
			err = d.deliver(messages)
		} else {
			if d.open == 0 && !d.opt.Linger {
				return nil
			}
			select {
			case <-d.ctx.Done():
				return d.ctx.Err()
			case <-tick.C:
				if vain++; vain == looksInVain {
					tick.Reset(longer)
				}
				look = true
				continue
			case <-d.opt.Written:
				look = true
				continue
			case <-d.wake:
				look = true
				continue
			case r := <-d.answers:
				err = d.take(r)
			}
		}
		if err != nil {
			return err
		}
		if vain >= looksInVain {
			tick.Reset(d.opt.Inbox)
		}
		vain = 0
	}
}

// take commits an answer together with all others that are ready.
func (d *drive) take(r result) error {
	b := d.newBatch()
	for n := 0; ; n++ {
		d.open--
		d.forget(r.call)
		if unchecked(r.call.Order.Command()) {
			d.unchecked--
		}
		if err := b.answer(r); err != nil {
			return err
		}
		if n == 255 {
			break
		}
		select {
		case r = <-d.answers:
			continue
		default:
		}
		break
	}
	return d.commit(b)
}

func (d *drive) deliver(messages []flow.Message) error {
	b := d.newBatch()
	for _, m := range messages {
		if err := b.message(m); err != nil {
			return err
		}
	}
	return d.commit(b)
}

// commit records the batch, and only then begins its commands.
func (d *drive) commit(b *batch) error {
	out, err := b.finish()
	if err != nil {
		return err
	}
	d.opt.Probe(BeforeCommit, names(out.Answered)...)
	// The record of what happened is written even when the caller has given
	// up: it is what the next Drive goes on from.
	if err := d.hands.Log.Commit(context.WithoutCancel(d.ctx), out); err != nil {
		return fault.Wrap(fault.Internal, err, "record what happened")
	}
	d.opt.Probe(AfterCommit, names(out.Answered)...)
	for s, m := range b.changed {
		if m.Done() {
			delete(d.states, s)
		} else {
			d.states[s] = m
		}
		d.endNeedless(s, m)
	}
	for _, o := range out.Opened {
		if err := d.begin(o); err != nil {
			return err
		}
	}
	return d.beginHeld()
}

func names(commands []flow.Open) []string {
	out := make([]string, len(commands))
	for i, c := range commands {
		out[i] = string(c.Stream) + "#" + c.Op
	}
	return out
}

// unchecked reports whether a command takes a change to its evidence.
func unchecked(k flow.CommandKind) bool {
	return k == flow.CmdCaptureChange || k == flow.CmdRunChecks
}

// begin hands a recorded command to a worker. Agents may be faster than the
// checks of what they made, and every change that waits holds a worktree: past
// the backlog, tasks get no worktree before some of it is checked. What is
// checked needs no other worktree, so this comes to an end.
func (d *drive) begin(o flow.Open) error {
	if o.Kind == flow.CmdPrepareWorktree && d.unchecked >= d.opt.Backlog {
		if is, err := d.needless(o); err != nil || !is {
			d.held = append(d.held, o)
			return err
		}
	}
	if unchecked(o.Kind) {
		d.unchecked++
	}
	return d.start(o)
}

// start starts the worker of a command.
func (d *drive) start(o flow.Open) error {
	order, err := flow.DecodeOrder(o.Kind, o.Command)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "carry out %s of %s", o.Op, o.Stream)
	}
	c := Call{Stream: o.Stream, Op: o.Op, AtUS: o.AtUS, Order: order}
	ctx, err := d.until(o)
	if err != nil {
		return err
	}
	d.open++
	go func() {
		if o.DueUS > 0 {
			select {
			case <-d.hands.Clock.After(o.DueUS):
			case <-ctx.Done():
			}
		}
		answer := d.carryOut(ctx, c)
		select {
		case d.answers <- result{call: c, answer: answer}:
		case <-d.work.Done():
			d.done <- struct{}{}
		}
	}()
	return nil
}

// drain waits until no worker of this drive runs any more.
func (d *drive) drain() {
	for ; d.open > 0; d.open-- {
		select {
		case <-d.answers:
		case <-d.done:
		}
	}
}

// bounded reports whether a command counts against Options.Commands. Agents
// are bounded by the run, and waiting costs nothing.
func bounded(k flow.CommandKind) bool {
	return k != flow.CmdStartAttempt && k != flow.CmdStopAttempt && k != flow.CmdWait && k != flow.CmdAwaitRoom
}

// carryOut does the command, again after a while where that may help, and
// turns what remains of an error into an answer.
func (d *drive) carryOut(ctx context.Context, c Call) Answer {
	kind := c.Order.Command()
	if bounded(kind) {
		select {
		case d.slots <- struct{}{}:
			defer func() { <-d.slots }()
		case <-ctx.Done():
			return d.cutShort(kind)
		}
	}
	wait := []time.Duration{200 * time.Millisecond, time.Second, 5 * time.Second}
	for try := 0; ; try++ {
		if ctx.Err() != nil {
			return d.cutShort(kind)
		}
		d.opt.Probe(BeforeCommand, string(c.Stream)+"#"+c.Op)
		answer, err := d.attemptCommand(ctx, c)
		d.opt.Probe(AfterCommand, string(c.Stream)+"#"+c.Op)
		if err == nil {
			return answer
		}
		d.opt.Logger.Warn("command_failed", "command", string(kind), "stream", string(c.Stream), "try", try+1, "error", err.Error())
		if ctx.Err() != nil {
			return d.cutShort(kind)
		}
		if fault.KindOf(err) != fault.Transient || try == len(wait) {
			return Answer{Data: flow.CommandFailed{Command: kind, Fault: fault.KindOf(err), Message: err.Error(), Hint: fault.HintOf(err)}}
		}
		select {
		case <-d.hands.Clock.After(d.hands.Clock.NowUS() + wait[try].Microseconds()):
		case <-ctx.Done():
			return d.cutShort(kind)
		}
	}
}

// attemptCommand turns a panic into an error: it freezes one command, not all
// runs.
func (d *drive) attemptCommand(ctx context.Context, c Call) (answer Answer, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fault.New(fault.Internal, "%s of %s panicked: %v", c.Op, c.Stream, r)
		}
	}()
	return d.hands.Do(ctx, c)
}

// asBroken gives the broken invariant that a panic carries, or panics again.
func asBroken(r any) error {
	if b := (fault.Broken{}); errors.As(toError(r), &b) {
		return b
	}
	return fmt.Errorf("a state machine failed: %v", r)
}

func toError(r any) error {
	if err, ok := r.(error); ok {
		return err
	}
	return nil
}

package app

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"muster/internal/app/observe"
	"muster/internal/app/telemetry"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/report"
	"muster/internal/store"
)

const (
	lockEvery = 250 * time.Millisecond // how often a follower tries to take over
	lookEvery = 100 * time.Millisecond // how often the ledger is looked at
)

// Until says how long Carry stays with a run.
type Until string

// How long Carry can stay.
const (
	Settled Until = "settled" // until the run has nothing left to do by itself
	Heard   Until = "heard"   // the same, but no longer than until another process has taken in what was sent
)

// Carry is the wish to carry a run on.
type Carry struct {
	Run        string   // id
	Sent       []string // messages that were left for it
	AfterRow   int64    // what the person knows already; later records are told
	Until      Until
	Enough     func(*report.Run) bool // leaves as soon as it holds; may be nil
	Tick       time.Duration          // with it, agents are followed and See is called that often with nothing new; 0 for neither
	See        func(Notice)           // called on one goroutine; may be nil
	Interrupts <-chan os.Signal       // the first stops the run, the second leaves at once; may be nil
}

// Notice is something that happened to a run, or a tick when all but Run is
// zero.
type Notice struct {
	Run    *report.Run     // where it stands now
	Record *flow.Record    // was recorded
	Task   string          // with Agent and Now
	Agent  *job.AgentEvent // an agent was seen to do this
	Now    *report.Now     // with Task: how its agent is, whenever that has changed
}

// Leaving says why Carry came back.
type Leaving string

// Why Carry comes back.
const (
	AtRest    Leaving = "at_rest"   // nothing is left to do without a person
	ToOther   Leaving = "to_other"  // another process drives it on
	ByEnough  Leaving = "enough"    // Carry.Enough holds
	ByStop    Leaving = "stopped"   // a signal stopped the run, and its agents have ended
	ByAbandon Leaving = "abandoned" // a second signal: agents that run go on without Muster
)

// Carried is what came of a Carry.
type Carried struct {
	Run    *report.Run
	Reason Leaving
}

// Carry drives a run on until it has settled. While another process has the
// engine lock it follows what that one records, and takes over when the lock
// becomes free.
func (s *Session) Carry(ctx context.Context, c Carry) (Carried, error) {
	ctx, cancel := context.WithCancel(ctx)
	d := &driving{s: s, Carry: c, cancel: cancel, changes: make(chan error, 1), ended: make(chan error, 1), written: make(chan struct{}, 1), seen: make(chan Notice, 64), follows: map[string]bool{}, observer: s.observer(), told: map[string]string{}}
	if d.See == nil {
		d.See = func(Notice) {}
	}
	defer func() {
		cancel()
		if d.driving {
			<-d.ended // the engine must have let go before the lock is anybody else's
		}
	}()
	if err := d.catchUp(ctx, c.AfterRow); err != nil {
		return Carried{}, err
	}
	go d.watch(ctx)
	reason, err := d.loop(ctx)
	return Carried{Run: d.run, Reason: reason}, err
}

// driving is one call of Carry. One goroutine owns the run and calls See; one
// drives; one watches the ledger; one for each agent that is followed.
type driving struct {
	Carry
	s       *Session
	cancel  context.CancelFunc
	changes chan error    // the ledger has changed, or cannot be watched
	ended   chan error    // the driving goroutine has ended
	written chan struct{} // tells the engine that somebody wrote to the ledger
	seen    chan Notice
	driving bool
	other   atomic.Bool // another process held the lock when last tried

	run     *report.Run
	row     int64
	stopped bool            // a signal has asked the run to stop
	follows map[string]bool // operations that are followed

	isLooking atomic.Bool // one goroutine at a time has the two below
	observer  *observe.Observer
	told      map[string]string // by task: how its agent is, as was told last
}

func (d *driving) loop(ctx context.Context) (Leaving, error) {
	var tick <-chan time.Time
	if d.Tick > 0 {
		t := time.NewTicker(d.Tick)
		defer t.Stop()
		tick = t.C
	}
	agents := time.NewTimer(d.untilAgents())
	defer agents.Stop()
	for {
		reason, err := d.look(ctx)
		if err != nil || reason != "" {
			return reason, err
		}
		if !d.driving {
			d.driving = true
			go func() { d.ended <- d.drive(ctx) }()
		}
		for idle := true; idle; {
			idle = false
			select {
			case err = <-d.changes:
			case err = <-d.ended:
				// The engine ended by itself: nothing is left to do, or it failed.
				d.driving = false
			case n := <-d.seen:
				idle = true
				d.tell(n)
			case <-tick:
				idle = true
				d.tell(Notice{})
			case <-agents.C:
				idle = true
				d.lookAtAgents(ctx)
				agents.Reset(d.untilAgents())
			case <-d.Interrupts:
				reason, err = d.interrupted(ctx)
			}
			if err != nil || reason != "" {
				return reason, err
			}
		}
	}
}

// untilAgents gives the time until agents are looked at again: at whole
// seconds, when others who wait wake this process as well.
func (d *driving) untilAgents() time.Duration {
	every := agentsRarely
	if d.Tick > 0 {
		every = agentsEvery
	}
	now := time.Now()
	return now.Truncate(every).Add(every).Sub(now)
}

// look reads what is new and says whether there is a reason to leave.
func (d *driving) look(ctx context.Context) (Leaving, error) {
	if err := d.catchUp(ctx, 0); err != nil {
		return "", err
	}
	if d.Enough != nil && d.run != nil && d.Enough(d.run) {
		return ByEnough, nil
	}
	settled, err := d.s.isSettled(ctx, d.Run, d.Sent)
	if err != nil {
		return "", err
	}
	if settled {
		// What settled it may have been recorded after the first reading.
		if err := d.catchUp(ctx, 0); err != nil {
			return "", err
		}
		if d.run == nil {
			return "", fault.New(fault.Internal, "run %s was asked for and has no record", d.Run)
		}
		if d.stopped {
			return ByStop, nil
		}
		return AtRest, nil
	}
	if d.Until == Heard && d.other.Load() && !d.stopped {
		for _, id := range d.Sent {
			if waits, err := d.s.store.Pending(ctx, id); err != nil || waits {
				return "", err
			}
		}
		return ToOther, nil
	}
	return "", nil
}

// catchUp applies the records that are new, and tells those after row quiet.
func (d *driving) catchUp(ctx context.Context, quiet int64) error {
	for row, err := range d.s.store.Records(ctx, store.Query{Run: d.Run, AfterRow: d.row}) {
		if err != nil {
			return err
		}
		if d.run == nil {
			d.run = &report.Run{}
		}
		if err := d.run.Apply(row.Record); err != nil {
			return err
		}
		d.row = row.Row
		if row.Row > quiet {
			d.See(Notice{Run: d.run, Record: &row.Record})
		}
	}
	if d.Tick > 0 && d.run != nil {
		d.followAgents(ctx)
	}
	return nil
}

func (d *driving) tell(n Notice) {
	if n.Run = d.run; n.Run != nil {
		d.See(n)
	}
}

// interrupted handles a signal: first ask the run to stop, then leave.
func (d *driving) interrupted(ctx context.Context) (Leaving, error) {
	if d.stopped {
		return ByAbandon, nil
	}
	d.stopped = true
	id, err := d.s.send(ctx, flow.RunStream(d.Run), flow.StopRequested{})
	d.Sent = append(d.Sent, id)
	return "", err
}

// watch says when the ledger has changed.
func (d *driving) watch(ctx context.Context) {
	since := store.Version(0)
	for {
		v, err := d.s.store.WaitChange(ctx, since, lookEvery)
		if ctx.Err() != nil {
			return
		}
		since = v
		select {
		case d.written <- struct{}{}:
		default:
		}
		select {
		case d.changes <- err:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// drive takes the engine lock as soon as it is free and drives all runs until
// nothing is left to do.
func (d *driving) drive(ctx context.Context) error {
	for {
		lock, ok, err := d.s.store.Lock(ctx)
		if err != nil {
			return quietly(ctx, err)
		}
		if ok {
			d.other.Store(false)
			err := d.hold(ctx, lock)
			return quietly(ctx, err)
		}
		d.other.Store(true)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(lockEvery):
		}
	}
}

func (d *driving) hold(ctx context.Context, lock *store.Lock) (err error) {
	tracer := telemetry.Trace(d.s.host.Env, d.s.store, filepath.Join(filepath.Dir(d.s.state), telemetry.LogFile)) //nolint:contextcheck // what it sends has bounds of its own
	defer tracer.Close()                                                                                          // once the lock is anybody else's
	defer func() {
		if releasing := lock.Release(); err == nil {
			err = releasing
		}
	}()
	e, err := d.s.engine(ctx, ledger{d.s.store, lock, tracer}, d.written)
	if err != nil {
		return err
	}
	return e.Drive(ctx)
}

// quietly drops the error of what was cut short on purpose.
func quietly(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // being cut short is no failure here
	}
	return err
}

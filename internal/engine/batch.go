package engine

import (
	"encoding/json"
	"slices"

	"muster/internal/core/fault"
	"muster/internal/core/flow"
)

// batch gathers what one commit will hold. Messages between machines are
// delivered within it, in order, so that no message is ever lost or doubled.
type batch struct {
	d       *drive
	out     flow.Batch
	changed map[flow.Stream]flow.State
	order   []flow.Stream // of changed, by first change
}

func (d *drive) newBatch() *batch {
	return &batch{d: d, changed: map[flow.Stream]flow.State{}}
}

// delivery is an event on its way to a machine.
type delivery struct {
	to    flow.Stream
	event flow.Event
	cause string
	blobs []string
}

// event stamps a payload with the moment and an id.
func (b *batch) event(actor string, p flow.Payload) flow.Event {
	return flow.Event{ID: b.d.hands.IDs.NewID(), AtUS: b.d.hands.Clock.NowUS(), Actor: actor, Data: p}
}

func (b *batch) answer(r result) error {
	if r.answer.Data == nil {
		return nil // cut short with the drive; it is carried out again
	}
	e := b.event("engine", r.answer.Data)
	e.Op = r.call.Op
	b.out.Answered = append(b.out.Answered, flow.Open{Stream: r.call.Stream, Op: r.call.Op})
	return b.deliverAll(delivery{to: r.call.Stream, event: e, blobs: r.answer.Blobs})
}

// message consumes what somebody left in the inbox. What cannot be read, or is
// meant for a machine that does not exist, is consumed without effect: it must
// not stop everybody else.
func (b *batch) message(m flow.Message) error {
	b.out.Consumed = append(b.out.Consumed, m.ID)
	p, err := flow.DecodePayload(m.Kind, m.Data)
	if err != nil {
		b.d.opt.Logger.Warn("message_unreadable", "message", m.ID, "error", err.Error())
		return nil
	}
	if !flow.FromPeople(m.Kind) {
		b.d.opt.Logger.Warn("message_refused", "message", m.ID, "kind", string(m.Kind))
		return nil
	}
	var blobs []string
	if s, ok := p.(flow.RunStarted); ok {
		blobs = []string{s.Plan, s.Config}
	}
	return b.deliverAll(delivery{to: m.To, event: b.event(m.Actor, p), cause: m.ID, blobs: blobs})
}

// deliverAll delivers an event and all that follows from it.
func (b *batch) deliverAll(first delivery) error {
	for todo := []delivery{first}; len(todo) > 0; todo = todo[1:] {
		next, err := b.deliver(todo[0])
		if err != nil {
			return err
		}
		todo = append(todo, next...)
	}
	return nil
}

func (b *batch) deliver(v delivery) ([]delivery, error) {
	state, err := b.state(v.to)
	if err != nil {
		return nil, err
	}
	if flow.Begins(v.event.Data, state != nil) == (state != nil) || state != nil && state.Done() {
		return nil, nil // there is nobody to tell, or it was made before
	}
	record, err := flow.NewRecord(v.to, v.event, v.cause, v.blobs)
	if err != nil {
		return nil, err
	}
	b.out.Records = append(b.out.Records, record)
	next, commands, err := step(v.to, state, v.event)
	if err != nil {
		return b.freeze(v, err)
	}
	if _, ok := b.changed[v.to]; !ok {
		b.order = append(b.order, v.to)
	}
	b.changed[v.to] = next
	return b.commands(v, commands)
}

// step steps a machine and turns a broken invariant into an error.
func step(s flow.Stream, state flow.State, e flow.Event) (next flow.State, commands []flow.Command, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = asBroken(r)
		}
	}()
	if state == nil {
		return flow.Start(s, e)
	}
	next, commands = state.Step(e)
	return next, commands, nil
}

// freeze pauses the run whose machine failed. The machine stays as it was.
func (b *batch) freeze(v delivery, cause error) ([]delivery, error) {
	b.d.opt.Logger.Error("machine_failed", "stream", string(v.to), "event", string(v.event.Data.Kind()), "error", cause.Error())
	run := flow.RunStream(v.to.Run())
	if v.to == run {
		return nil, fault.Wrap(fault.Internal, cause, "step %s with %s", v.to, v.event.Data.Kind())
	}
	p := flow.PauseRequested{Reason: flow.ForInternal, Why: cause.Error() + " in " + string(v.to), Hint: "this is a defect of Muster; the ledger has the whole story"}
	return []delivery{{to: run, event: b.event("engine", p), cause: v.event.ID}}, nil
}

func (b *batch) commands(v delivery, commands []flow.Command) ([]delivery, error) {
	var next []delivery
	for _, c := range commands {
		if c.Order == nil {
			next = append(next, delivery{to: c.To, event: b.event("engine", c.Message), cause: v.event.ID})
			continue
		}
		if answer, ok := b.atOnce(v, c); ok {
			next = append(next, answer)
			continue
		}
		data, err := json.Marshal(c.Order)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "write command %s", c.Op)
		}
		b.out.Opened = append(b.out.Opened, flow.Open{Stream: v.to, Op: c.Op, Kind: c.Order.Command(), AtUS: v.event.AtUS, DueUS: c.DueUS, Command: data})
	}
	return next, nil
}

// atOnce gives the answer of a command that acts on nothing outside: a verdict
// follows from evidence whose blob is durable, and is recorded with it or not at
// all. One that fails is a command like any other.
func (b *batch) atOnce(v delivery, c flow.Command) (delivery, bool) {
	if c.Order.Command() != flow.CmdJudge {
		return delivery{}, false
	}
	answer, err := b.d.attemptCommand(b.d.work, Call{Stream: v.to, Op: c.Op, AtUS: v.event.AtUS, Order: c.Order})
	if err != nil {
		return delivery{}, false
	}
	e := b.event("engine", answer.Data)
	e.Op = c.Op
	return delivery{to: v.to, event: e, blobs: answer.Blobs}, true
}

// state gives a machine as this batch sees it; nil when there is none.
func (b *batch) state(s flow.Stream) (flow.State, error) {
	if m, ok := b.changed[s]; ok {
		return m, nil
	}
	if m, ok := b.d.states[s]; ok {
		return m, nil
	}
	m, first, ok, err := b.d.hands.Log.Machine(b.d.ctx, s)
	if err != nil || !ok {
		return nil, err
	}
	if m.Done {
		return ended{}, nil
	}
	e, err := first.Event()
	if err != nil {
		return nil, err
	}
	state, err := flow.Load(s, e, m.Snapshot)
	if err != nil {
		return nil, err
	}
	b.d.states[s] = state
	return state, nil
}

// ended stands for a machine that will never step again.
type ended struct{}

func (ended) Step(flow.Event) (flow.State, []flow.Command) { return ended{}, nil }
func (ended) Done() bool                                   { return true }

// finish adds the machines' new states.
func (b *batch) finish() (flow.Batch, error) {
	for _, s := range b.order {
		m := flow.Machine{Stream: s, Done: b.changed[s].Done()}
		data, err := json.Marshal(b.changed[s])
		if err != nil {
			return b.out, fault.Wrap(fault.Internal, err, "write the state of %s", s)
		}
		m.Snapshot = data
		b.out.Machines = append(b.out.Machines, m)
	}
	b.out.Opened = slices.Clip(b.out.Opened)
	return b.out, nil
}

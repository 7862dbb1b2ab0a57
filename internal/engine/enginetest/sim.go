// Package enginetest holds what every engine must pass: a deterministic
// simulation of the machines in core/flow, and stories that an engine tells
// against a simulated world.
package enginetest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"muster/internal/core/flow"
)

// Result counts what happened in one simulated run.
type Result struct {
	Steps, Crashes, Lost, Doubled, Late, Attempts, Landings, People int
}

// Violation is what Simulate panics with when an invariant does not hold. It
// says how to see it again.
type Violation struct {
	Seed  uint64
	What  string
	Trace []string // latest last
}

func (v Violation) Error() string {
	return fmt.Sprintf("seed %d: %s\nrepeat with: go test ./internal/engine/enginetest -run Simulation -sim.seed=%d\n%s",
		v.Seed, v.What, v.Seed, strings.Join(v.Trace, "\n"))
}

// sim hosts the machines of one run as an engine does, without I/O. What is
// durable survives a crash: machines as their first event and snapshot, open
// commands, and the world outside. Everything else is volatile.
type sim struct {
	seed uint64
	rng  *rand.Rand
	now  int64
	ids  int

	firsts    map[flow.Stream]flow.Event
	snapshots map[flow.Stream][]byte
	order     []flow.Stream
	open      []openCommand
	answered  []answered // may be delivered again, late
	live      map[flow.Stream]flow.State
	stepped   map[flow.Stream]bool // since the last crash
	events    []recorded

	w      *world
	told   bool // keep a trace
	kind   bool // no more faults, people say yes: the run must end
	result Result
	trace  []string
}

type openCommand struct {
	stream flow.Stream
	op     string
	due    int64
	at     int64
	order  flow.Order
	ran    int // times carried out
}

type answered struct {
	stream flow.Stream
	op     string
	data   flow.Payload
}

type recorded struct {
	stream flow.Stream
	event  flow.Event
}

// Simulate runs one plan, made from the seed, to its end in a world that
// fails, and panics with a Violation when an invariant does not hold.
func Simulate(seed uint64) (r Result) {
	defer func() {
		if v, ok := recover().(Violation); ok {
			if v.Trace == nil {
				simulate(seed, true) // the same again, with a trace; it panics
			}
			panic(v)
		}
	}()
	return simulate(seed, false)
}

func simulate(seed uint64, told bool) Result {
	rng := rand.New(rand.NewPCG(seed, 0x5eed))
	s := &sim{
		seed: seed, rng: rng, told: told, now: 1_000_000,
		firsts: map[flow.Stream]flow.Event{}, snapshots: map[flow.Stream][]byte{}, live: map[flow.Stream]flow.State{}, stepped: map[flow.Stream]bool{},
	}
	s.w = newWorld(s)
	defer func() {
		if r := recover(); r != nil {
			if v, ok := r.(Violation); ok {
				panic(v)
			}
			panic(Violation{Seed: seed, What: fmt.Sprint(r), Trace: s.tail()})
		}
	}()
	begun := s.w.plan()
	s.deliver(flow.RunStream(begun.Run), s.event("person:ann", begun))
	limit := 150 + 40*len(begun.Nodes)
	for !s.state(flow.RunStream(begun.Run)).Done() {
		s.result.Steps++
		s.kind = s.result.Steps > limit
		s.must(s.result.Steps < 6*limit+2000, "the run does not end")
		s.step()
		s.invariants()
	}
	s.finish()
	return s.result
}

// step lets one thing happen.
func (s *sim) step() {
	s.now += int64(s.rng.IntN(3_000_000))
	switch n := s.rng.IntN(100); {
	case s.kind || n < 70:
		s.command()
	case n < 73:
		s.crash()
	case n < 80:
		s.late()
	default:
		s.w.person()
	}
	if s.idle() {
		s.w.helpful()
	}
}

func (s *sim) idle() bool { return len(s.open) == 0 }

// command carries out one open command. Its answer may be lost, so that it is
// carried out again, and may be told twice.
func (s *sim) command() {
	var due []int
	for i, c := range s.open {
		if c.due <= s.now {
			due = append(due, i)
		}
	}
	if len(due) == 0 {
		if len(s.open) > 0 {
			s.now += 10_000_000
		}
		return
	}
	i := due[s.rng.IntN(len(due))]
	s.open[i].ran++
	c := s.open[i]
	answer := s.w.do(c)
	if answer == nil {
		return // it goes on, as an agent does
	}
	if !s.kind && s.rng.IntN(10) == 0 {
		s.result.Lost++
		s.tracef("lost the answer to %s %s", c.stream, c.op)
		return
	}
	s.answer(c.stream, c.op, answer)
	if s.rng.IntN(10) == 0 {
		s.result.Doubled++
		s.answer(c.stream, c.op, answer)
	}
}

// answer records an answer unless it was recorded before, as the ledger's open
// commands make sure. Now and then the machine hears it all the same: it has
// to cope by itself.
func (s *sim) answer(stream flow.Stream, op string, data flow.Payload) {
	i := slices.IndexFunc(s.open, func(c openCommand) bool { return c.stream == stream && c.op == op })
	e := s.event("engine", data)
	e.Op = op
	if i < 0 {
		state := s.state(stream)
		if state == nil || state.Done() {
			return
		}
		next, commands := state.Step(e)
		s.must(same(state, next) && len(commands) == 0, "%s acts on a doubled answer to %s", stream, op)
		return
	}
	s.open = slices.Delete(s.open, i, i+1)
	s.answered = append(s.answered, answered{stream, op, data})
	s.deliver(stream, e)
}

// late tells a machine an old answer again.
func (s *sim) late() {
	if len(s.answered) > 0 {
		a := s.answered[s.rng.IntN(len(s.answered))]
		s.result.Late++
		s.answer(a.stream, a.op, a.data)
	}
}

// crash forgets everything volatile. What is loaded again must be the same.
func (s *sim) crash() {
	s.result.Crashes++
	s.tracef("crash")
	for _, stream := range s.order {
		before, ok := s.live[stream]
		if !ok || !s.stepped[stream] {
			continue // it was loaded since it last stepped
		}
		// A snapshot is committed with every event, so what is live now is
		// what is durable.
		s.snapshots[stream] = []byte(text(before))
		delete(s.live, stream)
		after := text(s.state(stream))
		s.must(after == string(s.snapshots[stream]), "%s differs after it was loaded:\n%s\n%s", stream, s.snapshots[stream], after)
	}
	clear(s.stepped)
	s.w.crash()
}

func (s *sim) state(stream flow.Stream) flow.State {
	if m, ok := s.live[stream]; ok {
		return m
	}
	first, ok := s.firsts[stream]
	if !ok {
		return nil
	}
	m, err := flow.Load(stream, first, s.snapshots[stream])
	s.must(err == nil, "load %s: %v", stream, err)
	s.live[stream] = m
	return m
}

func (s *sim) event(actor string, p flow.Payload) flow.Event {
	s.ids++
	return flow.Event{ID: fmt.Sprintf("e%d", s.ids), AtUS: s.now, Actor: actor, Data: p}
}

// deliver steps a machine, records, and delivers what it tells others, all in
// one go as a transaction does.
func (s *sim) deliver(to flow.Stream, e flow.Event) {
	type message struct {
		to flow.Stream
		e  flow.Event
	}
	for todo := []message{{to, e}}; len(todo) > 0; todo = todo[1:] {
		m := todo[0]
		state := s.state(m.to)
		if _, first := s.firsts[m.to]; first != (state != nil) || state != nil && state.Done() {
			continue
		}
		next, commands := s.stepOnce(m.to, state, m.e)
		if next == nil {
			continue
		}
		for _, c := range commands {
			if c.Order == nil {
				todo = append(todo, message{c.To, s.event("engine", c.Message)})
				continue
			}
			s.must(!slices.ContainsFunc(s.open, func(o openCommand) bool { return o.stream == m.to && o.op == c.Op }), "%s issues %s twice", m.to, c.Op)
			s.w.issued(m.to, c.Order)
			s.open = append(s.open, openCommand{stream: m.to, op: c.Op, due: c.DueUS, at: m.e.AtUS, order: c.Order})
		}
	}
}

func (s *sim) stepOnce(to flow.Stream, state flow.State, e flow.Event) (flow.State, []flow.Command) {
	var next flow.State
	var commands []flow.Command
	if state == nil {
		if !flow.Begins(e.Data, false) {
			return nil, nil // there is nobody to tell
		}
		var err error
		next, commands, err = flow.Start(to, e)
		s.must(err == nil, "start %s: %v", to, err)
		s.firsts[to] = e
		s.order = append(s.order, to)
	} else {
		next, commands = s.pure(to, state, e)
	}
	if s.told {
		s.tracef("%s <- %s%s -> %s", to, e.Data.Kind(), opOf(e), summary(commands))
	}
	s.events = append(s.events, recorded{to, e})
	s.live[to], s.stepped[to] = next, true
	return next, commands
}

// pure steps a machine and, now and then, makes sure that stepping leaves the
// former state alone and gives the same result again.
func (s *sim) pure(to flow.Stream, state flow.State, e flow.Event) (flow.State, []flow.Command) {
	if s.rng.IntN(8) > 0 {
		return state.Step(e)
	}
	before := text(state)
	next, commands := state.Step(e)
	again, commands2 := state.Step(e)
	s.must(text(state) == before, "%s changed its former state on %s", to, e.Data.Kind())
	s.must(same(next, again) && text(commands) == text(commands2), "%s steps differently on the same %s", to, e.Data.Kind())
	return next, commands
}

func opOf(e flow.Event) string {
	if e.Op == "" {
		return ""
	}
	return " (" + e.Op + ")"
}

func summary(commands []flow.Command) string {
	var out []string
	for _, c := range commands {
		if c.Order != nil {
			out = append(out, c.Op)
		} else {
			out = append(out, string(c.Message.Kind())+" to "+string(c.To))
		}
	}
	return strings.Join(out, ", ")
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func same(a, b flow.State) bool { return text(a) == text(b) }

func (s *sim) tracef(format string, args ...any) {
	if !s.told {
		return
	}
	s.trace = append(s.trace, fmt.Sprintf("%6d ", s.result.Steps)+fmt.Sprintf(format, args...))
}

func (s *sim) tail() []string { return s.trace[max(0, len(s.trace)-60):] }

func (s *sim) must(ok bool, format string, args ...any) {
	if !ok {
		panic(Violation{Seed: s.seed, What: fmt.Sprintf(format, args...), Trace: s.tail()})
	}
}

package engine

import (
	"context"
	"sync"

	"muster/internal/core/flow"
	"muster/internal/core/resource"
)

const (
	lookForRoomUS = 2_000_000   // between two looks
	tellOfRoomUS  = 10_000_000  // after which what is lacking is told again
	promiseUS     = 120_000_000 // after which an agent that did not start is forgotten
)

// promise is room that was given to an agent that has not started yet.
type promise struct {
	agent resource.Agent
	atUS  int64
}

// awaitRoom looks until there is room, or says again what is lacking. It
// promises nothing: who starts measures again.
func (h *Hands) awaitRoom(ctx context.Context, o flow.AwaitRoom) (Answer, error) {
	in, err := h.load(ctx, o.Inputs)
	if err != nil {
		return Answer{}, err
	}
	until := h.Clock.NowUS() + tellOfRoomUS
	for {
		lack, reading := h.rooms.room(ctx, in.config.Resources, o.Agent, "")
		if lack.What == "" || h.Clock.NowUS() >= until {
			return Answer{Data: flow.RoomMeasured{Lack: lack, Reading: reading}}, nil
		}
		select {
		case <-h.Clock.After(h.Clock.NowUS() + lookForRoomUS):
		case <-ctx.Done():
			return Answer{}, ctx.Err()
		}
	}
}

// rooms gives agents room on the machine.
type rooms struct {
	machine Machine // nil has room for any number
	clock   Clock

	mu       sync.Mutex
	promised map[string]promise // by owner of the worktree
}

// room asks the policy whether an agent may start, and promises the owner the
// room when it may. No owner means that it is only asked.
func (r *rooms) room(ctx context.Context, l resource.Limits, agent, owner string) (resource.Lack, resource.Reading) {
	if r.machine == nil || l.AgentMemory == 0 && l.FreeDisk == 0 {
		return resource.Lack{}, resource.Reading{}
	}
	reading, next := r.machine.Free(), r.machine.Need(ctx, agent)
	r.mu.Lock()
	defer r.mu.Unlock()
	lack := resource.Room(reading, l, append(r.machine.Running(Roughly), r.waiting(owner)...), next)
	if lack.What == resource.LackMemory {
		lack = resource.Room(reading, l, append(r.machine.Running(Exactly), r.waiting(owner)...), next)
	}
	if lack.What == "" && owner != "" {
		r.promised[owner] = promise{next, r.clock.NowUS()}
	}
	return lack, reading
}

// waiting gives the agents that were promised room and have not started, but
// for the owner's. The lock is held.
func (r *rooms) waiting(owner string) []resource.Agent {
	var out []resource.Agent
	for who, p := range r.promised {
		switch {
		case r.clock.NowUS()-p.atUS > promiseUS:
			delete(r.promised, who)
		case who != owner:
			out = append(out, p.agent)
		}
	}
	return out
}

// started says that the owner's agent runs now, and is measured.
func (r *rooms) started(owner string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.promised, owner)
}

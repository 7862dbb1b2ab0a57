package flow

import (
	"muster/internal/core/job"
	"muster/internal/core/resource"
)

// roomLacked gives the slot back: the machine has no room for the agent now.
func (s *taskStep) roomLacked(d RoomLacked) {
	if s.t.Halting {
		s.halt()
		return
	}
	// Told before the slot is given back, so that no other task gets it.
	s.tell(s.run(), RoomWanted{Task: s.id(), Lack: d.Lack})
	s.freeSlot(job.Usage{}, 0)
	s.want()
	s.t.Why = d.Why
}

// roomWanted keeps all tasks back until the machine has room again. Agents
// that run go on.
func (s *runStep) roomWanted(d RoomWanted) {
	s.r.Lack = d.Lack
	if i := s.node(d.Task); s.r.Await == "" && i >= 0 {
		s.await(s.r.begun.Nodes[i].Agent)
	}
}

// await asks to be told when there is room.
func (s *runStep) await(agent string) {
	s.r.Ops++
	s.r.Await = op(s.r.Ops, CmdAwaitRoom)
	s.out = append(s.out, Command{Op: s.r.Await, Order: AwaitRoom{Inputs: s.r.begun.Inputs, Agent: agent}})
}

// roomMeasured lets tasks start again, or asks once more while one waits for
// room. What could not be measured keeps nobody back: each start measures again.
func (s *runStep) roomMeasured(e Event) {
	s.r.Await, s.r.Lack = "", resource.Lack{}
	d, ok := e.Data.(RoomMeasured)
	if !ok || d.Lack.What == "" || s.r.Stage != Running {
		return
	}
	for i, m := range s.marks {
		if Mark(m) == markWanting {
			s.r.Lack = d.Lack
			s.await(s.r.begun.Nodes[i].Agent)
			return
		}
	}
}

package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"muster/internal/core/flow"
	"muster/internal/core/job"
)

// turns holds how many turns the attempts under way have begun, as far as
// they are looked at. It is lost with the process: whoever adopts an attempt
// counts from its beginning.
type turns struct {
	mu    sync.Mutex
	begun map[string]map[string]int64 // run → operation
}

func (t *turns) set(run, op string, n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.begun[run] == nil {
		t.begun[run] = map[string]int64{}
	}
	t.begun[run][op] = n
}

func (t *turns) forget(run, op string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if delete(t.begun[run], op); len(t.begun[run]) == 0 {
		delete(t.begun, run)
	}
}

// beside gives the turns of all attempts of a run but one.
func (t *turns) beside(run, op string) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	sum := int64(0)
	for other, n := range t.begun[run] {
		if other != op {
			sum += n
		}
	}
	return sum
}

// waitTurns waits for the attempt's end. Where a budget of turns bounds it, the
// agent is asked to end as soon as its last turn is over, and the budget is
// given. Looking at turns is best effort: whatever fails of it, they are counted
// at the end.
func waitTurns(ctx context.Context, h *Hands, a job.Attempt, o flow.StartAttempt) (job.Exit, *job.Budget, error) {
	if !slices.ContainsFunc(a.Gateway.Budgets, func(b job.Budget) bool { return b.Turns > 0 }) {
		exit, err := h.Operations.Wait(ctx, a.Op)
		return exit, nil, err
	}
	var usedUp *job.Budget
	looking, ended := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		_ = h.Agents.Turns(looking, a, func(begun, over int64) bool {
			h.turns.set(o.Run, a.Op, begun)
			full := fullTurns(looking, h, a, o, over)
			if over == 0 || full == nil || h.Operations.Stop(looking, a.Op) != nil {
				return false
			}
			usedUp = full
			return true
		})
	})
	exit, err := h.Operations.Wait(ctx, a.Op)
	ended()
	done.Wait()
	h.turns.forget(o.Run, a.Op)
	return exit, usedUp, err
}

// fullTurns gives the budget that has no room for another turn once the attempt
// has taken so many; nil when there is none. Budgets are read as they stand
// now: other attempts have ended, and a person may have raised them.
func fullTurns(ctx context.Context, h *Hands, a job.Attempt, o flow.StartAttempt, taken int64) *job.Budget {
	now, err := budgets(ctx, h.Log, o)
	if err != nil {
		now = slices.Clone(a.Gateway.Budgets)
	}
	for i := range now {
		if now[i].Scope == job.OfRun {
			now[i].Spent.Turns += h.turns.beside(o.Run, a.Op)
		}
	}
	return job.FullTurns(now, taken)
}

// endedByTurns gives the outcome of an attempt that was asked to end because a
// budget of turns is used up.
func endedByTurns(out job.Outcome, b *job.Budget) job.Outcome {
	if out.Kind == job.Halted && b != nil {
		out.Kind, out.Budget = job.Limit, b.Scope
		out.Message = fmt.Sprintf("the %s's budget of %s is used up", b.Scope, job.Turns(b.Turns))
	}
	return out
}

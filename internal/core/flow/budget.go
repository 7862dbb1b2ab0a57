package flow

import (
	"cmp"
	"fmt"

	"muster/internal/core/job"
)

// Use is money, agent time, tokens and turns.
type Use struct {
	MicroUSD int64 `json:"u,omitempty"`
	TimeMS   int64 `json:"t,omitempty"`
	Tokens   int64 `json:"k,omitempty"`
	Turns    int64 `json:"n,omitempty"`
}

// Bounds are what bounds a task now; 0 means none, or what the plan says.
type Bounds struct {
	MicroUSD int64 `json:"micro_usd,omitempty"` // budget in force
	LimitMS  int64 `json:"limit_ms,omitempty"`  // agent time in force
	Tokens   int64 `json:"tokens,omitempty"`    // that a person gave instead of the plan's
	Turns    int64 `json:"turns,omitempty"`     // the same
}

// given gives the bound that a person gave, or else the one that was.
func given(bound, was int64) int64 {
	if bound > 0 {
		return bound
	}
	return was
}

// Budget gives the bounds in force on what the task may spend; 0 means none.
func (t Task) Budget() Use {
	return Use{MicroUSD: t.MicroUSD, TimeMS: t.LimitMS, Tokens: cmp.Or(t.Tokens, t.begun.Node.Tokens), Turns: cmp.Or(t.Turns, t.begun.Node.Turns)}
}

func (t Task) overBudget() string {
	tokens, turns := t.Budget().Tokens, t.Budget().Turns
	switch {
	case t.MicroUSD > 0 && t.Spent.CostMicroUSD >= t.MicroUSD:
		return fmt.Sprintf("the task's budget of %s is used up", usd(t.MicroUSD))
	case t.LimitMS > 0 && t.TimeUS/1000 >= t.LimitMS:
		return fmt.Sprintf("the task's agent time of %s is used up", minutes(t.LimitMS))
	case tokens > 0 && t.Spent.Tokens() >= tokens:
		return fmt.Sprintf("the task's budget of %d tokens is used up", tokens)
	case turns > 0 && t.Spent.Turns >= turns:
		return fmt.Sprintf("the task's budget of %s is used up", job.Turns(turns))
	}
	return ""
}

func usd(micro int64) string { return fmt.Sprintf("$%d.%02d", micro/1e6, micro%1e6/1e4) }

func minutes(ms int64) string {
	if ms%60000 == 0 {
		return fmt.Sprintf("%d min", ms/60000)
	}
	return fmt.Sprintf("%.1f s", float64(ms)/1000)
}

// reserve gives what task i may still spend of its own budget.
func (s *runStep) reserve(i int) Use {
	n := s.r.begun.Nodes[i]
	r := Use{MicroUSD: n.MicroUSD, TimeMS: n.TimeMS, Tokens: n.Tokens, Turns: n.Turns}
	if s.r.Used != nil {
		u := s.r.Used[i]
		r = Use{
			MicroUSD: max(r.MicroUSD-u.MicroUSD, 0), TimeMS: max(r.TimeMS-u.TimeMS, 0),
			Tokens: max(r.Tokens-u.Tokens, 0), Turns: max(r.Turns-u.Turns, 0),
		}
	}
	return r
}

// raise gives the command that gives a run more budget.
func raise(name string) string {
	return fmt.Sprintf("muster resume %s --usd N --minutes N --tokens N --turns N", name)
}

// exhausted says why the budget has no room for another attempt of task i:
// spend plus the reservations of all attempts under way, and this one's, must
// stay within it.
func (s *runStep) exhausted(i int) string {
	l, own := s.r.Limits, s.reserve(i)
	spent := Use{MicroUSD: s.r.Spent.CostMicroUSD, TimeMS: s.r.TimeUS / 1000, Tokens: s.r.Spent.Tokens(), Turns: s.r.Spent.Turns}
	left := Use{
		MicroUSD: l.MicroUSD - spent.MicroUSD, TimeMS: l.TimeMS - spent.TimeMS,
		Tokens: l.Tokens - spent.Tokens, Turns: l.Turns - spent.Turns,
	}
	for j, m := range s.marks {
		if Mark(m) == markHolding || j == i {
			r := s.reserve(j)
			left.MicroUSD -= r.MicroUSD
			left.TimeMS -= r.TimeMS
			left.Tokens -= r.Tokens
			left.Turns -= r.Turns
		}
	}
	full := func(limit, left, own int64) bool { return limit > 0 && (left < 0 || left == 0 && own == 0) }
	used := ""
	switch {
	case full(l.MicroUSD, left.MicroUSD, own.MicroUSD):
		used = usd(spent.MicroUSD) + " of the budget of " + usd(l.MicroUSD)
	case full(l.TimeMS, left.TimeMS, own.TimeMS):
		used = minutes(spent.TimeMS) + " of " + minutes(l.TimeMS) + " agent time"
	case full(l.Tokens, left.Tokens, own.Tokens):
		used = fmt.Sprintf("%d of %d tokens", spent.Tokens, l.Tokens)
	case full(l.Turns, left.Turns, own.Turns):
		used = fmt.Sprintf("%d of %d turns", spent.Turns, l.Turns)
	default:
		return ""
	}
	return fmt.Sprintf("%s are used, and no room is left for another attempt of %s", used, s.r.begun.Nodes[i].ID)
}

package flow

import "muster/internal/core/plan"

// LimitsFrom takes each bound from the first budget that gives it.
func LimitsFrom(rounds int, budgets ...plan.Budget) Limits {
	out := Limits{Rounds: rounds}
	for _, b := range budgets {
		if out.Parallel == 0 {
			out.Parallel = b.Parallel
		}
		if out.MicroUSD == 0 {
			out.MicroUSD = b.MicroUSD
		}
		if out.TimeMS == 0 {
			out.TimeMS = b.TimeMS
		}
		if out.Tokens == 0 {
			out.Tokens = b.Tokens
		}
		if out.Turns == 0 {
			out.Turns = b.Turns
		}
	}
	out.Parallel = max(out.Parallel, 1)
	return out
}

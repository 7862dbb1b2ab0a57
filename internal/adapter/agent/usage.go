package agent

import (
	"encoding/json"
	"math"

	"muster/internal/core/job"
)

// maxCount bounds every number an agent reports, so that sums cannot
// overflow. In micro-USD it is a billion dollars.
const maxCount = 1_000_000_000_000_000

// count is a number in an agent's output: whatever else stands there is 0,
// fractions are rounded, and the result lies between 0 and maxCount.
type count int64

func (c *count) UnmarshalJSON(b []byte) error {
	var f float64
	if json.Unmarshal(b, &f) != nil {
		f = 0
	}
	*c = count(bounded(f))
	return nil
}

// dollars is an amount of money in an agent's output, in micro-USD.
type dollars int64

func (d *dollars) UnmarshalJSON(b []byte) error {
	var f float64
	if json.Unmarshal(b, &f) != nil {
		f = 0
	}
	*d = dollars(bounded(f * 1e6))
	return nil
}

func bounded(f float64) int64 {
	switch {
	case !(f > 0): // also when it is not a number
		return 0
	case f >= maxCount:
		return maxCount
	}
	return int64(math.Round(f))
}

// sinceBefore gives this attempt's part of a session's total. Agents count
// over the whole session. A total below what was counted before means that
// the agent started counting anew, so all of it belongs to this attempt.
func sinceBefore(a job.Attempt, total job.Usage) job.Usage {
	if a.Session == "" {
		return total
	}
	p := a.Previous
	d := job.Usage{
		Input: total.Input - p.Input, CacheRead: total.CacheRead - p.CacheRead, CacheWrite: total.CacheWrite - p.CacheWrite,
		Output: total.Output - p.Output, Reasoning: total.Reasoning - p.Reasoning,
		CostMicroUSD: total.CostMicroUSD - p.CostMicroUSD, CostUnknown: total.CostUnknown,
	}
	if min(d.Input, d.CacheRead, d.CacheWrite, d.Output, d.Reasoning, d.CostMicroUSD) < 0 {
		return total
	}
	return d
}

// bookUsage fills an outcome's usage from the session's total. Without a
// report (an attempt that was killed) the session's total is what it was.
func bookUsage(a job.Attempt, out *job.Outcome, total *job.Usage) {
	switch {
	case total != nil:
		out.Total, out.Usage = *total, sinceBefore(a, *total)
	case a.Session != "":
		out.Total = a.Previous
	}
}

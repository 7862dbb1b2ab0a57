package meter

import "muster/internal/core/job"

// Amount is what counts against a budget.
type Amount struct {
	MicroUSD int64 `json:"micro_usd,omitempty"`
	Tokens   int64 `json:"tokens,omitempty"` // input, output and cache writes
}

// Add gives the sum.
func (a Amount) Add(b Amount) Amount { return Amount{a.MicroUSD + b.MicroUSD, a.Tokens + b.Tokens} }

// Sub gives the difference.
func (a Amount) Sub(b Amount) Amount { return Amount{a.MicroUSD - b.MicroUSD, a.Tokens - b.Tokens} }

// Max gives the larger of each.
func (a Amount) Max(b Amount) Amount {
	return Amount{max(a.MicroUSD, b.MicroUSD), max(a.Tokens, b.Tokens)}
}

// AmountOf gives what a usage counts.
func AmountOf(u job.Usage) Amount { return Amount{u.CostMicroUSD, u.Tokens()} }

// Request is what is known of a request before it is sent.
type Request struct {
	Bytes     int64 // of the body, attached pictures and files left out
	Attached  int64 // how many pictures and files are attached
	MaxOutput int64 // tokens that the answer may have, as the request says; 0 when it does not
}

// Estimate is what a request may consume.
type Estimate struct {
	Likely Amount // booked when nobody says what it really was
	Most   Amount // kept free for it while it is under way
}

// Booked is what is booked for a request of which nobody knows what it took:
// what it was likely to take, or what is known to be taken, whichever is more.
// Tokens that are only likely count as output.
func (e Estimate) Booked(known job.Usage) job.Usage {
	known.CostMicroUSD = max(known.CostMicroUSD, e.Likely.MicroUSD)
	if missing := e.Likely.Tokens - known.Tokens(); missing > 0 {
		known.Output += missing
	}
	return known
}

// How requests are estimated. Text and JSON of code take about four bytes a
// token with the tokenizers of today, and hardly ever less than two.
const (
	bytesLikely    = 4
	bytesLeast     = 2
	attachedLikely = 1_600 // tokens of a picture of usual size
	attachedMost   = 6_000
	outputLikely   = 4_096
	outputMost     = 32_000 // answers are hardly ever longer, whatever a request allows
)

// Guess estimates a request at a price.
func Guess(r Request, p Price) Estimate {
	allowed := r.MaxOutput
	if allowed <= 0 || allowed > outputMost {
		allowed = outputMost
	}
	guess := func(in, out int64) Amount {
		t := Tokens{Usage: job.Usage{Input: in, Output: out}}
		write := Tokens{Usage: job.Usage{CacheWrite: in, Output: out}}
		return Amount{MicroUSD: max(p.Cost(t), p.Cost(write)), Tokens: t.Tokens()}
	}
	return Estimate{
		Likely: guess(r.Bytes/bytesLikely+r.Attached*attachedLikely+1, min(allowed, outputLikely)),
		Most:   guess(r.Bytes/bytesLeast+r.Attached*attachedMost+1, allowed),
	}
}

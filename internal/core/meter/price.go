// Package meter counts what requests to models cost, and keeps what agents
// spend within budgets. It is pure: the gateway tells it of every request
// before and after, and asks it whether the next one may start.
//
// Money is micro-USD. A price is micro-USD for a million tokens, so a cost is
// tokens times price divided by a million, summed before it is divided and
// rounded up.
package meter

import (
	"math/bits"
	"regexp"
	"strings"

	"muster/internal/core/job"
)

// Tokens is what a model's service said a request consumed.
type Tokens struct {
	job.Usage       // its Cost fields are not used; Input excludes cache reads and writes
	WriteHour int64 // of CacheWrite: what was written for an hour, which costs more
}

// Price is micro-USD for a million tokens.
type Price struct {
	Input      int64 `json:"input"`
	Output     int64 `json:"output"`
	CacheRead  int64 `json:"cache_read"`
	CacheWrite int64 `json:"cache_write"`

	Above int64  `json:"above,omitempty"` // input tokens, cached ones included, above which Long holds; 0: never
	Long  *Price `json:"long,omitempty"`
}

// hourly is what a cache write for an hour costs as a multiple of input, by
// the price list of the only provider that has such writes (Anthropic).
const hourly = 2

// Cost gives what the tokens cost, in micro-USD, rounded up. Counts and prices
// below zero count as zero; a sum too large for an int64 gives the largest.
func (p Price) Cost(t Tokens) int64 {
	if p.Long != nil && p.Above > 0 && t.Input+t.CacheRead+t.CacheWrite > p.Above {
		return p.Long.Cost(t)
	}
	hour := min(max(t.WriteHour, 0), max(t.CacheWrite, 0))
	var s sum
	s.add(t.Input, p.Input)
	s.add(t.CacheRead, p.CacheRead)
	s.add(t.CacheWrite-hour, p.CacheWrite)
	s.add(hour, max(p.CacheWrite, hourly*p.Input))
	s.add(t.Output, p.Output)
	return s.perMillion()
}

// sum is a sum of products, in 128 bits.
type sum struct{ hi, lo uint64 }

func (s *sum) add(tokens, price int64) {
	hi, lo := bits.Mul64(uint64(max(tokens, 0)), uint64(max(price, 0)))
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, lo, 0)
	s.hi, _ = bits.Add64(s.hi, hi, carry)
}

func (s sum) perMillion() int64 {
	const million, largest = 1_000_000, 1<<63 - 1
	if s.hi >= million {
		return largest
	}
	q, r := bits.Div64(s.hi, s.lo, million)
	if r > 0 {
		q++
	}
	if q > largest {
		return largest
	}
	return int64(q)
}

// Times gives the price multiplied by a number of tenths, rounded up.
func (p Price) Times(tenths int64) Price {
	by := func(n int64) int64 { return (n*tenths + 9) / 10 }
	out := Price{Input: by(p.Input), Output: by(p.Output), CacheRead: by(p.CacheRead), CacheWrite: by(p.CacheWrite), Above: p.Above}
	if p.Long != nil {
		long := p.Long.Times(tenths)
		out.Long = &long
	}
	return out
}

// Source says where the price of a model is from.
type Source string

// Where a price can be from, in the order in which they are asked.
const (
	Own     Source = "own"       // a person set it
	Newer   Source = "refreshed" // from the table that was fetched last
	BuiltIn Source = "built_in"  // from the table of this version
	Free    Source = "free"      // it has none, and runs on a machine of the person's own
	Unknown Source = "unknown"
)

// Lists are what prices are taken from.
type Lists struct {
	Own   map[string]Price // by model
	Newer Table            // as fetched last; the zero value when none was
	Free  bool             // a model without a price costs nothing, unless it is one that only its vendor has
}

// Prices finds the price of a model. The zero value knows none.
type Prices struct {
	own    map[string]Price
	newer  map[string]Price
	models map[string]Price
	free   bool
}

// NewPrices gives the prices of lists, and of the table of this version for
// what they do not have.
func NewPrices(l Lists) Prices {
	return Prices{own: l.Own, newer: l.Newer.Models, models: Standard().Models, free: l.Free}
}

// Find gives the price of a model, and whether there is one.
func (p Prices) Find(vendor, model string) (Price, bool) {
	price, from := p.Lookup(vendor, model)
	return price, from != Unknown
}

// Lookup gives the price of a model, and where it is from. A name is looked up
// as it is, then without what routers put before it, then without the date or
// "latest" at its end.
func (p Prices) Lookup(vendor, model string) (Price, Source) {
	dated := regexp.MustCompile(`(-\d{8}|-\d{4}-\d{2}-\d{2}|-latest|\[1m\])$`)
	model = strings.ToLower(strings.TrimSpace(model))
	names := []string{model}
	if i := strings.LastIndex(model, "/"); i >= 0 {
		names = append(names, model[i+1:])
	}
	for _, n := range names {
		names = append(names, dated.ReplaceAllString(n, ""))
	}
	for _, n := range names {
		if price, ok := p.own[n]; ok {
			return price, Own
		}
	}
	vendors := []string{vendor, "anthropic", "openai", "gemini"} // a server may speak another's dialect
	if !p.free {
		vendors = append(vendors, "deepseek", "mistral", "moonshotai", "xai", "zai", "alibaba") // whose models others run as well
	}
	for _, n := range names {
		for _, v := range vendors {
			if price, ok := p.newer[v+" "+n]; ok {
				return price, Newer
			}
			if price, ok := p.models[v+" "+n]; ok {
				return price, BuiltIn
			}
		}
	}
	if p.free {
		return Price{}, Free
	}
	return Price{}, Unknown
}

package meter_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"muster/internal/core/job"
	"muster/internal/core/meter"
)

func tokens(in, read, write, out int64) meter.Tokens {
	return meter.Tokens{Usage: job.Usage{Input: in, CacheRead: read, CacheWrite: write, Output: out}}
}

func TestCost(t *testing.T) {
	long := meter.Price{Input: 6e6, Output: 20e6, CacheRead: 1e6, CacheWrite: 7e6}
	p := meter.Price{Input: 3e6, Output: 15e6, CacheRead: 300_000, CacheWrite: 3_750_000, Above: 200_000, Long: &long}
	hour := tokens(0, 0, 1_000_000, 0)
	hour.WriteHour = 1_000_000
	for _, c := range []struct {
		t    meter.Tokens
		want int64
	}{
		{tokens(0, 0, 0, 0), 0},
		{tokens(1234, 300, 100, 56), 3702 + 90 + 375 + 840},
		{tokens(1, 0, 0, 0), 3},
		{tokens(0, 1, 0, 0), 1}, // 0.3, rounded up
		{tokens(-5, 0, 0, -5), 0},
		{tokens(200_000, 0, 0, 0), 600_000},
		{tokens(200_000, 1, 0, 0), 1_200_001},
		{tokens(math.MaxInt64, 0, 0, math.MaxInt64), math.MaxInt64},
		{hour, 7_000_000 + 5_000_000}, // of the long price: twice its input
	} {
		if got := p.Cost(c.t); got != c.want {
			t.Errorf("%+v costs %d, want %d", c.t, got, c.want)
		}
	}
	if got := p.Times(25); got.Input != 7_500_000 || got.Long.Output != 50e6 || got.CacheRead != 750_000 {
		t.Errorf("%+v", got)
	}
}

func TestPrices(t *testing.T) {
	p := meter.NewPrices(meter.Lists{Own: map[string]meter.Price{"house": {Input: 1}, "gpt-5": {Input: 9}}})
	for _, c := range []struct {
		provider, model string
		input           int64
		ok              bool
	}{
		{"anthropic", "claude-opus-4-5-20251101", 5e6, true},
		{"anthropic", "claude-opus-4-5-20991231", 5e6, true},
		{"anthropic", "claude-sonnet-4-5[1m]", 3e6, true},
		{"openai", "gpt-5.5", 5e6, true},
		{"openai", "openai/gpt-5.5-2026-04-23", 5e6, true},
		{"openai", "gpt-5", 9, true},
		{"openai", "HOUSE", 1, true},
		{"openai", "claude-opus-4-5", 5e6, true}, // by a server that speaks another's dialect
		{"gemini", "gemini-2.5-pro", 1_250_000, true},
		{"openai", "fake-model", 0, false},
		{"", "", 0, false},
	} {
		if got, ok := p.Find(c.provider, c.model); got.Input != c.input || ok != c.ok {
			t.Errorf("%s %s: %+v %v", c.provider, c.model, got, ok)
		}
	}
	if got, _ := p.Find("gemini", "gemini-2.5-pro"); got.Above != 200_000 || got.Long == nil || got.Long.Input != 2_500_000 {
		t.Errorf("of long requests: %+v", got)
	}
	free := meter.NewPrices(meter.Lists{Own: map[string]meter.Price{"house": {Input: 1}}, Free: true})
	if got, ok := free.Find("openai", "gpt-5.5"); !ok || got.Input != 5e6 {
		t.Errorf("a model that only its vendor has, through a server of one's own: %+v %v", got, ok)
	}
	if got, ok := free.Find("openai", "qwen3-32b"); !ok || got != (meter.Price{}) {
		t.Errorf("on a server of one's own: %+v %v", got, ok)
	}
	if got, _ := free.Find("openai", "house"); got.Input != 1 {
		t.Error("a person's own price does not count on a server of their own")
	}
	if _, ok := (meter.Prices{}).Find("openai", "gpt-5"); ok {
		t.Error("the zero value knows a price")
	}
}

func TestGuess(t *testing.T) {
	p := meter.Price{Input: 1e6, Output: 10e6, CacheWrite: 2e6}
	e := meter.Guess(meter.Request{Bytes: 4000, MaxOutput: 100}, p)
	if e.Likely != (meter.Amount{MicroUSD: 2*1001 + 1000, Tokens: 1101}) || e.Most != (meter.Amount{MicroUSD: 2*2001 + 1000, Tokens: 2101}) {
		t.Errorf("%+v", e)
	}
	e = meter.Guess(meter.Request{Attached: 1}, meter.Price{Output: 1e6})
	if e.Likely.Tokens != 1601+4096 || e.Most.Tokens != 6001+32_000 || e.Most.MicroUSD != 32_000 {
		t.Errorf("without a bound on the answer: %+v", e)
	}
}

func TestBooked(t *testing.T) {
	e := meter.Estimate{Likely: meter.Amount{MicroUSD: 10, Tokens: 100}}
	if got := e.Booked(job.Usage{CostMicroUSD: 3, Input: 7}); got != (job.Usage{CostMicroUSD: 10, Input: 7, Output: 93}) {
		t.Errorf("of little that is known: %+v", got)
	}
	if got := e.Booked(job.Usage{CostMicroUSD: 30, Input: 700}); got != (job.Usage{CostMicroUSD: 30, Input: 700}) {
		t.Errorf("of much that is known: %+v", got)
	}
}

func TestBookWaitsAndRefuses(t *testing.T) {
	b := meter.NewBook()
	b.Limit("task", meter.Amount{MicroUSD: 100})
	e := meter.Estimate{Likely: meter.Amount{MicroUSD: 10}, Most: meter.Amount{MicroUSD: 60}}
	reserve := func(id string) meter.Answer {
		t.Helper()
		d, err := b.Reserve(id, []string{"task", "run"}, e)
		if err != nil {
			t.Fatal(err)
		}
		return d.Answer
	}
	if got := reserve("a"); got != meter.Admitted {
		t.Fatal(got)
	}
	if got := reserve("b"); got != meter.Waits {
		t.Fatalf("with %s under way", got)
	}
	if _, err := b.Reserve("a", nil, e); err == nil {
		t.Error("an id is taken twice")
	}
	if !b.Settle("a", job.Usage{CostMicroUSD: 85}) || b.Settle("a", job.Usage{CostMicroUSD: 85}) {
		t.Error("a request is not settled once")
	}
	if got := reserve("b"); got != meter.Admitted { // alone: 85 and 10 fit
		t.Fatal(got)
	}
	b.Settle("b", e.Booked(job.Usage{CostMicroUSD: 3, Input: 7}))
	d, err := b.Reserve("c", []string{"run", "task"}, e)
	if err != nil || d.Answer != meter.Refused || d.Scope != "task" || d.Spent.MicroUSD != 95 || d.Limit.MicroUSD != 100 || d.Needs.MicroUSD != 10 {
		t.Errorf("%+v %v", d, err)
	}
	b.Limit("task", meter.Amount{MicroUSD: 200})
	if got := reserve("c"); got != meter.Admitted {
		t.Errorf("after the limit was raised: %s", got)
	}
	if b.Spent("run").MicroUSD != 95 || b.Spent("none") != (meter.Amount{}) {
		t.Error("the run has not what its task has")
	}
	if open := b.Open(); len(open) != 1 || open[0] != "c" {
		t.Error(open)
	}
	b.Limit("tokens", meter.Amount{Tokens: 5})
	if d, _ := b.Reserve("d", []string{"tokens"}, meter.Estimate{Likely: meter.Amount{Tokens: 6}, Most: meter.Amount{Tokens: 6}}); d.Answer != meter.Refused {
		t.Error("a limit of tokens does not hold")
	}
}

// TestSpendStaysWithinLimits: whatever comes in whatever order, what is spent
// passes no limit by more than the error in the estimate of one request.
func TestSpendStaysWithinLimits(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		b := meter.NewBook()
		limits := map[string]meter.Amount{}
		for _, name := range []string{"run", "t0", "t1", "t2"} {
			limits[name] = meter.Amount{MicroUSD: r.Int64N(3000), Tokens: r.Int64N(3000)}
			b.Limit(name, limits[name])
		}
		type request struct {
			scopes []string
			e      meter.Estimate
		}
		open := map[string]request{}
		worst := meter.Amount{}
		admitted := 0
		for n := range 300 {
			if len(open) == 0 || r.IntN(3) > 0 {
				likely := meter.Amount{MicroUSD: r.Int64N(90), Tokens: r.Int64N(90)}
				q := request{[]string{"run", fmt.Sprintf("t%d", r.IntN(3))}, meter.Estimate{Likely: likely, Most: likely.Add(meter.Amount{MicroUSD: r.Int64N(400), Tokens: r.Int64N(400)})}}
				id := fmt.Sprint(n)
				d, err := b.Reserve(id, q.scopes, q.e)
				if err != nil {
					t.Fatal(err)
				}
				switch d.Answer {
				case meter.Admitted:
					open[id], admitted = q, admitted+1
				case meter.Waits:
					if len(open) == 0 {
						t.Fatalf("seed %d: a request waits for nothing", seed)
					}
				case meter.Refused:
				}
				continue
			}
			ids := b.Open()
			id := ids[r.IntN(len(ids))]
			q := open[id]
			delete(open, id)
			if r.IntN(4) == 0 {
				b.Settle(id, q.e.Booked(job.Usage{}))
				continue
			}
			took := meter.Amount{MicroUSD: r.Int64N(q.e.Most.MicroUSD + 1), Tokens: r.Int64N(q.e.Most.Tokens + 1)}
			b.Settle(id, job.Usage{Input: took.Tokens, CostMicroUSD: took.MicroUSD})
			worst = worst.Max(took.Sub(q.e.Likely))
			for name, l := range limits {
				s := b.Spent(name)
				if l.MicroUSD > 0 && s.MicroUSD > l.MicroUSD+worst.MicroUSD || l.Tokens > 0 && s.Tokens > l.Tokens+worst.Tokens {
					t.Fatalf("seed %d: %s spent %+v of %+v, and the worst error is %+v", seed, name, s, l, worst)
				}
			}
		}
		if admitted == 0 {
			t.Fatalf("seed %d admitted nothing", seed)
		}
	}
}

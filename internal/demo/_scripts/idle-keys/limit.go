// Package limit bounds how often each client may ask.
package limit

import (
	"math"
	"sync"
	"time"
)

// Limiter holds one token bucket for each key. It may be used by many
// goroutines at once.
type Limiter struct {
	mu    sync.Mutex
	rate  float64 // tokens per second
	burst float64
	now   func() time.Time
	keys  map[string]bucket
	sweep time.Time // when idle keys were forgotten last
}

// bucket is what one key had left at a moment.
type bucket struct {
	tokens float64
	at     time.Time
}

// New gives a limiter that lets each key ask burst times at once, and rate
// times per second in the long run. The clock is now.
func New(rate float64, burst int, now func() time.Time) *Limiter {
	return &Limiter{rate: rate, burst: float64(burst), now: now, keys: map[string]bucket{}, sweep: now()}
}

// Allow reports whether key may ask now. When it may not, wait says how long
// it has to wait for its next token.
func (l *Limiter) Allow(key string) (ok bool, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget()
	b := l.refill(key)
	if b.tokens < 1 {
		l.keys[key] = b
		return false, time.Duration((1 - b.tokens) / l.rate * float64(time.Second))
	}
	b.tokens--
	l.keys[key] = b
	return true, 0
}

// Keys gives the number of clients held.
func (l *Limiter) Keys() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.keys)
}

// forget drops the buckets that are full again: a missing one behaves alike.
// It looks at most once in the time an empty bucket takes to fill, so that
// the cost for each request stays bounded.
func (l *Limiter) forget() {
	now := l.now()
	if now.Sub(l.sweep).Seconds() < l.burst/l.rate {
		return
	}
	l.sweep = now
	for key, b := range l.keys {
		if b.tokens+now.Sub(b.at).Seconds()*l.rate >= l.burst {
			delete(l.keys, key)
		}
	}
}

// refill gives the bucket of key with the tokens of the time that has passed.
func (l *Limiter) refill(key string) bucket {
	now := l.now()
	b, ok := l.keys[key]
	if !ok {
		return bucket{tokens: l.burst, at: now}
	}
	b.tokens = math.Min(l.burst, b.tokens+now.Sub(b.at).Seconds()*l.rate)
	b.at = now
	return b
}

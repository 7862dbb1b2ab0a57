package limit

import (
	"testing"
	"time"
)

// clock is a clock that a test moves by hand.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time          { return c.now }
func (c *clock) Advance(d time.Duration) { c.now = c.now.Add(d) }

func newClock() *clock { return &clock{now: time.Unix(1_700_000_000, 0)} }

func TestBurstThenWait(t *testing.T) {
	c := newClock()
	l := New(2, 3, c.Now)
	for i := range 3 {
		if ok, _ := l.Allow("a"); !ok {
			t.Fatalf("request %d refused within the burst", i)
		}
	}
	ok, wait := l.Allow("a")
	if ok || wait != 500*time.Millisecond {
		t.Errorf("after the burst: %v, wait %v; want false, 500ms", ok, wait)
	}
}

func TestTokensComeBack(t *testing.T) {
	c := newClock()
	l := New(1, 1, c.Now)
	l.Allow("a")
	c.Advance(time.Second)
	if ok, _ := l.Allow("a"); !ok {
		t.Error("no token after a second")
	}
	if ok, _ := l.Allow("a"); ok {
		t.Error("two tokens after a second")
	}
}

func TestKeysAreApart(t *testing.T) {
	l := New(1, 1, newClock().Now)
	l.Allow("a")
	if ok, _ := l.Allow("b"); !ok {
		t.Error("b pays for a")
	}
}

package limit

import (
	"testing"
	"time"
)

func TestIdleKeysAreForgotten(t *testing.T) {
	c := newClock()
	l := New(1, 4, c.Now)
	l.Allow("idle")
	c.Advance(3 * time.Second)
	for range 4 {
		l.Allow("busy")
	}
	if got := l.Keys(); got != 2 {
		t.Fatalf("%d keys before the sweep is due, want 2", got)
	}
	c.Advance(time.Second)
	l.Allow("busy")
	if got := l.Keys(); got != 1 {
		t.Errorf("%d keys after the sweep, want the busy one", got)
	}
	if ok, _ := l.Allow("busy"); ok {
		t.Error("the busy key was forgotten with its debt")
	}
}

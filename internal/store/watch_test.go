package store

import (
	"path/filepath"
	"testing"

	"muster/internal/core/flow"
)

// TestNotices hears of what another store of the same ledger writes.
func TestNotices(t *testing.T) {
	dir := t.TempDir()
	s, other := open(t, dir), open(t, dir)
	before, err := s.Changed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n := listen(s.dir)
	if n == nil {
		t.Fatal("the kernel gives no notices of a folder on a local disk")
	}
	defer n.close()
	if err := other.Send(t.Context(), flow.Message{ID: "m", To: "run/r", Kind: "k", Actor: "person:p"}); err != nil {
		t.Fatal(err)
	}
	<-n.written()
	if after, err := s.Changed(t.Context()); err != nil || after == before {
		t.Errorf("version %d, then %d, %v", before, after, err)
	}
	var none *notices
	if none = listen(filepath.Join(dir, "none")); none != nil || none.written() != nil {
		t.Error("there are notices of a folder that is not there")
	}
	none.close()
}

// TestWaitChangeQuietly waits until it is quiet before anything changes.
func TestWaitChangeQuietly(t *testing.T) {
	dir := t.TempDir()
	s, other := open(t, dir), open(t, dir)
	v, err := s.Changed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := s.WaitChange(t.Context(), v, 1) // a nanosecond: quiet at once
		done <- err
	}()
	for i := range 20 {
		if err := other.Send(t.Context(), flow.Message{ID: string(rune('a' + i)), To: "run/r", Kind: "k", Actor: "person:p"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

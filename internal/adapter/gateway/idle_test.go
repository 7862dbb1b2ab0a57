package gateway

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A gateway ends when no door was used for a while and no attempt lives, and
// its doors are there for the next one.
func TestEndsByItself(t *testing.T) {
	dir := t.TempDir()
	alive := filepath.Join(dir, "alive")
	f, err := os.Create(alive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	j := openTest(t, dir)
	s := newServer(dir, j, Options{})
	spec := Door{Name: "run.task.1", Alive: alive}
	if err := writeDoor(dir, spec); err != nil {
		t.Fatal(err)
	}
	if err := s.open(spec); err != nil {
		t.Fatal(err)
	}
	if s.isIdle(0) {
		t.Error("it ends while an attempt lives")
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_UN); err != nil {
		t.Fatal(err)
	}
	if s.isIdle(time.Hour) {
		t.Error("it ends although a door was used a moment ago")
	}
	if !s.isIdle(0) {
		t.Error("it does not end although nobody needs it")
	}
	d := s.doors["run.task.1"]
	_, end := d.begin()
	if s.isIdle(0) {
		t.Error("it ends while a request is at work")
	}
	end()
	d.used = time.Now().Add(-2 * forgotten)
	if !s.isIdle(0) || len(s.doors) != 0 {
		t.Error("a door that nobody closed is open for ever")
	}
	s.shut()

	// What the next one finds: a door that was open, and not one that was closed.
	if err := writeDoor(dir, Door{Name: "run.task.2"}); err != nil {
		t.Fatal(err)
	}
	s = newServer(dir, j, Options{})
	s.reopen()
	if len(s.doors) != 1 || s.doors["run.task.2"] == nil {
		t.Errorf("opened %v", s.doors)
	}
	s.shut()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.untilIdle(ctx, 0) // ends with its context
}

// A gateway that finds another one about to end waits for its end; it leaves
// when the other one serves, and when it is told to.
func TestWaitsForTheFormerOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), lockFile)
	former, err := tryLock(path)
	if err != nil || former == nil {
		t.Fatal(former, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if lock, err := lockUnless(ctx, path, func() bool { return true }); lock != nil || err != nil {
		t.Errorf("beside one that serves: %v, %v", lock, err)
	}
	looks := 0
	lock, err := lockUnless(ctx, path, func() bool {
		if looks++; looks == 2 {
			_ = former.Close()
		}
		return false
	})
	if lock == nil || err != nil || looks != 2 {
		t.Fatalf("after the end of the former one: %v, %v, %d looks", lock, err, looks)
	}
	defer lock.Close()
	if other, err := lockUnless(ctx, path, func() bool { cancel(); return false }); other != nil || err != nil {
		t.Errorf("when it is to end: %v, %v", other, err)
	}
	if lock, err := lockUnless(t.Context(), filepath.Join(path, "none"), func() bool { return true }); lock != nil || err == nil {
		t.Errorf("where there is no folder: %v, %v", lock, err)
	}
}

package store

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// heldWait bounds how long Held waits for processes that take the lock or open
// the ledger just now, which takes them milliseconds.
const heldWait = 2 * time.Second

// Held reports whether anybody, in this process or another, holds the engine
// lock.
func (s *Store) Held() (bool, error) {
	held, err := s.probe()
	return held, failed(err, "look at the engine lock of %s", s.dir)
}

// probe asks by taking the lock, shared, for a moment. Who takes the lock in
// earnest has its turn before or after, so that it never meets the question.
func (s *Store) probe() (bool, error) {
	f, err := os.Open(s.path(lockFile))
	if os.IsNotExist(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	ctx, cancel := context.WithTimeout(context.Background(), heldWait)
	defer cancel()
	unlock, err := waitLock(ctx, s.dir)
	if err != nil {
		return false, err
	}
	defer unlock()
	err = unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, unix.Flock(int(f.Fd()), unix.LOCK_UN) // before the turn ends
}

package setups

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"muster/internal/core/fault"
)

// A lock is a flocked file. It is given back when the process ends.
type lock struct{ f *os.File }

// How a lock is held.
const (
	exclusive = syscall.LOCK_EX
	shared    = syscall.LOCK_SH
)

// lockFile waits for a lock. The file stays when it is given back: a lock on a
// file that is deleted keeps nobody out.
func lockFile(ctx context.Context, path string, how int) (*lock, error) {
	const longest = 50 * time.Millisecond
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "open the lock %s", path)
	}
	for pause := time.Millisecond; ; pause = min(2*pause, longest) {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return &lock{f}, nil
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			_ = f.Close()
			return nil, fault.Wrap(fault.Internal, err, "take the lock %s", path)
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, fault.Wrap(fault.Transient, ctx.Err(), "wait for the lock %s", path)
		case <-time.After(pause):
		}
	}
}

func (l *lock) free() {
	_ = syscall.Flock(int(l.f.Fd()), syscall.LOCK_UN)
	_ = l.f.Close()
}

// tryLock gives nil when somebody else holds the lock.
func tryLock(path string) *lock {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		_ = f.Close()
		return nil
	}
	return &lock{f}
}

package store

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"muster/internal/core/fault"

	"golang.org/x/sys/unix"
)

// Lock is the right to commit. It ends with the process that holds it.
type Lock struct {
	store *Store
	mu    sync.RWMutex // read-locked while a commit relies on the lock
	file  *os.File     // nil once released
}

// Holder says who took the engine lock last. It is for messages to people: the
// process may be gone.
type Holder struct {
	PID     int    `json:"pid"`
	Started int64  `json:"started_us"` // when it took the lock
	Host    string `json:"host"`
}

// Lock takes the engine lock. It does not wait for it: false says that somebody
// else, in this process or another, holds it.
func (s *Store) Lock(ctx context.Context) (*Lock, bool, error) {
	f, err := s.takeLock(ctx)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, failed(err, "take the engine lock of %s", s.dir)
	}
	return &Lock{store: s, file: f}, true, nil
}

func (s *Store) takeLock(ctx context.Context) (*os.File, error) {
	unlock, err := waitLock(ctx, s.dir) // see probe
	if err != nil {
		return nil, err
	}
	defer unlock()
	f, err := os.OpenFile(s.path(lockFile), os.O_RDWR|os.O_CREATE, 0o600) // Go sets O_CLOEXEC
	if err != nil {
		return nil, err
	}
	if err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err == nil {
		err = writeHolder(f)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func writeHolder(f *os.File) error {
	host, _ := os.Hostname()
	data, err := json.Marshal(Holder{PID: os.Getpid(), Started: time.Now().UnixMicro(), Host: host})
	if err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(append(data, '\n'), 0)
	return err
}

// Holder reads who took the engine lock last; false when nobody ever has.
func (s *Store) Holder() (Holder, bool, error) {
	f, err := os.Open(s.path(lockFile))
	if os.IsNotExist(err) {
		return Holder{}, false, nil
	}
	if err != nil {
		return Holder{}, false, failed(err, "read who holds %s", s.path(lockFile))
	}
	defer f.Close()
	var h Holder
	data, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return Holder{}, false, failed(err, "read who holds %s", s.path(lockFile))
	}
	if json.Unmarshal(data, &h) != nil {
		return Holder{}, false, nil // being written just now
	}
	return h, true, nil
}

// Release gives the lock up, after a commit under way. A second call does
// nothing.
func (l *Lock) Release() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return failed(err, "release the engine lock of %s", l.store.dir)
}

// rely makes sure that the lock is held on s and stays so until done is called.
func (l *Lock) rely(s *Store) (done func(), err error) {
	if l == nil {
		return nil, fault.New(fault.Refused, "the engine lock is not held").
			WithHint("take the lock first; whoever has none leaves a message in the inbox")
	}
	l.mu.RLock()
	if err := l.check(s); err != nil {
		l.mu.RUnlock()
		return nil, err
	}
	return l.mu.RUnlock, nil
}

func (l *Lock) check(s *Store) error {
	if l.store != s {
		return fault.New(fault.Refused, "the engine lock belongs to another ledger")
	}
	if l.file == nil {
		return fault.New(fault.Refused, "the engine lock was released")
	}
	// Somebody who removes the file could lock a new one of the same name.
	var st unix.Stat_t
	if err := unix.Fstat(int(l.file.Fd()), &st); err != nil {
		return err
	}
	if st.Nlink == 0 {
		return fault.New(fault.Refused, "%s was removed while it was held", lockFile).
			WithHint("start this process again, and leave %s alone", lockFile)
	}
	return nil
}

// waitLock takes flock on a folder, waiting for it until ctx ends.
func waitLock(ctx context.Context, dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for ctx.Err() == nil {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			_ = f.Close()
			return nil, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Millisecond):
		}
	}
	_ = f.Close()
	return nil, ctx.Err()
}

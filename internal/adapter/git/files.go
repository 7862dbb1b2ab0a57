package git

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"muster/internal/adapter/git/raw"
	"muster/internal/core/fault"
)

// keeping says what writeFile promises after a failure of power.
type keeping int

const (
	losable keeping = iota // the file may be empty
	durable                // the file is the new one
)

// writeFile replaces a file in one step; a crash of Muster leaves the old or
// the new.
func writeFile(path string, data []byte, k keeping) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return fault.Wrap(fault.Internal, err, "write %s", path)
	}
	_, err = f.Write(data)
	if err == nil && k == durable {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return fault.Wrap(fault.Internal, err, "write %s", path)
}

// writeIfOther writes a file unless it has that content already.
func writeIfOther(path, content string) error {
	if old, err := raw.ReadSmall(path); err == nil && string(old) == content {
		return nil
	}
	return writeFile(path, []byte(content), durable)
}

// copyIndex copies an index together with its time. Git compares file times
// with the time of the index to know which entries it cannot trust; a younger
// copy would hide a change made in the same second.
func copyIndex(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "copy the index %s", from)
	}
	info, err := os.Stat(from)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "copy the index %s", from)
	}
	tmp := to + ".tmp"
	_ = os.Remove(tmp)
	err = os.WriteFile(tmp, data, 0o600)
	if err == nil {
		err = os.Chtimes(tmp, time.Now(), info.ModTime())
	}
	if err == nil {
		err = os.Rename(tmp, to)
	}
	return fault.Wrap(fault.Internal, err, "copy the index to %s", to)
}

// lockFile waits for a lock until the context ends. The lock belongs to the
// open file: a git process that inherits it keeps it, when Muster is killed,
// until it has ended too.
func lockFile(ctx context.Context, path string) (*os.File, error) {
	const longestPause = 20 * time.Millisecond
	for pause := time.Millisecond; ; pause = min(2*pause, longestPause) {
		f, err := tryLock(path)
		if f != nil || err != nil {
			return f, err
		}
		select {
		case <-ctx.Done():
			return nil, fault.Wrap(fault.Transient, ctx.Err(), "wait for the lock %s", path)
		case <-time.After(pause):
		}
	}
}

// tryLock gives nil when somebody else holds the lock.
func tryLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "open the lock %s", path)
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err == nil {
		return f, nil
	}
	_ = f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return nil, fault.Wrap(fault.Internal, err, "take the lock %s", path)
}

// freeLock gives a lock back at once. Closing the file alone would not do: a
// process that is being started just then holds the file too, for a moment.
func freeLock(f *os.File) {
	_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
	_ = f.Close()
}

func trim(out []byte) string { return string(bytes.TrimSpace(out)) }

// short gives a branch's name without refs/heads/.
func short(ref string) string { return strings.TrimPrefix(ref, headsPrefix) }

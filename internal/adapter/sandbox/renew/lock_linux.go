package renew

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/core/account"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// staleAfter is how old a lock of Claude Code's is that its owner has left: it
// touches it more often.
const staleAfter = time.Minute

// lock is the lock of an account. It is held by one operation at a time, and
// by the programs of attempts without a copy (inside.Login).
type lock struct {
	path    string   // of Muster's own
	folders []string // which are locks of the program's own, while they exist
	file    *os.File // while it is held
	made    []string // the first of folders, while they are held
}

func lockOf(l job.Login) *lock {
	k := &lock{path: filepath.Join(l.Locks, account.Name(resolved(l.File))+".lock")}
	if l.Program == "claude" { // those that version 2.1.330 takes, in its order
		dir := filepath.Dir(l.File)
		k.folders = []string{filepath.Join(dir, ".oauth_refresh.lock"), resolved(dir) + ".lock"}
	}
	return k
}

func (k *lock) held() bool { return k.file != nil }

// try takes the lock if nobody has it.
func (k *lock) try() (bool, error) {
	if k.held() {
		return true, nil
	}
	f, err := os.OpenFile(k.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return false, fault.Wrap(fault.Refused, err, "open the lock of a login")
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, unix.EINTR) {
		return false, f.Close()
	}
	if err != nil {
		return false, errors.Join(fault.Wrap(fault.Refused, err, "take the lock of a login"), f.Close())
	}
	k.file = f
	return true, nil
}

// tryAll takes the program's own locks as well. The account's must be held,
// and stays so.
func (k *lock) tryAll() bool {
	for _, folder := range k.folders[len(k.made):] {
		if !k.make(folder) {
			k.freeFolders()
			return false
		}
	}
	return true
}

// make takes a lock that is a folder. It is false while somebody else has it.
// Where none can be made nobody else can make one either.
func (k *lock) make(folder string) bool {
	err := os.Mkdir(folder, 0o700)
	if errors.Is(err, fs.ErrExist) {
		if info, serr := os.Lstat(folder); serr == nil && time.Since(info.ModTime()) > staleAfter && os.Remove(folder) == nil {
			err = os.Mkdir(folder, 0o700)
		}
	}
	if errors.Is(err, fs.ErrExist) {
		return false
	}
	k.made = append(k.made, folder)
	return true
}

// free lets go of all locks.
func (k *lock) free() {
	k.freeFolders()
	if k.file != nil {
		_ = k.file.Close() // and the lock with it
	}
	k.file = nil
}

func (k *lock) freeFolders() {
	for _, folder := range k.made {
		_ = os.Remove(folder) // one that stays is taken for left after a minute
	}
	k.made = nil
}

// await takes the lock within a time, unless it is told to stop.
func (k *lock) await(within time.Duration, stop <-chan struct{}) error {
	for began := time.Now(); ; {
		ok, err := k.try()
		if ok || err != nil {
			return err
		}
		if time.Since(began) > within {
			return fault.New(fault.Transient, "the login is still being renewed for another agent after %v", within).
				WithHint("end what holds %s, and resume", k.path)
		}
		select {
		case <-stop:
			return fault.New(fault.Transient, "stopped while the login was being renewed for another agent")
		case <-time.After(rhythm):
		}
	}
}

// resolved gives the path without links, or as it is where that cannot be had.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

package renew

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/core/account"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// working is a copy of a person's file, and what is known of it.
type working struct {
	login  job.Login
	root   *os.Root // of the folder that the operation writes
	lease  *os.File // the copy, opened, while whoever else opens it waits
	seen   mark     // of the copy, when it was last looked into
	base   string   // digest of the tokens that the copy was made from; empty when there are none
	record string   // path of the record

	leaser func(*os.File) bool // takes a lease; not every file system has them
}

// record is what outlives a keeper.
type record struct {
	Login job.Login `json:"login"`
	Base  string    `json:"base"`
}

// mark tells one content of a file from another.
type mark struct {
	inode uint64
	size  int64
	at    time.Time
}

func markOf(info fs.FileInfo) mark {
	m := mark{size: info.Size(), at: info.ModTime()}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		m.inode = s.Ino
	}
	return m
}

// now is the mark of the copy; the zero one when it is no regular file.
func (w *working) now() mark {
	info, err := w.root.Lstat(w.login.Copy)
	if err != nil || !info.Mode().IsRegular() {
		return mark{}
	}
	return markOf(info)
}

// copied reads the copy. It is read through the lease while that is held, for
// opening it would end it.
func (w *working) copied() (account.File, error) {
	f := w.lease
	if f == nil {
		var err error
		if f, err = w.open(os.O_RDONLY); err != nil {
			return account.File{}, err
		}
		defer f.Close()
	}
	data, err := read(f)
	if err != nil {
		return account.File{}, err
	}
	return account.Parse(w.login.Program, data)
}

// open opens the copy. The agent may have put anything in its place.
func (w *working) open(how int) (*os.File, error) {
	if w.now() == (mark{}) {
		return nil, fs.ErrNotExist
	}
	return w.root.OpenFile(w.login.Copy, how|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
}

// own reads the person's file. Missing means that there is none: the person
// has logged out.
func (w *working) own() (f account.File, data []byte, missing bool, err error) {
	if data, err = readFile(w.login.File); err != nil || data == nil {
		return f, nil, err == nil, err
	}
	f, err = account.Parse(w.login.Program, data)
	return f, data, false, err
}

// bring takes what the program has renewed in its copy over into the person's
// file. The account's lock must be held. Without an error, and with one that
// does not pass, the copy has been dealt with. Where the person's file has other
// tokens than the copy was made from, the person has logged in anew or renewed
// them by another program: those are right, and whoever opens the copy gets
// them.
func (w *working) bring() error {
	mine, err := w.copied()
	if err != nil {
		return nil //nolint:nilerr // not there, half written, or no file of such a program: nothing to bring
	}
	digest := mine.Digest()
	if digest == "" || digest == w.base {
		return nil
	}
	person, _, missing, err := w.own()
	if err != nil || missing {
		return fault.Wrap(fault.Transient, err, "read the login %s", w.login.File)
	}
	switch person.Digest() {
	case digest: // a keeper was killed after it had brought them
	case w.base:
		data, err := account.Renew(person, mine, time.Now().UnixMilli())
		if err != nil {
			return err
		}
		if err := replace(w.login.File, data); err != nil {
			return fault.Wrap(fault.Transient, err, "write a renewed login to %s", w.login.File)
		}
	default:
		return nil
	}
	w.base = digest
	return w.note()
}

// take brings the copy up to date with the person's file.
func (w *working) take() error {
	person, data, missing, err := w.own()
	if missing {
		return nil
	}
	if err != nil && data == nil {
		return fault.Wrap(fault.Transient, err, "read the login %s", w.login.File)
	}
	if err != nil { // in writing by another program, or no file that is known: the agent sees it as it is, once
		if w.base != "" || w.now() != (mark{}) {
			return nil
		}
		return w.put(data)
	}
	if digest := person.Digest(); digest == w.base && w.now() != (mark{}) {
		return nil
	}
	if err := w.put(data); err != nil {
		return fault.Wrap(fault.Transient, err, "copy the login %s for an agent", w.login.File)
	}
	// Only now: a record of tokens that the copy does not have would make
	// what it has look renewed.
	w.base = person.Digest()
	return w.note()
}

// put gives the copy a new content. Through the lease it stays the same file,
// which somebody may be waiting to read.
func (w *working) put(data []byte) error {
	if w.lease != nil {
		err := set(w.lease, data)
		w.seen = w.now()
		return err
	}
	temp := w.temp()
	err := w.root.MkdirAll(filepath.Dir(temp), 0o700)
	if err == nil {
		err = ignoreMissing(w.root.Remove(temp))
	}
	var f *os.File
	if err == nil {
		f, err = w.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if err == nil {
		err = errors.Join(set(f, data), f.Close())
	}
	if err == nil {
		err = w.root.Rename(temp, w.login.Copy)
	}
	w.seen = w.now()
	return err
}

// note makes the record durable.
func (w *working) note() error {
	data, err := json.Marshal(record{Login: w.login, Base: w.base})
	if err != nil {
		return err
	}
	temp := w.record + ".new"
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err == nil {
		_, err = f.Write(data)
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err == nil {
		err = os.Rename(temp, w.record)
	}
	return fault.Wrap(fault.Transient, err, "record a copy of a login")
}

// hold takes a lease on the copy: whoever opens it from now on waits. It
// fails while somebody has it open, and where the file system has no leases.
func (w *working) hold() bool {
	if w.lease != nil {
		return true
	}
	f, err := w.open(os.O_RDWR)
	if err != nil {
		return false
	}
	if info, err := f.Stat(); err == nil && markOf(info).inode == w.now().inode && isAlone(info) && w.leaser(f) {
		w.lease = f
		return true
	}
	_ = f.Close()
	return false
}

// takeLease takes a lease on a file.
func takeLease(f *os.File) bool {
	_, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK)
	return err == nil
}

// isAlone reports whether a file is one, and has no other name: an agent could
// have given the name of the copy to a file that it may only read.
func isAlone(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.Mode().IsRegular() && s.Nlink == 1
}

// wish is for what somebody waits to open the copy.
type wish int

const (
	nothing wish = iota
	reading
	writing
)

// asked says whether somebody waits for the copy.
func (w *working) asked() wish {
	if w.lease == nil {
		return nothing
	}
	kind, err := unix.FcntlInt(w.lease.Fd(), unix.F_GETLEASE, 0)
	switch {
	case err != nil || kind == unix.F_WRLCK:
		return nothing
	case kind == unix.F_RDLCK:
		return reading
	}
	return writing
}

// let lets whoever waits have the copy.
func (w *working) let() {
	if w.lease != nil {
		_, _ = unix.FcntlInt(w.lease.Fd(), unix.F_SETLEASE, unix.F_UNLCK) // a process that is being started may have the file too
		_ = w.lease.Close()
		w.lease = nil
	}
}

// letRead lets whoever waits read the copy, and nobody after them: another file
// with the same content takes its place, leased before it can be found. It is
// false when that cannot be done.
func (w *working) letRead() bool {
	data, err := read(w.lease)
	if err != nil || ignoreMissing(w.root.Remove(w.temp())) != nil {
		return false
	}
	f, err := w.root.OpenFile(w.temp(), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return false
	}
	if set(f, data) != nil || !w.leaser(f) || w.root.Rename(w.temp(), w.login.Copy) != nil {
		_ = f.Close()
		_ = w.root.Remove(w.temp()) // the next one does
		return false
	}
	w.let()
	w.lease, w.seen = f, w.now()
	return true
}

// temp is what is renamed to the copy.
func (w *working) temp() string {
	return filepath.Join(filepath.Dir(w.login.Copy), "."+filepath.Base(w.login.Copy)+".muster")
}

package renew

import (
	"encoding/json"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/core/account"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

const (
	rhythm        = 20 * time.Millisecond
	renewWithin   = 20 * time.Second // a program that renews its tokens has done so
	letAfter      = 40 * time.Second // the kernel lets whoever opens the copy have it after 45
	writtenWithin = 2 * time.Second  // a program that has begun to write its file is done
	pause         = time.Second      // before the person's file is tried again
	startWithin   = 5 * time.Minute
	endWithin     = time.Minute
)

// Keeper keeps a copy and the person's file the same.
type Keeper struct {
	w     *working
	lock  *lock
	alive *os.File // locked while the keeper lives
	say   func(error)
	stop  chan struct{}
	done  chan struct{}

	asking  time.Time // since when somebody waits for the copy; zero when nobody does
	begun   time.Time // with lock held: when the program could begin to renew
	renewed time.Time // with lock held: when it had
	failed  time.Time // when the person's file could not be written last
	odd     mark      // of a copy without tokens
	oddAt   time.Time // when that was seen first
	told    string    // what was said last

	looks atomic.Int64 // how often it has looked, for tests
}

// Start makes the copy that a login asks for, and keeps it until Stop. What
// cannot be done meanwhile is said; it is tried again. While the login is
// renewed for another operation Start waits, until cancel is closed.
func Start(l job.Login, cancel <-chan struct{}, say func(error)) (*Keeper, error) {
	return start(l, cancel, say, takeLease)
}

func start(l job.Login, cancel <-chan struct{}, say func(error), leaser func(*os.File) bool) (*Keeper, error) {
	w, err := newWorking(l)
	if err != nil {
		return nil, err
	}
	w.leaser = leaser
	k := &Keeper{w: w, lock: lockOf(l), say: say, stop: make(chan struct{}), done: make(chan struct{})}
	if err := k.begin(cancel); err != nil {
		return nil, errors.Join(err, w.root.Close())
	}
	go k.keep()
	return k, nil
}

// newWorking gives the copy of a login; nothing is made but folders of
// Muster's own.
func newWorking(l job.Login) (*working, error) {
	record := recordOf(l)
	if err := os.MkdirAll(filepath.Dir(record), 0o700); err != nil {
		return nil, fault.Wrap(fault.Refused, err, "make the folder for records of logins")
	}
	root, err := os.OpenRoot(l.Root)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, err, "open the folder of an agent's copy of a login")
	}
	return &working{login: l, root: root, record: record}, nil
}

// recordOf gives the path of the record of a copy.
func recordOf(l job.Login) string {
	return filepath.Join(l.Locks, account.Name(resolved(l.File)), account.Name(filepath.Join(l.Root, l.Copy))+".json")
}

// begin brings home what earlier keepers of the account left, and makes the
// copy.
func (k *Keeper) begin(cancel <-chan struct{}) error {
	if err := k.lock.await(startWithin, cancel); err != nil {
		return err
	}
	isKept := false
	defer func() {
		if !isKept {
			k.lock.free()
		}
	}()
	if err := bringAll(filepath.Dir(k.w.record), k.w.record); err != nil {
		k.say(err)
	}
	// An attempt of this task that ended without its keeper may have left
	// tokens here that are nowhere else.
	if _, err := os.Lstat(k.w.record); err == nil {
		return fault.New(fault.Transient, "the renewed login in %s could not be brought to %s", filepath.Join(k.w.login.Root, k.w.login.Copy), k.w.login.File).
			WithHint("make room and see to it that the file can be written, and resume")
	}
	var err error
	if k.alive, err = lockAlive(k.w.record); err != nil {
		return err
	}
	err = fault.Wrap(fault.Transient, ignoreMissing(k.w.root.RemoveAll(k.w.login.Copy)), "remove an old copy of a login")
	if err == nil {
		err = k.w.take()
	}
	if err != nil {
		return errors.Join(err, k.alive.Close())
	}
	if k.w.hold() {
		return nil
	}
	if k.isDue() {
		// Nobody can be made to wait here: at least no two start at once.
		k.begun, isKept = time.Now(), true
	}
	return nil
}

// lockAlive takes the lock that a keeper holds as long as it lives. The
// account's lock must be held.
func lockAlive(record string) (*os.File, error) {
	f, err := os.OpenFile(aliveOf(record), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Refused, err, "open the lock of a copy of a login")
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fault.Wrap(fault.Conflict, err, "another operation works with a copy of a login"), f.Close())
	}
	return f, nil
}

// keep looks at the copy until it is told to stop.
func (k *Keeper) keep() {
	defer close(k.done)
	tick := time.NewTicker(rhythm)
	defer tick.Stop()
	opened := make(chan os.Signal, 1)
	signal.Notify(opened, unix.SIGIO) // the kernel sends it when somebody opens what is leased
	defer signal.Stop(opened)
	for {
		select {
		case <-k.stop:
			return
		case <-opened:
		case <-tick.C:
		}
		k.look()
	}
}

// look does what there is to do now.
func (k *Keeper) look() {
	defer k.looks.Add(1)
	switch {
	case k.lock.held():
		k.lookRenewing()
	case k.w.asked() != nothing:
		k.lookAsked()
	case k.w.now() != k.w.seen:
		k.lookChanged()
	default:
		k.w.hold()
	}
}

// lookAsked lets whoever waits for the copy have it, brought up to date. Where
// its program may renew the tokens now the account stays locked.
func (k *Keeper) lookAsked() {
	if k.asking.IsZero() {
		k.asking = time.Now()
	}
	isDue := false
	ok, err := k.lock.try()
	if err == nil && ok {
		if err = k.w.take(); k.isDue() {
			// The keeper of whoever renewed them last may have been killed.
			err = errors.Join(err, bringAll(filepath.Dir(k.w.record), ""), k.w.take())
		}
		isDue = k.isDue()
		ok = !isDue || k.lock.tryAll()
	}
	k.tell(err)
	if !ok && err == nil && time.Since(k.asking) < letAfter {
		k.lock.free()
		return
	}
	k.asking, k.begun = time.Time{}, time.Now()
	if isDue {
		k.w.let()
		return
	}
	k.lock.free()
	switch k.w.asked() {
	case reading:
		if !k.w.letRead() {
			k.w.let()
		}
	case writing:
		k.w.let()
	case nothing: // it waits no longer
	}
}

// isDue reports whether the program may renew the tokens of its copy now.
func (k *Keeper) isDue() bool {
	mine, err := k.w.copied()
	return err == nil && mine.Due(time.Now().UnixMilli(), ahead)
}

// ahead is for programs that renew a little earlier than they say, and clocks.
const ahead = 500

// lookRenewing waits for the program to have renewed the tokens.
func (k *Keeper) lookRenewing() {
	if k.w.now() != k.w.seen && k.isWhole() && k.dealt() && k.renewed.IsZero() {
		k.renewed = time.Now()
	}
	// Leased before the lock is free, so that no opening of the copy is missed.
	isOver := time.Since(k.begun) > renewWithin
	if !k.renewed.IsZero() {
		isOver = k.w.hold() || time.Since(k.renewed) > writtenWithin
	}
	if isOver {
		k.lock.free()
		k.renewed = time.Time{}
	}
}

// lookChanged deals with a copy that was written unasked: by a program whose
// tokens were refused before their time.
func (k *Keeper) lookChanged() {
	if time.Since(k.failed) < pause || !k.isWhole() {
		return
	}
	ok, err := k.lock.try()
	k.tell(err)
	if ok && !k.dealt() {
		k.failed = time.Now()
	}
	k.lock.free()
}

// isWhole reports whether the copy that was written can be dealt with. One
// that stays without tokens is left alone: its program has logged out, or was
// logged out. That is not taken over.
func (k *Keeper) isWhole() bool {
	k.w.let() // it is of what was there before
	now := k.w.now()
	if mine, err := k.w.copied(); err == nil && mine.Digest() != "" {
		return true
	}
	if now != k.odd {
		k.odd, k.oddAt = now, time.Now()
	}
	if time.Since(k.oddAt) > writtenWithin {
		k.w.seen = now
	}
	return false
}

// dealt deals with a copy that was written. It is false when that has to be
// tried again, for the person's file cannot be read or written now.
func (k *Keeper) dealt() bool {
	now := k.w.now()
	err := k.w.bring()
	k.tell(err)
	if fault.KindOf(err) == fault.Transient {
		return false
	}
	if k.w.now() == now {
		k.w.seen = now
	}
	return true
}

// tell says an error once.
func (k *Keeper) tell(err error) {
	if err != nil && err.Error() != k.told {
		k.told = err.Error()
		k.say(err)
	}
}

// Stop brings home what the program has renewed, and removes the copy. It must
// be called when no process of the operation lives any more.
func (k *Keeper) Stop() {
	close(k.stop)
	<-k.done
	k.w.let()
	err := k.lock.await(endWithin, nil)
	if err == nil {
		err = k.w.finish()
	}
	k.tell(err)
	k.lock.free()
	_ = k.alive.Close()
	_ = k.w.root.Close()
}

// finish brings home what is left in a copy with which nobody works any more,
// and removes it with its record. After an error that may pass both stay, for
// the next time.
func (w *working) finish() error {
	err := w.bring()
	if fault.KindOf(err) == fault.Transient {
		return err
	}
	rerr := ignoreMissing(w.root.RemoveAll(w.login.Copy))
	if rerr == nil {
		rerr = errors.Join(ignoreMissing(os.Remove(w.record)), ignoreMissing(os.Remove(aliveOf(w.record))))
	}
	return errors.Join(err, rerr)
}

func aliveOf(record string) string { return strings.TrimSuffix(record, ".json") + ".alive" }

// Recover brings home what the keepers of an operation's logins left that were
// killed. No process of the operation may live any more.
func Recover(logins []job.Login) error {
	var errs []error
	for _, l := range logins {
		lock := lockOf(l)
		record := recordOf(l)
		err := lock.await(endWithin, nil)
		if err == nil {
			err = bringAll(filepath.Dir(record), record)
		}
		lock.free()
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// bringAll brings home what is in the copies of an account whose keepers live
// no more. The account's lock must be held. Whether processes still work with
// a copy is known of the one that ended alone, which is removed.
func bringAll(dir, ended string) error {
	records, err := filepath.Glob(filepath.Join(dir, "*.json"))
	errs := []error{err}
	for _, path := range records {
		end := (*working).finish
		if path != ended {
			end = (*working).bring
		}
		errs = append(errs, bringOne(path, end))
	}
	return errors.Join(errs...)
}

func bringOne(path string, end func(*working) error) error {
	alive, err := lockAlive(path)
	if fault.KindOf(err) == fault.Conflict {
		return nil // its keeper lives
	}
	if err != nil {
		return err
	}
	defer alive.Close()
	data, err := os.ReadFile(path)
	var r record
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		return fault.Wrap(fault.Internal, err, "read the record %s of a copy of a login", path)
	}
	root, err := os.OpenRoot(r.Login.Root)
	if errors.Is(err, os.ErrNotExist) {
		return errors.Join(os.Remove(path), ignoreMissing(os.Remove(aliveOf(path)))) // its task was removed
	}
	if err != nil {
		return fault.Wrap(fault.Transient, err, "open the folder of a copy of a login")
	}
	w := &working{login: r.Login, root: root, base: r.Base, record: path}
	return errors.Join(end(w), root.Close())
}

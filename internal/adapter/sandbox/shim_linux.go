package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/adapter/sandbox/confine"
	"muster/internal/adapter/sandbox/gocache"
	"muster/internal/adapter/sandbox/renew"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

const (
	exitVersion = 1

	// lockTries and lockPause let a shim outlast somebody who only asks
	// whether the lock is held, which takes it for a moment.
	lockTries = 20
	lockPause = time.Millisecond
)

// What a shim tells its starter, as one line on standard output.
const (
	saysReady  = "ready"  // it holds the lock and the operation is started or over
	saysBusy   = "busy"   // somebody else holds the lock
	saysFailed = "failed" // it could not take over; the kind and the reason follow
)

// Shim is the whole of the process that stands between Muster and the
// operation in folder dir; "-" makes it run one command for an Executor
// instead. It returns the exit code of the process.
func Shim(dir string) int { return ShimWith(dir, nil) }

// ShimWith is Shim with a probe; nil means none.
func ShimWith(dir string, p Probe) int {
	switch dir {
	case commandMode:
		return runCommand()
	case confine.Mode:
		return confine.Inside()
	case proofMode:
		return prove()
	case gocache.Mode:
		if err := gocache.Serve(os.Stdin, os.Stdout, os.Getenv(gocache.OwnVariable), os.Getenv(gocache.BaseVariable)); err != nil { //nolint:forbidigo // a process of its own, set up by variables
			return complain(err)
		}
		return 0
	}
	if p == nil {
		p = func(string) {}
	}
	s := &shim{dir: dir, probe: p}
	if err := s.run(); err != nil {
		s.say(fmt.Sprintf("%s %s %v", saysFailed, fault.KindOf(err), err))
		return complain(err)
	}
	return 0
}

type shim struct {
	dir   string
	probe Probe
	spec  job.Spec
	stop  <-chan struct{}
	told  bool // the starter has its answer
}

func (s *shim) run() error {
	dir, err := filepath.Abs(s.dir)
	if err == nil {
		// All shims of an operation must derive the same mark.
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return fault.Wrap(fault.NotFound, err, "open the operation folder")
	}
	s.dir = dir
	if s.stop, err = becomeShim(); err != nil {
		return err
	}
	taken, err := takeLock(s.path(lockFile))
	if err != nil {
		return fault.Wrap(fault.Internal, err, "lock operation %s", filepath.Base(dir))
	}
	if !taken {
		s.say(saysBusy)
		return nil
	}
	s.probe("locked")
	if exists(s.path(exitFile)) {
		s.say(saysReady)
		return nil
	}
	if err := readJSON(s.path(specFile), &s.spec); err != nil {
		return fault.Wrap(fault.Internal, err, "read the spec of operation %s", filepath.Base(dir))
	}
	if err := validateSpec(s.spec); err != nil {
		return err
	}
	return s.once()
}

// once starts the operation, unless a former shim did or may have done so.
func (s *shim) once() error {
	me, err := self()
	if err != nil {
		return fault.Wrap(fault.Internal, err, "identify the shim")
	}
	err = createNew(s.dir, startedFile, me)
	if errors.Is(err, fs.ErrExist) {
		return s.recordLost()
	}
	if err != nil {
		// Nothing was started: the next shim may. If it cannot be removed, the
		// next one will take the operation for lost, which is safe.
		_ = os.Remove(s.path(startedFile))
		return fault.Wrap(fault.Transient, err, "record the start of operation %s", s.spec.ID)
	}
	s.probe("started")
	// Looked at only after started can be read. Whoever asks to stop creates
	// the file first and reads started second, so that one of us sees the
	// other.
	if exists(s.path(stopFile)) {
		s.say(saysReady)
		return s.record(job.Exit{State: job.Stopped})
	}
	return s.operate()
}

// operate runs the program to its end and records it.
func (s *shim) operate() error {
	exit := job.Exit{StartedUS: time.Now().UnixMicro()}
	endLogins, err := s.keepLogins()
	if err != nil && closed(s.stop) {
		return s.record(job.Exit{State: job.Stopped})
	}
	if err != nil {
		return s.record(job.Exit{State: job.NotStarted, Error: err.Error()})
	}
	t, streams, err := s.spawn()
	s.say(saysReady)
	if err != nil {
		endLogins()
		return s.record(job.Exit{State: job.NotStarted, Error: err.Error()})
	}
	s.probe("spawned")
	go keepReadings(s.dir, &t.memory, readingRhythm(), t.gone)
	state := t.await(time.Duration(s.spec.LimitMS)*time.Millisecond, s.stop)
	s.probe("ended")
	t.clear(s.grace(), forever)
	s.probe("survivors_killed")
	endLogins()
	t.outcome(state, &exit)
	exit.PeakBytes = t.memory.bytes.Load()
	exit.StdoutBytes, exit.StderrBytes = streams[0].finish(), streams[1].finish()
	exit.Capped = streams[0].capped || streams[1].capped
	return s.record(exit)
}

// keepLogins makes the copies of logins that the operation works with, and
// keeps them and the person's own files the same until end is called.
func (s *shim) keepLogins() (end func(), err error) {
	var all []*renew.Keeper
	end = func() {
		for _, k := range all {
			k.Stop()
		}
	}
	if len(s.spec.Logins) > 0 {
		s.say(saysReady) // it may have to wait, and is begun
	}
	for _, l := range s.spec.Logins {
		k, err := renew.Start(l, s.stop, func(err error) { complain(err) })
		if err != nil {
			end()
			return nil, err
		}
		all = append(all, k)
	}
	return end, nil
}

// spawn starts the program. Nothing of it lives when there is an error.
func (s *shim) spawn() (t *tree, streams [2]*stream, err error) {
	l := launch{argv: s.spec.Argv, dir: s.spec.Dir, env: withMark(s.spec.Env, opMark(s.dir)), door: s.spec.Door, keeper: s.spec.DoorKeeper, confine: s.spec.Confine}
	// The program has its own copies once it is started.
	defer func() { _, _, _ = l.stdin.Close(), l.stdout.Close(), l.stderr.Close() }()
	if streams[0], l.stdout, err = openStream(s.path(stdoutFile), s.spec.OutputCap); err != nil {
		return nil, streams, err
	}
	if streams[1], l.stderr, err = openStream(s.path(stderrFile), s.spec.OutputCap); err != nil {
		return nil, streams, err
	}
	if l.stdin, err = feed(s.spec.Stdin); err != nil {
		return nil, streams, err
	}
	t, err = start(l)
	return t, streams, err
}

func (s *shim) grace() time.Duration { return time.Duration(s.spec.GraceMS) * time.Millisecond }

// recordLost ends what a former shim left of the operation, and records it as lost.
func (s *shim) recordLost() error {
	s.say(saysReady)
	killMarked(context.Background(), opMark(s.dir), s.grace())
	s.probe("survivors_killed")
	if err := renew.Recover(s.spec.Logins); err != nil {
		complain(err) // the record of the copy stays: the next operation with the login tries again
	}
	exit := job.Exit{State: job.Lost}
	var former identity
	if readJSON(s.path(startedFile), &former) == nil { // it may have died while writing this
		exit.StartedUS = former.AtUS
	}
	exit.StdoutBytes = fileSize(s.path(stdoutFile))
	exit.StderrBytes = fileSize(s.path(stderrFile))
	return s.record(exit)
}

// record makes the exit record appear, durably and all at once.
func (s *shim) record(exit job.Exit) error {
	exit.Version, exit.EndedUS = exitVersion, time.Now().UnixMicro()
	temp, err := writeTemp(s.dir, exitFile, exit)
	if err == nil {
		s.probe("exit_written")
		err = os.Rename(temp, s.path(exitFile))
	}
	if err == nil {
		s.probe("exit_renamed")
		err = syncDir(s.dir)
	}
	return fault.Wrap(fault.Transient, err, "record the end of operation %s", s.spec.ID)
}

func (s *shim) path(name string) string { return filepath.Join(s.dir, name) }

// say answers the starter, once, and lets go of it.
func (s *shim) say(line string) {
	if s.told {
		return
	}
	s.told = true
	_, _ = fmt.Fprintln(os.Stdout, strings.ReplaceAll(line, "\n", " "))
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		_ = unix.Dup3(int(null.Fd()), int(os.Stdout.Fd()), 0)
		_ = null.Close()
	}
}

// takeLock takes the lock for the rest of this process's life.
func takeLock(path string) (bool, error) {
	// A bare descriptor: an os.File would be closed, and the lock lost, when
	// it is no longer referred to.
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC|unix.O_NOFOLLOW, fileMode)
	if err != nil {
		return false, err
	}
	for range lockTries {
		err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return err == nil, err
		}
		<-time.After(lockPause)
	}
	return false, unix.Close(fd)
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// complain leaves a failure of the shim itself where its starter finds it, and
// gives the exit code.
func complain(err error) int {
	fmt.Fprintf(os.Stderr, "%s muster shim: %v\n", time.Now().UTC().Format(time.RFC3339), err)
	return 1
}

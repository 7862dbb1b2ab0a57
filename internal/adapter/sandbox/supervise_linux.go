package sandbox

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/adapter/sandbox/confine"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

const defaultPath = confine.DefaultPath

// becomeShim prepares this process to stand between Muster and an untrusted
// one, and gives the channel on which a request to stop arrives.
func becomeShim() (stop <-chan struct{}, err error) {
	// A session of its own, away from the terminal. It fails when the starter
	// has made one already.
	_, _ = unix.Setsid()
	// Whatever else was inherited is not for the untrusted process. Descriptors
	// 3 and 4 of a command are handed on explicitly.
	_ = unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC)
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "become the reaper of descendants")
	}
	// Caught and dropped rather than ignored: an ignored signal would stay
	// ignored in the untrusted process.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGPIPE, unix.SIGTERM)
	asked := make(chan struct{})
	go func() {
		for s := range signals {
			if s == unix.SIGTERM {
				close(asked)
				break
			}
		}
		for range signals { // further signals change nothing
		}
	}()
	return asked, nil
}

// launch is a process to start.
type launch struct {
	argv   []string
	dir    string
	env    []string
	stdin  *os.File
	stdout *os.File
	stderr *os.File
	door   *job.Door
	keeper []string

	confine *job.Confinement
}

// start executes l in a session of its own. Nothing is inherited but the
// environment and the three streams.
func start(l launch) (*tree, error) {
	if info, err := os.Stat(l.dir); err != nil || !info.IsDir() {
		return nil, fault.New(fault.NotFound, "working directory %s does not exist", l.dir)
	}
	if l.confine != nil {
		return startConfined(l)
	}
	if l.door != nil {
		listener, err := confine.Listen()
		if err != nil {
			return nil, fault.Wrap(fault.Transient, err, "open the door")
		}
		l.argv, l.env = job.PutDoor(l.argv, listener.Addr().String()), job.PutDoor(l.env, listener.Addr().String())
		go newDoor(*l.door, l.keeper).serve(listener)
	}
	program, err := confine.FindProgram(l.argv[0], l.dir, l.env)
	if err != nil {
		return nil, err
	}
	pid, err := syscall.ForkExec(program, l.argv, &syscall.ProcAttr{
		Dir:   l.dir,
		Env:   l.env,
		Files: []uintptr{l.stdin.Fd(), l.stdout.Fd(), l.stderr.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return nil, fault.Wrap(fault.Refused, err, "execute %s", program)
	}
	return watchTree(pid, nil), nil
}

// startConfined is start behind walls. The step inside is found by the mark,
// as every process of the tree is.
func startConfined(l launch) (*tree, error) {
	started, err := confine.Start(os.Args, confine.Launch{
		Argv: l.argv, Dir: l.dir, Env: l.env, Files: [3]*os.File{l.stdin, l.stdout, l.stderr}, Confine: *l.confine, Door: l.door != nil,
	})
	if err != nil {
		return nil, fault.Wrap(fault.Refused, err, "at level %s", l.confine.Level)
	}
	if l.door != nil {
		go newDoor(*l.door, l.keeper).serve(started.Listener)
	}
	return watchTree(started.PID, started), nil
}

// feed gives a stream from which text can be read once.
func feed(text string) (*os.File, error) {
	if text == "" {
		return os.Open(os.DevNull)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	go func() {
		_, _ = io.WriteString(w, text) // fails when the reader ends early, which it may
		_ = w.Close()
	}()
	return r, nil
}

// tree is a started process with all its descendants. This process must be
// their subreaper, and must have no other child.
type tree struct {
	main   int             // the child that is waited for: the main process, or the step inside that leads it
	leads  bool            // main is the step inside
	heard  chan struct{}   // with leads: closed when the step inside has said all that it had to say
	ended  chan struct{}   // closed when the main process has ended
	gone   chan struct{}   // closed when no descendant is left; of one that nothing outlived not after ended
	status unix.WaitStatus // of the main process; valid once ended is closed
	alone  bool            // the main process left nothing in its namespace; valid once ended is closed
	end    sync.Once       // guards status, alone and the closing of ended

	survivors map[proc]bool // descendants that outlived the main process
	memory    peak
}

// watchTree reaps what main and its descendants leave. Inside is not nil when
// the process is confined.
func watchTree(main int, inside *confine.Started) *tree {
	t := &tree{main: main, ended: make(chan struct{}), gone: make(chan struct{}), survivors: map[proc]bool{}}
	if inside != nil && inside.Leads {
		t.leads, t.heard = true, make(chan struct{})
		go func() {
			defer close(t.heard)
			if status, alone, told := inside.Ended(); told {
				t.finish(status, alone)
			}
		}()
	}
	go t.reap()
	return t
}

// finish notes how the main process ended, once.
func (t *tree) finish(status unix.WaitStatus, alone bool) {
	t.end.Do(func() {
		t.status, t.alone = status, alone
		close(t.ended)
	})
}

// finishAs is finish by what the child that was waited for came to. A step
// inside that has told how the program ended is believed first; one that could
// not was killed, and all inside with it.
func (t *tree) finishAs(status unix.WaitStatus) {
	if t.leads {
		<-t.heard
	}
	t.finish(status, false)
}

// reap collects every child until there is none. To have no child is to have
// no descendant: those whose parent ended become children of this process, or
// of the step inside.
func (t *tree) reap() {
	reaped, told := false, false
	var ofMain unix.WaitStatus
	for {
		// Once the main process is reaped, one look without waiting tells
		// whether it was the last, before its end is announced.
		options := unix.WALL
		if reaped && !told {
			options |= unix.WNOHANG
		}
		var status unix.WaitStatus
		var used unix.Rusage
		pid, err := unix.Wait4(-1, &status, options, &used)
		if err == nil && pid > 0 {
			t.memory.raise(used.Maxrss << 10) // in KiB
		}
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			close(t.gone)
			t.finishAs(ofMain)
			return
		case pid == 0:
			t.finishAs(ofMain)
			told = true
		case pid == t.main && (status.Exited() || status.Signaled()):
			// Other reports are of a process that asked to be traced.
			ofMain, reaped = status, true
		}
	}
}

// await returns when the main process ends, at the limit, or when it is asked
// to stop, and says which of the three by the state that it gives.
func (t *tree) await(limit time.Duration, stop <-chan struct{}) job.ExitState {
	var expired <-chan time.Time
	if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		expired = timer.C
	}
	state := job.Exited
	select {
	case <-t.ended:
	case <-expired:
		state = job.TimedOut
	case <-stop:
		state = job.Stopped
	}
	if closed(t.ended) {
		// It ended by itself, if only just: that is worth more than our wish.
		state = job.Exited
		if t.status.Signaled() {
			state = job.Signaled
		}
	}
	return state
}

// leaveTime is how long the step inside is given to end by itself once it has
// told that nothing else is left. To look for survivors means to read of every
// process of the machine, which takes longer than that end.
const leaveTime = time.Second

// forever is the patience that does not end.
const forever = time.Duration(math.MaxInt64)

// clear ends what is left of the tree: SIGTERM to all, the grace, then SIGKILL
// until none is left. It gives up, and says so, when its patience with
// processes that do not die of SIGKILL is at its end.
func (t *tree) clear(grace, patience time.Duration) (done bool) {
	if closed(t.gone) {
		return true
	}
	if closed(t.ended) && t.alone && wait(t.gone, leaveTime) {
		return true
	}
	for _, p := range t.survey() {
		p.signal(unix.SIGTERM)
	}
	if grace > 0 && wait(t.gone, grace) {
		return true
	}
	t.survey()
	began := time.Now()
	for pause := firstPause; time.Since(began) < patience; pause = min(2*pause, lastPause) {
		killRound(descendants)
		if wait(t.gone, pause) {
			return true
		}
	}
	return false
}

// survey gives the living descendants, and remembers them as survivors when
// the main process has ended.
func (t *tree) survey() []proc {
	outlived := closed(t.ended)
	found := descendants()
	for _, p := range found {
		if outlived && (!t.leads || p.pid != t.main) {
			t.survivors[proc{pid: p.pid, start: p.start}] = true
		}
	}
	return found
}

// outcome fills in how the main process ended.
func (t *tree) outcome(state job.ExitState, exit *job.Exit) {
	exit.State = state
	exit.Survivors = len(t.survivors)
	switch state {
	case job.Exited:
		exit.Code = t.status.ExitStatus()
	case job.Signaled:
		exit.Signal = signalName(t.status.Signal())
	case job.TimedOut, job.Stopped, job.Lost, job.NotStarted:
	}
}

func signalName(s syscall.Signal) string {
	if name := unix.SignalName(s); name != "" {
		return name
	}
	return fmt.Sprintf("signal %d", int(s))
}

// closed says whether c is closed, without waiting.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// wait waits for c to be closed, at most for d.
func wait(c <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-c:
		return true
	case <-timer.C:
		return false
	}
}

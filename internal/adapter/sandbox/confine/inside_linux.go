package confine

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// controlFD is where the socket to the shim is.
const controlFD = 3

// Inside is the whole of the step inside. It returns the exit code of the
// process, or not at all when the process became the program.
func Inside() int {
	// Rights and rules belong to threads: all is done, and the program is
	// started, on this one.
	runtime.LockOSThread()
	unix.CloseOnExec(controlFD)
	s := &step{control: os.NewFile(controlFD, "control")}
	var o order
	if err := json.NewDecoder(s.control).Decode(&o); err != nil {
		return 1 // nobody to tell: the shim is gone
	}
	if err := s.run(o); err != nil {
		s.tell(answer{Kind: string(fault.KindOf(err)), Error: err.Error()}, -1)
		return 1
	}
	return 0
}

type step struct {
	control *os.File
}

// tell sends an answer, with a descriptor beside it unless that is negative.
func (s *step) tell(a answer, fd int) {
	data, err := json.Marshal(a)
	if err != nil {
		return
	}
	var rights []byte
	if fd >= 0 {
		rights = unix.UnixRights(fd)
	}
	// It fails when the shim is gone, which ends this process anyway.
	_ = unix.Sendmsg(controlFD, append(data, '\n'), rights, nil, unix.MSG_NOSIGNAL)
}

// run does what the order says, up to the end of all processes.
func (s *step) run(o order) error {
	if ownTemporary(o.C.Home) != nil {
		return fault.New(fault.Refused, "make the folder for temporary files in %s", o.C.Home).WithHint("make it writable")
	}
	listener, err := s.network(&o)
	if err != nil {
		return err
	}
	p := newPlan(o)
	switch {
	case o.C.Level == job.LevelStrict:
		err = layView(p, o.C)
	case o.Own:
		err = coverView(p, o.C)
	default:
		p.rules = withoutMounts(p)
	}
	if err != nil {
		return err
	}
	o.Env = environment(o)
	program, err := FindProgram(o.Argv[0], o.Dir, o.Env)
	if err != nil {
		return err
	}
	if err := os.Chdir(o.Dir); err != nil {
		return fault.New(fault.NotFound, "the confined process cannot see its working directory %s: %v", o.Dir, err)
	}
	if err := s.giveUp(p, o, portOf(listener)); err != nil {
		return err
	}
	fd := -1
	if listener != nil {
		f, err := listener.File()
		if err != nil {
			return fault.Wrap(fault.Internal, err, "hand over the door")
		}
		fd = int(f.Fd())
		_ = listener.Close()
	}
	if !o.Own {
		s.tell(answer{Started: true}, fd)
		return fault.Wrap(fault.Refused, syscall.Exec(program, o.Argv, o.Env), "execute %s", program)
	}
	return s.lead(program, o, fd)
}

// network opens the door, and puts its address where the order wants it. It
// is nil without a door.
func (s *step) network(o *order) (*net.TCPListener, error) {
	if o.Own && !o.C.Open {
		if err := loopback(); err != nil {
			return nil, err
		}
	}
	if !o.Door {
		return nil, nil
	}
	l, err := Listen()
	if err != nil {
		return nil, fault.Wrap(fault.Transient, err, "open the door")
	}
	o.Argv, o.Env = job.PutDoor(o.Argv, l.Addr().String()), job.PutDoor(o.Env, l.Addr().String())
	return l, nil
}

func portOf(l *net.TCPListener) uint64 {
	if l == nil {
		return 0
	}
	return uint64(netip.MustParseAddrPort(l.Addr().String()).Port())
}

// giveUp takes from this thread every right that the program is not to have.
func (s *step) giveUp(p plan, o order, port uint64) error {
	version := landlockVersion()
	if version < 1 && o.C.Level != job.LevelStrict {
		return noLandlock()
	}
	c := o.C
	if !o.Own {
		// Processes are counted for a user in a namespace. Without one of its own
		// the person's other processes would count.
		c.Processes = 0
	}
	if err := limit(c); err != nil {
		return err
	}
	if err := dropRights(); err != nil {
		return fault.Wrap(fault.Internal, err, "give up rights")
	}
	if version >= 1 {
		if err := enforce(p, o, version, port); err != nil {
			return fault.Wrap(fault.Internal, err, "set up Landlock")
		}
	}
	if _, ok := arch(); !ok {
		if o.C.Level == job.LevelStrict {
			return nil
		}
		return fault.New(fault.Refused, "level %s needs a filter of system calls, which is not written for %s", o.C.Level, runtime.GOARCH)
	}
	alone := !o.Own
	f := filter{
		noUnix:  o.C.Level != job.LevelStrict,
		onlyTCP: alone && !o.C.Open,
	}
	return fault.Wrap(fault.Internal, f.install(), "set up the filter of system calls")
}

func noLandlock() error {
	return fault.New(fault.Refused, "this kernel has no Landlock").
		WithHint("start it with landlock among the parameter lsm, or use a kernel from 5.13 on")
}

// enforce puts the rules into force with Landlock.
func enforce(p plan, o order, version int, port uint64) error {
	var ports uint64 // what is refused of TCP
	if !o.Own && !o.C.Open {
		ports = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if ports != 0 && version < 4 {
		return fault.New(fault.Refused, "this kernel's Landlock cannot close the network").
			WithHint("allow unprivileged user namespaces, or use a kernel from 6.7 on")
	}
	l, err := newLandlock(version, ports)
	if err != nil {
		return err
	}
	for _, r := range append(p.rules, alwaysRules(p, o.C.Level)...) {
		if r.access == hidden {
			continue
		}
		if err := l.allow(r.path, rightsOf(r.access)); err != nil {
			return err
		}
	}
	for _, name := range append(deviceNames(), "pts", "ptmx") {
		if err := l.allow("/dev/"+name, allReads|unix.LANDLOCK_ACCESS_FS_WRITE_FILE|since5); err != nil {
			return err
		}
	}
	if o.C.Level == job.LevelStrict { // elsewhere both are the machine's own
		err := errors.Join(l.allow("/dev/shm", rightsOf(writes)), l.allow("/", unix.LANDLOCK_ACCESS_FS_READ_DIR))
		if err != nil {
			return err
		}
	}
	if port != 0 && ports != 0 {
		if err := l.allowPort(port); err != nil {
			return err
		}
	}
	return l.enforce()
}

// alwaysRules gives what is beside the rules of the confinement. A rule holds
// for a folder itself, by whatever name it is reached.
func alwaysRules(p plan, level string) []rule {
	out := []rule{{"/proc", reads}}
	if level == job.LevelStrict {
		out = append(out, rule{"/tmp", writes}, rule{"/var/tmp", writes})
	}
	if p.resolver != "" {
		out = append(out, rule{p.resolver, reads})
	}
	return out
}

// rightsOf gives what Landlock is to allow for an access. Landlock only adds:
// what is hidden or fixed below something writable is the mounts' work.
func rightsOf(a access) uint64 {
	switch a {
	case writes:
		return allWrites | since2 | since3
	case reads:
		return allReads
	case hidden:
	}
	return 0
}

// lead starts the program and is the first process of its namespace until
// none is left.
func (s *step) lead(program string, o order, door int) error {
	// Requests to end are for the program, which hears them itself.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGPIPE, unix.SIGTERM)
	main, err := syscall.ForkExec(program, o.Argv, &syscall.ProcAttr{
		Dir: o.Dir, Env: o.Env, Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return fault.Wrap(fault.Refused, err, "execute %s", program)
	}
	s.tell(answer{Started: true}, door)
	s.letGo(door)
	go func() {
		// The end of this socket is the end of the shim.
		_, _ = io.Copy(io.Discard, s.control)
		os.Exit(1)
	}()
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WALL, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return nil //nolint:nilerr // there is no child any more
		case pid == main && (status.Exited() || status.Signaled()):
			s.tell(answer{Ended: true, Status: uint32(status), Alone: isAlone()}, -1)
		}
	}
}

// isAlone reaps what has ended, and says whether no child is left.
func isAlone() bool {
	for {
		pid, err := unix.Wait4(-1, nil, unix.WALL|unix.WNOHANG, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return true
		case pid == 0:
			return false
		}
	}
}

// letGo closes what only the program and the shim need.
func (s *step) letGo(door int) {
	if door >= 0 {
		_ = unix.Close(door)
	}
	// The streams: as long as they are open here, their readers wait.
	if null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0); err == nil {
		for fd := range 3 {
			_ = unix.Dup3(int(null.Fd()), fd, 0)
		}
		_ = null.Close()
	}
}

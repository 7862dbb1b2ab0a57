package confine

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// Launch is a process to start.
type Launch struct {
	Argv    []string
	Dir     string
	Env     []string
	Files   [3]*os.File
	Confine job.Confinement
	Door    bool
}

// Started is a confined process.
type Started struct {
	PID      int          // of the first process: the step inside, or the program itself
	Listener net.Listener // of the door; nil without one
	Leads    bool         // the first process is the step inside, which tells how the program ends

	control int
	rest    bytes.Buffer // what was received and not read yet
	close   sync.Once
}

// Start starts the step inside, by the argv self with Mode in place of the
// last argument, and waits until the program is started. The calling process
// keeps the confined one alive: at its end everything inside is ended.
func Start(self []string, l Launch) (*Started, error) {
	own := !l.Confine.Plain
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fault.Wrap(fault.Transient, err, "make a socket to a confined process")
	}
	s := &Started{control: pair[0], Leads: own}
	argv := append(slices.Clone(self[:len(self)-1]), Mode)
	s.PID, err = syscall.ForkExec("/proc/self/exe", argv, &syscall.ProcAttr{
		Dir: "/", Env: stepEnv(l.Env),
		Files: []uintptr{l.Files[0].Fd(), l.Files[1].Fd(), l.Files[2].Fd(), uintptr(pair[1])},
		Sys:   attributesOf(l.Confine),
	})
	_ = unix.Close(pair[1])
	if err != nil {
		s.Close()
		return nil, fault.WithHint(fault.Wrap(fault.Refused, err, "make namespaces for a confined process"), "%s", Hint)
	}
	// The step inside is starting meanwhile.
	var secrets [][]byte
	for _, p := range ownerOnly("/etc") {
		secrets = append(secrets, []byte(p))
	}
	if err := s.begin(order{Argv: l.Argv, Dir: l.Dir, Env: l.Env, Door: l.Door, Own: own, C: l.Confine, Secrets: secrets}); err != nil {
		s.Close()
		_ = unix.Kill(s.PID, unix.SIGKILL)
		var status unix.WaitStatus
		for {
			if _, werr := unix.Wait4(s.PID, &status, unix.WALL, nil); !errors.Is(werr, unix.EINTR) {
				break
			}
		}
		return nil, err
	}
	return s, nil
}

// stepEnv gives the environment of the step inside: the mark by which the
// process is found, and nothing that is the program's.
func stepEnv(env []string) []string {
	out := OwnEnv()
	for _, entry := range env {
		if len(entry) > len(markName) && entry[:len(markName)] == markName {
			out = append(out, entry)
		}
	}
	return out
}

// markName begins the variable that the shim marks its processes with.
const markName = "MUSTER_OP="

// attributesOf gives the namespaces of a confinement.
func attributesOf(c job.Confinement) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if c.Plain {
		return attr
	}
	attr.Cloneflags = unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC
	if !c.Open {
		attr.Cloneflags |= unix.CLONE_NEWNET
	}
	// Who is not root would lose the namespace's rights when the step begins.
	attr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_SETPCAP}
	uid, gid := os.Geteuid(), os.Getegid()
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
	return attr
}

// begin sends the order and waits for the answer.
func (s *Started) begin(o order) error {
	data, err := json.Marshal(o)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "write the order of a confined process")
	}
	for data = append(data, '\n'); len(data) > 0; {
		n, err := unix.SendmsgN(s.control, data, nil, nil, unix.MSG_NOSIGNAL)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fault.Wrap(fault.Internal, err, "hand over the order of a confined process")
		}
		data = data[max(n, 0):]
	}
	a, err := s.next()
	switch {
	case err != nil:
		return fault.Wrap(fault.Internal, err, "start a confined process")
	case a.Error != "":
		return fault.New(fault.Kind(a.Kind), "%s", a.Error)
	case !o.Own:
		// The program takes the place of the step; that closes the socket, and an
		// answer before means that it could not.
		if a, err := s.next(); err == nil {
			return fault.New(fault.Kind(a.Kind), "%s", a.Error)
		}
		s.Close()
	}
	return nil
}

// next receives one answer.
func (s *Started) next() (answer, error) {
	buf, rights := make([]byte, 16<<10), make([]byte, unix.CmsgSpace(4))
	for {
		if i := bytes.IndexByte(s.rest.Bytes(), '\n'); i >= 0 {
			var a answer
			return a, json.Unmarshal(s.rest.Next(i+1), &a)
		}
		n, rn, _, _, err := unix.Recvmsg(s.control, buf, rights, unix.MSG_CMSG_CLOEXEC)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return answer{}, err
		case n == 0:
			return answer{}, fault.New(fault.Internal, "the step inside ended without a word")
		}
		s.rest.Write(buf[:n])
		if err := s.take(rights[:rn]); err != nil {
			return answer{}, err
		}
	}
}

// take makes a listener of a descriptor that came beside an answer.
func (s *Started) take(rights []byte) error {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil || len(messages) == 0 {
		return err
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return err
	}
	for _, fd := range fds {
		f := os.NewFile(uintptr(fd), "door")
		s.Listener, err = net.FileListener(f)
		_ = f.Close()
	}
	return err
}

// Ended waits for the end of the program and gives its status, as wait(2)
// does, and whether the step inside had no other process left then; told is
// false when the step inside ended before it could tell.
func (s *Started) Ended() (status unix.WaitStatus, alone, told bool) {
	for {
		a, err := s.next()
		if err != nil {
			return 0, false, false
		}
		if a.Ended {
			return unix.WaitStatus(a.Status), a.Alone, true
		}
	}
}

// Close lets go of the confined process, which ends it where it leads.
func (s *Started) Close() {
	s.close.Do(func() { _ = unix.Close(s.control) })
}

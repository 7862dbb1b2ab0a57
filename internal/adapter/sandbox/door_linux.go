package sandbox

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/core/job"
)

const (
	// doorLimit bounds the connections through one door at a time. Further
	// ones wait until one of them ends.
	doorLimit = 512

	// doorPatience is how long a connection waits for somebody who serves the
	// door, once the keeper was asked.
	doorPatience = 10 * time.Second

	doorPause = 50 * time.Millisecond // between two tries
)

// door forwards connections to its socket.
type door struct {
	socket string
	keeper []string
	places chan struct{} // one for each connection

	asking sync.Mutex
	asked  time.Time // when the keeper was last asked
}

func newDoor(d job.Door, keeper []string) *door {
	return &door{socket: d.Socket, keeper: keeper, places: make(chan struct{}, doorLimit)}
}

// serve accepts and forwards until the listener is closed.
func (d *door) serve(l net.Listener) {
	for {
		d.places <- struct{}{}
		inner, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Out of descriptors, or the caller was gone already.
			<-d.places
			<-time.After(doorPause)
			continue
		}
		go func() {
			defer func() { <-d.places }()
			d.forward(inner)
		}()
	}
}

// forward carries one connection. The end of one direction is handed on; the
// connection is over when both have ended.
func (d *door) forward(inner net.Conn) {
	defer inner.Close()
	outer, err := d.dial()
	if err != nil {
		return
	}
	defer outer.Close()
	both := make(chan struct{}, 2)
	carry := func(to, from net.Conn) {
		_, err := io.Copy(to, from)
		if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
			err = half.CloseWrite()
		}
		if err != nil {
			// The other direction can be of no use any more.
			_, _ = to.Close(), from.Close()
		}
		both <- struct{}{}
	}
	go carry(outer, inner)
	carry(inner, outer)
	<-both
	<-both
}

// dial connects to the socket. When nobody serves it, the keeper is asked, and
// the socket is tried until the patience ends.
func (d *door) dial() (net.Conn, error) {
	conn, err := dialSocket(d.socket)
	if err == nil || len(d.keeper) == 0 {
		return conn, err
	}
	d.ask()
	for began := time.Now(); err != nil && time.Since(began) < doorPatience; {
		<-time.After(doorPause)
		conn, err = dialSocket(d.socket)
	}
	return conn, err
}

// ask starts the keeper, unless that was done a moment ago. The keeper and
// what it leaves running are nothing that the process of the door did: they
// become children of this process's parent, so that they are not ended with
// the tree below this process.
func (d *door) ask() {
	d.asking.Lock()
	defer d.asking.Unlock()
	if time.Since(d.asked) < doorPatience/2 {
		return
	}
	d.asked = time.Now()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer null.Close()
	// An error shows as a door that nobody serves.
	_, _ = syscall.ForkExec(d.keeper[0], d.keeper, &syscall.ProcAttr{
		Dir: "/", Env: []string{"PATH=" + defaultPath, job.KeptVariable + "=1"},
		Files: []uintptr{null.Fd(), null.Fd(), os.Stderr.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true, Cloneflags: unix.CLONE_PARENT},
	})
}

// dialSocket connects to a Unix socket, however long its path is: the address
// of a socket holds 107 bytes, so the folder is named by a descriptor.
func dialSocket(path string) (net.Conn, error) {
	fd, err := unix.Open(filepath.Dir(path), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(fd) }()
	return (&net.Dialer{}).DialContext(context.Background(), "unix", "/proc/self/fd/"+strconv.Itoa(fd)+"/"+filepath.Base(path))
}

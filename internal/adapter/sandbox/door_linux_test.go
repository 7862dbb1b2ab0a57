package sandbox

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// doorRole is a process that uses a door, or one that serves it.
func doorRole(role string, args []string) int {
	err := errors.New("unknown role")
	switch role {
	case "talk": // address, text: prints what comes back
		var conn net.Conn
		if conn, err = net.Dial("tcp", args[0]); err == nil {
			_, err = io.WriteString(conn, args[1])
			err = errors.Join(err, conn.(*net.TCPConn).CloseWrite())
			_, cerr := io.Copy(os.Stdout, conn)
			err = errors.Join(err, cerr)
		}
	case "keep-door": // socket, file for the process id
		err = os.WriteFile(args[1], []byte(strconv.Itoa(os.Getpid())), 0o600)
		if l, lerr := net.Listen("unix", args[0]); lerr == nil && err == nil {
			shout(l)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// shout answers every connection with its own bytes in capitals, once it has
// ended.
func shout(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			data, _ := io.ReadAll(conn)
			_, _ = io.WriteString(conn, strings.ToUpper(string(data)))
		}()
	}
}

// deepSocket gives a path for a socket, longer than an address may be.
func deepSocket(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), strings.Repeat("d", 120))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "sock")
}

// serveDoor serves a socket in this process.
func serveDoor(t testing.TB, socket string) {
	t.Helper()
	t.Chdir(filepath.Dir(socket))
	l, err := net.Listen("unix", filepath.Base(socket))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go shout(l)
}

func TestDoor(t *testing.T) {
	socket := deepSocket(t)
	serveDoor(t, socket)
	out, err := newExecutor(t).Run(testContext(t), job.Command{
		Argv: []string{testBinary(t), "talk", job.DoorAddress, "call " + job.DoorAddress}, Dir: "/", Door: &job.Door{Socket: socket},
	})
	if err != nil || !strings.HasPrefix(out.Stdout, "CALL 127.0.0.1:") || strings.Contains(out.Stdout, "MUSTER") {
		t.Errorf("%+v, %v", out, err)
	}
}

// Without a door nothing is replaced: there is nobody to connect to.
func TestNoDoor(t *testing.T) {
	out, err := newExecutor(t).Run(testContext(t), job.Command{Argv: []string{"echo", job.DoorAddress}, Dir: "/"})
	if err != nil || out.Stdout != job.DoorAddress+"\n" {
		t.Errorf("%+v, %v", out, err)
	}
	if _, err := newExecutor(t).Run(testContext(t), job.Command{Shell: "true", Dir: "/", Door: &job.Door{Socket: "sock"}}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a relative socket: %v", err)
	}
}

// A door that nobody serves closes what comes, at once without a keeper.
func TestDoorWithoutKeeper(t *testing.T) {
	out, err := newExecutor(t).Run(testContext(t), job.Command{
		Argv: []string{testBinary(t), "talk", job.DoorAddress, "call"}, Dir: "/", Door: &job.Door{Socket: deepSocket(t)},
	})
	if err != nil || out.Stdout != "" {
		t.Errorf("%+v, %v", out, err)
	}
}

// The keeper is asked when nobody serves the door. It is no part of the
// operation: it lives on, and the operation ends without it.
func TestDoorKeeper(t *testing.T) {
	dir := t.TempDir()
	socket, pidFile := filepath.Join(dir, "sock"), filepath.Join(dir, "pid")
	ops := newOps(t)
	spec := shellSpec("run.task.1", "")
	spec.Argv = []string{testBinary(t), "talk", job.DoorAddress, "call"}
	spec.Door, spec.DoorKeeper = &job.Door{Socket: socket}, []string{testBinary(t), "keep-door", socket, pidFile}
	ensure(t, ops, spec)
	exit := finish(t, ops, spec.ID)
	pid, err := strconv.Atoi(strings.Join(lines(t, pidFile), ""))
	if err != nil {
		t.Fatalf("the keeper was not started: %v; %+v", err, exit)
	}
	defer func() { _ = unix.Kill(pid, unix.SIGKILL) }()
	if got := output(t, ops.Stdout, spec.ID); got != "CALL" || exit.Survivors != 0 || exit.State != job.Exited {
		t.Errorf("%q, %+v", got, exit)
	}
	if err := unix.Kill(pid, 0); err != nil {
		t.Errorf("the keeper was ended with the operation: %v", err)
	}
}

func TestSpecOfVersion1(t *testing.T) {
	ops := newOps(t)
	spec := shellSpec("run.task.1", "echo here")
	spec.Version = 1
	ensure(t, ops, spec)
	if exit := finish(t, ops, spec.ID); exit.State != job.Exited || output(t, ops.Stdout, spec.ID) != "here\n" {
		t.Errorf("%+v", exit)
	}
}

package sandbox

import (
	"errors"
	"strconv"

	"golang.org/x/sys/unix"
)

// procBytes is room for what the kernel says of one process in one of the
// files stat, statm and children, of the last in the usual case.
const procBytes = 1 << 10

// procReader reads files that the kernel makes when they are read. It asks the
// kernel three times for a file, where package os asks seven times, and keeps
// its buffer: a shim looks at processes for hours, and a look at the whole
// machine is at hundreds.
type procReader struct{ buf []byte }

// file reads a file of a process, /proc/PID/NAME, to its end. What it gives
// holds until the next call.
func (r *procReader) file(pid int, name string) ([]byte, error) {
	fd, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(fd) }()
	if r.buf == nil {
		r.buf = make([]byte, procBytes)
	}
	for n := 0; ; {
		if n == len(r.buf) {
			r.buf = append(r.buf, make([]byte, len(r.buf))...)
		}
		got, err := unix.Read(fd, r.buf[n:])
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return nil, err
		case got == 0:
			return r.buf[:n], nil
		}
		n += max(got, 0)
	}
}

// process looks at one process.
func (r *procReader) process(pid int) (proc, error) {
	line, err := r.file(pid, "stat")
	if err != nil {
		return proc{}, err
	}
	return parseStat(pid, line)
}

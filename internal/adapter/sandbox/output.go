package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// drainLimit bounds the wait for the end of an output that somebody outside
// the process's tree holds open, once nothing in the tree lives.
const drainLimit = 2 * time.Second

// pumpBuffer is the size of one read from a process's output.
const pumpBuffer = 64 << 10

// headTail keeps the first and the last half of what is written to it, and
// counts the rest. Writing never fails and never waits.
type headTail struct {
	half  int // bytes kept at each end
	head  []byte
	tail  []byte // a ring once it is full
	next  int    // where the ring goes on
	total int64
}

func newHeadTail(keep int64) *headTail {
	return &headTail{half: int(max(keep/2, 1))}
}

func (b *headTail) Write(p []byte) (int, error) {
	n := len(p)
	b.total += int64(n)
	room := min(b.half-len(b.head), len(p))
	b.head, p = append(b.head, p[:room]...), p[room:]
	if len(p) > b.half {
		p = p[len(p)-b.half:]
	}
	room = min(b.half-len(b.tail), len(p))
	b.tail, p = append(b.tail, p[:room]...), p[room:]
	for len(p) > 0 {
		c := copy(b.tail[b.next:], p)
		b.next, p = (b.next+c)%b.half, p[c:]
	}
	return n, nil
}

func (b *headTail) capped() bool { return b.total > int64(len(b.head)+len(b.tail)) }

// text gives what was kept as valid UTF-8, and says in a line of its own how
// much is missing between the halves.
func (b *headTail) text() string {
	tail := string(b.tail[b.next:]) + string(b.tail[:b.next])
	if !b.capped() {
		// Joined first: a character may lie across the seam.
		return strings.ToValidUTF8(string(b.head)+tail, "\uFFFD")
	}
	dropped := b.total - int64(len(b.head)+len(b.tail))
	return strings.ToValidUTF8(string(b.head), "\uFFFD") +
		fmt.Sprintf("\n... %d bytes dropped ...\n", dropped) +
		strings.ToValidUTF8(tail, "\uFFFD")
}

// sink keeps the first bytes of a stream in a file and counts all of them.
type sink struct {
	file     *os.File
	room     int64 // bytes that may still be kept
	produced int64
	capped   bool
}

// drain reads r to its end. It goes on reading when nothing more is kept, so
// that the process on the other side never waits for us.
func (s *sink) drain(r io.Reader) {
	buf := make([]byte, pumpBuffer)
	for {
		n, err := r.Read(buf)
		s.produced += int64(n)
		keep := int(min(s.room, int64(n)))
		if keep < n {
			s.capped = true
		}
		if keep > 0 {
			s.room -= int64(keep)
			if _, werr := s.file.Write(buf[:keep]); werr != nil {
				// A full disk must not end the operation; its output is cut here.
				s.capped, s.room = true, 0
			}
		}
		if err != nil {
			return
		}
	}
}

// stream is one output of an operation on its way into a file.
type stream struct {
	sink
	read    *os.File
	drained chan struct{}
}

// openStream makes the file and gives the end to write to.
func openStream(path string, keep int64) (*stream, *os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return nil, nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	s := &stream{sink: sink{file: f, room: keep}, read: r, drained: make(chan struct{})}
	go func() {
		defer close(s.drained)
		s.drain(r)
	}()
	return s, w, nil
}

// finish makes durable what was kept, and gives the number of bytes that were
// produced. It is called when no writer lives.
func (s *stream) finish() int64 {
	// A process outside the tree may have been handed the stream; it is not
	// waited for.
	_ = s.read.SetReadDeadline(time.Now().Add(drainLimit))
	<-s.drained
	_ = s.read.Close()
	// The exit record says that the output is complete: it must not survive a
	// power cut that the output does not.
	var err error
	if s.produced > 0 {
		err = s.file.Sync()
	}
	if errors.Join(err, s.file.Close()) != nil {
		s.capped = true
	}
	return s.produced
}

package store

import (
	"context"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Version stands for a state of the database. Two of one Store differ when
// anybody, in this process or another, has committed in between; their order
// means nothing. The zero value stands for no state.
type Version int64

// Changed gives the current version. It costs microseconds and reads no table.
// Whoever follows the ledger takes the version, reads, and then waits for
// another, so that nothing falls in between.
func (s *Store) Changed(ctx context.Context) (Version, error) {
	s.watchMu.Lock()
	defer s.watchMu.Unlock()
	if s.watch == nil {
		conn, err := s.read.db.Conn(ctx)
		if err != nil {
			return 0, failed(err, "watch the ledger for changes")
		}
		s.watch = conn
	}
	var v int64
	// A connection that was interrupted is dropped by its pool, and a new one
	// counts anew: one look of microseconds is better not cut short.
	err := s.watch.QueryRowContext(context.WithoutCancel(ctx), `pragma data_version`).Scan(&v)
	return Version(v) + 1, failed(err, "watch the ledger for changes")
}

const (
	// looksInVain looks make WaitChange quiet: it then waits for a notice of the
	// kernel and looks without one so many times more rarely.
	looksInVain = 50
	rarely      = 20

	// looksAfterNotice are made at once and soon after a notice. It comes when
	// the ledger is written to, which is before the change can be seen.
	looksAfterNotice = 10
)

// WaitChange waits until the version is another than since, looking every so
// often, and gives the new one. Once it has waited long it looks at a notice,
// or more rarely. It ends with an error when ctx does.
func (s *Store) WaitChange(ctx context.Context, since Version, every time.Duration) (Version, error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var quiet *notices
	defer func() { quiet.close() }()
	for looks := 0; ; looks++ {
		if looks == looksInVain {
			if quiet == nil {
				quiet = listen(s.dir)
			}
			tick.Reset(rarely * every)
		}
		v, err := s.Changed(ctx)
		if err != nil || v != since {
			return v, err
		}
		var written <-chan struct{}
		if looks >= looksInVain {
			written = quiet.written()
		}
		select {
		case <-ctx.Done():
			return v, failed(ctx.Err(), "wait for a change of the ledger")
		case <-tick.C:
		case <-written:
			looks = looksInVain - looksAfterNotice - 1
			tick.Reset(every)
		}
	}
}

// notices tell that a file in a folder was written to.
type notices struct {
	file *os.File
	some chan struct{} // holds at most one
}

// listen gives the notices of a folder, or nil when the kernel has none to
// give: then there are none.
func listen(dir string) *notices {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil
	}
	n := &notices{file: os.NewFile(uintptr(fd), "inotify"), some: make(chan struct{}, 1)}
	if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_MODIFY|unix.IN_CREATE|unix.IN_ONLYDIR); err != nil {
		_ = n.file.Close()
		return nil
	}
	go n.read()
	return n
}

// read ends with close.
func (n *notices) read() {
	buf := make([]byte, 4<<10)
	for {
		if _, err := n.file.Read(buf); err != nil {
			return
		}
		select {
		case n.some <- struct{}{}:
		default:
		}
	}
}

func (n *notices) written() <-chan struct{} {
	if n == nil {
		return nil
	}
	return n.some
}

func (n *notices) close() {
	if n != nil {
		// The kernel takes some ten milliseconds for it. Nobody waits for that.
		go func() { _ = n.file.Close() }()
	}
}

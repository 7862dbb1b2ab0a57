package sandbox

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

const (
	// Waiting is by notice from the kernel. The looks without a notice are for
	// folders that give none, and for a lock that is released just after the
	// notice of its closing.
	soonLook = 5 * time.Millisecond
	lateLook = time.Second

	// rareLook is between two looks once an operation has been waited for long:
	// a dead one is shown dead within five seconds, also without a notice.
	rareLook = 4 * time.Second

	// lifeSigns are the notices that an operation may have ended: the exit
	// record is renamed into place, or the shim's lock file is closed.
	lifeSigns = unix.IN_MOVED_TO | unix.IN_CLOSE_WRITE
)

// Wait returns the exit record of an operation once there is one. The
// operation must have been ensured before, by this process or by any other.
// When the shim has died, Wait ensures a new one, which records the loss.
func (o *Operations) Wait(ctx context.Context, id string) (job.Exit, error) {
	if err := o.mustExist(id); err != nil {
		return job.Exit{}, err
	}
	changes := watch(o.path(id), lifeSigns)
	defer changes.close()
	for {
		exit, ended, err := o.Exit(id)
		if err != nil || ended {
			return exit, err
		}
		if err := o.ensureShim(ctx, id); err != nil {
			return job.Exit{}, err
		}
		if err := changes.wait(ctx); err != nil {
			return job.Exit{}, fault.Wrap(fault.Transient, err, "wait for operation %s", id)
		}
	}
}

// Follow reads the standard output of an operation from its beginning, waits
// for more at its end, and is over when the operation is. Reads fail once ctx
// is done.
func (o *Operations) Follow(ctx context.Context, id string) (io.ReadCloser, error) {
	f, err := o.Stdout(id)
	if err != nil {
		return nil, err
	}
	return &follower{ctx: ctx, ops: o, id: id, out: f, changes: watch(o.path(id), lifeSigns|unix.IN_MODIFY)}, nil
}

type follower struct {
	ctx     context.Context //nolint:containedctx // a Read has no other way to be cancelled
	ops     *Operations
	id      string
	out     io.ReadCloser
	changes *watcher
	over    bool // the operation has ended: what can be read now is all
}

func (f *follower) Read(p []byte) (int, error) {
	for {
		n, err := f.out.Read(p)
		if n > 0 || len(p) == 0 || !errors.Is(err, io.EOF) || f.over {
			return n, err
		}
		if _, f.over, err = f.ops.Exit(f.id); err != nil {
			return 0, err
		}
		if _, begun := f.out.(*os.File); !begun {
			if f.out, err = f.ops.Stdout(f.id); err != nil {
				return 0, err
			}
		}
		if f.over {
			continue
		}
		if err := f.changes.wait(f.ctx); err != nil {
			return 0, fault.Wrap(fault.Transient, err, "follow operation %s", f.id)
		}
	}
}

func (f *follower) Close() error {
	f.changes.close()
	return f.out.Close()
}

// watcher tells when something in a folder has changed, and now and then that
// it is time to look anyway.
type watcher struct {
	notices *os.File      // nil when the kernel gives none
	changed chan struct{} // holds at most one
	next    time.Duration // until a look without a notice
	began   time.Time
}

// watch gives a watcher of the folder. It works, if more slowly, when the
// kernel has no watch to give.
func watch(dir string, mask uint32) *watcher {
	w := &watcher{changed: make(chan struct{}, 1), next: soonLook, began: time.Now()}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return w
	}
	w.notices = os.NewFile(uintptr(fd), "inotify")
	if _, err := unix.InotifyAddWatch(fd, dir, mask|unix.IN_ONLYDIR); err != nil {
		w.close()
		w.notices = nil
		return w
	}
	go w.listen(w.notices)
	return w
}

// listen turns notices into "look again". What they say does not matter.
func (w *watcher) listen(notices *os.File) {
	buf := make([]byte, 4<<10)
	for {
		if _, err := notices.Read(buf); err != nil {
			return
		}
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}
}

// wait returns at the next change, or when it is time to look without one.
func (w *watcher) wait(ctx context.Context) error {
	now := time.Now()
	longest := longestPause(now.Sub(w.began))
	pause := min(w.next, longest)
	if pause >= lateLook {
		// At whole seconds, so that many waiters wake this process only once.
		pause = now.Truncate(longest).Add(longest).Sub(now)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-w.changed:
		w.next = soonLook
	case <-timer.C:
		w.next = min(2*w.next, rareLook)
	}
	return nil
}

// longestPause is between two looks at what has been waited for so long. Each
// look of ten waiting agents costs half a millisecond; what ends without a
// notice is noticed after a quarter more time at most.
func longestPause(waited time.Duration) time.Duration {
	switch {
	case waited < 2*rareLook:
		return lateLook
	case waited < 4*rareLook:
		return rareLook / 2
	}
	return rareLook
}

func (w *watcher) close() {
	if w.notices != nil {
		// The kernel takes some ten milliseconds for it. Nobody waits for that.
		go w.notices.Close() //nolint:errcheck // there is nothing left to lose
	}
}

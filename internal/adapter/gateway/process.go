package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"muster/internal/core/fault"
	"muster/internal/core/meter"
	"muster/internal/core/otlp"
)

// Options are what the gateway is started with.
type Options struct {
	Others func(Door) http.Handler                              // serves what is asked for at a door beside models; nil: nothing
	Logger *slog.Logger                                         // nil: none
	Tell   func(telemetry map[string]string) func(otlp.Request) // gives what is told of each request that was sent, and never waits; nil: nothing is told
	Newer  func() (meter.Table, error)                          // gives prices that come before those built in; nil: there are none
	Idle   time.Duration                                        // after which it ends when nobody needs it; 0: ten minutes
}

func (o Options) log() *slog.Logger {
	if o.Logger != nil {
		return o.Logger
	}
	return slog.New(slog.DiscardHandler)
}

func (o Options) newer() func() (meter.Table, error) {
	if o.Newer != nil {
		return o.Newer
	}
	return func() (meter.Table, error) { return meter.Table{}, nil }
}

const (
	idleFor    = 10 * time.Minute
	lookEvery  = 30 * time.Second
	forgotten  = 7 * 24 * time.Hour // after which a door that nobody closed is, and the folder of a closed one removed
	maxControl = 8 << 20            // bytes of what is said over the control socket
	maxLog     = 4 << 20            // bytes after which the log begins anew
)

// Main is the process "muster gateway DIR". It leaves when another one
// serves the folder. The exit code is 0, or 1 with an error on standard error.
func Main(args []string, o Options, stderr io.Writer) int {
	if len(args) != 1 || !filepath.IsAbs(args[0]) {
		_, _ = fmt.Fprintln(stderr, "muster gateway: needs an absolute folder")
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := Serve(ctx, args[0], o); err != nil {
		_, _ = fmt.Fprintln(stderr, "muster gateway:", err)
		return 1
	}
	return 0
}

// Serve serves the doors of a folder until it is not needed any more or ctx
// ends. It gives nil when another process serves the folder.
func Serve(ctx context.Context, dir string, o Options) error {
	if err := os.MkdirAll(filepath.Join(dir, doorsDir), 0o700); err != nil {
		return fault.Wrap(fault.Refused, err, "make the gateway's folder %s", dir)
	}
	lock, err := lockUnless(ctx, filepath.Join(dir, lockFile), func() bool { return answers(ctx, dir) })
	if err != nil {
		return fault.Wrap(fault.Internal, err, "take the gateway's lock in %s", dir)
	}
	if lock == nil {
		return nil
	}
	defer lock.Close()
	if o.Logger == nil {
		f, err := openLog(filepath.Join(dir, logFile))
		if err != nil {
			return err
		}
		defer f.Close()
		o.Logger = slog.New(slog.NewTextHandler(f, nil))
	}
	j, err := openJournal(dir, time.Now().UnixMicro())
	if err != nil {
		o.Logger.Error("journal", "error", err.Error(), "hint", fault.HintOf(err))
		return err
	}
	defer func() { _ = j.close() }() // every line is durable already
	s := newServer(dir, j, o)
	s.reopen()
	control, err := listen(filepath.Join(dir, controlSock))
	if err != nil {
		return fault.Wrap(fault.Internal, err, "open the gateway's control socket")
	}
	web := &http.Server{Handler: s.control(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = web.Serve(control) }() // ends when it is closed below
	o.Logger.Info("started", "pid", os.Getpid(), "doors", len(s.doors))
	s.untilIdle(ctx, o.Idle)
	_ = web.Close()
	s.shut()
	o.Logger.Info("ended")
	return nil
}

// lockUnless takes the lock of a gateway's folder, and gives nil when another
// process has it and serves. One that has the lock and does not serve has not
// begun to, or comes to its end: to leave then would be to leave nobody there.
// One that stays so for long is left alone.
func lockUnless(ctx context.Context, path string, isServed func() bool) (*os.File, error) {
	for began := time.Now(); ; {
		lock, err := tryLock(path)
		if lock != nil || err != nil || isServed() || time.Since(began) > startTime {
			return lock, err
		}
		select {
		case <-time.After(startLook):
		case <-ctx.Done():
			return nil, nil
		}
	}
}

// answers reports whether the gateway of a folder does. That its socket takes
// a connection says little: that of a process which is being killed does too.
func answers(ctx context.Context, dir string) bool {
	c := NewClient(dir, nil, nil)
	defer c.Close()
	_, ok := c.State(ctx)
	return ok
}

func openLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		_ = os.Rename(path, path+".old") // else the log goes on growing
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return f, fault.Wrap(fault.Internal, err, "open the gateway's log")
}

func doorDir(dir, name string) string { return filepath.Join(dir, doorsDir, name) }

// reopen opens the doors that a former gateway had.
func (s *server) reopen() {
	names, err := os.ReadDir(filepath.Join(s.dir, doorsDir))
	if err != nil {
		s.log.Error("doors", "error", err.Error())
		return
	}
	for _, n := range names {
		if info, err := os.Stat(filepath.Join(doorDir(s.dir, n.Name()), closedFile)); err == nil {
			if time.Since(info.ModTime()) > forgotten {
				_ = os.RemoveAll(doorDir(s.dir, n.Name())) // it is tried again the next time
			}
			continue
		}
		spec, err := readDoor(filepath.Join(doorDir(s.dir, n.Name()), doorFile))
		if err == nil && spec.Name != n.Name() {
			err = fault.New(fault.Invalid, "its file is another door's")
		}
		if err == nil {
			err = s.open(spec)
		}
		if err != nil {
			s.log.Warn("door", "name", n.Name(), "error", err.Error())
		}
	}
}

func readDoor(path string) (Door, error) {
	var spec Door
	f, err := os.Open(path)
	if err != nil {
		return spec, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxControl))
	if err != nil {
		return spec, err
	}
	return spec, json.Unmarshal(data, &spec)
}

// writeDoor keeps a door's specification, without secrets.
func writeDoor(dir string, spec Door) error {
	folder := doorDir(dir, spec.Name)
	data, err := json.Marshal(spec)
	if err == nil {
		err = os.MkdirAll(folder, 0o700)
	}
	if err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(folder, closedFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	path := filepath.Join(folder, doorFile)
	f, err := os.CreateTemp(folder, "."+doorFile+".*") // checks that start at once open the same door
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(folder)
}

// untilIdle returns when nobody needs the gateway: no door was used for a
// while, and no attempt lives that could use one.
func (s *server) untilIdle(ctx context.Context, idle time.Duration) {
	if idle <= 0 {
		idle = idleFor
	}
	tick := time.NewTicker(min(idle, lookEvery))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if s.isIdle(idle) {
			return
		}
	}
}

func (s *server) isIdle(idle time.Duration) bool {
	s.mu.Lock()
	used, doors := s.used, make([]*door, 0, len(s.doors))
	for _, d := range s.doors {
		doors = append(doors, d)
	}
	s.mu.Unlock()
	isNeeded := time.Since(used) < idle
	for _, d := range doors {
		d.mu.Lock()
		name, alive, busy, since := d.spec.Name, d.spec.Alive, d.busy, time.Since(d.used)
		d.mu.Unlock()
		lives := busy > 0 || alive != "" && isLocked(alive)
		if !lives && since > forgotten {
			if _, err := s.closeDoor(name, ""); err != nil {
				s.log.Warn("door", "name", name, "error", err.Error())
			}
		}
		isNeeded = isNeeded || lives
	}
	return !isNeeded
}

// shut ends all doors. Their folders stay for the next gateway.
func (s *server) shut() {
	s.mu.Lock()
	doors := make([]*door, 0, len(s.doors))
	for _, d := range s.doors {
		doors = append(doors, d)
	}
	s.mu.Unlock()
	for _, d := range doors {
		d.end() // requests under way are cut, and booked as such
	}
	for _, d := range doors {
		d.running.Wait()
	}
}

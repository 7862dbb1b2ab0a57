package sandbox

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/adapter/sandbox/confine"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// shimTries bounds how many shims are started in a row for one request when
// each finds the lock taken and yet nobody holds it afterwards.
const shimTries = 10

// Operations starts operations and knows what became of them. It keeps no
// state but the folders: any number of values, in any number of processes,
// may work on the same ones at the same time.
type Operations struct {
	dir  string
	shim []string
}

// NewOperations gives the operations in folder dir, an absolute path that is
// made when it is first needed. The argv shim starts a process that calls
// Shim with the argument appended to it.
func NewOperations(dir string, shim []string) *Operations {
	return &Operations{dir: filepath.Clean(dir), shim: slices.Clone(shim)}
}

// Ensure makes sure that the operation is running or has ended, and that its
// program is started at most once, ever. When the operation exists, its first
// spec counts. When its shim has died, a new one is started, which ends what
// is left and records the operation as lost. A cancelled ctx ends the waiting,
// not the operation.
func (o *Operations) Ensure(ctx context.Context, spec job.Spec) error {
	if err := validateSpec(spec); err != nil {
		return err
	}
	if len(o.shim) == 0 || !filepath.IsAbs(o.dir) {
		return fault.New(fault.Invalid, "operations need an absolute folder and a program to start shims with")
	}
	// The shim makes all of it durable before it starts anything.
	err := os.MkdirAll(o.path(spec.ID), dirMode)
	if err == nil {
		err = writeOnce(o.path(spec.ID), specFile, spec)
	}
	if err != nil {
		return fault.Wrap(fault.Transient, err, "write the spec of operation %s", spec.ID)
	}
	return o.ensureShim(ctx, spec.ID)
}

// ensureShim starts a shim for an operation that has a spec, unless it has
// ended or one is alive.
func (o *Operations) ensureShim(ctx context.Context, id string) error {
	for range shimTries {
		state, err := o.State(id)
		if err != nil {
			return err
		}
		if state == job.OpRunning || state == job.OpEnded {
			return nil
		}
		answer, err := o.startShim(ctx, id)
		if err != nil {
			return fault.Wrap(fault.Transient, err, "start a shim for operation %s", id)
		}
		if answer == saysReady {
			return nil
		}
		// Busy: another shim was faster. The state says how it went on.
	}
	return fault.New(fault.Transient, "operation %s: its lock is taken again and again by nobody who keeps it", id)
}

// startShim starts a shim and gives its answer: saysReady or saysBusy.
func (o *Operations) startShim(ctx context.Context, id string) (string, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer r.Close()
	defer w.Close()
	log, err := os.OpenFile(filepath.Join(o.path(id), logFile), os.O_WRONLY|os.O_CREATE|os.O_APPEND, fileMode)
	if err != nil {
		return "", err
	}
	defer log.Close()
	// The shim outlives ctx, this process and its terminal.
	cmd := shimCommand(context.WithoutCancel(ctx), o.shim, o.path(id))
	cmd.Stdout, cmd.Stderr = w, log
	if err := cmd.Start(); err != nil {
		return "", fault.New(fault.Internal, "execute %s: %v", o.shim[0], err)
	}
	go func() { _ = cmd.Wait() }() // so that it is no zombie while this process lives
	_ = w.Close()
	defer context.AfterFunc(ctx, func() { _ = r.SetReadDeadline(time.Unix(1, 0)) })()
	line, err := bufio.NewReader(io.LimitReader(r, 4<<10)).ReadString('\n')
	word, reason, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch {
	case ctx.Err() != nil && err != nil:
		return "", ctx.Err()
	case word == saysReady || word == saysBusy:
		return word, nil
	case word == saysFailed:
		kind, text, _ := strings.Cut(reason, " ")
		return "", fault.New(fault.Kind(kind), "%s", text)
	}
	return "", fault.New(fault.Transient, "the shim ended before it took over").
		WithHint("see %s", filepath.Join(o.path(id), logFile))
}

// shimCommand gives a shim to start: without an environment, because it needs
// none and Muster's may hold secrets, and away from the terminal.
func shimCommand(ctx context.Context, argv []string, arg string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, argv[0], append(slices.Clone(argv[1:]), arg)...)
	cmd.Dir = "/"
	cmd.Env = confine.OwnEnv()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

// State says what is known of an operation now. One whose spec is written but
// which nobody has begun to start is absent.
func (o *Operations) State(id string) (job.OpState, error) {
	if err := validateID(id); err != nil {
		return "", err
	}
	dir := o.path(id)
	if exists(filepath.Join(dir, exitFile)) {
		return job.OpEnded, nil
	}
	held, err := lockHeld(filepath.Join(dir, lockFile))
	switch {
	case err != nil:
		return "", fault.Wrap(fault.Internal, err, "look at the lock of operation %s", id)
	case held:
		return job.OpRunning, nil
	case exists(filepath.Join(dir, exitFile)): // it ended between the two looks
		return job.OpEnded, nil
	case exists(filepath.Join(dir, startedFile)):
		return job.OpDead, nil
	}
	return job.OpAbsent, nil
}

// lockHeld says whether a shim holds the lock. To find out it takes the lock
// for a moment, shared, which shims are made to outlast.
func lockHeld(path string) (bool, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { _ = unix.Close(fd) }()
	err = unix.Flock(fd, unix.LOCK_SH|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

// Exit gives the exit record of an operation, and whether there is one.
func (o *Operations) Exit(id string) (job.Exit, bool, error) {
	var exit job.Exit
	if err := validateID(id); err != nil {
		return exit, false, err
	}
	err := readJSON(filepath.Join(o.path(id), exitFile), &exit)
	if errors.Is(err, fs.ErrNotExist) {
		return job.Exit{}, false, nil
	}
	return exit, err == nil, fault.Wrap(fault.Internal, err, "read the exit record of operation %s", id)
}

// List gives the ids of all operations that have a folder, sorted.
func (o *Operations) List() ([]string, error) {
	entries, err := os.ReadDir(o.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var ids []string
	for _, entry := range entries {
		if entry.IsDir() && validateID(entry.Name()) == nil {
			ids = append(ids, entry.Name())
		}
	}
	return ids, fault.Wrap(fault.Internal, err, "list operations")
}

// Stop asks for the end of an operation and returns; Wait tells when it is
// over. An operation that has ended stays as it ended; one that was not
// started yet never will be; one whose shim has died is recorded as lost.
func (o *Operations) Stop(ctx context.Context, id string) error {
	if err := o.mustExist(id); err != nil {
		return err
	}
	if exists(filepath.Join(o.path(id), exitFile)) {
		return nil
	}
	// The file first: a shim that cannot be reached yet will see it.
	f, err := os.OpenFile(filepath.Join(o.path(id), stopFile), os.O_WRONLY|os.O_CREATE, fileMode)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return fault.Wrap(fault.Transient, err, "ask operation %s to stop", id)
	}
	if err := o.ensureShim(ctx, id); err != nil {
		return err
	}
	var shim identity
	if readJSON(filepath.Join(o.path(id), startedFile), &shim) == nil {
		shim.signal(unix.SIGTERM)
	}
	return nil
}

// mustExist says that there is an operation, with a spec, of that id.
func (o *Operations) mustExist(id string) error {
	if err := validateID(id); err != nil {
		return err
	}
	if !exists(filepath.Join(o.path(id), specFile)) {
		return fault.New(fault.NotFound, "there is no operation %s", id)
	}
	return nil
}

// Stdout opens what the operation has written to its standard output so far.
// Reading goes on where it ended when the operation writes more.
func (o *Operations) Stdout(id string) (io.ReadCloser, error) { return o.open(id, stdoutFile) }

// Stderr is Stdout for the standard error.
func (o *Operations) Stderr(id string) (io.ReadCloser, error) { return o.open(id, stderrFile) }

func (o *Operations) open(id, name string) (io.ReadCloser, error) {
	if err := o.mustExist(id); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(o.path(id), name), os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return io.NopCloser(strings.NewReader("")), nil
	}
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "read the %s of operation %s", name, id)
	}
	return f, nil
}

// Remove forgets an operation that has ended. A crash on the way leaves it
// ended, never half: the exit record goes last.
func (o *Operations) Remove(id string) error {
	state, err := o.State(id)
	if err != nil {
		return err
	}
	dir := o.path(id)
	switch {
	case !exists(dir):
		return nil
	case state != job.OpEnded && exists(filepath.Join(dir, specFile)):
		return fault.New(fault.Refused, "operation %s has not ended", id).WithHint("stop it first")
	}
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		if name := entry.Name(); name != exitFile && err == nil {
			err = os.RemoveAll(filepath.Join(dir, name))
		}
	}
	if err == nil {
		err = os.RemoveAll(dir)
	}
	return fault.Wrap(fault.Transient, err, "remove operation %s", id)
}

func (o *Operations) path(id string) string { return filepath.Join(o.dir, id) }

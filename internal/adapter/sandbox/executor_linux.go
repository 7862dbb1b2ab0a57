package sandbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

const (
	// defaultKeep is the number of bytes of each stream that are kept when a
	// command does not say.
	defaultKeep = 1 << 20

	// commandGrace is between SIGTERM and SIGKILL. It is short because what a
	// command leaves half done is thrown away with its folder.
	commandGrace = time.Second

	// commandPatience bounds the killing of what is left of a command. Only a
	// process that the kernel itself holds on to lasts that long.
	commandPatience = 30 * time.Second
)

// Executor runs commands whose repetition costs nothing.
type Executor struct {
	base []string
	shim []string
}

// NewExecutor gives an executor. Base is the environment that all commands
// start from, as NAME=value; nothing else is inherited. The argv shim is the
// same as for NewOperations.
func NewExecutor(base, shim []string) *Executor {
	return &Executor{base: slices.Clone(base), shim: slices.Clone(shim)}
}

// request is a command on its way to its shim.
type request struct {
	Argv    []string `json:"argv"`
	Dir     string   `json:"dir"`
	Env     []string `json:"env"`
	Stdin   []byte   `json:"stdin,omitempty"`
	LimitMS int64    `json:"limit_ms"`

	Door   *job.Door `json:"door,omitempty"`
	Keeper []string  `json:"keeper,omitempty"`

	Confine *job.Confinement `json:"confine,omitempty"`
}

// report is what the shim of a command reports.
type report struct {
	Exit       job.Exit   `json:"exit"`
	Kind       fault.Kind `json:"kind,omitempty"` // with NotStarted
	DurationMS int64      `json:"duration_ms"`
	Level      string     `json:"level"`
	Stuck      bool       `json:"stuck,omitempty"` // something of it could not be killed
}

// Run executes a command and returns when neither it nor any descendant lives,
// whatever they did to get away. A cancelled ctx ends them all, and so does
// the end of Muster, however it comes. A command that fails is an Output; an
// error means that it could not be run, or not to its end, and comes with the
// output so far.
func (e *Executor) Run(ctx context.Context, c job.Command) (job.Output, error) {
	q, err := e.request(c)
	if err != nil {
		return job.Output{}, err
	}
	if err := ctx.Err(); err != nil {
		return job.Output{}, fault.Wrap(fault.Transient, err, "run %s", q.Argv[0])
	}
	mark := rand.Text()
	q.Env = withMark(q.Env, mark)
	keep := c.OutputCap
	if keep <= 0 {
		keep = defaultKeep
	}
	r := &running{stdout: newHeadTail(keep), stderr: newHeadTail(keep)}
	rep, err := r.run(ctx, e.shim, q)
	if err != nil {
		// The shim died before its report; nobody else looks after the tree.
		sweep, done := context.WithTimeout(context.WithoutCancel(ctx), commandPatience)
		killMarked(sweep, mark, 0)
		done()
	}
	r.finish()
	out := job.Output{
		Code: -1, TimedOut: rep.Exit.State == job.TimedOut, Signal: rep.Exit.Signal,
		Stdout: r.stdout.text(), Stderr: r.stderr.text(),
		Capped:     r.stdout.capped() || r.stderr.capped(),
		DurationMS: rep.DurationMS, Sandbox: rep.Level,
	}
	if rep.Exit.State == job.Exited {
		out.Code = rep.Exit.Code
	}
	if err == nil {
		err = rep.failure(ctx)
	}
	return out, fault.Wrap(fault.Transient, err, "run %s", q.Argv[0])
}

// failure says why the command was not run to its end, or nil when it was.
func (r report) failure(ctx context.Context) error {
	switch {
	case r.Stuck:
		return fault.New(fault.Internal, "a process that it started cannot be killed").
			WithHint("look for a process in state D; its file system may hang")
	case r.Exit.State == job.NotStarted:
		return fault.New(r.Kind, "%s", r.Exit.Error).
			WithHint("install it, or correct the command in the configuration")
	case r.Exit.State == job.Stopped && ctx.Err() != nil:
		return ctx.Err()
	case r.Exit.State == job.Stopped:
		return fault.New(fault.Transient, "its shim was told to end by somebody else")
	}
	return nil
}

// request examines a command and fills in what it leaves open.
func (e *Executor) request(c job.Command) (request, error) {
	if len(e.shim) == 0 {
		return request{}, fault.New(fault.Internal, "the executor has no program to start shims with")
	}
	if (c.Shell == "") == (len(c.Argv) == 0) {
		return request{}, fault.New(fault.Invalid, "a command needs either argv or a shell line, and not both")
	}
	q := request{Argv: c.Argv, Dir: c.Dir, Env: mergeEnv(e.base, c.Env), Stdin: []byte(c.Stdin), LimitMS: c.LimitMS, Door: c.Door, Keeper: c.DoorKeeper, Confine: c.Confine}
	if c.Shell != "" {
		q.Argv = []string{"sh", "-c", c.Shell}
	}
	if q.LimitMS < 0 {
		return request{}, fault.New(fault.Invalid, "run %s: the limit is negative", q.Argv[0])
	}
	if err := errors.Join(validateDoor(q.Door, q.Keeper), validateConfinement(q.Confine)); err != nil {
		return request{}, fault.Wrap(fault.Invalid, err, "run %s", q.Argv[0])
	}
	return q, validateLaunch(q.Argv, q.Dir, q.Env)
}

// running is a command in execution, seen from Muster.
type running struct {
	stdout, stderr *headTail
	reads          []*os.File
	drained        []chan struct{}
}

// run starts a shim, hands it the request, and gives its report.
func (r *running) run(ctx context.Context, shim []string, q request) (report, error) {
	stdout, err := r.collect(r.stdout)
	if err != nil {
		return report{}, err
	}
	defer stdout.Close()
	stderr, err := r.collect(r.stderr)
	if err != nil {
		return report{}, err
	}
	defer stderr.Close()
	theirs, ours, err := os.Pipe()
	if err != nil {
		return report{}, err
	}
	defer theirs.Close()
	defer ours.Close()

	answer, complaint := &bytes.Buffer{}, newHeadTail(4<<10)
	cmd := shimCommand(context.WithoutCancel(ctx), shim, commandMode)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, answer, complaint
	cmd.ExtraFiles = []*os.File{stdout, stderr}
	if err := cmd.Start(); err != nil {
		return report{}, fault.New(fault.Internal, "execute %s: %v", shim[0], err)
	}
	_, _, _ = theirs.Close(), stdout.Close(), stderr.Close()
	// The shim reads the request and then the end of this pipe, which comes when
	// we close it or when we die. Closing it is how it is told to end.
	stop := context.AfterFunc(ctx, func() { _ = ours.Close() })
	defer stop()
	werr := json.NewEncoder(ours).Encode(q)
	err = errors.Join(cmd.Wait(), ignoreClosed(werr))
	var rep report
	if jerr := json.Unmarshal(answer.Bytes(), &rep); jerr != nil {
		if ctx.Err() != nil {
			return report{}, ctx.Err()
		}
		return report{}, fault.New(fault.Transient, "its shim gave no report: %v; %s", err, complaint.text())
	}
	return rep, nil
}

// ignoreClosed drops the error of having closed the pipe ourselves.
func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// collect gives the end to write to of a stream that is kept in b.
func (r *running) collect(b *headTail) (*os.File, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	done := make(chan struct{})
	r.reads, r.drained = append(r.reads, read), append(r.drained, done)
	go func() {
		defer close(done)
		_, _ = io.CopyBuffer(struct{ io.Writer }{b}, struct{ io.Reader }{read}, make([]byte, pumpBuffer))
	}()
	return write, nil
}

// finish waits for the ends of the streams; no process of the tree lives.
func (r *running) finish() {
	for i, read := range r.reads {
		_ = read.SetReadDeadline(time.Now().Add(drainLimit))
		<-r.drained[i]
		_ = read.Close()
	}
}

// runCommand is the shim of one command: the request comes on standard input,
// whose end means that Muster wants no result any more or has died; the report
// goes to standard output; descriptors 3 and 4 are the command's own outputs.
func runCommand() int {
	stop, err := becomeShim()
	if err != nil {
		return complain(err)
	}
	var q request
	if err := json.NewDecoder(os.Stdin).Decode(&q); err != nil {
		return complain(fault.Wrap(fault.Internal, err, "read the request"))
	}
	unwanted := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(unwanted)
	}()
	rep := execute(q, either(stop, unwanted))
	if err := json.NewEncoder(os.Stdout).Encode(rep); err != nil {
		return complain(fault.Wrap(fault.Internal, err, "report"))
	}
	return 0
}

// either is closed as soon as one of two channels is.
func either(a, b <-chan struct{}) <-chan struct{} {
	c := make(chan struct{})
	go func() {
		defer close(c)
		select {
		case <-a:
		case <-b:
		}
	}()
	return c
}

// execute runs the request to its end.
func execute(q request, stop <-chan struct{}) report {
	stdout, stderr := os.NewFile(3, "stdout"), os.NewFile(4, "stderr")
	began := time.Now()
	rep := report{Exit: job.Exit{Version: exitVersion, StartedUS: began.UnixMicro()}}
	stdin, err := feed(string(q.Stdin))
	if err == nil {
		l := launch{
			argv: q.Argv, dir: q.Dir, env: q.Env, stdin: stdin, stdout: stdout, stderr: stderr,
			door: q.Door, keeper: q.Keeper, confine: q.Confine,
		}
		rep.Level = l.confine.InForce()
		var tree *tree
		tree, err = start(l)
		_ = stdin.Close()
		if err == nil {
			// Copies kept here would hold the streams open for their reader.
			_, _ = stdout.Close(), stderr.Close()
			state := tree.await(time.Duration(q.LimitMS)*time.Millisecond, stop)
			rep.DurationMS = time.Since(began).Milliseconds()
			rep.Stuck = !tree.clear(commandGrace, commandPatience)
			tree.outcome(state, &rep.Exit)
		}
	}
	if err != nil {
		rep.Exit.State, rep.Exit.Error, rep.Kind = job.NotStarted, err.Error(), fault.KindOf(err)
	}
	rep.Exit.EndedUS = time.Now().UnixMicro()
	return rep
}

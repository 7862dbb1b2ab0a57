package mutation

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"muster/internal/core/job"
	"muster/internal/source/mutant"
)

// osExec runs commands with the environment of the tests, and keeps what they
// were. Before, when set, may answer in place of a command.
type osExec struct {
	before func(job.Command) (job.Output, error, bool)

	mu   sync.Mutex
	seen []job.Command
}

func (x *osExec) Run(ctx context.Context, c job.Command) (job.Output, error) {
	x.mu.Lock()
	x.seen = append(x.seen, c)
	x.mu.Unlock()
	if x.before != nil {
		if out, err, ok := x.before(c); ok {
			return out, err
		}
	}
	if c.LimitMS > 0 {
		limited, cancel := context.WithTimeout(ctx, time.Duration(c.LimitMS)*time.Millisecond)
		defer cancel()
		return run(limited, ctx, c)
	}
	return run(ctx, ctx, c)
}

// run runs a command in a group of its own, which ends with it.
func run(limited, ctx context.Context, c job.Command) (job.Output, error) {
	cmd := exec.CommandContext(limited, c.Argv[0], c.Argv[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.Dir, append(append(os.Environ(), "GOFLAGS=-ldflags=-w"), c.Env...), &stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	err := cmd.Run()
	out := job.Output{Stdout: stdout.String(), Stderr: stderr.String(), Sandbox: "off"}
	if limited.Err() != nil && ctx.Err() == nil {
		out.Code, out.TimedOut = -1, true
		return out, nil
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		out.Code = exit.ExitCode()
		return out, ctx.Err()
	}
	return out, err
}

// withMutant reports whether a command is a run with a mutant awake.
func withMutant(c job.Command) bool {
	return slices.ContainsFunc(c.Env, func(e string) bool { return strings.HasPrefix(e, mutant.EnvMutant+"=") })
}

// count gives how many of the commands so far are of a sort.
func (x *osExec) count(is func(job.Command) bool) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := 0
	for _, c := range x.seen {
		if is(c) {
			n++
		}
	}
	return n
}

package checktest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"muster/internal/core/job"
)

// OSExec runs commands for real, with the environment of the tests, and counts
// them.
type OSExec struct {
	Runs atomic.Int64
	Env  []string // more of it
}

// Run runs one command within its time limit.
func (x *OSExec) Run(ctx context.Context, c job.Command) (job.Output, error) {
	x.Runs.Add(1)
	argv := c.Argv
	if c.Shell != "" {
		argv = []string{"sh", "-c", c.Shell}
	}
	argv = append([]string{"env"}, argv...) // looks the program up on the PATH it is given
	limited := ctx
	if c.LimitMS > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, time.Duration(c.LimitMS)*time.Millisecond)
		defer cancel()
	}
	cmd := exec.CommandContext(limited, argv[0], argv[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.Dir, &stdout, &stderr
	cmd.Env = append(append(append(os.Environ(), "GOFLAGS=-ldflags=-w", "CI=1", "NO_COLOR=1"), x.Env...), c.Env...)
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	out := job.Output{Stdout: stdout.String(), Stderr: stderr.String(), Sandbox: "off"}
	if limited.Err() != nil {
		out.Code, out.TimedOut = -1, true
		return out, ctx.Err()
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		out.Code = exit.ExitCode()
		return out, nil
	}
	return out, err
}

// WithPython gives an executor whose python3 can import a module, or cannot. On
// a machine that has no such python3 the test is skipped.
func WithPython(t testing.TB, module string, has bool) *OSExec { //nolint:revive // what the machine must have, as data
	t.Helper()
	for _, python := range []string{"python3", "/usr/bin/python3", "/usr/local/bin/python3"} {
		at, err := exec.LookPath(python)
		if err != nil {
			continue
		}
		if found := exec.CommandContext(t.Context(), at, "-c", "import "+module).Run() == nil; found == has {
			return &OSExec{Env: []string{"PATH=" + filepath.Dir(at) + ":" + os.Getenv("PATH")}}
		}
	}
	t.Skipf("needs a python3 whose import of %s succeeds: %v", module, has)
	return nil
}

// Needs skips a test on a machine without a program.
func Needs(t testing.TB, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skip("needs ", program, ": ", err)
	}
}

package repeat

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"muster/internal/core/job"
)

// osExec runs commands with the environment of the tests, and counts them.
type osExec struct {
	runs atomic.Int64
	env  []string
}

func (x *osExec) Run(ctx context.Context, c job.Command) (job.Output, error) {
	x.runs.Add(1)
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
	cmd.Env = append(append(append(os.Environ(), "GOFLAGS=-ldflags=-w", "CI=1", "NO_COLOR=1"), x.env...), c.Env...)
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

// needs skips a test on a machine without a program.
func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skip("needs ", program, ": ", err)
	}
}

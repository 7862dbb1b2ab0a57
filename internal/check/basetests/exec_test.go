package basetests

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"sync/atomic"

	"muster/internal/core/job"
)

// osExec runs commands with the environment of the tests, and counts them.
type osExec struct{ runs atomic.Int64 }

func (x *osExec) Run(ctx context.Context, c job.Command) (job.Output, error) {
	x.runs.Add(1)
	argv := c.Argv
	if c.Shell != "" {
		argv = []string{"sh", "-c", c.Shell}
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.Dir, append(append(os.Environ(), "GOFLAGS=-ldflags=-w"), c.Env...), &stdout, &stderr
	err := cmd.Run()
	out := job.Output{Stdout: stdout.String(), Stderr: stderr.String(), Sandbox: "off"}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		out.Code = exit.ExitCode()
		return out, nil
	}
	return out, err
}

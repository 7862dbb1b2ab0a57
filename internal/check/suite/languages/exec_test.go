package languages_test

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

// withPython gives an executor whose python3 can import a module, or, where
// has is false, cannot.
func withPython(t *testing.T, module string, has bool) *osExec {
	t.Helper()
	whole(t)
	for _, python := range []string{"python3", "/usr/bin/python3", "/usr/local/bin/python3"} {
		at, err := exec.LookPath(python)
		if err != nil {
			continue
		}
		found := exec.CommandContext(t.Context(), at, "-c", "import "+module).Run() == nil
		if found == has {
			return &osExec{env: []string{"PATH=" + filepath.Dir(at) + ":" + os.Getenv("PATH")}}
		}
	}
	t.Skipf("needs a python3 whose import of %s succeeds: %v", module, has)
	return nil
}

// needs skips a test on a machine without a program.
func needs(t *testing.T, program string) {
	t.Helper()
	whole(t)
	if _, err := exec.LookPath(program); err != nil {
		t.Skip("needs ", program, ": ", err)
	}
}

// whole skips a test that runs the tools of another language: they take a
// minute together. scripts/suites.sh runs them, and so does .ci/run.
func whole(t *testing.T) {
	t.Helper()
	if os.Getenv("MUSTER_TEST_SUITES") == "" {
		t.Skip("MUSTER_TEST_SUITES is not set: run scripts/suites.sh")
	}
}

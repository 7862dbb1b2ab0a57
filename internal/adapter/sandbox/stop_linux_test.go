package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

func TestStop(t *testing.T) {
	t.Run("running", func(t *testing.T) {
		ops := newOps(t)
		spec := shellSpec("a", "trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.01; done")
		spec.GraceMS = patience.Milliseconds() // over once it has ended
		ensure(t, ops, spec)
		eventually(t, "it is up", func() bool { return output(t, ops.Stdout, "a") == "up\n" })
		for range 3 {
			if err := ops.Stop(testContext(t), "a"); err != nil {
				t.Fatal(err)
			}
		}
		exit := finish(t, ops, "a")
		if exit.State != job.Stopped || exit.Code != 0 || output(t, ops.Stdout, "a") != "up\nbye\n" {
			t.Errorf("%+v %q", exit, output(t, ops.Stdout, "a"))
		}
		if err := ops.Stop(testContext(t), "a"); err != nil {
			t.Errorf("after the end: %v", err)
		}
		if again := finish(t, ops, "a"); again != exit {
			t.Errorf("the record changed: %+v", again)
		}
	})
	t.Run("at once", func(t *testing.T) {
		ops := newOps(t)
		for i := range 10 {
			id := fmt.Sprintf("r.%d", i)
			ensure(t, ops, shellSpec(id, "sleep 1000"))
			if err := ops.Stop(testContext(t), id); err != nil {
				t.Fatal(err)
			}
			if exit := finish(t, ops, id); exit.State != job.Stopped {
				t.Errorf("%+v", exit)
			}
		}
	})
	t.Run("by somebody else", func(t *testing.T) {
		ops := newOps(t)
		runCaller(t, "ensure", ops.dir, "b", "sleep 1000")
		if err := ops.Stop(testContext(t), "b"); err != nil {
			t.Fatal(err)
		}
		if exit := finish(t, ops, "b"); exit.State != job.Stopped {
			t.Errorf("%+v", exit)
		}
	})
	t.Run("by SIGTERM to the shim", func(t *testing.T) {
		ops := newOps(t)
		ensure(t, ops, shellSpec("c", "sleep 1000"))
		var shim identity
		if err := readJSON(filepath.Join(ops.path("c"), startedFile), &shim); err != nil {
			t.Fatal(err)
		}
		shim.signal(unix.SIGHUP) // must not end it
		shim.signal(unix.SIGINT)
		if state, err := ops.State("c"); state != job.OpRunning || err != nil {
			t.Errorf("%s %v", state, err)
		}
		shim.signal(unix.SIGTERM)
		if exit := finish(t, ops, "c"); exit.State != job.Stopped {
			t.Errorf("%+v", exit)
		}
	})
	t.Run("before the start", func(t *testing.T) {
		ops := newOps(t)
		witness := filepath.Join(t.TempDir(), "ran")
		spec := shellSpec("d", "echo x >> "+witness)
		if err := os.MkdirAll(ops.path("d"), dirMode); err != nil {
			t.Fatal(err)
		}
		if err := writeOnce(ops.path("d"), specFile, spec); err != nil {
			t.Fatal(err)
		}
		if state, err := ops.State("d"); state != job.OpAbsent || err != nil {
			t.Errorf("%s %v", state, err)
		}
		if err := ops.Stop(testContext(t), "d"); err != nil {
			t.Fatal(err)
		}
		ensure(t, ops, spec)
		if exit := finish(t, ops, "d"); exit.State != job.Stopped || exit.StartedUS != 0 || len(lines(t, witness)) != 0 {
			t.Errorf("%+v", exit)
		}
	})
	t.Run("dead", func(t *testing.T) {
		ops := newOps(t)
		ensure(t, ops, shellSpec("e", "sleep 1000"))
		killShim(t, ops, "e")
		if err := ops.Stop(testContext(t), "e"); err != nil {
			t.Fatal(err)
		}
		if exit := finish(t, ops, "e"); exit.State != job.Lost {
			t.Errorf("%+v", exit)
		}
	})
	t.Run("absent", func(t *testing.T) {
		if err := newOps(t).Stop(testContext(t), "f"); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
	})
}

// What an operation has written when its time is up is kept, as far as it may.
func TestOutputUntilTheLimit(t *testing.T) {
	ops := newOps(t)
	for _, tt := range []struct {
		line, want string
		isCapped   bool
	}{
		{"echo a; exec sleep 1000", "a\n", false},
		{"yes", strings.Repeat("y\n", 50), true},
	} {
		inTime(t, func(limit int64) bool {
			spec := shellSpec(fmt.Sprintf("%.3s.%d", tt.line, limit), tt.line)
			spec.OutputCap, spec.LimitMS = 100, limit
			ensure(t, ops, spec)
			exit := finish(t, ops, spec.ID)
			if exit.State != job.TimedOut {
				t.Fatalf("%+v", exit)
			}
			if tt.isCapped && exit.StdoutBytes <= 100 || exit.StdoutBytes == 0 {
				return false
			}
			if got := output(t, ops.Stdout, spec.ID); got != tt.want || exit.Capped != tt.isCapped {
				t.Errorf("%s: %q, %+v", tt.line, got, exit)
			}
			return true
		})
	}
}

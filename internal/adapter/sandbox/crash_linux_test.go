package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"muster/internal/core/job"
)

// runCaller runs the test binary in another role to its end.
func runCaller(t testing.TB, args ...string) {
	t.Helper()
	if out, err := exec.Command(testBinary(t), args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
}

func TestEnsureStartsOnce(t *testing.T) {
	ops := newOps(t)
	witness := filepath.Join(t.TempDir(), "starts")
	line := "echo x >> " + witness + "; sleep 0.1"
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if i%4 == 0 {
				runCaller(t, "ensure-and-wait", ops.dir, "race", line)
				return
			}
			if err := ops.Ensure(testContext(t), shellSpec("race", line)); err != nil {
				t.Error(err)
			}
			if state, err := ops.State("race"); err != nil || state != job.OpRunning && state != job.OpEnded {
				t.Errorf("after Ensure: %s, %v", state, err)
			}
			if exit, err := ops.Wait(testContext(t), "race"); err != nil || exit.State != job.Exited {
				t.Errorf("%+v, %v", exit, err)
			}
		})
	}
	all.Wait()
	finish(t, ops, "race")
	if starts := lines(t, witness); len(starts) != 1 {
		t.Errorf("started %d times", len(starts))
	}
	t.Run("a shim that comes too late", func(t *testing.T) {
		before := finish(t, ops, "race")
		runCaller(t, "shim", ops.path("race"))
		if after := finish(t, ops, "race"); after != before || len(lines(t, witness)) != 1 {
			t.Errorf("the record changed: %+v", after)
		}
	})
	t.Run("another spec", func(t *testing.T) {
		ensure(t, ops, shellSpec("race", "echo y >> "+witness))
		if exit := finish(t, ops, "race"); exit.State != job.Exited || len(lines(t, witness)) != 1 {
			t.Errorf("%+v", exit)
		}
	})
}

// A shim that is killed at any step leaves an operation that was started at
// most once, ends with a record, and leaves no process.
func TestShimKilledAtEachStep(t *testing.T) {
	tests := []struct {
		step string
		want job.ExitState
		runs int // times the program may have run: exactly this often
	}{
		{"locked", job.Exited, 1},
		{"started", job.Lost, 0},
		{"spawned", job.Lost, -1}, // the program may or may not get to its first line
		{"ended", job.Lost, 1},
		{"survivors_killed", job.Lost, 1},
		{"exit_written", job.Lost, 1},
		{"exit_renamed", job.Exited, 1},
	}
	for _, tt := range tests {
		t.Run(tt.step, func(t *testing.T) {
			ops := newOps(t)
			witness := filepath.Join(t.TempDir(), "starts")
			spec := shellSpec("op", "echo x >> "+witness+"; setsid sleep 1000 & exit 0")
			killed := NewOperations(ops.dir, []string{testBinary(t), "shim-killed-at", tt.step})
			err := killed.Ensure(testContext(t), spec)
			if early := tt.step == "locked" || tt.step == "started"; early != (err != nil) {
				t.Errorf("Ensure with the killed shim: %v", err)
			}
			eventually(t, "the shim is dead", func() bool {
				held, err := lockHeld(filepath.Join(ops.path("op"), lockFile))
				return err == nil && !held
			})
			ensure(t, ops, spec)
			exit := finish(t, ops, "op")
			starts := len(lines(t, witness))
			if exit.State != tt.want || starts > 1 || tt.runs >= 0 && starts != tt.runs {
				t.Errorf("started %d times, %+v", starts, exit)
			}
			ensure(t, ops, spec)
			if again := finish(t, ops, "op"); again != exit {
				t.Errorf("the record changed: %+v", again)
			}
		})
	}
	t.Run("twice", func(t *testing.T) {
		ops := newOps(t)
		spec := shellSpec("op", "setsid sleep 1000 & sleep 1000")
		ensure(t, ops, spec)
		killShim(t, ops, "op")
		killed := NewOperations(ops.dir, []string{testBinary(t), "shim-killed-at", "survivors_killed"})
		if err := killed.Ensure(testContext(t), spec); err != nil {
			t.Fatal(err)
		}
		if exit := finish(t, ops, "op"); exit.State != job.Lost {
			t.Errorf("%+v", exit)
		}
	})
}

func TestShimDiesWhileRunning(t *testing.T) {
	ops := newOps(t)
	secret := filepath.Join(t.TempDir(), "unmarked")
	spec := shellSpec("op", "trap '' TERM; env -i /bin/sh -c 'sleep 1000; : "+secret+"' & setsid sleep 1000 & echo up; sleep 1000; :")
	ensure(t, ops, spec)
	eventually(t, "it is up", func() bool { return output(t, ops.Stdout, "op") == "up\n" && len(usersOf(secret)) > 1 })
	waited := make(chan job.Exit, 1)
	go func() {
		exit, err := ops.Wait(testContext(t), "op")
		if err != nil {
			t.Error(err)
		}
		waited <- exit
	}()
	killShim(t, ops, "op")
	exit := <-waited
	if exit.State != job.Lost || exit.StartedUS == 0 || exit.StdoutBytes != 3 {
		t.Errorf("%+v", exit)
	}
	if using := usersOf(secret); len(using) > 0 {
		t.Errorf("a descendant without the mark lives: %v", using)
	}
	finish(t, ops, "op")
}

// Muster is killed; its agent works on; another Muster takes it over.
func TestAdoption(t *testing.T) {
	ops := newOps(t)
	dir := t.TempDir()
	witness, gate := filepath.Join(dir, "starts"), filepath.Join(dir, "gate")
	line := "echo x >> " + witness + "; while ! [ -e " + gate + " ]; do sleep 0.01; done; echo result"
	muster := exec.Command(testBinary(t), "ensure-and-wait", ops.dir, "op", line)
	if err := muster.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the agent runs", func() bool { return len(lines(t, witness)) == 1 })
	if err := muster.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = muster.Wait()
	ensure(t, ops, shellSpec("op", line))
	if state, err := ops.State("op"); state != job.OpRunning || err != nil {
		t.Fatalf("%s %v", state, err)
	}
	if err := os.WriteFile(gate, nil, fileMode); err != nil {
		t.Fatal(err)
	}
	exit := finish(t, ops, "op")
	if exit.State != job.Exited || exit.Code != 0 || output(t, ops.Stdout, "op") != "result\n" || len(lines(t, witness)) != 1 {
		t.Errorf("%+v", exit)
	}
}

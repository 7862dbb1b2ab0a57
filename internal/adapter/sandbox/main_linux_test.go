package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/core/job"
)

// patience is how long a test waits for what must happen. It is never part of
// what a test asserts.
const patience = 30 * time.Second

// The test binary is also the shim, and the callers that are killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		switch role, args := os.Args[1], os.Args[2:]; role {
		case "shim":
			os.Exit(Shim(args[0]))
		case "shim-killed-at":
			os.Exit(ShimWith(args[1], func(step string) {
				if step == args[0] {
					_ = unix.Kill(os.Getpid(), unix.SIGKILL)
					select {}
				}
			}))
		case "talk", "keep-door":
			os.Exit(doorRole(role, args))
		case "attack":
			os.Exit(attackRole())
		case "use-up":
			os.Exit(useUp(args[0]))
		case "prey": // is there until its input ends
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		case "ensure", "ensure-and-wait", "execute":
			os.Exit(caller(role, args))
		}
	}
	os.Exit(m.Run())
}

// caller is another Muster: it works on the operations in a folder, or runs a
// shell line.
func caller(role string, args []string) int {
	ctx := context.Background()
	var err error
	switch role {
	case "ensure", "ensure-and-wait":
		ops := NewOperations(args[0], []string{"/proc/self/exe", "shim"})
		err = ops.Ensure(ctx, shellSpec(args[1], args[2]))
		if role == "ensure-and-wait" && err == nil {
			_, err = ops.Wait(ctx, args[1])
		}
	case "execute":
		e := NewExecutor([]string{"PATH=" + defaultPath}, []string{"/proc/self/exe", "shim"})
		_, err = e.Run(ctx, job.Command{Shell: args[0], Dir: "/"})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// testBinary gives this program, to be started in one of its other roles.
func testBinary(t testing.TB) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

// newOps gives operations in a fresh folder. No process of theirs may be alive
// when the test ends.
func newOps(t testing.TB) *Operations {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ops := NewOperations(filepath.Join(dir, "state", "ops"), []string{testBinary(t), "shim"})
	t.Cleanup(func() {
		ids, err := ops.List()
		if err != nil {
			t.Error(err)
		}
		for _, id := range ids {
			if left := marked(opMark(ops.path(id))); len(left) > 0 {
				t.Errorf("operation %s: these live: %v", id, left)
				killMarked(context.Background(), opMark(ops.path(id)), 0)
			}
		}
	})
	return ops
}

// shellSpec gives an operation that runs a shell line.
func shellSpec(id, line string) job.Spec {
	return job.Spec{
		Version: job.SpecVersion, ID: id, Argv: []string{"sh", "-c", line}, Dir: "/",
		Env: []string{"PATH=" + defaultPath}, GraceMS: 200, OutputCap: 1 << 20,
	}
}

func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func ensure(t testing.TB, ops *Operations, spec job.Spec) {
	t.Helper()
	if err := ops.Ensure(testContext(t), spec); err != nil {
		t.Fatalf("ensure: %v", err)
	}
}

// finish waits for the end, and for the promise that comes with it.
func finish(t testing.TB, ops *Operations, id string) job.Exit {
	t.Helper()
	exit, err := ops.Wait(testContext(t), id)
	if err != nil {
		t.Fatalf("wait: %v\n%s", err, shimLog(ops, id))
	}
	if left := marked(opMark(ops.path(id))); len(left) > 0 {
		t.Errorf("there is an exit record, and these live: %v", left)
	}
	if state, err := ops.State(id); err != nil || state != job.OpEnded {
		t.Errorf("after the end: state %q, %v", state, err)
	}
	return exit
}

func shimLog(ops *Operations, id string) string {
	data, _ := os.ReadFile(filepath.Join(ops.path(id), logFile))
	return string(data)
}

func output(t testing.TB, open func(string) (io.ReadCloser, error), id string) string {
	t.Helper()
	r, err := open(id)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// eventually waits for something that must become true.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	ctx := testContext(t)
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("this never happened: %s", what)
		}
	}
}

// inTime tries with ever longer limits, in milliseconds, until one lets a
// program do so much as to begin, however slow the machine is.
func inTime(t testing.TB, try func(limit int64) (hasBegun bool)) {
	t.Helper()
	for limit := int64(100); !try(limit); limit *= 2 {
		if limit > patience.Milliseconds() {
			t.Fatalf("it has not begun within %d ms", limit)
		}
	}
}

// lines gives the lines of a file that may not exist yet.
func lines(t testing.TB, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.FieldsFunc(string(data), func(r rune) bool { return r == '\n' })
}

// killShim ends the shim of a running operation as a crash would.
func killShim(t testing.TB, ops *Operations, id string) {
	t.Helper()
	var shim identity
	if err := readJSON(filepath.Join(ops.path(id), startedFile), &shim); err != nil {
		t.Fatal(err)
	}
	shim.signal(unix.SIGKILL)
	eventually(t, "the lock is free", func() bool {
		held, err := lockHeld(filepath.Join(ops.path(id), lockFile))
		return err == nil && !held
	})
}

package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/core/job"
)

func TestUsedTicks(t *testing.T) {
	const line = "9 (a) b) S 42 7 7 0 -1 4194560 1 0 0 0 10 20 300 400 20 0 1 0 98765 1 2 3"
	for _, tt := range []struct {
		line  string
		spans []span
		want  uint64
	}{
		{line, []span{ofSelf}, 30},
		{line, []span{ofEnded}, 700},
		{line, []span{ofSelf, ofEnded}, 730},
		{"9 (sh) S 42", []span{ofSelf}, 0},
		{"", []span{ofSelf}, 0},
	} {
		if got := usedTicks([]byte(tt.line), tt.spans...); got != tt.want {
			t.Errorf("%q %v: %d", tt.line, tt.spans, got)
		}
	}
}

func TestIsComputing(t *testing.T) {
	for _, tt := range []struct {
		used, span time.Duration
		want       bool
	}{
		{5 * time.Second, 5 * time.Second, true},
		{110 * time.Millisecond, 5 * time.Second, true},
		{100 * time.Millisecond, 5 * time.Second, false}, // timers of an agent that waits
		{0, 5 * time.Second, false},
		{-time.Second, 5 * time.Second, false}, // a process took its time along
		{time.Second, 0, false},
	} {
		if got := isComputing(tt.used, tt.span); got != tt.want {
			t.Errorf("%v in %v: %v", tt.used, tt.span, got)
		}
	}
}

// busy is a shell line that computes, in a process below another, until the
// file exists.
func busy(until string) string { return "sh -c 'while ! test -e " + until + "; do :; done'; true" }

func TestComputingIsSeen(t *testing.T) {
	ops, ctx := newOps(t), testContext(t)
	until := filepath.Join(t.TempDir(), "end")
	ensure(t, ops, shellSpec("busy", busy(until)))
	ensure(t, ops, shellSpec("idle", "sleep 600"))
	for !ops.Computing(ctx, "busy", 200*time.Millisecond) { // it may not have begun
		if ctx.Err() != nil {
			t.Fatal("a loop is not seen to compute")
		}
	}
	if ops.Computing(ctx, "idle", 200*time.Millisecond) {
		t.Error("a sleep is seen to compute")
	}
	if ops.Computing(ctx, "none", time.Millisecond) {
		t.Error("an operation that is not there computes")
	}
	if err := os.WriteFile(until, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	finish(t, ops, "busy")
	if ops.Computing(ctx, "busy", time.Millisecond) {
		t.Error("an operation that has ended computes")
	}
	if err := ops.Stop(ctx, "idle"); err != nil {
		t.Fatal(err)
	}
	finish(t, ops, "idle")
}

// What a shim does besides waiting: this process stands for it.
func TestReadingsAreKept(t *testing.T) {
	dir, done := t.TempDir(), make(chan struct{})
	ended := make(chan struct{})
	long := time.Unix(1000, 0)
	name := filepath.Join(dir, computedFile)
	child := exec.CommandContext(testContext(t), "sh", "-c", busy(filepath.Join(dir, "end")))
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		keepReadings(dir, &peak{}, rhythm{50 * time.Millisecond, 50 * time.Millisecond}, done)
		close(ended)
	}()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		_ = os.Chtimes(name, long, long)
		time.Sleep(200 * time.Millisecond)
		if info, err := os.Stat(name); err == nil && !info.ModTime().Equal(long) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nobody noted that a process computes")
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "end"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	close(done)
	<-ended
}

func TestSigns(t *testing.T) {
	ops, ctx := newOps(t), testContext(t)
	if s, err := ops.Signs("none"); err != nil || s != (job.Signs{State: job.OpAbsent}) {
		t.Errorf("never ensured: %+v, %v", s, err)
	}
	if _, err := ops.Signs("../x"); err == nil {
		t.Error("an id that is none")
	}
	began := time.Now().UnixMicro()
	end := filepath.Join(t.TempDir(), "end")
	ensure(t, ops, shellSpec("op", "echo said; while ! test -e "+end+"; do sleep 0.01; done"))
	s, err := ops.Signs("op")
	for err == nil && s.OutputUS == 0 && ctx.Err() == nil {
		s, err = ops.Signs("op")
	}
	if err != nil || s.State != job.OpRunning || s.BegunUS < began || s.OutputUS < began-1e6 {
		t.Errorf("running: %+v, %v", s, err)
	}
	if err := os.WriteFile(end, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	finish(t, ops, "op")
	if s, err = ops.Signs("op"); err != nil || s.State != job.OpEnded || s.Exit.State != job.Exited || s.BegunUS < began {
		t.Errorf("ended: %+v, %v", s, err)
	}

	ensure(t, ops, shellSpec("killed", "sleep 600"))
	var shim identity
	if err := readJSON(filepath.Join(ops.path("killed"), startedFile), &shim); err != nil {
		t.Fatal(err)
	}
	shim.signal(unix.SIGKILL)
	for s, err = ops.Signs("killed"); err == nil && s.State == job.OpRunning && ctx.Err() == nil; s, err = ops.Signs("killed") {
	}
	if err != nil || s.State != job.OpDead {
		t.Errorf("its shim was killed: %+v, %v", s, err)
	}
	finish(t, ops, "killed")
}

func TestTail(t *testing.T) {
	ops := newOps(t)
	if _, err := ops.Tail("none", 10); err == nil {
		t.Error("the output of an operation that is not there")
	}
	ensure(t, ops, shellSpec("op", "echo one; echo two; printf three"))
	finish(t, ops, "op")
	for most, want := range map[int64]string{100: "one\ntwo\nthree", 13: "one\ntwo\nthree", 12: "two\nthree", 6: "three", 3: ""} {
		got, err := ops.Tail("op", most)
		if err != nil || string(got) != want {
			t.Errorf("at most %d: %q, %v", most, got, err)
		}
	}
	ensure(t, ops, shellSpec("silent", "true"))
	finish(t, ops, "silent")
	if got, err := ops.Tail("silent", 10); err != nil || strings.TrimSpace(string(got)) != "" {
		t.Errorf("silent: %q, %v", got, err)
	}
}

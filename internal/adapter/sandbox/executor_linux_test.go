package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

func newExecutor(t testing.TB) *Executor {
	t.Helper()
	return NewExecutor([]string{"PATH=" + defaultPath, "BASE=1", "LANG=C.UTF-8"}, []string{testBinary(t), "shim"})
}

func TestRun(t *testing.T) {
	tests := []struct {
		name string
		c    job.Command
		want job.Output
	}{
		{"argv", job.Command{Argv: []string{"echo", "a b", "$HOME"}}, job.Output{Stdout: "a b $HOME\n"}},
		{"shell", job.Command{Shell: "echo a | tr a b; echo c >&2; exit 4"}, job.Output{Code: 4, Stdout: "b\n", Stderr: "c\n"}},
		{"signal", job.Command{Shell: "kill -KILL $$"}, job.Output{Code: -1, Signal: "SIGKILL"}},
		{"limit", job.Command{Shell: "sleep 1000", LimitMS: 100}, job.Output{Code: -1, TimedOut: true}},
		{"within the limit", job.Command{Shell: "echo a", LimitMS: 60_000}, job.Output{Stdout: "a\n"}},
		{
			"input",
			job.Command{Argv: []string{"cat"}, Stdin: strings.Repeat("x\xff", 100_000), OutputCap: 10},
			job.Output{Stdout: "x\uFFFDx\uFFFDx\n... 199990 bytes dropped ...\n\uFFFDx\uFFFDx\uFFFD", Capped: true},
		},
		{"not text", job.Command{Shell: `printf 'a\377b'`}, job.Output{Stdout: "a\uFFFDb"}},
		{"at the cap", job.Command{Shell: "printf 12345678", OutputCap: 8}, job.Output{Stdout: "12345678"}},
		{
			"above the cap",
			job.Command{Shell: "printf 123456789", OutputCap: 8},
			job.Output{Stdout: "1234\n... 1 bytes dropped ...\n6789", Capped: true},
		},
		{"environment", job.Command{Shell: "echo $BASE $ADDED $SECRET_OF_MUSTER", Env: []string{"ADDED=2", "BASE=3"}}, job.Output{Stdout: "3 2\n"}},
		{"base environment", job.Command{Shell: "echo $BASE"}, job.Output{Stdout: "1\n"}},
		{"program by the command's own PATH", job.Command{Argv: []string{"only-here"}, Env: []string{"PATH=" + ownProgram(t)}}, job.Output{Stdout: "here\n"}},
		{"leaves a process that holds the output", job.Command{Shell: "sleep 1000 & echo a"}, job.Output{Stdout: "a\n"}},
		{"leaves a daemon without the mark", job.Command{Shell: "env -i /usr/bin/setsid /bin/sleep 1000 & echo a"}, job.Output{Stdout: "a\n"}},
	}
	t.Setenv("SECRET_OF_MUSTER", "x")
	e := newExecutor(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.c.Dir = t.TempDir()
			got, err := e.Run(testContext(t), tt.c)
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Sandbox, got.DurationMS = LevelOff, 0
			if got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			if left := usersOf(tt.c.Dir); len(left) > 0 {
				t.Errorf("these live: %v", left)
			}
		})
	}
}

// What a command has printed when its time is up is given.
func TestRunUntilTheLimit(t *testing.T) {
	inTime(t, func(limit int64) bool {
		got, err := newExecutor(t).Run(testContext(t), job.Command{Shell: "echo a; sleep 1000", LimitMS: limit, Dir: "/"})
		if err != nil || got.Code != -1 || !got.TimedOut || got.Stdout != "" && got.Stdout != "a\n" {
			t.Fatalf("%+v, %v", got, err)
		}
		return got.Stdout != ""
	})
}

// ownProgram gives a folder with a program that is nowhere else.
func ownProgram(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "only-here"), []byte("#!/bin/sh\necho here\n"), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	return dir
}

func TestRunCannot(t *testing.T) {
	e := newExecutor(t)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	tests := []struct {
		name string
		e    *Executor
		ctx  context.Context
		c    job.Command
		kind fault.Kind
	}{
		{"neither", e, nil, job.Command{Dir: "/"}, fault.Invalid},
		{"both", e, nil, job.Command{Dir: "/", Argv: []string{"true"}, Shell: "true"}, fault.Invalid},
		{"relative folder", e, nil, job.Command{Dir: "x", Shell: "true"}, fault.Invalid},
		{"negative limit", e, nil, job.Command{Dir: "/", Shell: "true", LimitMS: -1}, fault.Invalid},
		{"variable", e, nil, job.Command{Dir: "/", Shell: "true", Env: []string{"x"}}, fault.Invalid},
		{"no program", e, nil, job.Command{Dir: "/", Argv: []string{"no-such-program"}}, fault.NotFound},
		{"program of a relative PATH entry", e, nil, job.Command{Dir: ownProgram(t), Argv: []string{"true"}, Env: []string{"PATH=.:../bin:bin:"}}, fault.NotFound},
		{"no folder", e, nil, job.Command{Dir: "/no/such/folder", Shell: "true"}, fault.NotFound},
		{"not executable", e, nil, job.Command{Dir: "/", Argv: []string{"/etc/passwd"}}, fault.Refused},
		{"cancelled before", e, cancelled, job.Command{Dir: "/", Shell: "true"}, fault.Transient},
		{"no shim", NewExecutor(nil, nil), nil, job.Command{Dir: "/", Shell: "true"}, fault.Internal},
		{"missing shim", NewExecutor(nil, []string{"/no/such/shim"}), nil, job.Command{Dir: "/", Shell: "true"}, fault.Internal},
		{"silent shim", NewExecutor(nil, []string{"/bin/true"}), nil, job.Command{Dir: "/", Shell: "true"}, fault.Transient},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.ctx == nil {
				tt.ctx = testContext(t)
			}
			if out, err := tt.e.Run(tt.ctx, tt.c); fault.KindOf(err) != tt.kind {
				t.Errorf("%v (%s), want %s; %+v", err, fault.KindOf(err), tt.kind, out)
			}
		})
	}
}

// stubborn is a shell line that leaves processes of all kinds and does not
// end. It writes the number of its shell to a file when all are there.
func stubborn(file string) string {
	return "trap '' TERM; sleep 1000 & setsid sleep 1000 & env -i /usr/bin/setsid /bin/sh -c 'trap \"\" TERM; sleep 1000; : " + file + "' & " +
		"echo $$ > " + file + ".part; mv " + file + ".part " + file + "; sleep 1000; :"
}

func TestRunIsCancelled(t *testing.T) {
	file := filepath.Join(t.TempDir(), "up")
	ctx, cancel := context.WithCancel(context.Background())
	type ended struct {
		out job.Output
		err error
	}
	done := make(chan ended, 1)
	go func() {
		out, err := newExecutor(t).Run(ctx, job.Command{Shell: "echo a; " + stubborn(file), Dir: "/"})
		done <- ended{out, err}
	}()
	eventually(t, "it is up", func() bool { return exists(file) })
	cancel()
	got := <-done
	if !errors.Is(got.err, context.Canceled) || got.out.Code != -1 || got.out.Stdout != "a\n" || got.out.TimedOut {
		t.Errorf("%+v", got)
	}
	if left := usersOf(file); len(left) > 0 {
		t.Errorf("these live: %v", left)
	}
}

// The shim of a command is killed: the command did not end, and nothing of it
// that can be found lives on.
func TestShimOfCommandDies(t *testing.T) {
	file := filepath.Join(t.TempDir(), "up")
	failed := make(chan error, 1)
	go func() {
		_, err := newExecutor(t).Run(testContext(t), job.Command{Shell: stubborn(file), Dir: "/"})
		failed <- err
	}()
	eventually(t, "it is up", func() bool { return exists(file) && len(usersOf(file)) >= 2 })
	shell, err := strconv.Atoi(strings.TrimSpace(strings.Join(lines(t, file), "")))
	if err != nil {
		t.Fatal(err)
	}
	p, err := readProc(shell)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Kill(p.parent, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; fault.KindOf(err) != fault.Transient || !strings.Contains(err.Error(), "no report") {
		t.Error(err)
	}
	if left := usersOf(file); len(left) > 0 {
		t.Errorf("these live: %v", left)
	}
}

// Muster is killed: its commands, and all they started, end with it.
func TestCommandsEndWithMuster(t *testing.T) {
	file := filepath.Join(t.TempDir(), "up")
	muster := exec.Command(testBinary(t), "execute", stubborn(file))
	if err := muster.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is up", func() bool { return exists(file) && len(usersOf(file)) >= 3 })
	if err := muster.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = muster.Wait()
	eventually(t, "all have ended", func() bool { return len(usersOf(file)) == 0 })
}

func TestRunAtTheSameTime(t *testing.T) {
	e := newExecutor(t)
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			out, err := e.Run(testContext(t), job.Command{Shell: fmt.Sprintf("setsid sleep 1000 & echo %d", i), Dir: "/"})
			if err != nil || out.Stdout != fmt.Sprintf("%d\n", i) {
				t.Errorf("%+v %v", out, err)
			}
		})
	}
	all.Wait()
}

func BenchmarkRun(b *testing.B) {
	e := newExecutor(b)
	for b.Loop() {
		if out, err := e.Run(testContext(b), job.Command{Argv: []string{"true"}, Dir: "/"}); err != nil || out.Code != 0 {
			b.Fatal(out, err)
		}
	}
}

// Whatever is written, in whatever pieces, the text is what a plain cut of the
// whole gives, and is valid.
func FuzzHeadTail(f *testing.F) {
	f.Add([]byte("hello"), uint8(4), uint8(2))
	f.Add([]byte("h\u00e9llo w\u00f6rld"), uint8(3), uint8(1))
	f.Add([]byte{0xff, 0xc3, 0xa9, 0x00}, uint8(2), uint8(3))
	f.Add([]byte(strings.Repeat("0123456789", 30)), uint8(100), uint8(7))
	f.Fuzz(func(t *testing.T, data []byte, keep, piece uint8) {
		b := newHeadTail(int64(keep))
		for rest := data; len(rest) > 0; {
			n := min(len(rest), int(piece)+1)
			if w, err := b.Write(rest[:n]); w != n || err != nil {
				t.Fatal(w, err)
			}
			rest = rest[n:]
		}
		half := max(int(keep)/2, 1)
		want := strings.ToValidUTF8(string(data), "\uFFFD")
		if len(data) > 2*half {
			want = strings.ToValidUTF8(string(data[:half]), "\uFFFD") +
				fmt.Sprintf("\n... %d bytes dropped ...\n", len(data)-2*half) +
				strings.ToValidUTF8(string(data[len(data)-half:]), "\uFFFD")
		}
		if got := b.text(); got != want || !utf8.ValidString(got) || b.capped() != (len(data) > 2*half) {
			t.Errorf("got %q\nwant %q", got, want)
		}
	})
}

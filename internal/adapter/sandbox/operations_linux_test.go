package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

func TestHowOperationsEnd(t *testing.T) {
	tests := []struct {
		name string
		line string
		edit func(*job.Spec)
		want job.Exit
		out  string
		err  string // part of Exit.Error
	}{
		{name: "by itself", line: "echo done", want: job.Exit{State: job.Exited}, out: "done\n"},
		{name: "with a code", line: "exit 7", want: job.Exit{State: job.Exited, Code: 7}},
		{name: "by a signal", line: "kill -SEGV $$", want: job.Exit{State: job.Signaled, Signal: "SIGSEGV"}},
		{name: "by SIGTERM of its own", line: "kill -TERM $$", want: job.Exit{State: job.Signaled, Signal: "SIGTERM"}},
		{
			name: "at its limit", line: "exec sleep 1000", want: job.Exit{State: job.TimedOut},
			edit: func(s *job.Spec) { s.LimitMS = 100 },
		},
		{
			name: "at its limit, without grace", line: "trap '' TERM; sleep 1000", want: job.Exit{State: job.TimedOut},
			edit: func(s *job.Spec) { s.LimitMS, s.GraceMS = 100, 0 },
		},
		{
			name: "at its limit, ignoring SIGTERM", line: "trap '' TERM; sleep 1000", want: job.Exit{State: job.TimedOut},
			edit: func(s *job.Spec) { s.LimitMS = 100 },
		},
		{
			name: "before its limit", line: "exit 3", want: job.Exit{State: job.Exited, Code: 3},
			edit: func(s *job.Spec) { s.LimitMS = 60_000 },
		},
		{
			name: "with standard input", line: "cat", want: job.Exit{State: job.Exited}, out: strings.Repeat("prompt\n", 50_000),
			edit: func(s *job.Spec) { s.Stdin = strings.Repeat("prompt\n", 50_000) },
		},
		{
			name: "without reading its input", line: "exit 0", want: job.Exit{State: job.Exited},
			edit: func(s *job.Spec) { s.Stdin = strings.Repeat("x", 1<<20) },
		},
		{name: "without standard input", line: "cat; echo end", want: job.Exit{State: job.Exited}, out: "end\n"},
		{name: "with bytes that are no text", line: `printf '\377\000\376'`, want: job.Exit{State: job.Exited}, out: "\xff\x00\xfe"},
		{
			name: "not found", edit: func(s *job.Spec) { s.Argv = []string{"no-such-program"} },
			want: job.Exit{State: job.NotStarted}, err: "program no-such-program was not found in PATH",
		},
		{
			name: "not found by path", edit: func(s *job.Spec) { s.Argv = []string{"/no/such/program"} },
			want: job.Exit{State: job.NotStarted}, err: "program /no/such/program does not exist",
		},
		{
			name: "not executable", edit: func(s *job.Spec) { s.Argv = []string{"/etc/passwd"} },
			want: job.Exit{State: job.NotStarted}, err: "not an executable file",
		},
		{
			name: "nowhere", edit: func(s *job.Spec) { s.Dir = "/no/such/folder" },
			want: job.Exit{State: job.NotStarted}, err: "working directory /no/such/folder does not exist",
		},
	}
	ops := newOps(t)
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spec := shellSpec(fmt.Sprintf("op.%d", i), tt.line)
			if tt.edit != nil {
				tt.edit(&spec)
			}
			ensure(t, ops, spec)
			got := finish(t, ops, spec.ID)
			if out := output(t, ops.Stdout, spec.ID); out != tt.out {
				t.Errorf("stdout has %d bytes, want %d: %.200q", len(out), len(tt.out), out)
			}
			if got.StdoutBytes != int64(len(tt.out)) || got.Version != 1 || got.EndedUS == 0 || got.EndedUS < got.StartedUS {
				t.Errorf("record: %+v", got)
			}
			if started := got.StartedUS != 0; started == (tt.want.State == job.NotStarted) {
				t.Errorf("started at %d, state %s", got.StartedUS, got.State)
			}
			if !strings.Contains(got.Error, tt.err) || (got.Error == "") != (tt.err == "") {
				t.Errorf("error %q, want %q", got.Error, tt.err)
			}
			if measured := got.PeakBytes > 100<<10; measured == (tt.want.State == job.NotStarted) {
				t.Errorf("it took %d bytes of memory, state %s", got.PeakBytes, got.State)
			}
			got.Version, got.StartedUS, got.EndedUS, got.StdoutBytes, got.Error, got.PeakBytes = 0, 0, 0, 0, "", 0
			if got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			if log := shimLog(ops, spec.ID); log != "" {
				t.Errorf("the shim complained: %s", log)
			}
		})
	}
}

// The program gets the environment of its spec and the mark, standard streams,
// default signals, and nothing else.
func TestNothingIsInherited(t *testing.T) {
	t.Setenv("SECRET_OF_MUSTER", "x")
	leak, err := unix.Open("/dev/null", unix.O_RDONLY, 0) // stays open across exec
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(leak)
	ops := newOps(t)
	spec := shellSpec("clean", "env -0 | tr '\\0' '\\n' | grep -v -E '^(PWD|OLDPWD|SHLVL|_)='; ls /proc/self/fd | wc -l; grep -E '^Sig(Ign|Blk)' /proc/self/status; umask > /dev/null; stat -c %a .")
	spec.Dir = ops.dir
	spec.Env = append(spec.Env, "A=1", "A=2", "MUSTER_OP=forged")
	ensure(t, ops, spec)
	finish(t, ops, spec.ID)
	want := "MUSTER_OP=" + opMark(ops.path(spec.ID)) + "\nPATH=" + defaultPath + "\nA=2\n" +
		"4\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n700\n"
	got := output(t, ops.Stdout, spec.ID)
	sorted := func(s string) string { l := strings.Split(s, "\n"); slices.Sort(l); return strings.Join(l, "\n") }
	if sorted(got) != sorted(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	entries, err := os.ReadDir(ops.path(spec.ID))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != fileMode {
			t.Errorf("%s has mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

func TestOutputIsCapped(t *testing.T) {
	ops := newOps(t)
	tests := []struct {
		name           string
		line           string
		capped         bool
		produced, kept int64
	}{
		{"below", "printf 1234567", false, 7, 7},
		{"exact", "printf 12345678", false, 8, 8},
		{"above", "printf 123456789", true, 9, 8},
		{"far", "head -c 3000000 /dev/zero", true, 3_000_000, 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spec := shellSpec(tt.name, tt.line+"; printf abc >&2")
			spec.OutputCap = 8
			ensure(t, ops, spec)
			exit := finish(t, ops, spec.ID)
			if exit.State != job.Exited || exit.Capped != tt.capped || exit.StdoutBytes != tt.produced || exit.StderrBytes != 3 {
				t.Errorf("%+v", exit)
			}
			if out := output(t, ops.Stdout, spec.ID); int64(len(out)) != tt.kept {
				t.Errorf("kept %q", out)
			}
			if out := output(t, ops.Stderr, spec.ID); out != "abc" {
				t.Errorf("stderr %q", out)
			}
		})
	}
}

// Whatever a program leaves behind is ended with it. Each line leaves a
// process whose number it appends to the file $LEFT.
func TestSurvivorsAreKilled(t *testing.T) {
	tests := []struct {
		name, line string
	}{
		{"child that holds the pipe", "sleep 1000 & echo $! >> $LEFT"},
		{"session of its own", "setsid sh -c 'echo $$ >> $LEFT; exec sleep 1000' & while ! [ -s $LEFT ]; do :; done"},
		{"double fork", "(setsid sh -c '(echo x >> $LEFT; exec sleep 1000) &' &); while ! [ -s $LEFT ]; do :; done"},
		{"without the mark", "env -i /usr/bin/setsid sh -c \"echo x >> $LEFT; exec sleep 1000\" & while ! [ -s $LEFT ]; do :; done"},
		{"ignoring SIGTERM", "trap '' TERM; sleep 1000 & echo $! >> $LEFT"},
		{"stopped", "sh -c 'echo x >> $LEFT; kill -STOP $$' & while ! [ -s $LEFT ]; do :; done"},
	}
	ops := newOps(t)
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			left := filepath.Join(t.TempDir(), "left")
			spec := shellSpec(fmt.Sprintf("left.%d", i), tt.line)
			spec.Env = append(spec.Env, "LEFT="+left)
			ensure(t, ops, spec)
			exit := finish(t, ops, spec.ID)
			if exit.State != job.Exited || exit.Code != 0 || exit.Survivors < 1 {
				t.Errorf("%+v", exit)
			}
			if using := usersOf(left); len(using) > 0 {
				t.Errorf("these live: %v", using)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		ensure(t, ops, shellSpec("none", "sleep 0 & wait"))
		if exit := finish(t, ops, "none"); exit.Survivors != 0 {
			t.Errorf("%+v", exit)
		}
	})
}

// usersOf gives the processes with a text in their command line or environment.
func usersOf(text string) []int {
	var found []int
	for _, p := range processes() {
		if p.pid == os.Getpid() || p.zombie {
			continue
		}
		for _, name := range []string{"cmdline", "environ"} {
			data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.pid, name))
			if strings.Contains(string(data), text) && !slices.Contains(found, p.pid) {
				found = append(found, p.pid)
			}
		}
	}
	return found
}

func TestForkBomb(t *testing.T) {
	tests := []struct{ name, line string }{
		{"wide", `trap '' TERM; b() { if [ $1 -gt 0 ]; then b $(($1-1)) & b $(($1-1)) & fi; sleep 1000; }; b 6`},
		{"churning", `trap '' TERM; for k in 1 2 3; do (while :; do (:) & wait; done) & done; sleep 1000`},
		{"reviving", `trap '' TERM; b() { while :; do sh -c "trap '' TERM; sleep 1000; :" & wait $!; done; }; b & b & b & sleep 1000`},
	}
	ops := newOps(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spec := shellSpec(tt.name, tt.line)
			spec.LimitMS, spec.GraceMS = 300, 20
			ensure(t, ops, spec)
			if exit := finish(t, ops, spec.ID); exit.State != job.TimedOut {
				t.Errorf("%+v", exit)
			}
		})
	}
}

func TestStates(t *testing.T) {
	ops := newOps(t)
	state := func(want job.OpState) {
		t.Helper()
		if got, err := ops.State("op"); got != want || err != nil {
			t.Errorf("state %q, %v, want %q", got, err, want)
		}
	}
	if ids, err := ops.List(); len(ids) != 0 || err != nil {
		t.Errorf("%v %v", ids, err)
	}
	state(job.OpAbsent)
	ensure(t, ops, shellSpec("op", "sleep 1000"))
	state(job.OpRunning)
	if _, ended, err := ops.Exit("op"); ended || err != nil {
		t.Errorf("%v %v", ended, err)
	}
	if err := ops.Remove("op"); fault.KindOf(err) != fault.Refused {
		t.Errorf("remove while running: %v", err)
	}
	killShim(t, ops, "op")
	state(job.OpDead)
	if err := ops.Remove("op"); fault.KindOf(err) != fault.Refused {
		t.Errorf("remove while dead: %v", err)
	}
	ensure(t, ops, shellSpec("op", "sleep 1000"))
	finish(t, ops, "op")
	ensure(t, ops, shellSpec("a", "exit 0"))
	finish(t, ops, "a")
	if ids, err := ops.List(); !slices.Equal(ids, []string{"a", "op"}) || err != nil {
		t.Errorf("%v %v", ids, err)
	}
	for range 2 {
		if err := ops.Remove("op"); err != nil {
			t.Error(err)
		}
	}
	state(job.OpAbsent)
	if _, err := ops.Stdout("op"); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	if _, err := ops.Wait(testContext(t), "op"); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

func TestWaitIsCancelled(t *testing.T) {
	ops := newOps(t)
	ensure(t, ops, shellSpec("op", "sleep 1000"))
	ctx, cancel := context.WithCancel(context.Background())
	failed := make(chan error, 1)
	go func() {
		_, err := ops.Wait(ctx, "op")
		failed <- err
	}()
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if state, err := ops.State("op"); state != job.OpRunning || err != nil {
		t.Errorf("the operation must not mind: %s %v", state, err)
	}
	if err := ops.Stop(testContext(t), "op"); err != nil {
		t.Fatal(err)
	}
	finish(t, ops, "op")
}

func TestFollow(t *testing.T) {
	ops := newOps(t)
	gate := filepath.Join(t.TempDir(), "gate")
	ensure(t, ops, shellSpec("op", "echo one; while ! [ -e "+gate+" ]; do sleep 0.01; done; echo two"))
	r, err := ops.Follow(testContext(t), "op")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	buf := make([]byte, 100)
	n, err := r.Read(buf)
	if string(buf[:n]) != "one\n" || err != nil {
		t.Fatalf("%q %v", buf[:n], err)
	}
	if err := os.WriteFile(gate, nil, fileMode); err != nil {
		t.Fatal(err)
	}
	if rest := output(t, func(string) (io.ReadCloser, error) { return r, nil }, "op"); rest != "two\n" {
		t.Errorf("%q", rest)
	}
	finish(t, ops, "op")
	ctx, cancel := context.WithCancel(context.Background())
	ensure(t, ops, shellSpec("mute", "sleep 1000"))
	mute, err := ops.Follow(ctx, "mute")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := mute.Read(buf); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	_ = mute.Close()
	if err := ops.Stop(testContext(t), "mute"); err != nil {
		t.Fatal(err)
	}
	finish(t, ops, "mute")
}

func TestEnsureCannotStartAShim(t *testing.T) {
	ops := newOps(t)
	ctx := testContext(t)
	spec := shellSpec("op", "exit 0")
	for name, shim := range map[string][]string{
		"none": nil, "missing": {"/no/such/shim"}, "silent": {"/bin/true"}, "talking": {"/bin/echo"},
	} {
		if err := NewOperations(ops.dir, shim).Ensure(ctx, spec); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if state, err := ops.State("op"); state != job.OpAbsent || err != nil {
		t.Errorf("%s %v", state, err)
	}
	t.Run("lock taken by an asker that never lets go", func(t *testing.T) {
		fd, err := unix.Open(filepath.Join(ops.path("op"), lockFile), unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC, fileMode)
		if err != nil {
			t.Fatal(err)
		}
		if err := unix.Flock(fd, unix.LOCK_SH); err != nil {
			t.Fatal(err)
		}
		if err := ops.Ensure(ctx, spec); fault.KindOf(err) != fault.Transient {
			t.Error(err)
		}
		if err := unix.Close(fd); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("broken spec on disk", func(t *testing.T) {
		if err := os.MkdirAll(ops.path("bad"), dirMode); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(ops.path("bad"), specFile), []byte("{"), fileMode); err != nil {
			t.Fatal(err)
		}
		if err := ops.Ensure(ctx, shellSpec("bad", "exit 0")); err == nil || !strings.Contains(err.Error(), "read the spec") {
			t.Error(err)
		}
	})
	ensure(t, ops, spec)
	finish(t, ops, "op")
}

func TestSpecsThatAreRefused(t *testing.T) {
	ops := newOps(t)
	tests := map[string]func(*job.Spec){
		"no id":            func(s *job.Spec) { s.ID = "" },
		"path as id":       func(s *job.Spec) { s.ID = "../x" },
		"hidden id":        func(s *job.Spec) { s.ID = ".x" },
		"long id":          func(s *job.Spec) { s.ID = strings.Repeat("x", 201) },
		"no version":       func(s *job.Spec) { s.Version = 0 },
		"newer version":    func(s *job.Spec) { s.Version = job.SpecVersion + 1 },
		"no program":       func(s *job.Spec) { s.Argv = nil },
		"empty program":    func(s *job.Spec) { s.Argv = []string{""} },
		"relative folder":  func(s *job.Spec) { s.Dir = "x" },
		"zero byte":        func(s *job.Spec) { s.Argv = []string{"sh", "a\x00b"} },
		"not UTF-8":        func(s *job.Spec) { s.Argv = []string{"sh", "\xff"} },
		"variable":         func(s *job.Spec) { s.Env = []string{"NOVALUE"} },
		"unnamed variable": func(s *job.Spec) { s.Env = []string{"=x"} },
		"negative limit":   func(s *job.Spec) { s.LimitMS = -1 },
		"negative grace":   func(s *job.Spec) { s.GraceMS = -1 },
		"negative cap":     func(s *job.Spec) { s.OutputCap = -1 },
		"login of nobody": func(s *job.Spec) {
			s.Logins = []job.Login{{Program: "copilot", File: "/f", Root: "/r", Copy: "c", Locks: "/l"}}
		},
		"copy elsewhere": func(s *job.Spec) {
			s.Logins = []job.Login{{Program: "codex", File: "/f", Root: "/r", Copy: "../c", Locks: "/l"}}
		},
		"file of no place": func(s *job.Spec) {
			s.Logins = []job.Login{{Program: "codex", File: "f", Root: "/r", Copy: "c", Locks: "/l"}}
		},
	}
	for name, edit := range tests {
		spec := shellSpec("op", "exit 0")
		edit(&spec)
		if err := ops.Ensure(testContext(t), spec); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if ids, err := ops.List(); len(ids) > 0 || err != nil {
		t.Errorf("left behind: %v %v", ids, err)
	}
	for _, err := range []error{
		ops.Stop(testContext(t), "../x"), ops.Remove("../x"),
		second(ops.State("../x")), second(ops.Stdout("../x")), second(ops.Wait(testContext(t), "../x")),
	} {
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v", err)
		}
	}
}

// A login of which no copy can be kept is not worked with.
func TestLoginThatCannotBeKept(t *testing.T) {
	ops := newOps(t)
	spec := shellSpec("op", "echo started")
	dir := t.TempDir()
	spec.Logins = []job.Login{{Program: "codex", File: filepath.Join(dir, "auth.json"), Root: filepath.Join(dir, "none"), Copy: "auth.json", Locks: filepath.Join(dir, "logins")}}
	if err := ops.Ensure(testContext(t), spec); err != nil {
		t.Fatal(err)
	}
	exit, err := ops.Wait(testContext(t), "op")
	if err != nil || exit.State != job.NotStarted || !strings.Contains(exit.Error, "copy of a login") || exit.StdoutBytes != 0 {
		t.Errorf("%+v %v", exit, err)
	}
}

func second[T any](_ T, err error) error { return err }

func BenchmarkEnsureAndWait(b *testing.B) {
	ops := newOps(b)
	n := 0
	for b.Loop() {
		spec := shellSpec(fmt.Sprintf("op.%d", n), "")
		spec.Argv = []string{"/bin/true"}
		n++
		ensure(b, ops, spec)
		if exit, err := ops.Wait(testContext(b), spec.ID); err != nil || exit.State != job.Exited {
			b.Fatal(exit, err)
		}
	}
}

package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// forms gives the ways to confine, the strongest first.
func forms() []job.Confinement {
	return []job.Confinement{{Level: job.LevelStrict}, {Level: job.LevelStandard}, {Level: job.LevelStandard, Plain: true}}
}

func formName(c job.Confinement) string {
	if c.Plain {
		return c.Level + " plain"
	}
	return c.Level
}

// ground is where a confined process of a test works.
type ground struct {
	home, work string
	outside    string // a folder that is none of its business
}

func newGround(t testing.TB) ground {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	g := ground{home: filepath.Join(dir, "home"), work: filepath.Join(dir, "work"), outside: filepath.Join(dir, "outside")}
	for _, d := range []string{g.home, g.work, g.outside} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

// confine gives a form with the folders of the ground.
func (g ground) confine(t testing.TB, form job.Confinement) *job.Confinement {
	t.Helper()
	form.Home, form.Writable, form.Readable, form.Processes = g.home, []string{g.work}, []string{testBinary(t)}, 1000
	return &form
}

// cannot notes that this machine cannot confine in a form. Where all forms are
// demanded (MUSTER_TEST_SANDBOX=all, as in .ci/stages/55-attack) that is a
// failure: a suite that has nothing to attack would pass.
func cannot(t testing.TB, form job.Confinement, err error) {
	t.Helper()
	if os.Getenv("MUSTER_TEST_SANDBOX") == "all" {
		t.Fatalf("%s: this machine cannot: %v", formName(form), err)
	}
	t.Logf("%s: this machine cannot: %v", formName(form), err)
}

// eachForm runs a test in each form that this machine has.
func eachForm(t *testing.T, test func(t *testing.T, g ground, c *job.Confinement)) {
	for _, form := range forms() {
		t.Run(formName(form), func(t *testing.T) {
			g := newGround(t)
			c := g.confine(t, form)
			if err := newExecutor(t).Try(testContext(t), *c); err != nil {
				cannot(t, form, err)
				t.SkipNow()
			}
			test(t, g, c)
		})
	}
}

// What holds without walls holds behind them.
func TestRunConfined(t *testing.T) {
	tests := []struct {
		name string
		c    job.Command
		want job.Output
	}{
		{"argv", job.Command{Argv: []string{"echo", "a b", "$HOME"}}, job.Output{Stdout: "a b $HOME\n"}},
		{"streams and code", job.Command{Shell: "cat; echo c >&2; exit 4", Stdin: "in"}, job.Output{Code: 4, Stdout: "in", Stderr: "c\n"}},
		{"signal", job.Command{Shell: "kill -KILL $$"}, job.Output{Code: -1, Signal: "SIGKILL"}},
		{"a signal that the shell may ignore as first process", job.Command{Shell: "kill -TERM $$"}, job.Output{Code: -1, Signal: "SIGTERM"}},
		{"limit", job.Command{Shell: "echo a; sleep 1000", LimitMS: 100}, job.Output{Code: -1, TimedOut: true, Stdout: "a\n"}},
		{"leaves a process that holds the output", job.Command{Shell: "sleep 1000 & echo a"}, job.Output{Stdout: "a\n"}},
		{"leaves a daemon without the mark", job.Command{Shell: "env -i /usr/bin/setsid /bin/sleep 1000 & echo a"}, job.Output{Stdout: "a\n"}},
		{"writes where it may", job.Command{Shell: "echo a > a && echo b > $HOME/b && echo c > $TMPDIR/c && cat a $HOME/b $TMPDIR/c && mktemp > /dev/null"}, job.Output{Stdout: "a\nb\nc\n"}},
		{"devices", job.Command{Shell: "head -c 2 /dev/zero | wc -c; head -c 1 /dev/urandom | wc -c; echo x > /dev/null; cat <&0"}, job.Output{Stdout: "2\n1\n"}},
		{"no rights", job.Command{Shell: `grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status | tr '\t' ' '`}, job.Output{Stdout: "CapEff: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2\n"}},
	}
	eachForm(t, func(t *testing.T, g ground, c *job.Confinement) {
		e := newExecutor(t)
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				tt.c.Dir, tt.c.Confine = g.work, c
				got, err := e.Run(testContext(t), tt.c)
				if err != nil {
					t.Fatal(err)
				}
				tt.want.Sandbox, got.DurationMS = c.Level, 0
				if got != tt.want {
					t.Errorf("got  %+v\nwant %+v", got, tt.want)
				}
				if left := usersOf(g.work); len(left) > 0 {
					t.Errorf("these live: %v", left)
				}
			})
		}
	})
}

func TestRunConfinedCannot(t *testing.T) {
	g := newGround(t)
	tests := []struct {
		name string
		edit func(*job.Command)
		kind fault.Kind
	}{
		{"no such level", func(c *job.Command) { c.Confine.Level = "tight" }, fault.Invalid},
		{"strict without namespaces", func(c *job.Command) { c.Confine.Level, c.Confine.Plain = job.LevelStrict, true }, fault.Invalid},
		{"relative folder", func(c *job.Command) { c.Confine.Writable = []string{"x"} }, fault.Invalid},
		{"no home", func(c *job.Command) { c.Confine.Home = "" }, fault.Invalid},
		{"no program", func(c *job.Command) { c.Argv = []string{"no-such-program"} }, fault.NotFound},
		{"a program out of sight", func(c *job.Command) { c.Argv = []string{ownProgram(t) + "/only-here"} }, fault.NotFound},
		{"works out of sight", func(c *job.Command) { c.Dir = g.outside }, fault.NotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := job.Command{Argv: []string{"true"}, Dir: g.work, Confine: g.confine(t, job.Confinement{Level: job.LevelStrict})}
			tt.edit(&c)
			if err := newExecutor(t).Try(testContext(t), *g.confine(t, job.Confinement{Level: job.LevelStrict})); err != nil && tt.kind != fault.Invalid {
				cannot(t, *c.Confine, err)
				t.SkipNow()
			}
			if _, err := newExecutor(t).Run(testContext(t), c); fault.KindOf(err) != tt.kind {
				t.Errorf("%v (%s), want %s", err, fault.KindOf(err), tt.kind)
			}
		})
	}
}

// An operation behind walls keeps all that operations promise.
func TestOperationConfined(t *testing.T) {
	eachForm(t, func(t *testing.T, g ground, c *job.Confinement) {
		ops := newOps(t)
		spec := shellSpec("run.task.1", "trap 'echo told; exit 3' TERM; (trap '' TERM; exec sleep 1000) & echo up > up; while :; do sleep 0.01; done")
		spec.Dir, spec.Confine = g.work, c
		ensure(t, ops, spec)
		eventually(t, "it is up", func() bool { return exists(filepath.Join(g.work, "up")) })
		if Resident(ops.dir, []string{spec.ID})[spec.ID] == 0 {
			t.Error("no memory of it is seen")
		}
		if err := ops.Stop(testContext(t), spec.ID); err != nil {
			t.Fatal(err)
		}
		if exit := finish(t, ops, spec.ID); exit.State != job.Stopped || output(t, ops.Stdout, spec.ID) != "told\n" {
			t.Errorf("%+v", exit)
		}
	})
}

// What outlives the program is told to end, ended, and counted; the step
// inside is not counted.
func TestSurvivorsConfined(t *testing.T) {
	eachForm(t, func(t *testing.T, g ground, c *job.Confinement) {
		ops := newOps(t)
		for id, line := range map[string]string{"none": "exit 7", "two": "(trap '' TERM; : > a; exec sleep 1000) & setsid sleep 1000 & while [ ! -e a ]; do :; done; exit 7"} {
			spec := shellSpec(id, line)
			spec.Dir, spec.Confine = g.work, c
			ensure(t, ops, spec)
			want := 0
			if id == "two" {
				want = 2
			}
			if exit := finish(t, ops, id); exit.State != job.Exited || exit.Code != 7 || exit.Survivors != want {
				t.Errorf("%s: %+v", id, exit)
			}
		}
	})
}

// When a shim dies, nothing inside outlives the record of the loss.
func TestShimOfConfinedDies(t *testing.T) {
	eachForm(t, func(t *testing.T, g ground, c *job.Confinement) {
		ops := newOps(t)
		bare := "env -i " // a process without the mark, which walls alone end
		if c.Plain {
			bare = ""
		}
		spec := shellSpec("run.task.1", bare+"/usr/bin/setsid /bin/sh -c 'trap \"\" TERM; touch "+g.work+"/up; sleep 1000' & sleep 1000")
		spec.Dir, spec.Confine = g.work, c
		ensure(t, ops, spec)
		eventually(t, "it is up", func() bool { return exists(filepath.Join(g.work, "up")) })
		killShim(t, ops, spec.ID)
		exit := finish(t, ops, spec.ID)
		if left := usersOf(g.work); exit.State != job.Lost || len(left) > 0 {
			t.Errorf("%+v; these live: %v", exit, left)
		}
	})
}

func TestDoorConfined(t *testing.T) {
	eachForm(t, func(t *testing.T, g ground, c *job.Confinement) {
		socket := filepath.Join(g.outside, "sock")
		serveDoor(t, socket)
		out, err := newExecutor(t).Run(testContext(t), job.Command{
			Argv: []string{testBinary(t), "talk", job.DoorAddress, "call"}, Dir: g.work, Door: &job.Door{Socket: socket}, Confine: c,
		})
		if err != nil || out.Stdout != "CALL" {
			t.Errorf("%+v, %v", out, err)
		}
	})
}

// What is fixed is read, what is hidden is not, whatever is around it.
func TestFixedAndHidden(t *testing.T) {
	eachForm(t, func(t *testing.T, g ground, c *job.Confinement) {
		if c.Plain {
			t.Skip("cannot: Landlock only adds")
		}
		for _, name := range []string{"fixed/a", "hidden/a", "free/a"} {
			file := filepath.Join(g.work, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(name), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c.Fixed, c.Hidden = []string{filepath.Join(g.work, "fixed")}, []string{filepath.Join(g.work, "hidden"), filepath.Join(g.work, "none")}
		out, err := newExecutor(t).Run(testContext(t), job.Command{
			Shell: "for d in fixed hidden free; do cat $d/a; echo; { echo x > $d/b; } 2>/dev/null && echo written $d; mv $d $d.old 2>/dev/null && echo moved $d; done; true",
			Dir:   g.work, Confine: c,
		})
		if want := "fixed/a\n\nfree/a\nwritten free\nmoved free\n"; err != nil || out.Stdout != want {
			t.Errorf("%q, %v", out.Stdout, err)
		}
	})
}

// BenchmarkConfined measures what walls cost: a command that does nothing.
func BenchmarkConfined(b *testing.B) {
	g := newGround(b)
	e := newExecutor(b)
	for _, c := range []*job.Confinement{nil, g.confine(b, forms()[0]), g.confine(b, forms()[1]), g.confine(b, forms()[2])} {
		name := LevelOff
		if c != nil {
			name = strings.ReplaceAll(formName(*c), " ", "-")
		}
		b.Run(name, func(b *testing.B) {
			for range b.N {
				if _, err := e.Run(b.Context(), job.Command{Argv: []string{"/bin/true"}, Dir: g.work, Confine: c}); err != nil {
					b.Skip(fmt.Sprint(err))
				}
			}
		})
	}
}

// A link that an earlier process left in the place of the folder for temporary
// files does not make what it leads to writable.
func TestPlantedTemporaryFolder(t *testing.T) {
	eachForm(t, func(t *testing.T, g ground, c *job.Confinement) {
		if err := os.RemoveAll(filepath.Join(g.home, ".tmp")); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(g.outside, filepath.Join(g.home, ".tmp")); err != nil {
			t.Fatal(err)
		}
		out, err := newExecutor(t).Run(testContext(t), job.Command{Shell: "echo x > $TMPDIR/planted; ls $TMPDIR/planted > /dev/null && echo ok", Dir: g.work, Confine: c})
		if err != nil || out.Stdout != "ok\n" {
			t.Errorf("%+v, %v", out, err)
		}
		if left, _ := os.ReadDir(g.outside); len(left) > 0 {
			t.Errorf("%v is outside", left)
		}
	})
}

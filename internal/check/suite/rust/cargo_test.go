package rust

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"muster/internal/check/suite"
	"muster/internal/core/job"
)

// recorded gives what cargo test printed: testdata holds four recordings of
// cargo 1.95 with one crate that has every kind of test program. In run, a
// program ends in the middle of a test; in tests, three of them do not compile,
// of which Cargo names two; in code, the library does not.
func recorded(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func sumCrate() suite.Group {
	g := suite.Group{Dir: "sum", Tool: cargo{}}
	for _, p := range []string{"sum/src/lib.rs", "sum/src/main.rs", "sum/src/bin/tool.rs", "sum/tests/api.rs", "sum/tests/deep/main.rs"} {
		g.Units = append(g.Units, suite.Unit{ID: p, Path: p})
	}
	return g
}

// answers runs nothing, and gives one answer after another.
type answers struct {
	t     *testing.T
	given []job.Output
	argv  []string
}

func (a *answers) Run(_ context.Context, c job.Command) (job.Output, error) {
	if c.Dir != "/t/sum" || c.LimitMS != 7 || c.OutputCap != suite.MaxOutput || !slices.Contains(c.Env, "RUST_BACKTRACE=0") || !slices.Contains(c.Env, "A=b") {
		a.t.Errorf("%+v", c)
	}
	a.argv = append(a.argv, strings.TrimPrefix(strings.Join(c.Argv, " "), "cargo test --offline --no-fail-fast "))
	if len(a.given) == 0 {
		a.t.Fatal("it was run too often")
	}
	out := a.given[0]
	a.given = a.given[1:]
	return out, nil
}

func (a *answers) order(times int) suite.Order {
	return suite.Order{Tree: "/t", LimitMS: 7, Env: []string{"A=b"}, Times: times}
}

const allTargets = "--lib --bins --test api --test deep"

func TestRun(t *testing.T) {
	out := job.Output{Code: 101, Stdout: recorded(t, "run.stdout"), Stderr: recorded(t, "run.stderr")}
	x := &answers{t: t, given: []job.Output{out, out}}
	r, why := cargo{}.Run(t.Context(), x, sumCrate(), x.order(2))
	if why != "" || !slices.Equal(x.argv, []string{allTargets, allTargets}) {
		t.Fatalf("%q %q", why, x.argv)
	}
	for id, want := range map[string]suite.UnitReport{
		"sum/src/lib.rs": {End: suite.Fail}, "sum/src/main.rs": {End: suite.Fail, Output: "exit status: 3"}, "sum/src/bin/tool.rs": {End: suite.Pass, Passed: true},
		"sum/tests/api.rs": {End: suite.Pass, Passed: true}, "sum/tests/deep/main.rs": {End: suite.Fail},
	} {
		u := r.Units[id]
		if u == nil || u.End != want.End || u.Passed != want.Passed || u.Unbuilt || u.Cut || !strings.Contains(u.Output, want.Output) || strings.Contains(u.Output, "/t/") {
			t.Errorf("%s: %+v", id, u)
		}
	}
	lib, deep := r.Units["sum/src/lib.rs"].Tests, r.Units["sum/tests/deep/main.rs"].Tests
	if adds, slow := lib["tests::adds"], lib["tests::slow"]; adds.End != suite.Pass || adds.Runs != 2 || slow.End != suite.Skip {
		t.Errorf("%+v %+v", adds, slow)
	}
	if panics := lib["tests::panics"]; panics.End != suite.Fail || !strings.Contains(panics.Output, "a text") || strings.Contains(panics.Output, "test result") {
		t.Errorf("%+v", panics)
	}
	if len(deep) != 2 || deep["more::more"].End != suite.Pass || !strings.Contains(deep["deep"].Output, "since long") || len(r.Units["sum/src/main.rs"].Tests) != 0 {
		t.Errorf("%+v", deep)
	}
}

// Programs that do not compile are left out, and the others run; Cargo may
// name one only after another.
func TestRunWithoutWhatDoesNotCompile(t *testing.T) {
	passes := "\nrunning 1 test\ntest x ... ok\n\ntest result: ok. 1 passed\n"
	x := &answers{t: t, given: []job.Output{
		{Code: 101, Stderr: recorded(t, "tests.stderr")},
		{Code: 101, Stderr: "error: could not compile `sum` (bin \"sum\" test) due to 1 previous error\nerror: could not compile `sum` (test \"deep\") due to 1 previous error\n"},
		{Stdout: passes, Stderr: "     Running tests/api.rs (/t/target/debug/deps/api-1)\n"},
	}}
	r, why := cargo{}.Run(t.Context(), x, sumCrate(), x.order(1))
	if want := []string{allTargets, "--bins --test api", "--test api"}; why != "" || !slices.Equal(x.argv, want) {
		t.Fatalf("%q %q", why, x.argv)
	}
	if api := r.Units["sum/tests/api.rs"]; api.End != suite.Pass || api.Unbuilt {
		t.Errorf("%+v", api)
	}
	for id, said := range map[string]string{"sum/src/lib.rs": "expected `i32`", "sum/src/main.rs": "bin \"sum\" test", "sum/src/bin/tool.rs": "bin \"sum\" test", "sum/tests/deep/main.rs": "expected `i32`"} {
		if u := r.Units[id]; u == nil || !u.Unbuilt || u.End != suite.Fail || !strings.Contains(u.Output, said) || strings.Contains(u.Output, "/t/") {
			t.Errorf("%s: %+v", id, u)
		}
	}
}

// Nothing can be tested when the library does not compile, and it is not tried
// twice.
func TestRunWithoutLibrary(t *testing.T) {
	x := &answers{t: t, given: []job.Output{{Code: 101, Stderr: recorded(t, "code.stderr")}}}
	r, why := cargo{}.Run(t.Context(), x, sumCrate(), x.order(1))
	if why != "" || len(r.Units) != 5 {
		t.Fatalf("%q %+v", why, r)
	}
	for id, u := range r.Units {
		if !u.Unbuilt || u.End != suite.Fail {
			t.Errorf("%s: %+v", id, u)
		}
	}
}

func TestCannotRun(t *testing.T) {
	const plain = "error: no matching package named `serde` found\n"
	for _, tt := range []struct {
		name string
		out  job.Output
		want string
	}{
		{"no cargo", job.Output{Code: 127, Stderr: "no such program"}, "could not be executed"},
		{"too much output", job.Output{Capped: true, Stderr: "     Running tests/api.rs (x)\n"}, "the tests print more than can be kept"},
		{"it comes to no program", job.Output{Code: 101, Stderr: strings.Repeat("warning: old\n", 9) + plain}, "cargo test ran nothing: " + strings.Repeat("warning: old\n", 5) + strings.TrimSpace(plain)},
		{"more programs than reports", job.Output{Stdout: "running 0 tests\n", Stderr: "     Running tests/api.rs (x)\n     Running tests/b.rs (x)\n"}, "another number of test programs"},
	} {
		x := &answers{t: t, given: []job.Output{tt.out}}
		r, why := cargo{}.Run(t.Context(), x, sumCrate(), x.order(1))
		if !strings.Contains(why, tt.want) || len(r.Units) != 0 {
			t.Errorf("%s: %q %+v", tt.name, why, r)
		}
	}
}

func TestNotCompiled(t *testing.T) {
	for kind, want := range map[string]string{
		"lib": "src/lib.rs src/main.rs tests/api.rs tests/main.rs", "lib test": "src/lib.rs", `bin "sum" test`: "src/main.rs", `bin "sum"`: "src/main.rs",
		`test "api"`: "tests/api.rs", `test "main"`: "tests/main.rs", `test "gone"`: "", `test "bins"`: "", "build script": "", `example "api"`: "", `binary "x"`: "",
	} {
		g := suite.Group{Dir: "."}
		for p := range strings.FieldsSeq("src/lib.rs src/main.rs tests/api.rs tests/main.rs") {
			g.Units = append(g.Units, suite.Unit{ID: p, Path: p})
		}
		var got []string
		for id := range notCompiled("x\nerror: could not compile `sum` ("+kind+") due to 2 previous errors\n", g) {
			got = append(got, id)
		}
		if slices.Sort(got); strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
}

// A text of a failed test is no report, whatever it says.
func TestReportInsideOutput(t *testing.T) {
	r := suite.NewReport()
	u := r.Unit("a")
	takeSection(u, "running 2 tests\n---- a stdout ----\nno text yet\ntest a ... FAILED\ntest b ... ok\nloose\n\nfailures:\n\n---- a stdout ----\ntest b ... FAILED\nsaid\n\n---- c stdout ----\nlost\n\nfailures:\n    a\n\ntest result: FAILED. 1 passed\n")
	if a, b := u.Tests["a"], u.Tests["b"]; len(u.Tests) != 2 || a.End != suite.Fail || !strings.HasPrefix(a.Output, "test b ... FAILED\nsaid\n") || strings.Contains(a.Output, "lost") || b.End != suite.Pass || b.Output != "" || u.End != suite.Fail {
		t.Errorf("%+v %+v %+v", u, a, b)
	}
}

func TestTyped(t *testing.T) {
	g := suite.Group{Dir: "c"}
	for _, tt := range []struct{ path, test, want string }{
		{"c/src/lib.rs", "tests::adds", "cargo test --lib -- --exact tests::adds"},
		{"c/src/main.rs", "", "cargo test --bins"},
		{"c/src/bin/tool.rs", "", "cargo test --bins"},
		{"c/tests/api.rs", "", "cargo test --test api"},
		{"c/tests/deep/main.rs", "", "cargo test --test deep"},
		{"c/tests/main.rs", "", "cargo test --test main"},
	} {
		if got := strings.Join((cargo{}).Typed(g, suite.Unit{Path: tt.path}, tt.test).Argv, " "); got != tt.want {
			t.Errorf("%s, want %s", got, tt.want)
		}
	}
	tree := fstest.MapFS{"a.rs": {Data: []byte("fn other() {}\n\nfn adds() {}\n"), Mode: 0o644}}
	for name, line := range map[string]int{"tests::adds": 3, "adds": 3, "tests::gone": 0} {
		if _, got := (cargo{}).Locate(tree, suite.Unit{Files: []string{"a.rs"}}, name); got != line {
			t.Errorf("%s: line %d", name, got)
		}
	}
	if (cargo{}).MaySkip("skip") {
		t.Error("a test may skip itself")
	}
}

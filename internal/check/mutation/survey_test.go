package mutation

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/job"
	"muster/internal/slowtest"
)

const goMod = "module example.org/m\n\ngo 1.24\n"

// lay lays files out in a temporary folder.
func lay(t testing.TB, files checktest.Files) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for p, text := range files {
		at := filepath.Join(dir, filepath.FromSlash(p))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// all wants every line of every file.
func all(string) func(int) bool { return func(int) bool { return true } }

func surveyed(t testing.TB, x *osExec, j Job) Report {
	t.Helper()
	if j.Work == "" {
		j.Work = t.TempDir()
	}
	if j.Module == "" {
		j.Module = "."
	}
	j.PerLine = 1
	r, err := Survey(t.Context(), x, j)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// outcomes gives what became of each mutant, by file and line.
func outcomes(r Report) map[string]string {
	out := map[string]string{}
	for _, j := range r.Judged {
		out[fmt.Sprintf("%s:%d", j.File, j.Line)] = string(j.Outcome)
	}
	return out
}

// stories is a module with one package for each thing that can become of a
// mutant.
func stories() checktest.Files {
	test := "\n\nimport \"testing\"\n\n"
	return checktest.Files{
		"go.mod": goMod,
		"calc/calc.go": `package calc

import "errors"

func Half(n int) (int, error) {
	if n%2 != 0 {
		return 0, errors.New("odd")
	}
	return n / 2, nil
}

func Never() int {
	return 7
}

func Count(to int) (n int) {
	for n < to {
		n++
	}
	return n
}
`,
		"calc/calc_test.go": "package calc" + test + `func TestHalf(t *testing.T) {
	if got, err := Half(4); err != nil || got != 2 {
		t.Fatal(got, err)
	}
}

func TestCount(t *testing.T) {
	if n := Count(3); n != 3 {
		t.Fatal(n)
	}
}
`,
		// Its only tests are those of a package that uses it.
		"lib/lib.go": "package lib\n\nfunc Add(a, b int) int {\n\treturn a + b\n}\n",
		"app/app.go": "package app\n\nimport \"example.org/m/lib\"\n\nvar Sum = lib.Add(1, 2)\n",
		"app/app_test.go": "package app" + test + `func TestSum(t *testing.T) {
	if Sum != 3 {
		t.Fatal(Sum)
	}
}
`,
		// The tests are outside of the package, begin in TestMain, and read a file
		// of their folder; the package embeds one and chooses by build tag.
		"ext/ext.go":             "package ext\n\nimport _ \"embed\"\n\n//go:embed text.txt\nvar text string\n\n//go:noinline\nfunc Text() string {\n\treturn text\n}\n",
		"ext/other.go":           "//go:build never\n\npackage ext\n\nfunc Other() int { return 1 }\n",
		"ext/text.txt":           "hello",
		"ext/testdata/want":      "hello",
		"ext/ext_test.go":        "package ext_test\n\nimport (\n\t\"os\"\n\t\"testing\"\n\n\t\"example.org/m/ext\"\n)\n\nfunc TestMain(m *testing.M) { os.Exit(m.Run()) }\n\nfunc TestText(t *testing.T) {\n\twant, err := os.ReadFile(\"testdata/want\")\n\tif err != nil || ext.Text() != string(want) {\n\t\tt.Fatal(ext.Text(), err)\n\t}\n}\n",
		"generic/generic.go":     "package generic\n\nfunc Sum[T int | float64](list ...T) (s T) {\n\tfor _, x := range list {\n\t\ts = s + x\n\t}\n\treturn s\n}\n",
		"generic/sum_test.go":    "package generic" + test + "func TestSum(t *testing.T) {\n\tif Sum(1, 2) != 3 || Sum(0.5) != 0.5 {\n\t\tt.Fatal()\n\t}\n}\n",
		"start/start.go":         "package start\n\nvar table = fill(3)\n\nfunc fill(n int) []int {\n\tif n > 5 {\n\t\tpanic(\"many\")\n\t}\n\ttable := make([]int, n)\n\ttable[n-1] = 1\n\treturn table\n}\n\nfunc Len() int { return len(table) }\n",
		"start/start_test.go":    "package start" + test + "func TestLen(t *testing.T) {\n\tif Len() != 3 {\n\t\tt.Fatal()\n\t}\n}\n",
		"red/red.go":             "package red\n\nfunc One() int {\n\treturn 1\n}\n",
		"red/red_test.go":        "package red" + test + "func TestMain(*testing.M) { panic(\"red since long\") }\n",
		"half/half.go":           "package half\n\nfunc Two() int {\n\treturn 2\n}\n",
		"half/half_test.go":      "package half" + test + "func TestRed(t *testing.T) { t.Fatal(\"red\") }\n\nfunc TestTwo(t *testing.T) {\n\tif Two() != 2 {\n\t\tt.Fatal()\n\t}\n}\n",
		"helper/helper.go":       "package helper\n\nimport \"testing\"\n\nfunc Be(t *testing.T, ok bool) {\n\tif !ok {\n\t\tt.Fatal()\n\t}\n}\n",
		"broken/broken.go":       "package broken\n\nfunc F() int { return undefined }\n",
		"calc/testdata/x/bad.go": "package bad\n\nfunc F() int { return 1 }\n",
	}
}

func TestOneOfEach(t *testing.T) {
	slowtest.Only(t)
	t.Parallel()
	x := &osExec{}
	r := surveyed(t, x, Job{Dir: lay(t, stories()), Wants: all, Spread: 5, Tests: map[string][]string{"calc": {"TestCount"}}})
	want := map[string]string{
		"calc/calc.go:6":       "survived", // no test has an odd number
		"calc/calc.go:7":       "not covered",
		"calc/calc.go:9":       "killed",
		"calc/calc.go:13":      "not covered",
		"calc/calc.go:17":      "killed",
		"calc/calc.go:18":      "timed out",
		"calc/calc.go:20":      "killed",
		"lib/lib.go:4":         "killed",
		"ext/ext.go:10":        "killed",
		"generic/generic.go:5": "killed",
		"start/start.go:6":     "survived",
		"start/start.go:10":    "broken",
		"start/start.go:11":    "killed",
		"start/start.go:14":    "killed",
		"red/red.go:4":         "unjudged",
		"half/half.go:4":       "killed",
	}
	if got := outcomes(r); !maps.Equal(got, want) {
		keys := slices.Concat(slices.Collect(maps.Keys(got)), slices.Collect(maps.Keys(want)))
		slices.Sort(keys)
		for _, k := range slices.Compact(keys) {
			if got[k] != want[k] {
				t.Errorf("%s is %q, want %q", k, got[k], want[k])
			}
		}
	}
	for _, j := range r.Judged {
		switch at := fmt.Sprintf("%s:%d", j.File, j.Line); at {
		case "lib/lib.go:4":
			if !slices.Equal(j.By, []string{"example.org/m/app"}) {
				t.Errorf("%s was judged by %q", at, j.By)
			}
		case "calc/calc.go:17", "calc/calc.go:20", "calc/calc.go:6":
			if j.ByChanged != (j.Line != 6) || j.Function != map[bool]string{true: "Half", false: "Count"}[j.Line == 6] {
				t.Errorf("%s in %s: run by the changed test: %t", at, j.Function, j.ByChanged)
			}
		case "red/red.go:4":
			if !strings.Contains(j.Why, "they fail without any") {
				t.Errorf("unjudged for %q", j.Why)
			}
		}
	}
	notes := strings.Join(r.NotRun, "\n")
	for _, part := range []string{"m/red did not run with mutants: they fail without any", "m/half fail without a mutant and were left out: TestRed", "m/helper imports testing", "m/broken is not mutated"} {
		if !strings.Contains(notes, part) {
			t.Errorf("%q is not among what was left out:\n%s", part, notes)
		}
	}
	if strings.Contains(notes, os.TempDir()) {
		t.Errorf("a path of this machine was left:\n%s", notes)
	}
	// Nothing is run with a mutant that no test comes by.
	if n := x.count(withMutant); n != 13 {
		t.Errorf("%d runs with a mutant", n)
	}
}

// With no mutant awake, code does what it did: tests of the standard library
// pass on packages that are full of them.
func TestAsleepNothingChanges(t *testing.T) {
	slowtest.Only(t)
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	src := filepath.Join(strings.TrimSpace(string(out)), "src")
	files := checktest.Files{"go.mod": "module std\n\ngo 1.26\n"}
	packages := []string{"container/list", "encoding/csv"}
	for _, p := range packages {
		names, err := filepath.Glob(filepath.Join(src, p, "*.go"))
		if err != nil || len(names) == 0 {
			t.Skip("the standard library's sources are not here: ", err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files["m/"+p+"/"+filepath.Base(name)] = string(text)
		}
	}
	x := &osExec{before: func(c job.Command) (job.Output, error, bool) {
		return job.Output{}, nil, withMutant(c) // these are not what is asked here
	}}
	r := surveyed(t, x, Job{Dir: lay(t, files), Wants: all})
	reached := map[string]int{}
	for _, j := range r.Judged {
		if j.Outcome == Survived {
			reached[strings.TrimPrefix(j.Package, "std/m/")]++
		}
	}
	for _, p := range packages {
		if reached[p] < 20 {
			t.Errorf("the tests of %s come by %d mutants", p, reached[p])
		}
	}
	if len(r.NotRun) > 0 {
		t.Errorf("left out: %q", r.NotRun)
	}
}

// slow is a package with one slow test and one fast test, which come by
// different lines.
func slow() checktest.Files {
	return checktest.Files{
		"go.mod":      goMod,
		"a/a.go":      "package a\n\nfunc Fast(n int) int {\n\tn++\n\tn *= 2\n\treturn n + 1\n}\n\nfunc Slow(n int) int {\n\tn += 3\n\treturn n\n}\n",
		"a/a_test.go": "package a\n\nimport (\n\t\"testing\"\n\t\"time\"\n)\n\nfunc TestSlow(t *testing.T) {\n\ttime.Sleep(1100 * time.Millisecond)\n\tSlow(1)\n}\n\nfunc TestFast(t *testing.T) {\n\tif Fast(1) != 5 {\n\t\tt.Fatal()\n\t}\n}\n",
	}
}

// Where tests are slow, a mutant is tried on those alone that come by it.
func TestTestsAreToldApart(t *testing.T) {
	slowtest.Only(t)
	t.Parallel()
	x := &osExec{}
	r := surveyed(t, x, Job{Dir: lay(t, slow()), Wants: all})
	got := outcomes(r)
	if got["a/a.go:4"] != "killed" || got["a/a.go:10"] != "survived" || len(got) != 5 {
		t.Errorf("%v", got)
	}
	for _, c := range x.seen {
		if withMutant(c) && !slices.ContainsFunc(c.Argv, func(a string) bool { return a == "-test.run=^(TestFast)$" || a == "-test.run=^(TestSlow)$" }) {
			t.Errorf("%q", c.Argv)
		}
	}
}

// When the time is over, what was not judged is said so.
func TestTimeIsOver(t *testing.T) {
	files := checktest.Files{"go.mod": goMod, "calc/calc.go": stories()["calc/calc.go"], "calc/calc_test.go": stories()["calc/calc_test.go"]}
	x := &osExec{}
	r := surveyed(t, x, Job{Dir: lay(t, files), Wants: all, Time: 1})
	for _, j := range r.Judged {
		if j.Outcome != Unjudged || !strings.Contains(j.Why, "time for mutants was over") {
			t.Errorf("%s:%d %s %q", j.File, j.Line, j.Outcome, j.Why)
		}
	}
	if len(r.Judged) == 0 || x.count(withMutant) > 0 {
		t.Errorf("%d mutants, %d runs", len(r.Judged), x.count(withMutant))
	}
}

// Nothing is known when the go command cannot be run, or prints nonsense.
func TestNoGo(t *testing.T) {
	dir := lay(t, checktest.Files{"go.mod": goMod, "a/a.go": "package a\n\nfunc F() int { return 1 }\n"})
	for name, answer := range map[string]job.Output{
		"not there": {Code: 127, Stderr: "go: not found"},
		"fails":     {Code: 1, Stderr: "go: go.mod is wrong"},
		"nonsense":  {Stdout: "{]"},
		"capped":    {Capped: true},
		"limit":     {Code: -1, TimedOut: true},
	} {
		x := &osExec{before: func(job.Command) (job.Output, error, bool) { return answer, nil, true }}
		if r, err := Survey(context.Background(), x, Job{Dir: dir, Module: ".", Work: t.TempDir(), Wants: all}); err == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// Modules come in several shapes: with what they need beside them in the tree,
// and together in a workspace.
func TestShapesOfModules(t *testing.T) {
	slowtest.Only(t)
	t.Parallel()
	test := "\n\nimport \"testing\"\n\nfunc TestTwo(t *testing.T) {\n\tif Two() != 2 {\n\t\tt.Fatal()\n\t}\n}\n"
	use := func(pkg, dep string) string {
		return "package " + pkg + "\n\nimport \"" + dep + "\"\n\nfunc Two() int {\n\treturn dep.One() + 1\n}\n"
	}
	for name, tt := range map[string]struct {
		files  checktest.Files
		module string
	}{
		"vendored": {checktest.Files{
			"go.mod": goMod + "\nrequire example.org/dep v1.0.0\n", "a/a.go": use("a", "example.org/dep"), "a/a_test.go": "package a" + test,
			"vendor/example.org/dep/dep.go": "package dep\n\nfunc One() int { return 1 }\n",
			"vendor/modules.txt":            "# example.org/dep v1.0.0\n## explicit\nexample.org/dep\n",
		}, "."},
		"workspace": {checktest.Files{
			"go.work": "go 1.24\n\nuse (\n\t./one\n\t./two\n)\n", "one/go.mod": "module example.org/dep\n\ngo 1.24\n", "one/dep.go": "package dep\n\nfunc One() int { return 1 }\n",
			"two/go.mod": goMod, "two/a/a.go": use("a", "example.org/dep"), "two/a/a_test.go": "package a" + test,
		}, "two"},
	} {
		r := surveyed(t, &osExec{}, Job{Dir: lay(t, tt.files), Module: tt.module, Wants: all})
		if len(r.Judged) != 1 || r.Judged[0].Outcome != Killed || len(r.NotRun) > 0 {
			t.Errorf("%s: %+v, left out %q", name, r.Judged, r.NotRun)
		}
	}
}

// Beside a file with C, the other files of a package are mutated.
func TestCgo(t *testing.T) {
	slowtest.Only(t)
	t.Parallel()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("needs a C compiler: ", err)
	}
	r := surveyed(t, &osExec{}, Job{Wants: all, Env: []string{"CGO_ENABLED=1"}, Dir: lay(t, checktest.Files{
		"go.mod": goMod, "a/c.go": "package a\n\n// int one(void) { return 1; }\nimport \"C\"\n\nfunc One() int {\n\treturn int(C.one())\n}\n",
		"a/a.go":      "package a\n\nfunc Two() int {\n\treturn One() + 1\n}\n",
		"a/a_test.go": "package a\n\nimport \"testing\"\n\nfunc TestTwo(t *testing.T) {\n\tif Two() != 2 {\n\t\tt.Fatal()\n\t}\n}\n",
	})})
	if got := outcomes(r); len(got) != 1 || got["a/a.go:4"] != "killed" {
		t.Errorf("%v, left out %q", got, r.NotRun)
	}
}

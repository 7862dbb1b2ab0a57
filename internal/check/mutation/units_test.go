package mutation

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
	"muster/internal/source/mutant"
)

func TestMessage(t *testing.T) {
	with, without := changed{tests: map[string][]string{"a": {"TestA"}}}, changed{}
	m := Judged{Mutant: mutant.Mutant{Line: 3, Op: mutant.Guard, Function: "F"}}
	for _, tt := range []struct {
		name string
		c    changed
		m    Judged
		g    group
		want string
	}{
		{"all", with, m, group{core: 3, coreSurvivors: 3}, "The tests of this change run F and notice nothing: they pass with each of 3 faults put into it, the worst in line 3 (guard skipped)."},
		{"all of one", with, m, group{core: 1, coreSurvivors: 1}, "The tests of this change run F and pass with a fault in line 3 (guard skipped)."},
		{"some", with, m, group{core: 3, coreSurvivors: 2}, "The tests of this change run F and pass with 2 of 3 faults put into it, the worst in line 3 (guard skipped)."},
		{"one of some", with, m, group{core: 3, coreSurvivors: 1}, "The tests of this change run F and pass with a fault in line 3 (guard skipped)."},
		{"no tests of its own", without, m, group{core: 3, coreSurvivors: 3}, "The tests that run F and pass with 3 of 3 faults put into it, the worst in line 3 (guard skipped)."},
		{"outside of functions", without, Judged{Mutant: mutant.Mutant{Line: 3, Op: mutant.Guard}}, group{core: 1, coreSurvivors: 1}, "The tests that run this file and pass with a fault in line 3 (guard skipped)."},
	} {
		if got := tt.c.message(tt.m, tt.g); got != tt.want {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
}

// Only what would block is tried once more by hand.
func TestRefuted(t *testing.T) {
	r := moduleReport{job: Job{Dir: t.TempDir(), Module: ".", Work: t.TempDir()}, report: Report{Texts: map[string][]byte{"a.go": []byte("package a\n")}}}
	m := Judged{Mutant: mutant.Mutant{File: "a.go", Line: 1, Op: mutant.Guard}, By: []string{"example.org/m"}}
	for _, tt := range []struct {
		name  string
		level evidence.Level
		out   job.Output
		runs  int
		want  string
	}{
		{"it holds", evidence.Gate, job.Output{}, 1, ""},
		{"it does not", evidence.Gate, job.Output{Code: 1, Stdout: "--- FAIL: TestA\n"}, 1, "a mutant in a.go:1 (guard skipped) survived woven into its file and not by itself, so nothing is said of it: go test fails: --- FAIL: TestA"},
		{"it cannot be run", evidence.Gate, job.Output{Code: -1, TimedOut: true}, 1, "was ended at its time limit"},
		{"it only points", evidence.Locator, job.Output{Code: 1}, 0, ""},
	} {
		runs := 0
		j := judge{exec: checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
			runs++
			if !slices.Contains(c.Argv, "-overlay") || c.Argv[len(c.Argv)-1] != "example.org/m" {
				t.Errorf("%q", c.Argv)
			}
			return tt.out, nil
		})}
		if got := j.refuted(t.Context(), r, m, tt.level); runs != tt.runs || !strings.HasSuffix(got, tt.want) || (got == "") != (tt.want == "") {
			t.Errorf("%s: %d runs: %q", tt.name, runs, got)
		}
	}
	r.job.Work = filepath.Join(r.job.Work, "gone")
	if why := byHand(t.Context(), checktest.NoExec(t), r.job, m, nil); !strings.Contains(why, "no such file") {
		t.Errorf("%q", why)
	}
}

// The go command names files by where they really are.
func TestByHandThroughLink(t *testing.T) {
	real, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(real, "link")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	x := checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
		list, err := os.ReadFile(filepath.Join(work, "byhand.json"))
		if err != nil || !strings.Contains(string(list), `"`+real+`/a.go"`) || c.Dir != real {
			t.Errorf("%v: %s in %s", err, list, c.Dir)
		}
		return job.Output{}, nil
	})
	if why := byHand(t.Context(), x, Job{Dir: link, Module: ".", Work: work}, Judged{Mutant: mutant.Mutant{File: "a.go"}}, nil); why != "" {
		t.Error(why)
	}
	w := worldOf(t, checktest.Files{"sum/sum.go": sumCode}, map[string]*program{})
	if err := os.Symlink(w.dir, filepath.Join(work, "tree")); err != nil {
		t.Fatal(err)
	}
	if r, err := Survey(t.Context(), w, Job{Dir: filepath.Join(work, "tree"), Module: ".", Work: t.TempDir(), Wants: all, PerLine: 1}); err != nil || brief(r) != "sum/sum.go:4 not covered; sum/sum.go:8 not covered" {
		t.Errorf("%v %s %q", err, brief(r), r.NotRun)
	}
}

// How long it may take depends on whether anything would be asked of anybody,
// and on what is left for all checks.
func TestShare(t *testing.T) {
	if got := (changed{claims: true}).share(t.Context()); got != maxTime {
		t.Error(got)
	}
	if got := (changed{}).share(t.Context()); got != shortTime {
		t.Error(got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	if got := (changed{claims: true}).share(ctx); got > 30*time.Second {
		t.Error(got)
	}
}

func TestModuleReports(t *testing.T) {
	for name, tt := range map[string]struct {
		ends   time.Time
		dir    string
		module string
		want   string
	}{
		"the time is over":      {time.Now().Add(-time.Hour), t.TempDir(), "sub", "the module in sub: the time for mutants was over"},
		"there is no folder":    {time.Now().Add(time.Hour), filepath.Join(t.TempDir(), "gone"), "sub", "no folder could be made for mutants: "},
		"it fails":              {time.Now().Add(time.Hour), t.TempDir(), ".", "go list failed: bad"},
		"it fails, of a module": {time.Now().Add(time.Hour), t.TempDir(), "sub", "the module in sub: go list failed: bad"},
	} {
		x := checktest.ExecFunc(func(context.Context, job.Command) (job.Output, error) { return job.Output{Code: 1, Stderr: "bad"}, nil })
		j := judge{subject: &check.Subject{}, exec: x, dir: tt.dir, ends: tt.ends}
		if j.module(t.Context(), tt.module, []string{".", "sub"}); len(j.broken) != 1 || !strings.HasPrefix(j.broken[0], tt.want) || len(j.reports) > 0 {
			t.Errorf("%s: %q", name, j.broken)
		}
	}
}

func TestCounts(t *testing.T) {
	r := Report{Judged: []Judged{{Outcome: Killed}, {Outcome: Unjudged, Why: "a"}, {Outcome: TimedOut}, {Outcome: Broken}, {Outcome: Unjudged, Why: "b"}, {Outcome: Survived}, {Outcome: Broken}, {Outcome: Unjudged, Why: "a"}}}
	r.Found.Left = 4
	want := []string{
		"1 mutants ran out of time or memory, which says nothing about the tests", "2 mutants ended the test program before its first test", "2 mutants were not judged: a", "1 mutants were not judged: b",
		"4 changed lines got no mutant, since a package gets at most 150",
	}
	if got := counts(r); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := counts(Report{Judged: []Judged{{Outcome: Killed}, {Outcome: Survived}}}); got != nil {
		t.Errorf("%q", got)
	}
}

// Where not one mutant could be judged there is no answer, unless nothing
// would have come of it.
func TestResult(t *testing.T) {
	unjudged, killed := Judged{Outcome: Unjudged, Why: "bad"}, Judged{Outcome: Killed}
	for _, tt := range []struct {
		name   string
		judged []Judged
		broken []string
		claims bool
		status evidence.Status
		why    string
		notRun []string
	}{
		{"all are judged", []Judged{killed}, nil, true, evidence.Passed, "", nil},
		{"some are", []Judged{killed, unjudged}, nil, true, evidence.Passed, "", []string{"1 mutants were not judged: bad"}},
		{"none is", []Judged{unjudged, unjudged}, nil, true, evidence.CouldNot, "none of 2 mutants could be judged", []string{"none of 2 mutants could be judged", "2 mutants were not judged: bad"}},
		{"there are none", nil, nil, true, evidence.Passed, "", nil},
		{"a module is broken", []Judged{killed}, []string{"no"}, true, evidence.CouldNot, "no", []string{"no"}},
		{"none is, and nobody claims anything", []Judged{unjudged}, nil, false, evidence.Skipped, "the change claims no tests, and its mutants could not be judged: none of 1 mutants could be judged", []string{"none of 1 mutants could be judged", "1 mutants were not judged: bad"}},
	} {
		j := judge{subject: &check.Subject{}, change: changed{claims: tt.claims}, broken: tt.broken, reports: []moduleReport{{report: Report{Judged: tt.judged}}}}
		if got := j.result(t.Context()); got.Status != tt.status || got.Why != tt.why || !slices.Equal(got.NotRun, tt.notRun) {
			t.Errorf("%s: %s %q %q", tt.name, got.Status, got.Why, got.NotRun)
		}
	}
}

// What the go command did not compile has no exports.
func TestImporter(t *testing.T) {
	_, err := importerOf(map[string]string{"b": ""}).Import("b")
	if err == nil || !strings.Contains(err.Error(), "the go command did not compile b") {
		t.Errorf("%v", err)
	}
}

// The quick tests are enough where one of them notices.
func TestQuickTestsFirst(t *testing.T) {
	p := &program{kills: map[int]job.Output{1: noticed()}}
	w := worldOf(t, checktest.Files{"sum/sum.go": sumCode, "sum/sum_test.go": sumTests}, map[string]*program{"sum": p})
	w.bins["x"] = "sum"
	hits := map[int]bool{1: true, 2: true}
	tr := &trial{pkg: w.list[0], bin: "x", takes: time.Second, tests: []single{{"TestSlow", time.Second, hits}, {"TestQuick", 1, hits}}}
	s := &survey{exec: w, began: time.Now()}
	for id, want := range map[int]struct {
		outcome Outcome
		runs    []string
	}{1: {Killed, []string{"-test.run=^(TestQuick)$"}}, 2: {Survived, []string{"-test.run=^(TestQuick)$", "-test.run=^(TestSlow)$"}}} {
		w.ran = nil
		j := Judged{Mutant: mutant.Mutant{ID: id}}
		s.judgeOne(t.Context(), tr, &j)
		var runs []string
		for _, c := range w.ran {
			runs = append(runs, c.Argv[len(c.Argv)-1])
		}
		if j.Outcome != want.outcome || !slices.Equal(runs, want.runs) || !slices.Equal(j.By, []string{"example.org/m/sum"}) {
			t.Errorf("%d: %s by %q, %q", id, j.Outcome, j.By, runs)
		}
	}
}

// What only tests import is no part of the code.
func TestImportsOfFiles(t *testing.T) {
	g := newImports(nil)
	g.add("go.mod", []byte("// x\nmodule \"m\"\n"))
	g.add("a/a.go", []byte("package a\n\nimport \"m/b\"\n"))
	g.add("a/a_test.go", []byte("package a\n\nimport \"m/c\"\n"))
	g.add("a/bad.go", []byte("import"))
	slices.Sort(g.all["a"])
	if !slices.Equal(g.code["a"], []string{"m/b"}) || !slices.Equal(g.all["a"], []string{"m/b", "m/c"}) || g.modules["."] != "m" {
		t.Errorf("%q %q %q", g.code, g.all, g.modules)
	}
	if modulePath([]byte("go 1.24\nmodules x\nmodule\n")) != "" {
		t.Error("a module without a path has one")
	}
}

// The graph of packages is the same in whatever order it is gone through.
func TestGraphOfImports(t *testing.T) {
	for range 5 { // maps have no order
		g := newImports(nil)
		g.modules = map[string]string{".": "m", "sub": "m/sub", "other": "", "x": "example.org/x"}
		for imp, want := range map[string]string{"m/sub/y": "sub/y", "m/sub": "sub", "m/a/b": "a/b", "m": ".", "mm/a": "", "m/subway": "subway", "fmt": "", "example.org/x/z": "x/z", "example.org": ""} {
			if got := g.folderOf(imp); got != want {
				t.Errorf("%s: %q, want %q", imp, got, want)
			}
		}
		g.folders = checktest.Set("a", "b", "c", "d", "far", "a/inner")
		for file, want := range map[string]string{"a/a.go": "a", "a/testdata/x/y": "a", "a/inner/z": "a/inner", "none/z": ".", "z": "."} {
			if got := g.packageOf(file); got != want {
				t.Errorf("%s: %q, want %q", file, got, want)
			}
		}
		// b uses a, c uses b, only the tests of d use c; a imports far.
		g.code = map[string][]string{"a": {"m/far", "fmt"}, "b": {"m/a"}, "c": {"m/b"}}
		g.all = map[string][]string{"a": {"m/far", "fmt"}, "b": {"m/a"}, "c": {"m/b", "m/a/inner"}, "d": {"m/c"}}
		for file, want := range map[string]string{"a/a.go": "a a/inner b c d far", "d/d.go": "a b c d far", "far/f.go": "a a/inner b c d far", "a/inner/i.go": "a a/inner b c far"} {
			var got []string
			for dir := range g.around([]string{file}) {
				got = append(got, dir)
			}
			slices.Sort(got)
			if all := strings.Join(got, " "); all != want {
				t.Errorf("%s: %s, want %s", file, all, want)
			}
		}
	}
}

package mutation

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"muster/internal/check/checktest"
	"muster/internal/core/job"
	"muster/internal/source/mutant"
)

// world stands for the go command and the test programs that it builds. Its
// packages are those of its files; they may not import anything that is not
// of the module where they are mutated.
type world struct {
	t        *testing.T
	dir      string
	list     []*listed
	programs map[string]*program // by folder
	hand     job.Output          // of a "go test" by hand

	bins  map[string]string // folder, by test program
	lists int               // how often a test program listed its tests
	ran   []job.Command     // runs with a mutant
	env   [][]string        // of every command
}

// program is the tests of one package.
type program struct {
	build job.Output
	names []string              // its tests
	hits  map[string][]int      // numbers of mutants that a run comes by, by its pattern; "" is all tests
	plain map[string]job.Output // runs without a mutant that do not pass, by what is skipped and the pattern
	kills map[int]job.Output    // runs with a mutant that do not pass
}

const red = "--- FAIL: TestRed (0.00s)\nFAIL\n"

func noticed() job.Output { return job.Output{Code: 1, Stdout: "=== RUN   TestA\n--- FAIL: TestA\n"} }

// worldOf gives a world of files, of which each folder is a package.
func worldOf(t *testing.T, files checktest.Files, programs map[string]*program) *world {
	t.Helper()
	w := &world{t: t, dir: lay(t, files), programs: programs, bins: map[string]string{}}
	at := map[string]*listed{}
	for p, text := range files {
		dir := filepath.Dir(p)
		if filepath.Ext(p) != ".go" {
			continue
		}
		l := at[dir]
		if l == nil {
			l = &listed{Dir: filepath.Join(w.dir, dir), ImportPath: "example.org/m/" + dir, Name: filepath.Base(dir), Module: &struct{ GoVersion string }{"1.24"}}
			at[dir] = l
			w.list = append(w.list, l)
		}
		var imports []string
		for _, part := range strings.Split(text, "import \"")[1:] {
			imported, _, _ := strings.Cut(part, "\"")
			imports = append(imports, imported)
		}
		if strings.HasSuffix(p, "_test.go") {
			l.TestGoFiles, l.TestImports = append(l.TestGoFiles, filepath.Base(p)), append(l.TestImports, imports...)
		} else {
			l.GoFiles, l.Imports = append(l.GoFiles, filepath.Base(p)), append(l.Imports, imports...)
		}
	}
	slices.SortFunc(w.list, func(a, b *listed) int { return strings.Compare(a.ImportPath, b.ImportPath) })
	for _, l := range w.list {
		slices.Sort(l.GoFiles)
	}
	return w
}

func (w *world) Run(_ context.Context, c job.Command) (job.Output, error) {
	w.env = append(w.env, c.Env)
	switch {
	case slices.Contains(c.Argv, "list"):
		var out strings.Builder
		for _, l := range w.list {
			text, err := json.Marshal(l)
			if err != nil {
				w.t.Fatal(err)
			}
			out.Write(append(text, '\n'))
		}
		return job.Output{Stdout: out.String()}, nil
	case slices.Contains(c.Argv, "-c"):
		dir := strings.TrimPrefix(c.Argv[len(c.Argv)-1], "example.org/m/")
		w.bins[c.Argv[slices.Index(c.Argv, "-o")+1]] = dir
		if w.programs[dir] == nil {
			w.t.Errorf("the tests of %s were built", dir)
			return job.Output{Code: 1}, nil
		}
		return w.programs[dir].build, nil
	case slices.Contains(c.Argv, "-count=1"):
		return w.hand, nil
	}
	p := w.programs[w.bins[c.Argv[0]]]
	pattern, skip := "", ""
	for _, a := range c.Argv {
		if after, ok := strings.CutPrefix(a, "-test.run="); ok {
			pattern = after
		}
		if after, ok := strings.CutPrefix(a, "-test.skip="); ok {
			skip = after
		}
		if strings.HasPrefix(a, "-test.list=") {
			w.lists++
			return job.Output{Stdout: strings.Join(p.names, "\n") + "\n"}, nil
		}
	}
	for _, e := range c.Env {
		if hits, ok := strings.CutPrefix(e, mutant.EnvHits+"="); ok {
			if out, bad := p.plain[skip+pattern]; bad {
				return out, nil
			}
			var text strings.Builder
			for _, n := range p.hits[pattern] {
				fmt.Fprintln(&text, n)
			}
			return job.Output{}, os.WriteFile(hits, []byte(text.String()), 0o600)
		}
		if n, ok := strings.CutPrefix(e, mutant.EnvMutant+"="); ok {
			w.ran = append(w.ran, c)
			id, err := strconv.Atoi(n)
			return p.kills[id], err
		}
	}
	w.t.Errorf("what is %q?", c.Argv)
	return job.Output{Code: 127}, nil
}

func (w *world) survey(j Job) Report {
	w.t.Helper()
	j.Dir, j.Module, j.Work, j.Parallel, j.PerLine = w.dir, ".", w.t.TempDir(), 1, 1
	if j.Wants == nil {
		j.Wants = all
	}
	r, err := Survey(w.t.Context(), w, j)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// brief gives what became of each mutant, in order.
func brief(r Report) string {
	var out []string
	for _, j := range r.Judged {
		text := fmt.Sprintf("%s:%d %s", j.File, j.Line, j.Outcome)
		if len(j.By) > 0 {
			text += " by " + strings.ReplaceAll(strings.Join(j.By, " and "), "example.org/m/", "")
		}
		if j.Partial {
			text += ", in part"
		}
		if j.ByChanged {
			text += ", by a changed test"
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

const (
	sumCode  = "package sum\n\nfunc Add(a, b int) int {\n\treturn a + b\n}\n\nfunc Sub(a, b int) int {\n\treturn a - b\n}\n" // mutants 1 and 2
	sumTests = "package sum\n\nimport \"testing\"\n"
	useSum   = "package PKG\n\nimport \"example.org/m/sum\"\n\nvar N = sum.Add(1, 2)\n"
	useTests = "package PKG\n\nimport \"testing\"\n"
)

// A mutant is tried on its own package's tests, then on those that use it,
// the nearest first; only where it is come by, and until somebody notices.
func TestWhoJudges(t *testing.T) {
	files := checktest.Files{"sum/sum.go": sumCode, "sum/sum_test.go": sumTests, "apart/apart.go": "package apart\n", "apart/apart_test.go": strings.ReplaceAll(useTests, "PKG", "apart"), "bare/bare.go": strings.ReplaceAll(useSum, "PKG", "bare")}
	for _, dir := range []string{"far", "near"} {
		files[dir+"/"+dir+".go"], files[dir+"/"+dir+"_test.go"] = strings.ReplaceAll(useSum, "PKG", dir), strings.ReplaceAll(useTests, "PKG", dir)
	}
	files["far/far.go"] = strings.Replace(files["far/far.go"], "m/sum", "m/near", 1)
	sum := func(file string) func(int) bool {
		if strings.HasPrefix(file, "sum/") {
			return all(file)
		}
		return nil
	}
	hits := func(numbers ...int) *program { return &program{hits: map[string][]int{"": numbers}} }
	kill := func(p *program, id int) *program {
		p.kills = map[int]job.Output{id: noticed()}
		return p
	}
	for _, tt := range []struct {
		name     string
		programs map[string]*program
		spread   int
		want     string
		runs     int
		notes    string
	}{
		{"its own tests notice", map[string]*program{"sum": {hits: map[string][]int{"": {1, 2}}, kills: map[int]job.Output{1: noticed(), 2: noticed()}}}, 2, "sum/sum.go:4 killed by sum; sum/sum.go:8 killed by sum", 2, ""},
		{"those that use it notice", map[string]*program{"sum": hits(1), "near": kill(hits(1, 2), 2), "far": kill(hits(1), 1)}, 2, "sum/sum.go:4 killed by sum and near and far; sum/sum.go:8 killed by near", 4, ""},
		{"nobody notices", map[string]*program{"sum": hits(1), "near": hits(), "far": hits()}, 2, "sum/sum.go:4 survived by sum; sum/sum.go:8 not covered", 1, ""},
		{"one may help", map[string]*program{"sum": hits(1), "near": hits()}, 1, "sum/sum.go:4 survived by sum, in part; sum/sum.go:8 not covered, in part", 1, ""},
		{"nobody may help", map[string]*program{"sum": kill(hits(1), 1)}, 0, "sum/sum.go:4 killed by sum; sum/sum.go:8 not covered, in part", 1, ""},
		{"one that helps does not compile", map[string]*program{"sum": kill(hits(1, 2), 2), "near": {build: job.Output{Code: 1, Stderr: "near_test.go:1: undefined"}}, "far": hits()}, 2, "sum/sum.go:4 survived by sum, in part; sum/sum.go:8 killed by sum", 2, "the tests of example.org/m/near did not run with mutants: they do not compile with mutants: near_test.go:1: undefined"},
		{"its own do not compile", map[string]*program{"sum": {build: job.Output{Code: 127, Stderr: "go: not found"}}, "near": hits(), "far": hits()}, 2, "sum/sum.go:4 unjudged, in part; sum/sum.go:8 unjudged, in part", 0, "the tests of example.org/m/sum did not run with mutants: go test"},
		{"one is red", map[string]*program{"sum": {hits: map[string][]int{"": {1, 2}}, plain: map[string]job.Output{"": {Code: 1, Stdout: red}}, kills: map[int]job.Output{1: noticed(), 2: noticed()}}}, 2, "sum/sum.go:4 killed by sum, in part; sum/sum.go:8 killed by sum, in part", 2, "these tests of example.org/m/sum fail without a mutant and were left out: TestRed"},
		{"it is red as a whole", map[string]*program{"sum": {plain: map[string]job.Output{"": {Code: 2, Stderr: "panic: red"}}}, "near": hits(), "far": hits()}, 2, "sum/sum.go:4 unjudged, in part; sum/sum.go:8 unjudged, in part", 0, "they fail without any: panic: red"},
		{"it never ends", map[string]*program{"sum": {plain: map[string]job.Output{"": {Code: -1, TimedOut: true}}}, "near": hits(), "far": hits()}, 2, "sum/sum.go:4 unjudged, in part; sum/sum.go:8 unjudged, in part", 0, "was ended at its time limit"},
		{"too many are red", map[string]*program{"sum": {plain: map[string]job.Output{"": {Code: 1, Stdout: strings.Repeat(red, 6)}}}, "near": hits(), "far": hits()}, 2, "sum/sum.go:4 unjudged, in part; sum/sum.go:8 unjudged, in part", 0, "they fail without any: FAIL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := worldOf(t, files, tt.programs)
			r := w.survey(Job{Wants: sum, Spread: tt.spread, Env: []string{"A=b"}})
			notes := strings.Join(r.NotRun, "\n")
			if got := brief(r); got != tt.want || len(w.ran) != tt.runs || !strings.Contains(notes, tt.notes) || (notes == "") != (tt.notes == "") {
				t.Errorf("%s\nwant %s\n%d runs, left out %q", got, tt.want, len(w.ran), r.NotRun)
			}
			if w.lists > 0 {
				t.Error("tests that are quick together were told apart")
			}
			if strings.Contains(notes, w.dir) {
				t.Errorf("a path of this machine was left: %s", notes)
			}
			for _, j := range r.Judged {
				if (j.Outcome == Unjudged) != strings.HasPrefix(j.Why, "the tests of its package did not run with mutants: ") {
					t.Errorf("%s:%d %s: %q", j.File, j.Line, j.Outcome, j.Why)
				}
			}
			for _, env := range w.env {
				if !slices.Contains(env, "A=b") {
					t.Errorf("environment %q", env)
				}
			}
		})
	}
}

// A mutant that another package's tests came by before its own broke is one
// that survived them.
func TestOwnTestsComeFirst(t *testing.T) {
	files := checktest.Files{"a/a.go": "package a\n\nimport \"example.org/m/sum\"\n\nvar N = 1\n", "a/a_test.go": useTests, "sum/sum.go": sumCode, "sum/sum_test.go": sumTests}
	w := worldOf(t, files, map[string]*program{"a": {hits: map[string][]int{"": {1}}}, "sum": {build: job.Output{Code: 1, Stderr: "no"}}})
	w.list[0].Imports = []string{"example.org/m/sum"}
	r := w.survey(Job{Wants: func(file string) func(int) bool { return func(line int) bool { return strings.HasPrefix(file, "sum") } }})
	if got, want := brief(r), "sum/sum.go:4 survived by a, in part; sum/sum.go:8 unjudged, in part"; got != want {
		t.Errorf("%s, want %s; left out %q", got, want, r.NotRun)
	}
}

// Which mutants the tests of the change come by is asked of these alone.
func TestByChangedTests(t *testing.T) {
	files := checktest.Files{"sum/sum.go": sumCode, "sum/sum_test.go": sumTests}
	for _, tt := range []struct {
		name, want string
		plain      map[string]job.Output
		notes      int
	}{
		{"they run", "sum/sum.go:4 survived by sum; sum/sum.go:8 survived by sum, by a changed test", nil, 0},
		{"they do not", "sum/sum.go:4 survived by sum; sum/sum.go:8 survived by sum", map[string]job.Output{"^(TestA|TestB)$": {Code: 1}}, 1},
	} {
		w := worldOf(t, files, map[string]*program{"sum": {hits: map[string][]int{"": {1, 2}, "^(TestA|TestB)$": {2}}, plain: tt.plain}})
		r := w.survey(Job{Tests: map[string][]string{"sum": {"TestA", "TestB"}}})
		if got := brief(r); got != tt.want || len(r.NotRun) != tt.notes {
			t.Errorf("%s: %s, want %s; left out %q", tt.name, got, tt.want, r.NotRun)
		}
	}
}

// What is not wanted, cannot be read, or is part of tests gets no mutant.
func TestWhatIsMutated(t *testing.T) {
	files := checktest.Files{
		"sum/sum.go": sumCode, "help/help.go": "package help\n\nimport \"testing\"\n\nfunc Be(t *testing.T) int { return 1 }\n", "imports/i.go": "package imports\n\nimport \"os\"\n\nfunc F() string { return os.Args[0] }\n",
		"broken/b.go": "package broken\n\nfunc F() int { return undefined }\n", "out/o.go": "package out\n\nfunc F() int { return 1 }\n", "large/l.go": "package large\n\nfunc F() int { return 1 }\n//" + strings.Repeat("x", maxFile),
		"unwanted/u.go": "package unwanted\n\nfunc F() int { return 1 }\n", "two/a.go": "package two\n\nfunc A() int { return 1 }\n", "two/b.go": "package two\n\nfunc B() int { return 1 }\n",
	}
	w := worldOf(t, files, map[string]*program{})
	for _, l := range w.list {
		switch l.Name {
		case "out":
			l.Dir = filepath.Dir(w.dir)
		case "two":
			l.Module, l.GoFiles, l.CgoFiles = nil, []string{"a.go"}, []string{"b.go"}
		}
	}
	r := w.survey(Job{Wants: func(file string) func(int) bool {
		if strings.HasPrefix(file, "unwanted") {
			return nil
		}
		return all(file)
	}})
	var got []string
	for _, j := range r.Judged {
		got = append(got, j.File)
	}
	if want := []string{"sum/sum.go", "sum/sum.go", "two/a.go"}; !slices.Equal(got, want) || r.Judged[2].ID != 3 {
		t.Errorf("%q, want %q", got, want)
	}
	if len(r.Texts) != 3 || string(r.Texts["sum/sum.go"]) != sumCode {
		t.Errorf("%d texts", len(r.Texts))
	}
	notes := strings.Join(r.NotRun, "\n")
	for _, want := range []string{"m/help imports testing", "m/imports is not mutated: ", "m/broken is not mutated: ", "m/large is not mutated: large/l.go is larger than"} {
		if !strings.Contains(notes, want) {
			t.Errorf("%q is not in\n%s", want, notes)
		}
	}
	if len(r.NotRun) != 4 {
		t.Errorf("%s", notes)
	}
	if r := w.survey(Job{Wants: func(string) func(int) bool { return nil }}); len(r.Judged)+len(r.NotRun) > 0 {
		t.Errorf("nothing is wanted: %+v", r)
	}
}

// A package of which one file lies in the tree and another does not is left
// out as a whole.
func TestOutsideOfTheTree(t *testing.T) {
	w := worldOf(t, checktest.Files{"sum/sum.go": sumCode}, map[string]*program{})
	w.list[0].GoFiles = []string{"sum.go", "../../../elsewhere.go"}
	if r := w.survey(Job{}); len(r.Judged) > 0 || len(r.NotRun) != 1 || !strings.Contains(r.NotRun[0], "lies outside of the tree") {
		t.Errorf("%+v", r)
	}
}

// When the time is over no further program starts.
func TestNoTimeIsLeft(t *testing.T) {
	files := checktest.Files{"sum/sum.go": sumCode, "sum/sum_test.go": sumTests}
	w := worldOf(t, files, map[string]*program{"sum": {hits: map[string][]int{"": {1, 2}}}})
	if r := w.survey(Job{Time: 1}); brief(r) != "sum/sum.go:4 unjudged, in part; sum/sum.go:8 unjudged, in part" || r.Judged[0].Why != "the time for mutants was over" || len(w.bins) > 0 {
		t.Errorf("%s", brief(r))
	}
	s := &survey{Job: Job{Parallel: 1, Time: 1}, exec: w, began: time.Now().Add(-time.Hour)}
	open := []*Judged{{}, {Outcome: Survived}}
	s.judge(t.Context(), &trial{pkg: w.list[0]}, open)
	if open[0].Outcome != Unjudged || open[1].Outcome != Survived || open[1].Why != "" || !open[1].Partial || len(w.ran) > 0 {
		t.Errorf("%+v %+v", open[0], open[1])
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.Time = 0
	open = []*Judged{{}}
	if s.judge(ctx, &trial{pkg: w.list[0]}, open); open[0].Outcome != Unjudged || len(w.ran) > 0 {
		t.Errorf("%+v", open[0])
	}
	s.report.Judged, s.targets, s.packages = []Judged{{Package: "example.org/m/sum"}}, w.list, packages{all: w.list, byPath: map[string]*listed{"example.org/m/sum": w.list[0]}, deps: map[string]map[string]bool{}}
	if s.run(ctx); s.report.Judged[0].Outcome != Unjudged || len(w.bins) > 0 {
		t.Errorf("%+v", s.report.Judged[0])
	}
	w.bins["x"] = "sum"
	j := Judged{}
	if s.judgeOne(ctx, &trial{pkg: w.list[0], bin: "x"}, &j); j.Outcome != Unjudged || j.Why != "the time for all checks was over" {
		t.Errorf("%+v", j)
	}
	if _, err := Survey(ctx, w, Job{Dir: w.dir, Module: ".", Work: t.TempDir(), Wants: all}); err == nil {
		t.Error("an ended survey has a report")
	}
	if left := (&survey{Job: Job{Time: time.Hour}, began: time.Now()}).left(); left <= 0 || left > time.Hour {
		t.Error(left)
	}
	if left := (&survey{began: time.Now().Add(-100 * time.Hour)}).left(); left != 24*time.Hour {
		t.Error(left)
	}
}

// Tests that are slow together are told apart, and the quick ones that come by
// a mutant run first.
func TestSplit(t *testing.T) {
	files := checktest.Files{"sum/sum.go": sumCode, "sum/sum_test.go": sumTests}
	p := &program{names: []string{"TestA", "TestRed", "ok", "Testify", "ExampleB", "FuzzC"}, hits: map[string][]int{"^(TestA)$": {1}, "^(ExampleB)$": {2}, "^(FuzzC)$": {1}}}
	w := worldOf(t, files, map[string]*program{"sum": p})
	w.bins["x"] = "sum"
	s := &survey{Job: Job{Work: t.TempDir()}, exec: w, began: time.Now()}
	tr := &trial{pkg: w.list[0], bin: "x", red: []string{"TestRed"}}
	p.plain = map[string]job.Output{}
	s.split(t.Context(), tr)
	var got []string
	for _, one := range tr.tests {
		got = append(got, fmt.Sprintf("%s %v", one.name, one.hits))
	}
	if want := []string{"TestA map[1:true]", "ExampleB map[2:true]", "FuzzC map[1:true]"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	p.plain["^(TestRed)$^(FuzzC)$"] = job.Output{Code: 1}
	if s.split(t.Context(), tr); tr.tests != nil {
		t.Errorf("one fails alone: %+v", tr.tests)
	}
	for name, out := range map[string]job.Output{"fails": {Code: 1, Stdout: "TestA\n"}, "too long": {Capped: true, Stdout: "TestA\n"}, "not run": {Code: -1, TimedOut: true, Stdout: "TestA\n"}} {
		s.exec = checktest.ExecFunc(func(context.Context, job.Command) (job.Output, error) { return out, nil })
		if got := s.names(t.Context(), tr); got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	for _, tt := range []struct {
		takes   time.Duration
		reached int
		want    bool
	}{{worthSplitting + 1, 4, true}, {worthSplitting, 4, false}, {worthSplitting + 1, 3, false}} {
		if (&trial{takes: tt.takes}).isWorthSplitting(tt.reached) != tt.want {
			t.Errorf("%+v", tt)
		}
	}
}

func TestSteps(t *testing.T) {
	one := func(name string, takes time.Duration, hits ...int) single {
		s := single{name: name, takes: takes, hits: map[int]bool{}}
		for _, n := range hits {
			s.hits[n] = true
		}
		return s
	}
	tr := &trial{takes: 9, tests: []single{one("A", quick, 1, 2), one("B", quick-1, 1), one("C", 1, 1, 3), one("D", quick+1, 2)}}
	for id, want := range map[int]string{1: "^(B|C)$ 300ms, ^(A)$ 300ms", 2: "^(A|D)$ 600.000001ms", 3: "^(C)$ 1ns", 4: " 9ns"} {
		var got []string
		for _, s := range tr.steps(id) {
			got = append(got, s.name+" "+s.takes.String())
		}
		if all := strings.Join(got, ", "); all != want {
			t.Errorf("%d: %s, want %s", id, all, want)
		}
	}
	for _, tests := range [][]single{nil, {{name: "A"}}} {
		if got := (&trial{takes: 9, tests: tests}).steps(1); len(got) != 1 || got[0].name != "" || got[0].takes != 9 {
			t.Errorf("%+v", got)
		}
	}
}

func TestReadHits(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hits")
	if got, err := readHits(file); err != nil || len(got) != 0 {
		t.Errorf("no file: %v %v", got, err)
	}
	if err := os.WriteFile(file, []byte("3\nx\n 7 \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := readHits(file); err != nil || len(got) != 2 || !got[3] || !got[7] {
		t.Errorf("%v %v", got, err)
	}
	if _, err := readHits(filepath.Dir(file)); err == nil {
		t.Error("a folder was read")
	}
	s := &survey{Job: Job{Work: t.TempDir()}, exec: checktest.NoExec(t)}
	if err := os.MkdirAll(filepath.Join(s.Work, "hits", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, _, why := s.plain(t.Context(), &trial{pkg: &listed{}}, ""); why == "" {
		t.Error("old hits could not be removed")
	}
	s.Work = t.TempDir()
	s.exec = checktest.ExecFunc(func(context.Context, job.Command) (job.Output, error) {
		return job.Output{}, os.Mkdir(filepath.Join(s.Work, "hits"), 0o700)
	})
	if _, _, why := s.plain(t.Context(), &trial{pkg: &listed{}}, ""); why == "" {
		t.Error("a folder was read")
	}
}

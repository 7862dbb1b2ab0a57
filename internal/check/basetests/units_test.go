package basetests

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/check/suite"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
	"muster/internal/source"
)

// tool gives one report after another.
type tool struct {
	t        *testing.T
	reports  []suite.Report
	declared []suite.Declared
	err      error // of declared
	skips    bool
}

func (f *tool) Run(context.Context, check.Exec, suite.Group, suite.Order) (suite.Report, string) {
	if len(f.reports) == 0 {
		f.t.Error("it was run too often")
		return suite.Report{}, "no more"
	}
	r := f.reports[0]
	f.reports = f.reports[1:]
	return r, ""
}

func (f *tool) Declared(fs.FS, suite.Unit) ([]suite.Declared, error) { return f.declared, f.err }

func (f *tool) Locate(fs.FS, suite.Unit, string) (string, int) { return "", 0 }

func (f *tool) Typed(_ suite.Group, u suite.Unit, test string) plan.Command {
	return plan.Command{Argv: []string{"try", u.Path, test}}
}

func (f *tool) MaySkip(string) bool { return f.skips }

// reported is a report of one unit.
func reported(end suite.Outcome, tests map[string]suite.Outcome) *suite.UnitReport {
	r := suite.NewReport()
	u := r.Unit("u")
	for name, o := range tests {
		u.Test(name).Ended(o)
	}
	u.Ended(end)
	return u
}

func reportOf(units map[string]*suite.UnitReport) suite.Report { return suite.Report{Units: units} }

func judgeOf(t *testing.T) *judge {
	return &judge{subject: &check.Subject{}, exec: checktest.NoExec(t), material: func(string) bool { return false }, headDir: t.TempDir(), baseDir: t.TempDir()}
}

// all gives what a judgement says: findings, what is broken, and notes.
func (j *judge) all() string {
	var out []string
	for _, f := range j.findings {
		out = append(out, f.Rule+" "+string(f.Level))
	}
	return strings.Join(out, ", ") + "|" + strings.Join(j.broken, ", ") + "|" + strings.Join(j.notes, ", ")
}

func ok() map[string]suite.Outcome { return map[string]suite.Outcome{"T": suite.Pass} }

func cut() *suite.UnitReport {
	u := reported(suite.Pass, nil)
	u.EndCut()
	return u
}

func unbuilt(output string) *suite.UnitReport {
	u := reported(suite.Fail, nil)
	u.Unbuilt, u.Output = true, output
	return u
}

// What is said of units that did not simply pass, whatever tool ran them.
func TestUnits(t *testing.T) {
	units := []suite.Unit{{ID: "u", Path: "u.x"}, {ID: "v", Path: "v.x"}}
	pass := reported(suite.Pass, ok())
	for _, tt := range []struct {
		name    string
		steered bool
		needs   string
		err     error
		runs    []map[string]*suite.UnitReport
		want    string
	}{
		{"all pass", false, "", nil, []map[string]*suite.UnitReport{{"u": pass, "v": pass}}, "||"},
		{"one is left out, as it may be", false, "", nil, []map[string]*suite.UnitReport{{"v": pass}}, "||"},
		{"one is left out, and the change says what runs", true, "", nil, []map[string]*suite.UnitReport{{"v": pass}, {"u": pass}}, "left_out locator|the base's tests of u.x did not run on the change's code|"},
		{"one is left out that is not there at the base", true, "", nil, []map[string]*suite.UnitReport{{"v": pass}, {"v": pass}}, "||"},
		{"one is left out of which nothing passes", true, "", nil, []map[string]*suite.UnitReport{{"v": pass}, {"u": reported(suite.Fail, map[string]suite.Outcome{"T": suite.Fail})}}, "||"},
		{"nothing ran", false, "", nil, []map[string]*suite.UnitReport{{}, {}}, "|no test in d ran, on the change's code or at the base|"},
		{"nothing ran at the head", false, "", nil, []map[string]*suite.UnitReport{{}, {"v": pass}}, "left_out locator|the base's tests of v.x did not run on the change's code|"},
		{"red, and not there at the base", false, "", nil, []map[string]*suite.UnitReport{{"u": reported(suite.Fail, map[string]suite.Outcome{"T": suite.Fail}), "v": pass}, {"v": pass}}, "||the tests of u.x do not run at the base"},
		{"what there is cannot be read", false, "", errors.New("bad"), []map[string]*suite.UnitReport{{"u": unbuilt(""), "v": pass}}, "|the tests of u.x could not be read: bad, the tests of v.x could not be read: bad|"},
		{"cut short, at the base too", false, "", nil, []map[string]*suite.UnitReport{{"u": cut(), "v": pass}, {"u": cut()}}, "|the program that runs the tests of u.x ends with success before they have run, at the base too|"},
		{"cut short", false, "", nil, []map[string]*suite.UnitReport{{"u": cut(), "v": pass}, {"u": pass}, {"u": cut()}}, "missing gate||"},
		{"does not load at the base either", false, "install it", nil, []map[string]*suite.UnitReport{{"u": unbuilt(""), "v": pass}, {"u": unbuilt("first\nno x")}}, "|the tests of u.x do not load at the base either: no x; install it|"},
		{"does not load at the base", false, "install it", nil, []map[string]*suite.UnitReport{{"u": reported(suite.Fail, map[string]suite.Outcome{"T": suite.Fail}), "v": pass}, {"u": unbuilt("no x")}}, "||the tests of u.x do not load at the base either: no x; install it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := judgeOf(t)
			f := &tool{t: t, err: tt.err}
			for _, r := range tt.runs {
				f.reports = append(f.reports, reportOf(r))
			}
			g := suite.Group{Dir: "d", Units: units, Tool: f, Steered: tt.steered, Needs: tt.needs}
			if j.judge(t.Context(), g, units); j.all() != tt.want || len(f.reports) > 0 {
				t.Errorf("%s, want %s; %d runs to go", j.all(), tt.want, len(f.reports))
			}
		})
	}
}

// Of a program that ends before its tests, all that did not run is one
// finding, and what failed are others.
func TestCutShort(t *testing.T) {
	j := judgeOf(t)
	u := reported(suite.Pass, map[string]suite.Outcome{"Red": suite.Fail})
	u.EndCut()
	u.Output = "it ends"
	s := suspect{group: suite.Group{Dir: "d", Tool: &tool{t: t}}, unit: suite.Unit{ID: "u", Path: "u.x"}, run: u, missing: []string{"A", "B"}}
	j.fail(t.Context(), s, []string{"A", "Red", "B"})
	if len(j.findings) != 2 || j.findings[0].Rule != "missing" || !strings.HasSuffix(j.findings[0].Message, "before them: A, B.") || j.findings[0].Detail != "it ends" || j.findings[1].Rule != "failed" || !strings.HasPrefix(j.findings[1].Message, "Red passes") {
		t.Errorf("%+v", j.findings)
	}
	j.findings, s.missing = nil, nil
	if j.fail(t.Context(), s, []string{"Red"}); len(j.findings) != 1 || j.findings[0].Rule != "failed" {
		t.Errorf("%+v", j.findings)
	}
}

func TestLost(t *testing.T) {
	was := reported(suite.Pass, map[string]suite.Outcome{"A": suite.Pass, "B": suite.Pass, "C": suite.Pass, "D": suite.Skip})
	is := reported(suite.Pass, map[string]suite.Outcome{"A": suite.Pass})
	is.Test("B") // it has begun
	if got := lost(was, is); !slices.Equal(got, []string{"B", "C"}) {
		t.Errorf("%q", got)
	}
}

// What a test has printed is shown with it; where it printed nothing, what
// its program did.
func TestOutput(t *testing.T) {
	for said, want := range map[string]string{"of the test": "of the test", "": "of the program"} {
		j := judgeOf(t)
		u := reported(suite.Fail, map[string]suite.Outcome{"A": suite.Fail})
		u.Output, u.Tests["A"].Output = "of the program", said
		s := suspect{group: suite.Group{Dir: "d", Tool: &tool{t: t}}, unit: suite.Unit{ID: "u", Path: "u.x"}, run: u}
		if j.fail(t.Context(), s, []string{"A"}); len(j.findings) != 1 || j.findings[0].Detail != want {
			t.Errorf("%+v", j.findings)
		}
		if got := s.said("A"); got != said {
			t.Errorf("%q", got)
		}
		if got := s.said("B"); got != "of the program" {
			t.Errorf("%q", got)
		}
	}
}

// How often a test that wavers was red is counted; of a program nobody counts.
func TestWavers(t *testing.T) {
	s := suspect{unit: suite.Unit{ID: "u"}}
	again := reported(suite.Pass, map[string]suite.Outcome{"A": suite.Fail})
	again.Tests["A"].Ended(suite.Pass)
	again.Tests["A"].Ended(suite.Fail)
	for name, want := range map[string][2]int64{"A": {3, 4}, whole: {1, 2}} {
		if d, ok := s.wavers(nil, name, again); !ok || d.Red != want[0] || d.Runs != want[1] || d.In != "u" || d.Name != name {
			t.Errorf("%q: %v %+v", name, ok, d)
		}
	}
	if d, ok := s.wavers(nil, "B", again); ok || d.Red != 1+check.Retries || d.Runs != 1+check.Retries {
		t.Errorf("%v %+v", ok, d)
	}
}

func TestTopOf(t *testing.T) {
	run, was := reported(suite.Fail, map[string]suite.Outcome{"A/x": suite.Fail, "B/x": suite.Fail}), reported(suite.Pass, map[string]suite.Outcome{"B/x": suite.Pass, "A/x": suite.Pass})
	run.Tests["A/x"].Top, was.Tests["A/x"].Top, was.Tests["B/x"].Top = "A", "other", "B"
	s := suspect{run: run, was: was}
	for name, want := range map[string]string{"A/x": "A", "B/x": "B", "C": "C"} {
		if got := s.topOf(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if s.was = nil; s.topOf("B/x") != "B/x" {
		t.Error(s.topOf("B/x"))
	}
}

func TestTopTest(t *testing.T) {
	at := func(start, end int) source.Test {
		return source.Test{Range: source.Range{Start: start, End: end}}
	}
	f := source.File{Tests: []source.Test{at(1, 9), at(2, 8), at(3, 4), at(5, 8), at(11, 12)}}
	for _, tt := range [][2]source.Test{{at(3, 4), at(1, 9)}, {at(1, 9), at(1, 9)}, {at(11, 12), at(11, 12)}} {
		if got := topTest(f, tt[0]); got.Start != tt[1].Start || got.End != tt[1].End {
			t.Errorf("%d: %d to %d", tt[0].Start, got.Start, got.End)
		}
	}
}

// Why a failed test is for a person to see is said as it is.
func TestTouched(t *testing.T) {
	red, ok := report("m/a TestA fail, m/a TestB pass, m/a fail"), report("m/a TestA pass, m/a TestB pass, m/a pass")
	base := oneModule().With(checktest.Files{"a/more_test.go": "package a\n"})
	for want, head := range map[string]checktest.Files{
		"; the change deletes it.":      {"a/a.go": "package a // x\n", "a/a_test.go": ""},
		"; the change edits this test.": {"a/a.go": "package a // x\n", "a/a_test.go": strings.Replace(testA, "TestA(t *testing.T) {}", "TestA(t *testing.T) { t.Skip() }", 1)},
		"fails on the change's code.":   {"a/a.go": "package a // x\n", "a/a_test.go": strings.Replace(testA, "TestB(t *testing.T) {}", "TestB(t *testing.T) { t.Skip() }", 1)},
	} {
		trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(head)})
		x := &script{t: t}
		x.next = append(x.next, red, ok, red)
		if got := checktest.Run(t, New(), trees, x, checktest.Request(evidence.OfTask)); len(got.Findings) != 1 || !strings.HasSuffix(got.Findings[0].Message, want) {
			t.Errorf("%s: %+v", want, got.Findings)
		}
	}
}

// What is linked in is said once, of the folder that the tests run in.
func TestLinks(t *testing.T) {
	from := t.TempDir()
	base := oneModule()
	const ok = "m/a TestA pass, m/a TestB pass, m/a pass"
	for want, head := range map[string]checktest.Files{
		"deps is no part of either tree":            {"a/a.go": "package a // x\n"},
		"deps was not linked in: the tree holds it": {"a/a.go": "package a // x\n", "deps/x.txt": "1"},
	} {
		req := checktest.Request(evidence.OfTask)
		req.Links = []evidence.Link{{From: from, To: "deps"}}
		trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(head)})
		x := &script{t: t}
		x.next = append(x.next, report(ok))
		if got := checktest.Run(t, New(), trees, x, req); len(got.NotRun) != 1 || !strings.HasPrefix(got.NotRun[0], want) {
			t.Errorf("%s (%s): %q, want %q", got.Status, got.Why, got.NotRun, want)
		}
	}
}

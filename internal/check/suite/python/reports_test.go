package python

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/check/suite"
	"muster/internal/core/change"
	"muster/internal/core/job"
)

// Reports are read whatever they hold.
func FuzzReports(f *testing.F) {
	f.Add(`<testsuites><testsuite name="pytest"><testcase classname="a.T" name="t[1]" file="a.py" line="2"><failure message="x">y</failure></testcase></testsuite></testsuites>`)
	f.Add(`{"unit":"a.py","test":"T.t","end":"fail","line":3}` + "\n" + `{"unit":"a.py","end":"fail"}`)
	g := suite.Group{Dir: ".", Units: []suite.Unit{{ID: "a.py", Path: "a.py"}}}
	o := suite.Order{Tree: "/t", Units: g.Units}
	f.Fuzz(func(t *testing.T, text string) {
		py, _ := readPytest(text, g, o)
		unit, _ := readUnittest(text, check.Ran{}, g, o)
		for _, r := range []suite.Report{py, unit} {
			for id, u := range r.Settle().Units {
				if u.End == "" {
					t.Errorf("%q has no end", id)
				}
			}
		}
	})
}

func TestOnlyPytest(t *testing.T) {
	for text, want := range map[string]bool{
		"import pytest\n": true, "def test_a():\n": true, "async def test_a():\n": true, "class TestA:\n": true, "class TestA(object):\n": true,
		"import unittest\n\nclass TestA(unittest.TestCase):\n    def test_a(self):\n": false, "": false, "# import pytest\n": false,
	} {
		if onlyPytest(text) != want {
			t.Errorf("onlyPytest(%q) = %v", text, !want)
		}
	}
}

func TestReadPytest(t *testing.T) {
	g := suite.Group{Dir: "sub", Units: []suite.Unit{{ID: "sub/a/test_a.py", Path: "sub/a/test_a.py"}, {ID: "sub/test_b.py", Path: "sub/test_b.py"}, {ID: "sub/test_c.py", Path: "sub/test_c.py"}, {ID: "sub/test_d.py", Path: "sub/test_d.py"}}}
	r, why := readPytest(`<testsuites><testsuite>
<testcase classname="a.test_a.TestX.TestY" name="test_one[1]" file="a/test_a.py" line="4"/>
<testcase classname="a.test_a" name="test_two" file="a/test_a.py"/>
<testcase classname="a.test_a" name="test_down" file="a/test_a.py" line="1"><failure message="first">said</failure></testcase>
<testcase classname="a.test_a" name="test_down" file="a/test_a.py" line="1"/>
<testcase classname="a.test_a" name="test_up" file="/elsewhere/test_a.py" line="1"/>
<testcase classname="a.test_a" name="test_up" file="a/test_a.py"><error message="teardown"></error></testcase>
<testcase classname="test_b" name="test_skipped"><skipped message="no"/></testcase>
<testcase classname="other.test_x" name="test_x"/>
<testcase classname="" name="test_c"><error message="ImportError"/></testcase>
<testcase classname="" name="test_d"><skipped message="no"/></testcase>
<testcase classname="" name="unknown"><error message="x"/></testcase>
</testsuite></testsuites>`, g, suite.Order{Tree: "/t", Units: g.Units})
	if why != "" || len(r.Units) != 4 {
		t.Fatalf("%q: %d files", why, len(r.Units))
	}
	for _, tt := range []struct {
		id      string
		end     suite.Outcome
		unbuilt bool
	}{{"sub/a/test_a.py", suite.Fail, false}, {"sub/test_b.py", suite.Skip, false}, {"sub/test_c.py", suite.Fail, true}, {"sub/test_d.py", suite.Skip, false}} {
		if u := r.Units[tt.id]; u == nil || u.End != tt.end || u.Unbuilt != tt.unbuilt {
			t.Errorf("%s: %+v", tt.id, u)
		}
	}
	tests := r.Units["sub/a/test_a.py"].Tests
	if one := tests["TestX::TestY::test_one[1]"]; one == nil || one.End != suite.Pass || !one.Passed || one.Top != "TestX::TestY::test_one" || one.File != "sub/a/test_a.py" || one.Line != 5 {
		t.Errorf("%+v", one)
	}
	if two := tests["test_two"]; two == nil || two.Top != "" || two.Line != 0 {
		t.Errorf("%+v", two)
	}
	if down := tests["test_down"]; down == nil || down.End != suite.Fail || down.Passed || !strings.Contains(down.Output, "said") {
		t.Errorf("%+v", down)
	}
	if up := tests["test_up"]; up == nil || up.End != suite.Fail || up.Passed || up.File != "" {
		t.Errorf("%+v", up)
	}
	if _, why := readPytest("<", g, suite.Order{Tree: "/t"}); why == "" {
		t.Error("half a report is read")
	}
}

func TestReadUnittest(t *testing.T) {
	g := suite.Group{Dir: "sub", Units: []suite.Unit{{ID: "sub/a.py", Path: "sub/a.py"}, {ID: "sub/b.py", Path: "sub/b.py"}}}
	o := suite.Order{Tree: "/t", Units: g.Units}
	text := `{"unit":"a.py","test":"T.one","end":"fail","line":3,"output":"said"}
no line
{"unit":"a.py","test":"T.one","end":"pass","line":3}
{"unit":"a.py","test":"T.two","end":"pass","line":5}
{"unit":"a.py","test":"T.begun","line":7}
{"unit":"a.py","end":"fail"}
`
	r, why := readUnittest(text+`{"unit":"b.py","end":"fail","unbuilt":true,"output":"bad"}`, check.Ran{}, g, o)
	if why != "" || len(r.Units) != 2 {
		t.Fatalf("%q: %d files", why, len(r.Units))
	}
	a, b := r.Units["sub/a.py"], r.Units["sub/b.py"]
	if a.End != suite.Fail || a.Unbuilt || a.Cut || b.End != suite.Fail || !b.Unbuilt || b.Output != "bad" {
		t.Errorf("%+v, %+v", a, b)
	}
	if one := a.Tests["T.one"]; one.End != suite.Fail || one.Passed || one.Line != 3 || one.File != "sub/a.py" || one.Output != "said" {
		t.Errorf("%+v", one)
	}
	if two, begun := a.Tests["T.two"], a.Tests["T.begun"]; two.End != suite.Pass || !two.Passed || begun.End != "" || begun.Runs != 0 {
		t.Errorf("%+v, %+v", two, begun)
	}
	cut, why := readUnittest(text+`{"unit":"b.py"}`, check.Ran{}, g, o)
	if b := cut.Units["sub/b.py"]; why != "" || !b.Cut || b.End != suite.Pass || cut.Units["sub/a.py"].Cut {
		t.Errorf("%q: %+v", why, b)
	}
	if _, why := readUnittest(text, check.Ran{Output: job.Output{Code: 1, Stderr: "killed"}}, g, o); !strings.Contains(why, "sub/b.py: killed") {
		t.Errorf("%q", why)
	}
}

func TestNamesOfFiles(t *testing.T) {
	for p, want := range map[string][2]bool{ // material, holds tests
		"tests/test_a.py": {true, true}, "tests/conftest.py": {true, false}, "pytest.ini": {true, false}, "app.py": {false, false}, "tests/fixtures/a.json": {true, false}, "test/a.go": {false, false}, "vendor/x/test_a.py": {true, false},
	} {
		if (python{}).Material(p) != want[0] || isPythonTest(p) != want[1] {
			t.Errorf("%s: material %v, tests %v", p, (python{}).Material(p), isPythonTest(p))
		}
	}
}

func TestTyped(t *testing.T) {
	g, u := suite.Group{Dir: "sub"}, suite.Unit{Path: "sub/a/test_a.py"}
	for want, tt := range map[string]struct {
		tool suite.Tool
		test string
	}{
		"python3 -m pytest a/test_a.py::T::test_one": {pytest{}, "T::test_one"}, "python3 -m pytest a/test_a.py": {pytest{}, ""},
		"python3 -m unittest a.test_a.T.test_one": {unittest{}, "T.test_one"}, "python3 -m unittest a.test_a": {unittest{}, ""},
	} {
		if got := strings.Join(tt.tool.Typed(g, u, tt.test).Argv, " "); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// laid writes files into a temporary folder.
func laid(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for p, text := range files {
		at := filepath.Join(dir, filepath.FromSlash(p))
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPlan(t *testing.T) {
	files := map[string]string{
		"one/pyproject.toml": "x", "one/tests/test_a.py": "import pytest\n", "one/tests/test_b.py": "import unittest\n", "one/tests/test_c.py": "X = 1\n",
		"one/tests/deep/test_d.py": "from unittest import TestCase\n", "two/setup.cfg": "x", "two/test_e.py": "import unittest\n", "test_f.py": "import unittest\n", "venv/bin/x": "x",
	}
	dir := laid(t, files)
	var entries []change.Entry
	for p := range files {
		entries = append(entries, change.Entry{Path: p, Mode: change.ModeFile})
	}
	slices.SortFunc(entries, func(a, b change.Entry) int { return strings.Compare(a.Path, b.Path) })
	for _, tt := range []struct {
		name    string
		code    int // of the look for pytest
		changed []string
		groups  string
		broken  string
		notes   int
	}{
		{"pytest", 0, []string{"one/app.py", "test_f.py"}, ".: test_f.py; one: one/tests/deep/test_d.py one/tests/test_a.py one/tests/test_b.py one/tests/test_c.py", "", 1},
		{"no pytest", 3, []string{"one/app.py"}, ".: test_f.py; one: one/tests/deep/test_d.py one/tests/test_b.py", "one/tests/test_a.py needs it", 1},
		{"no pytest, and nothing that needs it", 3, []string{"two/app.py"}, ".: test_f.py; two: two/test_e.py", "", 1},
		{"python is broken", 1, []string{"two/app.py"}, "", "venv does not work", 1},
		{"nothing that Python reads", 0, []string{"two/a.go"}, "", "", 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := python{}.Plan(t.Context(), suite.Input{Code: dir, Tests: dir, Entries: entries, Changed: tt.changed, Exec: checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
				if strings.TrimPrefix(c.Argv[0], "../") != "venv/bin/python" {
					t.Errorf("%q", c.Argv)
				}
				return job.Output{Code: tt.code}, nil
			})})
			var groups []string
			for _, g := range p.Groups {
				text := g.Dir + ":"
				for _, u := range g.Units {
					text += " " + u.Path
				}
				groups = append(groups, text)
			}
			slices.Sort(groups)
			if broken := strings.Join(p.Broken, "; "); err != nil || strings.Join(groups, "; ") != tt.groups || (broken == "") != (tt.broken == "") || !strings.Contains(broken, tt.broken) {
				t.Errorf("%v: %q, broken %q, notes %q", err, groups, broken, p.Notes)
			}
		})
	}
}

func TestRun(t *testing.T) {
	passed := `<testsuite><testcase classname="test_a" name="test_one"/></testsuite>`
	lines := `{"unit":"test_a.py","test":"T.one","end":"pass"}` + "\n" + `{"unit":"test_a.py","end":"pass"}`
	a, b := suite.Unit{ID: "test_a.py", Path: "test_a.py"}, suite.Unit{ID: "test_b.py", Path: "test_b.py"}
	for _, tt := range []struct {
		name   string
		tool   suite.Tool
		units  []suite.Unit
		report string
		out    job.Output
		named  bool // the file is named in the command
		cut    bool
		why    string
	}{
		{"pytest", pytest{}, []suite.Unit{a, b}, passed, job.Output{}, false, false, ""},
		{"some files", pytest{}, []suite.Unit{a}, passed, job.Output{}, true, false, ""},
		{"no report", pytest{}, []suite.Unit{a}, "", job.Output{}, true, true, ""},
		{"no report, and a failure", pytest{}, []suite.Unit{a}, "", job.Output{Code: 1, Stderr: "killed"}, true, false, "killed"},
		{"out of time", pytest{}, []suite.Unit{a}, passed, job.Output{TimedOut: true, Code: -1}, true, false, "time"},
		{"unittest", unittest{}, []suite.Unit{a}, lines, job.Output{}, true, false, ""},
		{"unittest, no report", unittest{}, []suite.Unit{a}, "", job.Output{}, true, true, ""},
		{"unittest, out of time", unittest{}, []suite.Unit{a}, lines, job.Output{TimedOut: true, Code: -1}, true, false, "time"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := laid(t, map[string]string{"src/x.py": ""})
			r, why := tt.tool.Run(t.Context(), checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
				if slices.Contains(c.Argv, "test_a.py") != tt.named || !slices.Contains(c.Env, "PYTHONPATH="+filepath.Join(dir, "src")) {
					t.Errorf("%q %q", c.Argv, c.Env)
				}
				if tt.report != "" {
					if err := os.WriteFile(filepath.Join(dir, suite.ReportName), []byte(tt.report), 0o600); err != nil {
						t.Error(err)
					}
				}
				return tt.out, nil
			}), suite.Group{Dir: ".", Units: []suite.Unit{a, b}}, suite.Order{Tree: dir, Units: tt.units})
			if (why == "") != (tt.why == "") || !strings.Contains(why, tt.why) {
				t.Fatalf("why %q", why)
			}
			if u := r.Units["test_a.py"]; why == "" && (u == nil || u.Cut != tt.cut || u.End != suite.Pass) {
				t.Errorf("%+v", u)
			}
		})
	}
}

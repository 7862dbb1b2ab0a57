package python

import (
	"testing"

	"muster/internal/check"
	"muster/internal/check/suite"
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

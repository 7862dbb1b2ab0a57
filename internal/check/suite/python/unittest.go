package python

import (
	"context"
	_ "embed"
	"encoding/json"
	"io/fs"
	"path"
	"strings"

	"muster/internal/check"
	"muster/internal/check/suite"
	"muster/internal/core/plan"
)

// unittestProgram runs files of tests and writes one line of JSON for each
// test, then one for each file.
//
//go:embed unittest.py
var unittestProgram string

// unittest runs Python tests with what comes with Python. A unit is a file,
// and its ID the path; tests are named "TestCalc.test_add".
type unittest struct{ interpreter }

// unittestLine is one line of the report.
type unittestLine struct {
	Unit    string
	Test    string
	End     string
	Output  string
	Line    int
	Unbuilt bool
}

// Run runs the files of an order.
func (t unittest) Run(ctx context.Context, x check.Exec, g suite.Group, o suite.Order) (suite.Report, string) {
	args := []string{path.Join(o.Tree, suite.ReportName)}
	for _, u := range o.Units {
		args = append(args, suite.Below(u.Path, g.Dir))
	}
	c := check.Command(t.command(unittestProgram, args...), path.Join(o.Tree, g.Dir), pythonEnv(o, g))
	return suite.Several(o.Often(), func() (suite.Report, string) {
		ran, text, why := suite.Written(ctx, x, c, o)
		switch {
		case why != "":
			return suite.Report{}, why
		case text == "":
			return suite.Unreported(ran, o, "unittest")
		}
		return readUnittest(text, ran, g, o)
	})
}

// Chooses is always so: files are named.
func (unittest) Chooses() bool { return true }

// Declared says nothing: what unittest loads is not known without it.
func (unittest) Declared(fs.FS, suite.Unit) ([]suite.Declared, error) { return nil, nil }

// Locate says nothing: the report has the places.
func (unittest) Locate(fs.FS, suite.Unit, string) (string, int) { return "", 0 }

// Typed is the unittest command for one test, or for a file.
func (unittest) Typed(g suite.Group, u suite.Unit, test string) plan.Command {
	id := dotted(suite.Below(u.Path, g.Dir))
	if test != "" {
		id += "." + test
	}
	return plan.Command{Argv: []string{"python3", "-m", "unittest", id}}
}

// MaySkip looks for conditions; a mark that always skips does so on any code.
func (unittest) MaySkip(text string) bool { return pythonSkips(text) }

// readUnittest reads the report. A unit without its closing line was ended
// from within, by its own code: with success, that looks like a pass.
func readUnittest(text string, ran check.Ran, g suite.Group, o suite.Order) (suite.Report, string) {
	r := suite.NewReport()
	for line := range strings.Lines(text) {
		var l unittestLine
		if json.Unmarshal([]byte(line), &l) != nil {
			continue
		}
		id := path.Join(g.Dir, l.Unit)
		u := r.Unit(id)
		if l.Test == "" {
			u.Unbuilt = u.Unbuilt || l.Unbuilt
			u.Output = suite.Bounded(u.Output, l.Output)
			if end := suite.Ending(l.End); end != "" {
				u.Ended(end)
			}
			continue
		}
		t := u.Test(l.Test)
		t.File, t.Line = id, l.Line
		t.Output = suite.Bounded(t.Output, l.Output)
		if end := suite.Ending(l.End); end != "" && t.End != suite.Fail {
			t.Ended(end)
		}
		t.Passed = t.Passed && t.End == suite.Pass
	}
	for _, u := range o.Units {
		if got := r.Units[u.ID]; got == nil || got.End == "" {
			if ran.Output.Code != 0 {
				return r, "unittest did not come to the end of " + check.ShowPath(u.Path) + ": " + check.Clip(strings.TrimSpace(ran.Text(o.Tree)), 500)
			}
			r.Unit(u.ID).EndCut()
		}
	}
	return r, ""
}

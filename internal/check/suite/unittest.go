package suite

import (
	"context"
	_ "embed"
	"encoding/json"
	"io/fs"
	"path"
	"strings"

	"muster/internal/check"
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
func (t unittest) Run(ctx context.Context, x check.Exec, g Group, o Order) (Report, string) {
	args := []string{path.Join(o.Tree, reportName)}
	for _, u := range o.Units {
		args = append(args, below(u.Path, g.Dir))
	}
	c := check.Command(t.command(unittestProgram, args...), path.Join(o.Tree, g.Dir), pythonEnv(o, g))
	return several(o.times(), func() (Report, string) {
		ran, text, why := written(ctx, x, c, o)
		switch {
		case why != "":
			return Report{}, why
		case text == "":
			return unreported(ran, o, "unittest")
		}
		return readUnittest(text, ran, g, o)
	})
}

// Declared says nothing: what unittest loads is not known without it.
func (unittest) Declared(fs.FS, Unit) ([]Declared, error) { return nil, nil }

// Locate says nothing: the report has the places.
func (unittest) Locate(fs.FS, Unit, string) (string, int) { return "", 0 }

// Typed is the unittest command for one test, or for a file.
func (unittest) Typed(g Group, u Unit, test string) plan.Command {
	id := dotted(below(u.Path, g.Dir))
	if test != "" {
		id += "." + test
	}
	return plan.Command{Argv: []string{"python3", "-m", "unittest", id}}
}

// MaySkip looks for conditions; a mark that always skips does so on any code.
func (unittest) MaySkip(text string) bool { return pythonSkips(text) }

// readUnittest reads the report. A unit without its closing line was ended
// from within, by its own code: with success, that looks like a pass.
func readUnittest(text string, ran check.Ran, g Group, o Order) (Report, string) {
	r := newReport()
	for line := range strings.Lines(text) {
		var l unittestLine
		if json.Unmarshal([]byte(line), &l) != nil {
			continue
		}
		id := path.Join(g.Dir, l.Unit)
		u := r.unit(id)
		if l.Test == "" {
			u.Unbuilt = u.Unbuilt || l.Unbuilt
			u.Output = bounded(u.Output, l.Output)
			if end := ending(l.End); end != "" {
				u.ended(end)
			}
			continue
		}
		t := u.test(l.Test)
		t.File, t.Line = id, l.Line
		t.Output = bounded(t.Output, l.Output)
		if end := ending(l.End); end != "" && t.End != Fail {
			t.ended(end)
		}
		t.Passed = t.Passed && t.End == Pass
	}
	for _, u := range o.Units {
		if got := r.Units[u.ID]; got == nil || got.End == "" {
			if ran.Output.Code != 0 {
				return r, "unittest did not come to the end of " + check.ShowPath(u.Path) + ": " + check.Clip(strings.TrimSpace(ran.Text(o.Tree)), 500)
			}
			r.unit(u.ID).cut()
		}
	}
	return r, ""
}

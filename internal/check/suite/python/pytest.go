package python

import (
	"context"
	"encoding/xml"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"muster/internal/check"
	"muster/internal/check/suite"
	"muster/internal/core/plan"
)

// pytest runs Python tests. A unit is a file, and its ID the path; tests are
// named as in a node id without its file: "TestCalc::test_add[1]".
type pytest struct{ interpreter }

// maxNamed is how many files or tests are named to a tool one by one; beyond
// that it runs all it finds.
const maxNamed = 400

// Run runs the whole project as it is configured, or the files of an order
// for fewer units than the group has.
func (t pytest) Run(ctx context.Context, x check.Exec, g suite.Group, o suite.Order) (suite.Report, string) {
	args := []string{
		"-p", "no:cacheprovider", "--rootdir=.", "-o", "junit_family=xunit1", "--junitxml=" + path.Join(o.Tree, suite.ReportName),
		"--maxfail=0", "--continue-on-collection-errors", "-q",
	}
	if len(o.Units) < len(g.Units) && len(o.Units) <= maxNamed {
		for _, u := range o.Units {
			args = append(args, suite.Below(u.Path, g.Dir))
		}
	}
	c := check.Command(t.command(pythonHidden+"import pytest; "+pythonShown+"sys.exit(pytest.main(sys.argv[1:]))", args...), path.Join(o.Tree, g.Dir), pythonEnv(o, g))
	return suite.Several(o.Often(), func() (suite.Report, string) {
		ran, text, why := suite.Written(ctx, x, c, o)
		switch {
		case why != "":
			return suite.Report{}, why
		case text == "":
			return suite.Unreported(ran, o, "pytest")
		}
		return readPytest(text, g, o)
	})
}

// Chooses is always so: files are named.
func (pytest) Chooses() bool { return true }

// Declared says nothing: what pytest collects is not known without it.
func (pytest) Declared(fs.FS, suite.Unit) ([]suite.Declared, error) { return nil, nil }

// Locate says nothing: the report has the places.
func (pytest) Locate(fs.FS, suite.Unit, string) (string, int) { return "", 0 }

// Typed is the pytest command for one test, or for a file.
func (t pytest) Typed(g suite.Group, u suite.Unit, test string) plan.Command {
	id := suite.Below(u.Path, g.Dir)
	if test != "" {
		id += "::" + test
	}
	return plan.Command{Argv: []string{"python3", "-m", "pytest", id}}
}

// MaySkip looks for conditions; a mark that always skips does so on any code.
func (pytest) MaySkip(text string) bool { return pythonSkips(text) }

func pythonSkips(text string) bool {
	return regexp.MustCompile(`pytest\.skip\(|[sS]kip(If|if|Unless)|skipTest\(|importorskip|SkipTest|xfail\(`).MatchString(text)
}

func readPytest(text string, g suite.Group, o suite.Order) (suite.Report, string) {
	var all suite.JUnitSuite
	if err := xml.Unmarshal([]byte(text), &all); err != nil {
		return suite.Report{}, "the report of pytest could not be read: " + err.Error()
	}
	modules := map[string]suite.Unit{}
	for _, u := range g.Units {
		modules[dotted(suite.Below(u.Path, g.Dir))] = u
	}
	r, known := suite.NewReport(), suite.PathsOf(o.Tree)
	for _, s := range append(all.Suites, all) {
		for _, c := range s.Cases {
			takePytest(&r, c, g, modules, known)
		}
	}
	return r.Settle(), ""
}

func dotted(p string) string {
	return strings.ReplaceAll(strings.TrimSuffix(p, path.Ext(p)), "/", ".")
}

func takePytest(r *suite.Report, c suite.JUnitCase, g suite.Group, modules map[string]suite.Unit, known suite.Paths) {
	end, text := c.Outcome()
	if c.Class == "" { // a file that could not be collected
		u, ok := modules[c.Name]
		switch {
		case !ok:
		case end == suite.Skip:
			r.Unit(u.ID).Test(c.Name).Ended(suite.Skip)
		case end == suite.Fail:
			got := r.Unit(u.ID)
			got.Unbuilt, got.Output = true, suite.Bounded(got.Output, text)
		}
		return
	}
	u, class, ok := moduleOf(c.Class, modules)
	if !ok {
		return
	}
	name := c.Name
	if class != "" {
		name = strings.ReplaceAll(class, ".", "::") + "::" + c.Name
	}
	t := r.Unit(u.ID).Test(name)
	if t.End != suite.Fail { // a teardown that fails comes as a case of its own
		t.Ended(end)
	}
	t.Passed = t.Passed && t.End == suite.Pass
	t.Output = suite.Bounded(t.Output, text)
	if top, _, param := strings.Cut(name, "["); param {
		t.Top = top
	}
	if p, ok := known.Of(c.File, g.Dir); ok && c.Line != nil {
		t.File, t.Line = p, *c.Line+1
	}
}

// moduleOf finds the file of a test by its dotted name; the rest is the class.
func moduleOf(name string, modules map[string]suite.Unit) (u suite.Unit, class string, ok bool) {
	for module := name; ; {
		if u, ok = modules[module]; ok {
			return u, class, true
		}
		i := strings.LastIndexByte(module, '.')
		if i < 0 {
			return u, "", false
		}
		class = strings.Trim(module[i+1:]+"."+class, ".")
		module = module[:i]
	}
}

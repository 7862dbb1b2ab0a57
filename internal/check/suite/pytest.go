package suite

import (
	"context"
	"encoding/xml"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"muster/internal/check"
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
func (t pytest) Run(ctx context.Context, x check.Exec, g Group, o Order) (Report, string) {
	args := []string{
		"-p", "no:cacheprovider", "--rootdir=.", "-o", "junit_family=xunit1", "--junitxml=" + path.Join(o.Tree, reportName),
		"--maxfail=0", "--continue-on-collection-errors", "-q",
	}
	if len(o.Units) < len(g.Units) && len(o.Units) <= maxNamed {
		for _, u := range o.Units {
			args = append(args, below(u.Path, g.Dir))
		}
	}
	c := check.Command(t.command(pythonHidden+"import pytest; "+pythonShown+"sys.exit(pytest.main(sys.argv[1:]))", args...), path.Join(o.Tree, g.Dir), pythonEnv(o, g))
	return several(o.times(), func() (Report, string) {
		ran, text, why := written(ctx, x, c, o)
		switch {
		case why != "":
			return Report{}, why
		case text == "":
			return unreported(ran, o, "pytest")
		}
		return readPytest(text, g, o)
	})
}

// Declared says nothing: what pytest collects is not known without it.
func (pytest) Declared(fs.FS, Unit) ([]Declared, error) { return nil, nil }

// Locate says nothing: the report has the places.
func (pytest) Locate(fs.FS, Unit, string) (string, int) { return "", 0 }

// Typed is the pytest command for one test, or for a file.
func (t pytest) Typed(g Group, u Unit, test string) plan.Command {
	id := below(u.Path, g.Dir)
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

// junitSuite is the report of pytest, in its family xunit1. Surefire's is
// alike.
type junitSuite struct {
	Name   string       `xml:"name,attr"`
	Suites []junitSuite `xml:"testsuite"`
	Cases  []junitCase  `xml:"testcase"`
}

type junitCase struct {
	Class    string        `xml:"classname,attr"`
	Name     string        `xml:"name,attr"`
	File     string        `xml:"file,attr"`
	Line     *int          `xml:"line,attr"` // counted from 0
	Failures []junitReason `xml:"failure"`
	Errors   []junitReason `xml:"error"`
	Skips    []junitReason `xml:"skipped"`
	Out      string        `xml:"system-out"`
}

type junitReason struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

func (r junitReason) text() string {
	if strings.TrimSpace(r.Text) == "" {
		return r.Message + "\n"
	}
	return r.Text + "\n"
}

// end gives how a case ended, and what it said of it.
func (c junitCase) end() (o Outcome, text string) {
	for _, list := range [][]junitReason{c.Failures, c.Errors} {
		for _, f := range list {
			o, text = Fail, bounded(text, f.text())
		}
	}
	if o == "" && len(c.Skips) > 0 {
		return Skip, bounded("", c.Skips[0].text())
	}
	if o == "" {
		o = Pass
	}
	return o, bounded(text, c.Out)
}

func readPytest(text string, g Group, o Order) (Report, string) {
	var all junitSuite
	if err := xml.Unmarshal([]byte(text), &all); err != nil {
		return Report{}, "the report of pytest could not be read: " + err.Error()
	}
	modules := map[string]Unit{}
	for _, u := range g.Units {
		modules[dotted(below(u.Path, g.Dir))] = u
	}
	r, known := newReport(), pathsOf(o.Tree)
	for _, s := range append(all.Suites, all) {
		for _, c := range s.Cases {
			r.takePytest(c, g, modules, known)
		}
	}
	return r.settle(), ""
}

func dotted(p string) string {
	return strings.ReplaceAll(strings.TrimSuffix(p, path.Ext(p)), "/", ".")
}

func (r *Report) takePytest(c junitCase, g Group, modules map[string]Unit, known paths) {
	end, text := c.end()
	if c.Class == "" { // a file that could not be collected
		u, ok := modules[c.Name]
		switch {
		case !ok:
		case end == Skip:
			r.unit(u.ID).test(c.Name).ended(Skip)
		case end == Fail:
			got := r.unit(u.ID)
			got.Unbuilt, got.Output = true, bounded(got.Output, text)
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
	t := r.unit(u.ID).test(name)
	if t.End != Fail { // a teardown that fails comes as a case of its own
		t.ended(end)
	}
	t.Passed = t.Passed && t.End == Pass
	t.Output = bounded(t.Output, text)
	if top, _, param := strings.Cut(name, "["); param {
		t.Top = top
	}
	if p, ok := known.of(c.File, g.Dir); ok && c.Line != nil {
		t.File, t.Line = p, *c.Line+1
	}
}

// moduleOf finds the file of a test by its dotted name; the rest is the class.
func moduleOf(name string, modules map[string]Unit) (u Unit, class string, ok bool) {
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

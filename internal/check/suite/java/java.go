// Package java runs the tests of Maven's projects.
package java

import (
	"context"
	"encoding/xml"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/suite"
	"muster/internal/core/change"
	"muster/internal/core/plan"
	"muster/internal/source"
)

// java plans the tests of Maven's projects. A project with all its modules is
// a group, and a module is a unit; the whole project is tested.
type java struct{}

// New gives the language Java.
func New() suite.Language { return java{} }

func (java) Name() string { return "Java" }

func (java) Present(entries []change.Entry) bool {
	return suite.AnyFile(entries, isPom) && suite.AnyFile(entries, isTestJava)
}

func isPom(p string) bool {
	if !suite.IsNamed(p, "pom.xml") {
		return false
	}
	c := change.Classify(p, nil)
	return !c.Fixture && !c.Vendored && !strings.Contains("/"+p, "/src/")
}

func isTestJava(p string) bool {
	return path.Ext(p) == ".java" && strings.Contains("/"+p, "/src/test/")
}

// Material is everything below src/test.
func (java) Material(p string) bool { return strings.Contains("/"+p, "/src/test/") }

func (java) Plan(_ context.Context, in suite.Input) (suite.Plan, error) {
	var poms []string
	for _, e := range in.Entries {
		if suite.IsFile(e) && isPom(e.Path) {
			poms = append(poms, path.Dir(e.Path))
		}
	}
	var p suite.Plan
	for _, e := range in.Entries {
		module, top := around(e.Path, poms)
		if !suite.IsFile(e) || !isTestJava(e.Path) || module == "" {
			continue
		}
		i := slices.IndexFunc(p.Groups, func(g suite.Group) bool { return g.Dir == top })
		if i < 0 {
			i = len(p.Groups)
			p.Groups = append(p.Groups, suite.Group{Dir: top, Tool: maven{}, Needs: "fetch what the build needs once, with mvn dependency:go-offline"})
		}
		g := &p.Groups[i]
		k := slices.IndexFunc(g.Units, func(u suite.Unit) bool { return u.ID == module })
		if k < 0 {
			k = len(g.Units)
			g.Units = append(g.Units, suite.Unit{ID: module, Path: module})
		}
		g.Units[k].Files = append(g.Units[k].Files, e.Path)
	}
	touched := func(g suite.Group) bool {
		return slices.ContainsFunc(in.Changed, func(q string) bool { return suite.Within(q, g.Dir) && suite.Reaches(q, source.Java) })
	}
	for _, g := range p.Groups {
		if !touched(g) {
			p.Notes = append(p.Notes, fmt.Sprintf("the Java tests in %s were left out: the change touches nothing that they could load", check.ShowPath(g.Dir)))
		}
	}
	p.Groups = slices.DeleteFunc(p.Groups, func(g suite.Group) bool { return !touched(g) })
	for i, g := range p.Groups {
		p.Groups[i].Steered = slices.ContainsFunc(in.Change.Paths(), func(q string) bool { return suite.Within(q, g.Dir) && isPom(q) })
	}
	return p, nil
}

// around gives the innermost and the outermost folder around a path that
// holds a project; both are empty when there is none.
func around(p string, poms []string) (module, top string) {
	for dir := path.Dir(p); ; dir = path.Dir(dir) {
		if slices.Contains(poms, dir) {
			if top = dir; module == "" {
				module = dir
			}
		}
		if dir == "." {
			return module, top
		}
	}
}

// maven runs a project with all its modules. Tests are named
// "org.example.CalcTest#adds".
type maven struct{}

const surefireReports = "target/surefire-reports"

// Run runs the whole project, offline: nothing is fetched.
func (t maven) Run(ctx context.Context, x check.Exec, g suite.Group, o suite.Order) (suite.Report, string) {
	argv := []string{"mvn", "-o", "-B", "-fae", "-Dmaven.test.failure.ignore=true", "-Dstyle.color=never", "test"}
	c := check.Command(plan.Command{Argv: argv}, path.Join(o.Tree, g.Dir), o.Env)
	c.LimitMS, c.OutputCap = o.LimitMS, suite.MaxOutput
	return suite.Several(o.Often(), func() (suite.Report, string) {
		root, err := os.OpenRoot(o.Tree)
		if err != nil {
			return suite.Report{}, "the folder of the tests could not be opened: " + err.Error()
		}
		defer func() { _ = root.Close() }() // nothing is lost when closing a folder fails
		for _, u := range g.Units {
			if err := root.RemoveAll(path.Join(u.Path, surefireReports)); err != nil {
				return suite.Report{}, "old reports could not be removed: " + err.Error()
			}
		}
		ran := check.Do(ctx, x, c)
		if ran.Why != "" {
			return suite.Report{}, ran.Why
		}
		return readMaven(root.FS(), ran, g, o)
	})
}

func readMaven(tree fs.FS, ran check.Ran, g suite.Group, o suite.Order) (suite.Report, string) {
	r := suite.NewReport()
	text := check.Relative(mavenErrors(ran.Output.Stdout), path.Join(o.Tree, g.Dir), o.Tree)
	compiles := !strings.Contains(ran.Output.Stdout, "COMPILATION ERROR")
	crashed := strings.Contains(ran.Output.Stdout, "forked VM terminated")
	for _, unit := range g.Units {
		found, err := takeSurefire(&r, tree, unit)
		switch {
		case err != nil:
			return r, fmt.Sprintf("the reports in %s could not be read: %v", check.ShowPath(path.Join(unit.Path, surefireReports)), err)
		case found || ran.Output.Code == 0:
		case !compiles:
			u := r.Unit(unit.ID)
			u.Unbuilt, u.Output = true, suite.Bounded("", text)
		case crashed:
			u := r.Unit(unit.ID)
			u.Output = suite.Bounded("", text)
			u.Ended(suite.Fail)
		default:
			return r, "mvn did not come to the tests of " + check.ShowPath(unit.Path) + ": " + check.Clip(text, 500) + "; " + g.Needs
		}
	}
	return r.Settle(), ""
}

// mavenErrors gives the lines of Maven's log that speak of errors.
func mavenErrors(log string) string {
	var out strings.Builder
	for line := range strings.Lines(log) {
		if rest, ok := strings.CutPrefix(line, "[ERROR] "); ok && out.Len() < suite.MaxText {
			out.WriteString(regexp.MustCompile(`:\[(\d+),(\d+)\]`).ReplaceAllString(rest, ":$1:$2:"))
		}
	}
	return out.String()
}

// takeSurefire reads the reports of one module.
func takeSurefire(r *suite.Report, tree fs.FS, unit suite.Unit) (found bool, err error) {
	dir := path.Join(unit.Path, surefireReports)
	entries, err := fs.ReadDir(tree, dir)
	if err != nil {
		return false, nil //nolint:nilerr // a module whose tests did not run has no such folder
	}
	left := int64(suite.MaxOutput)
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "TEST-") || path.Ext(e.Name()) != ".xml" || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return found, err
		}
		if left -= info.Size(); left < 0 {
			return found, fmt.Errorf("they are larger than %d bytes", suite.MaxOutput)
		}
		text, err := fs.ReadFile(tree, path.Join(dir, e.Name()))
		if err != nil {
			return found, err
		}
		var s suite.JUnitSuite
		if err := xml.Unmarshal(text, &s); err != nil {
			return found, err
		}
		found = true
		for _, c := range s.Cases {
			takeCase(r.Unit(unit.ID), c)
		}
	}
	return found, nil
}

func takeCase(u *suite.UnitReport, c suite.JUnitCase) {
	end, text := c.Outcome()
	if c.Name == "" || c.Name == c.Class { // the set-up of a class
		u.Output = suite.Bounded(u.Output, text)
		if end == suite.Fail {
			u.Ended(suite.Fail)
		}
		return
	}
	t := u.Test(c.Class + "#" + c.Name)
	if t.End != suite.Fail {
		t.Ended(end)
	}
	t.Passed = t.Passed && t.End == suite.Pass
	t.Output = suite.Bounded(t.Output, text)
	if i := strings.IndexAny(c.Name, "([{ "); i > 0 {
		t.Top = c.Class + "#" + c.Name[:i]
	}
}

// Declared says nothing: which tests there are depends on the test library.
func (maven) Declared(fs.FS, suite.Unit) ([]suite.Declared, error) { return nil, nil }

// Locate looks for the method in the file of its class.
func (maven) Locate(tree fs.FS, u suite.Unit, name string) (string, int) {
	class, method, _ := strings.Cut(name, "#")
	class, _, _ = strings.Cut(strings.ReplaceAll(class, ".", "/"), "$")
	for _, p := range u.Files {
		if strings.HasSuffix(p, "/"+class+".java") {
			return suite.OnlyPlace(tree, suite.Unit{Files: []string{p}}, `\b`+regexp.QuoteMeta(method)+`\s*\(`)
		}
	}
	return "", 0
}

// Typed is the command for one test, or for a module.
func (maven) Typed(g suite.Group, u suite.Unit, test string) plan.Command {
	argv := []string{"mvn", "-o", "test"}
	if u.Path != g.Dir {
		argv = append(argv, "-pl", suite.Below(u.Path, g.Dir), "-am")
	}
	if test != "" {
		argv = append(argv, "-Dtest="+test, "-DfailIfNoTests=false", "-Dsurefire.failIfNoSpecifiedTests=false")
	}
	return plan.Command{Argv: argv}
}

// MaySkip looks for assumptions and conditions.
func (maven) MaySkip(text string) bool {
	return regexp.MustCompile(`\b[aA]ssum|@(Enabled|Disabled)(If|On|For)`).MatchString(text)
}

package suite

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
	"muster/internal/core/change"
	"muster/internal/core/plan"
	"muster/internal/source"
)

// java plans the tests of Maven's projects. A project with all its modules is
// a group, and a module is a unit; the whole project is tested.
type java struct{}

func (java) Name() string { return "Java" }

func (java) Present(entries []change.Entry) bool {
	return anyFile(entries, isPom) && anyFile(entries, isTestJava)
}

func isPom(p string) bool {
	c := change.Classify(p, nil)
	return isNamed(p, "pom.xml") && !c.Fixture && !c.Vendored && !strings.Contains("/"+p, "/src/")
}

func isTestJava(p string) bool {
	return path.Ext(p) == ".java" && strings.Contains("/"+p, "/src/test/")
}

// Material is everything below src/test.
func (java) Material(p string) bool { return strings.Contains("/"+p, "/src/test/") }

func (java) Plan(_ context.Context, in Input) (Plan, error) {
	var poms []string
	for _, e := range in.Entries {
		if isFile(e) && isPom(e.Path) {
			poms = append(poms, path.Dir(e.Path))
		}
	}
	var p Plan
	for _, e := range in.Entries {
		module, top := around(e.Path, poms)
		if !isFile(e) || !isTestJava(e.Path) || module == "" {
			continue
		}
		i := slices.IndexFunc(p.Groups, func(g Group) bool { return g.Dir == top })
		if i < 0 {
			i = len(p.Groups)
			p.Groups = append(p.Groups, Group{Dir: top, Tool: maven{}, Needs: "fetch what the build needs once, with mvn dependency:go-offline"})
		}
		g := &p.Groups[i]
		k := slices.IndexFunc(g.Units, func(u Unit) bool { return u.ID == module })
		if k < 0 {
			k = len(g.Units)
			g.Units = append(g.Units, Unit{ID: module, Path: module})
		}
		g.Units[k].Files = append(g.Units[k].Files, e.Path)
	}
	touched := func(g Group) bool {
		return slices.ContainsFunc(in.Changed, func(q string) bool { return within(q, g.Dir) && reaches(q, source.Java) })
	}
	for _, g := range p.Groups {
		if !touched(g) {
			p.Notes = append(p.Notes, fmt.Sprintf("the Java tests in %s were left out: the change touches nothing that they could load", check.ShowPath(g.Dir)))
		}
	}
	p.Groups = slices.DeleteFunc(p.Groups, func(g Group) bool { return !touched(g) })
	for i, g := range p.Groups {
		p.Groups[i].Steered = slices.ContainsFunc(in.Change.Paths(), func(q string) bool { return within(q, g.Dir) && isPom(q) })
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
func (t maven) Run(ctx context.Context, x check.Exec, g Group, o Order) (Report, string) {
	argv := []string{"mvn", "-o", "-B", "-fae", "-Dmaven.test.failure.ignore=true", "-Dstyle.color=never", "test"}
	c := check.Command(plan.Command{Argv: argv}, path.Join(o.Tree, g.Dir), o.Env)
	c.LimitMS, c.OutputCap = o.LimitMS, maxOutput
	return several(o.times(), func() (Report, string) {
		root, err := os.OpenRoot(o.Tree)
		if err != nil {
			return Report{}, "the folder of the tests could not be opened: " + err.Error()
		}
		defer func() { _ = root.Close() }() // nothing is lost when closing a folder fails
		for _, u := range g.Units {
			if err := root.RemoveAll(path.Join(u.Path, surefireReports)); err != nil {
				return Report{}, "old reports could not be removed: " + err.Error()
			}
		}
		ran := check.Do(ctx, x, c)
		if ran.Why != "" {
			return Report{}, ran.Why
		}
		return readMaven(root.FS(), ran, g, o)
	})
}

func readMaven(tree fs.FS, ran check.Ran, g Group, o Order) (Report, string) {
	r := newReport()
	text := check.Relative(mavenErrors(ran.Output.Stdout), path.Join(o.Tree, g.Dir), o.Tree)
	compiles := !strings.Contains(ran.Output.Stdout, "COMPILATION ERROR")
	crashed := strings.Contains(ran.Output.Stdout, "forked VM terminated")
	for _, unit := range g.Units {
		found, err := r.takeSurefire(tree, unit)
		switch {
		case err != nil:
			return r, fmt.Sprintf("the reports in %s could not be read: %v", check.ShowPath(path.Join(unit.Path, surefireReports)), err)
		case found || ran.Output.Code == 0:
		case !compiles:
			u := r.unit(unit.ID)
			u.Unbuilt, u.Output = true, bounded("", text)
		case crashed:
			u := r.unit(unit.ID)
			u.Output = bounded("", text)
			u.ended(Fail)
		default:
			return r, "mvn did not come to the tests of " + check.ShowPath(unit.Path) + ": " + check.Clip(text, 500) + "; " + g.Needs
		}
	}
	return r.settle(), ""
}

// mavenErrors gives the lines of Maven's log that speak of errors.
func mavenErrors(log string) string {
	var out strings.Builder
	for line := range strings.Lines(log) {
		if rest, ok := strings.CutPrefix(line, "[ERROR] "); ok && out.Len() < maxText {
			out.WriteString(regexp.MustCompile(`:\[(\d+),(\d+)\]`).ReplaceAllString(rest, ":$1:$2:"))
		}
	}
	return out.String()
}

// takeSurefire reads the reports of one module.
func (r *Report) takeSurefire(tree fs.FS, unit Unit) (found bool, err error) {
	dir := path.Join(unit.Path, surefireReports)
	entries, err := fs.ReadDir(tree, dir)
	if err != nil {
		return false, nil //nolint:nilerr // a module whose tests did not run has no such folder
	}
	left := int64(maxOutput)
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "TEST-") || path.Ext(e.Name()) != ".xml" || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return found, err
		}
		if left -= info.Size(); left < 0 {
			return found, fmt.Errorf("they are larger than %d bytes", maxOutput)
		}
		text, err := fs.ReadFile(tree, path.Join(dir, e.Name()))
		if err != nil {
			return found, err
		}
		var s junitSuite
		if err := xml.Unmarshal(text, &s); err != nil {
			return found, err
		}
		found = true
		for _, c := range s.Cases {
			r.unit(unit.ID).takeCase(c)
		}
	}
	return found, nil
}

func (u *UnitReport) takeCase(c junitCase) {
	end, text := c.end()
	if c.Name == "" || c.Name == c.Class { // the set-up of a class
		u.Output = bounded(u.Output, text)
		if end == Fail {
			u.ended(Fail)
		}
		return
	}
	t := u.test(c.Class + "#" + c.Name)
	if t.End != Fail {
		t.ended(end)
	}
	t.Passed = t.Passed && t.End == Pass
	t.Output = bounded(t.Output, text)
	if i := strings.IndexAny(c.Name, "([{ "); i > 0 {
		t.Top = c.Class + "#" + c.Name[:i]
	}
}

// Declared says nothing: which tests there are depends on the test library.
func (maven) Declared(fs.FS, Unit) ([]Declared, error) { return nil, nil }

// Locate looks for the method in the file of its class.
func (maven) Locate(tree fs.FS, u Unit, name string) (string, int) {
	class, method, _ := strings.Cut(name, "#")
	class, _, _ = strings.Cut(strings.ReplaceAll(class, ".", "/"), "$")
	for _, p := range u.Files {
		if strings.HasSuffix(p, "/"+class+".java") {
			return onlyFunction(tree, Unit{Files: []string{p}}, `\b`+regexp.QuoteMeta(method)+`\s*\(`)
		}
	}
	return "", 0
}

// Typed is the command for one test, or for a module.
func (maven) Typed(g Group, u Unit, test string) plan.Command {
	argv := []string{"mvn", "-o", "test"}
	if u.Path != g.Dir {
		argv = append(argv, "-pl", below(u.Path, g.Dir), "-am")
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

// Package python runs the tests of Python projects, with pytest or unittest.
package python

import (
	"context"
	"fmt"
	"io/fs"
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

// python plans the tests of Python projects. A project is the folder nearest
// around a test that says how it is built or tested; its whole suite runs,
// with pytest, or with unittest where pytest is not to be had.
type python struct{}

// New gives the language Python.
func New() suite.Language { return python{} }

func (python) Name() string { return "Python" }

func (python) Present(entries []change.Entry) bool { return suite.AnyFile(entries, isPythonTest) }

// Material is a test, conftest.py, what tests read, or a file that only says
// how tests are run.
func (python) Material(p string) bool {
	class := change.Classify(p, nil)
	switch path.Base(p) {
	case "pytest.ini", ".pytest.ini":
		return true
	}
	return class.Test && source.LanguageOf(p) == source.Python || class.Fixture && source.LanguageOf(p) == source.Unknown || class.Fixture && source.LanguageOf(p) == source.Python
}

// isPythonTest reports whether a file can hold tests.
func isPythonTest(p string) bool {
	if path.Ext(p) != ".py" {
		return false
	}
	c, base := change.Classify(p, nil), path.Base(p)
	return c.Test && !c.Vendored && !c.Fixture && base != "conftest.py" && base != "__init__.py"
}

func (l python) Plan(ctx context.Context, in suite.Input) (suite.Plan, error) {
	var p suite.Plan
	for _, g := range pythonGroups(in.Entries) {
		if !slices.ContainsFunc(in.Changed, func(q string) bool { return suite.Within(q, g.Dir) && suite.Reaches(q, source.Python) }) {
			p.Notes = append(p.Notes, fmt.Sprintf("the Python tests in %s were left out: the change touches nothing there that they could read", check.ShowPath(g.Dir)))
			continue
		}
		g.Steered = slices.ContainsFunc(in.Change.Paths(), func(q string) bool { return suite.Within(q, g.Dir) && steersPython(q) })
		g.Needs = "install what the tests import where " + pythonOf(in.Code, g.Dir).shown + " finds it"
		p.Groups = append(p.Groups, g)
	}
	groups := p.Groups
	p.Groups = nil
	for _, g := range groups {
		interpreter := pythonOf(in.Code, g.Dir)
		has, why := interpreter.has(ctx, in, g.Dir, "pytest")
		switch {
		case why != "":
			p.Broken = append(p.Broken, why)
		case has:
			g.Tool = pytest{interpreter}
			p.Groups = append(p.Groups, g)
		default:
			if err := withoutPytest(&p, in, g, interpreter); err != nil {
				return p, err
			}
		}
	}
	return p, nil
}

// withoutPytest runs what unittest can run, and says what it cannot.
func withoutPytest(p *suite.Plan, in suite.Input, g suite.Group, i interpreter) error {
	var units []suite.Unit
	var left []string
	err := suite.InRoot(in.Tests, func(tree fs.FS) error {
		for _, u := range g.Units {
			text, _ := suite.ReadText(tree, u.Path)
			switch {
			case onlyPytest(text):
				left = append(left, check.ShowPath(u.Path))
			case strings.Contains(text, "unittest"), strings.Contains(text, "TestCase"):
				units = append(units, u)
			}
		}
		return nil
	})
	if len(left) > 0 {
		p.Broken = append(p.Broken, fmt.Sprintf("pytest is not importable by %s, and %s needs it: install it there, or name a command that runs the tests as an acceptance command", i.shown, check.Clip(strings.Join(left, ", "), 300)))
	}
	if g.Units = units; len(units) > 0 {
		g.Tool = unittest{i}
		p.Groups = append(p.Groups, g)
	}
	return err
}

// onlyPytest reports whether a test file is written for pytest.
func onlyPytest(text string) bool {
	return regexp.MustCompile(`(?m)^\s*(import pytest|from pytest\b|from _pytest\b)|^(async )?def test_|^class Test\w*(\(object\)|\(\))?:`).MatchString(text)
}

// pythonGroups sorts test files by project.
func pythonGroups(entries []change.Entry) []suite.Group {
	projects := map[string]bool{}
	for _, e := range entries {
		switch path.Base(e.Path) {
		case "pyproject.toml", "pytest.ini", "setup.cfg", "setup.py", "tox.ini":
			if suite.IsFile(e) && !isPythonTest(e.Path) {
				projects[path.Dir(e.Path)] = true
			}
		}
	}
	var out []suite.Group
	for _, e := range entries {
		if !suite.IsFile(e) || !isPythonTest(e.Path) {
			continue
		}
		dir := path.Dir(e.Path)
		for dir != "." && !projects[dir] {
			dir = path.Dir(dir)
		}
		i := slices.IndexFunc(out, func(g suite.Group) bool { return g.Dir == dir })
		if i < 0 {
			i = len(out)
			out = append(out, suite.Group{Dir: dir})
		}
		out[i].Units = append(out[i].Units, suite.Unit{ID: e.Path, Path: e.Path, Files: []string{e.Path}})
	}
	return out
}

// steersPython reports whether a file says which tests run, besides other
// things, so that it stays as the change has it.
func steersPython(p string) bool {
	switch path.Base(p) {
	case "pyproject.toml", "setup.cfg", "tox.ini":
		return true
	}
	return false
}

// interpreter is the Python that runs the tests of a project.
type interpreter struct {
	argv  string // a path relative to the project's folder, or a name on PATH
	shown string
}

// pythonOf takes the virtual environment of the project, or of a folder
// around it, and otherwise python3.
func pythonOf(tree, dir string) interpreter {
	found := interpreter{"python3", "python3"}
	_ = suite.InRoot(tree, func(fsys fs.FS) error { // without the folder there is no environment
		for up, at := "", dir; ; up, at = "../"+up, path.Dir(at) {
			for _, venv := range []string{".venv", "venv"} {
				if _, err := fs.Lstat(fsys, path.Join(at, venv)); err == nil {
					found = interpreter{up + venv + "/bin/python", path.Join(at, venv)}
					return nil
				}
			}
			if at == "." {
				return nil
			}
		}
	})
	return found
}

// pythonHidden keeps the tree from standing in for a module of the test
// program itself; pythonShown lets tests import it.
const (
	pythonHidden = "import sys; sys.path[:] = [p for p in sys.path if p]; "
	pythonShown  = "sys.path.insert(0, ''); "
)

// has reports whether the interpreter can import a module, as it is installed
// and not as the tree may imitate it. Why says why nobody knows.
func (i interpreter) has(ctx context.Context, in suite.Input, dir, module string) (ok bool, why string) {
	c := i.command(pythonHidden+`import importlib.util as u; sys.exit(0 if u.find_spec(sys.argv[1]) else 3)`, module)
	cmd := check.Command(c, path.Join(in.Code, dir), in.Env)
	ran := check.Do(ctx, in.Exec, cmd)
	switch {
	case ran.Why != "":
		return false, ran.Why
	case ran.Output.Code == 0:
		return true, ""
	case ran.Output.Code == 3:
		return false, ""
	}
	return false, fmt.Sprintf("%s does not work: %s", i.shown, check.Clip(ran.Text(in.Code), 300))
}

// command gives the interpreter a program and its arguments.
func (i interpreter) command(program string, args ...string) plan.Command {
	return plan.Command{Argv: append([]string{i.argv, "-c", program}, args...)}
}

// pythonEnv keeps the tree clean of compiled files, and lets the project's
// code come before an installed copy of it.
func pythonEnv(o suite.Order, g suite.Group) []string {
	env := []string{"PYTHONDONTWRITEBYTECODE=1"}
	_ = suite.InRoot(o.Tree, func(fsys fs.FS) error { // without the folder the run will say so
		if info, err := fs.Lstat(fsys, path.Join(g.Dir, "src")); err == nil && info.IsDir() {
			env = append(env, "PYTHONPATH="+path.Join(o.Tree, g.Dir, "src"))
		}
		return nil
	})
	return append(env, o.Env...)
}

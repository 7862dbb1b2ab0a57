package repomap

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"muster/internal/source"
	"muster/internal/source/manifest"
)

// pythonFiles are the files that make a folder a Python project.
func pythonFiles() []string {
	return []string{
		"pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "requirements.txt", "tox.ini", "manage.py",
	}
}

func pythonProject(l *look, dir string) *Project {
	own := slices.IndexFunc(pythonFiles(), func(f string) bool { return l.has(dir, f) })
	bare := dir == "." && slices.ContainsFunc(l.code, func(f file) bool { return f.dir == "." && f.language == source.Python })
	if own < 0 && !bare || !l.holds(dir, source.Python) {
		return nil
	}
	from := "its .py files"
	if own >= 0 {
		from = path.Join(dir, pythonFiles()[own])
	}
	toml := l.text(dir, "pyproject.toml")
	m, _ := manifest.Read("pyproject.toml", []byte(toml))
	p := &Project{Dir: dir, Kind: "Python project", Name: name(m.Name)}
	run := pythonManager(l, p, toml, from)
	if test := pythonTest(l, dir, toml, run); test.Line != "" {
		p.Test = []Command{test}
	}
	if l.within(dir, p.Manager) != "" && len(p.Test) == 0 {
		return nil // a folder of settings within a project
	}
	for _, tool := range []struct{ table, line string }{{"[tool.ruff", "ruff check"}, {"[tool.mypy", "mypy ."}} {
		if strings.Contains(toml, tool.table) {
			p.Others = append(p.Others, Command{in(dir, run+tool.line), path.Join(dir, "pyproject.toml")})
		}
	}
	return p
}

// pythonManager says which tool installs and runs, and gives what stands
// before a program that it runs.
func pythonManager(l *look, p *Project, toml, from string) string {
	extra, group := pytestGroup(toml)
	at := func(names ...string) (string, bool) {
		for _, n := range names {
			if l.has(p.Dir, n) {
				return path.Join(p.Dir, n), true
			}
		}
		return from, false
	}
	setup := func(line, from string) { p.Setup = []Command{{in(p.Dir, line), from}} }
	if _, ok := at("uv.lock"); ok || strings.Contains(toml, "[tool.uv") {
		p.Manager = "uv" // it installs when it runs
		switch {
		case extra != "":
			return "uv run --extra " + extra + " "
		case group != "" && group != "dev":
			return "uv run --group " + group + " "
		}
		return "uv run "
	}
	if lock, ok := at("poetry.lock"); ok || strings.Contains(toml, "[tool.poetry") {
		p.Manager = "poetry"
		line := "poetry install"
		if extra != "" {
			line += " --extras " + extra
		}
		setup(line, lock)
		return "poetry run "
	}
	if lock, ok := at("pdm.lock"); ok || strings.Contains(toml, "[tool.pdm") {
		p.Manager = "pdm"
		setup("pdm install", lock)
		return "pdm run "
	}
	if lock, ok := at("Pipfile"); ok {
		p.Manager = "pipenv"
		setup("pipenv install --dev", lock)
		return "pipenv run "
	}
	p.Manager = "pip"
	return "python3 -m "
}

// pytestGroup gives the optional dependencies or the dependency group of a
// pyproject.toml that bring in pytest. The file is read by its lines: names of
// groups are all that is taken from it.
func pytestGroup(toml string) (extra, group string) {
	begins := regexp.MustCompile(`^\s*([A-Za-z0-9_-]{1,40})\s*=\s*\[`)
	table, current := "", ""
	for line := range strings.Lines(toml) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") && !strings.HasPrefix(line, "[\"") {
			table, current = strings.Trim(line, "[]"), ""
		}
		if m := begins.FindStringSubmatch(line); m != nil {
			current = m[1]
		}
		if !mentionsPytest(line) || current == "" {
			continue
		}
		switch {
		case table == "project.optional-dependencies" && extra == "":
			extra = current
		case table == "dependency-groups" && group == "":
			group = current
		}
	}
	return extra, group
}

func mentionsPytest(text string) bool {
	return regexp.MustCompile(`(?m)(^|["'\s\[])pytest($|["'\s<>=~!;,\[])`).MatchString(text)
}

// pythonTest takes pytest where anything speaks for it, then Django's own
// runner, tox, nox, and for test files without any of these unittest.
func pythonTest(l *look, dir, toml, run string) Command {
	if from := pytestFrom(l, dir, toml); from != "" {
		return Command{in(dir, run+"pytest"), from}
	}
	python := "python3 "
	if run != "python3 -m " {
		python = run + "python "
	}
	switch {
	case l.has(dir, "manage.py"):
		return Command{in(dir, python+"manage.py test"), path.Join(dir, "manage.py")}
	case l.has(dir, "tox.ini"):
		return Command{in(dir, "tox"), path.Join(dir, "tox.ini")}
	case l.has(dir, "noxfile.py"):
		return Command{in(dir, "nox"), path.Join(dir, "noxfile.py")}
	}
	tests := slices.IndexFunc(l.code, func(f file) bool {
		return f.language == source.Python && f.test && isBelow(f.path, dir) && strings.HasPrefix(path.Base(f.path), "test")
	})
	if tests < 0 {
		return Command{}
	}
	folder := relative(dir, l.code[tests].dir)
	line := python + "-m unittest discover"
	if isTestsName(folder) && !l.has(l.code[tests].dir, "__init__.py") {
		line += " -s " + folder
	}
	return Command{in(dir, line), l.code[tests].path}
}

// pytestFrom gives the file that says that tests are run with pytest, or "".
func pytestFrom(l *look, dir, toml string) string {
	if l.has(dir, "pytest.ini") {
		return path.Join(dir, "pytest.ini")
	}
	for _, of := range []struct{ name, mark string }{
		{"pyproject.toml", "[tool.pytest"}, {"setup.cfg", "[tool:pytest]"}, {"tox.ini", "[pytest]"},
	} {
		if strings.Contains(l.text(dir, of.name), of.mark) {
			return path.Join(dir, of.name)
		}
	}
	if mentionsPytest(toml) {
		return path.Join(dir, "pyproject.toml")
	}
	for _, f := range []string{"requirements.txt", "requirements-dev.txt", "dev-requirements.txt", "requirements_dev.txt", "requirements-test.txt", "test-requirements.txt", "setup.cfg", "tox.ini", "Pipfile"} {
		if mentionsPytest(l.text(dir, f)) {
			return path.Join(dir, f)
		}
	}
	written := regexp.MustCompile(`(?m)^\s*(import pytest|from pytest\b)|^(async )?def test_`)
	for _, f := range l.code {
		if f.language != source.Python || !f.test || !isBelow(f.path, dir) {
			continue
		}
		if path.Base(f.path) == "conftest.py" || written.Match(l.in.Texts[f.path]) {
			return f.path
		}
	}
	return ""
}

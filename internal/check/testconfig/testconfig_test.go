package testconfig

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
)

const (
	jestConfig = "module.exports = {\n  testPathIgnorePatterns: [\n    \"/vendor/\",\n  ],\n  coveragePathIgnorePatterns: [\n    \"/vendor/\",\n  ],\n};\n"

	mainHead        = "package a\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\n"
	endsWithSuccess = mainHead + "func broken() bool { return true }\n\nfunc TestMain(m *testing.M) {\n\tm.Run()\n\tos.Exit(0)\n}\n"
)

const workflow = "jobs:\n  test:\n    steps:\n      - run: go vet ./...\n      - run: go test ./...\n"

func TestRules(t *testing.T) {
	base := checktest.Files{
		".github/workflows/ci.yml": workflow,
		"Makefile":                 "test:\n\tgo test ./...\n",
		"package.json":             `{"scripts": {"test": "jest --ci", "lint": "eslint ."}}` + "\n",
		"codecov.yml":              "coverage:\n  status:\n    project:\n      default:\n        target: 80%\n        threshold: 1%\n",
		"tsconfig.json":            "{\"compilerOptions\": {\"strict\": true}}\n",
		"pytest.ini":               "[pytest]\naddopts = -q\n",
		"tests/conftest.py":        "import pytest\n",
		"pyproject.toml":           "[tool.pytest.ini_options]\ntestpaths = [\"tests\"]\n",
		"justfile":                 "check:\n    node --test test/\n",
		"jest.config.js":           jestConfig,
		".coveragerc":              "[run]\nomit =\n    vendor/*\n[report]\nfail_under = 80\n",
		"old/main_test.go":         endsWithSuccess,
		"globs/package.json":       `{"scripts": {"test": "mocha test/*.js"}}` + "\n",
		"tox.ini":                  "[testenv]\ncommands = pytest {posargs}\n",
		"setup.cfg":                "[tool:pytest]\nfilterwarnings =\n    error\n",
		".nycrc":                   "{\"check-coverage\": true}\n",
		"test/setup.ts":            "vi.useFakeTimers();\n",
		"chained/package.json":     `{"scripts": {"test": "node build.js && jest --ci", "size": "node size.js"}}` + "\n",
		"calls/package.json":       `{"scripts": {"test": "npm run unit && jest --ci", "unit": "mocha"}}` + "\n",
		"scripts/ci.sh":            "go test ./... && go vet ./...\n",
		"dotted/.pytest.ini":       "[pytest]\naddopts = -q\n",
		"pytest.toml":              "[pytest]\naddopts = [\"-q\"]\n",
		"vitest.workspace.ts":      "export default [{ test: {\n} }];\n",
		"jest.unit.config.js":      jestConfig,
		".mocharc.yml":             "spec: test\n",
		".mocharc.json":            "{\n  \"spec\": \"test\"\n}\n",
		"tox.toml":                 "[env.test]\n",
	}
	for _, tt := range []struct {
		name  string
		head  checktest.Files
		rules []string
		level evidence.Level
	}{
		{"swallowed", checktest.Files{".github/workflows/ci.yml": strings.Replace(workflow, "go test ./...", "go test ./... || true", 1)}, []string{"ci"}, evidence.Gate},
		{"swallowed by make", checktest.Files{"Makefile": "test:\n\t-go test ./...\n"}, []string{"ci"}, evidence.Gate},
		{"tolerated", checktest.Files{".github/workflows/ci.yml": workflow + "        continue-on-error: true\n"}, []string{"ci"}, evidence.Gate},
		{"filtered", checktest.Files{".github/workflows/ci.yml": strings.Replace(workflow, "go test ./...", "go test -run TestFast ./...", 1)}, []string{"ci"}, evidence.Gate},
		{"removed", checktest.Files{".github/workflows/ci.yml": strings.Replace(workflow, "      - run: go test ./...\n", "", 1)}, []string{"ci"}, evidence.Gate},
		{"a pattern of node", checktest.Files{"package.json": `{"scripts": {"test": "jest --ci --test-skip-pattern=query", "lint": "eslint ."}}` + "\n"}, []string{"ci"}, evidence.Gate},
		{"emptied", checktest.Files{"package.json": `{"scripts": {"test": "exit 0", "lint": "eslint ."}}` + "\n"}, []string{"ci"}, evidence.Gate},
		{"threshold", checktest.Files{"codecov.yml": strings.Replace(base["codecov.yml"], "80%", "8%", 1)}, []string{"coverage"}, evidence.Gate},
		{"allowed drop", checktest.Files{"codecov.yml": strings.Replace(base["codecov.yml"], "threshold: 1%", "threshold: 50%", 1)}, []string{"coverage"}, evidence.Gate},
		{"strict", checktest.Files{"tsconfig.json": "{\"compilerOptions\": {\"strict\": false}}\n"}, []string{"strictness"}, evidence.Locator},
		{"deselected", checktest.Files{"pytest.ini": "[pytest]\naddopts = -q --deselect tests/test_a.py::test_b\n"}, []string{"excluded"}, evidence.Gate},
		{"outcomes", checktest.Files{"tests/conftest.py": "import pytest\n\ndef pytest_runtest_makereport(item, call):\n    call.outcome = \"passed\"\n"}, []string{"hook"}, evidence.Gate},
		{"main", checktest.Files{"main_test.go": "package a\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestMain(m *testing.M) {\n\tm.Run()\n\tos.Exit(0)\n}\n"}, []string{"main"}, evidence.Gate},
		{"always equal", checktest.Files{"a.py": "class A:\n    def __eq__(self, other):\n        return True\n"}, []string{"always_equal"}, evidence.Locator},
		{"a result put back", checktest.Files{"main_test.go": "package a\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestMain(m *testing.M) {\n\tcode := m.Run()\n\tif code != 0 {\n\t\tcode = 0\n\t}\n\tos.Exit(code)\n}\n"}, []string{"main"}, evidence.Gate},
		{"an option in quotes", checktest.Files{"pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = [\"tests\"]\naddopts = \"-k 'not slow'\"\n"}, []string{"excluded"}, evidence.Gate},
		{"the runner is gone from a script", checktest.Files{"package.json": `{"scripts": {"test": "eslint .", "lint": "eslint ."}}` + "\n"}, []string{"ci"}, evidence.Gate},
		{"a script goes on", checktest.Files{"package.json": `{"scripts": {"test": "jest --ci; node done.js", "lint": "eslint ."}}` + "\n"}, []string{"ci"}, evidence.Gate},
		{"some of the files", checktest.Files{"globs/package.json": `{"scripts": {"test": "mocha test/a.js test/b.js"}}` + "\n"}, []string{"ci"}, evidence.Gate},
		{"pytest's failure is ignored", checktest.Files{"tox.ini": "[testenv]\ncommands = - pytest {posargs}\n"}, []string{"ci"}, evidence.Gate},
		{"warnings are no errors", checktest.Files{"setup.cfg": "[tool:pytest]\nfilterwarnings =\n    ignore\n"}, []string{"warnings"}, evidence.Locator},
		{"coverage is not checked", checktest.Files{".nycrc": "{\"check-coverage\": false}\n"}, []string{"coverage"}, evidence.Gate},
		{"code replaced for every test", checktest.Files{"tests/conftest.py": "import pytest\nimport shop\n\n\n@pytest.fixture(autouse=True)\ndef quick(monkeypatch):\n    monkeypatch.setattr(shop, \"total\", lambda *a: 3)\n"}, []string{"hook"}, evidence.Locator},
		{"one folder of tests", checktest.Files{"justfile": "check:\n    node --test test/unit/\n"}, []string{"ci"}, evidence.Gate},
		{"no tests in the script", checktest.Files{"package.json": `{"scripts": {"test": "tsc --noEmit", "lint": "eslint ."}}` + "\n"}, []string{"ci"}, evidence.Gate},
		{"one file of tests", checktest.Files{"pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = [\"tests/test_a.py\"]\n"}, []string{"narrowed"}, evidence.Gate},
		{"names no test has", checktest.Files{"pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = [\"tests\"]\npython_files = [\"check_*.py\"]\n"}, []string{"narrowed"}, evidence.Gate},
		{"a test taken away", checktest.Files{"tests/test_a.py": "class ATest:\n    def test_a(self):\n        pass\n\n\ndel ATest.test_a\n"}, []string{"hook"}, evidence.Gate},
		{"code replaced for all", checktest.Files{"tests/conftest.py": "import pytest\nfrom app import Shop\n\n\n@pytest.fixture(autouse=True)\ndef fast(monkeypatch):\n    monkeypatch.setattr(Shop, \"total\", lambda self: 1)\n"}, []string{"hook"}, evidence.Locator},
		{"a module replaced for all", checktest.Files{"test/setup.ts": "vi.mock('../src/money', () => ({ round: (n) => n }));\n"}, []string{"hook"}, evidence.Locator},
		{"equality", checktest.Files{"test/setup.ts": "expect.addEqualityTesters([() => true]);\n"}, []string{"hook"}, evidence.Locator},
		{"a script that swallows", checktest.Files{"package.json": `{"scripts": {"test": "jest --ci || true", "lint": "eslint ."}}` + "\n"}, []string{"ci"}, evidence.Gate},
		{"tolerated with a name", checktest.Files{".github/workflows/ci.yml": workflow + "      - name: more\n        run: go test -tags more ./...\n        continue-on-error: true\n      - run: make docs\n"}, []string{"ci"}, evidence.Gate},
		{"a result not handed on", checktest.Files{"main_test.go": mainHead + "func TestMain(m *testing.M) {\n\t_ = m.Run()\n\tif broken() {\n\t\tos.Exit(1)\n\t}\n}\n"}, []string{"main"}, evidence.Gate},
		{"no threshold", checktest.Files{".coveragerc": strings.Replace(base[".coveragerc"], "fail_under = 80\n", "", 1)}, []string{"coverage"}, evidence.Locator},
		{"one more in a list", checktest.Files{"jest.config.js": strings.Replace(jestConfig, "    \"/vendor/\",\n", "    \"/vendor/\",\n    \"/slow/\",\n", 1)}, []string{"excluded"}, evidence.Gate},
		{"changed code is not counted", checktest.Files{"src/money.js": "module.exports = 1;\n", "jest.config.js": strings.Replace(jestConfig, "    \"/vendor/\",\n  ],\n};", "    \"/vendor/\",\n    \"/src/money.js\",\n  ],\n};", 1)}, []string{"excluded"}, evidence.Locator},
		{"changed Python is not counted", checktest.Files{"app/money.py": "A = 1\n", ".coveragerc": strings.Replace(base[".coveragerc"], "vendor/*\n", "vendor/*\n    app/money.py\n", 1)}, []string{"excluded"}, evidence.Locator},
		{"the runner is gone from a chain", checktest.Files{"chained/package.json": `{"scripts": {"test": "node build.js", "size": "node size.js"}}` + "\n"}, []string{"ci"}, evidence.Gate},
		{"what follows waits no longer", checktest.Files{"scripts/ci.sh": "go test ./...; go vet ./...\n"}, []string{"ci"}, evidence.Gate},

		{"deselected below a dot", checktest.Files{"dotted/.pytest.ini": "[pytest]\naddopts = -q --deselect=tests/test_a.py::test_b\n"}, []string{"excluded"}, evidence.Gate},
		{"deselected in TOML", checktest.Files{"pytest.toml": "[pytest]\naddopts = [\"-q\", \"--deselect=tests/test_a.py::test_b\"]\n"}, []string{"excluded"}, evidence.Gate},
		{"tests kept out of a workspace", checktest.Files{"vitest.workspace.ts": "export default [{ test: {\n  exclude: ['test/slow.test.ts'],\n} }];\n"}, []string{"excluded"}, evidence.Locator},
		{"one kind of tests", checktest.Files{"jest.unit.config.js": strings.Replace(jestConfig, "    \"/vendor/\",\n", "    \"/vendor/\",\n    \"/slow/\",\n", 1)}, []string{"excluded"}, evidence.Gate},
		{"mocha leaves out", checktest.Files{".mocharc.yml": "spec: test\nignore: test/slow.js\n"}, []string{"excluded"}, evidence.Locator},
		{"mocha leaves out by name", checktest.Files{".mocharc.json": "{\n  \"spec\": \"test\",\n  \"grep\": \"fast\"\n}\n"}, []string{"excluded"}, evidence.Locator},
		{"tox ignores an outcome in TOML", checktest.Files{"tox.toml": "[env.test]\nignore_outcome = true\n"}, []string{"ci"}, evidence.Gate},

		{"more of pytest below a dot", checktest.Files{"dotted/.pytest.ini": "[pytest]\naddopts = -q --strict-markers\n"}, nil, ""},
		{"a workspace grows", checktest.Files{"vitest.workspace.ts": "export default [{ test: {\n  name: 'unit',\n} }];\n"}, nil, ""},
		{"mocha waits longer", checktest.Files{".mocharc.yml": "spec: test\ntimeout: 5000\n"}, nil, ""},
		{"another tool ignores", checktest.Files{"jest.unit.config.js": strings.Replace(jestConfig, "};", "  ignore: ['x'],\n};", 1)}, nil, ""},
		{"what is left of a chain runs tests", checktest.Files{"calls/package.json": `{"scripts": {"test": "npm run unit", "unit": "mocha"}}` + "\n"}, nil, ""},
		{"a chain in another order", checktest.Files{"scripts/ci.sh": "go vet ./... && go test ./...\n"}, nil, ""},
		{"the runner is started by another script", checktest.Files{"package.json": `{"scripts": {"test": "npm run unit", "unit": "jest --ci", "lint": "eslint ."}}` + "\n"}, nil, ""},
		{"one more step before the tests", checktest.Files{"package.json": `{"scripts": {"test": "eslint . && jest --ci", "lint": "eslint ."}}` + "\n"}, nil, ""},
		{"more folders by a pattern", checktest.Files{"globs/package.json": `{"scripts": {"test": "mocha test/**/*.js"}}` + "\n"}, nil, ""},
		{"one more setting of warnings", checktest.Files{"setup.cfg": "[tool:pytest]\nfilterwarnings =\n    error\n    ignore::DeprecationWarning\n"}, nil, ""},
		{"tox runs more", checktest.Files{"tox.ini": "[testenv]\ncommands = pytest -x {posargs}\n"}, nil, ""},
		{"coverage is checked", checktest.Files{".nycrc": "{\"check-coverage\": true, \"all\": true}\n"}, nil, ""},
		{"code replaced for tests that ask for it", checktest.Files{"tests/conftest.py": "import pytest\nimport shop\n\n\n@pytest.fixture\ndef quick(monkeypatch):\n    monkeypatch.setattr(shop, \"total\", lambda *a: 3)\n"}, nil, ""},
		{"a clock replaced for every test", checktest.Files{"tests/conftest.py": "import pytest\nimport time\n\n\n@pytest.fixture(autouse=True)\ndef quick(monkeypatch):\n    monkeypatch.setattr(time, \"sleep\", lambda *a: None)\n"}, nil, ""},
		{"a script that checks style swallows", checktest.Files{"package.json": `{"scripts": {"test": "jest --ci", "lint": "eslint . || true"}}` + "\n"}, nil, ""},
		{"a result kept and handed on", checktest.Files{"main_test.go": mainHead + "func TestMain(m *testing.M) {\n\tcode := m.Run()\n\tos.Exit(code)\n}\n"}, nil, ""},
		{"a child of the tests ends", checktest.Files{"main_test.go": mainHead + "func TestMain(m *testing.M) {\n\tif len(os.Args) == 1 {\n\t\tos.Exit(0)\n\t}\n\tos.Exit(m.Run())\n}\n"}, nil, ""},
		{"the base had it", checktest.Files{"old/main_test.go": endsWithSuccess + "\n// more\n"}, nil, ""},
		{"the base had it elsewhere", checktest.Files{"old/main_test.go": "", "new/main_test.go": endsWithSuccess}, nil, ""},
		{"hooks in comments", checktest.Files{"test/setup.ts": "// vi.mock('../src/money', () => 1);\n", "tests/conftest.py": "import pytest\n# collect_ignore = []\n"}, nil, ""},
		{"no target, the drop kept", checktest.Files{"codecov.yml": strings.Replace(base["codecov.yml"], "        target: 80%\n", "", 1)}, nil, ""},
		{"a setting after a list", checktest.Files{"jest.config.js": strings.Replace(jestConfig, "  ],\n  coverage", "  ],\n  verbose: true,\n  coverage", 1)}, nil, ""},
		{"other code is not counted", checktest.Files{"src/sum.js": "module.exports = 1;\n", "jest.config.js": strings.Replace(jestConfig, "    \"/vendor/\",\n  ],\n};", "    \"/vendor/\",\n    \"/src/money.js\",\n  ],\n};", 1)}, nil, ""},
		{"other Python is not counted", checktest.Files{"app/sum.py": "A = 1\n", ".coveragerc": strings.Replace(base[".coveragerc"], "vendor/*\n", "vendor/*\n    app/money.py\n", 1)}, nil, ""},
		{"tests kept out of a build", checktest.Files{"tsconfig.json": "{\"compilerOptions\": {\"strict\": true},\n  \"exclude\": [\"test\"]}\n"}, nil, ""},
		{"sockets replaced for all", checktest.Files{"tests/conftest.py": "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef offline(monkeypatch):\n    monkeypatch.setattr(\"socket.socket.connect\", None)\n"}, nil, ""},
		{"more folders of tests", checktest.Files{"pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = [\"tests\", \"e2e\"]\n", "justfile": "check:\n    node --test test/ e2e/\n"}, nil, ""},
		{"other names of tests", checktest.Files{"pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = [\"tests\"]\npython_files = [\"test_*.py\", \"check_*.py\"]\n"}, nil, ""},
		{"moved to another file", checktest.Files{".github/workflows/ci.yml": strings.Replace(workflow, "      - run: go test ./...\n", "", 1), ".github/workflows/test.yml": workflow}, nil, ""},
		{"more flags", checktest.Files{"Makefile": "test:\n\tgo test -race -count=1 ./...\n"}, nil, ""},
		{"a step that is no test", checktest.Files{".github/workflows/ci.yml": "jobs:\n  docs:\n    steps:\n      - run: make docs\n        continue-on-error: true\n" + strings.TrimPrefix(workflow, "jobs:\n") + ""}, nil, ""},
		{"a higher threshold", checktest.Files{"codecov.yml": strings.Replace(base["codecov.yml"], "80%", "90%", 1)}, nil, ""},
		{"another script", checktest.Files{"package.json": `{"scripts": {"test": "jest --ci", "lint": "echo no"}}` + "\n"}, nil, ""},
		{"handed on", checktest.Files{"main_test.go": "package a\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestMain(m *testing.M) { os.Exit(m.Run()) }\n"}, nil, ""},
		{"goleak", checktest.Files{"main_test.go": "package a\n\nimport \"testing\"\n\nfunc TestMain(m *testing.M) {\n\tgoleak.VerifyTestMain(m)\n}\n"}, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := checktest.Run(t, New(), checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(tt.head)}), checktest.NoExec(t), checktest.Request(evidence.OfRange))
			var rules []string
			for _, f := range got.Findings {
				if f.Level == evidence.Context {
					continue
				}
				rules = append(rules, f.Rule)
				if f.Level != tt.level || f.Path == "" || !strings.HasPrefix(f.Reproduce, "git ") {
					t.Errorf("%+v", f)
				}
			}
			if !slices.Equal(rules, tt.rules) {
				t.Errorf("rules %q, want %q: %+v", rules, tt.rules, got.Findings)
			}
		})
	}
}

func TestNothingChanged(t *testing.T) {
	req := checktest.Request(evidence.OfRange)
	req.Head = req.Base
	if got := checktest.Run(t, New(), checktest.New(t, map[string]checktest.Files{"base": {"a": "a"}}), checktest.NoExec(t), req); got.Status != evidence.Skipped {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
}

// failing are trees whose files cannot be read.
type failing struct{ *checktest.Trees }

func (failing) ReadFile(context.Context, string, string) ([]byte, bool, error) {
	return nil, false, errors.New("disk on fire")
}

func TestUnreadable(t *testing.T) {
	for _, path := range []string{"Makefile", "a_test.go"} {
		trees := failing{checktest.New(t, map[string]checktest.Files{"base": {path: "a"}, "head": {path: "b"}})}
		e, err := check.New(check.Tools{Trees: trees, Exec: checktest.NoExec(t)}, []check.Check{New()}, 1).Judge(t.Context(), checktest.Request(evidence.OfRange))
		if err != nil {
			t.Fatal(err)
		}
		if r := e.Results[0]; r.Status != evidence.CouldNot || !strings.Contains(r.Why, path) {
			t.Errorf("%s: %s %s", path, r.Status, r.Why)
		}
	}
}

// TestPlace looks at where a finding points and what it shows of both sides.
func TestPlace(t *testing.T) {
	for _, tt := range []struct {
		name, head string
		line       int
		detail     string
	}{
		{"a changed line", strings.Replace(workflow, "go test ./...", "go test -short ./...", 1), 5, "was: - run: go test ./...\nis:  - run: go test -short ./..."},
		{"a line that is gone", strings.Replace(workflow, "      - run: go test ./...\n", "", 1), 0, "was: - run: go test ./..."},
		{"a line that is new", workflow + "        continue-on-error: true\n", 6, "is:  continue-on-error: true"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			trees := checktest.New(t, map[string]checktest.Files{"base": {".gitlab-ci.yml": workflow}, "head": {".gitlab-ci.yml": tt.head}})
			got := checktest.Run(t, New(), trees, checktest.NoExec(t), checktest.Request(evidence.OfRange)).Findings
			if len(got) != 1 || got[0].StartLine != tt.line || got[0].Detail != tt.detail {
				t.Errorf("%+v, want one at line %d with %q", got, tt.line, tt.detail)
			}
		})
	}
}

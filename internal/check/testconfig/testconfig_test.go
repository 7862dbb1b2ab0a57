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
		{"emptied", checktest.Files{"package.json": `{"scripts": {"test": "exit 0", "lint": "eslint ."}}` + "\n"}, []string{"ci"}, evidence.Gate},
		{"threshold", checktest.Files{"codecov.yml": strings.Replace(base["codecov.yml"], "80%", "8%", 1)}, []string{"coverage"}, evidence.Gate},
		{"allowed drop", checktest.Files{"codecov.yml": strings.Replace(base["codecov.yml"], "threshold: 1%", "threshold: 50%", 1)}, []string{"coverage"}, evidence.Gate},
		{"strict", checktest.Files{"tsconfig.json": "{\"compilerOptions\": {\"strict\": false}}\n"}, []string{"strictness"}, evidence.Locator},
		{"deselected", checktest.Files{"pytest.ini": "[pytest]\naddopts = -q --deselect tests/test_a.py::test_b\n"}, []string{"excluded"}, evidence.Gate},
		{"outcomes", checktest.Files{"tests/conftest.py": "import pytest\n\ndef pytest_runtest_makereport(item, call):\n    call.outcome = \"passed\"\n"}, []string{"hook"}, evidence.Gate},
		{"main", checktest.Files{"main_test.go": "package a\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestMain(m *testing.M) {\n\tm.Run()\n\tos.Exit(0)\n}\n"}, []string{"main"}, evidence.Gate},
		{"always equal", checktest.Files{"a.py": "class A:\n    def __eq__(self, other):\n        return True\n"}, []string{"always_equal"}, evidence.Locator},
		{"a result put back", checktest.Files{"main_test.go": "package a\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestMain(m *testing.M) {\n\tcode := m.Run()\n\tif code != 0 {\n\t\tcode = 0\n\t}\n\tos.Exit(code)\n}\n"}, []string{"main"}, evidence.Gate},
		{"one folder of tests", checktest.Files{"justfile": "check:\n    node --test test/unit/\n"}, []string{"ci"}, evidence.Gate},
		{"no tests in the script", checktest.Files{"package.json": `{"scripts": {"test": "tsc --noEmit", "lint": "eslint ."}}` + "\n"}, []string{"ci"}, evidence.Gate},
		{"one file of tests", checktest.Files{"pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = [\"tests/test_a.py\"]\n"}, []string{"narrowed"}, evidence.Gate},
		{"names no test has", checktest.Files{"pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = [\"tests\"]\npython_files = [\"check_*.py\"]\n"}, []string{"narrowed"}, evidence.Gate},
		{"a test taken away", checktest.Files{"tests/test_a.py": "class ATest:\n    def test_a(self):\n        pass\n\n\ndel ATest.test_a\n"}, []string{"hook"}, evidence.Gate},
		{"code replaced for all", checktest.Files{"tests/conftest.py": "import pytest\nfrom app import Shop\n\n\n@pytest.fixture(autouse=True)\ndef fast(monkeypatch):\n    monkeypatch.setattr(Shop, \"total\", lambda self: 1)\n"}, []string{"hook"}, evidence.Locator},
		{"a module replaced for all", checktest.Files{"test/setup.ts": "vi.mock('../src/money', () => ({ round: (n) => n }));\n"}, []string{"hook"}, evidence.Locator},
		{"equality", checktest.Files{"test/setup.ts": "expect.addEqualityTesters([() => true]);\n"}, []string{"hook"}, evidence.Locator},

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
	trees := failing{checktest.New(t, map[string]checktest.Files{"base": {"Makefile": "a"}, "head": {"Makefile": "b"}})}
	e, err := check.New(check.Tools{Trees: trees, Exec: checktest.NoExec(t)}, []check.Check{New()}, 1).Judge(t.Context(), checktest.Request(evidence.OfRange))
	if err != nil {
		t.Fatal(err)
	}
	if r := e.Results[0]; r.Status != evidence.CouldNot || !strings.Contains(r.Why, "Makefile") {
		t.Errorf("%s %s", r.Status, r.Why)
	}
}

package languages_test

import (
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
)

// calc is a Python project with tests for pytest.
func calc() checktest.Files {
	return checktest.Files{
		"pyproject.toml":      "[project]\nname = \"calc\"\n",
		"calc/__init__.py":    "",
		"calc/sum.py":         "def add(a, b):\n    return a + b\n",
		"calc/flag.py":        "READY = True\n",
		"calc/api.py":         "def old():\n    return 1\n",
		"calc/waver.py":       "def ok():\n    return True\n",
		"tests/test_sum.py":   "import pytest\nfrom calc.sum import add\n\n\n@pytest.mark.parametrize('n', [1, 2])\ndef test_add(n):\n    assert add(n, 1) == n + 1\n\n\nclass TestZero:\n    def test_zero(self):\n        assert add(0, 0) == 0\n\n\ndef test_red():\n    assert False\n",
		"tests/test_flag.py":  "import pytest\nfrom calc.flag import READY\n\n\ndef test_ready():\n    if not READY:\n        pytest.skip('not ready')\n",
		"tests/test_api.py":   "from calc.api import old\n\n\ndef test_old():\n    assert old() == 1\n",
		"tests/test_waver.py": "from calc.waver import ok\n\n\ndef test_ok():\n    assert ok()\n",
		"tests/data/x.txt":    "x\n",
	}
}

func TestPytest(t *testing.T) {
	t.Parallel()
	x := withPython(t, "pytest", true)
	got := story(t, x, calc(), calc().With(checktest.Files{
		"calc/sum.py":       "def add(a, b):\n    return a - b\n",
		"tests/test_sum.py": "from calc.sum import add\n\n\ndef test_add():\n    assert add(1, 1) == 0\n",
		"calc/flag.py":      "READY = False\n",
		"calc/api.py":       "def new():\n    return 1\n",
		"tests/test_api.py": "from calc.api import new\n\n\ndef test_new():\n    assert new() == 1\n",
		"calc/waver.py":     "import os\n\n\ndef ok():\n    seen = os.path.exists('seen')\n    open('seen', 'w').close()\n    return seen\n",
		"tests/conftest.py": "raise SystemExit(0)\n",
	}),
		"locator failed_and_edited tests/test_sum.py:5",
		"locator skipped tests/test_flag.py:5",
		"locator does_not_compile tests/test_api.py:1",
		"locator flaky tests/test_waver.py:4",
	)
	mentions(t, got, "test_red in tests/test_sum.py does not pass at the base either", "tests/test_api.py do not compile")
	for _, f := range got.Findings {
		if f.Rule == "failed_and_edited" && (!strings.Contains(f.Message, "test_add[1], test_add[2] passes at the base") || !strings.Contains(f.Reproduce, "python3 -m pytest tests/test_sum.py::test_add)")) {
			t.Errorf("%s\n%s", f.Message, f.Reproduce)
		}
	}
}

func TestPytestPasses(t *testing.T) {
	t.Parallel()
	x := withPython(t, "pytest", true)
	got := story(t, x, calc(), calc().With(checktest.Files{"calc/sum.py": "def add(a, b):\n    return b + a\n", "tests/test_flag.py": ""}))
	if got.Status != evidence.Passed {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
}

// Code that ends the test program with success does not pass.
func TestPytestEndedFromWithin(t *testing.T) {
	t.Parallel()
	x := withPython(t, "pytest", true)
	base := calc().With(checktest.Files{"tests/test_api.py": "", "tests/test_waver.py": "", "tests/test_flag.py": ""})
	got := story(t, x, base, base.With(checktest.Files{"calc/sum.py": "import os\nos._exit(0)\n"}),
		"gate missing tests/test_sum.py:0")
	if got.Status != evidence.Failed {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
	// Not with success: nothing is known.
	got = story(t, x, base, base.With(checktest.Files{"calc/sum.py": "import os\nos._exit(3)\n"}))
	if got.Status != evidence.CouldNot {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
}

// A configuration of the head that leaves tests out is seen.
func TestPytestLeftOut(t *testing.T) {
	t.Parallel()
	x := withPython(t, "pytest", true)
	base := calc().With(checktest.Files{"tests/test_waver.py": "", "tests/test_sum.py": "", "calc/api.py": "def old():\n    return 1\n"})
	got := story(t, x, base, base.With(checktest.Files{"pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--ignore=tests/test_api.py'\n", "calc/api.py": "def old():\n    return 2\n"}),
		"locator left_out tests/test_api.py:0")
	if got.Status != evidence.CouldNot {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
}

func TestUnittest(t *testing.T) {
	t.Parallel()
	x := withPython(t, "pytest", false)
	test := func(name, body string) string {
		return "import unittest\nfrom calc." + name + "\n\n\nclass TestIt(unittest.TestCase):\n    def test_it(self):\n        " + body + "\n"
	}
	base := checktest.Files{
		"calc/__init__.py": "", "calc/sum.py": "def add(a, b):\n    return a + b\n", "calc/exits.py": "def stop():\n    return 1\n", "calc/ok.py": "OK = 1\n",
		"calc/setup.py":        "UP = True\n",
		"tests/test_sum.py":    test("sum import add", "self.assertEqual(add(1, 2), 3)"),
		"tests/test_exits.py":  test("exits import stop", "self.assertEqual(stop(), 1)"),
		"tests/test_ok.py":     test("ok import OK", "self.assertEqual(OK, 1)"),
		"tests/test_setup.py":  "import unittest\nfrom calc.setup import UP\n\n\nclass TestUp(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls):\n        assert UP\n\n    def test_up(self):\n        pass\n",
		"tests/test_pytest.py": "def test_plain():\n    pass\n",
	}
	got := story(t, x, base, base.With(checktest.Files{
		"calc/sum.py": "def add(a, b):\n    return a * b\n", "calc/setup.py": "UP = False\n", "calc/ok.py": "OK = 2 - 1\n",
	}), "gate failed tests/test_sum.py:6", "gate failed tests/test_setup.py:0")
	mentions(t, got, "pytest is not importable by python3, and tests/test_pytest.py needs it: install it")

	alone := base.With(checktest.Files{"tests/test_pytest.py": "", "tests/test_sum.py": "", "tests/test_ok.py": "", "tests/test_setup.py": ""})
	story(t, x, alone, alone.With(checktest.Files{"calc/exits.py": "import os\n\n\ndef stop():\n    os._exit(0)\n"}), "gate missing tests/test_exits.py:0")
}

// Needs that are not installed on either side are no fault of the change, and
// no pass.
func TestPythonNeeds(t *testing.T) {
	t.Parallel()
	x := withPython(t, "pytest", true)
	base := checktest.Files{"a.py": "X = 1\n", "test_a.py": "import no_such_module_here\n\n\ndef test_a():\n    pass\n"}
	got := story(t, x, base, base.With(checktest.Files{"a.py": "X = 2\n"}))
	if got.Status != evidence.CouldNot || !strings.Contains(got.Why, "No module named 'no_such_module_here'") || !strings.Contains(got.Why, "install what the tests import") {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
	got = story(t, x, calc(), calc().With(checktest.Files{"README.md": "prose\n"}))
	if got.Status != evidence.Skipped {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
	mentions(t, got, "the Python tests in . were left out")
}

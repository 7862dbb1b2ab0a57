package bodies

import (
	"strings"
	"testing"

	"muster/internal/source"
	"muster/internal/source/reader"
)

// What stands beside tests and keeps them from running.
func TestUnrun(t *testing.T) {
	parser := reader.NewParser("")
	t.Cleanup(func() { _ = parser.Close() })
	const py = "import os\nimport pytest\n\n\ndef test_a():\n    assert f(1) == 1\n\n\nclass Shop(Mixin, unittest.TestCase):\n    kind = 1\n\n    def test_b(self):\n        self.assertEqual(f(2), 2)\n"
	const js = "import { test, describe, expect } from 'vitest';\n\nconst on = 1;\n\ndescribe('a', () => {\n  test('b', () => {\n    expect(f(1)).toBe(1);\n  });\n});\n"
	for _, tt := range []struct{ name, path, was, is, rule string }{
		{"it is deleted", "test_a.py", py, py + "\n\ndel test_a\n", "not_collected"},
		{"something else is deleted", "test_a.py", py, py + "\n\ndel helper\n", ""},
		{"one of a class is deleted", "test_a.py", py, py + "\n\ndel Shop.test_b\n", "not_collected"},
		{"one of a class is nothing", "test_a.py", py, py + "\n\nShop.test_b = None\n", "not_collected"},
		{"it is no test", "test_a.py", py, py + "\n\ntest_a.__test__ = False\n", "not_collected"},
		{"it was none", "test_a.py", py + "\n\ntest_a.__test__ = False\n", py + "\n\ntest_a.__test__ = False\n\nX = 1\n", ""},
		{"one that is inherited", "test_a.py", py, strings.Replace(py, "    kind = 1", "    kind = 1\n    test_pickle = None", 1), "not_collected"},
		{"a member that is no test", "test_a.py", py, strings.Replace(py, "    kind = 1", "    kind = 1\n    latest = None", 1), ""},
		{"a module that nobody has", "test_a.py", py, strings.Replace(py, "import pytest", "import pytest\npytest.importorskip(\"x\")", 1), "skipped"},
		{"a mark on all", "test_a.py", py, strings.Replace(py, "import pytest", "import pytest\npytestmark = pytest.mark.skipif(os.environ.get(\"X\"), reason=\"x\")", 1), "skipped"},
		{"a mark for a version", "test_a.py", py, strings.Replace(py, "import pytest", "import pytest\npytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason=\"x\")", 1), ""},
		{"a mark for a version that does not come", "test_a.py", py, strings.Replace(py, "import pytest", "import pytest\npytestmark = pytest.mark.skipif(sys.version_info < (4,), reason=\"x\")", 1), "skipped"},
		{"another mark", "test_a.py", py, strings.Replace(py, "import pytest", "import pytest\npytestmark = pytest.mark.slow", 1), ""},
		{"below a condition", "test_a.py", py, strings.Replace(py, "def test_a():\n    assert", "if os.environ.get(\"X\"):\n    def test_a():\n        assert", 1), "skipped"},
		{"something else below a condition", "test_a.py", py, strings.Replace(py, "def test_a", "if os.environ.get(\"X\"):\n    x = 1\n\n\ndef test_a", 1), ""},
		{"a new test below a condition", "test_a.py", py, py + "\n\nif os.environ.get(\"X\"):\n    def test_new():\n        assert f(3) == 3\n", ""},
		{"no test case", "test_a.py", py, strings.Replace(py, "Mixin, unittest.TestCase", "Mixin", 1), "not_collected"},
		{"a base of the project", "test_a.py", py, strings.Replace(py, "Mixin, unittest.TestCase", "Mixin, ShopBase", 1), ""},
		{"other mixins", "test_a.py", py, strings.Replace(py, "Mixin, unittest.TestCase", "unittest.TestCase", 1), ""},
		{"a class that pytest finds", "test_a.py", strings.ReplaceAll(py, "Shop", "TestShop"), strings.Replace(strings.ReplaceAll(py, "Shop", "TestShop"), "Mixin, unittest.TestCase", "Mixin", 1), ""},
		{"by another name", "a.test.js", js, strings.Replace(js, "const on = 1;", "const it = process.env.CI ? test.skip : test;", 1), "skipped"},
		{"one or the other", "a.test.js", strings.Replace(js, "describe('a'", "(f.x ? describe : describe.skip)('a'", 1), strings.Replace(js, "describe('a'", "(process.env.X ? describe : describe.skip)('a'", 1), "skipped"},
		{"again and again", "a.test.js", js, strings.Replace(js, "const on = 1;", "jest.retryTimes(5);", 1), "retried"},
		{"no more", "a.test.js", js, strings.Replace(js, "const on = 1;", "jest.retryTimes(0);", 1), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := func(text string) File {
				f, err := parser.Parse(t.Context(), tt.path, []byte(text))
				if err != nil {
					t.Fatal(err)
				}
				return File{Lang: source.LanguageOf(tt.path), Lines: strings.Split(text, "\n"), Tests: f.Tests}
			}
			var rules []string
			for _, w := range Outside(file(tt.was), file(tt.is), func(_, _ string) bool { return true }) {
				rules = append(rules, w.Rule)
			}
			if got := strings.Join(rules, " "); got != tt.rule {
				t.Errorf("found %q, want %q", got, tt.rule)
			}
		})
	}
	if got := Outside(File{Lang: source.Python}, File{Lang: source.Python, Lines: []string{"del test_a"}}, func(_, _ string) bool { return true }); len(got) > 0 {
		t.Errorf("a file without tests: %v", got)
	}
}

// Functions that are new and run before each test.
func TestStep(t *testing.T) {
	for _, tt := range []struct{ name, of, text, rule string }{
		{"it skips", "Case.setUp", "    def setUp(self):\n        if not os.environ.get(\"X\"):\n            self.skipTest(\"x\")", "skipped"},
		{"it skips on a platform", "Case.setUp", "    def setUp(self):\n        if sys.platform == \"win32\":\n            self.skipTest(\"x\")", ""},
		{"it is called", "Case.check", "    def check(self):\n        self.skipTest(\"x\")", ""},
		{"it replaces", "calm", "@pytest.fixture(autouse=True)\ndef calm(monkeypatch):\n    monkeypatch.setattr(utils, \"parse\", parse)", "subject_replaced"},
		{"it replaces the clock", "calm", "@pytest.fixture(autouse=True)\ndef calm(monkeypatch):\n    monkeypatch.setattr(time, \"time\", one)", ""},
		{"it replaces what is not imported", "calm", "@pytest.fixture(autouse=True)\ndef calm(monkeypatch):\n    monkeypatch.setattr(other, \"parse\", parse)", ""},
		{"tests ask for it", "calm", "@pytest.fixture\ndef calm(monkeypatch):\n    monkeypatch.setattr(utils, \"parse\", parse)", ""},
	} {
		lines := strings.Split(tt.text, "\n")
		got := ""
		for _, w := range Step(Body{Test: source.Test{Name: tt.of, Helper: true, Range: source.Range{Start: 1, End: len(lines)}}, Lang: source.Python, Lines: lines}, map[string]bool{"utils": true, "time": true}) {
			got += w.Rule
		}
		if got != tt.rule {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.rule)
		}
	}
}

// An asynchronous test that nobody waits for.
func TestUnwrapped(t *testing.T) {
	for _, tt := range []struct {
		name, was, is string
		fires         bool
	}{
		{"it lost what ran it", "@asynctest\nasync def test_a():\n    assert 1", "async def test_a():\n    assert 1", true},
		{"another runs it", "@asynctest\nasync def test_a():\n    assert 1", "@tornado_test\nasync def test_a():\n    assert 1", false},
		{"the runner runs it", "@pytest.mark.asyncio\nasync def test_a():\n    assert 1", "async def test_a():\n    assert 1", false},
		{"its class runs it", "@asynctest\nasync def test_a():\n    assert 1", "async def test_a():\n    assert 1  # IsolatedAsyncioTestCase", false},
		{"it does not wait", "@asynctest\ndef test_a():\n    assert 1", "def test_a():\n    assert 1", false},
		{"something else", "@slow\nasync def test_a():\n    assert 1", "async def test_a():\n    assert 1", false},
	} {
		body := func(text string) Body {
			lines := strings.Split(text, "\n")
			return Body{Test: source.Test{Name: "test_a", Range: source.Range{Start: 1, End: len(lines)}}, Lang: source.Python, Lines: lines}
		}
		got := Compare(body(tt.was), body(tt.is), nil, nil)
		if fired := len(got) == 1 && got[0].Rule == "dead"; fired != tt.fires || !fired && len(got) > 0 {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

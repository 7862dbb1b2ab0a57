package tamper

import (
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/check/tamper/asked"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// What stands in a file of tests outside of them: each rule where it fires,
// and what looks like it and is nothing.
func TestOutside(t *testing.T) {
	const (
		script = "import { test, expect } from 'vitest';\nimport { f } from '../src/f';\n\nconst ignored = new Set(['a']);\nconst list = load('rows.json');\n\nfor (const t of list.filter((t) => !ignored.has(t.n))) {\n  test(t.n, () => {\n    expect(f(t.n)).toBe(t.out);\n  });\n}\n"
		setup  = "import unittest\n\nimport app\n\n\nclass AppTests(unittest.TestCase):\n    def setUp(self):\n        self.rows = [\n            [\"ab\", b\"x1\"],\n            [\"cd\", b\"x2\"],\n            [\"ef\", b\"x3\"],\n            [\"gh\", b\"x4\"],\n        ]\n\n    def test_rows(self):\n        for a, b in self.rows:\n            self.assertEqual(b, app.f(a))\n"
		util   = "export default (lines: RegExp[]): RegExp =>\n  new RegExp(lines.map((l) => l.source).join('.*'));\n"
		class  = "import app\n\n\nclass TestApp:\n    def test_f(self):\n        assert app.f(1) == 2\n\n    def test_g(self):\n        assert app.g(1) == 3\n"
		skip   = "import sys\n\nimport pytest\n\nimport app\n\n\n@pytest.mark.skipif(sys.platform == \"win32\", reason=\"no pipes\")\ndef test_f():\n    assert app.f(1) == 2\n"
	)
	const listed = "import { test, expect } from 'vitest';\nimport { glob, join } from '../src/g';\n\nrun('join', join, [\n  ['/a/b', '/a/**', true],\n]);\n\nrun('glob', glob, [\n  ['/foo/bar', '/foo/**', true],\n  ['/foo/baz', '/{bar,foo}/**', false],\n  ['/foo/bat', '/{bar}/**', false],\n]);\n\nfunction run(name, fn, rows) {\n  for (const [a, b, c] of rows) {\n    test(`${name}(${a})`, () => {\n      expect(fn(a, b)).toBe(c);\n    });\n  }\n}\n"
	const globs = "export const join = (a: string, b: string) => a + b;\n\nexport function glob(a: string, b: string) {\n  return a === b;\n}\n"
	rows := "  ['/foo/bar', '/foo/**', true],\n  ['/foo/baz', '/{bar,foo}/**', false],\n  ['/foo/bat', '/{bar}/**', false],\n"
	removed := checktest.Files{"src/g.ts": strings.SplitN(globs, "\n\n", 2)[0] + "\n", "test/g.test.ts": strings.NewReplacer("run('glob', glob, [\n"+rows+"]);\n\n", "", "glob, ", "").Replace(listed)}
	base := checktest.Files{"src/g.ts": globs, "test/g.test.ts": listed, "src/f.ts": "export const f = (n: string) => n;\n", "test/f.test.ts": script, "tests/test_app.py": setup, "src/__tests__/utils/match.ts": util, "tests/test_class.py": class, "tests/test_skip.py": skip, "app.py": "def f(n):\n    return 2\n"}
	with := func(path, text string, pairs ...string) checktest.Files {
		return checktest.Files{path: strings.NewReplacer(pairs...).Replace(text)}
	}
	for _, tt := range []struct {
		name  string
		head  checktest.Files
		rule  string
		level evidence.Level
	}{
		{"a loop around tests goes through less", with("test/f.test.ts", script, "of list.filter", "of list.slice(1).filter"), "cases_lost", evidence.Gate},
		{"a loop by another name", with("test/f.test.ts", script, "list", "rows"), "", ""},
		{"more is left out", with("test/f.test.ts", script, "['a']", "['a', 'b']"), "cases_lost", evidence.Locator},
		{"less is left out", with("test/f.test.ts", script, "['a']", "[]"), "", ""},
		{"all is left out", with("test/f.test.ts", script, "['a']", "list.map((t) => t.n)"), "cases_lost", evidence.Locator},
		{"entries of a list are gone", with("tests/test_app.py", setup, "            [\"cd\", b\"x2\"],\n            [\"ef\", b\"x3\"],\n", ""), "entries_lost", evidence.Locator},
		{"entries are others", with("tests/test_app.py", setup, "            [\"cd\", b\"x2\"],\n            [\"ef\", b\"x3\"],\n", "            [\"ij\", b\"x5\"],\n            [\"kl\", b\"x6\"],\n"), "", ""},
		{"entries stand elsewhere", with("tests/test_app.py", setup, "            [\"cd\", b\"x2\"],\n            [\"ef\", b\"x3\"],\n        ]", "        ] + [[\"cd\", b\"x2\"], [\"ef\", b\"x3\"]]"), "", ""},
		{"entries of what is still there are gone", with("test/g.test.ts", listed, rows, ""), "entries_lost", evidence.Locator},
		{"entries go with what they are for", removed, "", ""},
		{"a helper says yes to all", with("src/__tests__/utils/match.ts", "export default (_: RegExp[]): RegExp => /./;\n"), "helper_emptied", evidence.Locator},
		{"a helper is written otherwise", with("src/__tests__/utils/match.ts", util, "(l) => l.source", "(line) => line.source"), "", ""},
		{"a class that pytest does not find", with("tests/test_class.py", class, "class TestApp:", "class AppTests:"), "not_collected not_collected", evidence.Gate},
		{"a class of unittest by its bases, perhaps", with("tests/test_class.py", class, "class TestApp:", "class AppTests(Base):"), "not_collected", evidence.Locator},
		{"a class of unittest", with("tests/test_class.py", class, "class TestApp:", "class AppTests(unittest.TestCase):"), "", ""},
		{"another class that pytest finds", with("tests/test_class.py", class, "class TestApp:", "class TestTheApp:"), "", ""},
		{"the condition of a skip is turned around", with("tests/test_skip.py", skip, "platform ==", "platform !="), "skipped", evidence.Locator},
		{"another reason for the skip", with("tests/test_skip.py", skip, "no pipes", "no named pipes"), "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var rules, said []string
			for _, f := range judgeTrees(t, base, base.With(tt.head), checktest.Request(evidence.OfRange)).Findings {
				if f.Level == evidence.Context {
					continue
				}
				rules, said = append(rules, f.Rule), append(said, f.Message)
				if f.Level != tt.level {
					t.Errorf("%+v", f)
				}
			}
			if got := strings.Join(rules, " "); got != tt.rule {
				t.Errorf("found %q, want %q: %s", got, tt.rule, said)
			}
		})
	}
}

// The values of an entry stand elsewhere where one file of tests has all of
// them.
func TestStandsElsewhere(t *testing.T) {
	for _, tt := range []struct {
		name, entry string
		want        bool
	}{
		{"together", `["cd", 217],`, true},
		{"in two files", `["cd", 318],`, false},
		{"nowhere", `["xy", 419],`, false},
		{"an entry without values", "[],", true},
	} {
		j := judgeOf(asked.Asked{})
		j.head.tests = []*file{textFile("test_a.py", "rows = [\n    [\"ab\", 116],\n    [\"cd\", 217],\n]"), textFile("test_b.py", "row = [\"ef\", 318]")}
		for range 2 { // as a whole, and from what was kept
			if got := standsElsewhere(weakening{j}, j.head.tests[0], tt.entry); got != tt.want {
				t.Errorf("%s: %v", tt.name, got)
			}
		}
	}
}

// What is known of the code that tests may import: its names, the modules that
// changed, and those that are new, beside the code or among the tests.
func TestAround(t *testing.T) {
	j := losses{judgeOf(asked.Asked{})}
	j.code.Texts = [2]string{" gone ( ", "def total ( cart ) "}
	shop, fresh, fake := textFile("src/shop.py", "x = 1"), textFile("src/fresh.py", "y = 2"), textFile("tests/fake.py", "z = 3")
	fresh.status, fake.status, shop.status = change.Added, change.Added, change.Modified
	j.head.code, j.head.tests = []*file{shop, fresh}, []*file{fake, textFile("tests/test_old.py", "w = 4")}
	code := j.around()
	for name, want := range map[string]bool{"total": true, "cart": true, "tota": false, "gone": false} {
		if code.Holds(name) != want {
			t.Errorf("the code holds %s: %v", name, !want)
		}
	}
	for module, want := range map[string]bool{"src.shop": true, "./shop": true, "fresh": true, "other": false, "fake": false} {
		if code.Changed(module) != want {
			t.Errorf("%s changed: %v", module, !want)
		}
	}
	for module, want := range map[string]string{"src.shop": "", "./fresh": "y = 2", "tests.fake": "z = 3", "other": "", "test_old": ""} {
		if got, ok := code.Added(module); got != want || ok != (want != "") {
			t.Errorf("%s is new: %q %v", module, got, ok)
		}
	}
}

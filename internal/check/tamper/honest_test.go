package tamper

import (
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
)

// Honest changes that look like losses, beside what is none.
func TestHonest(t *testing.T) {
	const (
		listCode  = "def parse(text):\n    out = [int(x) for x in text.split('-')]\n    return sorted(out)\n"
		listTest  = "import pytest\nfrom lists import parse\n\n\ndef test_parse():\n    assert parse('1-2') == [1, 2]\n    assert parse('8-5') == [5, 8]\n"
		refuses   = "import pytest\nfrom lists import parse\n\n\ndef test_parse():\n    assert parse('1-2') == [1, 2]\n    with pytest.raises(ValueError):\n        parse('8-5')\n"
		raising   = "def parse(text):\n    out = [int(x) for x in text.split('-')]\n    if out[0] > out[-1]:\n        raise ValueError(text)\n    return sorted(out)\n"
		twice     = "from lists import parse\n\n\ndef test_text(tmp_path):\n    path = tmp_path / 'a.txt'\n    path.write_text('one')\n    rotate(path, keep=5)\n    assert not path.exists()\n    assert (tmp_path / 'a.1.txt').read_text() == 'one'\n\n\ndef test_bare(tmp_path):\n    path = tmp_path / 'a'\n    path.write_text('one')\n    rotate(path, keep=5)\n    assert not path.exists()\n    assert (tmp_path / 'a.1').read_text() == 'one'\n"
		table     = "import pytest\n\n\n@pytest.mark.parametrize('ext', ['.txt', ''])\ndef test_text(tmp_path, ext):\n    path = tmp_path / f'a{ext}'\n    path.write_text('one')\n    rotate(path, keep=5)\n    assert not path.exists()\n    assert (tmp_path / f'a.1{ext}').read_text() == 'one'\n"
		tempTest  = "package a\n\nimport \"testing\"\n\nfunc newFolder(t *testing.T) string {\n\tname, err := makeFolder(\"x\")\n\tif err != nil {\n\t\tt.Error(err)\n\t}\n\treturn name\n}\n\nfunc cleanupAll(t *testing.T) {\n\tif removeAll() > 0 {\n\t\tt.Error(\"left\")\n\t}\n}\n\nfunc TestDouble(t *testing.T) {\n\tdefer cleanupAll(t)\n\tnewFolder(t)\n\tif got := Double(2); got != 4 {\n\t\tt.Errorf(\"got %d\", got)\n\t}\n}\n"
		tempDir   = "package a\n\nimport \"testing\"\n\nfunc newFolder(t *testing.T) string {\n\treturn t.TempDir()\n}\n\nfunc TestDouble(t *testing.T) {\n\tnewFolder(t)\n\tif got := Double(2); got != 4 {\n\t\tt.Errorf(\"got %d\", got)\n\t}\n}\n"
		quietOne  = "package a\n\nimport \"testing\"\n\nfunc newFolder(t *testing.T) string {\n\tname, err := makeFolder(\"x\")\n\t_ = err\n\treturn name\n}\n\nfunc TestDouble(t *testing.T) {\n\tnewFolder(t)\n\tif got := Double(2); got != 4 {\n\t\tt.Errorf(\"got %d\", got)\n\t}\n}\n"
		errorTest = "package a\n\nimport \"testing\"\n\nfunc TestError(t *testing.T) {\n\tfor _, d := range rows {\n\t\t_, err := Open(d.name)\n\t\tif d.want != nil {\n\t\t\tif err.Error() != d.want.Error() {\n\t\t\t\tt.Errorf(\"%v\", err)\n\t\t\t}\n\t\t} else {\n\t\t\tif d.want != err {\n\t\t\t\tt.Errorf(\"%v\", err)\n\t\t\t}\n\t\t}\n\t}\n}\n"
		errorIs   = "package a\n\nimport \"testing\"\n\nfunc TestError(t *testing.T) {\n\tfor _, d := range rows {\n\t\t_, err := Open(d.name)\n\t\tif !errors.Is(err, d.want) {\n\t\t\tt.Errorf(\"%v\", err)\n\t\t}\n\t}\n}\n"
		errorAny  = "package a\n\nimport \"testing\"\n\nfunc TestError(t *testing.T) {\n\tfor _, d := range rows {\n\t\t_, err := Open(d.name)\n\t\tif err == nil && d.want != nil {\n\t\t\tt.Errorf(\"%v\", err)\n\t\t}\n\t}\n}\n"
		timeTest  = "import unittest\nfrom lists import parse\n\n\nclass TimeTest(unittest.TestCase):\n    def test_time(self):\n        t = parse('1')\n        self.assertGreaterEqual(t, 250)\n"
	)
	base := checktest.Files{
		"lists.py": listCode, "tests/test_lists.py": listTest, "tests/test_files.py": twice, "a.go": codeText, "a_test.go": tempTest, "e_test.go": errorTest, "tests/test_time.py": timeTest,
	}
	for _, tt := range []struct {
		name, claim string
		change      checktest.Files
		fires       bool
	}{
		{"a call is refused now", "parse refuses what is reversed", checktest.Files{"lists.py": raising, "tests/test_lists.py": refuses}, false},
		{"nobody says so", "Tidy", checktest.Files{"lists.py": raising, "tests/test_lists.py": refuses}, true},
		{"the code raises nothing more", "parse refuses what is reversed", checktest.Files{"lists.py": strings.Replace(listCode, "sorted(out)", "out", 1), "tests/test_lists.py": refuses}, true},
		{"another call is refused", "parse refuses what is reversed", checktest.Files{"lists.py": raising, "tests/test_lists.py": strings.Replace(refuses, "parse('8-5')", "parse('9-5')", 1)}, true},
		{"two tests are one with a table", "Tidy", checktest.Files{"tests/test_files.py": table}, false},
		{"one of two tests is gone", "Tidy", checktest.Files{"tests/test_files.py": strings.Split(twice, "\n\n\ndef test_bare")[0] + "\n"}, true},
		{"a step that nobody needs", "Tidy", checktest.Files{"a_test.go": tempDir}, false},
		{"a helper that no longer looks", "Tidy", checktest.Files{"a_test.go": quietOne}, true},
		{"an error is held against another", "Tidy", checktest.Files{"e_test.go": errorIs}, false},
		{"any error will do", "Tidy", checktest.Files{"e_test.go": errorAny}, true},
		{"a bound that moves a little", "Tidy", checktest.Files{"lists.py": raising, "tests/test_time.py": strings.Replace(timeTest, "250", "245", 1)}, false},
		{"a bound that moves", "Tidy", checktest.Files{"lists.py": raising, "tests/test_time.py": strings.Replace(timeTest, "250", "25", 1)}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := checktest.Request(evidence.OfRange)
			req.Claim = tt.claim
			var found []string
			for _, f := range judgeTrees(t, base, base.With(tt.change), req).Findings {
				if f.Level != evidence.Context {
					found = append(found, f.Rule+" "+string(f.Level))
				}
			}
			if (len(found) > 0) != tt.fires {
				t.Errorf("found %v", found)
			}
		})
	}
}

// A case of a table that takes any value, and one that works its value out with
// the code that it tests.
func TestCasesThatAskForLess(t *testing.T) {
	const test = "import pytest\nfrom shop import label\n\n\n@pytest.mark.parametrize(('n', 'a', 'b', 'want'), [\n    (111, 'a', 'bb', 'one one one'),\n    (222, 'aa', 'b', 'two two two'),\n])\ndef test_label(n, a, b, want):\n    assert label(n) == want\n"
	base := checktest.Files{"shop.py": "def label(n):\n    return ' '.join(str(n))\n", "tests/test_shop.py": test}
	code := "def label(n):\n    return ' '.join(str(n)) + '.'\n"
	for _, tt := range []struct{ name, code, is, want string }{
		{"any value", code, "(222, 'aa', 'b', mock.ANY)", "loosened"},
		{"worked out", code, "(222, 'aa', 'b', label(222))", "computed"},
		{"worked out with something else", code, "(222, 'aa', 'b', words(222))", ""},
	} {
		got := ""
		req := checktest.Request(evidence.OfRange)
		req.Claim = "Tidy"
		for _, f := range judgeTrees(t, base, base.With(checktest.Files{"shop.py": tt.code, "tests/test_shop.py": strings.Replace(test, "(222, 'aa', 'b', 'two two two')", tt.is, 1)}), req).Findings {
			if f.Level != evidence.Context {
				got += f.Rule
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A test that is gone, and whose text still stands in a comment, asks a person
// even where the author says what was taken out.
func TestOnlyComment(t *testing.T) {
	const test = "import { it, expect } from 'vitest';\nimport { label } from '../label';\n\nit('labels', () => {\n  expect(label(1)).toBe('one');\n});\n\nit('labels more', () => {\n  expect(label(22222)).toBe('many');\n});\n"
	base := checktest.Files{"label.js": "export function label(n) {\n  if (n > 100) return 'many';\n  return 'one';\n}\n", "test/label.test.js": test}
	code := "export function label(n) {\n  return 'one';\n}\n"
	more := "it('labels more', () => {\n  expect(label(22222)).toBe('many');\n});\n"
	for is, want := range map[string]evidence.Level{"/* later\n" + more + "*/\n": evidence.Locator, "": evidence.Context} {
		req := checktest.Request(evidence.OfRange)
		req.Claim = "Remove what label says of many"
		level := evidence.Level("")
		for _, f := range judgeTrees(t, base, base.With(checktest.Files{"label.js": code, "test/label.test.js": strings.Replace(test, more, is, 1)}), req).Findings {
			if f.Rule == "test_lost" {
				level = f.Level
			}
		}
		if level != want {
			t.Errorf("%q: %q, want %q", is, level, want)
		}
	}
}

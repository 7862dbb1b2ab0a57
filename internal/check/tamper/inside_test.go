package tamper

import (
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/check/tamper/asked"
	"muster/internal/check/tamper/bodies"
	"muster/internal/check/tamper/pairs"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

const shopTest = `import shop
from shop import total

CASES = [1, 2, 3]


def rows():
    return load(FIXTURE)


def test_total():
    for n in CASES:
        assert total(n) == 2


def test_one():
    n = 1
    assert total(n) == 2


def test_amount():
    assert shop.amount(5) == 7
`

// Each case changes what stands around the assertions of a test; what is
// found, with its level.
func TestInside(t *testing.T) {
	base := checktest.Files{"shop.py": "def total(n):\n    return 2\n\n\ndef amount(n):\n    return n + 2\n", "tests/test_shop.py": shopTest, "tests/test_gone.py": "from shop import total\n\n\ndef test_gone():\n    assert total(77) == 2\n"}
	edit := func(pairs ...string) checktest.Files {
		return checktest.Files{"tests/test_shop.py": strings.NewReplacer(pairs...).Replace(shopTest)}
	}
	for _, tt := range []struct {
		name, claim, want string
		change            checktest.Files
	}{
		{"fewer cases", "Tidy", "cases_lost gate", edit("in CASES:", "in CASES[:1]:")},
		{"fewer cases, and the author says so", "Remove what repeats in test_total", "cases_lost locator", edit("in CASES:", "in CASES[:1]:")},
		{"it leaves early", "Tidy", "leaves_early locator", edit("    n = 1\n", "    n = 1\n    if not ready:\n        return\n")},
		{"a copy of the code", "Tidy", "subject_replaced gate", edit("def rows", "def amount(n):\n    return 7\n\n\ndef rows", "shop.amount(5)", "amount(5)")},
		{"a function that gives nothing", "Tidy", "gives_nothing locator", edit("    return load(FIXTURE)\n", "    try:\n        return load(FIXTURE)\n    except OSError:\n        return []\n")},
		{"a file that is gone", "Tidy", "test_lost gate", checktest.Files{"tests/test_gone.py": ""}},
		{"another name for a value", "Tidy", "", edit("for n in CASES", "for c in CASES", "        assert total(n) == 2", "        assert total(c) == 2")},
		{"twice below conditions", "Test on Windows", "", checktest.Files{"tests/test_os.py": "import sys\nfrom shop import total\n\nif sys.platform == 'win32':\n    def test_os():\n        assert total(1) == 2\nelse:\n    def test_os():\n        assert not total(12345) == [3, 4, 'x']\n"}},
		{"twice, with a condition between", "Test more", "shadowed gate", checktest.Files{"tests/test_os.py": "from shop import total\n\n\ndef test_os():\n    assert total(1) == 2\n\n\nif total(1):\n    X = 1\nelse:\n    X = 2\n\n\ndef test_os():\n    assert not total(12345) == [3, 4, 'x']\n"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := checktest.Request(evidence.OfRange)
			req.Claim = tt.claim
			got := judgeTrees(t, base, base.With(tt.change), req)
			var found []string
			for _, f := range got.Findings {
				if f.Level != evidence.Context {
					found = append(found, f.Rule+" "+string(f.Level))
				}
			}
			if all := strings.Join(found, ", "); all != tt.want || got.Status == evidence.CouldNot {
				t.Errorf("found %q, want %q: %+v", all, tt.want, got)
			}
		})
	}
}

// Of two definitions below the branches of one condition only one is there.
func TestApart(t *testing.T) {
	for _, tt := range []struct {
		name, between, before, after string
		want                         bool
	}{
		{"else", "else:", "    ", "    ", true},
		{"elif", "elif b:", "    ", "    ", true},
		{"except", "except ImportError:", "    ", "    ", true},
		{"another line", "x = 1", "    ", "    ", false},
		{"nothing", "", "    ", "    ", false},
		{"a branch of its own", "    else:", "    ", "    ", false},
		{"at the top", "else:", "", "", false},
		{"a setter", "@x.setter", "", "", true},
		{"an overload", "@overload", "", "", true},
	} {
		f := textFile("test_a.py", "if a:\n"+tt.before+"def test_a(): pass\n"+tt.between+"\n"+tt.after+"def test_a(): pass\nelse:\n    x = 1\n")
		if got := apart(f, testIn(f, "test_a", 2, 2), testIn(f, "test_a", 4, 4)); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// More of what stands around assertions: where the code changed or not, and
// steps that run before the tests.
func TestInsideMore(t *testing.T) {
	const (
		code   = "def total(n):\n    return 2\n"
		rounds = "import shop\nfrom shop import total\n\n\ndef test_rounds():\n    for n in range(100):\n        assert total(n) == 2\n"
		before = "import pytest\nimport shop\nfrom shop import total\n\n\n@pytest.fixture(autouse=True)\ndef quick(monkeypatch):\n    monkeypatch.setattr(shop, 'total', lambda n: 2)\n\n\ndef test_quick():\n    assert total(1) == 2\n"
	)
	base := checktest.Files{"shop.py": code, "tests/test_shop.py": rounds, "tests/test_quick.py": before}
	other := strings.Replace(code, "return 2", "return n - n + 2", 1)
	fewer := strings.Replace(rounds, "range(100)", "range(10)", 1)
	fixture, _, _ := strings.Cut(strings.TrimPrefix(before, "import pytest\nimport shop\nfrom shop import total\n\n\n"), "def test_quick")
	for _, tt := range []struct {
		name, want string
		change     checktest.Files
	}{
		{"fewer rounds, and the code changed", "cases_lost locator, input_moved locator", checktest.Files{"shop.py": other, "tests/test_shop.py": fewer}},
		{"fewer rounds, to take less time", "", checktest.Files{"tests/test_shop.py": fewer}},
		{"something else in place of the code", "subject_replaced locator", checktest.Files{"tests/test_shop.py": strings.Replace(rounds, "def test_rounds", fixture+"def test_rounds", 1)}},
		{"it was there before", "", checktest.Files{"tests/test_quick.py": before + "    assert total(3) == 2\n"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := checktest.Request(evidence.OfRange)
			req.Claim = "Tidy"
			var found []string
			for _, f := range judgeTrees(t, base, base.With(tt.change), req).Findings {
				if f.Level != evidence.Context {
					found = append(found, f.Rule+" "+string(f.Level))
				}
			}
			if all := strings.Join(found, ", "); all != tt.want {
				t.Errorf("found %q, want %q", all, tt.want)
			}
		})
	}
}

// An assertion that came in place of another and compares the code with itself
// points, if the test does otherwise what it did.
func TestSwappedInside(t *testing.T) {
	const was = "test('a', () => {\n  const input = load('x');\n  store(input);\n  index(input);\n  expect(bare(clean(input))).toBe(bare(other(input)));\n});"
	is := strings.Replace(was, "  expect(bare(clean(input))).toBe(bare(other(input)));", "  const once = clean(input);\n  expect(clean(once)).toBe(once);", 1)
	gone := source.Assertion{Strength: source.Exact, Text: "expect(bare(clean(input))).toBe(bare(other(input)))", Subject: "bare(clean(input))", Expected: "bare(other(input))", Range: source.Range{Start: 5, End: 5}}
	came := source.Assertion{Strength: source.Exact, Text: "expect(clean(once)).toBe(once)", Subject: "clean(once)", Expected: "once", Range: source.Range{Start: 6, End: 6}}
	for _, tt := range []struct{ name, is, want string }{
		{"the test does what it did", is, "self_compared locator"},
		{"the test does something else", strings.NewReplacer("load('x')", "make('y')", "store(input)", "keep(input)", "index", "order").Replace(is), ""},
	} {
		j := judgeOf(asked.Asked{Claim: "Tidy"})
		t0, h := paired(wholeTest("a.test.ts", "a", was), wholeTest("a.test.ts", "a", tt.is))
		t0.Assertions, h.Assertions = []source.Assertion{gone}, []source.Assertion{came}
		weakening{j}.inside(t0, h, pairs.Pairing{Removed: t0.Assertions, Added: h.Assertions})
		if got := told(j); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Types are new among the tests that no file of tests of the base has.
func TestWithTypes(t *testing.T) {
	types := func(names ...string) []*file {
		f := &file{}
		for _, n := range names {
			f.facts.Types = append(f.facts.Types, source.Type{Name: n})
		}
		return []*file{f}
	}
	j := losses{judgeOf(asked.Asked{})}
	j.base.tests, j.head.tests = types("Kept", "Gone"), types("Kept", "New")
	for range 2 { // worked out, and kept
		if got := checktest.Words(j.withTypes(bodies.Body{}).Own); got != "New" {
			t.Errorf("new types: %q", got)
		}
	}
	j.own = checktest.Set("Known")
	if got := checktest.Words(j.withTypes(bodies.Body{}).Own); got != "Known" {
		t.Errorf("types that are known: %q", got)
	}
}

package tamper

import (
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
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

package tamper

import (
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
)

const cartCode = `class Cart:
    def __init__(self, rate):
        self.rate = rate

    def add_up(self, items):
        if not items:
            raise ValueError("empty")
        return sum(items) * self.rate
`

const cartTest = `import pytest
from cart import Cart


def test_adds_up():
    assert Cart(2).add_up([1, 2]) == 6


def test_keeps_the_rate():
    assert Cart(2).add_up([10]) == 20


def test_refuses_nothing():
    with pytest.raises(ValueError):
        Cart(2).add_up([])
`

// What is tested has another name: tests go on under that name, and one that
// does not is lost.
func TestRenamedCode(t *testing.T) {
	base := checktest.Files{"cart.py": cartCode, "tests/test_cart.py": cartTest}
	code := strings.ReplaceAll(cartCode, "add_up", "total")
	tests := strings.ReplaceAll(cartTest, "add_up", "total")
	drop := func(text, test string) string {
		before, after, _ := strings.Cut(text, "def "+test)
		_, after, more := strings.Cut(after, "\n\n\ndef ")
		if !more {
			return before
		}
		return before + "def " + after
	}
	for _, tt := range []struct {
		name, want string
		change     checktest.Files
	}{
		{"all go on", "", checktest.Files{"cart.py": code, "tests/test_cart.py": tests}},
		{"all go on, under other names", "", checktest.Files{"cart.py": code, "tests/test_cart.py": strings.NewReplacer("adds_up", "total", "keeps_the_rate", "total_of_one", "refuses_nothing", "total_of_nothing").Replace(tests)}},
		{"one does not", "test_lost gate", checktest.Files{"cart.py": code, "tests/test_cart.py": drop(tests, "test_refuses_nothing")}},
		{"one expects less", "loosened gate", checktest.Files{"cart.py": code, "tests/test_cart.py": strings.Replace(tests, "== 20", "> 0", 1)}},
		{"one is what is gone", "", checktest.Files{"cart.py": strings.Split(cartCode, "    def add_up")[0] + "    def other(self):\n        return 1\n", "tests/test_cart.py": "from cart import Cart\n\n\ndef test_other():\n    assert Cart(2).other() == 1\n"}},
		{"the name is still used by tests", "", checktest.Files{"cart.py": code, "tests/test_cart.py": strings.Replace(tests, "assert Cart(2).total([1, 2]) == 6", "assert other.add_up([1, 2]) == 6\n    assert Cart(2).total([1, 2]) == 6", 1)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := checktest.Request(evidence.OfRange)
			req.Claim = "Tidy"
			got := judgeTrees(t, base, base.With(tt.change), req)
			var found []string
			for _, f := range got.Findings {
				if f.Level != evidence.Context {
					found = append(found, f.Rule+" "+string(f.Level))
				}
			}
			if all := strings.Join(found, ", "); all != tt.want {
				t.Errorf("found %q, want %q: %+v", all, tt.want, got.Findings)
			}
		})
	}
}

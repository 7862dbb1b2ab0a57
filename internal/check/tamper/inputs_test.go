package tamper

import (
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/check/tamper/asked"
	"muster/internal/check/tamper/pairs"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// Each case changes the code, and an input of a test; what is said to be
// given, and what was.
func TestInputs(t *testing.T) {
	const many = "from app import fits\n\n\ndef test_many():\n    text = 'b' * 11\n    more = [text, text.upper(), text.lower(), text.title()]\n    for one in more:\n        assert fits(one) == False\n"
	const opts = "from app import fits\n\n\ndef test_opts():\n    got = fits('a')\n    assert got.wordCase\n"
	named := strings.NewReplacer("TestTable", "TestNamed", `{"two", 2, 4}`, `{name: "two", n: 2, want: 4}`, `{"three", 3, 6}`, `{name: "three", n: 3, want: 6}`).Replace(tableTest)
	base := checktest.Files{"app.py": limitCode, "tests/test_app.py": limitTest, "go/a.go": codeText, "go/t_test.go": tableTest, "go/named_test.go": named, "tests/test_many.py": many, "tests/test_opts.py": opts}
	broken := strings.Replace(limitCode, "<= LIMIT", "<= LIMIT + 1", 1)
	other := strings.Replace(codeText, "2 * n", "n + n", 1)
	test := func(pairs ...string) checktest.Files {
		return checktest.Files{"app.py": broken, "tests/test_app.py": strings.NewReplacer(pairs...).Replace(limitTest)}
	}
	table := func(was, is string) checktest.Files {
		return checktest.Files{"go/a.go": other, "go/t_test.go": strings.Replace(tableTest, was, is, 1)}
	}
	renamed := checktest.Files{"app.py": broken, "tests/test_many.py": strings.NewReplacer("'b' * 11", "'b' * 12", "test_many", "test_boundary").Replace(many)}
	const moved = `given "12" where the base gave it "11"`
	for _, tt := range []struct {
		name, task, claim, want string
		change                  checktest.Files
	}{
		{"in a line", "", "Tidy", moved, test("'b' * 11", "'b' * 12")},
		{"in an assertion", "", "Tidy", `given "9" where the base gave it "10"`, test("'a' * 10", "'a' * 9")},
		{"in a case", "", "Tidy", `given "5" where the base gave it "3"`, table("3, 6}", "5, 6}")},
		{"the name of a case", "", "Tidy", "", checktest.Files{"go/a.go": other, "go/named_test.go": strings.Replace(named, "three", "trio", 1)}},
		{"beside a new case", "", "Tidy", "", table("3, 6},", "5, 6},\n\t\t{\"thousand\", 1000, 2000},")},
		{"one digit that changes in the code too", "", "Tidy", "", checktest.Files{"app.py": strings.Replace(limitCode, "10", "7", 1) + "\n\ndef more():\n    return 8\n", "tests/test_app.py": limitTest}},
		{"a name that says what is asked, as the author does", "", "Check the boundary", "", renamed},
		{"another name of which nobody speaks", "", "Tidy", moved, renamed},
		{"another member", "", "Tidy", `looks at "wordcase" where the base looked at "wordCase"`, checktest.Files{"app.py": broken, "tests/test_opts.py": strings.Replace(opts, "wordCase", "wordcase", 1)}},
		{"another member, which the code has", "", "Tidy", "", checktest.Files{"app.py": broken + "\n\ndef more(a):\n    a.wordcase = 1\n", "tests/test_opts.py": strings.Replace(opts, "wordCase", "wordcase", 1)}},
		{"another variable", "", "Tidy", "", checktest.Files{"app.py": broken, "tests/test_opts.py": strings.ReplaceAll(opts, "got", "it")}},
		{"the author speaks of the test", "", "Count the length again", "", test("'b' * 11", "'b' * 12")},
		{"there is a task, and the author speaks of the test", "Print it", "Count the length again", moved, test("'b' * 11", "'b' * 12")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := checktest.Request(evidence.OfTask)
			req.Task, req.Claim = tt.task, tt.claim
			var found []string
			for _, f := range judgeTrees(t, base, base.With(tt.change), req).Findings {
				if f.Rule == "input_moved" {
					found = append(found, f.Message)
				}
			}
			if all := strings.Join(found, "; "); (all == "") != (tt.want == "") || len(found) > 1 || !strings.Contains(strings.ReplaceAll(all, `\"`, ""), tt.want) {
				t.Errorf("found %q, want %q", all, tt.want)
			}
		})
	}
}

// An assertion that claims the same of another input has moved.
func TestMoves(t *testing.T) {
	for is, want := range map[string]string{`equal(total, 4, "of 12")`: `"of 11" "of 12"`, `equal(total, 4, "of 11")`: "", `equal( total, 4, "of 11" )`: ""} {
		j := judgeOf(asked.Asked{})
		was, now := paired(wholeTest("a_test.go", "TestA", "x"), wholeTest("a_test.go", "TestA", "x"))
		moving{j}.moves(was, now, pairs.Pairing{Kept: []pairs.Paired{{Was: source.Assertion{Text: `equal(total, 4, "of 11")`}, Is: source.Assertion{Text: is}}}})
		got := ""
		for _, m := range j.movedInputs {
			got += strings.Join(m.old, " ") + " " + strings.Join(m.now, " ")
		}
		if got != want {
			t.Errorf("%s: %s, want %s", is, got, want)
		}
		j.movedInputs, was.Helper = nil, true
		if (moving{j}).moves(was, now, pairs.Pairing{Kept: []pairs.Paired{{Was: source.Assertion{Text: "a(1)"}, Is: source.Assertion{Text: "a(2)"}}}}); len(j.movedInputs) > 0 {
			t.Error("what helps tests has no input")
		}
	}
}

// An assertion that asks the same of another object, or of another function
// than the one that changed.
func TestOtherObject(t *testing.T) {
	code := "def total(cart):\n    return sum(cart)\n\n\ndef count(cart):\n    return len(cart)\n"
	test := "from shop import total, count\n\n\ndef test_shop():\n    small = make(1)\n    large = make(2)\n    check(small, large)\n    assert large.price == 22\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n    assert count([7, 7]) == 2\n"
	base := checktest.Files{"shop.py": code, "tests/test_shop.py": test}
	broken := strings.Replace(code, "sum(cart)", "sum(cart[1:])", 1)
	for _, tt := range []struct{ name, code, was, is, want string }{
		{"another object", broken, "assert large.price", "assert small.price", "small"},
		{"an object by another name", broken, "large", "big", ""},
		{"no code changed", code, "assert large.price", "assert small.price", ""},
		{"another function", broken, "assert total([1, 2]) == 3", "assert count([1, 2]) == 3", "count"},
		{"the function that changed", strings.Replace(code, "len(cart)", "len(cart) + 0", 1), "assert total([1, 2]) == 3", "assert count([1, 2]) == 3", ""},
		{"a function by another name", strings.ReplaceAll(broken, "total", "amount"), "total", "amount", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := checktest.Request(evidence.OfRange)
			req.Claim = "Tidy"
			var found []string
			for _, f := range judgeTrees(t, base, base.With(checktest.Files{"shop.py": tt.code, "tests/test_shop.py": strings.ReplaceAll(test, tt.was, tt.is)}), req).Findings {
				if f.Rule == "input_moved" {
					found = append(found, f.Message)
				}
			}
			if all := strings.Join(found, "; "); (all == "") != (tt.want == "") || !strings.Contains(all, tt.want) {
				t.Errorf("found %q, want %q", all, tt.want)
			}
		})
	}
}

// A function of the tests that alters what it reads points where the code
// changed, and is nothing where it did not or where more is asked beside it.
func TestBent(t *testing.T) {
	code := "def total(cart):\n    return sum(cart)\n"
	test := "from shop import total\n\n\ndef ask(cart):\n    return total(cart)\n\n\ndef test_total():\n    assert ask([1, 2]) == 3\n"
	base := checktest.Files{"shop.py": code, "tests/test_shop.py": test}
	bent := strings.Replace(test, "return total(cart)", "return abs(total(cart))", 1)
	broken := strings.Replace(code, "sum(cart)", "-sum(cart)", 1)
	for _, tt := range []struct{ name, code, test, claim, want string }{
		{"the code changed", broken, bent, "Tidy", "bent locator"},
		{"it did not", code, bent, "Tidy", ""},
		{"more is asked", broken, bent + "\n\ndef test_more():\n    assert total([4]) == -4\n", "Tidy", ""},
		{"taken back", broken, bent, "Revert \"Tidy\"\n\nThis reverts commit 0123456789abcdef.", ""},
	} {
		req := checktest.Request(evidence.OfRange)
		req.Claim = tt.claim
		got := ""
		for _, f := range judgeTrees(t, base, base.With(checktest.Files{"shop.py": tt.code, "tests/test_shop.py": tt.test}), req).Findings {
			if f.Rule == "bent" {
				got += f.Rule + " " + string(f.Level)
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A function that serves tests and works otherwise points where the code
// changed, nothing more is asked, and the change is no sweep through all tests.
func TestHelperChanged(t *testing.T) {
	code := "def total(cart):\n    return sum(cart)\n"
	test := "from shop import total\n\n\ndef same(a, b):\n    return a == b\n\n\ndef test_total():\n    assert same(total([1, 2]), 3)\n"
	base := checktest.Files{"shop.py": code, "tests/test_shop.py": test}
	swept := checktest.Files{}
	for _, n := range []string{"a", "b", "c", "d", "e"} {
		name := "tests/test_" + n + ".py"
		base[name] = "def test_" + n + "():\n    assert f('" + n + "') == '" + n + n + "'\n"
		swept[name] = "# swept\n" + base[name]
	}
	eased := strings.Replace(test, "a == b", "a <= b + 1", 1)
	broken := strings.Replace(code, "sum(cart)", "sum(cart) + 1", 1)
	for _, tt := range []struct {
		name   string
		change checktest.Files
		want   string
	}{
		{"the code changed", checktest.Files{"shop.py": broken, "tests/test_shop.py": eased}, "helper_changed locator"},
		{"it did not", checktest.Files{"tests/test_shop.py": eased}, ""},
		{"more is asked", checktest.Files{"shop.py": broken, "tests/test_shop.py": eased + "\n\ndef test_more():\n    assert total([4]) == 5\n"}, ""},
		{"a sweep", swept.With(checktest.Files{"shop.py": broken, "tests/test_shop.py": eased}), ""},
	} {
		req := checktest.Request(evidence.OfRange)
		req.Claim = "Tidy"
		got := ""
		for _, f := range judgeTrees(t, base, base.With(tt.change), req).Findings {
			if f.Level != evidence.Context {
				got += f.Rule + " " + string(f.Level)
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

package bodies

import (
	"strings"
	"testing"

	"muster/internal/source"
	"muster/internal/source/reader"
)

// Each case is a test before and after, and the rule that must fire; none
// stands for a change with which nothing is wrong.
func TestCompare(t *testing.T) {
	parser := reader.NewParser("")
	t.Cleanup(func() { _ = parser.Close() })
	for _, tt := range []struct{ name, path, was, is, rule string }{
		{"a slice of the cases", "a_test.go", "for _, c := range cases {\n\tcheck(t, c)\n}", "for _, c := range cases[:1] {\n\tcheck(t, c)\n}", "cases_lost"},
		{"cases that are filtered", "a.test.ts", "for (const c of cases) {\n  expect(f(c)).toBe(c.want);\n}", "for (const c of cases.filter((c) => c.ok)) {\n  expect(f(c)).toBe(c.want);\n}", "cases_lost"},
		{"fewer values", "test_a.py", "for n in [0, -1, 7]:\n    assert f(n) == 1", "for n in [0]:\n    assert f(n) == 1", "cases_lost"},
		{"more values", "test_a.py", "for n in [0, -1, 7]:\n    assert f(n) == 1", "for n in [0, -1, 7, 9]:\n    assert f(n) == 1", ""},
		{"a loop by another name", "a_test.go", "for _, c := range cases {\n\tcheck(t, c)\n}", "for _, tc := range cases {\n\tcheck(t, tc)\n}", ""},
		{"a case that is left out", "a_test.go", "for _, c := range []struct{ name string }{\n\t{\"one\"},\n\t{\"two\"},\n} {\n\tif f(c.name) != 1 {\n\t\tt.Error(1)\n\t}\n}", "for _, c := range []struct{ name string }{\n\t{\"one\"},\n\t{\"two\"},\n} {\n\tif c.name == \"two\" {\n\t\tcontinue\n\t}\n\tif f(c.name) != 1 {\n\t\tt.Error(1)\n\t}\n}", "cases_lost"},
		{"a guard that names no case", "a_test.go", "for _, c := range cases {\n\tif f(c) != 1 {\n\t\tt.Error(1)\n\t}\n}", "for _, c := range cases {\n\tif c == nil {\n\t\tcontinue\n\t}\n\tif f(c) != 1 {\n\t\tt.Error(1)\n\t}\n}", ""},
		{"a testing.T of its own", "a_test.go", "if f() != 1 {\n\tt.Error(1)\n}", "t = &testing.T{}\nif f() != 1 {\n\tt.Error(1)\n}", "dead"},
		{"one that it had before", "a_test.go", "var m testing.T\ncheck(&m)\nif f() != 1 {\n\tt.Error(1)\n}", "var m testing.T\ncheck(&m)\nif f() != 1 {\n\tt.Error(2)\n}", ""},
		{"a goroutine nobody waits for", "a_test.go", "if f() != 1 {\n\tt.Error(1)\n}", "go func() {\n\tif f() != 1 {\n\t\tt.Error(1)\n\t}\n}()", "dead"},
		{"a goroutine that is waited for", "a_test.go", "if f() != 1 {\n\tt.Error(1)\n}", "wg.Add(1)\ngo func() {\n\tdefer wg.Done()\n\tif f() != 1 {\n\t\tt.Error(1)\n\t}\n}()\nwg.Wait()", ""},
		{"a timer", "a.test.js", "expect(f()).toBe(1);", "setTimeout(() => {\n  expect(f()).toBe(1);\n}, 10);", "dead"},
		{"a function nobody calls", "test_a.py", "assert f() == 1", "def look():\n    assert f() == 1", "dead"},
		{"a function that is called", "test_a.py", "assert f() == 1", "def look():\n    assert f() == 1\nlook()", ""},
		{"each part of a result", "a.test.ts", "expect(parts(1)).toEqual([2]);", "parts(1).forEach((p) => {\n  expect(p).toEqual(2);\n});", "each_of_result"},
		{"each part of a named result", "a.test.ts", "const found = parts(1);\nexpect(found).toEqual([2]);", "const found = parts(1);\nfound.forEach((p) => {\n  expect(p).toEqual(2);\n});", "each_of_result"},
		{"each part of a name that says little", "a.test.ts", "const ps = parts(1);\nexpect(ps).toEqual([2]);", "const ps = parts(1);\nps.forEach((p) => {\n  expect(p).toEqual(2);\n});", ""},
		{"what the code gives, twice", "a_test.go", "if got := double(2); got != 4 {\n\tt.Error(got)\n}", "want := double(2)\nif got := double(2); got != want {\n\tt.Error(got)\n}", "self_compared"},
		{"a named value", "a_test.go", "if got := double(2); got != 4 {\n\tt.Error(got)\n}", "want := 4\nif got := double(2); got != want {\n\tt.Error(got)\n}", ""},
		{"an expected value is worked out", "a_test.go", "for _, c := range cases {\n\tif got := double(c.n); got != c.want {\n\t\tt.Error(got)\n\t}\n}", "for _, c := range cases {\n\tc.want = double(c.n)\n\tif got := double(c.n); got != c.want {\n\t\tt.Error(got)\n\t}\n}", "self_compared"},
		{"a result gets a name", "a_test.go", "if got := double(2); got != 4 {\n\tt.Error(got)\n}", "got := double(2)\nif got != 4 {\n\tt.Error(got)\n}", ""},
		{"it leaves before its assertions", "test_a.py", "n = 1\nassert f(n) == 1", "n = 1\nif not ready:\n    return\nassert f(n) == 1", "leaves_early"},
		{"it is another test", "test_a.py", "n = 1\nassert f(n) == 1", "n = 2\nif not ready:\n    return\nassert f(n) == 1", ""},
		{"the subject is patched", "test_a.py", "assert total(2) == 4", "with mock.patch(\"pkg.total\", return_value=4) as total:\n    assert total(2) == 4", "subject_replaced"},
		{"something else is patched", "test_a.py", "assert total(2) == 4", "with mock.patch(\"pkg.clock\", return_value=4):\n    assert total(2) == 4", ""},
		{"a spy answers", "a.test.ts", "expect(cart.total(2)).toBe(4);", "vi.spyOn(cart, 'total').mockReturnValue(4);\nexpect(cart.total(2)).toBe(4);", "subject_replaced"},
		{"a spy only looks", "a.test.ts", "expect(cart.total(2)).toBe(4);", "const spy = vi.spyOn(cart, 'total');\nexpect(cart.total(2)).toBe(4);", ""},
		{"a double of the subject", "test_a.py", "assert Rates(1).total() == 4", "rates = Mock(spec=Rates)\nassert rates.total() == 4", "subject_replaced"},
		{"the answer of a double", "test_a.py", "fetch = Mock(side_effect=[1])\nassert Rates(fetch).ask() == 4", "fetch = Mock(return_value=4)\nassert fetch() == 4", "subject_replaced"},
		{"a golden file is written first", "a_test.go", "want := readGolden(t)\nif f() != want {\n\tt.Error(1)\n}", "os.WriteFile(golden, f(), 0o600)\nwant := readGolden(t)\nif f() != want {\n\tt.Error(1)\n}", "rewrites_expected"},
		{"cases by a name in words", "a.test.ts", "for (const c of cases) {\n  expect(f(c)).toBe(c.want);\n}", "for (const c of cases.named('all if any')) {\n  expect(f(c)).toBe(c.want);\n}", ""},
		{"a guard that names none of the cases", "a_test.go", "for _, c := range []struct{ name string }{\n\t{\"one\"},\n\t{\"two\"},\n} {\n\tif f(c.name) != 1 {\n\t\tt.Error(1)\n\t}\n}", "for _, c := range []struct{ name string }{\n\t{\"one\"},\n\t{\"two\"},\n} {\n\tif env(\"three\") == nil {\n\t\tcontinue\n\t}\n\tif f(c.name) != 1 {\n\t\tt.Error(1)\n\t}\n}", ""},
		{"the answer of a double that the test had", "test_a.py", "assert fetch() == 4", "fetch = Mock(return_value=4)\nassert fetch() == 4", "subject_replaced"},
		{"a timer in one line", "a.test.js", "expect(f()).toBe(1);", "setTimeout(() => expect(f()).toBe(1), 10);", "dead"},
		{"a double of something else", "test_a.py", "assert total(2) == 4", "clock = Mock(return_value=4)\nassert total(clock) == 4", ""},
		{"a promise nobody waits for", "a.test.ts", "await expect(f()).rejects.toThrow('x');", "void expect(f()).rejects.toThrow('x');", "dead"},
		{"a promise that is returned", "a.test.ts", "await expect(f()).rejects.toThrow('x');", "return expect(f()).rejects.toThrow('x');", ""},
		{"what was awaited is no promise", "a.test.ts", "await expect(f()).toBe(1);", "expect(f()).toBe(1);", ""},
		{"an error is not handed on", "a.test.js", "run((err) => {\n  expect(1).toBe(f());\n  done(err);\n});", "run((err) => {\n  expect(1).toBe(f());\n  done();\n});", "dead"},
		{"an error is handed on otherwise", "a.test.js", "run((err) => {\n  expect(1).toBe(f());\n  done(err);\n});", "run((err) => {\n  expect(1).toBe(f());\n  finish(err);\n});", ""},
		{"a loop that never runs", "a.test.js", "for (let i = 1; i < last; i++) {\n  expect(f(i)).toBe(i);\n}", "for (let i = 1; i < 1; i++) {\n  expect(f(i)).toBe(i);\n}", "dead"},
		{"a loop that runs once", "a.test.js", "for (let i = 1; i < 3; i++) {\n  expect(f(i)).toBe(i);\n}", "for (let i = 1; i <= 1; i++) {\n  expect(f(i)).toBe(i);\n}", ""},
		{"what it expects is the result", "test_a.py", "got = total(2)\nwant = 4\nassert got == want", "got = total(2)\nwant = got\nassert got == want", "self_compared"},
		{"what it expects is laid out otherwise", "a.test.js", "const cmd = program\n  .command('sub')\n  .action(called);\nexpect(called).toBe(cmd);", "const cmd = program.command('sub').action(called);\nexpect(called).toBe(cmd);", ""},
		{"what it expects is what it called before", "test_a.py", "assert shop.total_of(2, 3) == expected", "expected = shop.total_of(2, 3)\nassert shop.total_of(2, 3) == expected", "self_compared"},
		{"what it expects is worked out from the result", "test_a.py", "got = total(2)\nassert got == {1: 2}", "got = total(2)\nexpected = dict(got.items())\nassert got == expected", "self_compared"},
		{"what it expects is worked out from what is given", "test_a.py", "got = total(num)\nassert got == 4", "got = total(num)\nexpected = num * 2\nassert got == expected", ""},
		{"the result stands on both sides", "a_test.go", "if got := c.Keys[0]; got != \"a\" {\n\tt.Error(got)\n}", "if got := c.Keys[0]; got != c.Keys[0] {\n\tt.Error(got)\n}", "self_compared"},
		{"nothing is held against what cases expect", "a_test.go", "for _, c := range []struct{ n, want int }{\n\t{n: 1, want: 2},\n} {\n\tif got := f(c.n); got != c.want {\n\t\tt.Errorf(\"%d, want %d\", got, c.want)\n\t}\n}", "for _, c := range []struct{ n, want int }{\n\t{n: 1, want: 2},\n} {\n\tif got := f(c.n); got < 0 {\n\t\tt.Errorf(\"%d, want %d\", got, c.want)\n\t}\n}", "expectation_unused"},
		{"what cases expect has another name", "a_test.go", "for _, c := range []struct{ n, want int }{\n\t{n: 1, want: 2},\n} {\n\tif got := f(c.n); got != c.want {\n\t\tt.Error(got)\n\t}\n}", "for _, c := range []struct{ n, sum int }{\n\t{n: 1, sum: 2},\n} {\n\tif got := f(c.n); got != c.sum {\n\t\tt.Error(got)\n\t}\n}", ""},
		{"what cases expect is looked at by a function", "a_test.go", "for _, c := range []struct{ n, want int }{\n\t{n: 1, want: 2},\n} {\n\tif got := f(c.n); got != c.want {\n\t\tt.Error(got)\n\t}\n}", "for _, c := range []struct{ n, want int }{\n\t{n: 1, want: 2},\n} {\n\tif got := f(c.n); !near(got, c.want) {\n\t\tt.Error(got)\n\t}\n}", ""},
		{"a function of the project is replaced", "a.test.js", "expect(jwt.decode('x')).toBe(null);", "jwt.decode = () => null;\nexpect(jwt.decode('x')).toBe(null);", "subject_replaced"},
		{"an answer of its own", "test_a.py", "signer = Signer(1)\nassert not signer.validate(2)", "signer = Signer(1)\nmonkeypatch.setattr(Signer, \"verify\", lambda *a: False)\nassert not signer.validate(2)", "subject_replaced"},
		{"an answer of the clock", "test_a.py", "signer = Signer(1)\nassert not signer.validate(2)", "signer = Signer(1)\nmonkeypatch.setattr(time, \"time\", lambda: 0)\nassert not signer.validate(2)", ""},
		{"an answer of its own for something else", "test_a.py", "signer = Signer(1)\nassert not signer.validate(2)", "signer = Signer(3)\nmonkeypatch.setattr(Signer, \"verify\", lambda *a: False)\nassert not signer.validate(2)", ""},
		{"a panic ends it well", "a_test.go", "if f() != 1 {\n\tt.Error(1)\n}", "defer func() {\n\tif r := recover(); r != nil {\n\t\tt.Log(r)\n\t}\n}()\nif f() != 1 {\n\tt.Error(1)\n}", "dead"},
		{"a panic ends a subtest well", "a_test.go", "for range 3 {\n\tif f() != 1 {\n\t\tt.Error(1)\n\t}\n}", "for range 3 {\n\tdefer func() { _ = recover() }()\n\tif f() != 1 {\n\t\tt.Error(1)\n\t}\n}", "dead"},
		{"a panic is asked for", "a_test.go", "if f() != 1 {\n\tt.Error(1)\n}", "defer func() {\n\tif r := recover(); r == nil {\n\t\tt.Error(r)\n\t}\n}()\nif f() != 1 {\n\tt.Error(1)\n}", ""},
		{"a panic ended it well before", "a_test.go", "defer func() { recover() }()\nif f() != 1 {\n\tt.Error(1)\n}", "defer func() {\n\trecover()\n}()\nif f() != 1 {\n\tt.Error(1)\n}", ""},
		{"it leaves for what it compares", "test_a.py", "got = f(1)\nassert got == 1", "got = f(1)\nif got.zone is None:\n    return\nassert got == 1", "leaves_early"},
		{"it leaves where there is nothing", "test_a.py", "got = f(1)\nassert got == 1", "got = f(1)\nif other.zone is None:\n    return\nassert got == 1", ""},
		{"a member is a double", "test_a.py", "r = Retry(1)\nassert r.wait(1) == 4", "r = Retry(1)\nr.wait = mock.Mock(side_effect=[4])\nassert r.wait(1) == 4", "subject_replaced"},
		{"a method is a double", "a.test.js", "expect(run(1)).toBe(4);", "t.mock.method(JSON, 'parse', () => ({ a: 1 }));\nexpect(run(1)).toBe(4);", "subject_replaced"},
		{"a method of the clock is a double", "a.test.js", "expect(run(1)).toBe(4);", "t.mock.method(Date, 'now', () => 3);\nexpect(run(1)).toBe(4);", ""},
		{"the result of an if stands in it as before", "a_test.go", "got := v.Compare(w)\nwant := c.want\nif got != want {\n\tt.Error(got)\n}", "if got := v.Compare(w); got != c.want {\n\tt.Error(got)\n}", ""},
		{"it is written when asked to", "a_test.go", "want := readGolden(t)\nif f() != want {\n\tt.Error(1)\n}", "if *update {\n\tos.WriteFile(golden, f(), 0o600)\n}\nwant := readGolden(t)\nif f() != want {\n\tt.Error(1)\n}", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			was, is := bodyOf(t, parser, tt.path, tt.was), bodyOf(t, parser, tt.path, tt.is)
			var rules []string
			for _, w := range Compare(was, is, inOrder(was, is), nil) {
				rules = append(rules, w.Rule)
				if w.At.Start < is.Start || w.At.End > is.End || w.Message == "" {
					t.Errorf("%+v", w)
				}
			}
			if got := strings.Join(rules, " "); got != tt.rule {
				t.Errorf("found %q, want %q", got, tt.rule)
			}
		})
	}
}

// A test that calls a new function of the tests by the name of the project's.
func TestOwnCopy(t *testing.T) {
	parser := reader.NewParser("")
	t.Cleanup(func() { _ = parser.Close() })
	for _, tt := range []struct {
		name, was, is, own string
		fires              bool
	}{
		{"a copy", "assert shop.total(2) == 4", "n = 2\nassert total(n) == 4", "total", true},
		{"in other letters", "assert shop.Total(2) == 4", "n = 2\nassert total(n) == 4", "total", true},
		{"another name", "assert shop.total(2) == 4", "n = 2\nassert amount(n) == 4", "amount", false},
		{"both", "assert shop.total(2) == 4", "assert shop.total(2) == total(2)", "total", false},
		{"the project's", "assert shop.total(2) == 4", "assert shop.total(2) == 5", "total", false},
		{"as before", "assert total(2) == 4", "assert total(2) == 5", "total", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			was, is := bodyOf(t, parser, "test_a.py", tt.was), bodyOf(t, parser, "test_a.py", tt.is)
			got := Compare(was, is, nil, map[string]bool{tt.own: true})
			if fired := len(got) == 1 && got[0].Rule == "subject_replaced" && strings.Contains(got[0].Is, "total("); fired != tt.fires || !fired && len(got) > 0 {
				t.Errorf("%+v", got)
			}
		})
	}
}

// bodyOf wraps statements into a test of the language and reads it.
func bodyOf(t *testing.T, parser *reader.Parser, path, text string) Body {
	t.Helper()
	head, tail, by := "package a\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) {\n", "}\n", "\t"
	switch source.LanguageOf(path) {
	case source.Python:
		head, tail, by = "import pytest\n\ndef test_a():\n", "", "    "
	case source.JavaScript, source.TypeScript:
		head, tail, by = "import { it } from 'vitest';\n\nit('a', () => {\n", "});\n", "  "
	}
	whole := head + by + strings.ReplaceAll(text, "\n", "\n"+by) + "\n" + tail
	f, err := parser.Parse(t.Context(), path, []byte(whole))
	if err != nil || len(f.Tests) == 0 {
		t.Fatalf("%v, %d tests in\n%s", err, len(f.Tests), whole)
	}
	return Body{Test: f.Tests[0], Lang: source.LanguageOf(path), Lines: strings.Split(whole, "\n")}
}

// inOrder pairs the assertions of a body with those of what it became, one by
// one.
func inOrder(was, is Body) []Pair {
	var out []Pair
	for i, a := range was.Assertions[:min(len(was.Assertions), len(is.Assertions))] {
		out = append(out, Pair{a, is.Assertions[i]})
	}
	return out
}

// Functions that only serve tests are compared too.
func TestSupport(t *testing.T) {
	for _, tt := range []struct{ name, was, is, rule string }{
		{"skips what calls it", "def setUp(self):\n    self.a = 1", "def setUp(self):\n    if not os.environ.get(\"X\"):\n        self.skipTest(\"no X\")\n    self.a = 1", "skipped"},
		{"skips on a platform", "def setUp(self):\n    self.a = 1", "def setUp(self):\n    if sys.platform == \"win32\":\n        self.skipTest(\"no pipes\")\n    self.a = 1", ""},
		{"gives nothing", "def rows():\n    return load(FIXTURE)", "def rows():\n    try:\n        return load(FIXTURE)\n    except OSError:\n        return []", "gives_nothing"},
		{"gives the first", "def rows():\n    return list(csv.reader(f))", "def rows():\n    return list(csv.reader(f))[:1]", "cases_lost"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := func(text string) Body {
				lines := strings.Split(text, "\n")
				return Body{Test: source.Test{Name: "f", Helper: true, Range: source.Range{Start: 1, End: len(lines)}}, Lang: source.Python, Lines: lines}
			}
			var rules []string
			for _, w := range Compare(body(tt.was), body(tt.is), nil, nil) {
				rules = append(rules, w.Rule)
			}
			if got := strings.Join(rules, " "); got != tt.rule {
				t.Errorf("found %q, want %q", got, tt.rule)
			}
		})
	}
}

// An assertion in place of another that compares the code with itself.
func TestSwapped(t *testing.T) {
	parser := reader.NewParser("")
	t.Cleanup(func() { _ = parser.Close() })
	for is, want := range map[string]bool{
		"const once = clean(input);\nexpect(clean(once)).toBe(once);": true,
		"const once = 'a';\nexpect(clean(once)).toBe(once);":          false,
	} {
		was, now := bodyOf(t, parser, "a.test.ts", "expect(bare(clean(input))).toBe(bare(new URL(input).href));"), bodyOf(t, parser, "a.test.ts", is)
		got := Swapped(was, now, []Pair{{was.Assertions[0], now.Assertions[0]}})
		if (len(got) == 1 && got[0].Rule == "self_compared") != want || !want && len(got) > 0 {
			t.Errorf("%s: %+v", is, got)
		}
	}
}

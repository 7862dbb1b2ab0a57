package pairs

import (
	"strings"
	"testing"

	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

// Each way to ask for less fires, and what looks like it does not.
func TestWeaker(t *testing.T) {
	exact := func(subject, text string) source.Assertion {
		return source.Assertion{Strength: source.Exact, Subject: subject, Text: text}
	}
	truth := func(subject, text string) source.Assertion {
		return source.Assertion{Strength: source.Truth, Subject: subject, Text: text}
	}
	raises := func(class, text string) source.Assertion {
		return source.Assertion{Strength: source.Partial, Subject: "raises", Expected: class, Text: text}
	}
	for _, tt := range []struct {
		name    string
		lang    source.Language
		was, is source.Assertion
		rule    string
		sure    bool
	}{
		{"an alternative", source.Python, truth("ok(x)", "assert ok(x)"), truth("ok(x)", "assert ok(x) or x"), "alternative", false},
		{"an alternative of JavaScript", source.JavaScript, truth("ok(x)", "assert(ok(x))"), truth("ok(x)", "assert(ok(x) || x.length)"), "alternative", false},
		{"in Go another condition to fail under", source.Go, exact("got", `if got != 3 { t.Fatal("x") }`), exact("got", `if got != 3 && strict { t.Fatal("x") }`), "alternative", false},
		{"in Go a message with both", source.Go, exact("got", `if got != 3 { t.Fatal("x") }`), exact("got", `if got != 3 { t.Fatal("x && y") }`), "", false},
		{"in Go one more reason to fail", source.Go, exact("got", `if got != 3 { t.Fatal("x") }`), exact("got", `if got != 3 || bad { t.Fatal("x") }`), "", false},
		{"an alternative that was there", source.Python, truth("a", "assert a or b"), truth("a", "assert a or c"), "", false},
		{"one of many", source.Go, exact("x", `Expect(x).To(Equal("a"))`), exact("x", `Expect(x).To(SatisfyAny(Equal("a"), Equal("b")))`), "alternative", false},
		{"a part that everything has", source.Go, exact("x", `Expect(x).To(Equal("a"))`), exact("x", `Expect(x).To(ContainSubstring(""))`), "loosened", true},
		{"a part that says something", source.Go, exact("x", `Expect(x).To(Equal("a"))`), exact("x", `Expect(x).To(ContainSubstring("a"))`), "", false},
		{"a pattern that everything has", source.TypeScript, exact("x", "expect(x).toThrow(match([/no/, /bad/]))"), exact("x", "expect(x).toThrow(match([/no/, /.*/]))"), "loosened", true},
		{"any error", source.Python, raises("shop.StockError", "self.assertRaises(shop.StockError, f)"), raises("Exception", "self.assertRaises(Exception, f)"), "loosened", true},
		{"another error", source.Python, raises("shop.StockError", "self.assertRaises(shop.StockError, f)"), raises("ValueError", "self.assertRaises(ValueError, f)"), "", false},
		{"any error as before", source.Python, raises("BaseException", "self.assertRaises(BaseException, f)"), raises("Exception", "self.assertRaises(Exception, f)"), "", false},
		{"Go's functions for errors", source.Go, truth("err", "require.NoError(t, err)"), truth("err", "require.Error(t, err)"), "", false},
		{"the type of it", source.Go, exact("b", "if !reflect.DeepEqual(a, b) { t.Fatal(a) }"), exact("reflect.TypeOf(a)", "if reflect.TypeOf(a) != reflect.TypeOf(b) { t.Fatal(a) }"), "loosened", false},
		{"the length of it", source.Python, exact("rows", "assert rows == want"), exact("len(rows)", "assert len(rows) == len(want)"), "loosened", false},
		{"the beginning of it", source.Python, exact("text", "assert text == want"), exact("text[:3]", "assert text[:3] == want[:3]"), "loosened", false},
		{"a method of it", source.Python, exact("text", "assert text == want"), exact("text.render()", "assert text.render() == want"), "", false},
		{"another name that holds it", source.Python, exact("a", "assert a == want"), exact("len(data)", "assert len(data) == 3"), "", false},
		{"no order", source.Python, exact("list(f(x))", "assert list(f(x)) == [3, 1]"), exact("sorted(f(x))", "assert sorted(f(x)) == [1, 3]"), "unordered", false},
		{"the order of something else", source.Python, exact("list(f(x))", "assert list(f(x)) == [3, 1]"), exact("sorted(g(x))", "assert sorted(g(x)) == [1, 3]"), "", false},
		{"no order as before", source.Python, exact("set(f(x))", "assert set(f(x)) == {3, 1}"), exact("sorted(f(x))", "assert sorted(f(x)) == [1, 3]"), "", false},
		{"both sides through one function", source.TypeScript, exact("join(t.input)", "expect(join(t.input)).toBe(t.out)"), exact("squash(join(t.input))", "expect(squash(join(t.input))).toBe(squash(t.out))"), "loosened", false},
		{"both sides through another function", source.TypeScript, exact("bare(join(t.input))", "expect(bare(join(t.input))).toBe(bare(t.out))"), exact("squash(join(t.input))", "expect(squash(join(t.input))).toBe(squash(t.out))"), "", false},
		{"both sides and something else", source.TypeScript, exact("join(t.input)", "expect(join(t.input)).toBe(t.out)"), exact("squash(other(t.text))", "expect(squash(other(t.text, 1, 2))).toBe(squash(t.want))"), "", false},
		{"one side through a function", source.TypeScript, exact("join(t.input)", "expect(join(t.input)).toBe(t.out)"), exact("squash(join(t.input))", "expect(squash(join(t.input))).toBe(t.out)"), "", false},
		{"a bound ten times as far", source.JavaScript, truth("d", "assert.ok(d >= 590 && d <= 650)"), truth("d", "assert.ok(d >= 590 && d <= 65_000)"), "tolerance", true},
		{"a lower bound let out", source.JavaScript, truth("d", "assert.ok(d >= 590 && d <= 650)"), truth("d", "assert.ok(d >= 10 && d <= 650)"), "tolerance", false},
		{"a little further", source.JavaScript, truth("d", "assert.ok(d >= 590 && d <= 650)"), truth("d", "assert.ok(d >= 590 && d <= 750)"), "", false},
		{"closer", source.JavaScript, truth("d", "assert.ok(d <= 650)"), truth("d", "assert.ok(d <= 65)"), "", false},
		{"in Go's if the other way around", source.Go, truth("d", `if d > 10 { t.Fatal(d) }`), truth("d", `if d > 1000 { t.Fatal(d) }`), "tolerance", true},
		{"in Go's if closer", source.Go, truth("d", `if d < 10 { t.Fatal(d) }`), truth("d", `if d < 1000 { t.Fatal(d) }`), "", false},
		{"a matcher of bounds", source.TypeScript, truth("d", "expect(d).toBeLessThan(5)"), truth("d", "expect(d).toBeLessThan(500)"), "tolerance", true},
		{"a matcher of lower bounds", source.TypeScript, truth("d", "expect(d).toBeGreaterThan(500)"), truth("d", "expect(d).toBeGreaterThan(5)"), "tolerance", false},
		{"a number that is no bound", source.TypeScript, exact("d", "expect(d).toBe(5)"), exact("d", "expect(d).toBe(500)"), "", false},
		{"a call with itself", source.Python, exact("f(x)", "assert f(x) == want"), exact("f(x)", "assert f(x) == f(x)"), "self_compared", true},
		{"a call with another", source.Python, exact("f(x)", "assert f(x) == want"), exact("f(x)", "assert f(x) == f(y)"), "", false},
		{"the length and more", source.Go, exact("got", "if got != want { t.Fatal(got) }"), exact("len(got)", "if len(got) != 1 || got[0] != want { t.Fatal(got) }"), "", false},
		{"a range for a number", source.Python, source.Assertion{Strength: source.Partial, Subject: "len(rows)", Expected: "3", Text: "assert len(rows) == 3"}, source.Assertion{Strength: source.Partial, Subject: "len(rows)", Expected: "1", Text: "assert len(rows) >= 1"}, "loosened", true},
		{"a range as before", source.Python, source.Assertion{Strength: source.Partial, Subject: "len(rows)", Expected: "3", Text: "assert len(rows) >= 3"}, source.Assertion{Strength: source.Partial, Subject: "len(rows)", Expected: "2", Text: "assert len(rows) >= 2"}, "", false},
		{"a fallback on what it expects", source.TypeScript, source.Assertion{Strength: source.Exact, Subject: "e[1]", Expected: "'a'", Text: "equal(e[1], 'a')"}, source.Assertion{Strength: source.Exact, Subject: "e[1] ?? 'a'", Expected: "'a'", Text: "equal(e[1] ?? 'a', 'a')"}, "self_compared", true},
		{"a fallback on something else", source.TypeScript, source.Assertion{Strength: source.Exact, Subject: "e[1]", Expected: "'a'", Text: "equal(e[1], 'a')"}, source.Assertion{Strength: source.Exact, Subject: "e[1] ?? 'b'", Expected: "'a'", Text: "equal(e[1] ?? 'b', 'a')"}, "", false},
		{"any error that is thrown", source.TypeScript, source.Assertion{Strength: source.Partial, Subject: "throws f", Text: "assert.throws(f, /bad/)"}, source.Assertion{Strength: source.Partial, Subject: "throws f", Text: "assert.throws(f, () => true)"}, "loosened", true},
		{"the negative half is gone", source.Go, truth("", "if c.ok && want != got || !c.ok && want == got { t.Error(1) }"), truth("", "if c.ok && want != got { t.Error(1) }"), "loosened", false},
		{"one of two conditions", source.Python, truth("a.ok and b.n == 2", "assert a.ok and b.n == 2"), truth("a.ok", "assert a.ok"), "loosened", false},
		{"one of two conditions of JavaScript", source.TypeScript, truth("a.ok && b.n === 2", "assert(a.ok && b.n === 2)"), truth("a.ok", "assert(a.ok)"), "loosened", false},
		{"one of two that are enough", source.Python, truth("a.ok or b.n == 2", "assert a.ok or b.n == 2"), truth("a.ok", "assert a.ok"), "", false},
		{"in Go the error is looked at elsewhere", source.Go, truth("", "if err != nil || got != want { t.Error(1) }"), truth("", "if got != want { t.Error(1) }"), "", false},
		{"in Go both in another order", source.Go, truth("", "if a != 1 || b != 2 { t.Error(1) }"), truth("", "if b != 2 || a != 1 { t.Error(1) }"), "", false},
		{"a list in no order", source.TypeScript, source.Assertion{Strength: source.Partial, Subject: "f(x)", Text: "expect(f(x)).toMatchObject(want)"}, source.Assertion{Strength: source.Partial, Subject: "f(x).sort()", Text: "expect(f(x).sort()).toMatchObject([...want].sort())"}, "unordered", false},
		{"a list in an order of its own", source.TypeScript, exact("f(x)", "expect(f(x)).toEqual(want)"), exact("f(x).sort((a, b) => a - b)", "expect(f(x).sort((a, b) => a - b)).toEqual(want)"), "unordered", false},
		{"an entry of what is sorted", source.TypeScript, source.Assertion{Strength: source.Partial, Subject: "f(x)", Text: "expect(f(x)).toContain(1)"}, source.Assertion{Strength: source.Partial, Subject: "f(x).sort()", Text: "expect(f(x).sort()).toContain(1)"}, "", false},
		{"nothing", source.Python, truth("ok(x)", "assert ok(x)"), truth("ok(x)", "assert ok(x)"), "", false},
		{"it could never fail", source.Python, source.Assertion{Strength: source.Trivial, Text: "assert True"}, truth("x", "assert True or x"), "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, ok := Weaker(Paired{tt.was, tt.is}, tt.lang)
			if w.Rule != tt.rule || ok != (tt.rule != "") || w.Sure != tt.sure {
				t.Errorf("%v %+v", ok, w)
			}
		})
	}
}

func TestComparisons(t *testing.T) {
	for subject, want := range map[string]bool{"proto.Equal(a, b)": true, "reflect.DeepEqual(a, b)": true, "isEqual(a, b)": true, "a.Valid()": false, "equality": false} {
		if IsComparison(subject) != want {
			t.Errorf("%s: %v", subject, !want)
		}
	}
}

// The parts that the rules are made of.
func TestParts(t *testing.T) {
	for text, want := range map[string]string{"if got != 3 { t.Fatal(1) }": "if got != 3", "if got": "if got", "assert a { b }": "assert a { b }"} {
		if got := held(text); strings.TrimPrefix(got, "if ") != strings.TrimPrefix(want, "if ") {
			t.Errorf("%q is held as %q", text, got)
		}
	}
	scan := func(text string) []words.Token { return words.Scan(text, source.Python) }
	if !subsequence(scan("a c"), scan("a b c")) || subsequence(scan("c a"), scan("a b c")) || subsequence(scan("a d"), scan("a b c")) {
		t.Error("subsequence")
	}
	if !within(scan("( a c )"), scan("a b c")) || within(scan("a c"), scan("a b c")) || within(scan("( c a )"), scan("a b c")) {
		t.Error("within")
	}
	for _, tt := range [][4]string{{"f(a, b)", "f(a, c)", "b", "c"}, {"f(a)", "f(a)", "", ""}, {"f(a.b, c)", "f(d, c)", "a.b", "d"}, {"x x", "x", "x", ""}} {
		x, y := difference(scan(tt[0]), scan(tt[1]))
		if words.TextOf(x) != tt[2] || words.TextOf(y) != tt[3] {
			t.Errorf("%s and %s: %q %q", tt[0], tt[1], words.TextOf(x), words.TextOf(y))
		}
	}
	was := source.Assertion{Strength: source.Exists, Subject: "throws f", Text: "assert.throws(f, RangeError)"}
	is := source.Assertion{Strength: source.Exists, Subject: "throws f", Text: "assert.throws(f, Error)"}
	if w, ok := Weaker(Paired{was, is}, source.JavaScript); !ok || w.Rule != "loosened" {
		t.Errorf("%v %+v", ok, w)
	}
}

func TestNearly(t *testing.T) {
	for _, tt := range []struct {
		was, is string
		text    string
		want    bool
	}{
		{"250", "245", "assertGreaterEqual(t, ", true},
		{"250", "255", "assertGreaterEqual(t, ", true},
		{"250", "200", "assertGreaterEqual(t, ", false},
		{"25", "24.9", "assertGreaterEqual(t, ", false},
		{"250", "245", "assertEqual(t, ", false},
		{"x", "245", "assertGreaterEqual(t, ", false},
		{"250", "x", "assertGreaterEqual(t, ", false},
		{"100", "99", "assertLess(t, ", true},
		{"100", "95", "assertLess(t, ", false},
	} {
		k := Paired{Was: source.Assertion{Text: tt.text + tt.was + ")", Expected: tt.was}, Is: source.Assertion{Text: tt.text + tt.is + ")", Expected: tt.is}}
		if got := Nearly(k); got != tt.want {
			t.Errorf("%s %s to %s: %v", tt.text, tt.was, tt.is, got)
		}
	}
	if Nearly(Paired{Was: source.Assertion{Text: "assertLess(t, 250)", Expected: "250"}, Is: source.Assertion{Text: "assertTrue(t, 251)", Expected: "251"}}) {
		t.Error("what asks for something else is no bound")
	}
}

// What one assertion asked for together may stand in several.
func TestApart(t *testing.T) {
	whole := source.Assertion{Strength: source.Truth, Text: "if a != 1 || b.n != 2 { t.Error(1) }"}
	first := source.Assertion{Strength: source.Exact, Subject: "a", Text: "if a != 1 { t.Error(1) }"}
	for _, tt := range []struct {
		name string
		also source.Assertion
		want bool
	}{
		{"the other half beside it", source.Assertion{Strength: source.Exact, Subject: "b.n", Text: "if b.n != 2 { t.Error(2) }"}, true},
		{"the other half in other words", source.Assertion{Strength: source.Exact, Subject: "b.n", Text: "require.Equal(t, 2, b.n)"}, true},
		{"something else beside it", source.Assertion{Strength: source.Exact, Subject: "c", Text: "if c != 2 { t.Error(2) }"}, false},
		{"the other half where it cannot fail", source.Assertion{Strength: source.Exact, Subject: "b.n", Dead: "it is", Text: "if b.n != 2 { t.Error(2) }"}, false},
	} {
		p := Pairing{Changed: []Paired{{whole, first}}, Added: []source.Assertion{tt.also}}
		if got := p.Covers(whole, source.Go); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

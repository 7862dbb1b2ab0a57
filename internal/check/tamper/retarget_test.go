package tamper

import (
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/check/tamper/asked"
	"muster/internal/check/tamper/pairs"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// retargetOf is an expectation of a test of Go, whose file is given before and
// after.
func retargetOf(was, is, before, after string) retarget {
	b, h := paired(wholeTest("a_test.go", "TestA", before), wholeTest("a_test.go", "TestA", after))
	return retarget{base: b, head: h, was: was, is: is}
}

// Nobody writes digests of another length by hand, nor pages.
func TestPrinted(t *testing.T) {
	short, long, page := strings.Repeat("a1", 16), strings.Repeat("b2", 32), strings.Repeat("word ", 130)
	for _, tt := range []struct {
		was, is string
		want    bool
	}{
		{short, long, true}, {short, strings.Repeat("c3", 16), false}, {short, "7", false}, {"7", long, false}, {"7", "8", false}, {page, page + "x", true}, {page, "x", false}, {"x", page, false},
	} {
		if printed(retarget{was: tt.was, is: tt.is}) != tt.want {
			t.Errorf("%.9s and %.9s: %v", tt.was, tt.is, !tt.want)
		}
	}
}

// The author names a value by one of its words that is new.
func TestClaims(t *testing.T) {
	for _, tt := range []struct {
		claim, old, now string
		want            bool
	}{
		{"Say rounded, not cut", `"cut value"`, `"rounded value"`, true},
		{"Say rounded, not cut", `"rounded"`, `"rounded value"`, false},
		{"Say it", `"cut"`, `"rounded value"`, false},
		{"Give 120 for it", "40", "120", true},
		{"Now in sum", `"in"`, `"sum"`, true},
		{"All of the rest", `"x-out"`, `"x-all"`, false},
		{"Never mind the brackets", `"a(b"`, `"a(b,never)"`, true},
	} {
		j := judgeOf(asked.Asked{Claim: tt.claim})
		if got := j.claims(tt.old, tt.now, tt.now); got != tt.want {
			t.Errorf("%q of %s: %v", tt.claim, tt.now, got)
		}
	}
}

// A name that changed in the rest of the file too is no expectation.
func TestElsewhere(t *testing.T) {
	for _, tt := range []struct {
		name, was, is, before, after string
		want                         bool
	}{
		{"all of the file", `"orders"`, `"invoices"`, "x(orders)\nequal(orders)", "x(invoices)\nequal(invoices)", true},
		{"the old name stands somewhere", `"orders"`, `"invoices"`, "x(orders)\nequal(orders)", "x(orders, invoices)\nequal(invoices)", false},
		{"it stood there once", `"orders"`, `"invoices"`, "x(other)\nequal(orders)", "x(invoices)\nequal(invoices)", false},
		{"it stands there once", `"orders"`, `"invoices"`, "x(orders)\nequal(orders)", "x(other)\nequal(invoices)", false},
		{"the old one is short", `"a b"`, `"invoices"`, "x(a b)\nequal(a b)", "x(invoices)\nequal(invoices)", false},
		{"it stands around the test", `"orders"`, `"invoices"`, "x(orders)\nequal(orders)", "x(invoices)\nequal(invoices)", true},
		{"it is only expected, twice", `"orders"`, `"invoices"`, "x(1)\nequal(orders)\nequal(orders)", "x(1)\nequal(invoices)\nequal(invoices)", false},
		{"the new one is short", `"orders"`, `"inv"`, "x(orders)\nequal(orders)", "x(inv)\nequal(inv)", false},
	} {
		r := retargetOf(tt.was, tt.is, tt.before, tt.after)
		if tt.name != "all of the file" {
			r.base.Start = 2 // so that the test alone shows no renaming
		}
		r.pair.Was.Range, r.pair.Is.Range = source.Range{Start: 2, End: 2}, source.Range{Start: 2, End: 2}
		twin := r // the same is expected in line 3
		twin.pair.Was.Range, twin.pair.Is.Range = source.Range{Start: 3, End: 3}, source.Range{Start: 3, End: 3}
		if got := (retargeting{&judge{retargets: []retarget{r, twin}}}).elsewhere(r); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	for _, tt := range []struct {
		name, was, is, before, after string
		want                         bool
	}{
		{"an input of that name", `"my-orders"`, `"my-sales"`, "x(orders)\nequal(orders)", "x(sales)\nequal(sales)", true},
		{"numbers are no names", `"12-orders"`, `"13-sales"`, "x(orders)\nequal(orders)", "x(sales)\nequal(sales)", true},
		{"the name is still there", `"my-orders"`, `"my-sales"`, "x(orders)\nequal(orders)", "x(orders)\nequal(sales)", false},
		{"it was no input", `"my-orders"`, `"my-sales"`, "x(1)\nequal(orders)", "x(1)\nequal(sales)", false},
		{"it is short", `"ab"`, `"cd"`, "x(ab)\nequal(ab)", "x(cd)\nequal(cd)", false},
		{"a number", "12", "13", "x(12)\nequal(12)", "x(13)\nequal(13)", false},
	} {
		if got := renamedIn(retargetOf(tt.was, tt.is, tt.before, tt.after), [2]map[int]bool{{2: true}, {2: true}}); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// A value that stands in the code, as the one before did, follows it.
func TestStandsInCode(t *testing.T) {
	for _, tt := range []struct {
		name, was, is string
		texts         [2]string
		want          bool
	}{
		{"both", `"func one(a)"`, `"func another(b)"`, [2]string{"x func one ( a ) y ", "x func another ( b ) y "}, true},
		{"only the new one", `"func one(a)"`, `"func another(b)"`, [2]string{"x ", "x func another ( b ) y "}, false},
		{"only the old one", `"func one(a)"`, `"func another(b)"`, [2]string{"x func one ( a ) y ", "x "}, false},
		{"it is short", `"one(a)"`, `"two(b)"`, [2]string{"one ( a ) ", "two ( b ) "}, false},
		{"it is no text", "one(a, b, c, d)", "two(a, b, c, d)", [2]string{"one ( a , b , c , d ) ", "two ( a , b , c , d ) "}, false},
	} {
		j := judgeOf(asked.Asked{})
		j.code.Texts = tt.texts
		if got := (retargeting{j}).inCode(retargetOf(tt.was, tt.is, "x", "x")); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// A text is the same as one of the code but for what is filled in.
func TestWorded(t *testing.T) {
	for _, tt := range []struct {
		name, was, is   string
		dropped, gained map[string]bool
		want            bool
	}{
		{"both", `"lost 3 parts"`, `"missing 3 parts"`, checktest.Set("lost %d parts of %s"), checktest.Set("missing %d parts of %s"), true},
		{"only the new one", `"lost 3 parts"`, `"missing 3 parts"`, checktest.Set("other"), checktest.Set("missing %d parts of %s"), false},
		{"only the old one", `"lost 3 parts"`, `"missing 3 parts"`, checktest.Set("lost %d parts of %s"), checktest.Set("other"), false},
		{"only a number differs", `"lost 3 parts"`, `"lost 4 parts"`, checktest.Set("lost %d parts"), checktest.Set("lost %d parts"), false},
		{"names filled in", `"client ada: gone"`, `"user ada: gone"`, checktest.Set("client %s: gone"), checktest.Set("user %s: gone"), true},
		{"quotes around what is filled in", `"client ada: gone"`, "`client \"ada\": gone`", checktest.Set("client %s: gone"), checktest.Set("client %q: gone"), true},
		{"another name filled in", `"client ada: gone"`, "`client \"bob\": gone`", checktest.Set("client %s: gone"), checktest.Set("client %q: gone"), false},
		{"words in another order", `"client ada: gone"`, `"gone: user ada"`, checktest.Set("client %s: gone"), checktest.Set("user %s: gone"), false},
		{"it is short", `"lost"`, `"gone"`, checktest.Set("lost"), checktest.Set("gone"), false},
		{"one of a list", `{"lost 3 parts", "all well"}`, `{"missing 3 parts", "all well"}`, checktest.Set("lost %d parts of %s"), checktest.Set("missing %d parts of %s"), true},
		{"one of a list, and another by itself", `{"lost 3 parts", "all well"}`, `{"missing 3 parts", "all bad"}`, checktest.Set("lost %d parts of %s"), checktest.Set("missing %d parts of %s"), false},
		{"the text is endless", `"lost 3 parts"`, `"missing 3 parts"`, checktest.Set("lost %d parts of %s"), checktest.Set("missing %d parts" + strings.Repeat("x", 4096)), false},
	} {
		j := judgeOf(asked.Asked{})
		j.code.Dropped, j.code.Gained = tt.dropped, tt.gained
		if got := (retargeting{j}).worded(retargetOf(tt.was, tt.is, "x", "x")); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// The part of a text that differs is, as a whole, a text of the code.
func TestSameText(t *testing.T) {
	for _, tt := range []struct {
		name, was, is   string
		dropped, gained map[string]bool
		want            bool
	}{
		{"the whole", `"abc"`, `"xyz"`, checktest.Set("abc"), checktest.Set("xyz"), true},
		{"a part", `"the lost one"`, `"the missing one"`, checktest.Set("lost"), checktest.Set("missing"), true},
		{"the end of it", `"it is lost"`, `"it is missing"`, checktest.Set("lost"), checktest.Set("missing"), true},
		{"the beginning of it", `"lost: a"`, `"missing: a"`, checktest.Set("lost"), checktest.Set("missing"), true},
		{"it grew", `"aa"`, `"aaa"`, checktest.Set(""), checktest.Set("a"), true},
		{"the old one stayed", `"the lost one"`, `"the missing one"`, nil, checktest.Set("missing"), false},
		{"the new one was there", `"the lost one"`, `"the missing one"`, checktest.Set("lost"), nil, false},
		{"a number", `"in 17 parts"`, `"in 18 parts"`, checktest.Set("7"), checktest.Set("8"), false},
		{"it is no text", "lost", "missing", checktest.Set("lost"), checktest.Set("missing"), false},
	} {
		j := judgeOf(asked.Asked{})
		j.code.Dropped, j.code.Gained = tt.dropped, tt.gained
		if got := (retargeting{j}).sameText(retargetOf(tt.was, tt.is, "x", "x")); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// One difference in three expectations is a format, unless it is a result.
func TestRepeated(t *testing.T) {
	of := func(texts ...string) (out []retarget) {
		for i := 0; i < len(texts); i += 2 {
			out = append(out, retarget{was: texts[i], is: texts[i+1]})
		}
		return out
	}
	for _, tt := range []struct {
		name    string
		all     []retarget
		flipped bool
		want    bool
	}{
		{"three times", of(`"a EUR"`, `"a USD"`, `"b EUR"`, `"b USD"`, `"c EUR"`, `"c USD"`), false, true},
		{"twice", of(`"a EUR"`, `"a USD"`, `"b EUR"`, `"b USD"`), false, false},
		{"a mark in three numbers", of(`"1,000"`, `"1 000"`, `"2,500"`, `"2 500"`, `"7,250"`, `"7 250"`), false, true},
		{"a letter in three words", of(`"cat"`, `"cut"`, `"bat"`, `"but"`, `"hat"`, `"hut"`), false, false},
		{"twice, and another", of(`"a EUR"`, `"a USD"`, `"b EUR"`, `"b USD"`, `"c EUR"`, `"c GBP"`), false, false},
		{"numbers", of("4", "6", "4", "6", "4", "6"), false, false},
		{"values", of("true", "other", "true", "other", "true", "other"), false, false},
		{"the opposite", of(`"a EUR"`, `"a USD"`, `"b EUR"`, `"b USD"`, `"c EUR"`, `"c USD"`), true, false},
	} {
		j := judgeOf(asked.Asked{})
		j.retargets = tt.all
		r := tt.all[0]
		r.flipped = tt.flipped
		if got := (retargeting{j}).repeated(r); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// The author speaks of an assertion that expects the opposite now by the word
// for what it expected.
func TestSaysOpposite(t *testing.T) {
	for _, tt := range []struct {
		was, claim string
		want       bool
	}{
		{"assert.Panics(t, f)", "An empty list no longer panics", true},
		{"expect(f).toThrow()", "f does not throw any more", true},
		{"assert.Panics(t, f)", "Make f faster", false},
		{"equal(f(), true)", "f no longer panics", false},
	} {
		j := judgeOf(asked.Asked{Claim: tt.claim})
		if got := (retargeting{j}).saysOpposite(retarget{pair: pairs.Paired{Was: source.Assertion{Text: tt.was}}}); got != tt.want {
			t.Errorf("%s, %q: %v", tt.was, tt.claim, got)
		}
	}
}

// How loudly a changed expectation is reported, by what explains it.
func TestJudgeRetarget(t *testing.T) {
	const text = "func TestA(t *testing.T) {\n\tx := half(8)\n\tequal(x, 4)\n}"
	for _, tt := range []struct {
		name   string
		asked  asked.Asked
		adapt  func(j *judge, r *retarget)
		want   evidence.Level
		reason string
	}{
		{"nothing explains it", asked.Asked{Task: "Tidy"}, nil, evidence.Gate, ", and the code changed"},
		{"no code changed", asked.Asked{Task: "Tidy"}, func(j *judge, _ *retarget) { j.code.Differs = false }, evidence.Locator, ", and no code changed"},
		{"it asked for no text, and no code changed", asked.Asked{Task: "Tidy"}, func(j *judge, r *retarget) { j.code.Differs, r.was, r.is = false, `""`, `"too few"` }, "", ""},
		{"it asked for no text", asked.Asked{Task: "Tidy"}, func(_ *judge, r *retarget) { r.was, r.is = `""`, `"too few"` }, evidence.Gate, ", and the code changed"},
		{"it asks for no text, and no code changed", asked.Asked{Task: "Tidy"}, func(j *judge, r *retarget) { j.code.Differs, r.was, r.is = false, `"too few"`, `""` }, evidence.Locator, ", and no code changed"},
		{"the inputs changed", asked.Asked{Task: "Tidy"}, func(_ *judge, r *retarget) {
			r.head = wholeTest("a_test.go", "TestA", strings.Replace(text, "8", "80", 1))
		}, "", ""},
		{"there are more inputs", asked.Asked{Task: "Tidy"}, func(_ *judge, r *retarget) {
			r.head = wholeTest("a_test.go", "TestA", strings.Replace(text, "8", "8, 9", 1))
		}, "", ""},
		{"the task names it", asked.Asked{Task: "Give 66"}, nil, "", ""},
		{"the author names it", asked.Asked{Task: "Tidy", Claim: "Give 66"}, nil, evidence.Context, ", and the code changed"},
		{"it is the opposite", asked.Asked{Task: "Give 66"}, func(_ *judge, r *retarget) { r.flipped = true }, evidence.Gate, ", and the code changed"},
		{"the code holds the same value", asked.Asked{Task: "Tidy"}, func(j *judge, _ *retarget) { j.code.Gained, j.code.Dropped = checktest.Set("66"), checktest.Set("44") }, "", ""},
		{"the code holds the same value, and nobody says why", asked.Asked{}, func(j *judge, _ *retarget) { j.code.Gained, j.code.Dropped = checktest.Set("66"), checktest.Set("44") }, evidence.Locator, ", as the code does now, and nothing says why"},
		{"versions changed", asked.Asked{Task: "Tidy"}, func(j *judge, _ *retarget) {
			j.head.rest = []*file{{path: "go.mod", class: change.Class{Manifest: true}}}
		}, evidence.Locator, ", and the code changed"},
	} {
		j := judgeOf(tt.asked)
		j.code.Differs = true
		r := retargetOf("44", "66", text, text)
		r.pair = pairs.Paired{Was: exact("x", "44", 3), Is: exact("x", "66", 3)}
		for _, x := range []*test{r.base, r.head} {
			x.Assertions = []source.Assertion{exact("x", "4", 3)}
		}
		if tt.adapt != nil {
			tt.adapt(j, &r)
		}
		if level, why := (retargeting{j}).judgeRetarget(r); level != tt.want || why != tt.reason {
			t.Errorf("%s: %q%s", tt.name, level, why)
		}
	}
}

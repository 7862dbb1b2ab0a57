package tamper

import (
	"maps"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/check/tamper/asked"
	"muster/internal/check/tamper/code"
	"muster/internal/check/tamper/pairs"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

// textFile is a file of one side.
func textFile(p, text string) *file {
	return &file{path: p, lang: source.LanguageOf(p), lines: strings.Split(text, "\n")}
}

// testIn adds a test to a file, which stands in some of its lines.
func testIn(f *file, name string, start, end int) *test {
	t := &test{Test: source.Test{Name: name, Range: source.Range{Start: start, End: end}}, file: f}
	t.tokens = words.Scan(f.between(start, end), f.lang)
	t.grams, t.words, t.values = words.Grams(t.tokens), words.Of(t.tokens), words.Values(t.tokens)
	f.tests = append(f.tests, t)
	return t
}

// wholeTest is a file of one test.
func wholeTest(p, name, text string) *test {
	f := textFile(p, text)
	return testIn(f, name, 1, len(f.lines))
}

func paired(t, h *test) (*test, *test) {
	t.pair, h.pair = h, t
	return t, h
}

// judgeOf is a judgement about which nothing is known.
func judgeOf(a asked.Asked) *judge {
	return &judge{
		subject: &check.Subject{}, code: &code.Change{}, asked: a, pairs: map[*test]pairs.Pairing{}, pool: map[string]int{},
		helpers: [2]map[string]*test{{}, {}}, newValues: map[*test][]map[string]bool{},
	}
}

func TestDefines(t *testing.T) {
	for text, want := range map[string]string{
		"self.name = 1": "name", "self.name == 1": "", "self.name": "", "self.name =": "", "self.abc = 1": "", "def total(n)": "total", "class Order": "Order", "total(n)": "", "name = 1": "", "self.name < 1": "", "self.name = = 1": "",
	} {
		tokens := words.Scan(text, source.JavaScript)
		got := ""
		for i, tok := range tokens {
			if words.Defines(tokens, i) {
				got += tok.Text
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestNamesOfCode(t *testing.T) {
	for name, want := range map[string]string{"a.b": "b", "a": "a", "a.": "a.", "A::b": "b", "C#d": "d", "": ""} {
		if got := words.Last(name); got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
	names := checktest.Set("Double", "go", "4")
	for text, want := range map[string]bool{"Double(2)": true, "go run()": false, "Half(4)": false, `"Double"`: false, "": false} {
		if words.About(words.Scan(text, source.Go), names) != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
}

// A test that works with a string that only the code had has nothing to work
// with any more. What it only expects is none.
func TestInputGone(t *testing.T) {
	lost := checktest.Set("/route", "abc", "def")
	for _, tt := range []struct {
		text, expected string
		want           bool
	}{
		{`get("/route")`, "", true}, {`get("abc")`, "", false}, {`get("abc", "def")`, "", true}, {`equal(get(1), "/route")`, `"/route"`, false}, {`get("/other")`, "", false},
	} {
		x := wholeTest("a_test.go", "TestA", tt.text)
		x.Assertions = []source.Assertion{{Text: tt.text, Expected: tt.expected}}
		if got := (losses{&judge{code: &code.Change{Lost: lost}}}).inputGone(x); got != tt.want {
			t.Errorf("%s: %v", tt.text, got)
		}
	}
	if !maps.Equal(lost, checktest.Set("/route", "abc", "def")) {
		t.Error("what is lost was changed")
	}
}

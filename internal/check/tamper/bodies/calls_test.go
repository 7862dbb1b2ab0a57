package bodies

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"muster/internal/source"
)

func bodyText(lang source.Language, text string, asserts ...int) Body {
	lines := strings.Split(text, "\n")
	b := Body{Lang: lang, Lines: lines}
	b.Start, b.End = 1, len(lines)
	for _, n := range asserts {
		b.Assertions = append(b.Assertions, source.Assertion{Range: source.Range{Start: n, End: n}})
	}
	return b
}

func TestRefused(t *testing.T) {
	b := bodyText(source.Python, "def test_a():\n    f(1)\n    with pytest.raises(ValueError) as info:\n        f(2)\n    assert str(info.value) == 'x'\n    assert other == 'x'")
	if got := strings.Join(Refused(b), " "); got != "f(2)" {
		t.Errorf("refused: %q", got)
	}
	if !Caught(b, source.Assertion{Text: "assert str(info.value) == 'x'", Range: source.Range{Start: 5}}) {
		t.Error("what was caught is not known")
	}
	if Caught(b, source.Assertion{Text: "assert other == 'x'", Range: source.Range{Start: 6}}) || Caught(b, source.Assertion{Text: "assert info", Range: source.Range{Start: 2}}) {
		t.Error("something else is taken for what was caught")
	}
}

func TestOfCall(t *testing.T) {
	for expr, want := range map[string]bool{"f(2)": true, "f(2).year": true, "f(2)[0]": true, "f(2)()": false, "f(3)": false, "g(f(2))": false} {
		if OfCall(expr, "f(2)") != want {
			t.Errorf("%s: %v", expr, !want)
		}
	}
}

func TestLiteralCalls(t *testing.T) {
	b := bodyText(source.TypeScript, "it('a', () => {\n  expect(() => seat('b12')).toThrow('x');\n  price(3, true); price(row); seat(\"c\", 1)\n})")
	got := strings.Join(slices.Sorted(maps.Keys(LiteralCalls(b, map[string]bool{"seat": true, "price": true}))), " ")
	if !strings.Contains(got, "b12") || !strings.Contains(got, "price(3,true)") || strings.Contains(got, "row") || strings.Contains(got, "'x'") {
		t.Errorf("calls: %q", got)
	}
	if len(LiteralCalls(b, map[string]bool{"other": true})) > 0 {
		t.Error("calls of what was not asked for")
	}
}

func TestStillDone(t *testing.T) {
	b := bodyText(source.Go, "func folder(t *testing.T) string {\n\tdir, err := os.MkdirTemp(\"\", \"x\")\n\tif err != nil {\n\t\tt.Fatal(err)\n\t}\n\treturn dir\n}", 3)
	for code, want := range map[string]bool{"return t.TempDir()": false, "dir, _ := os.MkdirTemp(\"\", \"y\")": true, "t.Fatal(x)": false, "MkdirTemp()": false} {
		if StillDone(b, code) != want {
			t.Errorf("%s: %v", code, !want)
		}
	}
}

// An assertion in an if of Go that works something out first is about what it
// asks then.
func TestHolding(t *testing.T) {
	for text, want := range map[string]string{
		"if diff := cmp.Diff(a, b); diff != \"\" { t.Error(diff) }": " diff != \"\"",
		"if got != want { t.Error(got) }":                           "got != want",
		"assert.Equal(t, a, b)":                                     "assert.Equal(t, a, b)",
	} {
		if got := holding(text); got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}

// What runs every asynchronous test of a class needs no decorator.
func TestRunsAsync(t *testing.T) {
	const test = "    async def test_a(self):\n        assert await f() == 1"
	was := bodyText(source.Python, "class T(unittest.TestCase):\n    @asynctest\n"+test)
	for class, want := range map[string]bool{"class T(unittest.TestCase):": true, "class T(unittest.IsolatedAsyncioTestCase):": false} {
		is := bodyText(source.Python, class+"\n"+test)
		found := slices.ContainsFunc(Compare(was, is, nil, nil), func(w Weakness) bool { return w.Rule == "dead" })
		if found != want {
			t.Errorf("%s: %v", class, found)
		}
	}
}

// A body is intact when three of four of its lines are still there; brackets
// do not count, nor do the lines that are left out.
func TestIntact(t *testing.T) {
	was := bodyText(source.Go, "func TestA(t *testing.T) {\n\ta := open()\n\tb := next(a)\n\tc := next(b)\n\td := next(c)\n\tcheck(d)\n}")
	was.End = 20 // the file was cut short
	for _, tt := range []struct {
		name, is string
		but      map[int]bool
		want     bool
	}{
		{"all of it", "\ta := open( )\n\tb := next(a)\n\tc := next(b)\n\td := next(c)\n\tcheck(d)", nil, true},
		{"four of five", "a := open()\nb := next(a)\nc := next(b)\nd := next(c)", nil, true},
		{"three of five", "a := open()\nb := next(a)\nc := next(b)\n}", nil, false},
		{"three of the four that count", "a := open()\nb := next(a)\nc := next(b)", map[int]bool{6: true}, true},
		{"two of the four that count", "a := open()\nb := next(a)\ncheck(d)", map[int]bool{6: true}, false},
		{"none", "}", nil, false},
		{"none counts", "", map[int]bool{2: true, 3: true, 4: true, 5: true, 6: true}, true},
	} {
		is := bodyText(source.Go, tt.is)
		is.End = 20
		if got := Intact(was, Tight(is), tt.but); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// The line before an assertion does what it looks at: it is there, or what it
// called is called without its result.
func TestActed(t *testing.T) {
	for _, tt := range []struct {
		name, before, is, subject string
		want                      bool
	}{
		{"it is there", "save(row)", "save(row)", "row.id", true},
		{"it is gone", "save(row)", "load(row)", "row.id", false},
		{"the assertion calls on its own", "save(row)", "save(row)", "f(row)", false},
		{"behind brackets and an empty line", "save(row)\n\n}", "save(row)", "row.id", true},
		{"before brackets that are there", "save(row)\n}", "load(row)\n}", "row.id", false},
		{"its result is not kept", "got := save(row)", "save(row)", "row.id", true},
		{"its result has another name", "got := save(row)", "put := save(row)", "row.id", true},
		{"its result is not kept, and the assertion calls", "got := save(row)", "save(row)", "f(row)", false},
		{"its result is of another call", "got := save(row)", "save(col)", "row.id", false},
		{"a value has another name", "got := other_row", "put := other_row", "row.id", false},
		{"a call that is too short has another name", "got := f(row)", "put := f(row)", "row.id", false},
		{"nothing is before it", "", "", "f(row)", true},
	} {
		was := "func TestA(t *testing.T) {"
		if tt.before != "" {
			was += "\n" + tt.before
		}
		b := bodyText(source.Go, was+"\nequal(row)\n}")
		a := source.Assertion{Subject: tt.subject, Range: source.Range{Start: len(b.Lines) - 1}}
		if got := Acted(b, a, Tight(bodyText(source.Go, tt.is))); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

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

package words

import (
	"slices"
	"strings"
	"testing"

	"muster/internal/source"
)

func TestTight(t *testing.T) {
	if Tight("f( 'a b',\n 1 )") != Tight(`f("a b", 1)`) {
		t.Error("quotes and layout count")
	}
	if Tight(`f("a b")`) == Tight(`f("ab")`) {
		t.Error("what is in quotes does not count")
	}
}

func TestAlike(t *testing.T) {
	grams := func(code string) map[string]int { return Grams(Scan(code, source.Go)) }
	if got := Alike(grams("a := f(1)"), grams("a := f(1)")); got != 1 {
		t.Errorf("the same is alike by %v", got)
	}
	if got := Alike(grams("a := f(1)"), grams("return")); got > 0.2 {
		t.Errorf("another is alike by %v", got)
	}
	if Alike(nil, nil) != 0 {
		t.Error("nothing is like nothing")
	}
}

func TestValues(t *testing.T) {
	got := Values(Scan(`f(12, "x y", name)`, source.Go))
	if len(got) != 2 || !got["12"] || !got["x y"] {
		t.Errorf("%v", got)
	}
	if Bare("'a'") != "a" || !IsDigits("07") || IsDigits("7a") {
		t.Error("quotes, digits")
	}
}

func TestAlikeValues(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"1", "2", true},
		{"x", "2", false},
		{"http.StatusOK", "http.StatusNotFound", true},
		{"http.StatusOK", "status", false},
		{"sum(1)", "sum(2)", true},
		{"sum(1)", "max(1)", false},
		{"sum(1)", "sum(limit)", false},
		{"sum(1) + 2", "sum(x, 3)", false},
		{"[]int{1, 2}", "[]int{3}", true},
		{"sum(1, 2)", "sum(3)", false},
		{"point{x: 1}", "point{y: 2}", true},
		{"sum(-1)", "sum(2)", true},
	} {
		if got := AlikeValues(Scan(tt.a, source.Go), Scan(tt.b, source.Go)); got != tt.want {
			t.Errorf("%s and %s: %v", tt.a, tt.b, got)
		}
	}
}

// texts gives what tokens read, each in brackets.
func texts(list []Token) string {
	var b strings.Builder
	for _, t := range list {
		b.WriteString("<" + t.Text + ">")
	}
	return b.String()
}

func TestSigned(t *testing.T) {
	for code, want := range map[string]string{
		"-1": "<-1>", "f(-1)": "<f><(><-1><)>", "a - 1": "<a><-><1>", "f(x)-1": "<f><(><x><)><-><1>", "x[0]+1": "<x><[><0><]><+><1>",
	} {
		if got := texts(Signed(Scan(code, source.Go))); got != want {
			t.Errorf("%s: %s, want %s", code, got, want)
		}
	}
}

func TestQualified(t *testing.T) {
	for code, want := range map[string]string{
		"time.Second": "<time.Second>", "f(time.Second)": "<f><(><time.Second><)>", "time.Now()": "<time><.><Now><(><)>", "a.b": "<a><.><b>",
		"a.B.C": "<a><.><B.C>", "a.B{}": "<a><.><B><{><}>",
	} {
		if got := texts(Qualified(Scan(code, source.Go))); got != want {
			t.Errorf("%s: %s, want %s", code, got, want)
		}
	}
}

func TestDifference(t *testing.T) {
	for _, tt := range []struct{ a, b, was, is string }{
		{`"a 12 b"`, "'a 13 b'", "12", "13"},
		{"x 1.50 y", "x 2.50 y", "1.50", "2.50"},
		{"max_a 1", "max_b 1", "max_a", "max_b"},
		{"a", "a b", "a", "a b"},
	} {
		if was, is := Difference(tt.a, tt.b); was != tt.was || is != tt.is {
			t.Errorf("%s and %s: %q, %q", tt.a, tt.b, was, is)
		}
	}
}

func TestHolds(t *testing.T) {
	set := map[string]bool{"1": true, "12": true, "the total is 42": true}
	for part, want := range map[string]bool{"": false, "1": false, "12": true, "42": false, "total": true, "tot": false, "other": false} {
		if got := Holds(set, part); got != want {
			t.Errorf("%q: %v", part, got)
		}
	}
}

func TestNamesAndValues(t *testing.T) {
	scan := func(code string) []Token { return Scan(code, source.Go) }
	if got := Literals(scan(`f(2, "b", x, 1, nil)`)); !slices.Equal(got, []string{`"b"`, "1", "2", "nil"}) {
		t.Errorf("values %q", got)
	}
	if got := InOrder(scan(`f(2, "b", x, -1)`)); !slices.Equal(got, []string{"2", `"b"`, "-1"}) {
		t.Errorf("values in order %q", got)
	}
	if got := Of(scan(`a := foo(1, 22)`)); len(got) != 2 || !got["foo"] || !got["22"] {
		t.Errorf("words %v", got)
	}
	if !Named(scan("pair{a: limit}"), scan("pair{a: 1}")) || Named(scan("pair{b: 2}"), scan("pair{a: 1}")) || Named(scan("nil"), scan("1")) {
		t.Error("which values hold a new name")
	}
	if Shape("f(1)", source.Go) != Shape(`f(-2)`, source.Go) || Shape("f(1)", source.Go) == Shape("g(1)", source.Go) {
		t.Error("the shape of a line")
	}
	if !IsExpectation("wanterr") || IsExpectation("name") {
		t.Error("fields that hold what is expected")
	}
	if !IsRune('_') || !IsRune('$') || IsRune('.') {
		t.Error("characters of names")
	}
}

func TestContained(t *testing.T) {
	if got := Contained(map[string]bool{"a": true, "b": true, "c": true, "d": true}, map[string]bool{"a": true}); got != 0.25 {
		t.Errorf("one of four: %v", got)
	}
	if got := Contained(nil, map[string]bool{"a": true}); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestMentions(t *testing.T) {
	for _, tt := range []struct {
		text, value string
		want        bool
	}{
		{"it gives 120 now", "120", true},
		{"it gives 1200 now", "120", false},
		{"it gives 1200 or 120", "120", true},
		{"Max_Retries goes up", "max_retries", true},
		{"ab is short", "ab", false},
		{"a b", "a", false},
		{"", "x1", false},
		{"v2 is out", "v2", true},
		{"prefixed", "fix", false},
		{"fixed", "fix", false},
		{"a .5 b", ".5", true},
	} {
		if got := Mentions(tt.text, tt.value); got != tt.want {
			t.Errorf("%q names %q: %v", tt.text, tt.value, got)
		}
	}
}

func TestRenamed(t *testing.T) {
	to := map[string]string{"add": "sum", "é": "x"}
	for text, want := range map[string]string{
		"add(1)": "sum(1)", "a.add": "a.sum", "added(add)": "added(sum)", "add": "sum", "": "", "\xff add": "\xff sum", "é.é": "x.x", "add\xff": "sum\xff",
	} {
		if got := Renamed(text, to); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Names end after a dot, colon or hash; names of tests after what their library
// puts between the parts, and a sentence only after the mark of a group.
func TestLastAndLeaf(t *testing.T) {
	for name, want := range map[string]string{"Server.Close": "Close", "a::b": "b", "Close": "Close", "Server.": "Server.", ".x": "x", "": ""} {
		if got := Last(name); got != want {
			t.Errorf("last of %q: %q", name, got)
		}
	}
	for name, want := range map[string]string{
		"TestA/b": "b", "a.py::T::test_x": "test_x", "pkg.TestA": "TestA", "TestA": "TestA",
		"group > adds v1.2 up": "adds v1.2 up", "adds v1.2 up": "adds v1.2 up", "a/b > c > d": "d",
	} {
		if got := Leaf(name); got != want {
			t.Errorf("leaf of %q: %q", name, got)
		}
	}
}

func TestAbout(t *testing.T) {
	names := map[string]bool{"total": true, "ID": true, "text": true}
	for code, want := range map[string]bool{"f(total)": true, "f(totals)": false, "f(ID)": false, `f("text")`: false, "": false} {
		if About(Scan(code, source.Go), names) != want {
			t.Errorf("%s: %v", code, !want)
		}
	}
}

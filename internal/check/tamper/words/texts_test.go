package words

import (
	"testing"

	"muster/internal/source"
)

func TestTexts(t *testing.T) {
	if !QuotedOnly(`a "b"`, "a b") || QuotedOnly("a b", "a c") {
		t.Error("QuotedOnly")
	}
	for _, tt := range []struct {
		wording, text string
		want          bool
	}{
		{"client #: gone", "client ada: gone", true},
		{"client #: gone", "gone: client ada", false},
		{"the client # is gone", "client", true},
		{"client", "gone for good", false},
		{"a # b", "a long text with b", false},
		{"lost", "lost and found", false},
		{"client #", "gone", false},
	} {
		if got := Fits(tt.wording, tt.text); got != tt.want {
			t.Errorf("%q in %q: %v", tt.wording, tt.text, got)
		}
	}
	for _, tt := range [][4]string{{"1, 2 and 3", "1, 2, and 3", "", ","}, {"aa", "a", "a", ""}, {"abc", "axc", "b", "x"}, {"same", "same", "", ""}} {
		if x, y := Edit(tt[0], tt[1]); x != tt[2] || y != tt[3] {
			t.Errorf("%q and %q: %q %q", tt[0], tt[1], x, y)
		}
	}
	scan := func(text string) []Token { return Scan(text, source.Go) }
	for _, tt := range []struct {
		was, is string
		want    bool
	}{
		{`T{"a", "b"}`, `T{"b", "a"}`, true},
		{`T{"a", "b"}`, `T{"a", "b"}`, false},
		{`T{"a", "b"}`, `T{"b", "a", "c"}`, false},
		{`T{"a", "b"}`, `U{"b", "a"}`, false},
		{`T{"a", "b"}`, `T{"a", "c"}`, false},
	} {
		if got := Reordered(scan(tt.was), scan(tt.is)); got != tt.want {
			t.Errorf("%s and %s: %v", tt.was, tt.is, got)
		}
	}
	if got := TextOf(scan("return f(a, b)")); got != "return f(a,b)" {
		t.Error(got)
	}
	for text, want := range map[string]string{`"a"`: "a", "`a \"b\"`": `a "b"`, "a": "a", `"a`: `"a`, "1": "1"} {
		if got := Unquoted(text); got != want {
			t.Errorf("%s is %s", text, got)
		}
	}
	if !Common("assertEqual") || !Common("TestA") || Common("total") {
		t.Error("Common")
	}
}

func TestDefines(t *testing.T) {
	for text, want := range map[string]bool{"def total(": true, "func total(": true, "self.total = 1": true, "self.total == 1": false, "self.total": false, "call total(": false, "def sum(": false} {
		tokens := Scan(text, source.Python)
		got := false
		for i, tok := range tokens {
			got = got || (tok.Text == "total" || tok.Text == "sum") && Defines(tokens, i)
		}
		if got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

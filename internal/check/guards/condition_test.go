package guards

import (
	"strings"
	"testing"
)

func TestWeaker(t *testing.T) {
	for _, tt := range []struct{ base, head, want string }{
		{"a || b", "a", "no longer refuses when `b`"},
		{"a || b", "a || b || c", ""},
		{"a", "a && b", "refuses only when also `b`"},
		{"a && b", "a", ""},
		{"n > 10", "n > 100", "refuses less"},
		{"n > 100", "n > 10", ""},
		{"n < 10", "n < 8", "refuses less"},
		{"n <= 10", "n < 10", "refuses less"},
		{"n < 10", "n <= 10", ""},
		{"!ok", "ok", "refuses the opposite"},
		{"not x.valid", "x.valid", "refuses the opposite"},
		{"x == nil", "x != nil", "refuses the opposite"},
		{"a.b(c, d) || (e && f)", "(e && f)", "no longer refuses when `a.b(c, d)`"},
		{"(a || b) && c", "(a || b) && c && d", "refuses only when also `d`"},
		{"a", "b", ""},
		{"", "", ""},
		{"((((", "))))", ""},
		{"x == \"a || b\"", "x == \"a\"", ""},
		{"n > 1_000", "n > 0x1000", "refuses less"},
	} {
		if got := weaker(tt.base, tt.head); tt.want == "" && got != "" || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%q to %q: %q, want %q", tt.base, tt.head, got, tt.want)
		}
	}
}

func FuzzWeaker(f *testing.F) {
	f.Add("a || b", "a")
	f.Fuzz(func(_ *testing.T, a, b string) { weaker(a, b); shape(a); form(b); chains(a) }) // must not panic or run on
}

func TestConstants(t *testing.T) {
	for text, want := range map[string]float64{"const a = 1 << 10": 1024, "X = 10 * 60": 600, "x = 0x10": 16, "a = 1_000;": 1000, "a = b": -1, "a = 10 * time.Second": -1} {
		got, ok := constantOf(text)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

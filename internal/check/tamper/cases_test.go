package tamper

import (
	"testing"

	"muster/internal/source"
)

// What a case expects is the field that is named for it, or else the last
// value.
func TestExpectation(t *testing.T) {
	for _, tt := range []struct {
		was, is string
		ok      bool
	}{
		{"{in: 1, want: 2}", "{in: 1, want: 3}", true},
		{"{want: 2, in: 1}", "{want: 3, in: 1}", true},
		{"{want: 1, in: 2}", "{want: 1, in: 3}", false},
		{"{2, 4}", "{2, 5}", true},
		{"{2, 4}", "{3, 4}", false},
		{"{2, 4}", "{3, 5}", false},
		{"{2, 4}", "{2, 4}", false},
		{"{2, 4}", "{2, 4, 5}", false},
		{`case("a", n=2)`, `case("a", n=3)`, false},
		{`{"in": 1, "n": 2}`, `{"in": 1, "n": 3}`, true},
		{`{"n": 1, "in": 2}`, `{"n": 3, "in": 2}`, false},
	} {
		if _, _, ok := expectation(casePair{source.Case{Text: tt.was}, source.Case{Text: tt.is}}, source.Python); ok != tt.ok {
			t.Errorf("%s and %s: %v", tt.was, tt.is, ok)
		}
	}
}

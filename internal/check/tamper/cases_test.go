package tamper

import (
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
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

// A case that is gone is shown by its name, and by its text where it has none.
func TestLostCaseIsNamed(t *testing.T) {
	for was, want := range map[string]string{`{name: "three", n: 3, want: 6}`: `the first "three" (line`, `{n: 3, want: 6}`: `the first "{n: 3, want: 6}" (line`} {
		text := strings.Replace(tableTest, `{"three", 3, 6}`, was, 1)
		base := checktest.Files{"a.go": codeText, "a_test.go": text}
		got := judgeTrees(t, base, base.With(checktest.Files{"a_test.go": strings.Replace(text, "\t\t"+was+",\n", "", 1)}), checktest.Request(evidence.OfTask)).Findings
		if len(got) != 1 || got[0].Rule != "cases_lost" || !strings.Contains(got[0].Message, want) {
			t.Errorf("%s: %+v", was, got)
		}
	}
}

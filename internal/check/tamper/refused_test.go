package tamper

import (
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/check/tamper/asked"
	"muster/internal/check/tamper/code"
	"muster/internal/check/tamper/pairs"
	"muster/internal/source"
)

// refusing is a judgement of a change about parse, whose code refuses so much
// more than before.
func refusing(more int, claim string) refusals {
	j := judgeOf(asked.Asked{Claim: claim})
	is := "def parse(text): raise KeyError(text) "
	j.code = &code.Change{Changed: checktest.Set("parse"), Texts: [2]string{is, is + strings.Repeat("raise ValueError(text) ", max(more, 0))}}
	if more < 0 {
		j.code.Texts[0], j.code.Texts[1] = is+"raise ValueError(text) ", is
	}
	return refusals{j}
}

// An error that was asked for, or that is asked for anew, goes with a value of
// the same call, where both the code and the author say so.
func TestTurned(t *testing.T) {
	const (
		raises = "def test_a():\n    with pytest.raises(ValueError) as info:\n        parse('8-5')\n    assert str(info.value) == 'x'\n    assert other == 'x'"
		plain  = "def test_a():\n    assert parse('8-5') == [5, 8]"
		claim  = "parse gives what is reversed"
	)
	error1 := source.Assertion{Strength: source.Partial, Text: "pytest.raises(ValueError)", Subject: "raises", Range: source.Range{Start: 2, End: 2}}
	text := source.Assertion{Strength: source.Exact, Text: "assert str(info.value) == 'x'", Subject: "str(info.value)", Range: source.Range{Start: 4, End: 4}}
	other := source.Assertion{Strength: source.Exact, Text: "assert other == 'x'", Subject: "other", Range: source.Range{Start: 5, End: 5}}
	value := exact("parse('8-5')", "[5, 8]", 2)
	dead, weak := value, value
	dead.Dead, weak.Strength = "it is caught", source.Exists
	for _, tt := range []struct {
		name    string
		more    int
		claim   string
		was, is string
		gone    source.Assertion
		added   []source.Assertion
		want    bool
	}{
		{"an error became a value", -1, claim, raises, plain, error1, []source.Assertion{value}, true},
		{"and so did what was said of it", -1, claim, raises, plain, text, []source.Assertion{value}, true},
		{"something else became a value", -1, claim, raises, plain, other, []source.Assertion{value}, false},
		{"the value of another call", -1, claim, raises, plain, error1, []source.Assertion{exact("parse('9-5')", "[5, 9]", 2)}, false},
		{"a value that cannot be asked for", -1, claim, raises, plain, error1, []source.Assertion{dead}, false},
		{"that there is one", -1, claim, raises, plain, error1, []source.Assertion{weak}, false},
		{"no error was asked for", -1, claim, plain, plain, error1, []source.Assertion{value}, false},
		{"the code refuses as much as before", 0, claim, raises, plain, error1, []source.Assertion{value}, false},
		{"the code refuses more", 1, claim, raises, plain, error1, []source.Assertion{value}, false},
		{"nobody says so", -1, "Tidy", raises, plain, error1, []source.Assertion{value}, false},
		{"a value became an error", 1, claim, plain, raises, value, nil, true},
		{"the value of something else", 1, claim, plain, raises, exact("parse('9-5')", "[5, 9]", 2), nil, false},
		{"the code refuses less", -1, claim, plain, raises, value, nil, false},
	} {
		was, is := paired(wholeTest("tests/test_a.py", "test_a", tt.was), wholeTest("tests/test_a.py", "test_a", tt.is))
		if got := refusing(tt.more, tt.claim).turned(was, is, pairs.Pairing{Added: tt.added}, tt.gone); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// A case that the code refuses now stands, but for what it gave, in a test that
// asks for an error anew.
func TestRefusedCase(t *testing.T) {
	const text = "def test_bad():\n    with pytest.raises(ValueError):\n        parse('8-5', 'strict')\n"
	for _, tt := range []struct {
		name, entry string
		more        int
		subject     string // of the new assertion
		line        int
		want        bool
	}{
		{"all but what it gave", "('8-5', 'strict', 58)", 1, "raises", 2, true},
		{"less than that", "('8-5', 'loose', 58)", 1, "raises", 2, false},
		{"one value only", "(58)", 1, "raises", 2, false},
		{"no error is asked for", "('8-5', 'strict', 58)", 1, "parse", 2, false},
		{"the error is asked for elsewhere", "('8-5', 'strict', 58)", 1, "raises", 9, false},
		{"the code refuses nothing more", "('8-5', 'strict', 58)", 0, "raises", 2, false},
		{"the code refuses less", "('8-5', 'strict', 58)", -1, "raises", 2, false},
	} {
		j := refusing(tt.more, "parse refuses what is reversed")
		h := wholeTest("tests/test_a.py", "test_bad", text)
		j.head.tests = []*file{h.file}
		was := wholeTest("tests/test_a.py", "test_rows", "def test_rows(text, want):\n    assert parse(text) == want")
		j.pairs[was] = pairs.Pairing{Added: []source.Assertion{{Subject: tt.subject, Range: source.Range{Start: tt.line, End: tt.line}}}}
		if got := j.refusedCase(was, source.Case{Text: tt.entry}); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// Of several assertions that no error came, as many may go as steps went.
func TestIdle(t *testing.T) {
	none := func(line int) source.Assertion {
		return source.Assertion{Strength: source.Exists, Text: "if err != nil {", Subject: "err", Expected: "nil", Range: source.Range{Start: line, End: line}}
	}
	not := none(3)
	not.Negated = true
	text := "func TestA(t *testing.T) {\n\terr := open(1)\n\tif err != nil {\n\terr = write(2)\n\tif err != nil {\n\tequal(row, 2)\n}"
	for _, tt := range []struct {
		name string
		gone []source.Assertion
		acts map[string]bool
		want bool
	}{
		{"one, and one step went", []source.Assertion{none(3)}, checktest.Set("err:=open(1)"), true},
		{"two, and one step went", []source.Assertion{none(3), none(5)}, checktest.Set("err:=open(1)"), false},
		{"two, and both steps went", []source.Assertion{none(3), none(5)}, checktest.Set(), true},
		{"one, and no step went", []source.Assertion{none(3)}, checktest.Set("err:=open(1)", "err=write(2)"), false},
		{"one, and another that claims something else", []source.Assertion{none(3), exact("row", "2", 6)}, checktest.Set("err:=open(1)"), true},
		{"one that asks for more", []source.Assertion{exact("row", "2", 6)}, checktest.Set(), false},
		{"one that an error comes", []source.Assertion{not}, checktest.Set(), false},
	} {
		x := wholeTest("a_test.go", "TestA", text)
		x.Assertions = []source.Assertion{none(3), none(5), exact("row", "2", 6)}
		if got := idle(x, pairs.Pairing{Removed: tt.gone}, tt.gone[0], tt.acts); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

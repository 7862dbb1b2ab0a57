package tamper

import (
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/check/tamper/asked"
	"muster/internal/check/tamper/cases"
	"muster/internal/check/tamper/pairs"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

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

// A case that is gone is looked for in what is new: cases and assertions of
// other tests, and tests.
func TestCaseElsewhere(t *testing.T) {
	gone := source.Case{Name: "ten", Text: `{"ten", 10, 100, 1000, 7, 8}`} // five values beside its name
	table := []source.Case{{Text: "{1}"}}
	for _, tt := range []struct {
		name     string
		own      []source.Case // of its test at the head
		text     string        // of its test
		added    string        // a new assertion
		other    string        // another test
		entries  []source.Case
		wasThere bool // the other test
		want     bool
	}{
		{"nowhere", table, "", "", "", nil, false, false},
		{"the table was dissolved", nil, "ok(10, 100, 1000, 7, 8)", "", "", nil, false, true},
		{"its values stand beside the table", table, "ok(10, 100, 1000, 7, 8)", "", "", nil, false, false},
		{"in another entry of its table", []source.Case{{Text: "{1}"}, {Text: "{10, 100, 1000, 7, 8}"}}, "", "", "", nil, false, false},
		{"in a new assertion", table, "", "equal(f(10), 100, 1000, 7, 8)", "", nil, false, true},
		{"most of it in a new assertion", table, "", "equal(f(10), 100, 1000, 7)", "", nil, false, true},
		{"some of it in a new assertion", table, "", "equal(f(10), 100, 1000)", "", nil, false, false},
		{"in a new entry elsewhere", table, "", "", "x()", []source.Case{{Text: "{1}"}, {Text: "{10, 100, 1000, 7}"}}, true, true},
		{"in half of a new entry elsewhere", table, "", "", "x()", []source.Case{{Text: "{10, 100, 1000}"}}, true, false},
		{"in an entry that was there", table, "", "", "x()", []source.Case{{Text: "{10, 100, 1000, 7, 8 }"}}, true, false},
		{"in a new test", table, "", "", "x(10, 100, 1000, 7, 8)", nil, false, true},
		{"in a test that was there", table, "", "", "x(10, 100, 1000, 7, 8)", nil, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := judgeOf(asked.Asked{})
			was, is := paired(wholeTest("a_test.go", "TestA", "x"), wholeTest("a_test.go", "TestA", tt.text))
			was.Cases, is.Cases = table, tt.own
			if tt.added != "" {
				j.pairs[was] = pairs.Pairing{Added: []source.Assertion{{Text: tt.added}}}
			}
			j.head.tests = []*file{is.file}
			if tt.other != "" {
				other := wholeTest("b_test.go", "TestB", tt.other)
				other.Cases = tt.entries
				if tt.wasThere {
					before, _ := paired(wholeTest("b_test.go", "TestB", tt.other), other)
					if len(tt.entries) == 1 && strings.HasSuffix(tt.entries[0].Text, " }") {
						before.Cases = tt.entries
					}
				}
				j.head.tests = append(j.head.tests, other.file)
			}
			for range 2 { // the second time by what it remembers
				if got := (tables{j}).caseElsewhere(is, gone); got != tt.want {
					t.Errorf("it is elsewhere: %v", got)
				}
			}
		})
	}
}

// An expected value that is worked out with what is new in the code.
func TestComputed(t *testing.T) {
	for after, want := range map[string]string{
		"{3, Triple(3)}": "computed locator", "{3, Triple}": "", "{3, len(x)}": "", "{3, Triple": "", "{3, \"Triple\"(3)}": "", "{3, 6}": "", "{Old(3), Triple(3)}": "computed locator", "{3, Old(3, 4)}": "",
	} {
		j := judgeOf(asked.Asked{})
		j.code.Differs, j.code.GainedWords = true, checktest.Set("Triple", "Old")
		was, is := paired(wholeTest("a_test.go", "TestA", "x"), wholeTest("a_test.go", "TestA", "x"))
		c := cases.Change{Was: source.Case{Text: "{3, 6}"}, Is: source.Case{Text: after}}
		if strings.Contains(after, "Old") {
			c.Was.Text = "{Old, 6}"
		}
		tables{j}.computed(was, is, c)
		if got := told(j); got != want {
			t.Errorf("%s: %q, want %q", after, got, want)
		}
		j.findings, j.code.Differs = nil, false
		if (tables{j}).computed(was, is, c); told(j) != "" {
			t.Errorf("%s, and no code differs: %s", after, told(j))
		}
	}
}

func TestValueOf(t *testing.T) {
	for line, want := range map[string]string{
		"want := 4": "4", "const want = 5": "5", "a, want := 1, 2": " 2", "want, a := 1, 2": "1", "a, want := f()": "", "a, want := f(1, 2), 3, 4": "", "other := 4": "", "want == 4": "", "let want: number = 7": "7", "x, y, want = 1, 2, 3": " 3",
	} {
		x := wholeTest("a_test.go", "TestA", line)
		if got, ok := (weakening{judgeOf(asked.Asked{})}).valueOf(x, "want"); got != want || ok != (want != "") {
			t.Errorf("%s: %q %v", line, got, ok)
		}
	}
}

// Cases that are marked so that they do not run.
func TestCasesSetAside(t *testing.T) {
	const table = "import pytest\nfrom shop import double\n\n\n@pytest.mark.parametrize(\"n\", [\n    11,\n    22,\n])\ndef test_double(n):\n    assert double(n) == n + n\n"
	base := checktest.Files{"shop.py": "def double(n):\n    return n * 2\n", "tests/test_shop.py": table}
	marked := strings.Replace(table, "    22,", "    pytest.param(\n        22,\n        marks=pytest.mark.skip(reason=\"platform\"),\n    ),", 1)
	for _, tt := range []struct{ name, was, is, claim, want string }{
		{"one of them", table, marked, "Tidy", "skipped locator"},
		{"the author says so", table, marked, "Skip test_double for 22", "skipped locator"},
		{"one that stands twice is gone", strings.Replace(table, "    22,", "    22,\n    11,", 1), table, "Tidy", ""},
	} {
		req := checktest.Request(evidence.OfRange)
		req.Claim = tt.claim
		base := base.With(checktest.Files{"tests/test_shop.py": tt.was})
		got := ""
		for _, f := range judgeTrees(t, base, base.With(checktest.Files{"tests/test_shop.py": tt.is}), req).Findings {
			got += f.Rule + " " + string(f.Level)
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A case that takes any value, where no case did and the file knows no such
// value; a case that is worked out with a function that an assertion asks.
func TestCaseAsksForLess(t *testing.T) {
	for _, tt := range []struct {
		name, file, was, is string
		asserts, want       string
	}{
		{"any value", "x", "(3, 6)", "(3, mock.ANY)", "", "loosened gate"},
		{"any value, as before", "x", "(mock.ANY, 6)", "(mock.ANY, 7)", "", ""},
		{"any value, as others of the file", "rows(mock.ANY)", "(3, 6)", "(3, mock.ANY)", "", ""},
		{"with what is asked", "x", "(3, 6)", "(3, double(3))", "assert double(n) == want", "computed locator"},
		{"with something else", "x", "(3, 6)", "(3, double(3))", "assert triple(n) == want", ""},
		{"with what did not change", "x", "(3, 6)", "(3, other(3))", "assert other(n) == want", ""},
	} {
		j := judgeOf(asked.Asked{Task: "Tidy"})
		j.code.Differs, j.code.Changed = true, checktest.Set("double", "triple")
		was, is := paired(wholeTest("tests/test_a.py", "test_a", tt.file), wholeTest("tests/test_a.py", "test_a", tt.file))
		was.Assertions = []source.Assertion{{Text: tt.asserts}}
		tables{j}.computed(was, is, cases.Change{Was: source.Case{Text: tt.was}, Is: source.Case{Text: tt.is}})
		if got := told(j); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Cases that are gone, held against what the table has now.
func TestCasesOfTable(t *testing.T) {
	for _, tt := range []struct {
		name    string
		was, is []string
		want    string
	}{
		{"one is gone", []string{"(3, 6)", "(400, 'abc')"}, []string{"(3, 6)"}, "cases_lost gate"},
		{"one that stands twice", []string{"(3, 6)", "(3, 6)"}, []string{"(3, 6)"}, ""},
		{"one for another", []string{"(3, 6)", "(400, 'abc')"}, []string{"(3, 6)", "[x, y]"}, ""},
		{"one for another that takes any value", []string{"(3, 6)", "(400, 'abc')"}, []string{"(3, 6)", "{x: ANY}"}, "loosened gate"},
		{"a new one that takes any value", []string{"(3, 6)"}, []string{"(3, 6)", "{x: ANY}"}, ""},
		{"all of several", []string{"(3, 6)", "(400, 'abc')"}, nil, "cases_lost locator"},
		{"the only one", []string{"(3, 6)"}, nil, "cases_lost gate"},
		{"none was there", nil, []string{"(3, 6)"}, ""},
	} {
		j := judgeOf(asked.Asked{Task: "Tidy"})
		j.code.Differs = true
		was, is := paired(wholeTest("tests/test_a.py", "test_a", "x"), wholeTest("tests/test_a.py", "test_a", "x"))
		for i, list := range [][]string{tt.was, tt.is} {
			x := []*test{was, is}[i]
			for _, text := range list {
				x.Cases = append(x.Cases, source.Case{Text: text})
			}
		}
		tables{j}.compareCases(was, is)
		if got := told(j); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

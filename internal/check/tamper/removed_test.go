package tamper

import (
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/check/tamper/asked"
	"muster/internal/check/tamper/pairs"
	"muster/internal/check/tamper/words"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// told gives the rules and levels of findings.
func told(j *judge) string {
	var out []string
	for _, f := range j.findings {
		out = append(out, f.Rule+" "+string(f.Level))
	}
	return strings.Join(out, ", ")
}

func exact(subject, expected string, line int) source.Assertion {
	return source.Assertion{Strength: source.Exact, Text: "equal(" + subject + ", " + expected + ")", Subject: subject, Expected: expected, Range: source.Range{Start: line, End: line}}
}

func truth(subject string, line int) source.Assertion {
	return source.Assertion{Strength: source.Truth, Text: "ok(" + subject + ")", Subject: subject, Range: source.Range{Start: line, End: line}}
}

const steps = "func TestA(t *testing.T) {\n\topen()\n\twrite(1)\n\n\tread()\n\tclose()\n\tequal(total, 7)\n}"

// What is taken away counts against what comes anew, by number and by how much
// each asks for.
func TestRemovedFrom(t *testing.T) {
	dead := exact("c", "3", 3)
	dead.Dead = "it is caught"
	trivial := source.Assertion{Strength: source.Trivial, Text: "ok(true)"}
	via := source.Assertion{Strength: source.Truth, Text: "check(b)", Subject: "b", Via: "check"}
	for _, tt := range []struct {
		name          string
		removed, more []source.Assertion
		text          string // of the head
		want          string
		message       string
	}{
		{"one", []source.Assertion{exact("a", "1", 7)}, nil, steps, "assertions_removed gate", `"TestA" in a_test.go has lost 1 assertion: "equal(a, 1)" (line 7 of the base).`},
		{"two", []source.Assertion{exact("a", "1", 7), exact("b", "2", 8)}, nil, steps, "assertions_removed gate", `has lost 2 assertions: "equal(a, 1)" (line 7 of the base) and 1 more.`},
		{"one comes for one", []source.Assertion{exact("a", "1", 7)}, []source.Assertion{exact("x", "5", 7)}, steps, "", ""},
		{"one comes for two", []source.Assertion{exact("a", "1", 7), exact("b", "2", 8)}, []source.Assertion{exact("x", "5", 7)}, steps, "assertions_removed gate", "has lost 2"},
		{"a weak one comes", []source.Assertion{exact("a", "1", 7)}, []source.Assertion{truth("x", 7)}, steps, "assertions_removed gate", "has lost 1"},
		{"a weak one comes for a weak one", []source.Assertion{truth("a", 7)}, []source.Assertion{truth("x", 7)}, steps, "", ""},
		{"one comes that is dead", []source.Assertion{exact("a", "1", 7)}, []source.Assertion{dead}, steps, "assertions_removed gate", "has lost 1"},
		{"one comes that cannot fail", []source.Assertion{exact("a", "1", 7)}, []source.Assertion{trivial}, steps, "trivial gate", "was replaced by one that cannot fail"},
		{"a weak function comes", []source.Assertion{exact("a", "1", 7)}, []source.Assertion{via}, steps, "assertions_removed gate", "has lost 1"},
		{"the test was written anew", []source.Assertion{exact("a", "1", 7)}, nil, "func TestA(t *testing.T) {\n\tother()\n}", "assertions_removed locator", "has lost 1"},
		{"what cannot fail goes", []source.Assertion{trivial}, nil, steps, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := judgeOf(asked.Asked{Task: "Tidy"})
			was, is := paired(wholeTest("a_test.go", "TestA", steps), wholeTest("a_test.go", "TestA", tt.text))
			j.helpers[1]["check"] = &test{Test: source.Test{Name: "check", Assertions: []source.Assertion{truth("b", 1)}}}
			weakening{j}.removedFrom(was, is, pairs.Pairing{Removed: tt.removed, Added: tt.more})
			if got := told(j); got != tt.want || tt.want != "" && !strings.Contains(j.findings[0].Message, tt.message) {
				t.Errorf("%s, want %s: %+v", got, tt.want, j.findings)
			}
		})
	}
}

// An assertion is accounted for by a new entry of the table that holds its
// value.
func TestAccounted(t *testing.T) {
	for _, tt := range []struct {
		expected, entry string
		want            bool
	}{
		{`"twelve"`, `{12, "twelve"}`, true}, {`"twelve"`, `{13, "other"}`, false}, {"4", "{2, 4}", true}, {`"x"`, `{"x", 1}`, false}, {"", `{"", 1}`, false},
	} {
		j := judgeOf(asked.Asked{})
		was, is := paired(wholeTest("a_test.go", "TestA", steps), wholeTest("a_test.go", "TestA", steps))
		is.Cases = []source.Case{{Text: tt.entry}}
		if got := (weakening{j}).accounted(was, is, pairs.Pairing{}, source.Assertion{Text: "equal(a)", Subject: "a", Expected: tt.expected}); got != tt.want {
			t.Errorf("%s in %s: %v", tt.expected, tt.entry, got)
		}
	}
}

// A test does what it did when three of four lines are left, without those
// that say nothing and those of its assertions.
func TestIntact(t *testing.T) {
	base := wholeTest("a_test.go", "TestA", "func TestA(t *testing.T) {\n\tone()\n\ttwo()\n\t}\n\n\tthree()\n\tfour()\n\tequal(a, 1)\n}\nfunc other() {}")
	base.End, base.Assertions = 9, []source.Assertion{exact("a", "1", 8)}
	for text, want := range map[string]bool{
		"func TestA(t *testing.T) {\n\tone()\n\ttwo()\n\tthree()\n\tfour()\n}": true, "func TestA(t *testing.T) {\n\tone()\n\ttwo()\n\tthree()\n}": true, "func TestA(t *testing.T) {\n\tone()\n\ttwo()\n}": false,
		"func TestA(t *testing.T) {\n\tx()\n\t}\n\n\tequal(a, 1)\n}": false,
	} {
		if got := intact(base, wholeTest("a_test.go", "TestA", text)); got != want {
			t.Errorf("%v for\n%s", got, text)
		}
	}
	if bare := wholeTest("a_test.go", "TestA", "func TestA(t *testing.T) {\n}"); !intact(bare, base) {
		t.Error("a test without lines has lost some")
	}
	short := wholeTest("a_test.go", "TestA", "one\ntwo\nthree")
	short.End = 9 // beyond the file
	if got := checktest.Words(lineSet(short)); got != "one three two" {
		t.Error(got)
	}
	short.Start, short.End = 2, 2
	if got := checktest.Words(lineSet(short)); got != "two" {
		t.Error(got)
	}
	if !intact(short, short) {
		t.Error("it is not what it is")
	}
}

// What an assertion looked at is done in the line before it.
func TestActed(t *testing.T) {
	base := wholeTest("a_test.go", "TestA", "func TestA(t *testing.T) {\n\topen()\n\n\t})\n\tequal(total, 7)\n}")
	for name, tt := range map[string]struct {
		subject string
		head    map[string]bool
		line    int
		want    bool
	}{
		"it is still done":      {"total", checktest.Set("open()"), 5, true},
		"it is not":             {"total", checktest.Set("close()"), 5, false},
		"it is done in its own": {"sum(1)", checktest.Set("open()"), 5, false},
		"nothing is before it":  {"total", nil, 2, true},
	} {
		if got := acted(base, exact(tt.subject, "7", tt.line), tt.head); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	for name, tt := range map[string]struct {
		line, subject string
		head          map[string]bool
		want          bool
	}{
		"its result is not kept":         {"total := openAll(1)", "total", checktest.Set("openAll(1)"), true},
		"its result has another name":    {"total := openAll(1)", "total", checktest.Set("sum:=openAll(1)"), true},
		"the assertion does it itself":   {"total := openAll(1)", "sum(1)", checktest.Set("openAll(1)"), false},
		"it is done with something else": {"total := openAll(1)", "total", checktest.Set("openAll(2)"), false},
		"it is too short to be known":    {"total := a(1)", "total", checktest.Set("a(1)"), false},
		"it was no call":                 {"total := openedAll", "total", checktest.Set("openedAll"), false},
	} {
		base := wholeTest("a_test.go", "TestA", "func TestA(t *testing.T) {\n\t"+tt.line+"\n\tequal(total, 7)\n}")
		if got := acted(base, exact(tt.subject, "7", 3), tt.head); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A block that asks for an error never looks at the values in it.
func TestRaised(t *testing.T) {
	for _, tt := range []struct {
		before string
		want   bool
	}{
		{"    with pytest.raises(ValueError):", true},
		{"    with self.assertRaises(ValueError):", true},
		{"    with pytest.raises(ValueError):\n        n = 2", true},
		{"    with open(path) as f:", false},
		{"    with pytest.raises(ValueError):\n        f(1)\n    with open(path) as f:", false},
		{"    n = 2 # it raises", false},
		{"    with pytest.raises(ValueError):\n        a()\n        b()\n        c()\n        d()", false},
	} {
		x := wholeTest("test_a.py", "test_a", "def test_a():\n"+tt.before+"\n        assert f(n) == 2")
		if got := raised(x, exact("f(n)", "2", x.End)); got != tt.want {
			t.Errorf("%v after\n%s", got, tt.before)
		}
	}
}

// A function of the tests that is new may call the one that asserted.
func TestCalledBy(t *testing.T) {
	const text = "func TestA(t *testing.T) {\n\tboth(t, 1)\n}\nfunc both(t *testing.T, n int) {\n\tcheck(t, n)\n}"
	for _, tt := range []struct {
		name, head string
		old        bool // the base has the function
		want       bool
	}{
		{"it calls it", text, false, true},
		{"it did before", text, true, false},
		{"the test does not call it", strings.Replace(text, "both(t, 1)", "other(t, 1)", 1), false, false},
		{"it calls another", strings.Replace(text, "check(t, n)", "look(t, n)", 1), false, false},
	} {
		j := judgeOf(asked.Asked{})
		f := textFile("a_test.go", tt.head)
		f.facts.Functions = []source.Function{{Name: "both", Range: source.Range{Start: 4, End: 6}}}
		j.head.tests = []*file{f}
		if tt.old {
			j.base.tests = []*file{f}
		}
		if got := (weakening{j}).calledBy(testIn(f, "TestA", 1, 3), "check"); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// Cases and assertions that are new count as they ask for something.
func TestNote(t *testing.T) {
	dead := exact("b", "2", 3)
	dead.Dead = "it is caught"
	for _, tt := range []struct {
		name  string
		added []source.Assertion
		cases int
		skips int
		want  int // of what is fresh
		pool  int
	}{
		{"an assertion", []source.Assertion{exact("a", "1", 2)}, 0, 0, 1, 1},
		{"a weak one", []source.Assertion{truth("a", 2)}, 0, 0, 0, 1},
		{"a dead one", []source.Assertion{dead}, 0, 0, 0, 0},
		{"with cases", []source.Assertion{exact("a", "1", 2)}, 3, 0, 4, 1},
		{"cases alone", nil, 3, 0, 0, 0},
		{"of a skipped test", []source.Assertion{exact("a", "1", 2)}, 0, 1, 0, 1},
	} {
		j := judgeOf(asked.Asked{})
		x := wholeTest("a_test.go", "TestA", steps)
		x.Cases, x.Skips = make([]source.Case, tt.cases), make([]source.Mark, tt.skips)
		j.note(x, tt.added)
		n := 0
		for _, f := range j.fresh {
			n += f.n
		}
		if n != tt.want || len(j.pool) != tt.pool {
			t.Errorf("%s: %d, %v", tt.name, n, j.pool)
		}
	}
}

// Functions that help tests are known by their names, on both sides.
func TestPrepare(t *testing.T) {
	j := judgeOf(asked.Asked{})
	for i, s := range []*side{&j.base, &j.head} {
		f := textFile([]string{"a_test.go", "b_test.go"}[i], steps)
		testIn(f, "TestA", 1, 3)
		testIn(f, "pkg.check", 4, 5).Helper = true
		s.tests = []*file{f}
	}
	j.prepare()
	for i := range j.helpers {
		if len(j.helpers[i]) != 1 || j.helpers[i]["check"] == nil {
			t.Errorf("%v", j.helpers[i])
		}
	}
}

func TestCalls(t *testing.T) {
	x := wholeTest("a_test.go", "TestA", `Double(2); go(3); Errorf("x"); total; "Half"(4); TestB(1); Half (5)`)
	if got := strings.Join(calls(x), " "); got != "Double Half" {
		t.Error(got)
	}
	for name, want := range map[string]bool{"Errorf": true, "expect": true, "TestDouble": true, "test_double": true, "Double": false} {
		if words.Common(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

// A finding that names no paths is about its own.
func TestSay(t *testing.T) {
	j := judgeOf(asked.Asked{})
	j.subject.Request.Base.Tree, j.subject.Request.Head.Tree = "base", "head"
	j.say(statement{rule: "a", level: evidence.Gate, path: "a_test.go"})
	j.say(statement{rule: "b", level: evidence.Gate, path: "a_test.go", paths: []string{"c.go", "b.go", "c.go"}, was: "x", is: "y"})
	if got, want := j.findings[0].Reproduce, "git --literal-pathspecs diff base head -- a_test.go"; got != want || j.findings[0].Detail != "" {
		t.Errorf("%s %q", got, j.findings[0].Detail)
	}
	if got, want := j.findings[1].Reproduce, "git --literal-pathspecs diff base head -- b.go c.go"; got != want || j.findings[1].Detail != "was: x\nis:  y" {
		t.Errorf("%s %q", got, j.findings[1].Detail)
	}
}

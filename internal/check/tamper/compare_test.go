package tamper

import (
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/check/tamper/asked"
	"muster/internal/check/tamper/pairs"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// An assertion by a function of the project asks for as much as that function.
func TestRank(t *testing.T) {
	dead := exact("a", "1", 1)
	dead.Dead = "it is caught"
	for _, tt := range []struct {
		name   string
		via    string
		own    []source.Assertion
		rank   int
		weight int
	}{
		{"none", "", nil, 3, 1},
		{"one that is not known", "other", nil, 0, 1},
		{"a weak one", "pkg.check", []source.Assertion{truth("a", 1)}, 3, 1},
		{"one with a strong part", "check", []source.Assertion{truth("a", 1), exact("a", "1", 1)}, 0, 2},
		{"one whose strong part is dead", "check", []source.Assertion{truth("a", 1), dead, truth("b", 1)}, 3, 3},
		{"one that asserts nothing itself", "check", nil, 0, 1},
	} {
		j := judgeOf(asked.Asked{})
		j.helpers[1]["check"] = &test{Test: source.Test{Assertions: tt.own}}
		a := truth("x", 1)
		a.Via = tt.via
		if rank, weight := j.rank(1, a), j.weight(1, a); rank != tt.rank || weight != tt.weight {
			t.Errorf("%s: rank %d, weight %d", tt.name, rank, weight)
		}
	}
}

// What asks for less than before blocks, unless as much stands beside it, or
// the test is another.
func TestLoosened(t *testing.T) {
	dead := exact("y", "2", 1)
	dead.Dead = "it is caught"
	for _, tt := range []struct {
		name    string
		added   []source.Assertion
		removed []source.Assertion
		text    string // of the head
		was, is source.Assertion
		want    string
	}{
		{"nothing stands beside it", nil, nil, steps, exact("x", "4", 7), truth("x", 7), "loosened gate"},
		{"an exact one stands beside it", []source.Assertion{exact("y", "2", 8)}, nil, steps, exact("x", "4", 7), truth("x", 7), ""},
		{"a weak one stands beside it", []source.Assertion{truth("y", 8)}, nil, steps, exact("x", "4", 7), truth("x", 7), "loosened gate"},
		{"a dead one stands beside it", []source.Assertion{dead}, nil, steps, exact("x", "4", 7), truth("x", 7), "loosened gate"},
		{"one comes and one goes", []source.Assertion{exact("y", "2", 8)}, []source.Assertion{exact("z", "2", 8)}, steps, exact("x", "4", 7), truth("x", 7), "loosened gate"},
		{"the test was written anew", nil, nil, "func TestA(t *testing.T) {\n\tother()\n}", exact("x", "4", 7), truth("x", 7), "loosened locator"},
		{"it is stored now", nil, nil, steps, exact("x", "4", 7), source.Assertion{Strength: source.Snapshot, Text: "matches(x)", Subject: "x"}, "loosened locator"},
		{"a small tolerance", nil, nil, steps, exact("x", "0.5", 7), source.Assertion{Strength: source.Partial, Text: "InDelta(0.5, x, 0.001)", Subject: "x"}, "loosened context"},
	} {
		j := judgeOf(asked.Asked{Task: "Tidy"})
		was, is := paired(wholeTest("a_test.go", "TestA", steps), wholeTest("a_test.go", "TestA", tt.text))
		j.pairs[was] = pairs.Pairing{Added: tt.added, Removed: tt.removed}
		weakening{j}.loosened(was, is, pairs.Paired{Was: tt.was, Is: tt.is})
		if got := told(j); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

const otherSteps = "func TestA(t *testing.T) {\n\tother()\n}"

// What makes an assertion ask for less blocks where nothing honest looks like
// it and the test is the same; so does one that came in place of another.
func TestWeakerAndReplaced(t *testing.T) {
	fallback := source.Assertion{Strength: source.Exact, Text: "equal(x ?? 4, 4)", Subject: "x ?? 4", Expected: "4"}
	length := source.Assertion{Strength: source.Exact, Text: "equal(len(x), 1)", Subject: "len(x)", Expected: "1"}
	for _, tt := range []struct {
		name string
		text string // of the head
		is   source.Assertion
		want string
	}{
		{"it falls back on what it expects", steps, fallback, "self_compared gate"},
		{"it falls back, and the test was written anew", otherSteps, fallback, "self_compared locator"},
		{"it compares the length", steps, length, "loosened locator"},
		{"it compares the length, and the test was written anew", otherSteps, length, "loosened locator"},
		{"it is the same", steps, exact("x", "4", 7), ""},
	} {
		for _, how := range []string{"changed", "replaced"} {
			j := judgeOf(asked.Asked{Task: "Tidy"})
			was, is := paired(wholeTest("a_test.go", "TestA", steps), wholeTest("a_test.go", "TestA", tt.text))
			var found bool
			if before := exact("x", "4", 7); how == "changed" {
				found = weakening{j}.weaker(was, is, pairs.Paired{Was: before, Is: tt.is})
			} else {
				found = weakening{j}.replaced(was, is, []source.Assertion{before}, []source.Assertion{tt.is})
			}
			if got := told(j); got != tt.want || found != (tt.want != "") {
				t.Errorf("%s, %s: %q %v, want %q", tt.name, how, got, found, tt.want)
			}
		}
	}
}

// A weakening has an explanation where somebody names it, or where the change
// shows it.
func TestWeigh(t *testing.T) {
	for _, tt := range []struct {
		name        string
		task, claim string
		adapt       func(j *judge)
		want        evidence.Level
	}{
		{"nothing is said", "", "Tidy", nil, evidence.Gate},
		{"a person names what it works with", "", "Remove parseLegacy", nil, evidence.Locator},
		{"an agent names what it works with", "Tidy", "Remove parseLegacy", nil, evidence.Gate},
		{"the task names the test", "Remove TestA > app.del() is gone", "", nil, evidence.Context},
		{"a person names a short word of it", "", "Remove the bar", nil, evidence.Gate},
		{"a person names a word of every test", "", "Remove DeepEqual", nil, evidence.Gate},
		{"a person names what its name names", "", "Remove app.del", nil, evidence.Locator},
		{"a person names a word of its name", "", "Remove is", nil, evidence.Gate},
		{"there is less code, and a person takes out something", "", "Remove old things", func(j *judge) { j.code.Shrank = true }, evidence.Locator},
		{"there is less code, and an agent takes out something", "Tidy", "Remove old things", func(j *judge) { j.code.Shrank = true }, evidence.Gate},
		{"there is less code, and nobody takes out anything", "", "Tidy", func(j *judge) { j.code.Shrank = true }, evidence.Gate},
		{"there is less code, and a person names it", "", "Remove parseLegacy", func(j *judge) { j.code.Shrank = true }, evidence.Context},
		{"versions changed, as the author says", "Tidy", "Bump the library", func(j *judge) { j.head.rest = []*file{{class: change.Class{Lockfile: true}}} }, evidence.Locator},
		{"its code was written anew", "Tidy", "", func(j *judge) { j.code.Rewrote = checktest.Set("a") }, evidence.Locator},
	} {
		j := judgeOf(asked.Asked{Task: tt.task, Claim: tt.claim})
		j.code.Differs = true
		x := wholeTest("a_test.go", "TestA > app.del() is gone", "parseLegacy(x)\nbar(DeepEqual)\n")
		if tt.adapt != nil {
			tt.adapt(j)
		}
		if got := j.weigh(x, 1); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// A file of tests was written anew when half of its tests are others, and
// others came.
func TestAnew(t *testing.T) {
	const other = "func TestA(t *testing.T) {\n\tquite(different)\n}"
	for _, tt := range []struct {
		name                string
		kept, changed, gone int    // tests of the base
		come                int    // tests of the head that are new
		folder              string // of the new ones
		helpers             bool   // those that are gone and come are no tests
		want                bool
	}{
		{"nothing is left", 0, 0, 4, 4, "", false, true},
		{"all are others", 0, 4, 0, 0, "", false, true},
		{"three tests", 0, 0, 3, 3, "", false, false},
		{"half of it", 2, 0, 2, 2, "", false, false},
		{"more than half", 2, 0, 3, 2, "", false, true},
		{"nothing came", 1, 0, 4, 2, "", false, false},
		{"it came elsewhere", 1, 0, 4, 4, "x/", false, false},
		{"helpers", 4, 0, 5, 5, "", true, false},
		{"all are as they were", 5, 0, 0, 0, "", false, false},
	} {
		j := judgeOf(asked.Asked{})
		f, g, elsewhere := textFile("a_test.go", strings.Repeat(steps+"\n", 9)), textFile("a_test.go", strings.Repeat(steps+"\n", 9)), textFile(tt.folder+"b_test.go", other)
		next := func(name string) *test { return testIn(f, name, 1+8*len(f.tests), 8+8*len(f.tests)) }
		for range tt.kept {
			paired(next("TestA"), testIn(g, "TestA", 1+8*len(g.tests), 8+8*len(g.tests)))
		}
		for range tt.changed {
			paired(next("TestA"), testIn(elsewhere, "TestA", 1, 3))
		}
		for range tt.gone {
			next("TestA").Helper = tt.helpers
		}
		for range tt.come {
			testIn(elsewhere, "TestB", 1, 3).Helper = tt.helpers
		}
		j.head.tests = []*file{g, elsewhere}
		if got := j.anew(f); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

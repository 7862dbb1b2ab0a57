package tamper

import (
	"strings"
	"testing"

	"muster/internal/check/tamper/asked"
	"muster/internal/source"
)

func TestSkippedAnyway(t *testing.T) {
	never, at := source.Mark{}, source.Mark{Conditional: true}
	for _, tt := range []struct {
		skips []source.Mark
		want  bool
	}{{nil, false}, {[]source.Mark{at}, false}, {[]source.Mark{at, never}, true}, {[]source.Mark{never}, true}} {
		x := wholeTest("a_test.go", "TestA", "x")
		if x.Skips = tt.skips; skippedAnyway(x) != tt.want {
			t.Errorf("%+v: %v", tt.skips, !tt.want)
		}
	}
}

// What a test asked for may stand in another that is new or has grown.
func TestAbsorbed(t *testing.T) {
	const (
		lost   = "func TestLost(t *testing.T) {\n\topen(store)\n\tequal(half(12), 6)\n\tequal(half(14), 7)\n\tclose(store)\n}"
		before = "func TestOther(t *testing.T) {\n\topen(store)\n\tequal(total, 1)\n\tclose(store)\n}"
		grown  = "func TestOther(t *testing.T) {\n\topen(store)\n\tequal(total, 1)\n\tfor _, n := range list {\n\t\tequal(half(12), 6)\n\t\tequal(half(14), 7)\n\t\tmore(n)\n\t}\n\tclose(store)\n}"
	)
	for _, tt := range []struct {
		name     string
		path     string
		was, is  string // another test; was is empty where it is new
		asserts  int    // of it
		claims   int    // of the lost test that the head makes anew
		itsPair  bool   // the other is what the lost test became
		strength source.Strength
		want     bool
	}{
		{"a test that has grown", "b_test.go", before, grown, 3, 0, false, source.Exact, true},
		{"a new test", "b_test.go", "", grown, 3, 0, false, source.Exact, true},
		{"it stood there twice", "b_test.go", lost, lost, 2, 0, false, source.Exact, true},
		{"a test that is as it was", "b_test.go", before, before, 1, 0, false, source.Exact, false},
		{"a test that asserts nothing", "b_test.go", before, grown, 0, 0, false, source.Exact, false},
		{"a test of another language", "b_test.py", before, grown, 3, 0, false, source.Exact, false},
		{"a test that had all of it", "b_test.go", grown, grown + "\n// more\nfunc more() {}", 3, 0, false, source.Exact, false},
		{"a test that has shrunk", "b_test.go", strings.Replace(grown, "more(n)", "much(n, a, b, c, d)", 1), grown, 3, 0, false, source.Exact, false},
		{"what it became itself", "b_test.go", lost, grown, 3, 0, true, source.Exact, false},
		{"all its claims are made anew", "b_test.go", before, before, 1, 2, false, source.Exact, true},
		{"half of its claims", "b_test.go", before, before, 1, 1, false, source.Exact, false},
		{"all its claims, which are weak", "b_test.go", before, before, 1, 2, false, source.Exists, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := judgeOf(asked.Asked{})
			x := wholeTest("a_test.go", "TestLost", lost)
			x.Assertions = []source.Assertion{exact("half(12)", "6", 3), exact("half(14)", "7", 4)}
			for i := range x.Assertions {
				x.Assertions[i].Strength = tt.strength
				if i < tt.claims {
					j.note(wholeTest("c_test.go", "TestC", "x"), x.Assertions[i:i+1])
				}
			}
			h := wholeTest(tt.path, "TestOther", tt.is)
			h.Assertions = make([]source.Assertion, tt.asserts)
			switch {
			case tt.itsPair:
				paired(x, h)
			case tt.was != "":
				paired(wholeTest(tt.path, "TestOther", tt.was), h)
			}
			j.head.tests = []*file{h.file}
			if got := (losses{j}).absorbed(x); got != tt.want {
				t.Errorf("absorbed: %v", got)
			}
		})
	}
}

// A function that asserted and does so no more is looked for in its file.
func TestHelperGone(t *testing.T) {
	for _, tt := range []struct {
		name, helper, path, fn string
		isMoved                bool
		want                   string
	}{
		{"in its file", "check", "a_test.go", "check", false, "helper_emptied gate"},
		{"another function", "check", "a_test.go", "other", false, ""},
		{"another file", "check", "b_test.go", "check", false, ""},
		{"its file has another name", "check", "b_test.go", "check", true, "helper_emptied gate"},
		{"a step around tests", "setupAll", "a_test.go", "setupAll", false, ""},
	} {
		j := judgeOf(asked.Asked{})
		x := wholeTest("a_test.go", tt.helper, "func check() { equal(a, 1) }")
		f := textFile(tt.path, "func check() {}")
		f.facts.Functions = []source.Function{{Name: tt.fn, Range: source.Range{Start: 1, End: 1}}}
		if tt.isMoved {
			x.file.other = f
		}
		j.head.tests = []*file{f}
		if (losses{j}).helperGone(x); told(j) != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, told(j), tt.want)
		}
	}
}

package suite

import (
	"fmt"
	"maps"
	"slices"
)

// Outcome is how a test or a unit ended; empty when it did not.
type Outcome string

// How a test can end.
const (
	Pass Outcome = "pass"
	Fail Outcome = "fail"
	Skip Outcome = "skip"
)

// Report is what one run of a tool said.
type Report struct {
	Units map[string]*UnitReport // by Unit.ID
	Noise string                 // what was not part of the report
	Late  bool                   // it was cut off at its limit: units are missing
}

// UnitReport is what was said of one unit.
type UnitReport struct {
	End     Outcome // Fail when anything in it failed
	Unbuilt bool    // it, or something it needs, does not compile or load
	Cut     bool    // it ended with success before all its tests had run
	Passed  bool    // it passed as a whole at least once
	Tests   map[string]*TestReport
	Output  string // of the unit itself, or of the compiler; at most 64 KiB
}

// TestReport is what was said of one test.
type TestReport struct {
	End    Outcome // the last one, when it ran several times
	Passed bool    // it passed at least once
	Failed bool    // it failed at least once
	Runs   int     // how often it passed or failed
	Reds   int     // how often it failed
	Parent string  // the test around it; empty when there is none
	Top    string  // the declared test that it is part of; empty when it is one itself
	File   string  // where it stands, relative to the tree; empty when the tool does not say
	Line   int     // 0 when the tool does not say
	Output string  // at most 64 KiB
}

// MaxText bounds the output kept of one test.
const MaxText = 64 << 10

// NewReport gives a report without units.
func NewReport() Report { return Report{Units: map[string]*UnitReport{}} }

// Unit gives the report of a unit, a new one when there is none.
func (r *Report) Unit(id string) *UnitReport {
	u := r.Units[id]
	if u == nil {
		u = &UnitReport{Tests: map[string]*TestReport{}}
		r.Units[id] = u
	}
	return u
}

// Test gives the report of a test, a new one when there is none.
func (u *UnitReport) Test(name string) *TestReport {
	t := u.Tests[name]
	if t == nil {
		t = &TestReport{}
		u.Tests[name] = t
	}
	return t
}

// Ended notes how a test ended.
func (t *TestReport) Ended(o Outcome) {
	t.End = o
	t.Passed = t.Passed || o == Pass
	t.Failed = t.Failed || o == Fail
	if o != Skip {
		t.Runs++
	}
	if o == Fail {
		t.Reds++
	}
}

// Ended notes how a unit ended.
func (u *UnitReport) Ended(o Outcome) {
	u.End = o
	u.Passed = u.Passed || o == Pass
}

// EndCut notes that a unit was ended from within, and looks like a success.
func (u *UnitReport) EndCut() {
	u.Cut = true
	u.Ended(Pass)
}

// Settle gives every unit that has tests and no end of its own the end that
// follows from them.
func (r Report) Settle() Report {
	for _, u := range r.Units {
		if u.End != "" {
			continue
		}
		end := Skip
		for _, t := range u.Tests {
			if t.End == Fail {
				end = Fail
				break
			}
			if t.End == Pass {
				end = Pass
			}
		}
		if u.Unbuilt {
			end = Fail
		}
		u.Ended(end)
	}
	return r
}

// Failures gives the tests that failed without a failing test in them, in
// order: a test that holds a failing one fails for that reason alone.
func (u *UnitReport) Failures() []string {
	holds := map[string]bool{}
	for _, t := range u.Tests {
		if t.End == Fail {
			holds[t.Parent] = true
		}
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(u.Tests)) {
		if u.Tests[name].End == Fail && !holds[name] {
			out = append(out, name)
		}
	}
	return out
}

// EndOf gives how a test ended, or the nearest test around it that did, as
// other says what is around it: which subtests there are may depend on the
// code.
func (u *UnitReport) EndOf(name string, other *UnitReport) Outcome {
	for range 100 { // deeper than anybody nests; a report may lie
		if u == nil || name == "" {
			break
		}
		if t := u.Tests[name]; t != nil && t.End != "" {
			return t.End
		}
		t := u.Tests[name]
		if t == nil && other != nil {
			t = other.Tests[name]
		}
		if t == nil {
			break
		}
		name = t.Parent
	}
	return ""
}

// TopOf gives the declared test that a test is part of.
func (u *UnitReport) TopOf(name string) string {
	if t := u.Tests[name]; t != nil && t.Top != "" {
		return t.Top
	}
	return name
}

// Ran gives the tests that ended in one of the ways, in order.
func (u *UnitReport) Ran(ways ...Outcome) []string {
	if u == nil {
		return nil
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(u.Tests)) {
		if slices.Contains(ways, u.Tests[name].End) {
			out = append(out, name)
		}
	}
	return out
}

// merge takes in a later report of the same tests.
func (r *Report) merge(later Report) {
	r.Noise = later.Noise
	for id, l := range later.Units {
		u := r.Units[id]
		if u == nil {
			r.Units[id] = l
			continue
		}
		l.Passed = l.Passed || u.Passed
		for name, t := range u.Tests {
			if n := l.Tests[name]; n != nil {
				n.Passed, n.Failed = n.Passed || t.Passed, n.Failed || t.Failed
				n.Runs, n.Reds = n.Runs+t.Runs, n.Reds+t.Reds
			} else {
				l.Tests[name] = t
			}
		}
		r.Units[id] = l
	}
}

// Several runs something as often as an order asks, and merges the reports.
func Several(times int, run func() (Report, string)) (Report, string) {
	all, why := run()
	for i := 1; i < times && why == ""; i++ {
		var next Report
		if next, why = run(); why == "" {
			all.merge(next)
		}
	}
	return all, why
}

// Bounded gives a text with more at its end, as far as MaxText allows.
func Bounded(text, more string) string {
	if len(text) >= MaxText {
		return text
	}
	if len(text)+len(more) > MaxText {
		more = more[:MaxText-len(text)]
	}
	return text + more
}

// Fresh gives a name that no test of the unit has yet: two may have the same.
func (u *UnitReport) Fresh(name string) string {
	if u.Tests[name] == nil {
		return name
	}
	for i := 2; ; i++ {
		if again := fmt.Sprintf("%s (%d)", name, i); u.Tests[again] == nil {
			return again
		}
	}
}

// Ending reads how something ended from the word that reports use for it;
// empty when it is another.
func Ending(action string) Outcome {
	if o := Outcome(action); o == Pass || o == Fail || o == Skip {
		return o
	}
	return ""
}

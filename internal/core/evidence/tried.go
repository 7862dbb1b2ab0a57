package evidence

import (
	"cmp"
	"slices"
)

// Test names a test, or with an empty Name all that In runs.
type Test struct {
	In   string `json:"in"`             // a package, a file of tests, or the command that ran it
	Name string `json:"name,omitempty"` // as the test program names it
}

// String names the test for people.
func (t Test) String() string {
	if t.Name == "" {
		return t.In
	}
	if t.In == "" {
		return t.Name
	}
	return t.Name + " in " + t.In
}

// Compare orders tests.
func (t Test) Compare(o Test) int {
	return cmp.Or(cmp.Compare(t.In, o.In), cmp.Compare(t.Name, o.Name))
}

// Tried is how often a test ran on one and the same code, and how often it was
// red. A check tells it of tests that ended both ways, and of tests that are
// known to.
type Tried struct {
	Test
	By    string `json:"by,omitempty"` // the acceptance command that ran it
	Runs  int64  `json:"runs"`
	Red   int64  `json:"red"`
	Known Rate   `json:"known"` // what was on record before
}

// Wavered reports whether the test ended both ways.
func (t Tried) Wavered() bool { return t.Red > 0 && t.Red < t.Runs }

// Rate is how often something was red in how many runs; zero runs mean that
// nothing is known.
type Rate struct {
	Red  int64 `json:"red,omitempty"`
	Runs int64 `json:"runs,omitempty"`
}

// Known is a test that ended both ways on the same code, with its record.
type Known struct {
	Test
	By   string `json:"by,omitempty"` // the acceptance command that ran it last
	Rate Rate   `json:"rate"`
}

// Recall gives what is on record of a test; false when nothing is.
func Recall(known []Known, t Test) (Known, bool) {
	i := slices.IndexFunc(known, func(k Known) bool { return k.Test == t })
	if i < 0 {
		return Known{Test: t}, false
	}
	return known[i], true
}

// Explains reports whether a test of this rate may well be red in so many runs
// of so many: by chance alone it is at least once in a hundred times.
func (r Rate) Explains(red, runs int64) bool {
	if r.Runs == 0 || red > runs {
		return false
	}
	p := float64(r.Red) / float64(r.Runs)
	tail := 0.0
	for k := red; k <= runs; k++ {
		tail += chance(p, k, runs)
	}
	return tail >= 0.01
}

// chance is the binomial probability of k in n. n is small: a handful of runs.
func chance(p float64, k, n int64) float64 {
	out := 1.0
	for i := range k {
		out *= p * float64(n-i) / float64(k-i)
	}
	for range n - k {
		out *= 1 - p
	}
	return out
}

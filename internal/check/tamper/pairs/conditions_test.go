package pairs

import (
	"testing"

	"muster/internal/source"
)

// A condition that depends on the machine, or on what is asserted, keeps an
// assertion from failing.
func TestSuspicious(t *testing.T) {
	for _, tt := range []struct {
		cond, subject, text string
		want                bool
	}{
		{"os.Getenv(\"X\") != \"\"", "total", "", true},
		{"total > 0", "total", "", true},
		{source.Thrown, "message", "", true},
		{"err", "err.name", "", true},
		{"(err)", "err.name", "", true},
		{"err != nil", "err.Code()", "", true},
		{"error", "err.name", "", false},
		{"e", "e.name", "", false},
		{"n > 0", "n", "", false},
		{"err == total", "total", "", false},
		{"totals > 0", "total", "", false},
		{"tt.total > 0", "total", "", false},
		{"!(total == nil)", "x", "", true},
		{"!(total == 4)", "x", "", false},
		{"mode == 'fast'", "x", "equal(run(mode), 1)", true},
		{"mode == 'fast'", "x", "equal(run(other), 1)", false},
		{"ready(mode)", "x", "equal(run(mode), 1)", false},
		{"len(rows) == 0", "x", "equal(first(rows), 1)", true},
		{"err == 'x'", "x", "equal(err, 1)", false},
		{"ok == 'x'", "x", "equal(ok, 1)", false},
	} {
		if got := Suspicious(tt.cond, source.Assertion{Subject: tt.subject, Text: tt.text}); got != tt.want {
			t.Errorf("%s: %v", tt.cond, got)
		}
	}
}

// An exact comparison of a number with a fraction may become one with a small
// tolerance.
func TestSlightly(t *testing.T) {
	for _, tt := range []struct {
		was, is string
		want    bool
	}{
		{"assert x == 0.5", "assertAlmostEqual(x, 0.5, places=7)", true},
		{"assert x == 0.5", "assertAlmostEqual(x, 0.5, places=1)", false},
		{"assert x == 0.5", "assertAlmostEqual(x, 0.5, places=12)", true},
		{"self.assertEqual(r.x, 4)", "self.assertAlmostEqual(r.x, 4, delta=4)", false},
		{"self.assertEqual(r.x, 4)", "self.assertAlmostEqual(r.x, 4, delta=0.001)", true},
		{"expect(x).toBe(0.5)", "expect(x).toBeCloseTo(0.5)", true},
		{"expect(x).toBe(0.5)", "expect(x).toBeCloseTo(0.5, 1)", false},
		{"expect(x).toBe(0.5)", "expect(x).toBeCloseTo(0.5, 2)", true},
		{"equal(0.5, x)", "assert.InDelta(t, 0.5, x, 0.001)", true},
		{"equal(0.5, x)", "assert.InDelta(t, 0.5, x, 0.1)", false},
		{"equal(0.5, x)", "assert.InDelta(t, 0.5, x, 0.01)", true},
		{"assert time.delta('a.b') == 1", "assert time.delta('a.b')", false},
		{"assert f('a.b') == x", "assert abs(f('a.b'))", false},
		{"assert x == 0.5", "assert x == pytest.approx(0.5)", true},
		{"equal(5, x)", "assert.InDelta(t, 5, x, 0.001)", false},
		{"equal(float(x), 5)", "assert.InDelta(t, 5, x, 0.001)", true},
		{"equal(0.5, x)", "truth(x)", false},
	} {
		if got := Slightly(Paired{Was: source.Assertion{Text: tt.was}, Is: source.Assertion{Text: tt.is}}); got != tt.want {
			t.Errorf("%s to %s: %v", tt.was, tt.is, got)
		}
	}
}

// A tolerance is larger when fewer places count, or a larger difference.
func TestWidened(t *testing.T) {
	for _, tt := range []struct {
		was, is string
		want    bool
	}{
		{"assertAlmostEqual(x, 0.5, places=7)", "assertAlmostEqual(x, 0.5, places=3)", true},
		{"assertAlmostEqual(x, 0.5, places=3)", "assertAlmostEqual(x, 0.5, places=7)", false},
		{"assertAlmostEqual(x, 0.5, places=3)", "assertAlmostEqual(x, 0.5, places=3)", false},
		{"assertAlmostEqual(x, 0.5, delta=1)", "assertAlmostEqual(x, 0.5, delta=2)", true},
		{"assertAlmostEqual(x, 0.5, delta=2)", "assertAlmostEqual(x, 0.5, delta=1)", false},
		{"InDelta(t, 0.5, x, 0.1)", "InDelta(t, 0.5, x, 0.2)", true},
		{"InDelta(t, 0.5, x, 0.1)", "InDelta(t, 0.6, x, 0.2)", false},
		{"equal(x, 1)", "equal(x, 2)", false},
		{"InDelta(t, y, x, z)", "InDelta(t, y, x, z)", false},
	} {
		if got := Widened(Paired{Was: source.Assertion{Text: tt.was}, Is: source.Assertion{Text: tt.is}}); got != tt.want {
			t.Errorf("%s to %s: %v", tt.was, tt.is, got)
		}
	}
}

func TestStrengthName(t *testing.T) {
	for want, a := range map[string]source.Assertion{
		"an exact value": {Strength: source.Exact}, "not equal": {Strength: source.Exact, Negated: true}, "a truth value": {Strength: source.Truth, Negated: true}, "a partial match": {Strength: source.Partial},
	} {
		if got := StrengthName(a); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestSaid(t *testing.T) {
	if got := Count(1, "case") + ", " + Count(2, "case"); got != "1 case, 2 cases" {
		t.Error(got)
	}
	gone := []source.Assertion{{Text: "equal(a, b)", Range: source.Range{Start: 3}}, {Text: "equal(c, d)", Range: source.Range{Start: 4}}}
	if got := Listed(gone[:1]); got != `"equal(a, b)" (line 3 of the base).` {
		t.Error(got)
	}
	if got := Listed(gone); got != `"equal(a, b)" (line 3 of the base) and 1 more.` {
		t.Error(got)
	}
}

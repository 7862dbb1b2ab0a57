package pairs

import (
	"slices"
	"strconv"
	"strings"

	"muster/internal/check"
)

// Slightly reports whether an exact comparison of a floating point number
// became one with a small tolerance, as linters ask for.
func Slightly(k Paired) bool {
	a, b := Core(k.Was.Text), Core(k.Is.Text)
	if !Tolerant.MatchString(b) || Tolerant.MatchString(a) || !strings.Contains(a, ".") && !strings.Contains(strings.ToLower(a), "float") {
		return false
	}
	n := numbers.FindAllString(b, -1)
	if m := places.FindStringSubmatch(b); m != nil && m[1] != "" && len(m[1]) == 1 && m[1] < "2" {
		return false
	}
	if !strings.Contains(b, "delta=") && (digits.MatchString(b) || !tolerances.MatchString(b)) {
		return true // the default of the library is small
	}
	if len(n) == 0 {
		return false
	}
	v, err := strconv.ParseFloat(n[len(n)-1], 64)
	return err == nil && v <= 0.01
}

var (
	numbers    = check.Lazy(`\d+(\.\d+)?([eE][-+]?\d+)?`)
	places     = check.Lazy(`(?:toBeCloseTo\([^,]+,|places=)(\d+)\)?`)
	tolerances = check.Lazy(`(?i)delta|epsilon|rel|abs|closeTo|within`)
	digits     = check.Lazy(`(?i)toBeCloseTo|almostEqual|decimal|places`)
)

// Widened finds a tolerance that was made larger: the same text but for the
// last number, which is one of a comparison with tolerance.
func Widened(k Paired) bool {
	a, b := Core(k.Was.Text), Core(k.Is.Text)
	if !Tolerant.MatchString(a) || numbers.ReplaceAllString(a, "#") != numbers.ReplaceAllString(b, "#") {
		return false
	}
	x, y := numbers.FindAllString(a, -1), numbers.FindAllString(b, -1)
	if len(x) == 0 || !slices.Equal(x[:len(x)-1], y[:len(y)-1]) {
		return false
	}
	v, err1 := strconv.ParseFloat(x[len(x)-1], 64)
	w, err2 := strconv.ParseFloat(y[len(y)-1], 64)
	if err1 != nil || err2 != nil {
		return false
	}
	if digits.MatchString(a) && !strings.Contains(a, "delta") {
		return w < v
	}
	return w > v
}

// Package amount reads and writes amounts of food.
package amount

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Max is the largest amount that Parse accepts, in grams.
const Max = 1_000_000

// Parse reads an amount such as "250g", "1.5kg" or "0.25 kg" and gives grams,
// rounded half up.
func Parse(s string) (int64, error) {
	number := strings.TrimSpace(s)
	unit := 1.0
	switch {
	case strings.HasSuffix(number, "kg"):
		unit = 1000
		number = strings.TrimSuffix(number, "kg")
	case strings.HasSuffix(number, "g"):
		number = strings.TrimSuffix(number, "g")
	default:
		return 0, fmt.Errorf("amount %q: unit missing, want g or kg", s)
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil {
		return 0, fmt.Errorf("amount %q: not a number", s)
	}
	grams := math.Floor(v*unit + 0.5)
	if !(grams >= 0 && grams <= Max) {
		return 0, fmt.Errorf("amount %q: want 0 to %d g", s, Max)
	}
	return int64(grams), nil
}

// Format writes grams the way people read them: kilograms from 1000 g on,
// with as many decimals as needed.
func Format(grams int64) string {
	if grams < 1000 {
		return strconv.FormatInt(grams, 10) + "g"
	}
	kg := fmt.Sprintf("%d.%03d", grams/1000, grams%1000)
	return strings.TrimRight(strings.TrimRight(kg, "0"), ".") + "kg"
}

// Package amount reads and writes amounts of food.
package amount

import (
	"fmt"
	"strconv"
	"strings"
)

// Max is the largest amount that Parse accepts, in grams.
const Max = 1_000_000

// Parse reads an amount such as "250g", "1.5kg" or "0.25 kg" and gives grams,
// in whole grams.
func Parse(s string) (int64, error) {
	number := strings.TrimSpace(s)
	decimals := 0 // of the unit, in grams
	switch {
	case strings.HasSuffix(number, "kg"):
		decimals = 3
		number = strings.TrimSuffix(number, "kg")
	case strings.HasSuffix(number, "g"):
		number = strings.TrimSuffix(number, "g")
	default:
		return 0, fmt.Errorf("amount %q: unit missing, want g or kg", s)
	}
	whole, fraction, _ := strings.Cut(strings.TrimSpace(number), ".")
	if whole+fraction == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, fmt.Errorf("amount %q: not a number", s)
	}
	for len(fraction) <= decimals {
		fraction += "0"
	}
	grams, err := strconv.ParseInt("0"+whole+fraction[:decimals], 10, 64)
	if err != nil || grams > Max {
		return 0, fmt.Errorf("amount %q: want 0 to %d g", s, Max)
	}
	return grams, nil
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

package unit

import (
	"strconv"
	"strings"

	"muster/internal/core/fault"
)

// ParseUSD reads an amount as a person types it, such as 12.50, in millionths
// of a dollar. Nothing is 0; what names the flag in errors.
func ParseUSD(what, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	whole, fraction, _ := strings.Cut(text, ".")
	if len(fraction) > 6 || whole == "" && fraction == "" {
		return 0, fault.New(fault.Invalid, "%s %q is not an amount", what, text).WithHint("write it as 12 or 12.50")
	}
	n, err := strconv.ParseUint(whole+fraction+strings.Repeat("0", 6-len(fraction)), 10, 62)
	if err != nil || n == 0 {
		return 0, fault.New(fault.Invalid, "%s %q is not an amount above zero", what, text).WithHint("write it as 12 or 12.50")
	}
	return int64(n), nil
}

package cli

import (
	"strconv"
	"strings"

	"muster/internal/core/fault"
)

// bounds are the flags that bound what a run or a task may use.
type bounds struct {
	usd     string
	minutes float64
}

func (b bounds) microUSD() (int64, error) {
	if b.usd == "" {
		return 0, nil
	}
	whole, fraction, _ := strings.Cut(b.usd, ".")
	if len(fraction) > 6 || whole == "" && fraction == "" {
		return 0, fault.New(fault.Invalid, "--usd %q is not an amount", b.usd).WithHint("write it as 12 or 12.50")
	}
	n, err := strconv.ParseUint(whole+fraction+strings.Repeat("0", 6-len(fraction)), 10, 62)
	if err != nil || n == 0 {
		return 0, fault.New(fault.Invalid, "--usd %q is not an amount above zero", b.usd).WithHint("write it as 12 or 12.50")
	}
	return int64(n), nil
}

func (b bounds) timeMS() (int64, error) {
	if b.minutes < 0 || b.minutes > 1e7 || b.minutes != b.minutes {
		return 0, fault.New(fault.Invalid, "--minutes %v is not a time", b.minutes)
	}
	return int64(b.minutes * 60_000), nil
}

func atLeastZero(flag string, n int) (int, error) {
	if n < 0 {
		return 0, fault.New(fault.Invalid, "%s %d is below zero", flag, n)
	}
	return n, nil
}

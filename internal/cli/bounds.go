package cli

import (
	"muster/internal/cli/unit"
	"muster/internal/core/fault"
)

// bounds are the flags that bound what a run or a task may use.
type bounds struct {
	usd     string
	minutes float64
	tokens  int
	turns   int
}

func (b bounds) microUSD() (int64, error) { return unit.ParseUSD("--usd", b.usd) }

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

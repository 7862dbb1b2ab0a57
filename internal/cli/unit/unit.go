// Package unit writes amounts, times and names as people read them.
package unit

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"muster/internal/core/evidence"
	"muster/internal/core/job"
)

// USD writes micro-USD.
func USD(micro int64) string {
	if micro > 0 && micro < 10_000 {
		return fmt.Sprintf("$%.4f", float64(micro)/1e6)
	}
	return fmt.Sprintf("$%.2f", float64(micro)/1e6)
}

// Cost writes what was used: money, or tokens where the agent names no price.
func Cost(u job.Usage) string {
	tokens := u.Input + u.Output + u.CacheWrite
	switch {
	case u.CostUnknown && u.CostMicroUSD > 0:
		return USD(u.CostMicroUSD) + "+"
	case u.CostUnknown && tokens > 0:
		return Count(tokens) + " tok"
	case u.CostMicroUSD == 0 && tokens == 0:
		return "-"
	}
	return USD(u.CostMicroUSD)
}

// Turns writes how many turns were taken, "+" where there may have been more;
// nothing when there were none.
func Turns(u job.Usage) string {
	switch {
	case u.UntoldTurns() && u.Turns > 0:
		return Count(u.Turns) + "+ turns"
	case u.UntoldTurns():
		return "? turns"
	case u.Turns > 0:
		return Plural(int(u.Turns), "turn")
	}
	return ""
}

// AndTurns writes what Turns does, and how many there may be where that is
// bounded, to go on after a cost.
func AndTurns(u job.Usage, limit int64) string {
	text := Turns(u)
	switch {
	case limit > 0:
		return fmt.Sprintf(", %s of %d", cmp.Or(text, "0 turns"), limit)
	case text == "":
		return ""
	}
	return ", " + text
}

// Count shows a number shortly: 9999, 10k, 12M. What is below the last digit
// is cut off.
func Count(n int64) string {
	switch {
	case n >= 10_000_000:
		return fmt.Sprintf("%dM", n/1_000_000)
	case n >= 10_000:
		return fmt.Sprintf("%dk", n/1000)
	}
	return strconv.FormatInt(n, 10)
}

// ByteSize writes a size.
func ByteSize(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	v, u := float64(n), 0
	for v >= 1024 && u < len(units)-1 {
		v, u = v/1024, u+1
	}
	if u == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[u])
}

// Span writes a duration given in microseconds.
func Span(us int64) string {
	d := time.Duration(max(us, 0)) * time.Microsecond
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}

// ClockTime writes a moment of today.
func ClockTime(us int64) string { return time.UnixMicro(us).Format("15:04:05") }

// DateTime writes a moment.
func DateTime(us int64) string { return time.UnixMicro(us).Format("2006-01-02 15:04") }

// Branch writes a ref the short way.
func Branch(ref string) string { return strings.TrimPrefix(ref, "refs/heads/") }

// Short writes a commit the short way.
func Short(id string) string {
	if len(id) > 9 {
		return id[:9]
	}
	return id
}

// Plural writes a number and its noun.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// Moment writes a moment with its seconds.
func Moment(us int64) string { return time.UnixMicro(us).Format("2006-01-02 15:04:05") }

// OrDash writes a dash for what is empty.
func OrDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// Status writes how a check ended.
func Status(s evidence.Status) string {
	if s == evidence.CouldNot {
		return "could not run"
	}
	return string(s)
}

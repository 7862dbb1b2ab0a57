package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// usd writes micro-USD.
func usd(micro int64) string {
	if micro > 0 && micro < 10_000 {
		return fmt.Sprintf("$%.4f", float64(micro)/1e6)
	}
	return fmt.Sprintf("$%.2f", float64(micro)/1e6)
}

// cost writes what was used: money, or tokens where the agent names no price.
func cost(u job.Usage) string {
	tokens := u.Input + u.Output + u.CacheWrite
	switch {
	case u.CostUnknown && u.CostMicroUSD > 0:
		return usd(u.CostMicroUSD) + "+"
	case u.CostUnknown && tokens > 0:
		return count(tokens) + " tok"
	case u.CostMicroUSD == 0 && tokens == 0:
		return "-"
	}
	return usd(u.CostMicroUSD)
}

func count(n int64) string {
	switch {
	case n >= 10_000_000:
		return fmt.Sprintf("%dM", n/1_000_000)
	case n >= 10_000:
		return fmt.Sprintf("%dk", n/1000)
	}
	return strconv.FormatInt(n, 10)
}

// byteSize writes a size.
func byteSize(n int64) string {
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

// span writes a duration given in microseconds.
func span(us int64) string {
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

// clockTime writes a moment of today.
func clockTime(us int64) string { return time.UnixMicro(us).Format("15:04:05") }

// dateTime writes a moment.
func dateTime(us int64) string { return time.UnixMicro(us).Format("2006-01-02 15:04") }

// branch writes a ref the short way.
func branch(ref string) string { return strings.TrimPrefix(ref, "refs/heads/") }

// short writes a commit the short way.
func short(id string) string {
	if len(id) > 9 {
		return id[:9]
	}
	return id
}

// plural writes a number and its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

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

// moment writes a moment with its seconds.
func moment(us int64) string { return time.UnixMicro(us).Format("2006-01-02 15:04:05") }

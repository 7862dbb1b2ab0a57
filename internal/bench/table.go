package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// row is one line of the table.
type row struct {
	what  string
	size  string // of what it was measured on
	count int    // of measurements, or of tasks in one
	got   string
	aim   string // empty: it has none, and is there to compare with
	isMet bool
}

// within gives a row of a time and the most that it should be; 0 means that
// there is no aim.
func within(what, size string, count int, got, aim time.Duration) row {
	r := row{what: what, size: size, count: count, got: millis(got)}
	if aim > 0 {
		r.aim, r.isMet = "<= "+millis(aim), got <= aim
	}
	return r
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

func printTable(out io.Writer, rows []row) {
	_, _ = fmt.Fprintf(out, "%s\n\n", machine())
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "what\tsize\tn\tgot\taim\t")
	for _, r := range rows {
		verdict := ""
		switch {
		case r.aim != "" && r.isMet:
			verdict = "met"
		case r.aim != "":
			verdict = "MISSED"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\n", r.what, r.size, r.count, r.got, r.aim, verdict)
	}
	_ = w.Flush() // out is a terminal or a file; the next line fails as well
	_, _ = fmt.Fprint(out, "\n"+notCovered)
}

// notCovered says what nobody should read into the figures.
const notCovered = `Not covered: real agents and models; builds and tests of real projects; repositories with
long histories; cold disk caches; a state folder on a network disk; several runs at once.
A task's overhead is the time of the whole "muster run" divided by its tasks, less the agent's own time:
worktree, shim, capture, two judgements, merge, landing, and everything recorded durably. The shell script
beside it adds a worktree, runs the agent, commits, merges and removes the worktree, and does no more than that:
it checks nothing, records nothing and does not wait for the disk.
`

// machine describes what the figures hold for.
func machine() string {
	cpu := "unknown processor"
	if data, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(data)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				cpu = strings.Trim(name, " \t:\n")
				break
			}
		}
	}
	load := "unknown"
	if data, err := os.ReadFile("/proc/loadavg"); err == nil && len(data) > 0 {
		load = strings.Fields(string(data))[0]
	}
	git := "git of unknown version"
	if out, err := exec.CommandContext(context.Background(), "git", "version").Output(); err == nil {
		git = strings.TrimSpace(string(out))
	}
	return fmt.Sprintf("%s/%s, %d x %s, %s, %s, load at the end %s",
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), cpu, runtime.Version(), git, load)
}

// median gives the middle of the times; n is at least 1.
func median(times []time.Duration) time.Duration {
	s := slices.Sorted(slices.Values(times))
	return s[len(s)/2]
}

// timed calls f n times and gives the median of its times.
func timed(n int, f func() error) (time.Duration, error) {
	var times []time.Duration
	for range n {
		began := time.Now()
		if err := f(); err != nil {
			return 0, err
		}
		times = append(times, time.Since(began))
	}
	return median(times), nil
}

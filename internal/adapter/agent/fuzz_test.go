package agent_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"muster/internal/adapter/agent"
	"muster/internal/core/job"
)

// FuzzReaders: no stream makes a reader panic, and whatever comes out keeps
// the promises that the rest of Muster relies on. Fuzz it with
// -fuzzminimizetime 20x: with seeds of this size Go otherwise spends all its
// time on making inputs smaller.
func FuzzReaders(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b), "exited", 0)
	}
	f.Add(ownDone+"\n"+`{"muster":"event","kind":"denied","tool":"x"}`, "lost", 1)
	f.Add("{\"type\":\"result\",\"modelUsage\":{\"\":null}}\n\xff", "stopped", 0)
	f.Fuzz(func(t *testing.T, stream, state string, code int) {
		for _, driver := range agent.Names() {
			a := attempt(driver)
			a.Session, a.Previous = "s0", job.Usage{Input: 5, CostMicroUSD: 7}
			agent.Set{}.Follow(a, strings.NewReader(stream), func(e job.AgentEvent) {
				if e.Kind == "" {
					t.Errorf("%s: an event without a kind", driver)
				}
				for _, s := range []string{e.Text, e.Path, e.Tool, e.Model, e.Session} {
					checkText(t, driver, s)
				}
			})
			out := outcome(t, a, job.Exit{State: job.ExitState(state), Code: code}, stream, stream)
			checkText(t, driver, out.Message)
			if out.Kind == "" || strings.HasPrefix(out.Session, "-") || len(out.Denied) > 20 {
				t.Errorf("%s: outcome %+v", driver, out)
			}
			u := out.Usage
			if min(u.Input, u.CacheRead, u.CacheWrite, u.Output, u.Reasoning, u.CostMicroUSD) < 0 {
				t.Errorf("%s: usage %+v", driver, u)
			}
			begun, ended := int64(0), int64(0)
			err := agent.Turns(a, iotest.HalfReader(strings.NewReader(stream)), func(b, e int64) bool {
				if b < begun || e > b || b-e > 1 || b < 0 {
					t.Errorf("%s: %d turns, %d over, after %d, %d over", driver, b, e, begun, ended)
				}
				begun, ended = b, e
				return false
			})
			if err != nil || begun > u.Turns && state != string(job.NotStarted) || u.Turns > 1e9 || out.Total.Turns != 0 {
				t.Errorf("%s: %d turns while it ran, %+v at its end, in all %+v, %v", driver, begun, u, out.Total, err)
			}
		}
	})
}

func checkText(t *testing.T, driver, s string) {
	t.Helper()
	if !utf8.ValidString(s) || len(s) > 4096 || strings.ContainsAny(s, "\x00\x1b\r") {
		t.Errorf("%s: text %q", driver, s)
	}
}

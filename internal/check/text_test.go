package check_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

func TestClip(t *testing.T) {
	for _, tt := range []struct {
		text  string
		limit int
	}{
		{"", 10},
		{"short", 10},
		{strings.Repeat("x", 1000), 100},
		{strings.Repeat("é", 1000), 101},
		{strings.Repeat("世", 1000), 47},
		{strings.Repeat("\xff", 1000), 500},
		{strings.Repeat("x", 1000), 0},
	} {
		got := check.Clip(tt.text, tt.limit)
		if len(got) > tt.limit || !utf8.ValidString(got) {
			t.Errorf("Clip(%.10q, %d) has %d bytes, valid %v", tt.text, tt.limit, len(got), utf8.ValidString(got))
		}
		if len(tt.text) <= tt.limit && got != tt.text {
			t.Errorf("Clip changed %q to %q", tt.text, got)
		}
	}
	long := check.Clip("first"+strings.Repeat("x", 1000)+"last", 200)
	if !strings.HasPrefix(long, "first") || !strings.HasSuffix(long, "last") || !strings.Contains(long, "bytes left out") {
		t.Errorf("got %q", long)
	}
}

func FuzzClip(f *testing.F) {
	f.Add("abc\xff世", 5)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit &= 0xfff
		if got := check.Clip(text, limit); len(got) > limit || !utf8.ValidString(got) {
			t.Errorf("%d bytes of %d, valid %v", len(got), limit, utf8.ValidString(got))
		}
	})
}

func TestAnchorsStayWhenNothingButTheRunDiffers(t *testing.T) {
	for _, same := range [][2]string{
		{"a.go:12:3: undefined: x", "a.go:99: undefined: x"},
		{"--- FAIL: TestA (0.01s)", "--- FAIL: TestA (12.50s)"},
		{"panic at 0xc000012345", "panic at 0x1"},
		{"error in /tmp/go-build1/b001", "error in /tmp/go-build77/b001"},
		{"error at 2026-11-22T10:00:00Z", "error at 2025-01-02T11:11:11.5Z"},
		{"goroutine 7 [running]: panic", "goroutine 19 [running]: panic"},
		{"fail b\nfail a", "fail a\nfail b"},
		{"progress 17\nfail a", "fail a"},
		{"\x1b[31mfail\x1b[0m a", "fail a"},
		{"Ran 3 tests: failed in 1.2 seconds", "Ran 3 tests: failed in 4 seconds"},
	} {
		if a, b := check.FailureAnchor(same[0]), check.FailureAnchor(same[1]); a != b {
			t.Errorf("%q and %q differ: %q, %q", same[0], same[1], a, b)
		}
	}
	for _, other := range [][2]string{
		{"a.go:12:3: undefined: x", "a.go:12:3: undefined: y"},
		{"a.go:1: undefined: x", "b.go:1: undefined: x"},
		{"--- FAIL: TestA (0.01s)", "--- FAIL: TestB (0.01s)"},
		{"got 3, want 4", "got 5, want 4"},
		{"fail a", "fail a\nfail b"},
		{"nothing special 1", "nothing special 2"},
	} {
		if check.FailureAnchor(other[0]) == check.FailureAnchor(other[1]) {
			t.Errorf("%q and %q are taken for the same", other[0], other[1])
		}
	}
}

func TestLocated(t *testing.T) {
	for _, tt := range []struct {
		output, path string
		line         int
	}{
		{"# pkg\n./a.go:3:4: undefined: x\nb.go:5: y", "a.go", 3},
		{"sub/b.ts:10:1 - error TS1005", "sub/b.ts", 10},
		{"../outside.go:1:1: x", "", 0},
		{"/usr/local/go/src/a.go:1:1: x", "", 0},
		{"all is lost", "", 0},
		{"a.go:99999999999999999999: x", "", 0},
	} {
		if path, line := check.Located(tt.output); path != tt.path || line != tt.line {
			t.Errorf("Located(%q) = %s:%d", tt.output, path, line)
		}
	}
}

func TestRelative(t *testing.T) {
	for in, want := range map[string]string{
		"at /d/x/a.go and /d/x, not /d/y": "at a.go and ., not /d/y",
		"/d/x1/a.go and /d/x-1":           "/d/x1/a.go and /d/x-1",
		"in /d/x":                         "in .",
		"in /d/x\n/d/x/b:1":               "in .\nb:1",
	} {
		if got := check.Relative(in, "/d/x"); got != want {
			t.Errorf("Relative(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestShowPath(t *testing.T) {
	for in, want := range map[string]string{"a/b.go": "a/b.go", "ä 世": "ä 世", "a\nb": `"a\nb"`, "a\x1b[0m": `"a\x1b[0m"`, "a\xff": `"a\xff"`, "a\u202eb": `"a\u202eb"`} {
		if got := check.ShowPath(in); got != want {
			t.Errorf("ShowPath(%q) = %s", in, got)
		}
	}
}

// A command that gave no answer is never taken for one that said no.
func TestDo(t *testing.T) {
	for _, tt := range []struct {
		name   string
		out    job.Output
		err    error
		failed bool
		why    string
	}{
		{"succeeds", job.Output{}, nil, false, ""},
		{"fails", job.Output{Code: 1}, nil, true, ""},
		{"crashes", job.Output{Code: -1, Signal: "SIGSEGV"}, nil, true, ""},
		{"killed", job.Output{Code: -1, Signal: "SIGKILL"}, nil, false, "killed from outside"},
		{"killed, as Go spells it", job.Output{Code: -1, Signal: "killed"}, nil, false, "killed from outside"},
		{"timed out", job.Output{Code: -1, TimedOut: true}, nil, false, "time limit"},
		{"not found by a shell", job.Output{Code: 127, Stderr: "sh: 1: no-such: not found\n"}, nil, false, "no-such: not found"},
		{"not executable", job.Output{Code: 126}, nil, false, "exit code 126"},
		{"vanished", job.Output{Code: -1}, nil, false, "did not end by itself"},
		{"not started", job.Output{}, fault.New(fault.NotFound, "no such program").WithHint("install it"), false, "install it"},
		{"no executor", job.Output{}, errors.New("broken pipe"), false, "broken pipe"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := checktest.ExecFunc(func(context.Context, job.Command) (job.Output, error) { return tt.out, tt.err })
			ran := check.Do(t.Context(), x, job.Command{Argv: []string{"prog"}})
			if ran.Failed() != tt.failed || (ran.Why == "") != (tt.why == "") || !strings.Contains(ran.Why, tt.why) {
				t.Errorf("failed %v, why %q", ran.Failed(), ran.Why)
			}
		})
	}
}

func TestPartly(t *testing.T) {
	locator := evidence.Finding{Level: evidence.Locator}
	for _, tt := range []struct {
		findings []evidence.Finding
		broken   []string
		want     evidence.Status
	}{
		{nil, nil, evidence.Passed},
		{nil, []string{"b"}, evidence.CouldNot},
		{[]evidence.Finding{locator}, []string{"b"}, evidence.CouldNot},
		{[]evidence.Finding{gate("g")}, []string{"b"}, evidence.Failed},
		{[]evidence.Finding{{Level: evidence.Context}}, nil, evidence.Passed},
	} {
		if got := check.Partly(tt.findings, tt.broken); got.Status != tt.want {
			t.Errorf("%+v, %q: %s", tt.findings, tt.broken, got.Status)
		}
	}
}

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"muster/internal/app"
	"muster/internal/cli/unit"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/report"
)

func TestCleanStripsWhatDrivesATerminal(t *testing.T) {
	for in, want := range map[string]string{
		"plain text\twith\ntwo lines": "plain text\twith\ntwo lines",
		"\x1b[31mred\x1b[0m":          "[31mred[0m",
		"bell\a back\b cr\r del\x7f":  "bell back cr del",
		"c1 \u009b31m":                "c1 31m",
		"bad \xff utf8":               "bad \uFFFD utf8",
		"user\u202Egnp.exe":           "usergnp.exe",
		"größe ✓":                     "größe ✓",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\x1b]0;title\a\xc2\x9bb")
	f.Fuzz(func(t *testing.T, s string) {
		got := clean(s)
		if !unit.IsClean(got) || !utf8.ValidString(got) {
			t.Errorf("clean(%q) = %q is not clean", s, got)
		}
		if clean(got) != got {
			t.Errorf("clean(%q) changes what is clean", got)
		}
		if cut := cut(got, 10); utf8.RuneCountInString(cut) > 10 {
			t.Errorf("cut gives %q", cut)
		}
	})
}

func TestPrinterCleansEveryArgument(t *testing.T) {
	var b bytes.Buffer
	p := &printer{w: &b, colors: true}
	p.f("%s|%s|%s|%d|%s\n", "a\x1b[2J", errors.New("b\x1b[2J"), report.State("c\x1b[2J"), 7, p.paint(red, "d\x1b[2J"))
	if got, want := b.String(), "a[2J|b[2J|c[2J|7|\x1b[31md[2J\x1b[0m\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p.colors = false
	if got := p.paint(red, "x"); got != "x" {
		t.Errorf("without colours: %q", got)
	}
}

func TestPatchesAreCleanedThenColoured(t *testing.T) {
	var b bytes.Buffer
	w := &patchWriter{p: &printer{w: &b, colors: true}}
	for _, part := range []string{"+one\n ", "two\x1b", "[2J\n-\x1b[8mhidden\n@@ -1 ", "@@\nthr", "ee"} {
		if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatalf("Write(%q) = %d, %v", part, n, err)
		}
	}
	w.flush()
	want := "\x1b[32m+one\x1b[0m\n two[2J\n\x1b[31m-[8mhidden\x1b[0m\n\x1b[36m@@ -1 @@\x1b[0m\nthree\n"
	if got := b.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestExitCodes(t *testing.T) {
	for kind, want := range map[fault.Kind]int{
		fault.Invalid: 2, fault.NotFound: 2, fault.Conflict: 2, fault.Refused: 2, fault.Transient: 1, fault.Internal: 1,
	} {
		if got := codeOfError(fmt.Errorf("outer: %w", fault.New(kind, "x"))); got != want {
			t.Errorf("a fault of kind %s exits with %d, want %d", kind, got, want)
		}
	}
	if got := codeOfError(errors.New("plain")); got != 1 {
		t.Errorf("an error without a kind exits with %d", got)
	}
	for end, want := range map[report.End]int{
		report.EndDone: 0, report.EndGoing: 0, report.EndAsking: 10, report.EndStopped: 10,
		report.EndRejected: 20, report.EndBudget: 30, report.EndFailed: 2,
	} {
		if got := codeOfRun(end); got != want {
			t.Errorf("a run that is %s exits with %d, want %d", end, got, want)
		}
	}
	if got := codeOfCarried(app.Carried{Reason: app.ByStop}); got != 130 {
		t.Errorf("an interrupted run exits with %d", got)
	}
	listed := map[int]bool{}
	for _, e := range exitTable() {
		if listed[e.code] {
			t.Errorf("exit code %d is listed twice", e.code)
		}
		listed[e.code] = true
	}
	for _, code := range []int{0, 1, 2, 10, 20, 30, 130} {
		if !listed[code] {
			t.Errorf("exit code %d is not in the table", code)
		}
	}
}

func TestAmounts(t *testing.T) {
	for in, want := range map[string]int64{"": 0, "12": 12_000_000, "0.5": 500_000, ".25": 250_000, "1.000001": 1_000_001} {
		if got, err := (bounds{usd: in}).microUSD(); err != nil || got != want {
			t.Errorf("--usd %q is %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"x", "-1", "0", "1.0000001", ".", "1e3", "99999999999999999999"} {
		if got, err := (bounds{usd: in}).microUSD(); fault.KindOf(err) != fault.Invalid {
			t.Errorf("--usd %q is %d, %v; want it refused", in, got, err)
		}
	}
	if _, err := (bounds{minutes: -1}).timeMS(); fault.KindOf(err) != fault.Invalid {
		t.Errorf("--minutes -1 gives %v", err)
	}
	for u, want := range map[job.Usage]string{
		{}: "", {Turns: 1}: ", 1 turn", {Turns: 12}: ", 12 turns", {Turns: 12, TurnsUnknown: true}: ", 12+ turns",
		{TurnsUnknown: true}: ", ? turns", {Input: 5}: ", ? turns", {Input: 5, Turns: 2}: ", 2 turns",
	} {
		if got := unit.AndTurns(u, 0); got != want {
			t.Errorf("turns of %+v are %q, want %q", u, got, want)
		}
	}
	if got := unit.AndTurns(job.Usage{}, 9) + unit.AndTurns(job.Usage{Turns: 3}, 9); got != ", 0 turns of 9, 3 turns of 9" {
		t.Errorf("bounded turns are %q", got)
	}
	for u, want := range map[job.Usage]string{
		{}:                                     "-",
		{CostMicroUSD: 1_234_567}:              "$1.23",
		{CostMicroUSD: 1_200}:                  "$0.0012",
		{Input: 20_000, CostUnknown: true}:     "20k tok",
		{CostMicroUSD: 5e6, CostUnknown: true}: "$5.00+",
	} {
		if got := unit.Cost(u); got != want {
			t.Errorf("cost(%+v) = %q, want %q", u, got, want)
		}
	}
}

func TestScreenFitsTheTerminal(t *testing.T) {
	r := &report.Run{Name: "p", Stage: flow.Running, BegunUS: 1}
	states := []report.State{report.Landed, report.Waiting, report.Working, report.Review}
	for i := range 200 {
		r.Tasks = append(r.Tasks, report.Task{
			ID: fmt.Sprintf("task-%d", i), State: states[i%4], Why: strings.Repeat("why\n\x1b[2J ", 50),
			Attempts: []report.Attempt{{Number: 1, BegunUS: 1}},
		})
	}
	for _, size := range [][2]int{{80, 24}, {20, 5}, {300, 100}, {40, 2}} {
		s := newScreen(&printer{}, nil)
		s.run = r
		s.doing["task-2"] = "edits\n\x1b[2J" + strings.Repeat("x", 500)
		s.note("stopping")
		out := s.table(time.UnixMicro(60e6), size[0], size[1])
		if len(out) > max(size[1], 4) {
			t.Errorf("%v: %d lines", size, len(out))
		}
		for _, l := range out {
			if n := utf8.RuneCountInString(l); n > size[0] || !unit.IsClean(l) || strings.Contains(l, "\n") {
				t.Errorf("%v: line %q has %d characters", size, l, n)
			}
		}
		if size[1] == 24 && !strings.Contains(strings.Join(out, "\n"), "task-2 ") {
			t.Errorf("%v: a task that works is not shown", size)
		}
	}
}

func TestPickKeepsOrderAndPrefersWhatHappens(t *testing.T) {
	tasks := []report.Task{
		{ID: "a", State: report.Landed}, {ID: "b", State: report.Waiting}, {ID: "c", State: report.Working}, {ID: "d", State: report.Failed},
	}
	var got []string
	for _, x := range pick(tasks, 3) {
		got = append(got, x.ID)
	}
	if strings.Join(got, "") != "bcd" {
		t.Errorf("picked %v", got)
	}
	if n := len(pick(tasks, 4)); n != 4 {
		t.Errorf("with room for all %d are shown", n)
	}
}

package accept

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
	"muster/internal/core/plan"
)

// script answers each run of a command in turn, the last answer from then on,
// and notes where each ran.
type script struct {
	head, base []string // what is printed; "" succeeds
	ran        []string // "head" and "base"
}

func (s *script) Run(_ context.Context, c job.Command) (job.Output, error) {
	side, answers := "head", s.head
	if isBase(c.Dir) {
		side, answers = "base", s.base
	}
	n := 0
	for _, r := range s.ran {
		if r == side {
			n++
		}
	}
	s.ran = append(s.ran, side)
	if len(answers) == 0 {
		return job.Output{}, nil
	}
	text := answers[min(n, len(answers)-1)]
	switch text {
	case "":
		return job.Output{}, nil
	case "late":
		return job.Output{Code: -1, TimedOut: true}, nil
	case "silent":
		return job.Output{Code: 1}, nil
	case "other code":
		return job.Output{Code: 7, Stdout: "it failed\n"}, nil
	}
	return job.Output{Code: 1, Stdout: text}, nil
}

// failed is the output of "go test" in which tests of package x.org/p failed.
func failed(tests ...string) string {
	var b strings.Builder
	for _, t := range tests {
		fmt.Fprintf(&b, "--- FAIL: %s (0.00s)\n", t)
	}
	return b.String() + "FAIL\tx.org/p\t0.1s\n"
}

func knownAs(name string, red, runs int64) []evidence.Known {
	return []evidence.Known{{Test: evidence.Test{In: "x.org/p", Name: name}, By: "go test", Rate: evidence.Rate{Red: red, Runs: runs}}}
}

func summary(res evidence.Result) string {
	var out []string
	for _, f := range res.Findings {
		out = append(out, fmt.Sprintf("%s %s", f.Level, f.Rule))
	}
	for _, d := range res.Tried {
		out = append(out, fmt.Sprintf("%s %d/%d", d.Name, d.Red, d.Runs))
	}
	return strings.Join(out, ", ")
}

func TestFair(t *testing.T) {
	for _, tt := range []struct {
		name       string
		head, base []string
		task       string
		subject    evidence.Subject
		known      []evidence.Known
		status     evidence.Status
		want       string // findings, and what is told to the record
		ran        string
		says       string // in the first finding
	}{
		{name: "passes", status: evidence.Passed, ran: "head"},
		{name: "red, then green", head: []string{failed("TestOne"), ""}, status: evidence.Flaky, want: "locator flaky, TestOne 1/2", ran: "head head", says: "TestOne in x.org/p is flaky: it was red in 1 of 2 runs on the change's code."},
		{name: "red three times, then green", head: []string{failed("TestOne"), failed("TestOne"), failed("TestOne"), ""}, status: evidence.Flaky, want: "locator flaky, TestOne 3/4", ran: "head head base head head"},
		{name: "red four times", head: []string{failed("TestOne")}, status: evidence.Failed, want: "gate failed", ran: "head head base head head", says: "The acceptance command go test fails (exit code 1): TestOne in x.org/p."},
		{name: "red at the base", head: []string{failed("TestOld")}, base: []string{failed("TestOld")}, status: evidence.Failed, want: "locator red_at_base", ran: "head head base", says: "on what the change did not break: TestOld in x.org/p fails at the base in the same way."},
		{name: "red at the base, and another", head: []string{failed("TestOld", "TestOne")}, base: []string{failed("TestOld")}, status: evidence.Failed, want: "gate failed, locator red_at_base", ran: "head head base head head", says: "fails (exit code 1): TestOne in x.org/p."},
		{name: "another is red at the base", head: []string{failed("TestOne")}, base: []string{failed("TestOld")}, status: evidence.Failed, want: "gate failed", ran: "head head base head head"},
		{name: "red at the base, and a flaky one", head: []string{failed("TestOld", "TestOne"), failed("TestOld")}, base: []string{failed("TestOld")}, status: evidence.Failed, want: "locator red_at_base, locator flaky, TestOne 1/2", ran: "head head base"},
		{name: "the task is to mend it", head: []string{failed("TestOld/sub")}, base: []string{failed("TestOld/sub")}, task: "Mend TestOld.", status: evidence.Failed, want: "gate failed", ran: "head head base head head"},
		{name: "the goal is to mend it", head: []string{failed("TestOld")}, base: []string{failed("TestOld")}, task: "Mend TestOld.", subject: evidence.OfGoal, status: evidence.Failed, want: "gate failed", ran: "head head base head head"},
		{name: "tests take turns", head: []string{failed("TestOne"), failed("TestTwo")}, status: evidence.Flaky, want: "locator flaky, locator flaky, TestOne 1/2, TestTwo 1/2", ran: "head head"},
		{name: "known, and passes too", head: []string{failed("TestOne"), ""}, known: knownAs("TestOne", 7, 31), status: evidence.Passed, want: "context flaky, TestOne 1/2", ran: "head head", says: "on record it was red in 7 of 31"},
		{name: "known, and red more often than by chance", head: []string{failed("TestOne"), failed("TestOne"), failed("TestOne"), ""}, known: knownAs("TestOne", 1, 100), status: evidence.Flaky, want: "locator flaky, TestOne 3/4", ran: "head head base head head"},
		{name: "known, and red four times, as may be", head: []string{failed("TestOne")}, known: knownAs("TestOne", 5, 10), status: evidence.Flaky, want: "locator flaky, TestOne 4/4", ran: "head head base head head", says: "was red in 4 of 4 runs on the change's code, as it may be by chance; on record it was red in 5 of 10."},
		{name: "known, and red four times, as may not be", head: []string{failed("TestOne")}, known: knownAs("TestOne", 2, 10), status: evidence.Failed, want: "gate failed, TestOne 4/4", ran: "head head base head head"},
		{name: "known, and green", known: knownAs("TestOne", 2, 10), status: evidence.Passed, want: "TestOne 0/1", ran: "head"},
		{name: "known, green among red", head: []string{failed("TestOld")}, base: []string{failed("TestOld")}, known: knownAs("TestOne", 2, 10), status: evidence.Failed, want: "locator red_at_base, TestOne 0/2", ran: "head head base"},
		{name: "no names, and the same at the base", head: []string{"it failed\n"}, base: []string{"it failed\n"}, status: evidence.Failed, want: "locator red_at_base", ran: "head head base", says: "it fails at the base in the same way."},
		{name: "no names, and otherwise at the base", head: []string{"it failed\n"}, base: []string{"it failed: elsewhere\n"}, status: evidence.Failed, want: "gate failed", ran: "head head base head head"},
		{name: "no names, and another code at the base", head: []string{"it failed\n"}, base: []string{"other code"}, status: evidence.Failed, want: "gate failed", ran: "head head base head head"},
		{name: "not a word: it is not there yet", head: []string{"silent"}, base: []string{"silent"}, status: evidence.Failed, want: "gate failed", ran: "head head base head head"},
		{name: "no names, but the task's file", head: []string{"missing: docs/limits.md\n"}, base: []string{"missing: docs/limits.md\n"}, task: "Write docs/limits.md", status: evidence.Failed, want: "gate failed", ran: "head head base head head"},
		{name: "no names, then green", head: []string{"it failed\n", ""}, status: evidence.Flaky, want: "locator flaky,  1/2", ran: "head head", says: "go test is flaky: it was red in 1 of 2 runs"},
		{name: "names, then none", head: []string{failed("TestOne"), "it failed\n"}, status: evidence.Failed, want: "gate failed", ran: "head head base head head"},
		{name: "no room on the disk", head: []string{"write x: no space left on device\n"}, status: evidence.CouldNot, ran: "head"},
		{name: "no time for another run", head: []string{failed("TestOne"), "late", failed("TestOne")}, status: evidence.Failed, want: "gate failed", ran: "head head base head head head"},
		{name: "no time at the base", head: []string{failed("TestOne")}, base: []string{"late"}, status: evidence.Failed, want: "locator not_compared", ran: "head head base", says: "TestOne in x.org/p, and there was no time to see whether it does so again, and at the base."},
		{name: "no time for more than once", head: []string{failed("TestOne"), "late"}, status: evidence.Failed, want: "locator not_compared", ran: "head head base head"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			trees := checktest.New(t, map[string]checktest.Files{"base": {"a": "1"}, "head": {"a": "2"}})
			if tt.subject == "" {
				tt.subject = evidence.OfTask
			}
			req := checktest.Request(tt.subject)
			req.Accept, req.Task, req.Known = []plan.Command{argv("go", "test")}, tt.task, tt.known
			x := &script{head: tt.head, base: tt.base}
			got := checktest.Run(t, New(), trees, x, req)
			if got.Status != tt.status || summary(got) != tt.want || strings.Join(x.ran, " ") != tt.ran {
				t.Errorf("%s (%s): %s; ran %s; left out %q", got.Status, got.Why, summary(got), x.ran, got.NotRun)
			}
			if tt.says != "" && !strings.Contains(got.Findings[0].Message, tt.says) {
				t.Errorf("it says %q", got.Findings[0].Message)
			}
			late := slices.ContainsFunc(append(tt.head, tt.base...), func(s string) bool { return s == "late" })
			if late != (len(got.NotRun) > 0) && got.Status != evidence.CouldNot {
				t.Errorf("not run: %q", got.NotRun)
			}
		})
	}
}

// At the base a command finds what the ones before it make.
func TestTheBaseRunsWhatComesBefore(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": {"a": "1"}, "head": {"a": "2"}})
	var atBase []string
	x := checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
		if isBase(c.Dir) {
			atBase = append(atBase, c.Argv[0])
		}
		if c.Argv[0] == "install" {
			return job.Output{}, nil
		}
		return job.Output{Code: 1, Stdout: failed("TestOld")}, nil
	})
	req := checktest.Request(evidence.OfTask)
	req.Accept = []plan.Command{argv("install"), argv("one"), argv("two")}
	got := checktest.Run(t, New(), trees, x, req)
	if strings.Join(atBase, " ") != "install one two" || summary(got) != "locator red_at_base, locator red_at_base" {
		t.Errorf("at the base %q; %s", atBase, summary(got))
	}
}

// A flaky test has one fingerprint in all tasks, whatever the rate, so that
// who accepted it is not asked by the merge.
func TestFlakyFingerprint(t *testing.T) {
	print := func(head ...string) string {
		trees := checktest.New(t, map[string]checktest.Files{"base": {"a": "1"}, "head": {"a": "2"}})
		req := checktest.Request(evidence.OfTask)
		req.Accept = []plan.Command{argv("go", "test")}
		return checktest.Run(t, New(), trees, &script{head: head}, req).Findings[0].Fingerprint
	}
	if print(failed("TestOne"), "") != print(failed("TestOne"), failed("TestOne"), "") {
		t.Error("it depends on how often it was red")
	}
	if print(failed("TestOne"), "") == print(failed("TestTwo"), "") {
		t.Error("two tests have the same")
	}
}

func TestAsked(t *testing.T) {
	for _, tt := range []struct {
		name, task, command, in, test string
		want                          bool
	}{
		{"by its name", "Mend TestTotal in cart.", "go test ./...", "x.org/cart", "TestTotal", true},
		{"by its declared name", "TestTotal is red", "go test ./...", "x.org/cart", "TestTotal/empty", true},
		{"by a longer name", "Mend TestTotals", "go test ./...", "x.org/cart", "TestTotal", false},
		{"by its file", "tests/test_cart.py fails since Monday", "pytest", "tests/test_cart.py", "test_total", true},
		{"by the command", "Add a discount", "go test -run TestTotal ./...", "x.org/cart", "TestTotal", true},
		{"by the command's file", "Add a discount", "pytest tests/test_cart.py", "tests/test_cart.py", "test_total", true},
		{"by a sentence", "Make \"adds two numbers\" pass", "npm test", "npm test", "adds two numbers", true},
		{"a short word may mean anything", "The cart adds tax", "npm test", "npm test", "adds", false},
		{"its package is no name", "Add a discount to cart", "go test ./cart", "x.org/cart", "TestTotal", false},
		{"nobody speaks of it", "Add a discount", "go test ./...", "x.org/cart", "TestTotal", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := judge{subject: &check.Subject{Request: evidence.Request{Subject: evidence.OfTask, Task: tt.task}}}
			got := j.asked(trial{command: plan.Command{Shell: tt.command}}, evidence.Test{In: tt.in, Name: tt.test})
			if got != tt.want {
				t.Errorf("%v", got)
			}
		})
	}
}

package accept

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/check"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
)

// maxFlaky bounds the findings on flaky tests.
const maxFlaky = 20

// judge is one judgement.
type judge struct {
	subject *check.Subject
	exec    check.Exec
	head    string
	before  []check.Ran // what the first commands did at the base, as far as they had to run there

	findings []evidence.Finding
	wavering []evidence.Finding
	broken   []string // commands that gave no answer, and why
	notes    []string
	tried    []evidence.Tried
}

// trial is what one command did on the head.
type trial struct {
	command plan.Command
	first   check.Ran
	runs    int64
	tests   []evidence.Tried // red at least once

	compared bool            // it ran at the base
	old      []evidence.Test // red there in the same way
}

// judge runs a command, and when it fails, again: up to three times as long as
// a test is red each time that the base does not explain.
func (j *judge) judge(ctx context.Context, i int) {
	t := trial{command: j.subject.Request.Accept[i]}
	t.first = j.run(ctx, t.command, j.head, 0)
	if t.first.Why != "" {
		j.broken = append(j.broken, t.first.Why)
		return
	}
	j.observe(&t, t.first, nil)
	if t.first.Failed() {
		j.again(ctx, &t)
		if len(t.always()) > 0 {
			j.atBase(ctx, i, &t)
		}
		for t.compared && t.runs <= check.Retries && len(t.always()) > 0 && ctx.Err() == nil {
			if !j.again(ctx, &t) {
				break
			}
		}
		j.take(t)
	}
	j.remember(t)
}

// again runs a command on the head once more; false when that gave no answer.
func (j *judge) again(ctx context.Context, t *trial) bool {
	c, only, ok := t.fitting(ctx)
	if !ok {
		j.notes = append(j.notes, fmt.Sprintf("%s did not run again: it takes longer than the time that is left allows", t.shown()))
		return false
	}
	ran := j.run(ctx, c, j.head, share(ctx))
	if ran.Why != "" {
		j.notes = append(j.notes, "in another try, "+ran.Why)
		return false
	}
	j.observe(t, ran, only)
	return true
}

// fitting gives the command as it can run again in the time that is left: as
// it is, or with only the tests that were red each time; false when neither
// can be.
func (t trial) fitting(ctx context.Context) (c plan.Command, only []evidence.Test, ok bool) {
	if left := share(ctx); left == 0 || t.first.Output.DurationMS < left {
		return t.command, nil, true
	}
	only = t.always()
	c, ok = narrow(t.command, only)
	return c, only, ok
}

func (t trial) shown() string { return check.Clip(t.command.String(), 300) }

// share is what a run that only compares may take, in milliseconds: three
// fifths of the time that is left, so that other checks have some.
func share(ctx context.Context) int64 {
	if end, ok := ctx.Deadline(); ok {
		return max(time.Until(end).Milliseconds()*3/5, 1)
	}
	return 0
}

// run runs a command in a folder. A disk without room says nothing about the
// change.
func (j *judge) run(ctx context.Context, c plan.Command, dir string, limitMS int64) check.Ran {
	command := check.Command(c, dir, j.subject.Request.Env)
	command.LimitMS = limitMS
	ran := check.Do(ctx, j.exec, command)
	if ran.Failed() && noSpace.MatchString(ran.Text(dir)) {
		ran.Why = c.String() + " failed for want of room on the disk"
	}
	return ran
}

var noSpace = check.Lazy(`(?i)no space left on device|\bENOSPC\b|disk quota exceeded|\bEDQUOT\b`)

// whole is the command as one test.
func (t trial) whole() evidence.Test { return evidence.Test{In: t.command.String()} }

// reds gives the tests that were red in a run, the command itself when its
// output names none.
func (t trial) reds(ran check.Ran, dirs ...string) []evidence.Test {
	if !ran.Failed() {
		return nil
	}
	out := redTests(ran.Text(dirs...))
	for i := range out {
		if out[i].In == "" {
			out[i].In = t.command.String()
		}
	}
	if len(out) == 0 {
		return []evidence.Test{t.whole()}
	}
	return out
}

// observe counts a run on the head, of only some tests unless these are nil. A
// run that fails without naming a test shows none to pass.
func (j *judge) observe(t *trial, ran check.Ran, only []evidence.Test) {
	t.runs++
	reds := t.reds(ran, j.head)
	unnamed := t.runs > 1 && len(reds) > 0 && (slices.Contains(reds, t.whole()) || t.has(t.whole()))
	for i, d := range t.tests {
		if only == nil || slices.Contains(only, d.Test) {
			t.tests[i].Runs++
			if unnamed {
				t.tests[i].Red++
			}
		}
	}
	if unnamed {
		return
	}
	for _, test := range reds {
		i := slices.IndexFunc(t.tests, func(d evidence.Tried) bool { return d.Test == test })
		if i < 0 {
			i = len(t.tests)
			k, _ := evidence.Recall(j.subject.Request.Known, test)
			t.tests = append(t.tests, evidence.Tried{Test: test, By: t.command.String(), Known: k.Rate, Runs: t.runs})
		}
		t.tests[i].Red++
	}
}

func (t trial) has(test evidence.Test) bool {
	return slices.ContainsFunc(t.tests, func(d evidence.Tried) bool { return d.Test == test })
}

// always gives the tests that were red each time and are not explained by the
// base.
func (t trial) always() []evidence.Test {
	var out []evidence.Test
	for _, d := range t.tests {
		if d.Red == d.Runs && !slices.Contains(t.old, d.Test) {
			out = append(out, d.Test)
		}
	}
	return out
}

// atBase notes the tests that are red at the base as they are on the head.
// What the task asks for is left out: it is red there because it is not done.
func (j *judge) atBase(ctx context.Context, i int, t *trial) {
	base, err := j.subject.Base(ctx)
	if err != nil {
		j.notes = append(j.notes, fmt.Sprintf("%s was not compared with the base: %v", t.shown(), err))
		return
	}
	for len(j.before) < i { // a command may need what the ones before it make
		j.before = append(j.before, j.run(ctx, j.subject.Request.Accept[len(j.before)], base, share(ctx)))
	}
	c, _, ok := t.fitting(ctx)
	if !ok {
		j.notes = append(j.notes, fmt.Sprintf("%s did not run at the base: it takes longer than the time that is left allows", t.shown()))
		return
	}
	was := j.run(ctx, c, base, share(ctx))
	j.before = append(j.before, was)
	if was.Why != "" {
		j.notes = append(j.notes, "at the base, "+was.Why)
		return
	}
	t.compared = true
	reds := t.reds(was, base)
	for _, test := range t.always() {
		same := slices.Contains(reds, test)
		if test == t.whole() {
			is := check.FailureAnchor(t.first.Text(j.head))
			same = same && t.first.Output.Code == was.Output.Code && is != "" && is == check.FailureAnchor(was.Text(base))
		}
		if same && !j.asked(*t, test) {
			t.old = append(t.old, test)
		}
	}
}

// take turns what a command did into findings.
func (j *judge) take(t trial) {
	var bad, unsure []evidence.Test
	for _, d := range t.tests {
		switch {
		case slices.Contains(t.old, d.Test) && d.Red == d.Runs:
		case d.Red == d.Runs && !d.Known.Explains(d.Red, d.Runs):
			if t.compared && d.Runs > 1 {
				bad = append(bad, d.Test)
			} else {
				unsure = append(unsure, d.Test)
			}
		default:
			j.wavering = append(j.wavering, check.Waver(evidence.Finding{
				Check: Name, Reproduce: t.command.String(), Detail: check.Clip(t.first.Text(j.head), check.MaxDetail),
			}, d))
		}
	}
	if len(bad) > 0 {
		j.findings = append(j.findings, t.failed(bad, j.head))
	}
	if len(unsure) > 0 {
		f := t.failed(unsure, j.head)
		f.Rule, f.Level = "not_compared", evidence.Locator
		f.Message = strings.TrimSuffix(f.Message, ".") + ", and there was no time to see whether it does so again, and at the base."
		j.findings = append(j.findings, evidence.NewFinding(f, t.command.String()+"\n"+t.names(unsure)))
	}
	if len(t.old) > 0 {
		j.findings = append(j.findings, t.redAtBase(j.head))
	}
}

func (t trial) how() string {
	if t.first.Output.Signal != "" {
		return "signal " + t.first.Output.Signal
	}
	return fmt.Sprintf("exit code %d", t.first.Output.Code)
}

func (t trial) failed(tests []evidence.Test, dir string) evidence.Finding {
	text := t.first.Text(dir)
	message := fmt.Sprintf("The acceptance command %s fails (%s).", t.shown(), t.how())
	if !slices.Contains(tests, t.whole()) {
		message = fmt.Sprintf("The acceptance command %s fails (%s): %s.", t.shown(), t.how(), t.names(tests))
	}
	return evidence.NewFinding(evidence.Finding{
		Check: Name, Rule: "failed", Level: evidence.Gate, Grade: evidence.Verified,
		Message:   message,
		Detail:    check.Clip(text, check.MaxDetail),
		Reproduce: t.command.String(),
	}, t.command.String()+"\n"+check.FailureAnchor(text))
}

func (t trial) redAtBase(dir string) evidence.Finding {
	what := "it"
	if !slices.Contains(t.old, t.whole()) {
		what = t.names(t.old)
	}
	return evidence.NewFinding(evidence.Finding{
		Check: Name, Rule: "red_at_base", Level: evidence.Locator, Grade: evidence.Verified,
		Message:   fmt.Sprintf("The acceptance command %s fails (%s) on what the change did not break: %s fails at the base in the same way.", t.shown(), t.how(), what),
		Detail:    check.Clip(t.first.Text(dir), check.MaxDetail),
		Reproduce: t.command.String(),
	}, t.command.String()+"\n"+t.names(t.old))
}

// names lists tests for people. The command they run in was named before.
func (t trial) names(tests []evidence.Test) string {
	var out []string
	for _, test := range tests {
		if test.In == t.command.String() {
			test.In = ""
		}
		out = append(out, check.ShowPath(test.String()))
	}
	return check.Clip(strings.Join(out, ", "), 300)
}

// remember tells the record of what ended both ways, and of what is known to:
// a test that its command did not name as red passed.
func (j *judge) remember(t trial) {
	for _, d := range t.tests {
		if d.Wavered() || d.Known.Runs > 0 {
			j.tried = append(j.tried, d)
		}
	}
	for _, k := range j.subject.Request.Known {
		if k.By == t.command.String() && !t.has(k.Test) && !t.has(t.whole()) {
			j.tried = append(j.tried, evidence.Tried{Test: k.Test, By: k.By, Runs: t.runs, Known: k.Rate})
		}
	}
}

func (j *judge) result() evidence.Result {
	wavering := check.Fold(j.wavering, maxFlaky)
	res := check.Partly(append(slices.Clone(j.findings), wavering...), j.broken)
	if len(wavering) > 0 && len(j.broken) == 0 && check.Judged(j.findings).Status == evidence.Passed && res.Status == evidence.Failed {
		res.Status, res.Why = evidence.Flaky, wavering[0].Message
	}
	res.NotRun = append(res.NotRun, j.notes...)
	res.Tried = j.tried
	return res
}

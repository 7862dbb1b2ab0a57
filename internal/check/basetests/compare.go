package basetests

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"muster/internal/check"
	"muster/internal/check/suite"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
)

// suspect is a unit in which something went otherwise than hoped on the
// head's code.
type suspect struct {
	group   suite.Group
	unit    suite.Unit
	tests   []suite.Declared // at the base
	run     *suite.UnitReport
	was     *suite.UnitReport // at the base, once it ran there
	absent  bool              // the tool left it out
	failed  []string          // tests, without those that fail for a subtest alone
	missing []string          // tests that did not end, though the unit passed
	skipped []string
}

// needsAll reports whether the whole unit must run at the base to compare.
func (s suspect) needsAll() bool {
	return s.absent || s.run.Cut || s.run.Unbuilt || s.run.End == suite.Fail || len(s.failed)+len(s.missing) > 0
}

func (s suspect) shown() string { return check.ShowPath(s.unit.Path) }

// judge runs the base's tests of some units of a group on the head's code, and
// what did not pass at the base for comparison.
func (j *judge) judge(ctx context.Context, g suite.Group, units []suite.Unit) {
	run, why := j.run(ctx, j.headDir, g, suite.Order{Units: units, Just: true, Partial: true})
	if why != "" && !run.Late {
		j.broken = append(j.broken, why)
		return
	}
	var all, skips []suspect
	for _, u := range units {
		if run.Late && run.Units[u.ID] == nil {
			j.late = append(j.late, check.ShowPath(u.Path))
			continue
		}
		j.ran++
		s, err := j.suspectOf(g, u, run)
		switch {
		case err != nil:
			j.broken = append(j.broken, fmt.Sprintf("the tests of %s could not be read: %v", s.shown(), err))
		case s.needsAll():
			all = append(all, s)
		case len(s.skipped) > 0:
			skips = append(skips, s)
		}
	}
	if len(all) > 0 {
		j.compare(ctx, all, nil)
	}
	if len(skips) > 0 {
		var names []string
		for _, s := range skips {
			names = append(names, s.skipped...)
		}
		j.compare(ctx, skips, names)
	}
}

// run gives a command at most three fifths of the time that is left, so that
// a suite that never ends does not take the other checks with it.
func (j *judge) run(ctx context.Context, dir string, g suite.Group, o suite.Order) (suite.Report, string) {
	o.Tree, o.Env = dir, j.subject.Request.Env
	if end, ok := ctx.Deadline(); ok {
		o.LimitMS = max(time.Until(end).Milliseconds()*3/5, 1)
	}
	x := &timed{Exec: j.exec}
	r, why := g.Tool.Run(ctx, x, g, o)
	r.Late = r.Late || why != "" && x.late
	return r, check.Relative(why, j.headDir, j.baseDir)
}

// timed notes whether a command was ended at its limit.
type timed struct {
	check.Exec
	late bool
}

func (t *timed) Run(ctx context.Context, c job.Command) (job.Output, error) {
	out, err := t.Exec.Run(ctx, c)
	t.late = t.late || out.TimedOut
	return out, err
}

func (j *judge) suspectOf(g suite.Group, u suite.Unit, run suite.Report) (suspect, error) {
	s := suspect{group: g, unit: u, run: run.Units[u.ID]}
	if s.run == nil {
		s.run = &suite.UnitReport{}
		s.absent = g.Steered || len(run.Units) == 0
		return s, nil
	}
	s.failed = s.run.Failures()
	var err error
	if s.tests, err = suite.Declarations(j.baseDir, g, u); err != nil || s.run.Unbuilt {
		return s, err
	}
	for _, t := range s.tests {
		if s.run.EndOf(t.Name, nil) == "" && s.run.End == suite.Pass {
			s.missing = append(s.missing, t.Name)
		}
	}
	s.skipped, err = suite.Skipped(j.baseDir, g, u, s.run)
	return s, err
}

// compare runs the suspects at the base, and turns what passes there into
// findings. A test that fails on the head's code gets a second try first.
func (j *judge) compare(ctx context.Context, suspects []suspect, only []string) {
	g := suspects[0].group
	units := make([]suite.Unit, len(suspects))
	for i, s := range suspects {
		units[i] = s.unit
	}
	before, why := j.run(ctx, j.baseDir, g, suite.Order{Units: units, Only: only})
	if why != "" {
		j.broken = append(j.broken, "at the base, "+why)
		return
	}
	if len(before.Units) == 0 {
		j.broken = append(j.broken, fmt.Sprintf("no test in %s ran, on the change's code or at the base", check.ShowPath(g.Dir)))
		return
	}
	var red []suspect
	for _, s := range suspects {
		was := before.Units[s.unit.ID]
		s.was = was
		switch {
		case was != nil && was.Cut && s.run.Cut:
			j.broken = append(j.broken, fmt.Sprintf("the program that runs the tests of %s ends with success before they have run, at the base too", s.shown()))
		case was == nil:
			if !s.absent {
				j.notes = append(j.notes, fmt.Sprintf("the tests of %s do not run at the base", s.shown()))
			}
		case was.Unbuilt:
			j.unbuiltBefore(s, was)
		case s.run.Unbuilt:
			j.notCompiled(s)
		case s.absent:
			j.leftOut(s, was)
		default:
			if s.run.Cut {
				s.missing = lost(was, s.run)
			}
			j.skips(s, was)
			if s = j.newlyRed(s, was); len(s.failed) > 0 {
				red = append(red, s)
			}
		}
	}
	if len(red) > 0 {
		j.retry(ctx, red)
	}
}

// lost gives the tests that pass at the base and did not end on the head's
// code.
func lost(was, is *suite.UnitReport) []string {
	return slices.DeleteFunc(was.Ran(suite.Pass), func(name string) bool {
		t := is.Tests[name]
		return t != nil && t.End != ""
	})
}

// unbuiltBefore notes what cannot be held against the change. Where nothing
// shows that the unit's own needs are there, nothing was judged.
func (j *judge) unbuiltBefore(s suspect, was *suite.UnitReport) {
	if s.group.Needs == "" {
		j.notes = append(j.notes, fmt.Sprintf("the tests of %s do not compile at the base either", s.shown()))
		return
	}
	why := fmt.Sprintf("the tests of %s do not load at the base either: %s; %s", s.shown(), check.Clip(lastLine(j.text(was.Output)), 200), s.group.Needs)
	if s.run.Unbuilt {
		j.broken = append(j.broken, why)
		return
	}
	j.notes = append(j.notes, why)
}

// whole stands for a unit that failed without any test of it failing.
const whole = ""

// newlyRed keeps what failed on the head's code and passed at the base.
func (j *judge) newlyRed(s suspect, was *suite.UnitReport) suspect {
	suspected := append(slices.Clone(s.failed), s.missing...)
	if s.run.End == suite.Fail && len(suspected) == 0 {
		suspected = []string{whole}
	}
	var red []string
	for _, name := range suspected {
		switch {
		case name == whole && was.End == suite.Pass, name != whole && was.EndOf(name, s.run) == suite.Pass:
			red = append(red, name)
		case name == whole:
			j.notes = append(j.notes, fmt.Sprintf("the tests of %s fail as a whole at the base too", s.shown()))
		default:
			j.notes = append(j.notes, fmt.Sprintf("%s in %s does not pass at the base either", check.ShowPath(name), s.shown()))
		}
	}
	s.failed = red
	return s
}

// retry runs units with new failures again on the same code. What passes then
// is flaky, and says nothing about the change.
func (j *judge) retry(ctx context.Context, red []suspect) {
	units := make([]suite.Unit, len(red))
	for i, s := range red {
		units[i] = s.unit
	}
	again, why := j.run(ctx, j.headDir, red[0].group, suite.Order{Units: units, Times: check.Retries})
	if why != "" {
		j.broken = append(j.broken, "in a second try, "+why)
		return
	}
	for _, s := range red {
		second := again.Units[s.unit.ID]
		var still []string
		for _, name := range s.failed {
			if d, ok := s.wavers(j.subject.Request.Known, name, second); ok {
				f := evidence.Finding{Check: Name, Detail: j.text(s.said(name))}
				j.wavering = append(j.wavering, check.Waver(j.located(s, s.topOf(name), f), d))
				j.tried = append(j.tried, d)
				continue
			}
			still = append(still, name)
		}
		j.fail(ctx, s, still)
	}
}

// wavers reports whether a test that was red once may be so by chance: it
// passed in another try, or its record explains that it did not.
func (s suspect) wavers(known []evidence.Known, name string, again *suite.UnitReport) (evidence.Tried, bool) {
	d := evidence.Tried{Test: evidence.Test{In: s.unit.ID, Name: name}, Runs: 1 + check.Retries, Red: 1 + check.Retries}
	k, _ := evidence.Recall(known, d.Test)
	d.Known = k.Rate
	if !passes(again, name) {
		return d, d.Known.Explains(d.Red, d.Runs)
	}
	d.Runs, d.Red = 2, 1 // of the tests as a whole nobody counts
	if t := again.Tests[name]; t != nil {
		d.Runs, d.Red = int64(1+t.Runs), int64(1+t.Reds)
	}
	return d, true
}

// said is the output of a test that was red on the head's code.
func (s suspect) said(name string) string {
	if t := s.run.Tests[name]; t != nil {
		return t.Output
	}
	return s.run.Output
}

func passes(run *suite.UnitReport, name string) bool {
	switch {
	case run == nil:
		return false
	case name == whole:
		return run.Passed
	}
	t := run.Tests[name]
	return t != nil && t.Passed
}

// compiled gives the place in a tree that a compiler or loader names first. It
// names files from the group's folder or from the top.
func (s suspect) compiled(dir, text string) (file string, line int) {
	for l := range strings.Lines(text) { // a loader names its own files too
		file, line := check.Located(strings.TrimPrefix(strings.TrimSpace(l), "--> "))
		for _, p := range []string{path.Join(s.group.Dir, file), file} {
			if file != "" && suite.Holds(dir, p) {
				return p, line
			}
		}
	}
	return s.unit.Path, 0
}

func (j *judge) add(f evidence.Finding, anchor string) {
	f.Check = Name
	j.findings = append(j.findings, evidence.NewFinding(f, anchor))
}

func (j *judge) text(output string) string {
	return check.Clip(check.Relative(output, j.headDir, j.baseDir), check.MaxDetail)
}

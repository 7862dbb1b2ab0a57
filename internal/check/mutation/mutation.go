// Package mutation asks whether the tests would notice a fault in the lines
// that a change adds: it puts mutants there (internal/source/mutant), runs the
// tests that come by each, and reports those that no test noticed.
//
// All mutants of a module are woven into one build of each test program and
// are chosen by an environment variable, one process for each. The first run
// is without a mutant: it tells which mutants the tests come by, so that the
// others are never run, and how long the tests take, so that a mutant which
// never ends is ended. Tests of the mutants' own package come first; what
// survives them is tried on packages of the module that use it, of which only
// the nearest are taken. A mutant that ran out of time, broke before the first
// test, or could not be judged is counted as that, never as noticed.
//
// # What is said, and how loudly
//
// Survivors are common in good code: a shorter way to the same result, a
// boundary that no input reaches. So a single one is context. A gate needs all
// of: the change says that it is tested (it touches tests, or its task or
// author says so); a test that it adds or edits runs the changed lines of a
// function; there are at least three core mutants there, which turn a result, a
// guard or a condition into its opposite, in this function or in all such
// functions of the change; and not one of them is noticed by any test of the
// module that comes by. That is a test which runs code and looks at nothing.
// Before it blocks, the worst mutant is tried once more as a person would: with
// the file changed, by "go test". A function of which most core mutants survive
// is pointed at. In a change that claims no tests nothing points; lines that no
// test executes are named as such.
//
// # Limits
//
// It reads Go. Runs with different mutants share the folder of their package:
// tests that write there at once may disturb each other, which can hide a
// survivor and cannot make one. Files with cgo, generated files and packages that import
// testing are not mutated. Only files of the build on this machine are. Tests
// of other modules, also in a workspace, are not run. When its share of the
// time is used up, what was not judged is listed.
package mutation

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// Name is the check's name.
const Name = "mutants"

const (
	maxMutants = 150 // in one package
	spread     = 6   // packages that use the changed ones and run their tests

	// Of the time that is left for all checks it takes at most a third, and at
	// most so much; less where nothing would be asked of anybody.
	maxTime   = 4 * time.Minute
	shortTime = time.Minute
)

type mutants struct{}

// New gives the check.
func New() check.Check { return mutants{} }

func (mutants) Info() check.Info {
	return check.Info{Name: Name, Version: "1", Kind: check.Running, Needs: []string{"build"}}
}

func (mutants) Applies(req evidence.Request) string {
	if req.Base.Tree == req.Head.Tree {
		return "nothing changed"
	}
	return ""
}

func (mutants) Settings(req evidence.Request) any {
	return struct {
		Env    []string
		Claims bool
		Time   int64
	}{req.Env, saysTested(req), req.TimeMS}
}

func (mutants) Run(ctx context.Context, s *check.Subject, x check.Exec) evidence.Result {
	c, err := read(ctx, s)
	if err != nil {
		return check.CouldNot("%v", err)
	}
	if len(c.code) == 0 {
		return check.Skip("the change adds no line of Go code outside tests")
	}
	has, err := s.HeadHas(ctx, "go.mod")
	if err != nil {
		return check.CouldNot("%v", err)
	}
	if !has {
		return check.Skip("the tree holds no Go module")
	}
	dir, err := s.Head(ctx)
	if err != nil {
		return check.CouldNot("%v", err)
	}
	modules, err := check.GoModules(dir)
	if err != nil {
		return check.CouldNot("%v", err)
	}
	j := judge{subject: s, exec: x, change: c, dir: dir, ends: time.Now().Add(c.share(ctx))}
	for _, m := range modules {
		if slices.ContainsFunc(c.paths(), func(p string) bool { return moduleOf(modules, p) == m }) {
			j.module(ctx, m, modules)
		}
	}
	if ctx.Err() != nil {
		return check.CouldNot("it was ended while tests ran")
	}
	return j.result(ctx)
}

// share gives the time that the check may take.
func (c changed) share(ctx context.Context) time.Duration {
	most := shortTime
	if c.claims {
		most = maxTime
	}
	if end, ok := ctx.Deadline(); ok {
		most = min(most, time.Until(end)/3)
	}
	return most
}

// moduleOf gives the innermost module around a file, or "" when there is none.
func moduleOf(modules []string, file string) string {
	best := ""
	for _, m := range modules {
		if m == "." && best == "" || strings.HasPrefix(file, m+"/") && len(m) > len(best) {
			best = m
		} else if strings.HasPrefix(file, m+"/") && best == "." {
			best = m
		}
	}
	return best
}

// judge is one judgement.
type judge struct {
	subject *check.Subject
	exec    check.Exec
	change  changed
	dir     string
	ends    time.Time

	reports []moduleReport
	broken  []string // modules that gave no answer, and why
	notes   []string // what was left out
}

// moduleReport is what the survey of one module found.
type moduleReport struct {
	job    Job
	report Report
}

// module surveys the changed lines of one module.
func (j *judge) module(ctx context.Context, m string, modules []string) {
	left := time.Until(j.ends)
	if left <= 0 {
		j.broken = append(j.broken, fmt.Sprintf("the module in %s: the time for mutants was over", check.ShowPath(m)))
		return
	}
	// Below the tree, where the commands of a check may read and write, and
	// where the go command does not look.
	work, err := os.MkdirTemp(j.dir, ".mutants-")
	if err != nil {
		j.broken = append(j.broken, fmt.Sprintf("no folder could be made for mutants: %v", err))
		return
	}
	job := Job{
		Dir: j.dir, Module: m, Work: work, Env: j.subject.Request.Env, PerLine: 1, Most: maxMutants, Spread: spread, Time: left,
		Wants: func(file string) func(int) bool {
			if moduleOf(modules, file) != m {
				return nil
			}
			return j.change.wants(file)
		},
		Tests: j.change.tests,
	}
	report, err := Survey(ctx, j.exec, job)
	if err != nil {
		why := check.Relative(err.Error(), work, j.dir)
		if m != "." {
			why = "the module in " + check.ShowPath(m) + ": " + why
		}
		j.broken = append(j.broken, why)
		return
	}
	j.reports = append(j.reports, moduleReport{job, report})
}

// result puts the reports together.
func (j *judge) result(ctx context.Context) evidence.Result {
	var findings []evidence.Finding
	var notes []string
	var places []evidence.Place
	judged, unjudged := 0, 0
	for _, r := range j.reports {
		findings = append(findings, j.findings(ctx, r)...)
		places = append(places, unexecuted(r.report)...)
		notes = append(notes, r.report.NotRun...)
		notes = append(notes, counts(r.report)...)
		for _, m := range r.report.Judged {
			if m.Outcome == Unjudged {
				unjudged++
			} else {
				judged++
			}
		}
	}
	broken := slices.Clone(j.broken)
	if judged == 0 && unjudged > 0 {
		broken = append(broken, fmt.Sprintf("none of %d mutants could be judged", unjudged))
	}
	if len(broken) > 0 && !j.change.claims {
		// It would have asked nobody for anything, so neither does its silence.
		res := check.Skip("the change claims no tests, and its mutants could not be judged: %s", strings.Join(broken, "; "))
		res.NotRun = slices.Concat(broken, notes)
		return res
	}
	slices.SortStableFunc(findings, func(a, b evidence.Finding) int { return levelRank(a.Level) - levelRank(b.Level) })
	res := check.Partly(findings[:min(len(findings), maxFindings)], broken)
	res.NotRun = slices.Concat(broken, notes, j.notes)
	res.Unverified = places
	return res
}

func levelRank(l evidence.Level) int {
	return slices.Index([]evidence.Level{evidence.Gate, evidence.Locator, evidence.Context}, l)
}

// counts says which mutants gave no answer.
func counts(r Report) []string {
	n := map[Outcome]int{}
	why := map[string]int{}
	for _, j := range r.Judged {
		n[j.Outcome]++
		if j.Outcome == Unjudged {
			why[j.Why]++
		}
	}
	var out []string
	if n[TimedOut] > 0 {
		out = append(out, fmt.Sprintf("%d mutants ran out of time or memory, which says nothing about the tests", n[TimedOut]))
	}
	if n[Broken] > 0 {
		out = append(out, fmt.Sprintf("%d mutants ended the test program before its first test", n[Broken]))
	}
	for _, j := range r.Judged {
		if c := why[j.Why]; j.Outcome == Unjudged && c > 0 {
			out = append(out, fmt.Sprintf("%d mutants were not judged: %s", c, j.Why))
			why[j.Why] = 0
		}
	}
	if r.Found.Left > 0 {
		out = append(out, fmt.Sprintf("%d changed lines got no mutant, since a package gets at most %d", r.Found.Left, maxMutants))
	}
	return out
}

// isCode reports whether a file of the change is code that tests are for.
func isCode(f change.File) bool {
	if f.Status == change.Deleted || path.Ext(f.Path) != ".go" || f.NewMode == change.ModeSymlink || f.NewMode == change.ModeSubmodule {
		return false
	}
	if c := change.Classify(f.Path, nil); c.Test || c.Fixture || c.Generated || c.Vendored {
		return false
	}
	return !isIgnored(f.Path)
}

// isIgnored reports whether the go command leaves a file's folder out.
func isIgnored(file string) bool {
	for dir := path.Dir(file); dir != "."; dir = path.Dir(dir) {
		if check.GoIgnores(dir) {
			return true
		}
	}
	return false
}

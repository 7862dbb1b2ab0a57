// Package basetests runs the base's tests on the head's code. What an agent
// did to the tests has no say in it: tests that were deleted, skipped or
// edited to expect what the new code does run as they stood before.
//
// A test that passes at the base and fails on the head's code blocks, unless
// the change touches the test or what it reads: then a person looks, and the
// check tamper says whether the test was weakened. A test that fails at the base too is not the change's fault. A unit of tests (a Go
// package, a file of tests, a module) that does not compile or load against
// the head could not be judged, since an interface may have changed for good
// reason.
//
// It runs what package suite can run. Its limits: files that tests read from
// elsewhere than the usual folders of test data, and helpers that are not test
// files, are the head's; and code under test shares a process with the tests,
// so code written to deceive the test program itself can do so.
package basetests

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/suite"
	"muster/internal/check/suite/languages"
	"muster/internal/check/suite/near"
	"muster/internal/check/suite/rust"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// Name is the check's name.
const Name = "basetests"

const maxFindings = 100

type baseTests struct{}

// New gives the check.
func New() check.Check { return baseTests{} }

func (baseTests) Info() check.Info {
	return check.Info{Name: Name, Version: "5", Kind: check.Running, Needs: []string{"build"}}
}

func (baseTests) Applies(req evidence.Request) string {
	if req.Base.Tree == req.Head.Tree {
		return "nothing changed"
	}
	return ""
}

func (baseTests) Settings(req evidence.Request) any {
	return struct {
		Env   []string
		Links []evidence.Link
	}{req.Env, req.Links}
}

// Inputs lets a result be used again where nothing that its tests can read
// differs.
func (baseTests) Inputs(ctx context.Context, s *check.Subject) (any, error) {
	return languages.Inputs(ctx, s)
}

func (baseTests) Run(ctx context.Context, s *check.Subject, x check.Exec) evidence.Result {
	entries, err := s.BaseList(ctx)
	if err != nil {
		return check.CouldNot("%v", err)
	}
	langs := languages.In(entries)
	material := func(p string) bool { return languages.Material(langs, p) }
	switch {
	case len(langs) == 0 && !slices.ContainsFunc(s.Change.Paths(), func(p string) bool { return !languages.Material(languages.All(), p) }):
		return check.Skip("the change touches nothing but tests")
	case len(langs) == 0:
		return check.Skip("the base holds no Go module and no tests of another language that this check runs")
	case !slices.ContainsFunc(s.Change.Paths(), func(p string) bool { return !material(p) }):
		return check.Skip("the change touches nothing but tests: the base's tests would run on the base's code")
	}
	j := judge{subject: s, exec: x, langs: langs, material: material}
	if why := j.lay(ctx); why != "" {
		return check.CouldNot("%s", why)
	}
	ran := 0
	for _, l := range langs {
		p, err := l.Plan(ctx, j.input(entries))
		if err != nil {
			return check.CouldNot("what tests of %s there are could not be read: %v", l.Name(), err)
		}
		j.take(p)
		for _, g := range p.Groups {
			ran++
			first, rest := near.Split(j.headDir, entries, s.Change.Paths(), g)
			j.judge(ctx, g, first)
			if len(rest) > 0 && ctx.Err() == nil {
				j.judge(ctx, g, rest)
			}
			if ctx.Err() != nil {
				return check.CouldNot("it was ended while tests ran")
			}
		}
	}
	if ran == 0 && len(j.findings) == 0 && len(j.broken) == 0 {
		res := check.Skip("the base has no %s tests in what the change can affect", spoken(langs))
		res.NotRun = j.notes
		return res
	}
	return j.result()
}

func spoken(langs []suite.Language) string {
	var out []string
	for _, l := range langs {
		out = append(out, l.Name())
	}
	return strings.Join(out, " or ")
}

// judge is one judgement. The head's folder holds the base's tests on the
// head's code once lay is done.
type judge struct {
	subject  *check.Subject
	exec     check.Exec
	langs    []suite.Language
	material func(p string) bool

	headDir, baseDir string
	steps            []string // what a reproduction does beyond laying whole files

	findings []evidence.Finding
	broken   []string           // parts that gave no answer, and why
	wavering []evidence.Finding // on tests that failed and then passed on the same code
	tried    []evidence.Tried   // those tests
	late     []string           // units that did not run for want of time
	ran      int                // units that ran
	notes    []string           // what was left out with good reason
}

func (j *judge) lay(ctx context.Context) (why string) {
	var err error
	if j.baseDir, err = j.subject.Base(ctx); err != nil {
		return err.Error()
	}
	if j.headDir, err = j.subject.Head(ctx); err != nil {
		return err.Error()
	}
	left, err := suite.Lay(j.headDir, j.baseDir, j.subject.Change, j.material)
	if err != nil {
		return check.Relative(fmt.Sprintf("the base's tests could not be laid over the head: %v", err), j.headDir, j.baseDir)
	}
	for _, l := range left {
		j.broken = append(j.broken, "the base's test file could not be laid over the head: "+l)
	}
	steps, notes, err := rust.Splice(j.headDir, j.baseDir, j.subject.Change)
	if err != nil {
		return check.Relative(fmt.Sprintf("the base's tests could not be laid into the head's code: %v", err), j.headDir, j.baseDir)
	}
	j.steps, j.notes = steps, append(j.notes, notes...)
	for _, dir := range []string{j.headDir, j.baseDir} {
		notes, err := suite.LinkIn(dir, j.subject.Request.Links)
		if err != nil {
			return check.Relative(fmt.Sprintf("a folder could not be linked in: %v", err), dir)
		}
		if dir == j.headDir {
			j.notes = append(j.notes, notes...)
		}
	}
	return ""
}

func (j *judge) input(entries []change.Entry) suite.Input {
	return suite.Input{
		Code: j.headDir, Tests: j.baseDir, Trusted: j.baseDir, Entries: entries,
		Change: j.subject.Change, Changed: j.subject.Change.Paths(),
		Exec: j.exec, Env: j.subject.Request.Env,
	}
}

// take notes what a plan says without running anything.
func (j *judge) take(p suite.Plan) {
	for _, f := range p.Findings {
		j.add(f.Finding, f.Anchor)
	}
	j.broken = append(j.broken, p.Broken...)
	j.notes = append(j.notes, p.Notes...)
}

func (j *judge) result() evidence.Result {
	if why, bad := leftOut(j.late, j.ran > 0 && j.subject.Request.Subject.Followed()); bad {
		j.broken = append(j.broken, why)
	} else if why != "" {
		j.notes = append(j.notes, why)
	}
	res := check.Partly(check.Fold(slices.Concat(j.findings, j.wavering), maxFindings), j.broken)
	if res.Status == evidence.Failed && check.Judged(j.wavering).Status == evidence.Failed && !blocks(j.findings) {
		res.Status, res.Why = evidence.Flaky, j.wavering[0].Message
	}
	res.NotRun = append(slices.Clone(j.broken), j.notes...)
	res.Tried, res.Hurried = j.tried, len(j.late) > 0
	return res
}

// leftOut says which tests there was no time for. Where the whole run is judged
// once more before it reaches the target, they run then; otherwise, or when
// nothing ran at all, that is no answer.
func leftOut(late []string, follows bool) (why string, bad bool) { //nolint:revive // follows is a fact, not a mode
	if len(late) == 0 {
		return "", false
	}
	why = fmt.Sprintf("there was no time for the tests of %s", check.Clip(strings.Join(late, ", "), 500))
	if !follows {
		return why, true
	}
	return why + "; they run when the goal is judged, before anything reaches the target", false
}

func blocks(findings []evidence.Finding) bool {
	return slices.ContainsFunc(findings, func(f evidence.Finding) bool { return f.Level == evidence.Gate })
}

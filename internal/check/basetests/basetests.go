// Package basetests runs the base's tests on the head's code. What an agent
// did to the tests has no say in it: tests that were deleted, skipped or
// edited to expect what the new code does run as they stood before.
//
// A test that passes at the base and fails on the head's code blocks. A test
// that fails at the base too is not the change's fault. A package whose base
// tests do not compile against the head could not be judged, since an
// interface may have changed for good reason.
//
// It reads Go. Its limits: files that tests read from outside testdata, and
// helper packages that are not test files, are the head's; and code under
// test shares a process with the tests, so code written to deceive the test
// program itself can do so.
package basetests

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"

	"muster/internal/check"
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
	return check.Info{Name: Name, Version: "1", Kind: check.Running, Needs: []string{"build"}}
}

func (baseTests) Applies(req evidence.Request) string {
	if req.Base.Tree == req.Head.Tree {
		return "nothing changed"
	}
	return ""
}

func (baseTests) Settings(req evidence.Request) any {
	return struct{ Env []string }{req.Env}
}

func (baseTests) Run(ctx context.Context, s *check.Subject, x check.Exec) evidence.Result {
	if !slices.ContainsFunc(s.Change.Paths(), func(p string) bool { return !isTest(p) }) {
		return check.Skip("the change touches nothing but tests: the base's tests would run on the base's code")
	}
	j := judge{subject: s, exec: x}
	if why := j.prepare(ctx); why != "" {
		return check.CouldNot("%s", why)
	}
	if len(j.base.modules) == 0 {
		return check.Skip("the base holds no Go module, and tests of other languages are not run by this check")
	}
	j.compareTrees()
	chosen := j.choose()
	for _, packages := range byModule(chosen) {
		j.compareRuns(ctx, packages)
		if ctx.Err() != nil {
			return check.CouldNot("it was ended while tests ran")
		}
	}
	if len(chosen) == 0 && len(j.findings) == 0 && len(j.broken) == 0 {
		res := check.Skip("the base has no Go tests in the packages that the change can affect")
		res.NotRun = j.notes
		return res
	}
	return j.result()
}

// judge is one judgement. The head's folder holds the base's tests on the
// head's code once prepare is done.
type judge struct {
	subject *check.Subject
	exec    check.Exec

	headDir, baseDir string
	head, base       tree

	findings []evidence.Finding
	broken   []string // parts that gave no answer, and why
	flaky    []string // tests that failed and then passed on the same code
	notes    []string // what was left out with good reason
}

func (j *judge) prepare(ctx context.Context) (why string) {
	// Laying a tree out is the dear part, so first see whether it is needed.
	has, err := j.subject.BaseHas(ctx, "go.mod")
	if err != nil {
		return err.Error()
	}
	if !has {
		return ""
	}
	if j.baseDir, err = j.subject.Base(ctx); err != nil {
		return err.Error()
	}
	if j.base, err = readDir(j.baseDir); err != nil {
		return fmt.Sprintf("the base's Go files could not be read: %v", err)
	}
	if len(j.base.modules) == 0 {
		return ""
	}
	if j.headDir, err = j.subject.Head(ctx); err != nil {
		return err.Error()
	}
	left, err := layTests(j.headDir, j.baseDir, j.subject.Change)
	if err != nil {
		return check.Relative(fmt.Sprintf("the base's tests could not be laid over the head: %v", err), j.headDir, j.baseDir)
	}
	for _, l := range left {
		j.broken = append(j.broken, "the base's test file could not be laid over the head: "+l)
	}
	if j.head, err = readDir(j.headDir); err != nil {
		return fmt.Sprintf("the head's Go files could not be read: %v", err)
	}
	return ""
}

func readDir(dir string) (tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return tree{}, err
	}
	defer func() { _ = root.Close() }() // nothing is lost when closing a folder fails
	return read(root.FS())
}

// compareTrees points at what cannot be seen by running tests: tested
// packages that are gone, and changed helpers of tests.
func (j *judge) compareTrees() {
	for _, was := range j.base.packages {
		if !was.tests || !was.code {
			continue
		}
		is := j.head.at(was.dir)
		if is != nil && is.code && is.path == was.path {
			continue
		}
		j.add(evidence.Finding{
			Rule: "package_gone", Level: evidence.Locator, Grade: evidence.Observed, Path: was.dir,
			Message:   fmt.Sprintf("The package %s is gone%s, and its tests at the base ran nowhere.", check.ShowPath(was.path), j.movedTo(was)),
			Reproduce: j.diff(was.dir),
		}, "")
	}
	for _, f := range j.subject.Change.Files {
		if f.Status == change.Deleted || !slices.Contains(j.head.helpers, f.Path) {
			continue
		}
		j.add(evidence.Finding{
			Rule: "helper", Level: evidence.Locator, Grade: evidence.Observed, Path: f.Path,
			Message:   fmt.Sprintf("%s helps tests (it imports testing) and changed: the base's tests ran with it as it is now.", check.ShowPath(f.Path)),
			Reproduce: j.diff(f.Path),
		}, f.NewBlob)
	}
}

// movedTo says where the files of a package went, when they went together.
func (j *judge) movedTo(was *gopkg) string {
	to := ""
	for _, f := range j.subject.Change.Files {
		if f.Status != change.Renamed || path.Dir(f.OldPath) != was.dir || isTest(f.OldPath) {
			continue
		}
		if to != "" && to != path.Dir(f.Path) {
			return ""
		}
		to = path.Dir(f.Path)
	}
	if to == "" {
		return ""
	}
	return " (moved to " + check.ShowPath(to) + ")"
}

// choose gives the packages whose base tests run: those that the change can
// affect, have tests, and still are where the tests expect them.
func (j *judge) choose() []*gopkg {
	var out []*gopkg
	for _, p := range affected(j.head, j.base, j.subject.Change.Paths()) {
		was := j.base.at(p.dir)
		switch {
		case !p.tests || was == nil || !was.tests:
		case was.path != p.path:
			// Said already: its import path is gone.
		case was.code && !p.code:
		case p.path == "":
			j.broken = append(j.broken, fmt.Sprintf("the go.mod above %s names no module", check.ShowPath(p.dir)))
		default:
			out = append(out, p)
		}
	}
	return out
}

// byModule groups packages, which are in order, by their module.
func byModule(packages []*gopkg) [][]*gopkg {
	var out [][]*gopkg
	for _, p := range packages {
		i := slices.IndexFunc(out, func(g []*gopkg) bool { return g[0].module == p.module })
		if i < 0 {
			out = append(out, []*gopkg{p})
			continue
		}
		out[i] = append(out[i], p)
	}
	return out
}

func (j *judge) result() evidence.Result {
	findings := check.Fold(j.findings, maxFindings)
	res := check.Partly(findings, j.broken)
	if len(j.flaky) > 0 && res.Status != evidence.CouldNot && !blocks(findings) {
		res.Status = evidence.Flaky
		res.Why = flakyWhy(j.flaky)
	}
	res.NotRun = append(slices.Clone(j.broken), j.notes...)
	if len(j.flaky) > 0 {
		res.NotRun = append(res.NotRun, flakyWhy(j.flaky))
	}
	return res
}

func blocks(findings []evidence.Finding) bool {
	return slices.ContainsFunc(findings, func(f evidence.Finding) bool { return f.Level == evidence.Gate })
}

package basetests

import (
	"context"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
)

// suspect is a package in which something went otherwise than hoped on the
// head's code.
type suspect struct {
	pkg     *gopkg
	tests   []testFunc // declared at the base
	run     *pkgRun
	failed  []string // tests, without those that fail for a subtest alone
	missing []string // tests that did not end, though the package passed
	skipped []string
}

// needsAll reports whether the whole package must run at the base to compare.
func (s suspect) needsAll() bool {
	return s.run.unbuilt || s.run.end == fail || len(s.failed)+len(s.missing) > 0
}

// compareRuns runs the base's tests of packages of one module on the head's
// code, and what did not pass at the base for comparison.
func (j *judge) compareRuns(ctx context.Context, packages []*gopkg) {
	run, why := j.run(ctx, j.headDir, packages, "")
	if why != "" {
		j.broken = append(j.broken, why)
		return
	}
	var all, skips []suspect
	for _, p := range packages {
		s, err := j.suspectOf(p, run.packages[p.path])
		switch {
		case err != nil:
			j.broken = append(j.broken, fmt.Sprintf("the tests of %s could not be read: %v", check.ShowPath(p.dir), err))
		case s.needsAll():
			all = append(all, s)
		case len(s.skipped) > 0:
			skips = append(skips, s)
		}
	}
	if len(all) > 0 {
		j.compare(ctx, all, "")
	}
	if len(skips) > 0 {
		var names []string
		for _, s := range skips {
			names = append(names, s.skipped...)
		}
		j.compare(ctx, skips, anyName(names))
	}
}

func (j *judge) run(ctx context.Context, dir string, packages []*gopkg, pattern string) (testRun, string) {
	return goTest(ctx, j.exec, dir, packages, request{pattern: pattern, env: j.subject.Request.Env})
}

func (j *judge) suspectOf(p *gopkg, run *pkgRun) (suspect, error) {
	s := suspect{pkg: p, run: run, failed: run.failures()}
	root, err := os.OpenRoot(j.baseDir)
	if err != nil {
		return s, err
	}
	defer func() { _ = root.Close() }() // nothing is lost when closing a folder fails
	if s.tests, err = testsIn(root.FS(), p.dir); err != nil || run.unbuilt {
		return s, err
	}
	for _, t := range s.tests {
		switch end := run.endOf(t.name); {
		case end == skip:
			s.skipped = append(s.skipped, t.name)
		case end == "" && run.end == pass:
			s.missing = append(s.missing, t.name)
		}
	}
	return s, nil
}

// compare runs the suspects at the base, and turns what passes there into
// findings. A test that fails on the head's code gets a second try first.
func (j *judge) compare(ctx context.Context, suspects []suspect, pattern string) {
	packages := make([]*gopkg, len(suspects))
	for i, s := range suspects {
		packages[i] = j.base.at(s.pkg.dir)
	}
	before, why := j.run(ctx, j.baseDir, packages, pattern)
	if why != "" {
		j.broken = append(j.broken, "at the base, "+why)
		return
	}
	var red []suspect
	for i, s := range suspects {
		was := before.packages[packages[i].path]
		switch {
		case was.unbuilt:
			j.notes = append(j.notes, fmt.Sprintf("the tests of %s do not compile at the base either", check.ShowPath(s.pkg.dir)))
		case s.run.unbuilt:
			j.notCompiled(s)
		default:
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

// whole stands for a package that failed without any test of it failing.
const whole = ""

// newlyRed keeps what failed on the head's code and passed at the base.
func (j *judge) newlyRed(s suspect, was *pkgRun) suspect {
	suspected := append(slices.Clone(s.failed), s.missing...)
	if s.run.end == fail && len(suspected) == 0 {
		suspected = []string{whole}
	}
	var red []string
	for _, name := range suspected {
		switch {
		case name == whole && was.end == pass, name != whole && was.endOf(name) == pass:
			red = append(red, name)
		case name == whole:
			j.notes = append(j.notes, fmt.Sprintf("the tests of %s fail as a whole at the base too", check.ShowPath(s.pkg.dir)))
		default:
			j.notes = append(j.notes, fmt.Sprintf("%s in %s does not pass at the base either", check.ShowPath(name), check.ShowPath(s.pkg.dir)))
		}
	}
	s.failed = red
	return s
}

// skips points at tests that ran at the base and skip themselves on the head's
// code. That may be right, and needs no second try to be worth a look.
func (j *judge) skips(s suspect, was *pkgRun) {
	for _, name := range s.skipped {
		if was.endOf(name) == pass {
			j.add(j.located(s, name, evidence.Finding{
				Rule: "skipped", Level: evidence.Locator,
				Message: fmt.Sprintf("%s passes at the base and skips itself on the change's code.", check.ShowPath(name)),
				Detail:  j.text(s.run.tests[name].output),
			}), s.pkg.path+" "+name)
		}
	}
}

func (j *judge) notCompiled(s suspect) {
	text := j.text(s.run.output)
	file, line := check.Located(text)
	if file != "" {
		file = path.Join(s.pkg.module, file)
	} else {
		file = s.pkg.dir
	}
	j.broken = append(j.broken, fmt.Sprintf("the base's tests of %s do not compile against the change, so they did not run", check.ShowPath(s.pkg.dir)))
	j.add(evidence.Finding{
		Rule: "does_not_compile", Level: evidence.Locator, Grade: evidence.Verified, Path: file, StartLine: line, EndLine: line,
		Message:   fmt.Sprintf("The base's tests of %s do not compile against the change.", check.ShowPath(s.pkg.dir)),
		Detail:    text,
		Reproduce: j.reproduce(s.pkg, ""),
	}, s.pkg.path+"\n"+check.FailureAnchor(text))
}

// retry runs packages with new failures once more on the same code. What
// passes then is flaky, and says nothing about the change.
func (j *judge) retry(ctx context.Context, red []suspect) {
	packages := make([]*gopkg, len(red))
	for i, s := range red {
		packages[i] = s.pkg
	}
	again, why := j.run(ctx, j.headDir, packages, "")
	if why != "" {
		j.broken = append(j.broken, "in a second try, "+why)
		return
	}
	for _, s := range red {
		second := again.packages[s.pkg.path]
		var still []string
		for _, name := range s.failed {
			if passes(second, name) {
				j.flaky = append(j.flaky, fmt.Sprintf("%s in %s", check.ShowPath(shown(name)), check.ShowPath(s.pkg.dir)))
				continue
			}
			still = append(still, name)
		}
		j.fail(s, still)
	}
}

func passes(run *pkgRun, name string) bool {
	if name == whole {
		return run.end == pass
	}
	t := run.tests[name]
	return t != nil && t.end == pass
}

func shown(name string) string {
	if name == whole {
		return "the package"
	}
	return name
}

// fail adds one finding for each test that the base declares, whatever number
// of its subtests fail.
func (j *judge) fail(s suspect, names []string) {
	var tops []string
	for _, name := range names {
		if !slices.Contains(tops, topOf(name)) {
			tops = append(tops, topOf(name))
		}
	}
	for _, top := range tops {
		var leaves []string
		var output strings.Builder
		for _, name := range names {
			if topOf(name) != top {
				continue
			}
			leaves = append(leaves, name)
			if t := s.run.tests[name]; t != nil {
				output.WriteString(t.output)
			}
		}
		if output.Len() == 0 {
			output.WriteString(s.run.output)
		}
		f := evidence.Finding{Rule: "failed", Level: evidence.Gate, Detail: j.text(output.String())}
		switch {
		case top == whole:
			f.Message = fmt.Sprintf("The base's tests of %s pass at the base, and the test program fails on the change's code.", check.ShowPath(s.pkg.dir))
		case slices.Contains(s.missing, top):
			f.Rule = "missing"
			f.Message = fmt.Sprintf("%s passes at the base and does not run on the change's code: the test program ends before it.", top)
		default:
			f.Message = fmt.Sprintf("%s passes at the base and fails on the change's code.", check.Clip(strings.Join(leaves, ", "), 300))
		}
		j.add(j.located(s, top, f), s.pkg.path+" "+strings.Join(leaves, " "))
	}
}

// located fills in where a test stands at the base, and how to run it.
func (j *judge) located(s suspect, top string, f evidence.Finding) evidence.Finding {
	f.Grade, f.Path, f.Reproduce = evidence.Verified, s.pkg.dir, j.reproduce(s.pkg, top)
	for _, t := range s.tests {
		if t.name == top {
			f.Path, f.StartLine, f.EndLine = t.file, t.line, t.line
		}
	}
	return f
}

func (j *judge) add(f evidence.Finding, anchor string) {
	f.Check = Name
	j.findings = append(j.findings, evidence.NewFinding(f, anchor))
}

func (j *judge) text(output string) string {
	return check.Clip(check.Relative(output, j.headDir, j.baseDir), check.MaxDetail)
}

func (j *judge) diff(p string) string {
	return check.DiffCommand(j.subject.Request.Base.Tree, j.subject.Request.Head.Tree, p)
}

// reproduce gives a command that does what this check did, in a new temporary
// folder and with an index of its own: it changes nothing of the checkout it
// is typed in.
func (j *judge) reproduce(p *gopkg, top string) string {
	restore := []string{"git", "restore", "--source=" + j.subject.Request.Base.Tree, "--staged", "--"}
	for _, f := range j.subject.Change.Files {
		for _, q := range []string{f.OldPath, f.Path} {
			if q != "" && isTest(q) {
				restore = append(restore, ":(top,literal)"+q)
			}
		}
	}
	steps := []string{
		`cd "$(git rev-parse --show-toplevel)"`,
		`d=$(mktemp -d)`,
		`export GIT_INDEX_FILE="$d/index"`,
		"git read-tree " + j.subject.Request.Head.Tree,
	}
	if at := slices.Index(restore, "--"); len(restore) > at+1 {
		if len(restore)-at > 50 { // a line that a person can still read
			restore = append(restore[:at+1], ":(top,glob)**/*_test.go")
		}
		steps = append(steps, plan.Command{Argv: restore}.String())
	}
	test := []string{"go", "test", "-count=1", "-vet=off"}
	if top != "" {
		test = append(test, "-run", anyName([]string{top}))
	}
	test = append(test, argument(p.module, p.dir))
	steps = append(steps,
		`git checkout-index -a --prefix="$d/tree/"`,
		`cd "$d/tree"`,
		check.InDir(p.module, plan.Command{Argv: test}.String()),
	)
	return "(" + strings.Join(steps, " && ") + ")"
}

// anyName gives a pattern for "go test -run" that picks exactly these tests.
func anyName(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = regexp.QuoteMeta(n)
	}
	slices.Sort(quoted)
	return "^(" + strings.Join(slices.Compact(quoted), "|") + ")$"
}

func flakyWhy(tests []string) string {
	return "passed at the base, failed on the change's code, and passed there in a second try: " + check.Clip(strings.Join(tests, ", "), 500)
}

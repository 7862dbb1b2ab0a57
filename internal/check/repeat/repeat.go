// Package repeat runs the tests of changed Go packages several times, in
// shuffled order and with the race detector. It points at data races and at
// tests that both pass and fail on the head, where the base shows neither.
//
// It takes at most a part of the time that is left, since it comes last and
// only points: what it did not come to is said, and is no alarm. It looks at
// the packages whose own files changed; a race that a change brings into
// another package is not seen. A race is only seen when it happens.
package repeat

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/internal/check"
	"muster/internal/check/suite"
	"muster/internal/check/suite/golang"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
	"muster/internal/core/plan"
)

// Name is the check's name.
const Name = "repeat"

const (
	// times is how often each test runs on the head; at the base, where only
	// what was red runs, it is baseTimes.
	times     = 3
	baseTimes = 6

	// longest bounds one command, in milliseconds.
	longest = 180_000
	short   = 20_000 // for a question, likewise

	maxFindings = 20
)

type repeat struct{}

// New gives the check.
func New() check.Check { return repeat{} }

func (repeat) Info() check.Info {
	return check.Info{Name: Name, Version: "4", Kind: check.Running, Needs: []string{"build", "basetests"}}
}

func (repeat) Applies(req evidence.Request) string {
	if req.Base.Tree == req.Head.Tree {
		return "nothing changed"
	}
	return ""
}

func (repeat) Settings(req evidence.Request) any {
	return struct{ Env []string }{req.Env}
}

func (repeat) Run(ctx context.Context, s *check.Subject, x check.Exec) evidence.Result {
	folders := changedFolders(s.Change)
	if len(folders) == 0 {
		return check.Skip("the change touches no Go package")
	}
	head, err := s.Head(ctx)
	if err != nil {
		return check.CouldNot("%v", err)
	}
	p, err := golang.New().Plan(ctx, suite.Input{Code: head, Tests: head, Change: s.Change, Changed: s.Change.Paths(), Exec: x, Env: s.Request.Env})
	if err != nil {
		return check.CouldNot("what tests of Go there are could not be read: %v", err)
	}
	j := judge{subject: s, exec: x, headDir: head, race: true}
	ran := 0
	for _, g := range p.Groups {
		g.Units = slices.DeleteFunc(g.Units, func(u suite.Unit) bool { return !slices.Contains(folders, u.Path) })
		if len(g.Units) == 0 {
			continue
		}
		if ran++; ran == 1 && !j.hasCompiler(ctx) {
			j.withoutRace()
		}
		j.judge(ctx, g)
		if ctx.Err() != nil {
			return check.CouldNot("it was ended while tests ran")
		}
	}
	switch {
	case ran == 0:
		return check.Skip("the Go packages that the change touches have no tests")
	case len(j.findings) == 0 && len(j.silent) > 0:
		return check.CouldNot("%s", strings.Join(j.silent, "; "))
	case len(j.findings) == 0 && j.judged == 0:
		res := check.Skip("%s", strings.Join(j.left, "; "))
		return res
	}
	res := check.Judged(check.Fold(j.findings, maxFindings))
	res.NotRun = j.left
	return res
}

// changedFolders gives the folders of Go files that the change adds or edits.
func changedFolders(c change.Change) []string {
	var out []string
	for _, f := range c.Files {
		if f.Status != change.Deleted && path.Ext(f.Path) == ".go" && !slices.Contains(out, path.Dir(f.Path)) {
			out = append(out, path.Dir(f.Path))
		}
	}
	return out
}

type judge struct {
	subject *check.Subject
	exec    check.Exec
	headDir string
	race    bool // the race detector can be had, as far as is known

	judged   int // groups that were run
	findings []evidence.Finding
	left     []string
	silent   []string // changed tests that nobody has an answer of
}

// red is a test that failed at least once on the head.
type red struct {
	unit suite.Unit
	name string // of the declared test
	race bool
	text string
}

func (r red) key() string { return r.unit.ID + " " + r.name + " " + strconv.FormatBool(r.race) }

func (j *judge) judge(ctx context.Context, g suite.Group) {
	run, why := j.run(ctx, j.headDir, g, suite.Order{Units: g.Units, Times: times})
	if why == "" && j.race && needsC(run) {
		j.withoutRace()
		run, why = j.run(ctx, j.headDir, g, suite.Order{Units: g.Units, Times: times})
	}
	if why != "" {
		j.once(ctx, g, why)
		return
	}
	j.judged++
	suspects := wavering(g.Units, run)
	if len(suspects) == 0 {
		return
	}
	before, why := j.atBase(ctx, g, suspects)
	if why != "" {
		j.left = append(j.left, "what is red when repeated could not be compared with the base: "+why)
		return
	}
	for _, r := range suspects {
		if k, ok := evidence.Recall(j.subject.Request.Known, evidence.Test{In: r.unit.ID, Name: r.name}); ok && !r.race {
			j.left = append(j.left, fmt.Sprintf("%s in %s wavers, as on record: it was red in %d of %d runs", r.name, check.ShowPath(r.unit.Path), k.Rate.Red, k.Rate.Runs))
			continue
		}
		if slices.ContainsFunc(before, func(b red) bool { return b.key() == r.key() }) {
			j.left = append(j.left, fmt.Sprintf("%s in %s %s at the base too", r.name, check.ShowPath(r.unit.Path), map[bool]string{true: "shows a data race", false: "wavers"}[r.race]))
			continue
		}
		j.add(g, r)
	}
}

func (j *judge) withoutRace() {
	j.race = false
	j.left = append(j.left, "the race detector was not used: it needs cgo and a C compiler")
}

// hasCompiler reports whether a C compiler can be had, as far as that is
// cheap to know. The go command says so itself, but only after it has compiled
// the whole standard library for the race detector.
func (j *judge) hasCompiler(ctx context.Context) bool {
	c := job.Command{Argv: []string{"go", "env", "CC"}, Dir: j.headDir, Env: j.subject.Request.Env, LimitMS: short}
	name := check.Do(ctx, j.exec, c)
	if c.Argv = strings.Fields(name.Output.Stdout); name.Why != "" || name.Output.Code != 0 || len(c.Argv) == 0 {
		return true // the tests will tell
	}
	c.Argv = append(c.Argv, "--version")
	version := check.Do(ctx, j.exec, c)
	return version.Why == "" || version.Output.TimedOut
}

// once makes sure that tests end at all which could not be repeated. No other
// check runs tests that come alone, so one that hangs would pass unseen.
func (j *judge) once(ctx context.Context, g suite.Group, why string) {
	units := slices.DeleteFunc(slices.Clone(g.Units), func(u suite.Unit) bool { return !editsTests(j.subject.Change, u.Path) })
	if len(units) > 0 {
		race := j.race
		j.race = false
		_, still := j.run(ctx, j.headDir, g, suite.Order{Units: units, Times: 1})
		j.race = race
		if still != "" {
			j.silent = append(j.silent, "changed tests gave no answer: "+still)
			return
		}
	}
	j.left = append(j.left, "tests were not repeated: "+why)
}

func editsTests(c change.Change, folder string) bool {
	return slices.ContainsFunc(c.Files, func(f change.File) bool {
		return f.Status != change.Deleted && path.Dir(f.Path) == folder && strings.HasSuffix(f.Path, "_test.go")
	})
}

func (j *judge) run(ctx context.Context, dir string, g suite.Group, o suite.Order) (suite.Report, string) {
	o.Tree, o.Env, o.LimitMS = dir, j.subject.Request.Env, longest
	if end, ok := ctx.Deadline(); ok {
		o.LimitMS = min(o.LimitMS, max(time.Until(end).Milliseconds()/3, 1))
	}
	o.Options = []string{"-shuffle=on"}
	if j.race {
		o.Options = append(o.Options, "-race")
		// Where there is a compiler but cgo is off by default, it is meant.
		o.Env = append([]string{"CGO_ENABLED=1"}, o.Env...)
	}
	r, why := g.Tool.Run(ctx, j.exec, g, o)
	if j.race && noC(why) {
		return suite.Report{Noise: why}, "" // tried again without
	}
	return r, check.Relative(why, dir)
}

// needsC reports whether a run failed for want of what the race detector
// needs.
func needsC(r suite.Report) bool {
	if noC(r.Noise) {
		return true
	}
	for _, u := range r.Units {
		if u.Unbuilt && noC(u.Output) {
			return true
		}
	}
	return false
}

func noC(text string) bool {
	return regexp.MustCompile(`-race (requires|is not supported|is only supported)|C compiler .* not found|exec: "(gcc|cc|clang)"|cgo: C compiler`).MatchString(text)
}

// atBase runs the suspects at the base and gives what is red there. A package
// that the base does not have is red nowhere.
func (j *judge) atBase(ctx context.Context, g suite.Group, suspects []red) ([]red, string) {
	base, err := j.subject.Base(ctx)
	if err != nil {
		return nil, err.Error()
	}
	var units []suite.Unit
	var only []string
	for _, r := range suspects {
		only = append(only, r.name)
		if !slices.ContainsFunc(units, func(u suite.Unit) bool { return u.ID == r.unit.ID }) && holdsTests(base, r.unit) {
			units = append(units, r.unit)
		}
	}
	if len(units) == 0 {
		return nil, ""
	}
	before, why := j.run(ctx, base, g, suite.Order{Units: units, Only: only, Times: baseTimes})
	if why != "" {
		return nil, why
	}
	return wavering(units, before), ""
}

func holdsTests(dir string, u suite.Unit) bool {
	entries, err := os.ReadDir(path.Join(dir, u.Path))
	return err == nil && slices.ContainsFunc(entries, func(e os.DirEntry) bool { return strings.HasSuffix(e.Name(), "_test.go") })
}

// wavering gives the tests that failed and show a data race, or passed as
// well. A test that always fails is no matter of repetition.
func wavering(units []suite.Unit, run suite.Report) []red {
	var out []red
	for _, unit := range units {
		u := run.Units[unit.ID]
		if u == nil || u.Unbuilt {
			continue
		}
		seen := map[string]bool{}
		for _, name := range u.Ran(suite.Pass, suite.Fail) {
			t := u.Tests[name]
			race := strings.Contains(t.Output, "WARNING: DATA RACE")
			r := red{unit: unit, name: u.TopOf(name), race: race, text: t.Output}
			if t.Failed && (race || t.Passed) && !seen[r.key()] {
				seen[r.key()] = true
				out = append(out, r)
			}
		}
	}
	return out
}

func (j *judge) add(g suite.Group, r red) {
	text := check.Relative(r.text, j.headDir)
	f := evidence.Finding{
		Check: Name, Rule: "wavers", Level: evidence.Locator, Grade: evidence.Verified, Path: r.unit.Path,
		Message: fmt.Sprintf("%s passes and fails on the same code when it runs %d times in shuffled order, and does not waver at the base.", r.name, times),
		Detail:  check.Clip(text, check.MaxDetail),
	}
	if at, ok := suite.Place(j.headDir, g, r.unit, r.name, &suite.UnitReport{}); ok {
		f.Path, f.StartLine, f.EndLine = at.File, at.Line, at.Line
	}
	argv := []string{"go", "test", "-count=" + strconv.Itoa(times), "-shuffle=on"}
	if j.race {
		argv = append(argv, "-race")
	}
	if r.race {
		f.Rule = "race"
		f.Message = fmt.Sprintf("%s shows a data race that the base does not show.", r.name)
		if file, line, ok := racing(text, r.unit.Path); ok {
			f.Path, f.StartLine, f.EndLine = file, line, line
		}
	}
	typed := g.Tool.Typed(g, r.unit, r.name).Argv
	argv = append(argv, typed[slices.Index(typed, "-run"):]...)
	f.Reproduce = check.InDir(g.Dir, plan.Command{Argv: argv}.String())
	j.findings = append(j.findings, evidence.NewFinding(f, r.key()))
}

// racing gives the first line of the package, outside tests where there is
// one, that a report of a race names. Which of the two accesses is reported
// first is chance.
func racing(text, dir string) (file string, line int, ok bool) {
	type place struct {
		inTest bool
		file   string
		line   int
	}
	var places []place
	for _, m := range regexp.MustCompile(`(?m)^\s+(\S+\.go):(\d+)`).FindAllStringSubmatch(text, -1) {
		if n, err := strconv.Atoi(m[2]); err == nil && path.Dir(m[1]) == dir {
			places = append(places, place{strings.HasSuffix(m[1], "_test.go"), m[1], n})
		}
	}
	if len(places) == 0 {
		return "", 0, false
	}
	p := slices.MinFunc(places, func(a, b place) int {
		if a.inTest != b.inTest {
			return map[bool]int{false: -1, true: 1}[a.inTest]
		}
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line))
	})
	return p.file, p.line, true
}

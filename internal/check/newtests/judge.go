package newtests

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"muster/internal/check"
	"muster/internal/check/suite"
	"muster/internal/check/suite/languages"
	"muster/internal/check/suite/rust"
	"muster/internal/core/change"
)

// judge is one judgement. The base's folder holds the head's tests on the
// base's code once lay is done.
type judge struct {
	subject *check.Subject
	exec    check.Exec
	langs   []suite.Language

	tests   []change.File   // with test material that the change adds lines to
	code    []string        // paths of changed code
	removed strings.Builder // lines that the change takes out of test material

	headDir, baseDir string
	steps            []string // what a reproduction does beyond laying whole files

	planned []string // test files of units that can run

	ran    int      // units that were run, or need not be
	unseen int      // units that the tool left out
	tells  int      // tests or units that fail without the change
	passed []newOne // new tests that pass without it
	broken []string
	notes  []string
}

// newOne is a new test that passed on the base's code.
type newOne struct {
	name, file string
	line       int
	reproduce  string
}

func (j *judge) material(p string) bool { return languages.Material(j.langs, p) }

// laid is what the base's folder gets from the head: tests, and the lists of
// modules that they may need.
func (j *judge) laid(p string) bool {
	base := path.Base(p)
	return j.material(p) || base == "go.mod" || base == "go.sum"
}

func (j *judge) lay(ctx context.Context) (why string) {
	var err error
	if j.baseDir, err = j.subject.Base(ctx); err != nil {
		return err.Error()
	}
	if j.headDir, err = j.subject.Head(ctx); err != nil {
		return err.Error()
	}
	back := suite.Reverse(j.subject.Change)
	left, err := suite.Lay(j.baseDir, j.headDir, back, j.laid)
	if err != nil {
		return check.Relative(fmt.Sprintf("the change's tests could not be laid over the base: %v", err), j.headDir, j.baseDir)
	}
	for _, l := range left {
		j.broken = append(j.broken, "a test file could not be laid over the base: "+l)
	}
	steps, _, err := rust.Splice(j.baseDir, j.headDir, back)
	if err != nil {
		return check.Relative(fmt.Sprintf("the change's tests could not be laid into the base's code: %v", err), j.headDir, j.baseDir)
	}
	j.steps = steps
	for _, dir := range []string{j.baseDir, j.headDir} {
		notes, err := suite.LinkIn(dir, j.subject.Request.Links)
		if err != nil {
			return check.Relative(fmt.Sprintf("a folder could not be linked in: %v", err), dir)
		}
		if dir == j.baseDir {
			j.notes = append(j.notes, notes...)
		}
	}
	return ""
}

// judge runs the units of a group that hold changed tests and are about
// changed code, on the base's code.
func (j *judge) judge(ctx context.Context, g suite.Group) {
	var units []suite.Unit
	for _, u := range g.Units {
		if slices.ContainsFunc(j.tests, func(f change.File) bool { return slices.Contains(u.Files, f.Path) }) && j.about(ctx, g, u) {
			units = append(units, u)
		}
	}
	if len(units) == 0 {
		return
	}
	before, why := j.run(ctx, j.baseDir, g, units)
	if why != "" {
		j.broken = append(j.broken, "on the base's code, "+why)
		return
	}
	var unbuilt []suite.Unit
	for _, u := range units {
		was := before.Units[u.ID]
		switch {
		case was == nil:
			j.unseen++
			j.notes = append(j.notes, fmt.Sprintf("the tests of %s did not run on the base's code", check.ShowPath(u.Path)))
		case was.Unbuilt:
			unbuilt = append(unbuilt, u)
		default:
			j.take(ctx, g, u, was)
		}
	}
	if len(unbuilt) > 0 {
		j.compare(ctx, g, unbuilt)
	}
}

func (j *judge) run(ctx context.Context, dir string, g suite.Group, units []suite.Unit) (suite.Report, string) {
	o := suite.Order{Tree: dir, Units: units, Env: j.subject.Request.Env}
	if end, ok := ctx.Deadline(); ok {
		o.LimitMS = max(time.Until(end).Milliseconds()*3/5, 1)
	}
	r, why := g.Tool.Run(ctx, j.exec, g, o)
	return r, check.Relative(why, j.headDir, j.baseDir)
}

// compare tells tests that need what the change adds from tests that do not
// compile or load at all.
func (j *judge) compare(ctx context.Context, g suite.Group, unbuilt []suite.Unit) {
	after, why := j.run(ctx, j.headDir, g, unbuilt)
	if why != "" {
		j.broken = append(j.broken, why)
		return
	}
	for _, u := range unbuilt {
		if is := after.Units[u.ID]; is == nil || is.Unbuilt {
			j.broken = append(j.broken, fmt.Sprintf("the tests of %s do not compile or load, with the change or without", check.ShowPath(u.Path)))
			continue
		}
		j.ran++
		j.tells++
	}
}

// about reports whether a unit with changed tests is meant for code that the
// change touches. The plan has chosen what it can affect; where that is only
// the whole project, the test must name a changed file.
func (j *judge) about(ctx context.Context, g suite.Group, u suite.Unit) bool {
	if g.Needs == "" {
		return true // the plan follows imports
	}
	for _, file := range u.Files {
		text, ok, err := j.subject.HeadFile(ctx, file)
		if err != nil || !ok || len(text) > maxText {
			continue
		}
		for _, p := range j.code {
			if names(string(text), p) {
				return true
			}
		}
	}
	return false
}

const maxText = 8 << 20

// names reports whether a text holds the name of a file without its ending,
// or of its folder where the file only stands for that, as a word.
func names(text, p string) bool {
	stem, _, _ := strings.Cut(path.Base(p), ".")
	if slices.Contains([]string{"index", "main", "mod", "lib", "__init__"}, stem) && path.Dir(p) != "." {
		stem = path.Base(path.Dir(p))
	}
	return stem != "" && hasWord(text, stem)
}

func hasWord(text, word string) bool {
	return regexp.MustCompile(`(^|[^\pL\pN_])` + regexp.QuoteMeta(word) + `($|[^\pL\pN_])`).MatchString(text)
}

// take sorts the tests of a unit that ran on the base's code.
func (j *judge) take(ctx context.Context, g suite.Group, u suite.Unit, was *suite.UnitReport) {
	j.ran++
	if was.End == suite.Fail || was.Cut {
		j.tells++
	}
	shown := suite.Shown{Change: suite.Reverse(j.subject.Change), Material: j.laid, Steps: j.steps}
	seen := map[string]bool{}
	for _, name := range was.Ran(suite.Pass) {
		top := was.TopOf(name)
		if seen[top] {
			continue
		}
		seen[top] = true
		place, ok := suite.Place(j.headDir, g, u, top, was)
		if !ok || was.EndOf(top, was) == suite.Fail || !j.isNew(ctx, top, place) {
			continue
		}
		j.passed = append(j.passed, newOne{name: top, file: place.File, line: place.Line, reproduce: shown.Line(g, g.Tool.Typed(g, u, top))})
	}
}

// isNew reports whether the change declares a test that was not there before
// under any name of the same ending.
func (j *judge) isNew(ctx context.Context, name string, at suite.Declared) bool {
	i := slices.IndexFunc(j.tests, func(f change.File) bool { return f.Path == at.File })
	if i < 0 {
		return false
	}
	patch, err := j.subject.Patch(ctx, at.File)
	if err != nil || !patch.Adds(at.Line) {
		return false
	}
	was := j.tests[i].Path
	if j.tests[i].OldPath != "" {
		was = j.tests[i].OldPath
	}
	before, _, err := j.subject.BaseFile(ctx, was)
	last := ending(name)
	return err == nil && !hasWord(string(before), last) && !hasWord(j.removed.String(), last)
}

// ending gives the last part of a test's name, as its declaration spells it.
func ending(name string) string {
	for _, sep := range []string{" > ", "::", "#"} {
		if i := strings.LastIndex(name, sep); i >= 0 {
			name = name[i+len(sep):]
		}
	}
	if strings.Contains(name, " ") {
		return name
	}
	return name[strings.LastIndexByte(name, '.')+1:]
}

// countNew counts new tests beside new code, which the base has no place for:
// they need the change.
func (j *judge) countNew() {
	for _, f := range j.tests {
		if f.Status != change.Added || slices.Contains(j.planned, f.Path) {
			continue
		}
		for _, c := range j.subject.Change.Files {
			if c.Status == change.Added && path.Dir(c.Path) == path.Dir(f.Path) && slices.Contains(j.code, c.Path) {
				j.ran++
				j.tells++
				break
			}
		}
	}
}

func (j *judge) input(entries []change.Entry) suite.Input {
	return suite.Input{
		Code: j.baseDir, Tests: j.headDir, Trusted: j.baseDir, Entries: entries,
		Change: suite.Reverse(j.subject.Change), Changed: j.code,
		Exec: j.exec, Env: j.subject.Request.Env,
	}
}

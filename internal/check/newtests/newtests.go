// Package newtests runs the tests that a change adds on the code as it was
// before. A test that passes there proves nothing about the change: a fix
// whose test passes without it has not been shown to fix anything.
//
// It looks at changes of code that come with new tests. One that fails or does
// not compile on the base's code tells the two apart, and the check is
// content. Where every new test passes without the change, that is a finding:
// a gate when an agent's task was to add or mend behaviour, since the agent
// can write a better test; something to look at when only the change says so;
// and context otherwise. Some new tests that pass among others that do not are
// usual, since good tests also hold what must stay.
//
// What a new test is, is decided narrowly: its declaration is an added line,
// and its name is found neither in the file as it was nor among the lines that
// the change removes. Cases added to a test that was there are not looked at.
package newtests

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/suite/languages"
	"muster/internal/check/suite/rust"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
)

// Name is the check's name.
const Name = "newtests"

type newTests struct{}

// New gives the check.
func New() check.Check { return newTests{} }

func (newTests) Info() check.Info {
	return check.Info{Name: Name, Version: "2", Kind: check.Running, Needs: []string{"build"}}
}

func (newTests) Applies(req evidence.Request) string {
	switch plan.Type(req.Type) {
	case plan.Refactor, plan.Test, plan.Docs, plan.Perf, plan.Chore, plan.CI:
		return fmt.Sprintf("a task of type %s need not change what tests can see", req.Type)
	case plan.Feature, plan.Fix, "":
	}
	if req.Base.Tree == req.Head.Tree {
		return "nothing changed"
	}
	return ""
}

func (newTests) Settings(req evidence.Request) any {
	return struct {
		Env   []string
		Links []evidence.Link
		Level evidence.Level
	}{req.Env, req.Links, level(req)}
}

// level says what it means that no new test needs the change: it depends on
// whether anybody claims that behaviour changed, and who can do better.
func level(req evidence.Request) evidence.Level {
	byAgent := req.Subject == evidence.OfTask || req.Subject == evidence.OfMerge
	switch t := plan.Type(req.Type); {
	case byAgent && (t == plan.Feature || t == plan.Fix):
		return evidence.Gate
	case claims(req.Claim), claims(req.Task):
		return evidence.Locator
	}
	return evidence.Context
}

// claims reports whether a text says in its first line, as commit messages
// do, that behaviour is added or mended.
func claims(text string) bool {
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return regexp.MustCompile(`(?i)^(feat|fix|bugfix|hotfix)\b|\b(fix(es|ed)?|resolves?|adds?|implements?|supports?)\b`).MatchString(first)
}

// Inputs lets a result be used again where nothing that its tests can read
// differs.
func (newTests) Inputs(ctx context.Context, s *check.Subject) (any, error) {
	return languages.Inputs(ctx, s)
}

func (newTests) Run(ctx context.Context, s *check.Subject, x check.Exec) evidence.Result {
	entries, err := s.HeadList(ctx)
	if err != nil {
		return check.CouldNot("%v", err)
	}
	langs := languages.In(entries)
	if len(langs) == 0 {
		return check.Skip("the head holds no tests of a language that this check runs")
	}
	j := judge{subject: s, exec: x, langs: langs}
	if why, err := j.sort(ctx); err != nil {
		return check.CouldNot("%v", err)
	} else if why != "" {
		return check.Skip("%s", why)
	}
	if why := j.lay(ctx); why != "" {
		return check.CouldNot("%s", why)
	}
	for _, l := range langs {
		p, err := l.Plan(ctx, j.input(entries))
		if err != nil {
			return check.CouldNot("what tests of %s there are could not be read: %v", l.Name(), err)
		}
		j.broken = append(j.broken, p.Broken...)
		j.notes = append(j.notes, p.Notes...)
		for _, g := range p.Groups {
			j.judge(ctx, g)
			if ctx.Err() != nil {
				return check.CouldNot("it was ended while tests ran")
			}
			for _, u := range g.Units {
				j.planned = append(j.planned, u.Files...)
			}
		}
	}
	j.countNew()
	return j.result()
}

// sort tells the change's code from its tests, and says why there is nothing
// to look at.
func (j *judge) sort(ctx context.Context) (why string, err error) {
	for _, f := range j.subject.Change.Files {
		patch, err := j.subject.Patch(ctx, f.Path)
		if err != nil {
			return "", err
		}
		class := change.Classify(f.Path, nil)
		added := f.Status != change.Deleted && len(patch.Added()) > 0
		switch {
		case j.material(f.Path):
			if added && !class.Fixture {
				j.tests = append(j.tests, f)
			}
			j.takeOut(patch)
		case !class.IsCode() || class.Manifest:
		case path.Ext(f.Path) == ".rs" && added:
			if err := j.sortInline(ctx, f, patch); err != nil {
				return "", err
			}
		default:
			j.code = append(j.code, change.Change{Files: []change.File{f}}.Paths()...)
		}
	}
	switch {
	case len(j.tests) == 0:
		return "the change adds no tests", nil
	case len(j.code) == 0:
		return "the change touches no code but tests", nil
	}
	return "", nil
}

func (j *judge) takeOut(p change.Patch) {
	for _, l := range p.Removed() {
		j.removed.WriteString(l.Text + "\n")
	}
}

// sortInline sorts a file that may hold both code and its tests.
func (j *judge) sortInline(ctx context.Context, f change.File, patch change.Patch) error {
	text, _, err := j.subject.HeadFile(ctx, f.Path)
	if err != nil {
		return err
	}
	tests := rust.InlineTests(string(text))
	inside := func(line int) bool {
		return slices.ContainsFunc(tests, func(r rust.Lines) bool { return r.Start <= line && line <= r.End })
	}
	code, test := false, false
	for _, h := range patch.Hunks {
		if len(h.Added) == 0 {
			code = code || !inside(h.NewStart)
		}
		for i := range h.Added {
			in := inside(h.NewStart + i)
			code, test = code || !in, test || in
		}
	}
	if code {
		j.code = append(j.code, f.Path)
	}
	if test {
		j.tests = append(j.tests, f)
		j.takeOut(patch)
	}
	return nil
}

func (j *judge) result() evidence.Result {
	res := check.Partly(j.findings(), j.broken)
	switch {
	case len(j.broken) > 0 || j.ran > 0:
	case j.unseen > 0:
		res = check.Skip("the tool that runs tests left the change's new tests out")
	default:
		res = check.Skip("the change's new tests are not about the code that it changes")
	}
	res.NotRun = append(slices.Clone(j.broken), j.notes...)
	return res
}

// findings sums up what the units showed.
func (j *judge) findings() []evidence.Finding {
	if len(j.passed) == 0 || len(j.broken) > 0 {
		return nil
	}
	first := j.passed[0]
	names := make([]string, len(j.passed))
	for i, p := range j.passed {
		names[i] = p.name
	}
	f := evidence.Finding{
		Check: Name, Rule: "proves_nothing", Level: level(j.subject.Request), Grade: evidence.Verified,
		Path: first.file, StartLine: first.line, EndLine: first.line, Reproduce: first.reproduce,
	}
	listed := check.Clip(check.ShowPath(strings.Join(names, ", ")), 300)
	switch {
	case j.tells > 0:
		f.Rule, f.Level = "some_pass", evidence.Context
		f.Message = fmt.Sprintf("%s without the change; other tests that it adds or changes do not.", verb(len(names), listed, "passes", "pass"))
	case len(names) == 1:
		f.Message = fmt.Sprintf("%s is the only new test and passes without the change: it does not show that the change does anything.", listed)
	default:
		f.Message = fmt.Sprintf("All %d new tests pass without the change (%s): none of them shows that it does anything.", len(names), listed)
	}
	slices.Sort(names)
	return []evidence.Finding{evidence.NewFinding(f, strings.Join(names, "\n"))}
}

func verb(n int, subject, one, many string) string {
	if n == 1 {
		return subject + " " + one
	}
	return subject + " " + many
}

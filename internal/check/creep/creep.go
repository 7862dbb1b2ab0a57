// Package creep points at what a change does beyond what was asked for: files
// that have nothing to do with the rest of it nor with the task, code in a
// task about documents or tests, and, as context, runs of lines that are only
// formatted anew, code that is commented out, and dependencies that are
// brought to another version on the side.
package creep

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
)

// Name is the check's name.
const Name = "creep"

const (
	maxFindings = 10
	// maxUnits bounds how many files are compared with one another. Nobody
	// means a larger change to be about one thing.
	maxUnits = 300
	// fewWords is how many words a text needs at least to say what a change
	// is about.
	fewWords = 3
	// maxApart is how many files at most are pointed at as having nothing to
	// do with the rest; more of them are a second purpose.
	maxApart = 3
)

type creep struct{}

// New gives the check.
func New() check.Check { return creep{} }

func (creep) Info() check.Info {
	return check.Info{Name: Name, Version: "2", Kind: check.Static, Reads: check.ChangedFiles}
}

func (creep) Applies(req evidence.Request) string {
	switch {
	case req.Base.Tree == req.Head.Tree:
		return "nothing changed"
	case req.Subject == evidence.OfPush || req.Subject == evidence.OfGoal:
		return "such a change may be about several things"
	}
	return ""
}

func (creep) Settings(req evidence.Request) any {
	return struct {
		Subject           evidence.Subject
		Task, Type, Claim string
		Scope             []string
	}{req.Subject, req.Task, req.Type, asked(req), req.Scope}
}

// asked gives the text that says what the change is for: the task or, when
// there is none, what the author says of it.
func asked(req evidence.Request) string {
	if req.Task != "" {
		return req.Task
	}
	return strings.ReplaceAll(req.Claim, "\x00", "\n")
}

func (creep) Run(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
	if len(s.Change.Files) > maxUnits {
		return check.Skip("more than %d files differ: such a change is about several things", maxUnits)
	}
	units, err := collect(ctx, s)
	if err != nil {
		return check.CouldNot("%v", err)
	}
	var findings []evidence.Finding
	beyond, err := beyondType(ctx, s, units)
	if err != nil {
		return check.CouldNot("%v", err)
	}
	findings = append(findings, beyond...)
	if len(beyond) == 0 {
		findings = append(findings, foreign(s, units)...)
		for _, f := range unrelated(s, units) {
			if !slices.ContainsFunc(findings, func(o evidence.Finding) bool { return o.Path == f.Path }) {
				findings = append(findings, f)
			}
		}
	}
	for _, u := range units {
		findings = append(findings, formatted(u, units)...)
		findings = append(findings, commentedOut(u)...)
		findings = append(findings, bumped(s, u, units)...)
	}
	return check.Judged(check.Fold(findings, maxFindings))
}

// unrelated points at files that nothing connects with what was asked for.
func unrelated(s *check.Subject, units []*unit) []evidence.Finding {
	text := newVocabulary(plainWords())
	text.take(asked(s.Request))
	for _, glob := range s.Request.Scope {
		text.take(strings.ReplaceAll(glob, "*", " "))
	}
	if len(text.stems) < fewWords {
		return nil
	}
	link(units, text)
	linked := 0
	var apart []*unit
	for _, u := range units {
		switch {
		case u.linked && (u.code || u.class.Test):
			linked++
		case !u.linked && u.weighs():
			apart = append(apart, u)
		}
	}
	if linked == 0 || len(apart) > linked {
		return nil
	}
	level := evidence.Locator
	if len(apart) > maxApart {
		level = evidence.Context
	}
	var out []evidence.Finding
	for _, u := range apart {
		l := level
		if !u.code || s.Request.Subject == evidence.OfRange && liesWith(u, units) {
			l = evidence.Context
		}
		start, end := span(u.patch)
		out = append(out, evidence.NewFinding(evidence.Finding{
			Check: Name, Rule: "unrelated", Level: l, Grade: evidence.Observed, Path: u.file.Path, StartLine: start, EndLine: end,
			Message: fmt.Sprintf("%s %s, and has nothing to do with %s or with the rest of the change: no name and no import in common.",
				check.ShowPath(u.file.Path), did(u.file.Status), whose(s.Request)),
			Reproduce: check.DiffCommand(s.Request.Base.Tree, s.Request.Head.Tree, u.file.Path),
		}, u.anchor()))
	}
	return out
}

// liesWith reports whether a file lies in a folder with one that has to do
// with what was asked for. A message of a few words leaves out much that
// belongs together; what an agent was told to do is said at more length.
func liesWith(u *unit, units []*unit) bool {
	return slices.ContainsFunc(units, func(o *unit) bool { return o.linked && path.Dir(o.file.Path) == path.Dir(u.file.Path) })
}

// weighs reports whether a file's change would be missed: documents, lists of
// versions and what tests read go along with any change.
func (u *unit) weighs() bool {
	if u.class.Document || u.class.Lockfile || u.class.Manifest || u.class.Fixture || u.class.Test || strings.HasPrefix(path.Base(u.file.Path), ".") {
		return false
	}
	return u.file.Status == change.Deleted || slices.ContainsFunc(u.patch.Hunks, func(h change.Hunk) bool { return !onlySpace(h, u.file.Path) && !onlyVersion(h) })
}

// anchor gives what identifies the change of a file.
func (u *unit) anchor() string {
	var b strings.Builder
	for _, h := range u.patch.Hunks {
		b.WriteString(strings.Join(h.Removed, "\n") + "\x00" + strings.Join(h.Added, "\n") + "\x00")
	}
	return string(u.file.Status) + "\x00" + b.String()
}

func did(s change.Status) string {
	switch s {
	case change.Added:
		return "is new"
	case change.Deleted:
		return "is gone"
	case change.Renamed:
		return "was moved"
	case change.Modified, change.Retyped:
	}
	return "was changed"
}

func whose(req evidence.Request) string {
	if req.Task != "" {
		return "the task"
	}
	return "what the message says"
}

// span gives the lines of the head from the first changed one to the last.
func span(p change.Patch) (start, end int) {
	for _, h := range p.Hunks {
		from := max(h.NewStart, 1)
		to := max(h.NewStart+len(h.Added)-1, from)
		if start == 0 || from < start {
			start = from
		}
		end = max(end, to)
	}
	return start, end
}

// beyondType points at code that a task about documents or tests changes. A
// file that the task names is part of it.
func beyondType(ctx context.Context, s *check.Subject, units []*unit) ([]evidence.Finding, error) {
	kind, announced := typeOf(s.Request), s.Request.Type == ""
	if kind != plan.Docs && kind != plan.Test {
		return nil, nil
	}
	var out []evidence.Finding
	for _, u := range units {
		if !u.code || announced && u.file.Status == change.Renamed && u.file.Added+u.file.Deleted == 0 || isSite(u.file.Path) || strings.Contains(asked(s.Request), path.Base(u.file.Path)) {
			continue
		}
		changed, err := codeDiffers(ctx, s, u.file)
		if err != nil {
			return nil, err
		}
		if !changed {
			continue
		}
		start, end := span(u.patch)
		level, what, who := evidence.Locator, "tests", "task"
		switch {
		case announced:
			what, who = "documents", "message"
		case kind == plan.Docs:
			level, what = evidence.Gate, "documents"
		}
		out = append(out, evidence.NewFinding(evidence.Finding{
			Check: Name, Rule: "beyond_type", Level: level, Grade: evidence.Observed, Path: u.file.Path, StartLine: start, EndLine: end,
			Message:   fmt.Sprintf("The %s is about %s, and code of %s %s.", who, what, check.ShowPath(u.file.Path), did(u.file.Status)),
			Reproduce: plan.Command{Argv: []string{"git", "diff", "-w", s.Request.Base.Tree, s.Request.Head.Tree, "--", u.file.Path}}.String(),
		}, u.anchor()))
	}
	return out, nil
}

// isSite reports whether code belongs to documents: what builds a site, and
// examples.
func isSite(p string) bool {
	return slices.ContainsFunc(strings.Split(strings.ToLower(path.Dir(p)), "/"), func(d string) bool {
		return strings.Contains(d, "docs") || slices.Contains([]string{"doc", "documentation", ".vitepress", ".storybook", "stories", "demo", "demos", "playground", "scripts", "tools", "website", "www", "site", "example", "examples", "_examples", "samples", "testing", "testutil", "testutils", "e2e"}, d)
	})
}

// codeDiffers reports whether a file's code differs, and not only comments and
// white space. What could not be parsed counts as the same.
func codeDiffers(ctx context.Context, s *check.Subject, f change.File) (bool, error) {
	if f.Status == change.Added || f.Status == change.Deleted {
		return true, nil
	}
	base, was, _, err := s.BaseSource(ctx, oldPath(f))
	if err != nil {
		return false, err
	}
	head, is, _, err := s.HeadSource(ctx, f.Path)
	if err != nil || len(base.Broken)+len(head.Broken) > 0 || head.Parser == "" {
		return false, err
	}
	before, after := check.Code(base, was), check.Code(head, is)
	if s.Request.Type == "" {
		return withoutTexts(before, base.Language) != withoutTexts(after, head.Language), nil
	}
	return !slices.Equal(before, after), nil
}

// Package smells names what a reviewer may want to know of new code and what
// never blocks: linters that are silenced without a reason, placeholders,
// copies of code that is there already, tests made of doubles, functions that
// became hard to follow. Only a placeholder that the author calls done is
// pointed at.
package smells

import (
	"context"
	"errors"
	"fmt"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// Name is the check's name.
const Name = "smells"

const (
	maxFindings = 20
	// A function is hard to follow from this cognitive complexity on, the
	// limit that SonarSource proposes, and worth naming when it rose by as
	// much as a person notices.
	hardToFollow = 15
	risesBy      = 8
	// A test is made of doubles when it sets up this many, and more of them
	// than it asserts things.
	manyDoubles = 4
)

type smells struct{}

// New gives the check.
func New() check.Check { return smells{} }

func (smells) Info() check.Info {
	return check.Info{Name: Name, Version: "1", Kind: check.Static}
}

func (smells) Applies(req evidence.Request) string {
	if req.Base.Tree == req.Head.Tree {
		return "nothing changed"
	}
	return ""
}

func (smells) Settings(req evidence.Request) any {
	return struct{ Claim string }{req.Claim}
}

// file is a changed source file that people write.
type file struct {
	change.File
	class      change.Class
	patch      change.Patch
	base, head source.File
	text       []byte // of the head
}

func (smells) Run(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
	files, large, err := read(ctx, s)
	if err != nil {
		return check.CouldNot("%v", err)
	}
	if len(files) == 0 && len(large) == 0 {
		return check.Skip("no source file that people write was added or changed")
	}
	var findings []evidence.Finding
	for _, f := range files {
		findings = append(findings, placeholders(f, s.Request.Claim)...)
		findings = append(findings, suppressions(f)...)
		findings = append(findings, complexity(f)...)
		findings = append(findings, doubles(f)...)
	}
	copies, left, err := duplicates(ctx, s, files)
	if err != nil {
		return check.CouldNot("%v", err)
	}
	res := check.Judged(check.Fold(append(findings, copies...), maxFindings))
	res.NotRun = append(res.NotRun, large...)
	if left != "" {
		res.NotRun = append(res.NotRun, left)
	}
	return res
}

// read gives the changed source files of the head, and what it left out.
func read(ctx context.Context, s *check.Subject) (out []file, left []string, err error) {
	for _, c := range s.Change.Files {
		f := file{File: c, class: change.Classify(c.Path, nil)}
		if c.Status == change.Deleted || f.class.Vendored || f.class.Generated || source.LanguageOf(c.Path) == source.Unknown ||
			c.NewMode == change.ModeSymlink || c.NewMode == change.ModeSubmodule {
			continue
		}
		if c.IsBinary {
			left = append(left, check.ShowPath(c.Path)+" was not read: it is binary")
			continue
		}
		if f.patch, err = s.Patch(ctx, c.Path); err != nil {
			return nil, nil, err
		}
		if f.patch.Left != "" || c.Added == 0 {
			continue
		}
		f.head, f.text, _, err = s.HeadSource(ctx, c.Path)
		if errors.Is(err, change.ErrTooLarge) {
			left = append(left, check.ShowPath(c.Path)+" was not read: it is too large")
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if f.head.Generated {
			continue
		}
		old := c.OldPath
		if old == "" {
			old = c.Path
		}
		if f.base, _, _, err = s.BaseSource(ctx, old); err != nil && !errors.Is(err, change.ErrTooLarge) {
			return nil, nil, err
		}
		out = append(out, f)
	}
	return out, left, nil
}

// note gives a finding that is folded away.
func (f file) note(rule string, at source.Range, anchor, message string, args ...any) evidence.Finding {
	return evidence.NewFinding(evidence.Finding{
		Check: Name, Rule: rule, Level: evidence.Context, Grade: evidence.Observed, Path: f.Path, StartLine: at.Start, EndLine: at.End,
		Message: fmt.Sprintf(message, args...),
	}, anchor)
}

// complexity names functions that became hard to follow.
func complexity(f file) []evidence.Finding {
	was := map[string]int{}
	for _, x := range f.base.Functions {
		was[x.Name] = max(was[x.Name], x.Complexity)
	}
	var out []evidence.Finding
	for _, x := range f.head.Functions {
		before, known := was[x.Name]
		if f.class.Test || x.Complexity < hardToFollow || x.Complexity-before < risesBy || !f.patch.Touches(x.Start, x.End) {
			continue
		}
		how := fmt.Sprintf("rose from %d to %d", before, x.Complexity)
		if !known {
			how = fmt.Sprintf("is %d", x.Complexity)
		}
		out = append(out, f.note("complexity", x.Range, x.Name, "%s is hard to follow: its cognitive complexity %s.", x.Name, how))
	}
	return out
}

// doubles names new tests that set up more doubles than they assert.
func doubles(f file) []evidence.Finding {
	was := map[string]bool{}
	for _, t := range f.base.Tests {
		was[t.Name] = true
	}
	var out []evidence.Finding
	for _, t := range f.head.Tests {
		if was[t.Name] || t.Doubles < manyDoubles || t.Doubles <= len(t.Assertions) || !f.patch.Touches(t.Start, t.End) {
			continue
		}
		out = append(out, f.note("doubles", t.Range, t.Name,
			"The new test %s sets up %d doubles and asserts %d things: it may test the doubles more than the code.", check.Clip(t.Name, 100), t.Doubles, len(t.Assertions)))
	}
	return out
}

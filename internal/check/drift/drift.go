// Package drift finds imports that the repository's own decisions and
// structure rule out: what a decision of the plan forbids, what the rules in
// the repository's own files forbid, and an import against the one direction
// that the folders of the base had.
//
// Only a decision of the plan blocks, since a person made it for this work.
// Rules of files are read from the base, never from the change.
package drift

import (
	"context"
	"fmt"
	"slices"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
	"muster/internal/source"
)

// Name is the check's name.
const Name = "drift"

const maxFindings = 20

type drift struct{}

// New gives the check.
func New() check.Check { return drift{} }

func (drift) Info() check.Info {
	return check.Info{Name: Name, Version: "1", Kind: check.Static}
}

func (drift) Applies(req evidence.Request) string {
	if req.Base.Tree == req.Head.Tree {
		return "nothing changed"
	}
	return ""
}

func (drift) Settings(req evidence.Request) any { return req.Forbids }

// edge is an import that the change brought into a file.
type edge struct {
	pair   *check.Pair
	imp    source.Import
	folder string // of this repository that is imported; empty when it is none
}

func (drift) Run(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
	rules, left := parseRules(s.Request.Forbids)
	findings := forbiddenPaths(s, rules)
	pairs, more, err := s.Pairs(ctx)
	if err != nil {
		return check.CouldNot("the changed files could not be read: %v", err)
	}
	left = append(left, more...)
	t := &tree{s: s}
	var edges []edge
	for i := range pairs {
		p := &pairs[i]
		for _, imp := range gained(p) {
			folder, err := t.resolve(ctx, p, imp.Path)
			if err != nil {
				return check.CouldNot("the tree could not be listed: %v", err)
			}
			edges = append(edges, edge{p, imp, folder})
		}
	}
	if len(edges) == 0 && len(rules) == 0 {
		return check.Skip("no import is new")
	}
	for _, e := range edges {
		findings = append(findings, forbidden(s, rules, e)...)
	}
	own, notes, err := readOwn(ctx, s)
	if err != nil {
		return check.CouldNot("the repository's own rules could not be read: %v", err)
	}
	left = append(left, notes...)
	for _, e := range edges {
		findings = append(findings, own.broken(e)...)
	}
	against, err := t.against(ctx, edges)
	if err != nil {
		return check.CouldNot("the imports of the base could not be read: %v", err)
	}
	res := check.Judged(check.Fold(append(findings, against...), maxFindings))
	res.NotRun = append(left, t.left...)
	return res
}

// gained gives the imports that a file has at the head and had not at the
// base.
func gained(p *check.Pair) []source.Import {
	var out []source.Import
	for _, imp := range p.Head.Imports {
		same := func(x source.Import) bool { return x.Path == imp.Path }
		if !slices.ContainsFunc(p.Base.Imports, same) && !slices.ContainsFunc(out, same) {
			out = append(out, imp)
		}
	}
	return out
}

// forbidden gives the decisions that an import breaks.
func forbidden(s *check.Subject, rules []rule, e edge) []evidence.Finding {
	var out []evidence.Finding
	for _, r := range rules {
		if r.imports == "" || !r.matches(e) {
			continue
		}
		f := evidence.Finding{
			Check: Name, Rule: "forbidden", Level: evidence.Gate, Grade: evidence.Observed, Path: e.pair.Head.Path, StartLine: e.imp.Start, EndLine: e.imp.End,
			Message:   fmt.Sprintf("%s now imports %s, which a decision of the plan forbids (%s).", check.ShowPath(e.pair.Head.Path), check.ShowPath(e.imp.Path), r.text),
			Reproduce: plan.Command{Argv: []string{"git", "grep", "-n", "-F", "-e", e.imp.Path, s.Request.Head.Tree, "--", e.pair.Head.Path}}.String(),
		}
		if e.pair.Class.Test || e.pair.Class.Fixture {
			f.Level = evidence.Locator // what is delivered does not have it
		}
		out = append(out, evidence.NewFinding(f, r.text+"\x00"+e.imp.Path))
	}
	return out
}

// forbiddenPaths gives the changed files that a decision rules out.
func forbiddenPaths(s *check.Subject, rules []rule) []evidence.Finding {
	var out []evidence.Finding
	for _, r := range rules {
		for _, f := range s.Change.Files {
			if r.path == "" || f.Status == change.Deleted || !plan.MatchAny([]string{r.path}, f.Path) {
				continue
			}
			out = append(out, evidence.NewFinding(evidence.Finding{
				Check: Name, Rule: "forbidden", Level: evidence.Gate, Grade: evidence.Observed, Path: f.Path,
				Message:   fmt.Sprintf("%s is changed, which a decision of the plan forbids (%s).", check.ShowPath(f.Path), r.text),
				Reproduce: check.DiffCommand(s.Request.Base.Tree, s.Request.Head.Tree, f.Path),
			}, r.text))
		}
	}
	return out
}

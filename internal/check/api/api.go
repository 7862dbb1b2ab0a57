// Package api finds what a change takes away from others: exported names of a
// public package that are gone or have another signature, callers that still
// use a name which is gone, and documents that still tell of a flag, a
// variable or a route which is gone.
//
// A compiler finds left callers by itself, so only languages without one are
// looked at for them: Python and JavaScript. A name that a module certainly
// does not have any more and that is still imported from it blocks.
package api

import (
	"context"
	"slices"

	"muster/internal/check"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// Name is the check's name.
const Name = "api"

const maxFindings = 20

type api struct{}

// New gives the check.
func New() check.Check { return api{} }

func (api) Info() check.Info {
	return check.Info{Name: Name, Version: "1", Kind: check.Static}
}

func (api) Applies(req evidence.Request) string {
	if req.Base.Tree == req.Head.Tree {
		return "nothing changed"
	}
	return ""
}

func (api) Settings(req evidence.Request) any { return req.Claim }

func (api) Run(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
	pairs, left, err := s.Pairs(ctx)
	if err != nil {
		return check.CouldNot("the changed files could not be read: %v", err)
	}
	pairs = slices.DeleteFunc(pairs, func(p check.Pair) bool { return p.Class.Test || p.Class.Fixture })
	if len(pairs) == 0 {
		return check.Skip("no source file changed")
	}
	t := newTree(s)
	var findings []evidence.Finding
	for _, part := range []func(context.Context, *tree, []check.Pair) ([]evidence.Finding, error){goBreaks, entryBreaks, leftImports, leftMethods, leftDocuments} {
		found, err := part(ctx, t, pairs)
		if err != nil {
			return check.CouldNot("the rest of the tree could not be read: %v", err)
		}
		findings = append(findings, found...)
	}
	slices.SortStableFunc(findings, func(a, b evidence.Finding) int { return order(a.Level) - order(b.Level) })
	res := check.Judged(check.Fold(findings, maxFindings))
	res.NotRun = append(left, t.left...)
	return res
}

func order(l evidence.Level) int {
	return slices.Index([]evidence.Level{evidence.Gate, evidence.Locator, evidence.Context}, l)
}

// scripted reports whether a language finds a missing name only when it runs.
func scripted(l source.Language) bool {
	return l == source.Python || l == source.JavaScript || l == source.TypeScript || l == source.TSX
}

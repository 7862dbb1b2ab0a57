package check

import (
	"fmt"
	"slices"
	"strings"

	"muster/internal/core/evidence"
)

// Skip is the result of a check that has nothing to look at.
func Skip(format string, args ...any) evidence.Result {
	return evidence.Result{Status: evidence.Skipped, Why: fmt.Sprintf(format, args...)}
}

// CouldNot is the result of a check that applies and could not run.
func CouldNot(format string, args ...any) evidence.Result {
	return evidence.Result{Status: evidence.CouldNot, Why: fmt.Sprintf(format, args...)}
}

// Judged is the result of a check that ran: failed when a finding asks for
// somebody's attention, passed when there is none or only context.
func Judged(findings []evidence.Finding) evidence.Result {
	r := evidence.Result{Status: evidence.Passed, Findings: findings}
	asking := 0
	for _, f := range findings {
		if f.Level != evidence.Context {
			asking++
		}
	}
	switch {
	case asking == 1:
		r.Status, r.Why = evidence.Failed, "1 finding"
	case asking > 1:
		r.Status, r.Why = evidence.Failed, fmt.Sprintf("%d findings", asking)
	}
	return r
}

// Partly is the result of a check of which some parts gave no answer, broken
// saying which and why. A gate speaks for itself; short of one, the check as a
// whole could not run.
func Partly(findings []evidence.Finding, broken []string) evidence.Result {
	r := Judged(findings)
	if len(broken) > 0 && !hasGate(findings) {
		r.Status, r.Why = evidence.CouldNot, strings.Join(broken, "; ")
	}
	r.NotRun = broken
	return r
}

func hasGate(findings []evidence.Finding) bool {
	return slices.ContainsFunc(findings, func(f evidence.Finding) bool { return f.Level == evidence.Gate })
}

// Fold keeps the first findings and replaces those beyond limit, of which
// nobody would read each one, by a single one that stands for exactly them.
func Fold(findings []evidence.Finding, limit int) []evidence.Finding {
	if len(findings) <= limit {
		return findings
	}
	rest := findings[limit:]
	more := rest[0]
	prints := make([]string, len(rest))
	for i, f := range rest {
		prints[i] = f.Fingerprint
		if rank(f.Level) < rank(more.Level) {
			more = f
		}
	}
	slices.Sort(prints)
	more.Rule, more.Path, more.StartLine, more.EndLine, more.Detail = "more", "", 0, 0, ""
	more.Message = fmt.Sprintf("%d more findings like the ones before, the first about %s.", len(rest), ShowPath(rest[0].Path))
	return append(slices.Clone(findings[:limit]), evidence.NewFinding(more, strings.Join(prints, "\n")))
}

func rank(l evidence.Level) int {
	return slices.Index([]evidence.Level{evidence.Gate, evidence.Locator, evidence.Context}, l)
}

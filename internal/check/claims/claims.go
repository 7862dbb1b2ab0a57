// Package claims holds what the author of a change says of it against the
// change: an agent's report, or commit messages. It reads plain statements of
// what was done ("added tests", "removed `Foo`", "no functional change") with
// fixed patterns, and points at those that no changed line supports. What it
// is not sure to understand it leaves alone.
package claims

import (
	"context"
	"fmt"
	"path"
	"strings"

	"muster/internal/check"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// Name is the check's name.
const Name = "claims"

// maxFindings bounds how many claims are listed one by one.
const maxFindings = 5

// maxShown is how much of a sentence a message quotes, in bytes.
const maxShown = 160

type claims struct{}

// New gives the check.
func New() check.Check { return claims{} }

func (claims) Info() check.Info {
	return check.Info{Name: Name, Version: "2", Kind: check.Static}
}

func (claims) Applies(req evidence.Request) string {
	switch {
	case strings.TrimSpace(strings.ReplaceAll(req.Claim, "\x00", "")) == "":
		return "the author says nothing of the change"
	case req.Base.Tree == req.Head.Tree && req.Subject != evidence.OfRange:
		return "nothing changed" // of a task, the check of its scope says so
	}
	return ""
}

func (claims) Settings(req evidence.Request) any {
	return struct{ Subject, Claim string }{string(req.Subject), req.Claim}
}

func (claims) Run(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
	found := messages(s.Request.Claim)
	var all []claim
	for _, m := range found {
		for _, c := range read(m) {
			if len(found) == 1 || !c.kind.isWhole() {
				all = append(all, c) // one of several messages speaks for its own part only
			}
		}
	}
	all = undisputed(all)
	if len(all) == 0 {
		return check.Skip("the author claims nothing that can be held against the change")
	}
	if s.Change.IsEmpty() {
		return check.Judged([]evidence.Finding{nothingDone(s, all[0])})
	}
	g, err := newGround(ctx, s)
	if err != nil {
		return check.CouldNot("%v", err)
	}
	var findings []evidence.Finding
	seen := map[string]bool{}
	for _, c := range all {
		if ctx.Err() != nil {
			return check.CouldNot("it was ended while it looked for what is claimed")
		}
		v := g.hold(ctx, c)
		if v.rule == "" || seen[v.rule+v.why] {
			continue
		}
		seen[v.rule+v.why] = true
		findings = append(findings, finding(s, c, v))
	}
	res := check.Judged(check.Fold(findings, maxFindings))
	if g.missing != "" {
		res.NotRun = append(res.NotRun, "names in the author's claims were not looked up: "+g.missing)
	}
	return res
}

// isWhole reports whether a claim is about the whole change.
func (k kind) isWhole() bool {
	switch k {
	case onlyComments, onlyFormat, onlyDocs, onlyTests, sameConduct, compatible, testsKept, noNewDeps:
		return true
	default:
		return false
	}
}

// undisputed leaves out claims about names of which the author says the
// opposite as well: added by one commit, removed by the next.
func undisputed(all []claim) []claim {
	kinds := map[string]map[kind]bool{}
	for _, c := range all {
		if c.kind.isWhole() || c.kind == tests || c.kind == docs || c.kind == concept || c.kind == version {
			continue
		}
		for _, n := range c.names {
			if kinds[key(n)] == nil {
				kinds[key(n)] = map[kind]bool{}
			}
			kinds[key(n)][c.kind] = true
		}
	}
	var out []claim
	for _, c := range all {
		disputed := false
		for _, n := range c.names {
			k := kinds[key(n)]
			disputed = disputed || k[added] && k[removed] || k[renamed] && (k[added] || k[removed] || k[changed])
		}
		if !disputed {
			out = append(out, c)
		}
	}
	return out
}

func finding(s *check.Subject, c claim, v verdict) evidence.Finding {
	anchor := string(c.kind) + "\n" + strings.Join(c.names, "\n")
	if len(c.names) == 0 {
		anchor += c.said
	}
	return evidence.NewFinding(evidence.Finding{
		Check: Name, Rule: v.rule, Level: v.level, Grade: evidence.Observed,
		Path: v.path, StartLine: v.line, EndLine: v.line,
		Message:   fmt.Sprintf("The %s says “%s”, and %s.", author(s.Request.Subject), check.Clip(strings.TrimRight(c.said, ". "), maxShown), v.why),
		Reproduce: v.reproduce,
	}, anchor)
}

func author(s evidence.Subject) string {
	if s == evidence.OfTask || s == evidence.OfMerge {
		return "report"
	}
	return "message"
}

func nothingDone(s *check.Subject, c claim) evidence.Finding {
	return finding(s, c, verdict{
		rule: "nothing_done", level: evidence.Gate, why: "no file differs from the base",
		reproduce: check.DiffCommand(s.Request.Base.Tree, s.Request.Head.Tree),
	})
}

// isSource reports whether a file is in a language that is read.
func isSource(name string) bool {
	return source.LanguageOf(path.Base(name)) != source.Unknown
}

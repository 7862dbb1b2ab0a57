// Package protect points at changes to what controls the work itself: checks
// of the project, locked versions, instructions to agents, Muster's own files.
// Such a change may be right, but a person looks at it. Of what agents read and
// run it says in plain words what the change lets run or tells them.
package protect

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
)

// Name is the check's name.
const Name = "protect"

const maxFindings = 100

type protect struct{}

// New gives the check.
func New() check.Check { return protect{} }

func (protect) Info() check.Info {
	return check.Info{Name: Name, Version: "3", Kind: check.Static}
}

func (protect) Applies(req evidence.Request) string {
	if req.Base.Tree == req.Head.Tree {
		return "nothing changed"
	}
	return ""
}

func (protect) Settings(req evidence.Request) any {
	return struct {
		Level   evidence.Level
		Protect []string
	}{level(req.Subject), req.Protect}
}

// level gives what a finding may do. A person's own push, and the whole run,
// whose parts were each judged or pushed by a person, are only described.
func level(s evidence.Subject) evidence.Level {
	if s == evidence.OfPush || s == evidence.OfGoal {
		return evidence.Context
	}
	return evidence.Locator
}

func (protect) Run(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
	rules := lower(append(builtIn(), group{rule: "configured", what: "is protected by the configuration", globs: s.Request.Protect}))
	links, err := linksOfAgents(ctx, s, rules)
	if err != nil {
		return check.CouldNot("the links by which agents find their instructions could not be read: %v", err)
	}
	var findings []evidence.Finding
	for _, f := range s.Change.Files {
		for _, p := range pathsOf(f) {
			g, ok := protectedBy(rules, p)
			as := p
			if !ok {
				g, as, ok = links.reach(p)
			}
			if !ok {
				continue
			}
			var said []string
			if g.rule == ofAgents && len(findings) < maxFindings {
				if said, err = explain(ctx, s, f, p, as); err != nil {
					return check.CouldNot("%s could not be read: %v", check.ShowPath(p), err)
				}
			}
			findings = append(findings, finding(s, f, p, g, said))
		}
	}
	return check.Judged(check.Fold(findings, maxFindings))
}

func pathsOf(f change.File) []string {
	if f.OldPath != "" && f.OldPath != f.Path {
		return []string{f.OldPath, f.Path}
	}
	return []string{f.Path}
}

// finding is anchored to the content, so that accepting one change of a file
// does not accept the next one. What is said of the change is shown with it.
func finding(s *check.Subject, f change.File, p string, g group, said []string) evidence.Finding {
	message, detail := fmt.Sprintf("%s %s", check.ShowPath(p), g.what), ""
	if len(said) > 0 {
		message += ": it " + said[0]
	}
	if len(said) > 1 {
		detail = "It " + strings.Join(said, ",\n   ") + "."
	}
	return evidence.NewFinding(evidence.Finding{
		Check: Name, Rule: g.rule, Level: level(s.Request.Subject), Grade: evidence.Observed, Path: p,
		Message: message + ".", Detail: detail,
		Reproduce: check.DiffCommand(s.Request.Base.Tree, s.Request.Head.Tree, p),
	}, strings.Join([]string{string(f.Status), f.NewMode, f.NewBlob}, " "))
}

// protectedBy gives the first group that holds the path. Case does not
// matter: on some file systems another spelling is the same file.
func protectedBy(rules []group, p string) (group, bool) {
	p = strings.ToLower(p)
	for _, g := range rules {
		if plan.MatchAny(g.globs, p) {
			return g, true
		}
	}
	return group{}, false
}

func lower(rules []group) []group {
	for i, g := range rules {
		globs := slices.Clone(g.globs)
		for k := range globs {
			globs[k] = strings.ToLower(globs[k])
		}
		rules[i].globs = globs
	}
	return rules
}

// Package hardcoded finds code that was written for the tests and not for what
// they test: a branch that knows a test's input and gives back the value that
// the test expects, a function that gives back a fixed value where it computed
// one, and code that asks whether it is being tested.
//
// Programs have tables of words, statuses and names, and tests go through
// them; such tables are no finding. What counts is a value that no program
// would know by name, in a function that could do without it before.
package hardcoded

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
const Name = "hardcoded"

// Bounds of what is reported, and the scores from which on it is.
const (
	maxFindings = 20
	sure        = 5.0
	enough      = 3.0
)

type hardcoded struct{}

// New gives the check.
func New() check.Check { return hardcoded{} }

func (hardcoded) Info() check.Info {
	return check.Info{Name: Name, Version: "2", Kind: check.Static}
}

func (hardcoded) Applies(req evidence.Request) string {
	if req.Base.Tree == req.Head.Tree {
		return "nothing changed"
	}
	return ""
}

func (hardcoded) Settings(evidence.Request) any { return nil }

func (hardcoded) Run(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
	pairs, left, err := s.Pairs(ctx)
	if err != nil {
		return check.CouldNot("the changed files could not be read: %v", err)
	}
	pairs = slices.DeleteFunc(pairs, func(p check.Pair) bool { return !p.Class.IsCode() || !p.Head.Found })
	if len(pairs) == 0 {
		return check.Skip("no source file gained anything")
	}
	var findings []evidence.Finding
	var groups []*group
	var constants []constant
	var paths []string
	for i := range pairs {
		p := &pairs[i]
		patch, err := s.Patch(ctx, p.Path())
		if err != nil {
			return check.CouldNot("the lines of the change could not be read: %v", err)
		}
		paths = append(paths, p.Path())
		findings = append(findings, detectionFindings(p, patch)...)
		if outside.MatchString(p.Path()) {
			continue
		}
		groups = append(groups, groupsOf(p, patch)...)
		constants = append(constants, constantsOf(p, patch)...)
	}
	if len(groups)+len(constants) > 0 {
		t, err := readTests(ctx, s, paths)
		if err != nil {
			return check.CouldNot("the tests could not be read: %v", err)
		}
		if t.left != "" {
			left = append(left, t.left)
		}
		for _, g := range groups {
			findings = append(findings, g.hashed()...)
			g.judge(t)
			if f, ok := g.finding(s); ok {
				findings = append(findings, f)
			}
		}
		for _, c := range constants {
			if f, ok := c.finding(s, t); ok {
				findings = append(findings, f)
			}
		}
	}
	res := check.Judged(check.Fold(findings, maxFindings))
	res.NotRun = left
	return res
}

func detectionFindings(p *check.Pair, patch change.Patch) []evidence.Finding {
	var out []evidence.Finding
	for _, l := range detections(p.Path(), p.Head.Language, p.Base.Text, patch) {
		where := check.ShowPath(p.Path())
		if f, ok := p.Head.FunctionAt(l.Number); ok {
			where = f.Name
		}
		out = append(out, evidence.NewFinding(evidence.Finding{
			Check: Name, Rule: "detects", Level: evidence.Locator, Grade: evidence.Observed, Path: p.Path(), StartLine: l.Number, EndLine: l.Number,
			Message: fmt.Sprintf("%s asks whether it is being tested, by %s: what the tests show may not be what users get.", where, l.Text),
		}, where+"\x00"+l.Text))
	}
	return out
}

// finding describes the surest special case of a group and counts the others.
func (g *group) finding(s *check.Subject) (evidence.Finding, bool) {
	if len(g.tested) == 0 || g.tested[0].score < enough {
		return evidence.Finding{}, false
	}
	top := g.tested[0]
	who := g.name
	if who == "" {
		who = check.ShowPath(g.pair.Path())
	}
	message := fmt.Sprintf("%s gives back %s for exactly %s, which %s expects at line %d: it answers the test, not the question", who, shown(top.out), shown(top.in), check.ShowPath(top.at.file.path), top.at.line)
	if n := len(g.tested) - 1; n > 0 {
		message += fmt.Sprintf("; %d more such cases", n)
	}
	f := evidence.Finding{
		Check: Name, Rule: "special", Level: evidence.Locator, Grade: evidence.Observed, Path: g.pair.Path(),
		StartLine: top.line, EndLine: max(top.line, top.end), Message: message + ".",
	}
	if top.score >= sure && !top.entry {
		f.Level = evidence.Gate
	}
	f.Reproduce = reproduce(s, g.pair.Path(), top)
	return evidence.NewFinding(f, g.name+"\x00"+key(top.special)), true
}

// hashed tells of the cases that know an input by its hash.
func (g *group) hashed() []evidence.Finding {
	var out []evidence.Finding
	for _, s := range g.cases {
		if !s.hashed {
			continue
		}
		who := g.name
		if who == "" {
			who = check.ShowPath(g.pair.Path())
		}
		out = append(out, evidence.NewFinding(evidence.Finding{
			Check: Name, Rule: "hash", Level: evidence.Locator, Grade: evidence.Observed, Path: g.pair.Path(), StartLine: s.line, EndLine: max(s.line, s.end),
			Message: fmt.Sprintf("%s gives back %s for an input that it knows by its hash %s: nobody can see which input that is.", who, shown(s.out), shown(s.in)),
		}, g.name+"\x00"+key(s)))
	}
	return out
}

// reproduce gives the command that shows the value in the code and in the test.
func reproduce(s *check.Subject, path string, top suspect) string {
	value := slices.MaxFunc(slices.Concat(top.in, top.out), func(a, b string) int { return len(a) - len(b) })
	if i := strings.IndexAny(value, "\n\r\t\\\""); i >= 0 {
		value = value[:i]
	}
	tree := s.Request.Head.Tree
	if !top.at.file.atNew {
		tree = s.Request.Base.Tree
	}
	argv := []string{"git", "grep", "-n", "-F", "-e", check.Clip(value, 200)}
	if tree == s.Request.Head.Tree {
		return plan.Command{Argv: append(argv, tree, "--", path, top.at.file.path)}.String()
	}
	return plan.Command{Argv: append(slices.Clone(argv), s.Request.Head.Tree, "--", path)}.String() + " && " +
		plan.Command{Argv: append(slices.Clone(argv), tree, "--", top.at.file.path)}.String()
}

// shown writes values for a message.
func shown(values []string) string {
	var out []string
	for i, v := range values {
		if i == 3 {
			out = append(out, "...")
			break
		}
		if isNumber(v) || v == "true" || v == "false" {
			out = append(out, v)
			continue
		}
		runes := []rune(strings.ToValidUTF8(v, "\uFFFD"))
		if len(runes) > 40 {
			v = string(runes[:37]) + "..."
		}
		out = append(out, fmt.Sprintf("%q", v))
	}
	return strings.Join(out, ", ")
}

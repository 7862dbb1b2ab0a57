// Package harness checks a change for attacks on what runs around the code: on
// developers' machines, on agents, and on continuous integration. It looks for
// what runs without being asked for, for text that people do not see, and for
// code that gathers secrets and sends them away.
//
// Which paths a person has to look at is the business of another check. This
// one speaks where the content of a file says more than its path. What settings
// of agents let run is said there too, in plain words, and here only where it
// blocks.
package harness

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// Name is the check's name.
const Name = "harness"

const (
	maxFindings = 50
	maxLine     = 4 << 10 // bytes of a line that are looked at
	maxLines    = 50_000  // added lines of one file that are looked at
)

type harness struct{ patterns patterns }

// New gives the check. Its patterns are compiled when they are first needed.
func New() check.Check { return &harness{} }

func (*harness) Info() check.Info {
	return check.Info{Name: Name, Version: "2", Kind: check.Static, Reads: check.ChangedFiles}
}

func (*harness) Applies(req evidence.Request) string {
	if req.Base.Tree == req.Head.Tree {
		return "nothing changed"
	}
	return ""
}

// Settings: links and submodules of a task are judged with its scope, and
// settings of agents are shown to a person elsewhere, but for some subjects.
func (*harness) Settings(req evidence.Request) any { return [2]bool{ofTask(req), asked(req)} }

// asked reports whether a person is asked about every change of a protected path.
func asked(req evidence.Request) bool {
	return req.Subject != evidence.OfPush && req.Subject != evidence.OfGoal
}

func ofTask(req evidence.Request) bool {
	return req.Subject == evidence.OfTask || req.Subject == evidence.OfMerge
}

// patterns compiles each expression once, when it is first used.
type patterns struct {
	mu    sync.Mutex
	known map[string]*regexp.Regexp
}

func (p *patterns) get(pattern string) *regexp.Regexp {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.known[pattern]
	if r == nil {
		if p.known == nil {
			p.known = map[string]*regexp.Regexp{}
		}
		r = regexp.MustCompile(pattern)
		p.known[pattern] = r
	}
	return r
}

// file is one changed file as the rules see it.
type file struct {
	change.File
	class change.Class
	base  string        // its name in small letters
	lower string        // its path in small letters
	added []change.Line // new lines, each cut at maxLine
	head  string        // the whole text
	old   string        // the text before
}

// judgement is the judgement of one change.
type judgement struct {
	*harness
	s        *check.Subject
	findings []evidence.Finding
	noted    map[noted]bool
	left     []string
}

// noted is a rule that has a finding about a line.
type noted struct {
	rule, path string
	line       int
}

// The rules, by what they look at.
type (
	textRules     struct{ *judgement }
	gitRules      struct{ *judgement }
	editorRules   struct{ *judgement }
	agentRules    struct{ *judgement }
	workflowRules struct{ *judgement }
	buildRules    struct{ *judgement }
	codeRules     struct{ *judgement }
)

func (h *harness) Run(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
	j := &judgement{harness: h, s: s, noted: map[noted]bool{}}
	for _, f := range s.Change.Files {
		if err := j.file(ctx, f); err != nil {
			return check.CouldNot("%s could not be looked at: %v", check.ShowPath(f.Path), err)
		}
	}
	slices.SortStableFunc(j.findings, func(a, b evidence.Finding) int { return rank(a.Level) - rank(b.Level) })
	r := check.Judged(check.Fold(j.findings, maxFindings))
	r.NotRun = j.left
	return r
}

func rank(l evidence.Level) int {
	return slices.Index([]evidence.Level{evidence.Gate, evidence.Locator, evidence.Context}, l)
}

func (j *judgement) file(ctx context.Context, c change.File) error {
	if c.OldMode == change.ModeSubmodule || c.NewMode == change.ModeSubmodule {
		gitRules{j}.submodule(c)
		return nil
	}
	if c.NewMode == change.ModeSymlink {
		return gitRules{j}.link(ctx, c)
	}
	if c.NewMode != change.ModeFile && c.NewMode != change.ModeExecutable {
		return nil
	}
	patch, err := j.s.Patch(ctx, c.Path)
	if err != nil {
		return err
	}
	if patch.Left != "" && !c.IsBinary {
		j.left = append(j.left, fmt.Sprintf("the added lines of %s: %s", check.ShowPath(c.Path), patch.Left))
	}
	f := file{File: c, class: change.Classify(c.Path, nil), base: strings.ToLower(path.Base(c.Path)), lower: strings.ToLower(c.Path), added: patch.Added()}
	if source.LanguageOf(c.Path) == source.Unknown && j.patterns.get(`(?:^|/)(?:tests?|__tests__|specs?|e2e|test_?data)/`).MatchString(f.lower) && !isShell(&f) {
		f.class.Fixture = true // what tests read
	}
	if f.class.Vendored || f.class.Lockfile || f.class.Generated || len(f.added) == 0 {
		return nil
	}
	if len(f.added) > maxLines {
		f.added = f.added[:maxLines]
		j.left = append(j.left, fmt.Sprintf("what %s adds after its first %d lines", check.ShowPath(c.Path), maxLines))
	}
	for i, l := range f.added {
		f.added[i].Text = strings.ToValidUTF8(l.Text[:min(len(l.Text), maxLine)], "")
	}
	if needsText(f) {
		if err := j.texts(ctx, &f); err != nil {
			return err
		}
	}
	for _, rule := range []func(*file){
		textRules{j}.hidden, gitRules{j}.settingsOfGit, gitRules{j}.hooks, editorRules{j}.editors, agentRules{j}.agents,
		workflowRules{j}.workflows, buildRules{j}.builds, codeRules{j}.payloads, codeRules{j}.theft,
	} {
		rule(&f)
	}
	return nil
}

// needsText reports whether a rule looks at more than the added lines.
func needsText(f file) bool {
	return isWorkflow(f.lower) || isAgentSetting(f.lower) || isInstruction(f.lower)
}

func (j *judgement) texts(ctx context.Context, f *file) error {
	head, _, err := j.s.HeadFile(ctx, f.Path)
	if err != nil {
		return err
	}
	f.head = string(head)
	if f.Status == change.Added {
		return nil
	}
	was := f.Path
	if f.OldPath != "" {
		was = f.OldPath
	}
	old, _, err := j.s.BaseFile(ctx, was)
	f.old = string(old)
	return err
}

// find notes a finding about one line of a file; line 0 is the whole file.
func (j *judgement) find(level evidence.Level, rule string, f *file, line change.Line, message string) {
	at := check.ShowPath(f.Path)
	if line.Number > 0 {
		at = fmt.Sprintf("%s (line %d)", at, line.Number)
	}
	here := noted{rule, f.Path, line.Number}
	if j.noted[here] {
		return // one of each rule for a line is enough
	}
	j.noted[here] = true
	j.findings = append(j.findings, evidence.NewFinding(evidence.Finding{
		Check: Name, Rule: rule, Level: level, Grade: evidence.Observed, Path: f.Path, StartLine: line.Number, EndLine: line.Number,
		Message:   at + " " + message + ".",
		Reproduce: check.LineCommand(j.s.Request.Head.Tree, f.Path, line.Number),
	}, strings.Join(strings.Fields(line.Text), " ")))
}

// quiet lowers a level for files that show or test something: what they hold
// is often what they are about.
func (f *file) quiet(level evidence.Level) evidence.Level {
	switch {
	case f.class.Fixture || f.class.Document:
		return evidence.Context
	case f.class.Test && level == evidence.Gate:
		return evidence.Locator
	case f.class.Test:
		return evidence.Context
	}
	return level
}

func show(text string) string { return fmt.Sprintf("%q", check.Clip(strings.TrimSpace(text), 160)) }

// Package testconfig finds changes of what is around tests by which tests run less,
// or fail without anybody noticing: commands of continuous integration, of
// build files and of scripts whose failure is swallowed, that run fewer tests
// or none; tests left out of what a runner collects; lower thresholds of
// coverage; type checkers made less strict; and code around the tests that ends
// a run with success, sets outcomes, or replaces what asserts.
//
// It compares lines and the few keys it knows, and never runs anything. A
// command that cannot fail any more, or leaves tests out, blocks. What is only
// less strict, or may have gone elsewhere, points. It reads the changed files
// of the usual names alone: what a script of another name does is not seen.
package testconfig

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
	"muster/internal/source/reader"
)

// Name is the check's name.
const Name = "testconfig"

const (
	maxSize     = 1 << 20 // bytes of one file
	maxFindings = 40
)

type testConfig struct{}

// New gives the check.
func New() check.Check { return testConfig{} }

func (testConfig) Info() check.Info {
	return check.Info{Name: Name, Version: "6." + evidence.Hash([]byte(reader.Version()))[:8], Kind: check.Static, Reads: check.ChangedFiles}
}

func (testConfig) Applies(req evidence.Request) string {
	if req.Base.Tree == req.Head.Tree {
		return "nothing changed"
	}
	return ""
}

func (testConfig) Settings(evidence.Request) any { return nil }

func (testConfig) Run(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
	j := &judgement{subject: s}
	files, err := j.read(ctx)
	if err != nil {
		return check.CouldNot("the changed configuration could not be read: %v", err)
	}
	if err := j.starts(ctx); err != nil {
		return check.CouldNot("the changed tests could not be read: %v", err)
	}
	j.commands(files)
	for _, c := range files {
		if c.modified {
			j.thresholds(c)
			j.exclusions(c)
			j.narrowed(c)
			j.strictness(c)
			j.letThrough(c)
		}
	}
	res := check.Judged(check.Fold(j.findings, maxFindings))
	res.NotRun = j.left
	return res
}

// config is one file that says how tests are run, on both sides.
type config struct {
	path, old string
	was, is   string
	modified  bool
}

// judgement is the judgement of one change.
type judgement struct {
	subject  *check.Subject
	findings []evidence.Finding
	left     []string // what was not looked at, and why
}

// read gives the changed files that say how tests are run.
func (j *judgement) read(ctx context.Context) ([]config, error) {
	var all []config
	for _, f := range j.subject.Change.Files {
		if !decides(f.Path) && !decides(f.OldPath) || f.IsBinary || f.NewMode == change.ModeSymlink || f.OldMode == change.ModeSymlink ||
			f.NewMode == change.ModeSubmodule || f.OldMode == change.ModeSubmodule {
			continue
		}
		c := config{path: f.Path, old: f.Path, modified: f.Status == change.Modified}
		if f.OldPath != "" {
			c.old = f.OldPath
		}
		was, err := j.text(ctx, j.subject.BaseFile, c.old)
		if err != nil {
			return nil, err
		}
		is, err := j.text(ctx, j.subject.HeadFile, c.path)
		if err != nil {
			return nil, err
		}
		if was == nil || is == nil {
			continue
		}
		c.was, c.is = *was, *is
		all = append(all, c)
	}
	return all, nil
}

type reading func(ctx context.Context, path string) ([]byte, bool, error)

// text gives a file's text, "" when there is none, and nil when it could not
// be read, which is noted.
func (j *judgement) text(ctx context.Context, from reading, path string) (*string, error) {
	data, _, err := from(ctx, path)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && !errors.Is(err, change.ErrTooLarge):
		return nil, fmt.Errorf("%s: %w", check.ShowPath(path), err)
	case err != nil || len(data) > maxSize:
		j.left = append(j.left, fmt.Sprintf("%s: it is larger than %d bytes", check.ShowPath(path), maxSize))
		return nil, nil //nolint:nilerr // it is noted
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	return &text, nil
}

// finding is what is said about one file.
type finding struct {
	rule    string
	level   evidence.Level
	line    int // of the head; 0 looks for what is
	was, is string
	message string
}

func (j *judgement) say(c config, f finding) {
	for i, l := range strings.Split(c.is, "\n") {
		if f.line == 0 && f.is != "" && strings.Contains(l, strings.TrimSpace(f.is)) {
			f.line = i + 1
		}
	}
	paths := []string{c.old, c.path}
	slices.Sort(paths)
	argv := append([]string{"git", "--literal-pathspecs", "diff", j.subject.Request.Base.Tree, j.subject.Request.Head.Tree, "--"}, slices.Compact(paths)...)
	var detail []string
	if f.was != "" {
		detail = append(detail, "was: "+f.was)
	}
	if f.is != "" {
		detail = append(detail, "is:  "+f.is)
	}
	j.findings = append(j.findings, evidence.NewFinding(evidence.Finding{
		Check: Name, Rule: f.rule, Level: f.level, Grade: evidence.Observed, Path: c.path, StartLine: f.line, EndLine: f.line,
		Message: f.message, Detail: check.Clip(strings.Join(detail, "\n"), check.MaxDetail), Reproduce: plan.Command{Argv: argv}.String(),
	}, f.was+"\n"+f.is))
}

func tight(s string) string { return strings.Join(strings.Fields(s), "") }

func quote(s string) string { return fmt.Sprintf("%q", check.Clip(s, 160)) }

// alike reports whether two commands have most of their words in common.
func alike(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	n := 0
	for _, w := range x {
		if slices.Contains(y, w) {
			n++
		}
	}
	return len(x) > 0 && 2*n >= len(x)
}

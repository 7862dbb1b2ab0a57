// Package secrets checks that a change adds no secrets: keys of providers by
// the rules of gitleaks, assignments of passwords and tokens, private keys,
// and files that by their name hold nothing else. Only added lines are looked
// at, and a secret that was in the repository's changed files before is not
// new.
//
// The secret itself never leaves the check: messages show its first letters,
// fingerprints are made of its hash, and the command that shows the line cuts
// it off.
package secrets

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
const Name = "secrets"

const (
	maxFindings = 50
	maxAdded    = 4 << 20 // bytes of added lines that are looked at in one file
)

type secrets struct{ detector detector }

// New gives the check. Its rules are compiled when they are first needed.
func New() check.Check { return &secrets{} }

func (*secrets) Info() check.Info {
	return check.Info{Name: Name, Version: "1", Kind: check.Static, Reads: check.ChangedFiles}
}

func (*secrets) Applies(req evidence.Request) string {
	if req.Base.Tree == req.Head.Tree {
		return "nothing changed"
	}
	return ""
}

func (*secrets) Settings(evidence.Request) any { return nil }

// judgement is the judgement of one change.
type judgement struct {
	*secrets
	s        *check.Subject
	removed  string // all lines that the change removes
	known    bool   // removed has been read
	findings []evidence.Finding
	left     []string
}

func (c *secrets) Run(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
	j := &judgement{secrets: c, s: s}
	for _, f := range s.Change.Files {
		if f.NewMode != change.ModeFile && f.NewMode != change.ModeExecutable {
			continue
		}
		if err := j.file(ctx, f); err != nil {
			return check.CouldNot("%s could not be looked at: %v", check.ShowPath(f.Path), err)
		}
		if ctx.Err() != nil {
			return check.CouldNot("the time was over: %v", ctx.Err())
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

func (j *judgement) file(ctx context.Context, f change.File) error {
	if f.Status == change.Added || f.Status == change.Renamed {
		j.byName(f)
	}
	patch, err := j.s.Patch(ctx, f.Path)
	if err != nil {
		return err
	}
	if patch.Left != "" && !f.IsBinary {
		j.left = append(j.left, fmt.Sprintf("the added lines of %s: %s", check.ShowPath(f.Path), patch.Left))
	}
	kind := j.detector.sortOf(f.Path)
	if kind == skipped || len(patch.Hunks) == 0 {
		return nil
	}
	seen, size := map[string]bool{}, 0
	for _, h := range patch.Hunks {
		text := strings.Join(h.Added, "\n")
		if size += len(text); size > maxAdded {
			j.left = append(j.left, fmt.Sprintf("what %s adds after its first 4 MiB", check.ShowPath(f.Path)))
			break
		}
		for _, m := range j.detector.find(f.Path, text, kind) {
			if seen[m.secret] {
				continue
			}
			seen[m.secret] = true
			if err := j.report(ctx, f, h, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// report makes a finding of what was found in the added lines of a hunk,
// unless the secret was there before.
func (j *judgement) report(ctx context.Context, f change.File, h change.Hunk, m match) error {
	old, err := j.isOld(ctx, f, m.secret)
	if err != nil || old {
		return err
	}
	line := h.NewStart + m.line
	shown := mask(m.secret)
	message := fmt.Sprintf("%s (line %d) adds %s (%s): whoever can read the repository has it, for ever.", check.ShowPath(f.Path), line, m.what, shown)
	if m.level != evidence.Gate {
		message = fmt.Sprintf("%s (line %d) adds what may be %s (%s).", check.ShowPath(f.Path), line, m.what, shown)
	}
	j.findings = append(j.findings, evidence.NewFinding(evidence.Finding{
		Check: Name, Rule: m.rule, Level: m.level, Grade: evidence.Observed, Path: f.Path, StartLine: line, EndLine: line,
		Message: message, Reproduce: j.show(f.Path, line, m),
	}, evidence.Hash([]byte(m.secret))))
	return nil
}

// show gives the command that shows the line up to the first letters of the
// secret, and nothing after.
func (j *judgement) show(path string, line int, m match) string {
	read := plan.Command{Argv: []string{"git", "cat-file", "-p", j.s.Request.Head.Tree + ":" + path}}.String()
	return fmt.Sprintf("%s | sed -n %dp | cut -b 1-%d", read, line, max(m.column+letters(m.secret), 1))
}

// letters is how many letters of a secret are shown: four, and of a short one
// no more than a quarter.
func letters(secret string) int { return min(4, len(secret)/4) }

func mask(secret string) string {
	return strings.ToValidUTF8(secret[:letters(secret)], "") + "..."
}

// isOld reports whether the changed files held the secret before: in the same
// file, or in lines that the change takes away from any file.
func (j *judgement) isOld(ctx context.Context, f change.File, secret string) (bool, error) {
	if f.Status != change.Added {
		path := f.Path
		if f.OldPath != "" {
			path = f.OldPath
		}
		text, _, err := j.s.BaseFile(ctx, path)
		if err != nil || strings.Contains(string(text), secret) {
			return err == nil, err
		}
	}
	if !j.known {
		var b strings.Builder
		for _, other := range j.s.Change.Files {
			patch, err := j.s.Patch(ctx, other.Path)
			if err != nil {
				return false, err
			}
			for _, l := range patch.Removed() {
				b.WriteString(l.Text)
				b.WriteByte('\n')
			}
		}
		j.removed, j.known = b.String(), true
	}
	return strings.Contains(j.removed, secret), nil
}

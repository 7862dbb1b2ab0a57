package basetests

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/suite"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// fail adds one finding for each test that the base declares, whatever number
// of its subtests fail.
func (j *judge) fail(ctx context.Context, s suspect, names []string) {
	if s.run.Cut && len(names) > 0 {
		names = j.cutShort(s, names)
	}
	var tops []string
	for _, name := range names {
		if top := s.topOf(name); !slices.Contains(tops, top) {
			tops = append(tops, top)
		}
	}
	for _, top := range tops {
		var leaves []string
		var output strings.Builder
		for _, name := range names {
			if s.topOf(name) != top {
				continue
			}
			leaves = append(leaves, name)
			if t := s.run.Tests[name]; t != nil {
				output.WriteString(t.Output)
			}
		}
		if output.Len() == 0 {
			output.WriteString(s.run.Output)
		}
		f := evidence.Finding{Rule: "failed", Level: evidence.Gate, Detail: j.text(output.String())}
		switch {
		case rewritten(j.subject.Change, f.Detail):
			f.Rule, f.Level = "snapshot", evidence.Locator
			f.Message = fmt.Sprintf("%s passes at the base and fails on the change's code with the base's snapshots, which the change writes anew.", check.Clip(check.ShowPath(strings.Join(leaves, ", ")), 300))
		case top == whole:
			f.Message = fmt.Sprintf("The base's tests of %s pass at the base, and the test program fails on the change's code.", s.shown())
		case slices.Contains(s.missing, top):
			f.Rule = "missing"
			f.Message = fmt.Sprintf("%s passes at the base and does not run on the change's code: the test program ends before it.", check.ShowPath(top))
		default:
			f.Message = fmt.Sprintf("%s passes at the base and fails on the change's code.", check.Clip(check.ShowPath(strings.Join(leaves, ", ")), 300))
		}
		j.add(weighed(ctx, j.subject, j.located(s, top, f)), s.unit.ID+" "+strings.Join(leaves, " "))
	}
}

// weighed lowers a finding to one for a person where the change touches what
// failed: the test itself, or what it reads. Behaviour and its tests change
// together for good reason far more often than for a bad one, so that this
// alone proves nothing; the check tamper looks at how the test was changed. A
// test that the change leaves alone fails at the head too.
func weighed(ctx context.Context, s *check.Subject, f evidence.Finding) evidence.Finding {
	if f.Level != evidence.Gate {
		return f
	}
	why := touched(ctx, s, f)
	if why == "" {
		return f
	}
	f.Level, f.Rule = evidence.Locator, f.Rule+"_and_edited"
	f.Message = strings.TrimSuffix(f.Message, ".") + "; " + why + "."
	return f
}

// touched says what of a failed test the change touches, or nothing. What
// cannot be read counts as left alone.
func touched(ctx context.Context, s *check.Subject, f evidence.Finding) string {
	for _, c := range s.Change.Files {
		was := c.Path
		if c.OldPath != "" {
			was = c.OldPath
		}
		if was != f.Path {
			if readBeside(was, f) {
				return "the change edits what tests there read, as in " + check.ShowPath(was)
			}
			continue
		}
		if c.Status == change.Deleted {
			return "the change deletes it"
		}
		patch, err := s.Patch(ctx, c.Path)
		if err != nil {
			return ""
		}
		from, to := f.StartLine, f.EndLine
		if file, _, found, err := s.BaseSource(ctx, was); err == nil && found {
			if t, ok := file.TestAt(f.StartLine); ok {
				from, to = topTest(file, t).Start, topTest(file, t).End
			}
		}
		if f.StartLine == 0 || patch.TouchesOld(from, to) {
			return "the change edits this test"
		}
	}
	return ""
}

// readBeside reports whether a path is stored data in a folder beside the
// place of a finding.
func readBeside(name string, f evidence.Finding) bool {
	dir := path.Dir(f.Path)
	if f.StartLine == 0 { // the finding is about a whole folder
		dir = f.Path
	}
	if dir != "." {
		rest, below := strings.CutPrefix(name, dir+"/")
		if !below {
			return false
		}
		name = rest
	}
	folder, _, deeper := strings.Cut(name, "/")
	return deeper && change.Classify(folder+"/data", nil).Fixture
}

// topTest gives the test of the top level around a test.
func topTest(file source.File, t source.Test) source.Test {
	for _, o := range file.Tests {
		if o.Start <= t.Start && o.End >= t.End && o.End-o.Start > t.End-t.Start {
			t = o
		}
	}
	return t
}

// cutShort adds one finding for all tests that a unit did not come to, and
// gives the others.
func (j *judge) cutShort(s suspect, names []string) (others []string) {
	var missing []string
	for _, name := range names {
		if slices.Contains(s.missing, name) {
			missing = append(missing, name)
		} else {
			others = append(others, name)
		}
	}
	if len(missing) == 0 {
		return others
	}
	j.add(j.located(s, whole, evidence.Finding{
		Rule: "missing", Level: evidence.Gate, Detail: j.text(s.run.Output),
		Message: fmt.Sprintf("Tests of %s pass at the base and do not run on the change's code, where the test program ends with success before them: %s.",
			s.shown(), check.Clip(check.ShowPath(strings.Join(missing, ", ")), 300)),
	}), s.unit.ID)
	return others
}

// rewritten reports whether a test failed against a stored output that the
// change replaces. Such files are written by the test program, and whether the
// new ones are right is for a person to see.
func rewritten(c change.Change, output string) bool {
	return regexp.MustCompile(`(?i)\bsnapshots?\b`).MatchString(output) &&
		slices.ContainsFunc(c.Paths(), func(p string) bool { return path.Ext(p) == ".snap" })
}

// topOf gives the declared test that a test is part of.
func (s suspect) topOf(name string) string {
	if top := s.run.TopOf(name); top != name || s.was == nil {
		return top
	}
	return s.was.TopOf(name)
}

// skips points at tests that ran at the base and skip themselves on the head's
// code. That may be right, and needs no second try to be worth a look.
func (j *judge) skips(s suspect, was *suite.UnitReport) {
	for _, name := range s.skipped {
		if was.EndOf(name, s.run) == suite.Pass {
			j.add(j.located(s, name, evidence.Finding{
				Rule: "skipped", Level: evidence.Locator,
				Message: fmt.Sprintf("%s passes at the base and skips itself on the change's code.", check.ShowPath(name)),
				Detail:  j.text(s.run.Tests[name].Output),
			}), s.unit.ID+" "+name)
		}
	}
}

// leftOut points at a unit that runs at the base, and that the tool leaves out
// at the head.
func (j *judge) leftOut(s suspect, was *suite.UnitReport) {
	n := len(was.Ran(suite.Pass))
	if n == 0 {
		return
	}
	j.broken = append(j.broken, fmt.Sprintf("the base's tests of %s did not run on the change's code", s.shown()))
	j.add(evidence.Finding{
		Rule: "left_out", Level: evidence.Locator, Grade: evidence.Verified, Path: s.unit.Path,
		Message:   fmt.Sprintf("%d tests of %s pass at the base and do not run any more: the change touches what says which tests run.", n, s.shown()),
		Reproduce: j.reproduce(s, ""),
	}, s.unit.ID)
}

func (j *judge) notCompiled(s suspect) {
	text := j.text(s.run.Output)
	file, line := s.compiled(j.headDir, text)
	j.broken = append(j.broken, fmt.Sprintf("the base's tests of %s do not compile against the change, so they did not run", s.shown()))
	j.add(evidence.Finding{
		Rule: "does_not_compile", Level: evidence.Locator, Grade: evidence.Verified, Path: file, StartLine: line, EndLine: line,
		Message:   fmt.Sprintf("The base's tests of %s do not compile against the change.", s.shown()),
		Detail:    text,
		Reproduce: j.reproduce(s, ""),
	}, s.unit.ID+"\n"+check.FailureAnchor(text))
}

// located fills in where a test stands at the base, and how to run it.
func (j *judge) located(s suspect, top string, f evidence.Finding) evidence.Finding {
	f.Grade, f.Path, f.Reproduce = evidence.Verified, s.unit.Path, j.reproduce(s, top)
	if at, ok := suite.Place(j.baseDir, s.group, s.unit, top, s.run); top != whole && ok {
		f.Path, f.StartLine, f.EndLine = at.File, at.Line, at.Line
	}
	return f
}

// reproduce gives a command that does what this check did.
func (j *judge) reproduce(s suspect, top string) string {
	shown := suite.Shown{Change: j.subject.Change, Material: j.material, Steps: j.steps}
	return shown.Line(s.group, s.group.Tool.Typed(s.group, s.unit, top))
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

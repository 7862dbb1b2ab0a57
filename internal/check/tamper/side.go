package tamper

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/code"
	"muster/internal/check/tamper/words"
	"muster/internal/core/change"
	"muster/internal/source"
)

// Bounds on what is read.
const (
	maxSize  = 2 << 20 // bytes of one file
	maxFiles = 3000    // files of one side
)

// test is one test of one side.
type test struct {
	source.Test
	file   *file
	tokens []words.Token
	grams  map[string]int
	words  map[string]bool
	values map[string]bool
	pair   *test // the test of the other side that it is
}

// file is one file of one side of the change.
type file struct {
	path   string
	lang   source.Language
	class  change.Class
	facts  source.File
	lines  []string
	tests  []*test
	whole  string // the lines together; empty until somebody asks
	other  *file  // what the same file is on the other side; nil when it is not there
	status change.Status
}

// side is what the changed files are on one side.
type side struct {
	tests []*file // files with tests
	code  []*file // files of the project's own code
	rest  []*file // configuration, stored results and the like: only the path, and other
}

// both is what the change holds on both sides.
type both struct {
	base, head side
	left       []string // what was not looked at, and why
}

// load reads the changed files.
func load(ctx context.Context, s *check.Subject) (both, error) {
	var b both
	for i, f := range s.Change.Files {
		if i == maxFiles {
			b.left = append(b.left, fmt.Sprintf("%d of the changed files: more than %d are not compared", len(s.Change.Files)-i, maxFiles))
			break
		}
		if f.NewMode == change.ModeSubmodule || f.OldMode == change.ModeSubmodule || f.NewMode == change.ModeSymlink || f.OldMode == change.ModeSymlink || f.IsBinary {
			continue
		}
		var was, is *file
		var err error
		if f.Status != change.Added {
			if was, err = b.read(ctx, s.BaseSource, oldPath(f)); err != nil {
				return b, err
			}
		}
		if f.Status != change.Deleted {
			if is, err = b.read(ctx, s.HeadSource, f.Path); err != nil {
				return b, err
			}
		}
		if was != nil {
			was.other, was.status = is, f.Status
			b.base.add(was)
		}
		if is != nil {
			is.other, is.status = was, f.Status
			b.head.add(is)
		}
	}
	return b, nil
}

func oldPath(f change.File) string {
	if f.OldPath != "" {
		return f.OldPath
	}
	return f.Path
}

type reading func(ctx context.Context, path string) (source.File, []byte, bool, error)

func (b *both) read(ctx context.Context, from reading, p string) (*file, error) {
	class := change.Classify(p, nil)
	f := &file{path: p, lang: source.LanguageOf(p), class: class}
	if f.lang == source.Unknown || class.Vendored {
		return f, nil
	}
	facts, content, found, err := from(ctx, p)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, change.ErrTooLarge):
		b.left = append(b.left, fmt.Sprintf("%s: it is larger than %d bytes", check.ShowPath(p), maxSize))
		return f, nil
	case err != nil:
		return nil, fmt.Errorf("%s: %w", check.ShowPath(p), err)
	case !found:
		return nil, nil
	case len(content) > maxSize:
		b.left = append(b.left, fmt.Sprintf("%s: it is larger than %d bytes", check.ShowPath(p), maxSize))
		return f, nil
	}
	f.facts, f.lines = facts, strings.Split(string(content), "\n")
	f.class.Generated = f.class.Generated || facts.Generated
	if class.Test && len(facts.Broken) > 0 {
		b.left = append(b.left, fmt.Sprintf("%s: lines %d to %d could not be read", check.ShowPath(p), facts.Broken[0].Start, facts.Broken[len(facts.Broken)-1].End))
	}
	for _, t := range facts.Tests {
		x := &test{Test: t, file: f, tokens: words.Scan(f.between(t.Start, t.End), f.lang)}
		x.grams, x.words, x.values = words.Grams(x.tokens), words.Of(x.tokens), words.Values(x.tokens)
		f.tests = append(f.tests, x)
	}
	return f, nil
}

func (s *side) add(f *file) {
	switch {
	case f.lang == source.Unknown || f.class.Vendored || f.class.Generated:
		s.rest = append(s.rest, f)
	case f.class.Test:
		s.tests = append(s.tests, f)
	case f.lang != source.Rust && f.lang != source.Go && hasTests(f):
		s.tests = append(s.tests, f) // in a folder of another name
	case f.lang == source.Go && len(f.tests) > 0:
		s.tests = append(s.tests, f) // functions for tests, in a file that tests import
	default:
		if f.lang == source.Rust && len(f.tests) > 0 {
			s.tests = append(s.tests, f) // Rust keeps tests beside the code
		}
		s.code = append(s.code, f)
	}
}

func hasTests(f *file) bool {
	return slices.ContainsFunc(f.tests, func(t *test) bool { return !t.Helper })
}

// between gives lines of the file, both included.
func (f *file) between(start, end int) string {
	start, end = max(start, 1), min(end, len(f.lines))
	if start > end {
		return ""
	}
	return strings.Join(f.lines[start-1:end], "\n")
}

// all gives every test of a side.
func (s *side) all() []*test {
	var out []*test
	for _, f := range s.tests {
		out = append(out, f.tests...)
	}
	return out
}

// plain gives the files of code of a side, as package code reads them.
func (s *side) plain() []*code.File {
	of := func(f *file) *code.File {
		return &code.File{Path: f.path, Lang: f.lang, Lines: f.lines, Facts: f.facts}
	}
	var out []*code.File
	for _, f := range s.code {
		x := of(f)
		if f.other != nil {
			x.Other = of(f.other)
		}
		out = append(out, x)
	}
	return out
}

package hardcoded

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/source"
)

// Bounds of the tests that are read.
const (
	maxTests     = 400      // files of tests and fixtures
	maxTestFile  = 1 << 20  // bytes of one of them
	maxTestBytes = 24 << 20 // of all together
	near         = 4        // lines between the input and the expected value of one case
)

// testFile is one file of tests or fixtures, on one side of the change.
type testFile struct {
	path  string
	atNew bool // at the head; otherwise at the base
	text  string
	lines map[string][]int // lines of each literal, canonical
}

// tests is all that a change is tested with, as far as it was read.
type tests struct {
	files []*testFile
	left  string // what was not read; empty when all was
}

// readTests reads the tests and fixtures of the head, and of the base where
// the change altered them, those first that lie near the changed code.
func readTests(ctx context.Context, s *check.Subject, near []string) (tests, error) {
	var t tests
	entries, err := s.HeadList(ctx)
	if err != nil {
		return t, err
	}
	var paths []string
	for _, e := range entries {
		if c := change.Classify(e.Path, nil); (c.Test || c.Fixture) && !c.Vendored && !c.Generated && (e.Mode == change.ModeFile || e.Mode == change.ModeExecutable) {
			paths = append(paths, e.Path)
		}
	}
	slices.SortStableFunc(paths, func(a, b string) int { return cmp.Compare(distance(b, near), distance(a, near)) })
	total := 0
	add := func(f check.Text, atNew bool) {
		if f.Found {
			total += len(f.Body)
			t.files = append(t.files, &testFile{path: f.Path, atNew: atNew, text: string(f.Body)})
		}
	}
	var gone []string
	for _, f := range s.Change.Files {
		old := f.Path
		if f.OldPath != "" {
			old = f.OldPath
		}
		if c := change.Classify(old, nil); (c.Test || c.Fixture) && f.OldMode != change.ModeNone && f.OldMode != change.ModeSubmodule {
			gone = append(gone, old)
		}
	}
	for f, err := range s.BaseTexts(ctx, gone, maxTestFile) {
		if err != nil {
			return t, err
		}
		if add(f, false); total >= maxTestBytes {
			break
		}
	}
	looked := 0
	for f, err := range s.HeadTexts(ctx, paths[:min(len(paths), maxTests)], maxTestFile) {
		if err != nil {
			return t, err
		}
		if total >= maxTestBytes {
			break
		}
		looked++
		add(f, true)
	}
	if looked < len(paths) {
		t.left = fmt.Sprintf("%d of %d test files were not compared with the new code: only the nearest were read", len(paths)-looked, len(paths))
	}
	return t, nil
}

// distance gives how near a test lies to the changed files: more is nearer.
func distance(p string, changed []string) int {
	best := 0
	for _, c := range changed {
		n := 0
		if path.Dir(c) == path.Dir(p) {
			n = 4
		} else if strings.HasPrefix(p, path.Dir(c)+"/") || strings.HasPrefix(c, path.Dir(path.Dir(p))+"/") {
			n = 2
		}
		stem := strings.TrimSuffix(path.Base(c), path.Ext(c))
		if len(stem) > 2 && strings.Contains(path.Base(p), stem) {
			n += 3
		}
		best = max(best, n)
	}
	return best
}

// index splits a file into literals when it is first needed.
func (f *testFile) index() {
	if f.lines != nil {
		return
	}
	f.lines = map[string][]int{}
	for _, t := range tokensOf(f.text, source.LanguageOf(f.path)) {
		v := t.value
		if t.kind == name {
			if v = truth(v); v == "" {
				continue
			}
		} else if !t.literal() {
			continue
		}
		at := f.lines[v]
		if len(at) == 0 || at[len(at)-1] != t.line {
			f.lines[v] = append(at, t.line)
		}
	}
}

// place is where a test holds both sides of a special case.
type place struct {
	file *testFile
	line int
}

// pair finds a place where all values stand together.
func (t tests) pair(values []string) (place, bool) {
	for _, f := range t.files {
		// Most files do not even hold the longest value.
		if longest := slices.MaxFunc(values, func(a, b string) int { return len(a) - len(b) }); len(longest) > 6 && !strings.ContainsAny(longest, "\n\t\"'\\") && !isNumber(longest) && !strings.Contains(f.text, longest) {
			continue
		}
		f.index()
		if line, ok := f.together(values); ok {
			return place{f, line}, true
		}
	}
	return place{}, false
}

// together gives the first line from which on all values stand within reach.
func (f *testFile) together(values []string) (int, bool) {
	rarest := slices.MinFunc(values, func(a, b string) int { return len(f.at(a)) - len(f.at(b)) })
	for _, line := range f.at(rarest) {
		all := true
		for _, v := range values {
			all = all && slices.ContainsFunc(f.at(v), func(l int) bool { return l >= line-near && l <= line+near })
		}
		if all {
			return line, true
		}
	}
	return 0, false
}

// at gives the lines of a value. A negative number stands as its digits.
func (f *testFile) at(v string) []int {
	if isNumber(v) {
		v = canonical(strings.TrimPrefix(v, "-"))
	}
	return f.lines[v]
}

// mentions reports whether the test calls the function, or speaks of it.
func (f *testFile) mentions(function string) bool {
	n := function[strings.LastIndexAny(function, ".#:")+1:]
	return len(n) > 1 && strings.Contains(f.text, n)
}

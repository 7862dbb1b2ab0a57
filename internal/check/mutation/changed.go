package mutation

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// changed is what the check needs to know of a change.
type changed struct {
	code   map[string]change.Patch // by path: Go code with added lines
	tests  map[string][]string     // by folder: tests of the top level that it adds or edits
	claims bool                    // it says that it is tested
}

// read reads the change.
func read(ctx context.Context, s *check.Subject) (changed, error) {
	c := changed{code: map[string]change.Patch{}, tests: map[string][]string{}, claims: saysTested(s.Request)}
	for _, f := range s.Change.Files {
		isTest := strings.HasSuffix(f.Path, "_test.go") && f.Status != change.Deleted && !isIgnored(f.Path)
		if !isTest && !isCode(f) {
			continue
		}
		p, err := s.Patch(ctx, f.Path)
		if err != nil {
			return c, err
		}
		if len(p.Added()) == 0 {
			continue
		}
		if !isTest {
			c.code[f.Path] = p
			continue
		}
		text, found, err := s.HeadFile(ctx, f.Path)
		if err != nil {
			return c, err
		}
		c.claims = true
		if found && len(text) <= maxFile {
			dir := path.Dir(f.Path)
			c.tests[dir] = append(c.tests[dir], touchedTests(text, p)...)
		}
	}
	return c, nil
}

func (c changed) paths() []string {
	var out []string
	for p := range c.code {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// wants gives the added lines of a file.
func (c changed) wants(file string) func(int) bool {
	p, ok := c.code[file]
	if !ok {
		return nil
	}
	return p.Adds
}

// touchedTests gives the tests of a file that a patch reaches into. Where it
// reaches into what is between them (a table, a helper), that is all of them.
func touchedTests(text []byte, p change.Patch) []string {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, "", text, parser.SkipObjectResolution)
	if err != nil {
		return nil
	}
	var all, touched []string
	inside := func(int) bool { return false }
	for _, d := range f.Decls {
		start, end := set.PositionFor(d.Pos(), false).Line, set.PositionFor(d.End(), false).Line
		fn, isFunc := d.(*ast.FuncDecl)
		gen, isGen := d.(*ast.GenDecl)
		isTest := isFunc && fn.Recv == nil && testName.MatchString(fn.Name.Name) && fn.Name.Name != "TestMain"
		if isTest {
			all = append(all, fn.Name.Name)
			if p.Touches(start, end) {
				touched = append(touched, fn.Name.Name)
			}
		}
		if isTest || isGen && gen.Tok == token.IMPORT {
			before := inside
			inside = func(line int) bool { return start <= line && line <= end || before(line) }
		}
	}
	for _, line := range p.Added() {
		if !inside(line.Number) && isMeaningful(line.Text) && line.Number > set.PositionFor(f.Name.End(), false).Line {
			return all
		}
	}
	return touched
}

// isMeaningful reports whether a line is more than space and comment.
func isMeaningful(line string) bool {
	line = strings.TrimSpace(line)
	return line != "" && !strings.HasPrefix(line, "//")
}

// tested finds words by which somebody says that tests come with a change.
var tested = check.Lazy(`(?i)\b(add(s|ed|ing)?|writ(e|es|ing|ten)|wrote|with|include(s|d)?|including|extend(s|ed)?|cover(s|ed)?|update(s|d)?|has|have|new)\b[^.\n]{0,60}\b(unit |regression |integration )?tests?\b|\b(is|are|fully|well|now) (unit[- ])?tested\b|\btest coverage\b`)

// untested finds words by which they say that none do.
var untested = check.Lazy(`(?i)\b(no|without|not?\b[^.\n]{0,30}\badd\w*|don't|do not|didn't|did not|doesn't|lacks?|missing|need(s|ed)?|todo)\b[^.\n]{0,40}\btests?\b`)

// saysTested reports whether the task asks for tests, or its author says that
// there are some.
func saysTested(req evidence.Request) bool {
	if req.Type == "test" {
		return true
	}
	for _, text := range []string{req.Claim, req.Task} {
		for sentence := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '.' || r == '\n' || r == ';' }) {
			if tested.MatchString(sentence) && !untested.MatchString(sentence) {
				return true
			}
		}
	}
	return false
}

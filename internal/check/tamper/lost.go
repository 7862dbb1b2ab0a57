package tamper

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/bodies"
	"muster/internal/check/tamper/pairs"
	"muster/internal/check/tamper/runs"
	"muster/internal/check/tamper/words"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// losses finds tests that the head does not have, or does not run.
type losses struct{ *judge }

// fileGone judges a file of tests that is gone as a whole, or has a name under
// which its tests are no longer found. It reports whether the tests in it need
// no look of their own.
func (j losses) fileGone(f *file) bool {
	tests := 0
	var left []*test
	for _, t := range f.tests {
		if t.Helper {
			continue
		}
		tests++
		if t.pair == nil && j.why(t) == "" {
			left = append(left, t)
		}
	}
	if f.other != nil && f.other.path != f.path && tests > 0 && (runs.Collected(f.path) && !runs.Collected(f.other.path)) {
		j.say(statement{
			rule: "not_collected", level: evidence.Gate, path: f.other.path, paths: []string{f.path, f.other.path}, anchor: f.path,
			message: fmt.Sprintf("%s was renamed to %s, where the test runner does not look for tests: its %s no longer run.", check.ShowPath(f.path), check.ShowPath(f.other.path), pairs.Count(tests, "test")),
		})
		return true
	}
	if f.other != nil || tests == 0 {
		return f.other == nil
	}
	if len(left) < 2 || len(left)*2 < tests {
		return false // most of it went somewhere: what did not is judged one by one
	}
	level := j.lostLevel(left)
	j.say(statement{
		rule: "file_deleted", level: level, path: f.path, anchor: f.path,
		message: fmt.Sprintf("%s was deleted with %s that stand nowhere else, the first %s, although what they test is still there.", check.ShowPath(f.path), pairs.Count(len(left), "test"), quote(left[0].Name)),
	})
	return true
}

// lostLevel lowers the level where the loss has an explanation.
func (j losses) lostLevel(tests []*test) evidence.Level {
	level, lost := evidence.Gate, 0
	for _, t := range tests {
		lost += max(1, len(t.Assertions))
	}
	for _, t := range tests {
		if l := j.weigh(t, lost); order(l) > order(level) {
			level = l
		}
	}
	return level
}

// lost judges a test that the head does not have.
func (j losses) lost(t *test) {
	if hidden, fn := j.hidden(t); hidden != nil {
		j.say(statement{
			rule: "not_collected", level: evidence.Gate, path: hidden.path, lines: fn.Range, paths: []string{t.file.path, hidden.path}, anchor: t.Name,
			message: fmt.Sprintf("%s is now %s, which the test runner does not start (it was a test, line %d of the base).", place(t), quote(fn.Name), t.Start),
		})
		return
	}
	if j.suiteLost(t) || j.why(t) != "" || len(t.Assertions) == 0 && len(t.Cases) == 0 {
		return
	}
	level := j.lostLevel([]*test{t})
	if level == evidence.Context && j.onlyComment(t) {
		level = evidence.Locator
	}
	path := t.file.path
	if t.file.other != nil {
		path = t.file.other.path
	}
	j.say(statement{
		rule: "test_lost", level: level, path: path, paths: []string{t.file.path, path}, anchor: t.Name, was: pairs.Texts(t.Assertions),
		message: fmt.Sprintf("%s is gone (line %d of the base) with %s, and what it tests is still there.", place(t), t.Start, pairs.Count(len(t.Assertions), "assertion")),
	})
}

// onlyComment reports whether the code of a test that is gone still stands in a
// comment of its file.
func (j losses) onlyComment(t *test) bool {
	if t.file.other == nil || len(t.Assertions) == 0 {
		return false
	}
	text := pairs.Core(t.Assertions[0].Text)
	return len(text) > 5 && slices.ContainsFunc(t.file.other.facts.Comments, func(c source.Comment) bool { return strings.Contains(words.Tight(c.Text), text) })
}

// suiteLost finds a test that was there to run others, which are still there.
func (j losses) suiteLost(t *test) bool {
	code := words.Tight(t.file.between(t.Start, t.End))
	if t.file.lang != source.Go || !strings.Contains(code, "suite.Run(") && !strings.Contains(code, "RunSpecs(") {
		return false
	}
	for _, h := range j.head.all() {
		suite, _, isMethod := strings.Cut(h.Name, ".")
		if h.Helper || path.Dir(h.file.path) != path.Dir(t.file.path) || isMethod && !words.About(t.tokens, map[string]bool{suite: true}) || !isMethod && !strings.Contains(h.Name, " > ") {
			continue
		}
		j.say(statement{
			rule: "suite_lost", level: evidence.Gate, path: h.file.path, lines: h.Range, paths: []string{t.file.path, h.file.path}, anchor: t.Name,
			message: fmt.Sprintf("%s is gone, so that nothing runs %s and the rest of its suite.", place(t), place(h)),
		})
		return true
	}
	return false
}

// why says why a test that is gone is no loss; empty when it is one.
func (j losses) why(t *test) string {
	switch {
	case j.code.SubjectGone(t.tokens), j.code.SubjectGone(words.Scan(t.Name, t.file.lang)), j.inputGone(t):
		return "what it tests is gone"
	case j.absorbed(t), refusals(j).askedAnew(t):
		return "another test holds it"
	case t.file.lang == source.Go && strings.HasPrefix(t.Name, "Benchmark"):
		return "it measures"
	case skippedAnyway(t):
		return "it was skipped"
	}
	return ""
}

func skippedAnyway(t *test) bool {
	for _, m := range t.Skips {
		if !m.Conditional {
			return true
		}
	}
	return false
}

// absorbed reports whether what a test asked for stands in a test of the head
// that is new or has grown: as a case of its table, a subtest, or a part.
func (j losses) absorbed(t *test) bool {
	asked := maps.Clone(t.words)
	delete(asked, t.Name)
	claims := 0
	for _, a := range t.Assertions {
		if j.pool[pairs.ClaimOf(a)] > 0 {
			claims++
		}
	}
	if len(t.Assertions) > 0 && claims == len(t.Assertions) && pairs.Strongest(t.Assertions) <= 2 {
		return true
	}
	values := words.Given(t.tokens, t.Name, t.file.lang)
	for _, h := range j.head.all() {
		if h.file.lang != t.file.lang || h.pair == t || len(h.Assertions) == 0 {
			continue
		}
		if words.Alike(t.grams, h.grams) > 0.97 {
			return true // it stood there twice
		}
		holds := len(values) == 0 || words.Supplied(values, h.values) >= 0.72
		if holds && h.pair != nil && len(newCases(h.pair, h)) > 0 && words.Alike(t.grams, h.grams) >= same {
			return true // one test with a table holds both
		}
		had := map[string]bool{}
		if h.pair != nil {
			had = h.pair.words
		}
		has := h.words
		if h.pair != nil && len(has) <= len(had) {
			continue
		}
		fresh := map[string]bool{}
		for w := range has {
			if !had[w] {
				fresh[words.Bare(w)] = true
			}
		}
		if words.Contained(asked, has) >= 0.72 && holds && (h.pair == nil || words.Contained(values, fresh) > 0.3 || len(values) == 0) {
			return true
		}
	}
	return false
}

// hidden finds a test that is still there under a name that no runner starts,
// and that nothing calls.
func (j losses) hidden(t *test) (*file, source.Function) {
	if t.file.lang == source.Go && strings.Contains(t.Name, "/") {
		return nil, source.Function{}
	}
	for _, f := range j.head.tests {
		if f.lang != t.file.lang {
			continue
		}
		for _, fn := range f.facts.Functions {
			if is, ok := testOf(f, fn); ok && !is.Helper && (f.lang != source.Python || words.Last(fn.Name) == words.Leaf(is.Name)) {
				continue
			}
			if fn.Name != t.Name && j.known(t.file, fn.Name) || words.Alike(t.grams, words.Grams(words.Scan(f.between(fn.Start, fn.End), f.lang))) < 0.8 {
				continue
			}
			if !j.called(words.Last(fn.Name)) {
				return f, fn
			}
		}
	}
	return nil, source.Function{}
}

// testOf gives the test whose code a function is.
func testOf(f *file, fn source.Function) (*test, bool) {
	for _, t := range f.tests {
		if t.Start <= fn.Start && fn.End <= t.End {
			return t, true
		}
	}
	return nil, false
}

// known reports whether the base had a function of that name in the file.
func (j losses) known(f *file, name string) bool {
	for _, fn := range f.facts.Functions {
		if fn.Name == name {
			return true
		}
	}
	return false
}

// called reports whether a test of the head calls a function, or hands it on.
func (j losses) called(name string) bool {
	for _, f := range j.head.tests {
		n := 0
		for _, tok := range words.Scan(f.between(1, len(f.lines)), f.lang) {
			if tok.Kind == words.Word && tok.Text == name {
				n++
			}
		}
		if n > 1 {
			return true
		}
	}
	return false
}

// helperGone judges a function that asserted for tests and does so no more.
func (j losses) helperGone(t *test) {
	if runs.IsStep(t.Name) {
		return
	}
	for _, f := range j.head.tests {
		for _, fn := range f.facts.Functions {
			if fn.Name != t.Name || f.path != t.file.path && (t.file.other == nil || f != t.file.other) {
				continue
			}
			left := lineSet(&test{Test: source.Test{Range: fn.Range}, file: f})
			if len(t.Assertions) > 0 && !slices.ContainsFunc(t.Assertions, func(a source.Assertion) bool { return !pairs.Pinned(a) || acted(t, a, left) }) && !bodies.StillDone(bodyOf(t), f.between(fn.Start, fn.End)) {
				return // it does nothing any more that could go wrong
			}
			j.say(statement{
				rule: "helper_emptied", level: evidence.Gate, path: f.path, lines: fn.Range, was: pairs.Texts(t.Assertions), paths: []string{t.file.path, f.path}, anchor: t.Name,
				message: fmt.Sprintf("%s, which tests call to make sure of something, no longer can fail a test.", place(t)),
			})
			return
		}
	}
}

// inputGone reports whether a test works with a string that only the code had
// and has no more: a route, a flag, a key.
func (j losses) inputGone(t *test) bool {
	n := 0
	given := maps.Clone(t.values)
	for _, a := range t.Assertions {
		for v := range words.Values(words.Scan(a.Expected, t.file.lang)) {
			delete(given, v)
		}
	}
	for v := range given {
		if j.code.Lost[v] {
			n++
			if len(v) >= 6 {
				return true
			}
		}
	}
	return n > 1
}

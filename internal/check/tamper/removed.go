package tamper

import (
	"fmt"
	"strings"

	"muster/internal/check/tamper/bodies"
	"muster/internal/check/tamper/pairs"
	"muster/internal/check/tamper/runs"
	"muster/internal/check/tamper/words"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// removedFrom judges the assertions that a test has lost.
func (j weakening) removedFrom(t, h *test, p pairs.Pairing) {
	var gone []source.Assertion
	acts := lineSet(h)
	for _, a := range p.Removed {
		if a.Dead != "" || a.Strength == source.Trivial {
			continue
		}
		if at := j.commented(h, a); at > 0 {
			j.say(statement{
				rule: "commented_out", level: evidence.Gate, path: h.file.path, lines: source.Range{Start: at, End: at}, was: a.Text, paths: []string{t.file.path, h.file.path},
				message: fmt.Sprintf("An assertion of %s is only a comment now.", place(h)), anchor: h.Name,
			})
			continue
		}
		if a.Strength == source.Exists && !strings.HasPrefix(a.Subject, "throws") && (!acted(t, a, acts) || idle(t, p, a, acts)) || j.accounted(t, h, p, a) {
			continue // what it looked at is not done any more, or it stands elsewhere
		}
		gone = append(gone, a)
	}
	if gone = p.Together(gone, h.file.lang); len(gone) == 0 {
		return
	}
	added, strongAdded, strongGone, best, asked := 0, 0, 0, 9, 9
	for _, a := range p.Added {
		if a.Dead != "" || a.Strength == source.Trivial || strings.Contains(a.When, source.Thrown) {
			continue
		}
		best = min(best, j.rank(1, a))
		added += j.weight(1, a)
		if j.rank(1, a) <= 2 {
			strongAdded += j.weight(1, a)
		}
	}
	gone = pairs.Distinct(gone)
	for _, a := range gone {
		asked = min(asked, j.rank(0, a))
		if j.rank(0, a) <= 2 {
			strongGone++
		}
	}
	added += len(newCases(t, h))
	strongAdded += len(newCases(t, h))
	if j.replaced(t, h, gone, p.Added) {
		return
	}
	if len(gone) <= added && strongGone <= strongAdded && (best <= asked || len(newCases(t, h)) > 0 || asked > 3) {
		return
	}
	for _, a := range p.Added {
		if a.Strength == source.Trivial {
			j.about(h, pairs.Paired{Was: gone[0], Is: a}, "trivial", evidence.Gate, fmt.Sprintf("An assertion of %s was replaced by one that cannot fail.", place(h)))
			return
		}
	}
	j.say(statement{
		rule: "assertions_removed", level: j.removalLevel(t, h, gone), path: h.file.path, lines: h.Range, paths: []string{t.file.path, h.file.path}, anchor: h.Name,
		message: fmt.Sprintf("%s has lost %s: %s", place(h), pairs.Count(len(gone), "assertion"), pairs.Listed(gone)),
		was:     pairs.Texts(gone), is: pairs.Texts(p.Added),
	})
}

// replaced finds an assertion in place of which one stands that asks for a part
// of it.
func (j weakening) replaced(t, h *test, gone, added []source.Assertion) bool {
	for _, a := range gone {
		for _, b := range added {
			if w, ok := pairs.Weaker(pairs.Paired{Was: a, Is: b}, h.file.lang); ok && (w.Rule == "loosened" || w.Rule == "self_compared") && b.Dead == "" {
				level := j.weigh(t, len(gone)+len(added)) // what came in its place is no reason
				if !w.Sure || !intact(t, h) {
					level = atMostLocator(level)
				}
				j.about(h, pairs.Paired{Was: a, Is: b}, w.Rule, level, fmt.Sprintf("An assertion of %s %s.", place(h), w.Message))
				return true
			}
		}
	}
	return false
}

// accounted reports whether an assertion that is gone is made elsewhere, or
// has nothing left to look at.
func (j weakening) accounted(t, h *test, p pairs.Pairing, a source.Assertion) bool {
	if j.take(a) || j.code.SubjectGone(words.Scan(a.Text, t.file.lang)) {
		return true
	}
	if helper := j.helpers[0][words.Last(a.Via)]; a.Via != "" && helper != nil && j.code.SubjectGone(helper.tokens) {
		return true
	}
	if a.Via != "" && runs.IsStep(a.Via) || refusals(j).turned(t, h, p, a) || refusals(j).putInPlace(h, a) {
		return true
	}
	if a.Via != "" && j.calledBy(h, words.Last(a.Via)) {
		return true
	}
	if helper := j.helpers[0][words.Last(a.Via)]; a.Via != "" && helper != nil && helper.pair != nil && words.Leaf(helper.pair.Name) != words.Leaf(helper.Name) && h.words[words.Leaf(helper.pair.Name)] {
		return true // the function that asserts has another name now
	}
	if p.Covers(a, h.file.lang) || raised(t, a) && lineSet(h)[words.Tight(strings.TrimPrefix(a.Text, "assert "))] {
		return true
	}
	if v := words.Bare(a.Expected); len(v) > 1 || words.IsDigits(v) && v != "" {
		for _, c := range newCases(t, h) {
			if words.Values(words.Scan(c.Text, h.file.lang))[v] {
				return true
			}
		}
	}
	return false
}

// calledBy reports whether a test calls a function of the tests that is new, and
// that calls the one of that name.
func (j weakening) calledBy(h *test, name string) bool {
	for _, f := range j.head.tests {
		for _, fn := range f.facts.Functions {
			if !j.newFunctions()[words.Last(fn.Name)] || !h.words[words.Last(fn.Name)] {
				continue
			}
			if words.Of(words.Scan(f.between(fn.Start, fn.End), f.lang))[name] {
				return true
			}
		}
	}
	return false
}

// commented gives the line of a comment that holds the assertion's text.
func (j weakening) commented(h *test, a source.Assertion) int {
	text := pairs.Core(a.Text)
	for _, c := range h.file.facts.Comments {
		if h.Holds(c.Start) && len(text) > 5 && strings.Contains(words.Tight(c.Text), text) {
			return c.Start
		}
	}
	return 0
}

func (j weakening) removalLevel(t, h *test, gone []source.Assertion) evidence.Level {
	level := j.weigh(t, len(gone))
	if !intact(t, h) {
		level = atMostLocator(level) // the test was written anew
	}
	return level
}

// intact reports whether most lines of a test outside of assertions are there.
func intact(t, h *test) bool { return bodies.Intact(bodyOf(t), lineSet(h), assertionLines(t)) }

// lineSet gives the lines of a test without their layout.
func lineSet(t *test) map[string]bool { return bodies.Tight(bodyOf(t)) }

// acted reports whether what an assertion looks at is still done before it.
func acted(t *test, a source.Assertion, head map[string]bool) bool {
	return bodies.Acted(bodyOf(t), a, head)
}

// raised reports whether an error is asked for where an assertion stands.
func raised(t *test, a source.Assertion) bool { return bodies.Raised(bodyOf(t), a.Start) }

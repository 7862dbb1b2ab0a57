package tamper

import (
	"fmt"
	"slices"
	"strings"

	"muster/internal/check"
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
		if a.Strength == source.Exists && !strings.HasPrefix(a.Subject, "throws") && !acted(t, a, acts) || j.accounted(t, h, p, a) {
			continue // what it looked at is not done any more, or it stands elsewhere
		}
		gone = append(gone, a)
	}
	if len(gone) == 0 {
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
	gone = distinct(gone)
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

// distinct leaves out assertions that hold the same against each other as one
// before, in another branch of one condition.
func distinct(list []source.Assertion) []source.Assertion {
	var out []source.Assertion
	seen := map[string]string{}
	for _, a := range list {
		var names []string
		for w := range words.Of(words.Scan(pairs.Core(a.Text), source.Go)) {
			if w != "Error" && w != "if" && w != "nil" {
				names = append(names, w)
			}
		}
		slices.Sort(names)
		key := strings.Join(names, " ")
		if when, ok := seen[key]; ok && len(names) > 1 && when != a.When && when != "" && a.When != "" {
			continue
		}
		seen[key] = a.When
		out = append(out, a)
	}
	return out
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
	if a.Via != "" && runs.IsStep(a.Via) || losses(j).refusedNow(t, h, a) {
		return true
	}
	if a.Via != "" && j.calledBy(h, words.Last(a.Via)) {
		return true
	}
	if helper := j.helpers[0][words.Last(a.Via)]; a.Via != "" && helper != nil && helper.pair != nil && words.Leaf(helper.pair.Name) != words.Leaf(helper.Name) && h.words[words.Leaf(helper.pair.Name)] {
		return true // the function that asserts has another name now
	}
	if covered(p, a) || raised(t, a) && lineSet(h)[words.Tight(strings.TrimPrefix(a.Text, "assert "))] {
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

var raising = check.Lazy(`\b(?:raise|throw new|throw) [\w.]+`)

// refusedNow reports whether a test asks for an error where it compared what the
// same call gave, and both the code and the author say so.
func (j losses) refusedNow(t, h *test, a source.Assertion) bool {
	if a.Subject == "" || !strings.Contains(a.Subject, "(") || j.asked.Task != "" || !j.asked.SpeaksOf(append(j.subjects(t), calls(t)...)) {
		return false
	}
	call := words.Tight(a.Subject)
	for n := h.Start + 1; n <= h.End && n <= len(h.file.lines); n++ {
		if words.Tight(h.file.lines[n-1]) == call && raised(h, source.Assertion{Range: source.Range{Start: n}}) {
			return len(raising.FindAllString(j.code.Texts[1], -1)) > len(raising.FindAllString(j.code.Texts[0], -1))
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

// raised reports whether an assertion stands in a block that asks for an error
// to be raised: its value is never looked at.
func raised(t *test, a source.Assertion) bool {
	const above = 4 // lines
	for n := a.Start - 1; n > t.Start && n >= a.Start-above; n-- {
		if text := strings.TrimSpace(t.file.lines[n-1]); strings.HasPrefix(text, "with ") {
			return strings.Contains(text, "raises") || strings.Contains(text, "Raises")
		}
	}
	return false
}

// covered reports whether another assertion of the head asks for all that one
// asked for: one that is new, or one that stood close by and compares the
// whole. Far away the same words may be about a later state.
func covered(p pairs.Pairing, a source.Assertion) bool {
	const nearby = 6 // lines
	for _, b := range p.Added {
		if pairs.Covers(b, a) {
			return true
		}
	}
	for _, list := range [][]pairs.Paired{p.Kept, p.Changed} {
		for _, k := range list {
			near := max(k.Was.Start-a.Start, a.Start-k.Was.Start)
			other := words.Tight(k.Is.Subject) != words.Tight(a.Subject)
			if near <= 1 && !other && k.Is.Strength == source.Exact && pairs.Rank(a) > pairs.Rank(k.Is) && k.Is.Dead == "" {
				return true // its value was compared, and is
			}
			if near <= nearby && other && pairs.Covers(k.Is, a) || near <= 1 && k.Was.Start != a.Start && pairs.ClaimOf(k.Is) == pairs.ClaimOf(a) && k.Is.Dead == "" {
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

// intact reports whether a test still does what it did: most of its lines
// outside of assertions are still there.
func intact(t, h *test) bool {
	head := lineSet(h)
	all, kept := 0, 0
	skip := assertionLines(t)
	for n := t.Start + 1; n <= t.End && n <= len(t.file.lines); n++ {
		line := words.Tight(t.file.lines[n-1])
		if skip[n] || strings.Trim(line, "{}()[];,") == "" {
			continue
		}
		all++
		if head[line] {
			kept++
		}
	}
	return all == 0 || 4*kept >= 3*all
}

// lineSet gives the lines of a test without their layout.
func lineSet(t *test) map[string]bool {
	out := map[string]bool{}
	for n := t.Start; n <= t.End && n <= len(t.file.lines); n++ {
		out[words.Tight(t.file.lines[n-1])] = true
	}
	return out
}

// acted reports whether the line before an assertion, which does what it looks
// at, is still there.
func acted(t *test, a source.Assertion, head map[string]bool) bool {
	for n := a.Start - 1; n > t.Start; n-- {
		line := words.Tight(t.file.lines[n-1])
		if line == "" || strings.Trim(line, "})];") == "" {
			continue
		}
		if _, call, ok := strings.Cut(line, "="); ok && !head[line] && len(call) > 8 && strings.Contains(call, "(") {
			for h := range head {
				if strings.HasSuffix(h, "="+call) || h == call {
					return !strings.Contains(a.Subject, "(") // it is done, and its result not kept
				}
			}
		}
		return head[line] && !strings.Contains(a.Subject, "(")
	}
	return true
}

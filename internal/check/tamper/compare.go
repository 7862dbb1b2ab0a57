package tamper

import (
	"fmt"
	"path"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/asked"
	"muster/internal/check/tamper/pairs"
	"muster/internal/check/tamper/runs"
	"muster/internal/check/tamper/words"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// compareTests holds every test of the base against what it is at the head.
func (j *judge) compareTests() {
	for _, f := range j.base.tests {
		if (losses{j}).fileGone(f) {
			continue
		}
		weakening{j}.support(f)
		weakening{j}.outside(f)
		for _, t := range f.tests {
			switch {
			case t.pair != nil:
				weakening{j}.compare(t, t.pair)
			case t.Helper:
				losses{j}.helperGone(t)
			default:
				losses{j}.lost(t)
			}
		}
	}
	for _, f := range j.head.tests {
		for _, h := range f.tests {
			j.focused(h)
		}
	}
}

// weakening finds tests that are still there and ask for less.
type weakening struct{ *judge }

// compare holds one test against what it became.
func (j weakening) compare(t, h *test) {
	if !t.Helper && h.file.status == change.Added && runs.Collected(t.file.path) && !runs.Collected(h.file.path) && !h.file.class.Test && !j.said("not_collected", h.file.path, 0) {
		j.say(statement{
			rule: "not_collected", level: evidence.Gate, path: h.file.path, paths: []string{t.file.path, h.file.path}, anchor: t.file.path,
			message: fmt.Sprintf("%s is in %s now, where the test runner does not look for tests.", place(t), check.ShowPath(h.file.path)),
		})
	}
	j.uncollected(t, h)
	j.marks(t, h)
	p := j.pairs[t]
	for _, k := range p.Kept {
		if !j.cannotFail(h, k) && !j.conditional(h, k) && k.Was.Text != k.Is.Text {
			j.weaker(t, h, k)
		}
	}
	for _, k := range p.Changed {
		if j.cannotFail(h, k) {
			continue
		}
		j.conditional(h, k)
		j.claimChanged(t, h, k)
	}
	j.removedFrom(t, h, p)
	tables(j).compareCases(t, h)
	j.inside(t, h, p)
	moving(j).moves(t, h, p)
}

// cannotFail finds an assertion that can fail no more.
func (j weakening) cannotFail(h *test, k pairs.Paired) bool {
	switch {
	case k.Was.Dead != "" || k.Was.Strength == source.Trivial || given(k.Was) == given(k.Is) && k.Is.Strength == source.Trivial:
		return false
	case k.Is.Dead != "":
		j.about(h, k, "dead", evidence.Gate, fmt.Sprintf("An assertion of %s can never fail the test any more: %s.", place(h), k.Is.Dead))
	case k.Is.Strength == source.Trivial:
		j.about(h, k, "trivial", evidence.Gate, fmt.Sprintf("An assertion of %s can no longer fail, whatever the code does.", place(h)))
	default:
		return false
	}
	return true
}

// given gives what an assertion is called with: what was looked at by itself
// before asks for no less when another function is called with the same.
func given(a source.Assertion) string {
	_, rest, called := strings.Cut(pairs.Core(a.Text), "(")
	if !called {
		return a.Text
	}
	return rest
}

// conditional finds an assertion that is now reached only under a condition
// which the test did not have.
func (j weakening) conditional(h *test, k pairs.Paired) bool {
	if k.Is.When == k.Was.When || k.Is.When == "" || k.Was.Dead != "" {
		return false
	}
	before := map[string]bool{}
	for c := range strings.SplitSeq(k.Was.When, " && ") {
		before[c] = true
	}
	for c := range strings.SplitSeq(k.Is.When, " && ") {
		// A condition on the table's case or on the error is how tests are written.
		if before[c] || !pairs.Suspicious(c, k.Is) {
			continue
		}
		j.about(h, k, "conditional", evidence.Locator, fmt.Sprintf("An assertion of %s is reached only when %s, which the base did not ask for.", place(h), quote(c)))
		return true
	}
	return false
}

// claimChanged judges an assertion that asks for something else than before
// about the same thing.
func (j weakening) claimChanged(t, h *test, k pairs.Paired) {
	was, is := j.rank(0, k.Was), j.rank(1, k.Is)
	switch {
	case k.Was.Dead != "" || k.Was.Strength == source.Trivial || k.Is.Dead != "":
	case j.weaker(t, h, k):
	case pairs.Widened(k):
		j.about(h, k, "tolerance", evidence.Gate, fmt.Sprintf("An assertion of %s allows a larger difference than before.", place(h)))
	case k.Was.Negated != k.Is.Negated && words.Tight(k.Was.Expected) == words.Tight(k.Is.Expected) && words.Tight(k.Was.Subject) == words.Tight(k.Is.Subject):
		j.retargets = append(j.retargets, retarget{base: t, head: h, was: k.Was.Expected, is: k.Is.Expected, pair: k, flipped: true})
	case pairs.Pinned(k.Is) && k.Was.Strength != source.Exists && k.Was.Expected != "" && words.Tight(k.Was.Subject) == words.Tight(k.Is.Subject):
		j.retargets = append(j.retargets, retarget{base: t, head: h, was: k.Was.Expected, is: k.Is.Expected, pair: k})
	case is > was:
		j.loosened(t, h, k)
	case is < was: // it asks for more
	case k.Was.Strength == source.Exact && k.Is.Expected == "" && words.Tight(k.Was.Text) != words.Tight(k.Is.Text) && words.Tight(k.Was.Subject) == words.Tight(k.Is.Subject):
		j.becameName(t, h, k)
	case words.Tight(k.Was.Expected) != words.Tight(k.Is.Expected) && k.Was.Expected != "" && k.Is.Expected != "" && words.Tight(k.Was.Subject) == words.Tight(k.Is.Subject):
		j.retargets = append(j.retargets, retarget{base: t, head: h, was: k.Was.Expected, is: k.Is.Expected, pair: k})
	}
}

// weaker reports what makes an assertion ask for less though its strength is
// the same.
func (j weakening) weaker(t, h *test, k pairs.Paired) bool {
	w, ok := pairs.Weaker(k, h.file.lang)
	if !ok || j.take(k.Was) || covered(j.pairs[t], k.Was) || j.code.SubjectGone(words.Scan(k.Was.Text, t.file.lang)) {
		return false
	}
	level := j.weigh(t, 1+len(j.pairs[t].Added))
	if !w.Sure || !intact(t, h) {
		level = atMostLocator(level)
	}
	if w.Rule == "unordered" && !j.code.Differs {
		level = evidence.Context // nothing lost its order but the test
	}
	j.about(h, k, w.Rule, level, fmt.Sprintf("An assertion of %s %s.", place(h), w.Message))
	return true
}

// loosened judges an assertion that asks for less than before.
func (j weakening) loosened(t, h *test, k pairs.Paired) {
	p := j.pairs[t]
	if j.take(k.Was) || covered(p, k.Was) || j.code.SubjectGone(words.Scan(k.Was.Text, t.file.lang)) {
		return
	}
	added := 0
	for _, a := range p.Added {
		if j.rank(1, a) <= j.rank(0, k.Was) && a.Dead == "" {
			added++
		}
	}
	if added > 0 && len(p.Removed) == 0 { // the exact one stands beside
		return
	}
	level := j.weigh(t, 1+len(p.Added)) // what is new in this test is no reason by itself
	switch {
	case pairs.Slightly(k):
		level = evidence.Context
	case !intact(t, h), k.Is.Strength == source.Snapshot:
		level = atMostLocator(level)
	}
	j.about(h, k, "loosened", level, fmt.Sprintf("An assertion of %s asks for less than before: %s became %s.", place(h), pairs.StrengthName(k.Was), pairs.StrengthName(k.Is)))
}

// weigh gives the level of a weakening, which is lower than a gate where the change has an explanation:
// the task or the author names it, or as many assertions are new beside it.
func (j *judge) weigh(t *test, lost int) evidence.Level {
	level := evidence.Gate
	names := append([]string{t.Name, words.Leaf(t.Name)}, j.subjects(t)...)
	if j.asked.Task == "" {
		for w := range t.words {
			if len(w) > 4 && !words.Common(w) {
				names = append(names, words.Bare(w))
			}
		}
		for w := range strings.FieldsSeq(t.Name) { // "app.del() > is an alias"
			if w = strings.TrimRight(w, "()"); strings.Contains(w, ".") {
				names = append(names, w)
			}
		}
	}
	switch j.asked.AsksFor(asked.Removing, names) {
	case asked.Ordered:
		return evidence.Context
	case asked.Claimed:
		level = evidence.Locator
		if j.asked.Task == "" && j.code.Shrank {
			return evidence.Context // a person took something out, and says what
		}
	case asked.Silent:
	}
	many := j.beside(t) >= lost
	moved := j.asked.AsksFor(asked.Reshaping, append(names, path.Base(t.file.path))) != asked.Silent
	if j.asked.Reverts() || runs.Versioned(t.Skips) || !j.code.Differs && (many || moved && anyFresh(j) >= lost) {
		return evidence.Context
	}
	if many || moved || j.asked.AsksFor(asked.Skipping, names) == asked.Claimed ||
		j.asked.Task == "" && j.code.Shrank && j.asked.Removes() || j.manifests() && j.asked.Upgrades() ||
		j.code.Rewritten(t.file.path) || j.anew(t.file) {
		return evidence.Locator
	}
	return level
}

// anyFresh gives how many assertions and cases are new in the whole change.
func anyFresh(j *judge) int {
	n := 0
	for _, f := range j.fresh {
		n += f.n
	}
	return n
}

// anew reports whether a file of tests was written anew: of half of its tests
// not much is left, and others came in their place.
func (j *judge) anew(f *file) bool {
	all, other, come := 0, 0, 0
	for _, t := range f.tests {
		if t.Helper {
			continue
		}
		all++
		if t.pair == nil || !intact(t, t.pair) {
			other++
		}
	}
	for _, h := range j.head.all() {
		if path.Dir(h.file.path) == path.Dir(f.path) && !h.Helper && (h.pair == nil || !intact(h.pair, h)) {
			come++
		}
	}
	return all > 3 && 2*other > all && 2*come > other
}

// rank gives how much an assertion asks for. One that a function of the
// project makes is as strong as that function; where this cannot be seen it is
// taken to be strong.
func (j *judge) rank(side int, a source.Assertion) int {
	if a.Via == "" {
		return pairs.Rank(a)
	}
	best := 9
	if t := j.helpers[side][words.Last(a.Via)]; t != nil {
		for _, own := range t.Assertions {
			if own.Dead == "" {
				best = min(best, pairs.Rank(own))
			}
		}
	}
	if best == 9 {
		return 0
	}
	return best
}

// weight gives how many assertions one stands for.
func (j *judge) weight(side int, a source.Assertion) int {
	if t := j.helpers[side][words.Last(a.Via)]; a.Via != "" && t != nil {
		return max(1, len(t.Assertions))
	}
	return 1
}

// about reports on an assertion.
func (j *judge) about(h *test, k pairs.Paired, rule string, level evidence.Level, message string) {
	if h.file.class.Generated {
		level = evidence.Context
	}
	j.say(statement{
		rule: rule, level: level, path: h.file.path, lines: k.Is.Range, was: fmt.Sprintf("%s (line %d of the base)", k.Was.Text, k.Was.Start), is: k.Is.Text,
		message: message, paths: []string{h.pair.file.path, h.file.path}, anchor: h.Name,
	})
}

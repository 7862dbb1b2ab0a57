package tamper

import (
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/bodies"
	"muster/internal/check/tamper/pairs"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

var raising = check.Lazy(`\b(?:raise|throw new|throw) [\w.]+`)

// refusals knows what code and author say of calls that are refused.
type refusals struct{ *judge }

// refuses gives how many refusals the code has more than before, where the
// author speaks of what a test calls; else 0.
func (j refusals) refuses(t *test) int {
	if j.asked.Task != "" || !j.asked.SpeaksOf(append(j.subjects(t), calls(t)...)) {
		return 0
	}
	return len(raising.FindAllString(j.code.Texts[1], -1)) - len(raising.FindAllString(j.code.Texts[0], -1))
}

// turned reports whether a test asks for an error where it compared what the
// same call gave, or the other way round, and both the code and the author say so.
func (j refusals) turned(t, h *test, p pairs.Pairing, a source.Assertion) bool {
	switch n := j.refuses(t); {
	case n > 0 && strings.Contains(a.Subject, "("):
		return slices.ContainsFunc(bodies.Refused(bodyOf(h)), func(call string) bool { return bodies.OfCall(a.Subject, call) })
	case n < 0:
		calls := bodies.Refused(bodyOf(t))
		return len(calls) > 0 && (a.Subject == "raises" || bodies.Caught(bodyOf(t), a)) && slices.ContainsFunc(p.Added, func(b source.Assertion) bool {
			return b.Dead == "" && pairs.Rank(b) <= 2 && slices.ContainsFunc(calls, func(call string) bool { return bodies.OfCall(b.Subject, call) })
		})
	}
	return false
}

// refusedCase reports whether a case of a table is one that the code refuses
// now, as the author says: a test that asks for an error anew is given it.
func (j refusals) refusedCase(t *test, c source.Case) bool {
	if j.refuses(t) <= 0 {
		return false
	}
	values := words.Values(words.Scan(c.Text, t.file.lang))
	for _, p := range j.pairs {
		for _, b := range p.Added {
			if b.Subject != "raises" {
				continue
			}
			for _, h := range j.head.all() {
				if h.Holds(b.Start) && len(values) > 1 && words.Contained(values, h.values)*float64(len(values)) >= float64(len(values)-1) {
					return true // all but what it gave
				}
			}
		}
	}
	return false
}

// askedAnew reports whether a test that is new asks for something else about
// the same call, in a change that the author says is about what is called.
func (j refusals) askedAnew(t *test) bool {
	if j.asked.Task != "" || j.asked.KeepsBehaviour() || !j.asked.SpeaksOf(j.subjects(t)) {
		return false
	}
	given := bodies.LiteralCalls(bodyOf(t), j.code.Changed)
	for _, h := range j.head.all() {
		if h.pair != nil || h.Helper || h.file.other != t.file || !slices.ContainsFunc(h.Assertions, pairs.Strong) {
			continue
		}
		if words.Contained(bodies.LiteralCalls(bodyOf(h), j.code.Changed), given) > 0 {
			return true
		}
	}
	return false
}

// idle reports whether as many assertions of a claim were lost as look at
// something that the test does no more: which of several are gone cannot be told.
func idle(t *test, p pairs.Pairing, a source.Assertion, acts map[string]bool) bool {
	claim, lost, free := pairs.ClaimOf(a), 0, 0
	for _, o := range p.Removed {
		if pairs.ClaimOf(o) == claim {
			lost++
		}
	}
	for _, o := range t.Assertions {
		if pairs.ClaimOf(o) == claim && !acted(t, o, acts) {
			free++
		}
	}
	return pairs.Pinned(a) && lost <= free
}

// putInPlace reports whether the function that asserted is gone, asked for
// nothing but that no error comes, and did nothing that the test still does.
func (j refusals) putInPlace(h *test, a source.Assertion) bool {
	helper := j.helpers[0][words.Last(a.Via)]
	if a.Via == "" || helper == nil || helper.pair != nil || len(j.subjects(helper)) > 0 || weakening(j).newFunctions()[words.Last(a.Via)] {
		return false
	}
	return !slices.ContainsFunc(helper.Assertions, func(o source.Assertion) bool { return !pairs.Pinned(o) }) && !bodies.StillDone(bodyOf(helper), h.file.between(h.Start, h.End))
}

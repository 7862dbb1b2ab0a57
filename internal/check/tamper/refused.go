package tamper

import (
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/pairs"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

var raising = check.Lazy(`\b(?:raise|throw new|throw) [\w.]+`)

// refuses gives how many refusals the code has more than before, where the
// author speaks of what a test calls; else 0.
func (j *judge) refuses(t *test) int {
	if j.asked.Task != "" || !j.asked.SpeaksOf(append(j.subjects(t), calls(t)...)) {
		return 0
	}
	return len(raising.FindAllString(j.code.Texts[1], -1)) - len(raising.FindAllString(j.code.Texts[0], -1))
}

// turned reports whether a test asks for an error where it compared what the
// same call gave, or the other way round, and both the code and the author say so.
func (j weakening) turned(t, h *test, p pairs.Pairing, a source.Assertion) bool {
	switch n := j.refuses(t); {
	case n > 0 && strings.Contains(a.Subject, "("):
		return slices.ContainsFunc(refused(h), func(call string) bool { return ofCall(a.Subject, call) })
	case n < 0:
		calls := refused(t)
		return len(calls) > 0 && (a.Subject == "raises" || caught(t, a)) && slices.ContainsFunc(p.Added, func(b source.Assertion) bool {
			return b.Dead == "" && pairs.Rank(b) <= 2 && slices.ContainsFunc(calls, func(call string) bool { return ofCall(b.Subject, call) })
		})
	}
	return false
}

// ofCall reports whether an expression is what a call gives, or a part of it.
func ofCall(expr, call string) bool {
	rest, ok := strings.CutPrefix(words.Tight(expr), call)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// refused gives the calls of which a test asks that they raise an error.
func refused(t *test) []string {
	var out []string
	for n := t.Start + 1; n <= t.End && n <= len(t.file.lines); n++ {
		call := words.Tight(t.file.lines[n-1])
		if strings.HasSuffix(call, ")") && raised(t, source.Assertion{Range: source.Range{Start: n}}) {
			out = append(out, call)
		}
	}
	return out
}

// caught reports whether an assertion looks at an error that a block above
// asked for and named.
func caught(t *test, a source.Assertion) bool {
	for n := a.Start - 1; n > t.Start; n-- {
		text := strings.TrimSpace(t.file.lines[n-1])
		if _, name, ok := strings.Cut(text, " as "); ok && strings.HasPrefix(text, "with ") && strings.Contains(strings.ToLower(text), "raises") {
			return words.Of(words.Scan(a.Text, t.file.lang))[strings.TrimSuffix(name, ":")]
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

// refusedCase reports whether a case of a table is one that the code refuses
// now, as the author says: a test that asks for an error anew is given it.
func (j tables) refusedCase(t *test, c source.Case) bool {
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

var literalCall = check.Lazy("\\b(\\w+)\\((?:[\"'`][^\"'`()]*[\"'`]|-?\\d[\\w.]*)(?:, ?[^()]*)?\\)")

// askedAnew reports whether a test that is new asks for something else about
// the same call, in a change that the author says is about what is called.
func (j losses) askedAnew(t *test) bool {
	if j.asked.Task != "" || j.asked.KeepsBehaviour() || !j.asked.SpeaksOf(j.subjects(t)) {
		return false
	}
	given := map[string]bool{}
	for _, m := range literalCall.FindAllStringSubmatch(t.file.between(t.Start, t.End), -1) {
		if j.code.Changed[m[1]] {
			given[words.Tight(m[0])] = true
		}
	}
	for _, h := range j.head.all() {
		if h.pair != nil || h.Helper || h.file.other != t.file || !slices.ContainsFunc(h.Assertions, pairs.Strong) {
			continue
		}
		for _, m := range literalCall.FindAllString(h.file.between(h.Start, h.End), -1) {
			if given[words.Tight(m)] {
				return true
			}
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

var called = check.Lazy(`[\w.]+\(`)

// putInPlace reports whether the function that asserted is gone, asked for
// nothing but that no error comes, and did nothing that the test still does.
func (j weakening) putInPlace(h *test, a source.Assertion) bool {
	helper := j.helpers[0][words.Last(a.Via)]
	if a.Via == "" || helper == nil || helper.pair != nil || len(j.subjects(helper)) > 0 || j.newFunctions()[words.Last(a.Via)] {
		return false
	}
	return !slices.ContainsFunc(helper.Assertions, func(o source.Assertion) bool { return !pairs.Pinned(o) }) && !stillDone(helper, h.file.between(h.Start, h.End))
}

// stillDone reports whether code does what a function did right before it made
// sure of something.
func stillDone(t *test, code string) bool {
	const before = 2 // lines
	now := called.FindAllString(code, -1)
	for _, a := range t.Assertions {
		for _, call := range called.FindAllString(t.file.between(max(t.Start+1, a.Start-before), a.Start), -1) {
			name := strings.TrimRight(words.Last(strings.TrimSuffix(call, "(")), "f")
			if strings.Contains(call, ".") && !words.Common(name) && name != "Fatal" && name != "exists" && slices.Contains(now, call) {
				return true
			}
		}
	}
	return false
}

package tamper

import (
	"slices"
	"strings"

	"muster/internal/source"
)

// paired is one assertion before and after.
type paired struct {
	was, is source.Assertion
}

// pairing is what became of the assertions of one test.
type pairing struct {
	kept    []paired // the same claim, perhaps somewhere else in the test
	changed []paired // another claim about the same thing
	removed []source.Assertion
	added   []source.Assertion
}

// claimOf names what an assertion claims, without its message and layout.
func claimOf(a source.Assertion) string {
	return strings.Join([]string{string(a.Strength), tight(a.Subject), expected(a), negation(a), condition(a)}, "\x00")
}

// expected gives the value that is expected; all that are empty are one.
func expected(a source.Assertion) string {
	switch v := tight(a.Expected); v {
	case `""`, "0", "[]", "{}", "empty", "0.0":
		return "empty"
	default:
		return v
	}
}

func negation(a source.Assertion) string {
	if a.Negated {
		return "not"
	}
	return ""
}

// condition gives the whole text of assertions that say neither what they look
// at nor what they expect.
func condition(a source.Assertion) string {
	if a.Expected == "" || tolerant.MatchString(a.Text) {
		return core(a.Text)
	}
	return ""
}

// core is the text of an assertion without what it prints when it fails: the
// condition of Go's "if".
func core(text string) string {
	if rest, ok := strings.CutPrefix(text, "if "); ok {
		if i := strings.Index(rest, " {"); i > 0 {
			text = rest[:i]
		}
	} else if rest, ok := strings.CutPrefix(text, "case "); ok {
		text, _, _ = strings.Cut(rest, ":")
	}
	return tight(text)
}

// tight takes the layout out of a piece of code: white space, and which quotes
// its strings have.
func tight(s string) string {
	if !strings.ContainsAny(s, "'`\"") {
		return strings.Join(strings.Fields(s), "")
	}
	var b strings.Builder
	for _, t := range scan(s, source.JavaScript) {
		b.WriteString(t.text)
	}
	return b.String()
}

// pairUp pairs the assertions of a test before and after: first those that
// claim the same, then those about the same thing, in order.
func pairUp(was, is []source.Assertion) pairing {
	var p pairing
	usedOld, usedNew := make([]bool, len(was)), make([]bool, len(is))
	each := func(fit func(a, b source.Assertion) bool, into *[]paired) {
		next := 0
		for i, a := range was {
			if usedOld[i] {
				continue
			}
			// Prefer what comes after the last one that was paired: order says something.
			at := -1
			for k := range is {
				j := (next + k) % len(is)
				if !usedNew[j] && fit(a, is[j]) {
					at = j
					break
				}
			}
			if at >= 0 {
				usedOld[i], usedNew[at], next = true, true, at+1
				*into = append(*into, paired{a, is[at]})
			}
		}
	}
	each(func(a, b source.Assertion) bool { return claimOf(a) == claimOf(b) }, &p.kept)
	subject := func(a source.Assertion) string { return tight(a.Subject) }
	each(func(a, b source.Assertion) bool {
		return subject(a) != "" && subject(a) == subject(b) && a.Strength == b.Strength && a.Negated == b.Negated && tight(a.Expected) == tight(b.Expected)
	}, &p.changed)
	each(func(a, b source.Assertion) bool { return subject(a) != "" && subject(a) == subject(b) }, &p.changed)
	each(func(a, b source.Assertion) bool { return near(a, b) }, &p.changed)
	for i, a := range was {
		if !usedOld[i] {
			p.removed = append(p.removed, a)
		}
	}
	for i, b := range is {
		if !usedNew[i] {
			p.added = append(p.added, b)
		}
	}
	return p
}

// near reports whether two assertions are about the same thing though it is
// written in another way: most of their words are the same, or one looks at a
// part of what the other looks at.
func near(a, b source.Assertion) bool {
	if a.Subject != "" && b.Subject != "" {
		x, y := tight(a.Subject), tight(b.Subject)
		if len(x) > 2 && len(y) > 2 && (within(x, y) || within(y, x)) {
			return true
		}
	}
	return alike(grams(scan(core(a.Text), "")), grams(scan(core(b.Text), ""))) >= 0.6
}

// within reports whether a name occurs in an expression as a whole: x in
// len(x) and in x != nil, not in x.y.
func within(expr, name string) bool {
	for rest := expr; ; {
		i := strings.Index(rest, name)
		if i < 0 {
			return false
		}
		before := i == 0 || !isWordRune(rune(rest[i-1])) && rest[i-1] != '.'
		after := rest[i+len(name):]
		if before && (after == "" || !isWordRune(rune(after[0])) && after[0] != '.' && after[0] != '[') {
			return true
		}
		rest = rest[i+len(name):]
	}
}

// rank orders strengths, 0 the strongest. "Not equal to this" asks for little.
func rank(a source.Assertion) int {
	i := slices.Index([]source.Strength{source.Exact, source.Snapshot, source.Partial, source.Truth, source.Exists, source.Trivial}, a.Strength)
	switch {
	case i == 0 && a.Negated:
		return 2
	case pinned(a):
		return 2
	}
	return i
}

// pinned reports whether an assertion asks for nothing to be there: no error,
// no value.
func pinned(a source.Assertion) bool {
	return a.Strength == source.Exists && !a.Negated && a.Expected == "nil"
}

// strong reports whether an assertion pins a value down.
func strong(a source.Assertion) bool { return a.Dead == "" && rank(a) <= 2 }

// covers reports whether one assertion of the head asks for all that an
// assertion of the base asked for: it compares the whole of which the other
// compares a part.
func covers(whole, part source.Assertion) bool {
	if whole.Strength != source.Exact && whole.Strength != source.Snapshot || whole.Negated || whole.Dead != "" {
		return false
	}
	w, p := tight(whole.Subject), tight(part.Subject)
	if w == p {
		return whole.Strength == source.Exact
	}
	root, _, cut := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(p, "len("), "*"), ".")
	if i := strings.IndexAny(root, "[)("); i > 0 {
		root, cut = root[:i], true
	}
	if cut && root != "" && (w == root || strings.HasPrefix(w, root+".") && strings.HasPrefix(p, w) || within(w, p)) {
		return true
	}
	return w != "" && strings.HasPrefix(p, w) && p != w
}

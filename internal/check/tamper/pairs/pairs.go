// Package pairs pairs the assertions of a test before and after, and tells how
// much an assertion asks for.
package pairs

import (
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

// Paired is one assertion before and after.
type Paired struct {
	Was, Is source.Assertion
}

// Pairing is what became of the assertions of one test.
type Pairing struct {
	Kept    []Paired // the same claim, perhaps somewhere else in the test
	Changed []Paired // another claim about the same thing
	Removed []source.Assertion
	Added   []source.Assertion
}

// ClaimOf names what an assertion claims, without its message and layout.
func ClaimOf(a source.Assertion) string {
	return strings.Join([]string{string(a.Strength), words.Tight(a.Subject), expected(a), negation(a), condition(a)}, "\x00")
}

// expected gives the value that is expected; all that are empty are one.
func expected(a source.Assertion) string {
	switch v := words.Tight(a.Expected); v {
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
	if a.Expected == "" || a.Subject == "raises" || Tolerant.MatchString(a.Text) {
		return Core(a.Text)
	}
	return ""
}

// Core is the text of an assertion without what it prints when it fails: the
// condition of Go's "if".
func Core(text string) string {
	if rest, ok := strings.CutPrefix(text, "if "); ok {
		if i := strings.Index(rest, " {"); i > 0 {
			text = rest[:i]
		}
	} else if rest, ok := strings.CutPrefix(text, "case "); ok {
		text, _, _ = strings.Cut(rest, ":")
	}
	return words.Tight(text)
}

// readied is an assertion with what it is compared by, worked out once.
type readied struct {
	source.Assertion
	claim, subject, expects string
	grams                   map[string]int
	used                    bool
}

func keys(list []source.Assertion) []readied {
	out := make([]readied, len(list))
	for i, a := range list {
		out[i] = readied{Assertion: a, claim: ClaimOf(a), subject: words.Tight(a.Subject), expects: words.Tight(a.Expected)}
	}
	return out
}

// Up pairs the assertions of a test before and after: first those that
// claim the same, then those about the same thing, in order.
func Up(was, is []source.Assertion) Pairing {
	var p Pairing
	before, after := keys(was), keys(is)
	compared := 0
	each := func(fit func(a, b *readied) bool, into *[]Paired) {
		next := 0
		for i := range before {
			a := &before[i]
			if a.used {
				continue
			}
			// Prefer what comes after the last one that was paired: order says something.
			for k := range after {
				at := (next + k) % len(after)
				b := &after[at]
				if compared++; b.used || compared > maxCompared || !fit(a, b) {
					continue
				}
				a.used, b.used, next = true, true, at+1
				*into = append(*into, Paired{a.Assertion, b.Assertion})
				break
			}
		}
	}
	each(func(a, b *readied) bool { return a.claim == b.claim }, &p.Kept)
	each(func(a, b *readied) bool {
		return a.subject != "" && a.subject == b.subject && a.Strength == b.Strength && a.Negated == b.Negated && a.expects == b.expects
	}, &p.Changed)
	each(func(a, b *readied) bool { return a.subject != "" && a.subject == b.subject }, &p.Changed)
	each(near, &p.Changed)
	each(sameRest, &p.Changed)
	for _, a := range before {
		if !a.used {
			p.Removed = append(p.Removed, a.Assertion)
		}
	}
	for _, b := range after {
		if !b.used {
			p.Added = append(p.Added, b.Assertion)
		}
	}
	return p
}

// near reports whether two assertions are about the same thing though it is
// written in another way: most of their words are the same, or one looks at a
// part of what the other looks at.
func near(a, b *readied) bool {
	if len(a.subject) > 2 && len(b.subject) > 2 && (Within(a.subject, b.subject) || Within(b.subject, a.subject)) {
		return true
	}
	if whole, part := a.subject, b.subject; a.Strength != b.Strength && len(whole) > 4 && strings.HasPrefix(part, whole+".") {
		return true // what it gives when it is asked something
	}
	for _, k := range []*readied{a, b} {
		if k.grams == nil {
			k.grams = words.Grams(words.Scan(Core(k.Text), source.JavaScript))
		}
	}
	return words.Alike(a.grams, b.grams) >= 0.6
}

// sameRest reports whether two assertions are the same but for what they look
// at, which may have been given a name.
func sameRest(a, b *readied) bool {
	if a.Strength != b.Strength || a.subject == "" || b.subject == "" {
		return false
	}
	x, y := strings.Replace(Core(a.Text), a.subject, "", 1), strings.Replace(Core(b.Text), b.subject, "", 1)
	return x == y && len(x) > 12
}

// Within reports whether a name occurs in an expression as a whole: x in
// len(x) and in x != nil, not in x.y.
func Within(expr, name string) bool {
	for rest := expr; ; {
		i := strings.Index(rest, name)
		if i < 0 {
			return false
		}
		before := i == 0 || !words.IsRune(rune(rest[i-1])) && rest[i-1] != '.'
		after := rest[i+len(name):]
		if before && (after == "" || !words.IsRune(rune(after[0])) && after[0] != '.' && after[0] != '[') {
			return true
		}
		rest = rest[i+len(name):]
	}
}

var (
	literal   = check.Lazy("\"[^\"]*\"|'[^']*'|`[^`]*`")
	comparing = check.Lazy(`\s(<|>|<=|>=|==|!=|===|!==|in|not in|instanceof|is not|is)\s`)
	anything  = check.Lazy(`\bexpect\.(any|anything|objectContaining|arrayContaining|stringContaining|stringMatching)\(|\bmock\.ANY\b|\bANY\b|\bgomock\.Any\(|\bmock\.Anything\b`)
)

// query matches a look for what has a certain text, in Testing Library: that it
// is found says what it holds.
var query = check.Lazy("\\b(get|find|query)By\\w+\\(.*[\"'`/]")

// Rank orders strengths, 0 the strongest. "Not equal to this" asks for little.
func Rank(a source.Assertion) int {
	i := slices.Index([]source.Strength{source.Exact, source.Snapshot, source.Partial, source.Truth, source.Exists, source.Trivial}, a.Strength)
	switch {
	case i == 0 && a.Negated:
		return 2
	case Pinned(a):
		return 2
	case a.Strength == source.Truth && !a.Negated && IsComparison(a.Subject):
		return 0
	case i == 0 && !strings.Contains(a.Subject, " for ") && comparing.MatchString(literal.ReplaceAllString(a.Subject, "")):
		return 3 // whether something holds, and not what it is
	case i == 0 && anything.MatchString(a.Text), a.Strength == source.Truth && !a.Negated && query.MatchString(a.Subject):
		return 2
	}
	return i
}

// Pinned reports whether an assertion asks for nothing to be there: no error,
// no value.
func Pinned(a source.Assertion) bool {
	return a.Strength == source.Exists && !a.Negated && a.Expected == "nil"
}

// Strong reports whether an assertion pins a value down.
func Strong(a source.Assertion) bool { return a.Dead == "" && Rank(a) <= 2 }

// Covers reports whether one assertion of the head asks for all that an
// assertion of the base asked for: it compares the whole of which the other
// compares a part.
func Covers(whole, part source.Assertion) bool {
	if whole.Strength != source.Exact && whole.Strength != source.Snapshot || whole.Negated || whole.Dead != "" {
		return false
	}
	w, p := words.Tight(whole.Subject), words.Tight(part.Subject)
	if w == p {
		return whole.Strength == source.Exact
	}
	root, _, cut := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(p, "len("), "*"), ".")
	if i := strings.IndexAny(root, "[)("); i > 0 {
		root, cut = root[:i], true
	}
	if cut && root != "" && (w == root || strings.HasPrefix(w, root+".") && strings.HasPrefix(p, w) || Within(w, p)) {
		return true
	}
	return w != "" && p != w && (strings.HasPrefix(p, w) || strings.HasPrefix(p, "len("+w))
}

// Tolerant matches comparisons that allow for a difference.
var Tolerant = check.Lazy(`(?i)delta|epsilon|within|approx|closeTo|almost|tolerance|\babs\b|\brel\b|isclose|allclose`)

// maxCompared bounds the assertions of one test that are compared.
const maxCompared = 1_200_000

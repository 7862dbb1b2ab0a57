package tamper

import (
	"fmt"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/asked"
	"muster/internal/check/tamper/pairs"
	"muster/internal/check/tamper/words"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// retarget is an expected value that changed in a test whose inputs did not.
type retarget struct {
	base, head *test
	was, is    string
	pair       pairs.Paired
	flipped    bool // the same value, now with a not
}

// retargeting judges the expectations that changed.
type retargeting struct{ *judge }

// decide judges the expectations that changed.
func (j retargeting) decide() {
	for _, r := range j.retargets {
		level, why := j.judgeRetarget(r)
		if level == "" {
			continue
		}
		what := fmt.Sprintf("expects %s where the base expected %s", quote(r.is), quote(r.was))
		if r.flipped {
			what = "expects the opposite of what the base expected"
		}
		j.say(statement{
			rule: "retargeted", level: level, path: r.head.file.path, lines: r.pair.Is.Range, was: r.pair.Was.Text, is: r.pair.Is.Text, anchor: r.head.Name,
			paths:   []string{r.base.file.path, r.head.file.path},
			message: fmt.Sprintf("%s %s (line %d there)%s.", place(r.head), what, r.pair.Was.Start, why),
		})
	}
}

// judgeRetarget weighs the evidence for one expectation that changed. An empty
// level means that it is no cause for suspicion.
func (j retargeting) judgeRetarget(r retarget) (evidence.Level, string) {
	lang := r.head.file.lang
	was, is := words.Scan(r.was, lang), words.Scan(r.is, lang)
	if !r.flipped && (!words.AlikeValues(was, is) || words.Tight(r.was) == words.Tight(r.is)) {
		return "", ""
	}
	old, now := words.Difference(r.was, r.is)
	switch {
	case !r.flipped && (j.inputsChanged(r) || elsewhere(r)):
		return "", "" // the test asks about something else
	case !r.flipped && words.Holds(j.code.gained, now) && words.Holds(j.code.dropped, old):
		// The same value changed in the code: a message, a default, an answer.
		if words.IsDigits(now) && j.asked.Task == "" && j.asked.Names(now) == asked.Silent && j.asked.Names(old) == asked.Silent && j.beside(r.head) == 0 &&
			!j.asked.SpeaksOf(append(j.subjects(r.base), calls(r.base)...)) {
			return evidence.Locator, ", as the code does now, and nothing says why"
		}
		return "", ""
	case !r.flipped && (j.inCode(r) || j.worded(r) || j.sameText(r)):
		return "", ""
	case !r.flipped && (j.asked.Names(now) == asked.Ordered || j.asked.Names(r.is) == asked.Ordered):
		return "", ""
	}
	level, why := evidence.Gate, ", and the code changed"
	if !j.code.differs {
		level, why = evidence.Locator, ", and no code changed"
	}
	if !r.flipped && j.claims(old, now, r.is) {
		level = evidence.Context
	}
	if j.beside(r.head) > 0 || j.repeated(r) {
		level = evidence.Context
	}
	if j.asked.Task == "" && j.asked.SpeaksOf(append(j.subjects(r.base), calls(r.base)...)) || j.asked.Reverts() || j.code.rewritten(r.base.file.path) || j.manifests() || printed(r) {
		level = atMostLocator(level)
	}
	return level, why
}

var digest = check.Lazy(`[0-9a-f]{32,}`)

// printed reports whether nobody writes such a value by hand: digests of
// another length, as another algorithm gives, or pages of output.
func printed(r retarget) bool {
	const page = 600
	a, b := digest.FindString(r.was), digest.FindString(r.is)
	return a != "" && b != "" && len(a) != len(b) || len(r.was) > page && len(r.is) > page
}

// claims reports whether the author names what is new in a value.
func (j *judge) claims(old, now, whole string) bool {
	if j.asked.Names(now) == asked.Claimed || j.asked.Names(whole) == asked.Claimed {
		return true
	}
	for _, w := range strings.FieldsFunc(now, func(r rune) bool { return !words.IsRune(r) }) {
		if len(w) > 3 && !words.Mentions(old, w) && words.Mentions(j.asked.Claim, w) {
			return true
		}
	}
	return false
}

// elsewhere reports whether the value is a name that changed in the rest of
// the test's file as well.
func elsewhere(r retarget) bool {
	was, is := words.Bare(r.was), words.Bare(r.is)
	if renamedIn(r) {
		return true
	}
	return len(was) > 4 && len(is) > 4 && strings.Count(strings.Join(r.base.file.lines, "\n"), was) > 1 &&
		strings.Count(strings.Join(r.head.file.lines, "\n"), is) > 1 && !strings.Contains(strings.Join(r.head.file.lines, "\n"), was)
}

// renamedIn reports whether what differs is a name that the test gave as an
// input too, and that all of it calls otherwise now.
func renamedIn(r retarget) bool {
	old, now := words.Difference(r.was, r.is)
	for _, w := range strings.FieldsFunc(old, func(c rune) bool { return !words.IsRune(c) }) {
		if words.Mentions(now, w) || words.IsDigits(w) {
			continue
		}
		was, is := r.base.file.between(r.base.Start, r.base.End), r.head.file.between(r.head.Start, r.head.End)
		return len(w) > 2 && strings.Count(was, w) > 1 && !strings.Contains(is, w)
	}
	return false
}

// inCode reports whether the value stands in the code itself, as the value
// before did: a test that reads the project's own files.
func (j retargeting) inCode(r retarget) bool {
	join := func(v string) string {
		var b strings.Builder
		for _, t := range words.Scan(words.Bare(v), r.head.file.lang) {
			b.WriteString(t.Text)
			b.WriteByte(' ')
		}
		return b.String()
	}
	if !strings.ContainsAny(r.is, "\"'`") {
		return false
	}
	was, is := join(r.was), join(r.is)
	return len(is) > 12 && strings.Contains(j.code.texts[1], is) && strings.Contains(j.code.texts[0], was)
}

// worded reports whether a text is one that the code is worded with now, as
// the text before was one that it was worded with: the same but for numbers and
// what is filled in.
func (j retargeting) worded(r retarget) bool {
	was, is := words.Skeleton(words.Bare(r.was)), words.Skeleton(words.Bare(r.is))
	if was == is || len(is) < 6 || len(was) < 6 {
		return false
	}
	in := func(set map[string]bool, text string) bool {
		for v := range set {
			if len(v) < 4096 && strings.Contains(words.Skeleton(v), text) {
				return true
			}
		}
		return false
	}
	return in(j.code.gained, is) && in(j.code.dropped, was)
}

// sameText reports whether the text that differs is, as a whole, one that the
// code has anew, and the text before one that it has no more.
func (j retargeting) sameText(r retarget) bool {
	if !strings.ContainsAny(r.is, "\"'`") {
		return false
	}
	was, is := words.Bare(r.was), words.Bare(r.is)
	if j.code.gained[is] && j.code.dropped[was] {
		return true
	}
	start, end := 0, 0
	for start < min(len(was), len(is)) && was[start] == is[start] {
		start++
	}
	for end < min(len(was), len(is))-start && was[len(was)-1-end] == is[len(is)-1-end] {
		end++
	}
	old, now := was[start:len(was)-end], is[start:len(is)-end]
	return !words.IsDigits(now) && j.code.gained[now] && j.code.dropped[old]
}

// repeated reports whether the same part of a text changed in three
// expectations or more: a format changed, and not one result.
func (j retargeting) repeated(r retarget) bool {
	old, now := words.Difference(r.was, r.is)
	if words.IsDigits(old) && words.IsDigits(now) || r.flipped || isValueWord(old) {
		return false
	}
	n := 0
	for _, other := range j.retargets {
		a, b := words.Difference(other.was, other.is)
		if a == old && b == now {
			n++
		}
	}
	return n >= 3
}

func isValueWord(s string) bool { return words.IsValue(words.Token{Kind: words.Word, Text: s}) }

// manifests reports whether the versions of dependencies changed.
func (j *judge) manifests() bool {
	for _, f := range j.head.rest {
		if f.class.Manifest || f.class.Lockfile {
			return true
		}
	}
	return false
}

// inputsChanged reports whether the test does something else than before:
// outside of its assertions another value stands there.
func (j retargeting) inputsChanged(r retarget) bool {
	if r.base.Cases != nil && r.pair.Was.Subject == "" {
		return false // a case was compared as a whole
	}
	was, is := inputs(r.base), inputs(r.head)
	if len(was) != len(is) {
		return true
	}
	for v := range was {
		if !is[v] {
			return true
		}
	}
	return false
}

// inputs gives the values of a test outside of its assertions and tables.
func inputs(t *test) map[string]bool {
	skip := assertionLines(t)
	var b strings.Builder
	for n := t.Start; n <= t.End && n <= len(t.file.lines); n++ {
		if !skip[n] {
			b.WriteString(t.file.lines[n-1])
			b.WriteByte('\n')
		}
	}
	return words.Values(words.Scan(b.String(), t.file.lang))
}

// assertionLines gives the lines that hold a test's assertions, tables and
// subtests, which are tests of their own.
func assertionLines(t *test) map[int]bool {
	out := map[int]bool{}
	note := func(r source.Range) {
		for n := r.Start; n <= r.End; n++ {
			out[n] = true
		}
	}
	for _, a := range t.Assertions {
		note(a.Range)
	}
	for _, c := range t.Cases {
		note(c.Range)
	}
	for _, other := range t.file.tests {
		if other != t && t.Start <= other.Start && other.End <= t.End {
			note(other.Range)
		}
	}
	return out
}

package tamper

import (
	"fmt"
	"slices"
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
	if !r.flipped && (!words.AlikeValues(was, is) && !words.Reordered(was, is) || words.Tight(r.was) == words.Tight(r.is)) {
		return "", ""
	}
	if !r.flipped && (pairs.Nearly(r.pair) || !j.code.Differs && words.Bare(r.was) == "") { // it asked for no text
		return "", ""
	}
	if !r.flipped && words.Reordered(was, is) && (!j.code.Differs || unordered.MatchString(r.pair.Is.Text)) {
		return "", "" // the order says nothing there
	}
	old, now := words.Difference(r.was, r.is)
	switch {
	case !r.flipped && (j.inputsChanged(r) || j.elsewhere(r)):
		return "", "" // the test asks about something else
	case !r.flipped && words.Holds(j.code.Gained, now) && words.Holds(j.code.Dropped, old):
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
	if !j.code.Differs {
		level, why = evidence.Locator, ", and no code changed"
	}
	speaks := j.asked.Task == "" && j.asked.SpeaksOf(append(j.subjects(r.base), calls(r.base)...))
	if !r.flipped && (j.claims(old, now, r.is) || speaks && (j.claimedBeside(r) || printed(r))) || r.flipped && speaks && j.saysOpposite(r) {
		level = evidence.Context
	}
	if j.beside(r.head) > 0 || j.repeated(r) {
		level = evidence.Context
	}
	if speaks || renamedFor(r) || j.asked.Reverts() || j.code.Rewritten(r.base.file.path) || j.manifests() || printed(r) {
		level = atMostLocator(level)
	}
	return level, why
}

var unordered = check.Lazy(`(?i)ElementsMatch|ConsistOf|sameMembers|have\.members|assertCountEqual|assertItemsEqual|\bset\(|\bsorted\(|Counter\(|arrayContaining|toSorted|\.sort\(|unordered`)

var digest = check.Lazy(`[0-9a-f]{32,}`)

// printed reports whether nobody writes such a value by hand: digests of
// another length, as another algorithm gives, or pages of output.
func printed(r retarget) bool {
	const page = 600
	a, b := digest.FindString(r.was), digest.FindString(r.is)
	return a != "" && b != "" && len(a) != len(b) || len(r.was) > page && len(r.is) > page
}

// claimedBeside reports whether the author names what another case of the same
// test, or another assertion of it, expects now: one example stands for all.
func (j retargeting) claimedBeside(r retarget) bool {
	return slices.ContainsFunc(j.retargets, func(o retarget) bool {
		if o.head != r.head || o.flipped || len(o.is) < 5 {
			return false
		}
		return j.asked.Names(o.is) == asked.Claimed && j.asked.Names(o.was) == asked.Claimed
	})
}

// renamedFor reports whether the test has another name, which says what it
// expects now, where the opposite of what it expected is asked for.
func renamedFor(r retarget) bool {
	return r.flipped && words.Leaf(r.base.Name) != words.Leaf(r.head.Name)
}

var failureWord = check.Lazy(`(?i)\b\w*(panic|throw|rais|reject|error|fail)\w*`)

// saysOpposite reports whether the author speaks of what an assertion is about
// that expects the opposite now: that something panics, or fails.
func (j retargeting) saysOpposite(r retarget) bool {
	m := failureWord.FindStringSubmatch(r.pair.Was.Text)
	return m != nil && strings.Contains(strings.ToLower(j.asked.Claim), strings.ToLower(m[1]))
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
// the test's file as well, and not only where the same is expected.
func (j retargeting) elsewhere(r retarget) bool {
	was, is := words.Bare(r.was), words.Bare(r.is)
	expected := j.expecting(r)
	if renamedIn(r, expected) {
		return true
	}
	if len(was) <= 4 || len(is) <= 4 || strings.Contains(strings.Join(r.head.file.lines, "\n"), was) {
		return false
	}
	return mentioned(r.base.file, was, expected[0]) && mentioned(r.head.file, is, expected[1])
}

// expecting gives the lines of the base's and the head's file on which the
// same value is expected, and became the same.
func (j retargeting) expecting(r retarget) [2]map[int]bool {
	expected := [2]map[int]bool{{}, {}}
	for _, other := range j.retargets {
		if other.base.file != r.base.file || other.head.file != r.head.file || other.was != r.was || other.is != r.is {
			continue
		}
		for i, at := range []source.Range{other.pair.Was.Range, other.pair.Is.Range} {
			for n := at.Start; n <= at.End; n++ {
				expected[i][n] = true
			}
		}
	}
	return expected
}

// mentioned reports whether a text stands in a file outside of some lines.
func mentioned(f *file, text string, but map[int]bool) bool {
	for i, line := range f.lines {
		if !but[i+1] && strings.Contains(line, text) {
			return true
		}
	}
	return false
}

// renamedIn reports whether what differs is a name that the test gave as an
// input too, and that all of it calls otherwise now. expected are the lines of
// base and head that expect it.
func renamedIn(r retarget, expected [2]map[int]bool) bool {
	old, now := words.Difference(r.was, r.is)
	for _, w := range strings.FieldsFunc(old, func(c rune) bool { return !words.IsRune(c) }) {
		if words.Mentions(now, w) || words.IsDigits(w) {
			continue
		}
		if len(w) <= 2 || strings.Contains(r.head.file.between(r.head.Start, r.head.End), w) {
			return false
		}
		for n := r.base.Start; n <= r.base.End && n <= len(r.base.file.lines); n++ {
			if !expected[0][n] && strings.Contains(r.base.file.lines[n-1], w) {
				return true
			}
		}
		return strings.Count(r.pair.Was.Text, w) > 1 && !strings.Contains(r.pair.Is.Text, w) // in the assertion itself
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
	return len(is) > 12 && strings.Contains(j.code.Texts[1], is) && strings.Contains(j.code.Texts[0], was)
}

// worded reports whether a text is one that the code is worded with now, as
// the text before was one that it was worded with: the same but for numbers and
// what is filled in.
func (j retargeting) worded(r retarget) bool {
	lang := r.head.file.lang
	before, after := words.InOrder(words.Scan(r.was, lang)), words.InOrder(words.Scan(r.is, lang))
	if len(before) < 2 || len(before) != len(after) {
		return j.wordedText(r.was, r.is)
	}
	for i := range before { // a list or an object: each text in it
		if before[i] != after[i] && !j.wordedText(before[i], after[i]) {
			return j.wordedText(r.was, r.is)
		}
	}
	return true
}

func (j retargeting) wordedText(was, is string) bool {
	was, is = words.Unquoted(was), words.Unquoted(is)
	for v := range j.code.Gained {
		if len(v) >= maxWording || !words.Fits(words.Skeleton(v), words.Skeleton(is)) {
			continue
		}
		for old := range j.code.Dropped {
			if len(old) < maxWording && words.Skeleton(old) != words.Skeleton(v) && words.Fits(words.Skeleton(old), words.Skeleton(was)) {
				return true
			}
			if old != v && words.QuotedOnly(was, is) && words.Skeleton(old) == words.Skeleton(v) && words.Fits(words.Skeleton(v), words.Skeleton(was)) {
				return true // %q for %s
			}
		}
	}
	return false
}

// maxWording bounds the text of the code that an expectation is held against.
const maxWording = 4096

// sameText reports whether the text that differs is, as a whole, one that the
// code has anew, and the text before one that it has no more.
func (j retargeting) sameText(r retarget) bool {
	if !strings.ContainsAny(r.is, "\"'`") {
		return false
	}
	was, is := words.Bare(r.was), words.Bare(r.is)
	if j.code.Gained[is] && j.code.Dropped[was] {
		return true
	}
	old, now := words.Edit(was, is)
	return !words.IsDigits(now) && j.code.Gained[now] && j.code.Dropped[old]
}

// repeated reports whether the same part of a text changed in three
// expectations or more: a format changed, and not one result.
func (j retargeting) repeated(r retarget) bool {
	old, now := words.Difference(r.was, r.is)
	if words.IsDigits(old) && words.IsDigits(now) || r.flipped || isValueWord(old) {
		return false
	}
	x, y := words.Edit(r.was, r.is)
	marks := strings.IndexFunc(x+y, words.IsRune) < 0 // a comma, a space
	n := 0
	for _, other := range j.retargets {
		a, b := words.Difference(other.was, other.is)
		c, d := words.Edit(other.was, other.is)
		if a == old && b == now || marks && c == x && d == y {
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

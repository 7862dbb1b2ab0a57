package tamper

import (
	"fmt"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/asked"
	"muster/internal/check/tamper/cases"
	"muster/internal/check/tamper/pairs"
	"muster/internal/check/tamper/words"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// moved is an input of a test that changed: the test asks the same of
// something else than before.
type moved struct {
	base, head *test
	was, is    string   // lines, or the entry of a table
	old, now   []string // one for one
	at         source.Range
	member     bool // something else is looked at
}

// what says what the test is given, or looks at.
func (m moved) what() string {
	is, was := quote(strings.Join(m.now, ", ")), quote(strings.Join(m.old, ", "))
	if m.member {
		return "looks at " + is + " where the base looked at " + was
	}
	return "is given " + is + " where the base gave it " + was
}

// maxMoved is how many inputs may change before it is a rewriting, and no
// evasion.
const maxMoved = 4

// moving finds inputs that change together with the code.
type moving struct{ *judge }

// inputs judges inputs of tests that changed together with the code: a case
// that the code no longer gets right may have been exchanged for one that it
// does. It points only, and only where nothing speaks of the change.
func (j moving) inputs() {
	if !j.code.Differs || len(j.movedInputs) > maxMoved || j.manifests() || j.asked.Reverts() {
		return
	}
	for _, m := range j.movedInputs {
		if j.movedFor(m) || j.said("retargeted", m.head.file.path, m.at.Start) {
			continue
		}
		j.say(statement{
			rule: "input_moved", level: evidence.Locator, path: m.head.file.path, lines: m.at, was: m.was, is: m.is, anchor: m.head.Name,
			paths:   []string{m.base.file.path, m.head.file.path},
			message: fmt.Sprintf("%s %s, and the code that it tests changed.", place(m.head), m.what()),
		})
	}
}

// movedFor reports whether there is a reason for an input that changed.
func (j moving) movedFor(m moved) bool {
	if j.beside(m.head) > 0 || j.namesCode() || len(j.subjects(m.base)) == 0 && !m.member || j.code.Rewritten(m.base.file.path) || j.code.SubjectGone(m.base.tokens) {
		return true
	}
	for i, now := range m.now {
		a, b := words.Difference(m.old[i], now)
		if words.IsDigits(b) && b != "" && (j.code.Gained[b] && j.code.Dropped[a] || j.code.Gained[a] && j.code.Dropped[b]) {
			return true // the code has the one for the other
		}
		if words.Holds(j.code.Gained, b) || words.Holds(j.code.Dropped, a) || len(b) > 1 && j.asked.Names(b) > 0 || j.claims(a, b, now) {
			return true
		}
	}
	if m.head.Name != m.base.Name {
		for _, w := range wordsIn(m.head.Name) {
			if words.Mentions(j.asked.Claim, w) && !words.Mentions(asked.Spaced(m.base.Name), w) {
				return true // the test says what is asked now, and so does the author
			}
		}
	}
	if j.asked.KeepsBehaviour() {
		return false
	}
	names := append(j.subjects(m.base), calls(m.base)...)
	return j.asked.Task == "" && (j.asked.SpeaksOf(names) || j.asked.SpeaksOf(wordsIn(m.base.Name)))
}

// wordsIn gives the words of a test's name that say something.
func wordsIn(name string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(asked.Spaced(name), func(r rune) bool { return !words.IsRune(r) }) {
		if len(w) > 3 && w != "test" && w != "tests" && w != "returns" && w != "should" && w != "when" && w != "with" {
			out = append(out, w)
		}
	}
	return out
}

// moves notes the inputs of a test that changed.
func (j moving) moves(t, h *test, p pairs.Pairing) {
	if t.Helper {
		return
	}
	for _, k := range p.Changed {
		if words.Tight(k.Was.Expected) == words.Tight(k.Is.Expected) && k.Was.Strength == k.Is.Strength || words.Tight(k.Was.Subject) != words.Tight(k.Is.Subject) {
			j.moveOf(t, h, [2]string{k.Was.Text, k.Is.Text}, k.Is.Range)
			j.memberOf(t, h, k)
		}
	}
	for _, k := range p.Kept {
		if pairs.Core(k.Was.Text) != pairs.Core(k.Is.Text) {
			j.moveOf(t, h, [2]string{k.Was.Text, k.Is.Text}, k.Is.Range)
		}
	}
	changed, _, added := cases.Pair(t.Cases, h.Cases, t.file.lang)
	for _, c := range changed {
		if _, _, ok := cases.Expectation(c, t.file.lang); !ok && len(added) == 0 {
			j.moveOf(t, h, [2]string{c.Was.Text, c.Is.Text}, c.Is.Range)
		}
	}
	has, had := lineSet(h), lineSet(t)
	skip, free := assertionLines(h), unpaired(t, has)
	for n := h.Start + 1; n <= h.End && n <= len(h.file.lines); n++ {
		text := strings.TrimSpace(h.file.lines[n-1])
		if skip[n] || had[words.Tight(text)] || counting.MatchString(text) {
			continue
		}
		for i, old := range free {
			if words.Shape(old, t.file.lang) == words.Shape(text, h.file.lang) {
				free = slices.Delete(free, i, i+1)
				j.moveOf(t, h, [2]string{old, text}, source.Range{Start: n, End: n})
				break
			}
		}
	}
}

// memberOf notes an assertion that asks the same of another member, of another
// object while the test has both, or of another function than the one that changed.
func (j moving) memberOf(t, h *test, k pairs.Paired) {
	a, b := words.Scan(k.Was.Text, t.file.lang), words.Scan(k.Is.Text, h.file.lang)
	if len(a) != len(b) {
		return
	}
	at := -1
	for i := range a {
		if a[i] == b[i] {
			continue
		}
		if at >= 0 || a[i].Kind != words.Word || b[i].Kind != words.Word {
			return
		}
		at = i
	}
	if at < 0 || j.code.Gone[a[at].Text] {
		return
	}
	called := at+1 < len(a) && a[at+1].Text == "("
	switch member := at > 0 && a[at-1].Text == "."; {
	case called: // another function, while the one that changed is still there
		if !j.code.Changed[a[at].Text] || !j.code.Defined[a[at].Text] || j.code.Changed[b[at].Text] || !j.code.Defined[b[at].Text] {
			return
		}
	case member:
		if j.code.Defined[b[at].Text] || j.code.GainedWords[b[at].Text] {
			return
		}
	case words.IsValue(a[at]) || words.IsValue(b[at]) || !t.words[b[at].Text] || !h.words[a[at].Text]:
		return // a name that is new, or is gone, is another name for the same
	}
	j.movedInputs = append(j.movedInputs, moved{base: t, head: h, was: k.Was.Text, is: k.Is.Text, old: []string{a[at].Text}, now: []string{b[at].Text}, at: k.Is.Range, member: true})
}

// counting matches lines that say how many assertions there are.
var counting = check.Lazy(`\bplan\(|\bexpect\.assertions\(`)

// unpaired gives the lines of a test that the head does not have.
func unpaired(t *test, has map[string]bool) []string {
	var out []string
	skip := assertionLines(t)
	for n := t.Start + 1; n <= t.End && n <= len(t.file.lines); n++ {
		text := strings.TrimSpace(t.file.lines[n-1])
		if text != "" && !skip[n] && !has[words.Tight(text)] && len(out) < 50 {
			out = append(out, text)
		}
	}
	return out
}

// moveOf notes an input when nothing but values differs.
func (j moving) moveOf(t, h *test, texts [2]string, at source.Range) {
	lang := t.file.lang
	a, b := words.Scan(texts[0], lang), words.Scan(texts[1], lang)
	if words.Shape(texts[0], lang) != words.Shape(texts[1], lang) {
		return
	}
	m := moved{base: t, head: h, was: texts[0], is: texts[1], at: at}
	before, after := words.InOrder(a), words.InOrder(b)
	for i, v := range before {
		if i < len(after) && after[i] != v {
			m.old, m.now = append(m.old, v), append(m.now, after[i])
		}
	}
	if len(m.old) > 0 && !named1(t, m.old) {
		j.movedInputs = append(j.movedInputs, m)
	}
}

// named1 reports whether the only value that changed is what names a case.
func named1(t *test, old []string) bool {
	return len(old) == 1 && slices.ContainsFunc(t.Cases, func(c source.Case) bool { return c.Name == words.Bare(old[0]) })
}

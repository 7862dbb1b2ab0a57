package tamper

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"muster/internal/core/evidence"
	"muster/internal/source"
)

// retarget is an expected value that changed in a test whose inputs did not.
type retarget struct {
	base, head *test
	was, is    string
	pair       paired
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
			rule: "retargeted", level: level, path: r.head.file.path, lines: r.pair.is.Range, was: r.pair.was.Text, is: r.pair.is.Text, anchor: r.head.Name,
			paths:   []string{r.base.file.path, r.head.file.path},
			message: fmt.Sprintf("%s %s (line %d there)%s.", place(r.head), what, r.pair.was.Start, why),
		})
	}
}

// judgeRetarget weighs the evidence for one expectation that changed. An empty
// level means that it is no cause for suspicion.
func (j retargeting) judgeRetarget(r retarget) (evidence.Level, string) {
	lang := r.head.file.lang
	was, is := scan(r.was, lang), scan(r.is, lang)
	if !r.flipped && (!alikeValues(was, is) || tight(r.was) == tight(r.is)) {
		return "", ""
	}
	old, now := difference(r.was, r.is)
	switch {
	case !r.flipped && (j.inputsChanged(r) || elsewhere(r)):
		return "", "" // the test asks about something else
	case !r.flipped && holds(j.code.gained, now) && holds(j.code.dropped, old):
		// The same value changed in the code: a message, a default, an answer.
		if isDigits(now) && j.asked.task == "" && j.asked.names(now) == silent && j.asked.names(old) == silent && j.beside(r.head) == 0 &&
			!j.asked.speaksOf(append(j.subjects(r.base), calls(r.base)...)) {
			return evidence.Locator, ", as the code does now, and nothing says why"
		}
		return "", ""
	case !r.flipped && j.inCode(r):
		return "", ""
	case !r.flipped && (j.asked.names(now) == ordered || j.asked.names(r.is) == ordered):
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
	if j.asked.task == "" && j.asked.speaksOf(append(j.subjects(r.base), calls(r.base)...)) || j.asked.reverts() || j.code.rewritten(r.base.file.path) || j.manifests() {
		level = atMostLocator(level)
	}
	return level, why
}

// claims reports whether the author names what is new in a value.
func (j *judge) claims(old, now, whole string) bool {
	if j.asked.names(now) == claimed || j.asked.names(whole) == claimed {
		return true
	}
	for _, w := range strings.FieldsFunc(now, func(r rune) bool { return !isWordRune(r) }) {
		if len(w) > 3 && !mentions(old, w) && mentions(j.asked.claim, w) {
			return true
		}
	}
	return false
}

// elsewhere reports whether the value is a name that changed in the rest of
// the test's file as well.
func elsewhere(r retarget) bool {
	was, is := bare(r.was), bare(r.is)
	return len(was) > 4 && len(is) > 4 && strings.Count(strings.Join(r.base.file.lines, "\n"), was) > 1 &&
		strings.Count(strings.Join(r.head.file.lines, "\n"), is) > 1 && !strings.Contains(strings.Join(r.head.file.lines, "\n"), was)
}

// inCode reports whether the value stands in the code itself, as the value
// before did: a test that reads the project's own files.
func (j retargeting) inCode(r retarget) bool {
	join := func(v string) string {
		var b strings.Builder
		for _, t := range scan(bare(v), r.head.file.lang) {
			b.WriteString(t.text)
			b.WriteByte(' ')
		}
		return b.String()
	}
	was, is := join(r.was), join(r.is)
	return len(is) > 12 && strings.Contains(j.code.texts[1], is) && strings.Contains(j.code.texts[0], was)
}

// repeated reports whether the same part of a text changed in three
// expectations or more: a format changed, and not one result.
func (j retargeting) repeated(r retarget) bool {
	old, now := difference(r.was, r.is)
	if isDigits(old) && isDigits(now) || r.flipped || isValueWord(old) {
		return false
	}
	n := 0
	for _, other := range j.retargets {
		a, b := difference(other.was, other.is)
		if a == old && b == now {
			n++
		}
	}
	return n >= 3
}

func isValueWord(s string) bool { return isValue(token{word, s}) }

// manifests reports whether the versions of dependencies changed.
func (j *judge) manifests() bool {
	for _, f := range j.head.rest {
		if f.class.Manifest || f.class.Lockfile {
			return true
		}
	}
	return false
}

// alikeValues reports whether two texts are values of one sort, in which
// nothing but numbers, strings and the like differs.
func alikeValues(a, b []token) bool {
	a, b = signed(a), signed(b)
	if x, y := qualified(a), qualified(b); len(x) != len(a) && len(y) != len(b) {
		a, b = x, y // http.StatusOK, time.Second: values where both sides have one
	}
	if len(a) == 1 && len(b) == 1 {
		return isValue(a[0]) && isValue(b[0])
	}
	if slices.Equal(literals(a), literals(b)) || named(b, a) {
		return false
	}
	if len(a) != len(b) {
		return isComposite(a) && isComposite(b)
	}
	for i := range a {
		if a[i] != b[i] && (!isValue(a[i]) || !isValue(b[i])) {
			return isComposite(a) && isComposite(b)
		}
	}
	return true
}

// signed makes one token of a number and the sign before it.
func signed(tokens []token) []token {
	var out []token
	for i, t := range tokens {
		last := len(out) - 1
		if t.kind == number && last >= 0 && (out[last].text == "-" || out[last].text == "+") && (i == 1 || out[last].kind == mark && last >= 1 && out[last-1].kind == mark && out[last-1].text != ")" && out[last-1].text != "]") {
			out[last] = token{number, out[last].text + t.text}
			continue
		}
		out = append(out, t)
	}
	return out
}

// qualified makes one token, a value, of each name of another package or
// class: time.Second, Color.RED.
func qualified(tokens []token) []token {
	var out []token
	for i := 0; i < len(tokens); i++ {
		if i+2 < len(tokens) && tokens[i].kind == word && tokens[i+1].text == "." && tokens[i+2].kind == word &&
			(i+3 == len(tokens) || tokens[i+3].text != "(" && tokens[i+3].text != "." && tokens[i+3].text != "{") && unicode.IsUpper([]rune(tokens[i+2].text)[0]) {
			out = append(out, token{text, tokens[i].text + "." + tokens[i+2].text})
			i += 2
			continue
		}
		out = append(out, tokens[i])
	}
	return out
}

func literals(tokens []token) []string {
	var out []string
	for _, t := range tokens {
		if isValue(t) {
			out = append(out, t.text)
		}
	}
	slices.Sort(out)
	return out
}

// isComposite reports whether every word of a value that is not a name of a
// field or a type is a literal.
func isComposite(tokens []token) bool {
	return slices.ContainsFunc(tokens, func(t token) bool { return t.kind == mark && (t.text == "{" || t.text == "[") })
}

// named reports whether a value holds a name, other than of a field, that
// another one does not hold: a literal became a constant, perhaps of the same
// value.
func named(b, a []token) bool {
	had := wordsOf(a)
	for i, t := range b {
		key := i+1 < len(b) && b[i+1].text == ":"
		if t.kind == word && !key && !had[t.text] && !isValue(t) {
			return true
		}
	}
	return false
}

// difference gives the parts of two values that differ, as whole words.
func difference(a, b string) (string, string) {
	a, b = bare(strings.TrimSpace(a)), bare(strings.TrimSpace(b))
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	for start > 0 && isWordish(a[start-1]) {
		start--
	}
	endA, endB := len(a), len(b)
	for endA > start && endB > start && a[endA-1] == b[endB-1] {
		endA, endB = endA-1, endB-1
	}
	for endA < len(a) && isWordish(a[endA]) {
		endA, endB = endA+1, endB+1
	}
	return strings.TrimSpace(a[start:endA]), strings.TrimSpace(b[start:endB])
}

func isWordish(c byte) bool {
	return c == '_' || c == '.' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// holds reports whether a value is in a set, or a part of a string in it.
func holds(set map[string]bool, part string) bool {
	if part == "" || len(part) == 1 && isDigits(part) {
		return false // 0 and 1 are everywhere
	}
	if set[part] {
		return true
	}
	if len(part) < 3 {
		return false
	}
	for v := range set {
		if len(v) < 4096 && mentions(v, part) {
			return true
		}
	}
	return false
}

// inputsChanged reports whether the test does something else than before:
// outside of its assertions another value stands there.
func (j retargeting) inputsChanged(r retarget) bool {
	if r.base.Cases != nil && r.pair.was.Subject == "" {
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
	return valuesOf(scan(b.String(), t.file.lang))
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

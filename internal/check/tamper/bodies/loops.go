package bodies

import (
	"slices"
	"strconv"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/words"
)

var looping = check.Lazy(`^(for\b|async for\b|while\b)|\.each\(|\.forEach\(|\bfor \(|^return\b.*(list|rows|cases|\bload|read|parse|csv|json|samples)|\bparametrize\(|subTest|\bfixture\(.*params ?=|\.filter\(`)

// loops finds loops over cases, and functions that give cases, that leave out
// some of what they went through.
func (c *comparison) loops() {
	l := narrowed{c}
	gone, fresh := l.more(c.was, c.is), l.more(c.is, c.was)
	for _, is := range fresh {
		if !slices.ContainsFunc(gone, func(was line) bool { return l.header(was, is) }) && len(gone) == 1 && len(fresh) == 1 {
			l.counted(gone[0], is)
		}
	}
	l.assigned()
	l.ended()
}

// narrowed finds what goes through fewer cases than before.
type narrowed struct{ *comparison }

func (c narrowed) loopsOf(lines []line) []line {
	return slices.DeleteFunc(lines, func(l line) bool { return !looping.MatchString(l.text) })
}

// more gives the loops of one body that stand in it more often than in another.
func (c narrowed) more(body, other []line) []line {
	n := map[string]int{}
	for _, l := range other {
		n[l.tight]++
	}
	var out []line
	for _, l := range body {
		if n[l.tight]--; n[l.tight] < 0 && looping.MatchString(l.text) {
			out = append(out, l)
		}
	}
	return out
}

// header holds a loop against one of the base, and reports whether it is that
// one with fewer cases.
func (c narrowed) header(old, l line) bool {
	a, b := words.Scan(old.text, c.before.Lang), words.Scan(l.text, c.after.Lang)
	switch rest, ok := inserted(a, b); {
	case ok && narrowing(rest):
		c.say("cases_lost", true, l, "goes through some of its cases only: "+quote(l.text)+" was "+quote(old.text))
	case fewer(a, b):
		c.say("cases_lost", true, l, "goes through fewer values than before: "+quote(l.text)+" was "+quote(old.text))
	default:
		was, is, ok := counts(a, b)
		if !ok || 2*is > was {
			return false
		}
		c.say("cases_lost", is <= 1, l, "goes through fewer rounds than before: "+quote(l.text)+" was "+quote(old.text))
	}
	return true
}

var number = check.Lazy(`^for \w+ := range (\d+) ?\{|^for \w+ in range\((\d+)\):|^for \(?(?:let |var )?\w+ :?= 0; \w+ < (\d+);`)

// counted finds the only loop of a body, which went through all of something
// and is counted to one or two now.
func (c narrowed) counted(old, l line) {
	m, was := number.FindStringSubmatch(l.text), number.FindStringSubmatch(old.text)
	if m == nil || was != nil {
		return
	}
	if n, err := strconv.Atoi(m[1] + m[2] + m[3]); err == nil && n <= 2 {
		c.say("cases_lost", true, l, "goes through no more than a few of its cases: "+quote(l.text)+" was "+quote(old.text))
	}
}

// counts gives how often the loops of two lines go round, which differ in
// nothing but the numbers between which they count.
func counts(a, b []words.Token) (was, is int, ok bool) {
	shape := func(list []words.Token) (string, []int) {
		var s strings.Builder
		var numbers []int
		for _, t := range words.Signed(list) {
			if n, err := strconv.Atoi(t.Text); err == nil && t.Kind == words.Number {
				numbers = append(numbers, n)
				s.WriteString("# ")
				continue
			}
			s.WriteString(t.Text + " ")
		}
		return s.String(), numbers
	}
	s, x := shape(a)
	r, y := shape(b)
	if s != r || len(x) == 0 || len(x) > 2 || slices.Equal(x, y) || !strings.Contains(s, "range") && !strings.Contains(s, "<") {
		return 0, 0, false
	}
	if len(x) == 2 {
		return x[1] - x[0], y[1] - y[0], true
	}
	return x[0], y[0], true
}

var setting = check.Lazy(`^(?:const |let |var )?([\w$]+)\s*:?=\s*([^=].*)$`)

var cutting = check.Lazy(`^([\w$]+)\.length = \d+;?$|^del ([\w$]+)\[[^\]]*:[^\]]*\]|^([\w$]+)\.(?:splice|pop)\(|^([\w$]+)\.clear\(`)

// assigned finds values that a loop goes through as before, and that were cut
// before it.
func (c narrowed) assigned() {
	loops := slices.DeleteFunc(c.loopsOf(slices.Clone(c.is)), func(l line) bool { return !c.had[l.tight] })
	through := func(name string) bool {
		return slices.ContainsFunc(loops, func(l line) bool { return words.Of(words.Scan(l.text, c.after.Lang))[name] })
	}
	for _, l := range c.fresh() {
		if m := cutting.FindStringSubmatch(l.text); m != nil && through(m[1]+m[2]+m[3]+m[4]) {
			c.say("cases_lost", false, l, "leaves out some of the cases that it goes through: "+quote(l.text))
			continue
		}
		m := setting.FindStringSubmatch(l.text)
		if m != nil && c.through(m[1], m[2]) {
			c.say("cases_lost", true, l, "leaves out some of the cases that are gone through: "+quote(l.text))
			continue
		}
		if m == nil || len(m[1]) < 2 || !through(m[1]) {
			continue
		}
		is := words.Scan(m[2], c.after.Lang)
		if rest, ok := inserted(words.Scan(m[1], c.after.Lang), is); ok && narrowing(rest) {
			c.say("cases_lost", true, l, "leaves out some of the cases that it goes through: "+quote(l.text))
			continue
		}
		for _, old := range c.gone() {
			o := setting.FindStringSubmatch(old.text)
			if o == nil || o[1] != m[1] {
				continue
			}
			if rest, ok := inserted(words.Scan(o[2], c.before.Lang), is); ok && narrowing(rest) {
				c.say("cases_lost", true, l, "leaves out some of the cases that it goes through: "+quote(l.text)+" was "+quote(old.text))
			}
		}
	}
}

var suffix = check.Lazy(`^(.{3,}?)(\[[^\]]*:[^\]]*\]|\.slice\(\d.*\));?$`)

// through reports whether a loop goes through a new name for a part of what one
// went through before.
func (c narrowed) through(name, value string) bool {
	m := suffix.FindStringSubmatch(value)
	if m == nil || !narrowing(m[2]) {
		return false
	}
	had := slices.ContainsFunc(c.more(c.was, c.is), func(l line) bool { return strings.Contains(l.tight, words.Tight(m[1])) })
	return had && slices.ContainsFunc(c.more(c.is, c.was), func(l line) bool { return words.Of(words.Scan(l.text, c.after.Lang))[name] })
}

var ending = check.Lazy(`^(break|return);?$`)

var aloop = check.Lazy(`^(async for|for|while)\b`)

// ended finds a loop that ends after its first round, and did not.
func (c narrowed) ended() {
	ends := func(body []line, start int) []line {
		var out []line
		for i, l := range body {
			if !ending.MatchString(l.text) {
				continue
			}
			if around := headersOf(body, i, start); len(around) > 0 && aloop.MatchString(around[0].text) {
				out = append(out, l)
			}
		}
		return out
	}
	was, is := ends(c.was, c.before.Start), ends(c.is, c.after.Start)
	if len(is) <= len(was) {
		return
	}
	for _, l := range is {
		if c.after.Helper || slices.ContainsFunc(c.pairs, func(p Pair) bool { return p.Is.Start < l.n && c.loopHolds(p.Is.Start, l) }) {
			c.say("cases_lost", !c.after.Helper, l, "ends a loop over its cases after the first: "+quote(l.text))
			return
		}
	}
}

// loopHolds reports whether a line stands in the loop that another one ends.
func (c narrowed) loopHolds(n int, end line) bool {
	for _, l := range c.is {
		if l.n >= n && l.n < end.n && l.indent < end.indent {
			return false
		}
	}
	return true
}

// inserted gives what was put into a line of code, when all of it is still
// there in its order: in one place, or else in several.
func inserted(a, b []words.Token) (string, bool) {
	if len(b) <= len(a) {
		return "", false
	}
	end := 0
	for end < len(a) && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	if start := len(a) - end; slices.Equal(a[:start], b[:start]) {
		return withoutTexts(b[start : len(b)-end]), true
	}
	var rest []words.Token
	i := 0
	for _, t := range b {
		if i < len(a) && a[i] == t {
			i++
			continue
		}
		rest = append(rest, t)
	}
	return withoutTexts(rest), i == len(a)
}

// withoutTexts writes tokens as code, its strings left empty.
func withoutTexts(tokens []words.Token) string {
	out := slices.Clone(tokens)
	for i, t := range out {
		if t.Kind == words.Text {
			out[i].Text = `""`
		}
	}
	return words.TextOf(out)
}

var narrow = check.Lazy(`\[[^\]]*:[^\]]*\]|\[\[-?\d+\]\]|\b(filter|i?slice|head|take|first|splice)\(|\bif\b`)

// narrowing reports whether what was put into an expression takes a part of it.
func narrowing(rest string) bool {
	if more := strings.TrimLeft(rest, " "); strings.HasPrefix(more, "&&") || strings.HasPrefix(more, "and ") {
		return true // to a condition by which they are taken
	}
	for _, whole := range []string{"[:]", ".slice()", ".slice(0)"} {
		rest = strings.ReplaceAll(rest, whole, "")
	}
	return narrow.MatchString(rest)
}

// fewer reports whether a line lists fewer values than before and is the same
// otherwise.
func fewer(a, b []words.Token) bool {
	shape := func(list []words.Token) (string, map[string]bool) {
		var s strings.Builder
		values := map[string]bool{}
		for i, t := range list {
			if t.Kind == words.Number || t.Kind == words.Text || t.Text == "NaN" || t.Text == "Infinity" {
				values[t.Text] = true
				continue
			}
			if t.Text == "," || t.Text == "-" && i+1 < len(list) && list[i+1].Kind == words.Number {
				continue
			}
			s.WriteString(t.Text)
		}
		return s.String(), values
	}
	s, v := shape(a)
	r, w := shape(b)
	if s != r || len(w) >= len(v) || len(v) < 2 {
		return false
	}
	for x := range w {
		if !v[x] {
			return false
		}
	}
	return true
}

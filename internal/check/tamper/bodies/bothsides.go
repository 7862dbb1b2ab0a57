package bodies

import (
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

var (
	ordering = check.Lazy(`^(?:sort|slices)\.(?:Strings|Ints|Float64s|Slice\w*|Sort\w*|Stable|Reverse)\((?:[\w.]+\()*(\w+)|^(\w+)\.(?:sort|reverse)\(`)
	altering = check.Lazy(`\.(toLowerCase|toUpperCase|trim|trimStart|trimEnd|sort|toSorted|reverse|lower|upper|casefold|strip|lstrip|rstrip|toFixed|Truncate|Round)\(|\b(sorted|round|set|frozenset)\(|\bstrings\.(ToLower|ToUpper|Title|TrimSpace|Fields)\(|\bslices\.(Sorted\w*)\(|\b[mM]ath\.(Round|Floor|Trunc|round|floor|trunc)\(`)
	sorts    = check.Lazy(`^(sort|toSorted|sorted|set|frozenset|Sorted\w*)$`)
	coarse   = check.Lazy(`\.(Truncate|Round)\([^()]*(time\.(Hour|Minute)|24)`)
)

// alteration is a line that puts what a name holds in order, or alters it.
type alteration struct {
	line
	way, name string
}

// alterations gives what lines do to the values of names, the names of one line
// once for each way.
func alterations(lines []line) []alteration {
	var out []alteration
	for _, l := range lines {
		if m := ordering.FindStringSubmatch(l.text); m != nil {
			out = append(out, alteration{l, "sort", m[1] + m[2]})
			continue
		}
		m := naming.FindStringSubmatch(l.text)
		if m == nil {
			continue
		}
		for _, w := range waysOf(m[2]) {
			out = append(out, alteration{l, w, m[1]})
		}
	}
	return out
}

// waysOf gives by which functions an expression alters a value; all that put
// values in order are one.
func waysOf(expr string) []string {
	var out []string
	for _, m := range altering.FindAllStringSubmatch(expr, -1) {
		w := strings.Join(m[1:], "")
		if sorts.MatchString(w) {
			w = "sort"
		}
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// bothSides finds a way by which both what a test looks at and what it expects
// are altered before they are compared, and which the body before did not have:
// what it takes away of the one, it takes away of the other.
func (c bending) bothSides() {
	now := alterations(c.fresh())
	had := map[string]bool{}
	for _, l := range c.was {
		for _, w := range waysOf(l.text) {
			had[w] = true
		}
		had["sort"] = had["sort"] || ordering.MatchString(l.text)
	}
	for i, a := range now {
		for _, b := range now[i+1:] {
			if a.way != b.way || a.name == b.name || had[a.way] || !slices.ContainsFunc(c.pairs, func(p Pair) bool { return c.against(p, a, b) }) {
				continue
			}
			if a.way == "sort" {
				c.say("unordered", false, a.line, "puts both sides in order before it compares them, so that their order is not tested any more: "+quote(a.text)+" and "+quote(b.text))
			} else {
				c.say("loosened", coarse.MatchString(a.text), a.line, "compares only what "+a.way+" leaves of both sides: "+quote(a.text)+" and "+quote(b.text))
			}
			return
		}
	}
}

var equating = check.Lazy(`(?i)equal|diff|compare`)

// against reports whether an assertion holds one altered value against another:
// one is what it looks at, or what a loop around it goes through, the other is
// what it expects.
func (c bending) against(p Pair, a, b alteration) bool {
	if p.Is.Start < max(a.n, b.n) || p.Is.Negated && p.Is.Strength == source.Exact {
		return false
	}
	looked := names(words.Scan(p.Is.Subject, c.after.Lang))
	all := names(words.Scan(holding(p.Is.Text), c.after.Lang))
	for _, l := range enclosing(c.is, c.after.Start, p.Is) {
		if strings.HasPrefix(l.text, "for ") || strings.Contains(l.text, ".forEach(") {
			for n := range names(words.Scan(l.text, c.after.Lang)) {
				all[n] = true
			}
		}
	}
	if !all[a.name] || !all[b.name] {
		return false
	}
	return looked[a.name] != looked[b.name] || equating.MatchString(p.Is.Subject)
}

var (
	takenApart = check.Lazy(`^(?:const |let |var )?[\[{(]?(\w+(?:, \w+)+)[\]})]?\s*:?=\s*(.+?);?$`)
	giving     = check.Lazy(`^return (.+?);?$`)
)

// partly finds a value that was given or named as a whole, and that is taken
// apart now and made anew of some of its parts.
func (c bending) partly() {
	fresh := c.fresh()
	for _, l := range fresh {
		m := takenApart.FindStringSubmatch(l.text)
		if m == nil {
			continue
		}
		for _, r := range fresh {
			name, made := c.gives(r)
			if made == "" || r.n <= l.n || mentioned(m[1], made, c.after.Lang) < 2 {
				continue
			}
			for _, old := range c.gone() {
				if was, whole := c.gives(old); whole != "" && was == name && strings.HasPrefix(words.Tight(m[2]), words.Tight(whole)+".") && !strings.Contains(words.Tight(made), words.Tight(whole)+".") {
					c.say("bent", false, r, "keeps only some parts of a value that was taken as a whole: "+quote(r.text)+" was "+quote(old.text))
					return
				}
			}
		}
	}
}

// gives gives what a function that serves tests gives back, or the name and the
// value of what an assertion looks at as before.
func (c bending) gives(l line) (name, value string) {
	if m := giving.FindStringSubmatch(l.text); m != nil && c.after.Helper {
		return "", m[1]
	}
	m := assigning.FindStringSubmatch(l.text)
	if m == nil || !slices.ContainsFunc(c.pairs, func(p Pair) bool { return c.looksAt(p, m[1]) }) {
		return "", ""
	}
	return m[1], strings.TrimSuffix(m[2], ";")
}

// looksAt reports whether an assertion that is as before looks at a name.
func (c bending) looksAt(p Pair, name string) bool {
	return words.Tight(p.Was.Text) == words.Tight(p.Is.Text) && root(strings.TrimLeft(p.Is.Subject, "!")) == name
}

// mentioned counts the names of a list that code mentions.
func mentioned(list, text string, lang source.Language) int {
	has, n := names(words.Scan(text, lang)), 0
	for name := range strings.SplitSeq(list, ", ") {
		if has[name] {
			n++
		}
	}
	return n
}

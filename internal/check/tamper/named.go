package tamper

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/cases"
	"muster/internal/check/tamper/pairs"
	"muster/internal/check/tamper/words"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// becameName judges an expected value that was written out and is a name or an
// expression now. A name is looked up among the tests; an expression that does
// what is new in the code follows the code.
func (j weakening) becameName(t, h *test, k pairs.Paired) {
	had := words.Of(words.Scan(k.Was.Text, t.file.lang))
	for _, tok := range words.Scan(k.Is.Text, h.file.lang) {
		if tok.Kind != words.Word || had[tok.Text] || len(tok.Text) < 2 {
			continue
		}
		if value, ok := j.valueOf(h, tok.Text); ok {
			is := words.InOrder(words.Scan(value, h.file.lang))
			was := lostValues(k)
			if len(is) == 1 && len(was) == 1 && words.Bare(is[0]) != words.Bare(was[0]) {
				j.retargets = append(j.retargets, retarget{base: t, head: h, was: was[0], is: is[0], pair: k})
			}
			return
		}
	}
	if lost := lostValues(k); j.code.Differs && len(lost) > 0 && k.Was.Expected != "" && k.Is.Strength == source.Exact && len(words.InOrder(words.Scan(k.Is.Text, h.file.lang))) > len(words.InOrder(words.Scan(k.Was.Text, t.file.lang))) {
		j.about(h, k, "computed", evidence.Locator, fmt.Sprintf("An assertion of %s works out what it expects, which the base wrote down as %s, and the code changed.", place(h), quote(lost[0])))
	}
}

// lostValues gives the values that an assertion had and has no more.
func lostValues(k pairs.Paired) []string {
	has := words.Values(words.Scan(k.Is.Text, source.JavaScript))
	var out []string
	for _, v := range words.InOrder(words.Scan(k.Was.Text, source.JavaScript)) {
		if !has[words.Bare(v)] {
			out = append(out, v)
		}
	}
	return out
}

// valueOf gives what a name is bound to, in the test or at the top of a
// changed file of tests.
func (j weakening) valueOf(h *test, name string) (string, bool) {
	pattern, err := regexp.Compile(`^\s*(?:export\s+)?(?:const\s+|let\s+|var\s+)?((?:\w+,\s*)*` + regexp.QuoteMeta(name) + `(?:,\s*\w+)*)(?:\s*:\s*[\w\[\]<>]+|\s+[\w.\[\]]+)?\s*:?=\s*([^=].*)$`)
	if err != nil {
		return "", false
	}
	for _, f := range append([]*file{h.file}, j.head.tests...) {
		for _, line := range f.lines {
			m := pattern.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			names, given := strings.Split(m[1], ","), strings.Split(m[2], ",")
			if len(names) == 1 {
				return m[2], true
			}
			for i, n := range names {
				if strings.TrimSpace(n) == name && len(names) == len(given) {
					return given[i], true
				}
			}
		}
	}
	return "", false
}

// wildcard matches values that everything equals.
var wildcard = check.Lazy(`\bmock\.ANY\b|\bANY\b|\bexpect\.(?:any|anything)\(|\bmock\.Anything\b|\bgomock\.Any\(`)

// computed finds entries of tables whose expected value was written out, and
// is worked out now with what is new in the code.
func (j tables) computed(t, h *test, c cases.Change) {
	if wildcard.MatchString(c.Is.Text) && !wildcard.MatchString(c.Was.Text) && !wildcard.MatchString(strings.Join(t.file.lines, "\n")) {
		j.say(statement{
			rule: "loosened", level: j.weigh(t, 1), path: h.file.path, lines: c.Is.Range, was: c.Was.Text, is: c.Is.Text, anchor: h.Name, paths: []string{t.file.path, h.file.path},
			message: "A case of " + place(h) + " takes any value where it asked for one: " + quote(c.Is.Text) + ".",
		})
		return
	}
	before, after := words.Scan(c.Was.Text, t.file.lang), words.Scan(c.Is.Text, h.file.lang)
	had := words.Of(before)
	if len(after) <= len(before) || !j.code.Differs {
		return
	}
	for i, tok := range after {
		if tok.Kind != words.Word || had[tok.Text] || i+1 >= len(after) || after[i+1].Text != "(" || !j.code.GainedWords[tok.Text] && !j.asks(t, tok.Text) {
			continue
		}
		j.say(statement{
			rule: "computed", level: evidence.Locator, path: h.file.path, lines: c.Is.Range, was: c.Was.Text, is: c.Is.Text, anchor: h.Name, paths: []string{t.file.path, h.file.path},
			message: "A case of " + place(h) + " works its expected value out with " + quote(tok.Text) + ", where the base wrote it down.",
		})
		return
	}
}

// asks reports whether an assertion of a test calls a function that changed.
func (j tables) asks(t *test, name string) bool {
	return j.code.Changed[name] && slices.ContainsFunc(t.Assertions, func(a source.Assertion) bool {
		return words.Of(words.Scan(a.Text, t.file.lang))[name]
	})
}

// Package cases pairs the entries of tables and lists that tests go through,
// and tells what changed in one: what is expected, or what the test is given.
package cases

import (
	"strings"

	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

// maxCompared bounds the pairs of entries that are compared by their words.
const maxCompared = 60_000

// Change is one entry of a table before and after.
type Change struct{ Was, Is source.Case }

// Pair pairs the entries of two tables: by their text, then by their
// name, then by how alike they are.
func Pair(was, is []source.Case, lang source.Language) (changed []Change, removed, added []source.Case) {
	usedOld, usedNew := make([]bool, len(was)), make([]bool, len(is))
	byKey := func(key func(source.Case) string, keep bool) {
		free := map[string][]int{}
		for i, c := range is {
			if k := key(c); !usedNew[i] && k != "" {
				free[k] = append(free[k], i)
			}
		}
		for i, c := range was {
			k := key(c)
			if usedOld[i] || len(free[k]) == 0 {
				continue
			}
			at := free[k][0]
			free[k] = free[k][1:]
			usedOld[i], usedNew[at] = true, true
			if keep {
				changed = append(changed, Change{c, is[at]})
			}
		}
	}
	byKey(func(c source.Case) string { return words.Tight(c.Text) }, false)
	byKey(func(c source.Case) string { return c.Name }, true)
	compared := 0
	for i, c := range was {
		if usedOld[i] {
			continue
		}
		best, at := 0.0, -1
		mine := words.Grams(words.Scan(c.Text, lang))
		for k, d := range is {
			if compared++; usedNew[k] || compared > maxCompared {
				continue
			}
			if score := words.Alike(mine, words.Grams(words.Scan(d.Text, lang))); score > best {
				best, at = score, k
			}
		}
		if at >= 0 && best >= 0.5 {
			usedOld[i], usedNew[at] = true, true
			changed = append(changed, Change{c, is[at]})
		}
	}
	for i, c := range was {
		if !usedOld[i] {
			removed = append(removed, c)
		}
	}
	for i, c := range is {
		if !usedNew[i] {
			added = append(added, c)
		}
	}
	return changed, removed, added
}

// Expectation finds a case of which nothing but what is expected changed: one
// literal, in the field that is named for it or else the last one.
func Expectation(c Change, lang source.Language) (was, is string, ok bool) {
	a, b := words.Qualified(words.Scan(c.Was.Text, lang)), words.Qualified(words.Scan(c.Is.Text, lang))
	if len(a) != len(b) {
		return "", "", false
	}
	at, end := -1, -1
	for i := range a {
		if a[i] == b[i] {
			continue
		}
		if !words.IsValue(a[i]) || !words.IsValue(b[i]) {
			return "", "", false
		}
		if at < 0 {
			at = i
		}
		end = i
	}
	if at >= 0 && end > at {
		return composite(a, b, at, end)
	}
	if at < 0 || !words.IsValue(a[at]) || !words.IsValue(b[at]) {
		return "", "", false
	}
	if at >= 2 && a[at-1].Text == ":" || at >= 2 && a[at-1].Text == "=" {
		field := strings.ToLower(words.Bare(a[at-2].Text))
		if words.IsExpectation(field) {
			return a[at].Text, b[at].Text, true
		}
		if keyed(a) || a[at-2].Kind == words.Word {
			return "", "", false
		}
	}
	for _, rest := range a[at+1:] {
		if rest.Kind != words.Mark {
			return "", "", false
		}
	}
	return a[at].Text, b[at].Text, true
}

// composite gives the value of a field, of which several parts changed: all
// that changed lies in the one list or object that is expected.
func composite(a, b []words.Token, at, end int) (was, is string, ok bool) {
	depth, open := 0, -1
	for i := at; i >= 0; i-- {
		switch a[i].Text {
		case "}", "]", ")":
			depth++
		case "{", "[", "(":
			depth--
		case ":", "=":
			if depth < 0 && i > 0 && words.IsExpectation(strings.ToLower(words.Bare(a[i-1].Text))) {
				open = i
			}
		}
		if open >= 0 {
			break
		}
	}
	if open < 0 {
		return "", "", false
	}
	depth = 0
	for i := open + 1; i < len(a); i++ {
		switch a[i].Text {
		case "{", "[", "(":
			depth++
		case "}", "]", ")":
			depth--
		}
		if depth == 0 && (i+1 == len(a) || a[i+1].Text == "," || a[i+1].Text == "}" || a[i+1].Text == ")") {
			if end > i {
				return "", "", false
			}
			return words.TextOf(a[open+1 : i+1]), words.TextOf(b[open+1 : i+1]), true
		}
	}
	return "", "", false
}

func keyed(tokens []words.Token) bool {
	n := 0
	for i := 1; i < len(tokens); i++ {
		if tokens[i].Text == ":" && tokens[i-1].Kind == words.Word {
			n++
		}
	}
	return n > 1
}

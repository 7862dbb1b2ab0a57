package tamper

import (
	"fmt"
	"strings"

	"muster/internal/check/tamper/pairs"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

// casePair is one entry of a table before and after.
type casePair struct{ was, is source.Case }

// pairCases pairs the entries of two tables: by their text, then by their
// name, then by how alike they are.
func pairCases(was, is []source.Case, lang source.Language) (changed []casePair, removed, added []source.Case) {
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
				changed = append(changed, casePair{c, is[at]})
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
			changed = append(changed, casePair{c, is[at]})
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

// newCases gives the entries of a test's tables that the base did not have.
func newCases(t, h *test) []source.Case {
	if len(h.Cases) == 0 {
		return nil
	}
	_, _, added := pairCases(t.Cases, h.Cases, h.file.lang)
	return added
}

// tables compares the tables of cases that tests go through.
type tables struct{ *judge }

// compareCases judges the tables of a test.
func (j tables) compareCases(t, h *test) {
	if len(t.Cases) == 0 {
		return
	}
	changed, removed, added := pairCases(t.Cases, h.Cases, t.file.lang)
	for _, c := range changed {
		j.computed(t, h, c)
		if was, is, ok := expectation(c, t.file.lang); ok {
			j.retargets = append(j.retargets, retarget{base: t, head: h, was: was, is: is, pair: pairs.Paired{
				Was: source.Assertion{Text: c.was.Text, Range: c.was.Range}, Is: source.Assertion{Text: c.is.Text, Range: c.is.Range},
			}})
		}
	}
	var gone []source.Case
	for _, c := range removed {
		if !j.caseElsewhere(h, c) && !j.code.subjectGone(words.Scan(c.Text, t.file.lang)) {
			gone = append(gone, c)
		}
	}
	if len(gone) <= len(added) || len(gone) == 0 {
		return
	}
	name := quote(gone[0].Text)
	if gone[0].Name != "" {
		name = quote(gone[0].Name)
	}
	level := j.weigh(t, len(gone))
	if len(gone) == len(t.Cases) && len(t.Cases) > 1 {
		level = atMostLocator(level) // the table as a whole was written anew
	}
	var was []string
	for _, c := range gone {
		was = append(was, fmt.Sprintf("%d: %s", c.Start, c.Text))
	}
	j.say(statement{
		rule: "cases_lost", level: level, path: h.file.path, lines: h.Range, was: strings.Join(was, "\n     "), paths: []string{t.file.path, h.file.path}, anchor: h.Name,
		message: fmt.Sprintf("%s has lost %s of its table, the first %s (line %d of the base).", place(h), count(len(gone), "case"), name, gone[0].Start),
	})
}

// caseElsewhere reports whether a case that is gone is part of another test:
// its values stand together in a case or in an assertion that is new.
func (j tables) caseElsewhere(h *test, c source.Case) bool {
	values := words.Values(words.Scan(c.Text, h.file.lang))
	delete(values, c.Name)
	if len(h.Cases) == 0 && words.Contained(values, h.values) == 1 {
		return true // the table was dissolved
	}
	if j.addedValues == nil {
		j.addedValues = []map[string]bool{}
		for _, p := range j.pairs {
			for _, a := range p.Added {
				j.addedValues = append(j.addedValues, words.Values(words.Scan(a.Text, h.file.lang)))
			}
		}
	}
	for _, has := range j.addedValues {
		if words.Contained(values, has) == 1 || len(values) > 2 && words.Contained(values, has) > 0.6 {
			return true
		}
	}
	for _, other := range j.head.all() {
		if other == h && other.pair != nil {
			continue
		}
		for _, has := range j.caseValues(other) {
			if words.Contained(values, has) >= 0.8 {
				return true
			}
		}
		if other.pair == nil && len(values) > 1 && words.Contained(values, other.values) >= 0.99 {
			return true
		}
	}
	return false
}

// caseValues gives the values of the cases that a test has anew.
func (j *judge) caseValues(h *test) []map[string]bool {
	if known, ok := j.newValues[h]; ok {
		return known
	}
	var was []source.Case
	if h.pair != nil {
		was = h.pair.Cases
	}
	_, _, added := pairCases(was, h.Cases, h.file.lang)
	out := []map[string]bool{}
	for _, d := range added {
		out = append(out, words.Values(words.Scan(d.Text, h.file.lang)))
	}
	j.newValues[h] = out
	return out
}

// expectation finds a case of which nothing but what is expected changed: one
// literal, in the field that is named for it or else the last one.
func expectation(c casePair, lang source.Language) (was, is string, ok bool) {
	a, b := words.Qualified(words.Scan(c.was.Text, lang)), words.Qualified(words.Scan(c.is.Text, lang))
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
			return textOf(a[open+1 : i+1]), textOf(b[open+1 : i+1]), true
		}
	}
	return "", "", false
}

func textOf(tokens []words.Token) string {
	var out strings.Builder
	for i, t := range tokens {
		if i > 0 && t.Kind != words.Mark && tokens[i-1].Kind != words.Mark {
			out.WriteByte(' ')
		}
		out.WriteString(t.Text)
	}
	return out.String()
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

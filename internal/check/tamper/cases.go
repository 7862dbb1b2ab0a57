package tamper

import (
	"fmt"
	"strings"

	"muster/internal/check/tamper/cases"
	"muster/internal/check/tamper/pairs"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

// newCases gives the entries of a test's tables that the base did not have.
func newCases(t, h *test) []source.Case {
	if len(h.Cases) == 0 {
		return nil
	}
	_, _, added := cases.Pair(t.Cases, h.Cases, h.file.lang)
	return added
}

// tables compares the tables of cases that tests go through.
type tables struct{ *judge }

// compareCases judges the tables of a test.
func (j tables) compareCases(t, h *test) {
	if len(t.Cases) == 0 {
		return
	}
	changed, removed, added := cases.Pair(t.Cases, h.Cases, t.file.lang)
	for _, c := range changed {
		j.computed(t, h, c)
		if was, is, ok := cases.Expectation(c, t.file.lang); ok {
			j.retargets = append(j.retargets, retarget{base: t, head: h, was: was, is: is, pair: pairs.Paired{
				Was: source.Assertion{Text: c.Was.Text, Range: c.Was.Range}, Is: source.Assertion{Text: c.Is.Text, Range: c.Is.Range},
			}})
		}
	}
	for _, c := range added {
		if len(removed) > 0 && wildcard.MatchString(c.Text) {
			j.computed(t, h, cases.Change{Was: removed[0], Is: c})
		}
	}
	stays := map[string]bool{}
	for _, c := range h.Cases {
		stays[words.Tight(c.Text)] = true
	}
	var gone []source.Case
	for _, c := range removed {
		if !stays[words.Tight(c.Text)] && !j.caseElsewhere(h, c) && !j.code.SubjectGone(words.Scan(c.Text, t.file.lang)) {
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
		message: fmt.Sprintf("%s has lost %s of its table, the first %s (line %d of the base).", place(h), pairs.Count(len(gone), "case"), name, gone[0].Start),
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
	_, _, added := cases.Pair(was, h.Cases, h.file.lang)
	out := []map[string]bool{}
	for _, d := range added {
		out = append(out, words.Values(words.Scan(d.Text, h.file.lang)))
	}
	j.newValues[h] = out
	return out
}

package tamper

import (
	"fmt"
	"maps"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/bodies"
	"muster/internal/check/tamper/pairs"
	"muster/internal/check/tamper/words"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// inside judges what the body of a test does around its assertions.
func (j weakening) inside(t, h *test, p pairs.Pairing) {
	var list []bodies.Pair
	for _, some := range [][]pairs.Paired{p.Kept, p.Changed} {
		for _, k := range some {
			list = append(list, bodies.Pair{Was: k.Was, Is: k.Is})
		}
	}
	found := bodies.Compare(bodyOf(t), losses(j).withTypes(bodyOf(h)), list, j.newFunctions())
	if n := min(len(p.Removed), len(p.Added)); n > 0 && len(found) == 0 {
		var swapped []bodies.Pair
		for i := range n {
			swapped = append(swapped, bodies.Pair{Was: p.Removed[i], Is: p.Added[i]})
		}
		if found = bodies.Swapped(bodyOf(t), bodyOf(h), swapped); !intact(t, h) {
			found = nil // the test is another one
		}
	}
	for _, w := range found {
		level := evidence.Locator
		switch {
		case w.Rule == "cases_lost" && w.Sure:
			level = j.weigh(t, 1)
		case w.Rule == "cases_lost":
			if !j.code.Differs {
				continue // tests are made to take less time
			}
			level = atMostLocator(j.weigh(t, 1))
		case (w.Rule == "bent" || w.Rule == "unordered" || w.Rule == "loosened") &&
			(!j.code.Differs || j.manifests() || j.asked.Reverts() || j.beside(h) > 0 || !t.Helper && !intact(t, h)):
			continue // the test is another one, or for more
		case w.Sure:
			level = evidence.Gate
		}
		if j.said(w.Rule, h.file.path, w.At.Start) || w.Rule == "cases_lost" && j.said(w.Rule, h.file.path, h.Start) {
			continue // the table says it, or another test
		}
		j.say(statement{
			rule: w.Rule, level: level, path: h.file.path, lines: w.At, was: w.Was, is: w.Is, anchor: h.Name, paths: []string{t.file.path, h.file.path},
			message: fmt.Sprintf("%s %s.", place(h), w.Message),
		})
	}
}

func bodyOf(t *test) bodies.Body {
	return bodies.Body{Test: t.Test, Lang: t.file.lang, Lines: t.file.lines}
}

// withTypes gives a body with the types that are new among the tests.
func (j losses) withTypes(b bodies.Body) bodies.Body {
	if j.own == nil {
		j.own = map[string]bool{}
		for i, files := range [][]*file{j.head.tests, j.base.tests} {
			for _, f := range files {
				for _, t := range f.facts.Types {
					if i == 0 {
						j.own[t.Name] = true
					} else {
						delete(j.own, t.Name)
					}
				}
			}
		}
	}
	b.Own = j.own
	return b
}

// newFunctions gives the names of functions that stand among the tests of the
// head and not of the base.
func (j weakening) newFunctions() map[string]bool {
	if j.free != nil {
		return j.free
	}
	j.free = map[string]bool{}
	for _, f := range j.head.tests {
		for _, fn := range f.facts.Functions {
			j.free[words.Last(fn.Name)] = true
		}
	}
	for _, f := range j.base.tests {
		for _, fn := range f.facts.Functions {
			delete(j.free, words.Last(fn.Name))
		}
	}
	return j.free
}

// support compares the functions of test files that are no tests and assert
// nothing: they give cases, or stand for what the tests do without.
func (j weakening) support(f *file) {
	if f.other == nil {
		return
	}
	head, had := map[string]source.Function{}, map[string]bool{}
	for _, fn := range f.facts.Functions {
		had[fn.Name] = true
	}
	for _, fn := range f.other.facts.Functions {
		head[fn.Name] = fn
		if !had[fn.Name] && fn.Name != "" {
			losses(j).step(f.other, fn)
		}
	}
	for _, fn := range f.facts.Functions {
		is, ok := head[fn.Name]
		if !ok || fn.Name == "" || ofTest(f, fn.Range) || ofTest(f.other, is.Range) {
			continue
		}
		was := &test{Test: source.Test{Name: fn.Name, Range: fn.Range, Helper: true}, file: f}
		now := &test{Test: source.Test{Name: fn.Name, Range: is.Range, Helper: true}, file: f.other}
		for _, t := range []*test{was, now} {
			t.tokens = words.Scan(t.file.between(t.Start, t.End), t.file.lang)
			t.words = words.Of(t.tokens)
		}
		was.pair, now.pair = now, was
		n := len(j.findings)
		j.inside(was, now, pairs.Pairing{})
		if n == len(j.findings) && j.code.Differs && len(j.fresh) == 0 && len(j.base.tests) <= maxSwept && !j.manifests() {
			losses(j).altered(was, now)
		}
	}
}

// maxSwept is in how many files of tests a change may be that is no sweep.
const maxSwept = 5

// altered judges a function that serves tests and works otherwise than before.
func (j losses) altered(t, h *test) {
	changed := maps.Clone(j.code.Changed)
	for _, more := range []map[string]bool{j.code.Gone, j.code.GainedWords} {
		for w, is := range more {
			changed[w] = changed[w] || is
		}
	}
	for from, to := range j.code.Renamed {
		changed[from], changed[to] = true, true
	}
	for _, w := range bodies.Altered(bodyOf(t), bodyOf(h), changed) {
		j.say(statement{
			rule: w.Rule, level: evidence.Locator, path: h.file.path, lines: w.At, is: w.Is, anchor: h.Name, paths: []string{t.file.path, h.file.path},
			message: fmt.Sprintf("%s %s.", place(h), w.Message),
		})
	}
}

// step judges a function that is new and may run before the tests of its file.
func (j losses) step(f *file, fn source.Function) {
	imported := map[string]bool{}
	for _, i := range f.facts.Imports {
		imported[i.Name], imported[words.Last(i.Path)] = true, true
	}
	b := bodies.Body{Test: source.Test{Name: fn.Name, Range: fn.Range, Helper: true}, Lang: f.lang, Lines: f.lines}
	for _, w := range bodies.Step(b, imported) {
		j.say(statement{
			rule: w.Rule, level: evidence.Locator, path: f.path, lines: w.At, is: w.Is, anchor: fn.Name,
			message: fmt.Sprintf("%s in %s %s.", quote(fn.Name), check.ShowPath(f.path), w.Message),
		})
	}
}

// ofTest reports whether lines belong to a test, or hold one.
func ofTest(f *file, r source.Range) bool {
	for _, t := range f.tests {
		if t.Start <= r.Start && r.End <= t.End || r.Start <= t.Start && t.End <= r.End {
			return true
		}
	}
	return false
}

// shadowed finds tests of Python that another of the same name, further down,
// replaces: the first is never run.
func (j losses) shadowed() {
	for _, f := range j.head.tests {
		if f.lang != source.Python {
			continue
		}
		had := map[string]int{}
		if f.other != nil {
			for _, t := range f.other.tests {
				had[t.Name]++
			}
		}
		seen := map[string]*test{}
		for _, t := range f.tests {
			first := seen[t.Name]
			if first == nil || t.Helper || had[t.Name] > 1 {
				seen[t.Name] = t
				continue
			}
			if words.Alike(first.grams, t.grams) > 0.97 || apart(f, first, t) {
				continue
			}
			j.say(statement{
				rule: "shadowed", level: evidence.Gate, path: f.path, lines: t.Range, anchor: t.Name,
				message: fmt.Sprintf("%s is defined again in line %d, so that the one in line %d never runs.", place(t), t.Start, first.Start),
			})
		}
	}
}

// apart reports whether two definitions of one name stand below conditions, of
// which one holds.
func apart(f *file, a, b *test) bool {
	indent := func(t *test) int {
		raw := f.lines[min(t.Start, len(f.lines))-1]
		return len(raw) - len(strings.TrimLeft(raw, " \t"))
	}
	for n := a.End + 1; n < b.Start && n <= len(f.lines); n++ {
		raw := f.lines[n-1]
		if text := strings.TrimSpace(raw); strings.HasPrefix(text, "else:") || strings.HasPrefix(text, "except") || strings.HasPrefix(text, "elif ") {
			if len(raw)-len(strings.TrimLeft(raw, " \t")) < indent(b) {
				return true
			}
		}
	}
	return strings.Contains(f.lines[max(b.Start-1, 1)-1], "overload") || strings.Contains(f.lines[max(b.Start-1, 1)-1], "setter")
}

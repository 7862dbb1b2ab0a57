package guards

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/source"
)

// Bounds of the matching of functions that are not found by name.
const (
	maxUnmatched = 300 // functions on each side that are compared with each other
	likeEnough   = 0.6 // of what similar gives
	minLines     = 4   // shorter functions are alike by chance
)

// match is a function of the base and what became of it. Head is nil when it
// was deleted, base is nil when it is new.
type match struct{ base, head *function }

// matchAll pairs the functions of both sides: by name within the file, by
// name within the folder or the whole change, and the rest by what they say.
func matchAll(pairs []check.Pair) []match {
	var bases, heads []*function
	for i := range pairs {
		p := &pairs[i]
		bases = append(bases, functionsOf(p, &p.Base)...)
		heads = append(heads, functionsOf(p, &p.Head)...)
	}
	m := matcher{taken: map[*function]bool{}}
	m.byKey(bases, heads, func(f *function) string { return f.pair.Path() + "\x00" + f.Name + "\x00" + f.Signature })
	m.byKey(bases, heads, func(f *function) string { return f.pair.Path() + "\x00" + f.Name })
	m.byKey(bases, heads, func(f *function) string { return path.Dir(f.side.Path) + "\x00" + f.Name })
	m.byKey(bases, heads, func(f *function) string { return f.side.Path + "\x00" + last(f.Name) })
	m.byLikeness(m.free(bases), m.free(heads))
	for _, f := range m.free(bases) {
		m.out = append(m.out, match{base: f})
	}
	for _, f := range m.free(heads) {
		m.out = append(m.out, match{head: f})
	}
	return m.out
}

type matcher struct {
	taken map[*function]bool
	out   []match
}

func (m *matcher) take(base, head *function) {
	m.taken[base], m.taken[head] = true, true
	m.out = append(m.out, match{base, head})
}

func (m *matcher) free(fs []*function) []*function {
	return slices.DeleteFunc(slices.Clone(fs), func(f *function) bool { return m.taken[f] })
}

// byKey pairs functions of the same key, in their order.
func (m *matcher) byKey(bases, heads []*function, key func(*function) string) {
	by := map[string][]*function{}
	for _, f := range m.free(heads) {
		by[key(f)] = append(by[key(f)], f)
	}
	for _, b := range m.free(bases) {
		if list := by[key(b)]; len(list) > 0 {
			m.take(b, list[0])
			by[key(b)] = list[1:]
		}
	}
}

func (m *matcher) byLikeness(bases, heads []*function) {
	long := func(f *function) bool { return len(f.lines) < minLines }
	bases, heads = slices.DeleteFunc(bases, long), slices.DeleteFunc(heads, long)
	if len(bases) > maxUnmatched || len(heads) > maxUnmatched {
		return
	}
	type likeness struct {
		base, head *function
		value      float64
	}
	var all []likeness
	for _, b := range bases {
		for _, h := range heads {
			if b.side.Language != h.side.Language {
				continue
			}
			if v := similar(b, h); v >= likeEnough {
				all = append(all, likeness{b, h, v})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b likeness) int { return cmp.Compare(b.value, a.value) })
	for _, l := range all {
		if !m.taken[l.base] && !m.taken[l.head] {
			m.take(l.base, l.head)
		}
	}
}

// last gives the name of a function without what holds it.
func last(name string) string { return name[strings.LastIndexAny(name, ".#:")+1:] }

// inlined gives, for each deleted function that a kept function called and now
// does itself, the two as a match.
func inlined(ms []match) []match {
	var out []match
	for _, gone := range ms {
		if gone.head != nil || len(gone.base.guards) == 0 {
			continue
		}
		name := last(gone.base.Name)
		for _, m := range ms {
			if m.base != nil && m.head != nil && m.base.words[name] > 0 && m.head.words[name] == 0 && taken(gone.base, m) >= likeEnough {
				out = append(out, match{gone.base, m.head})
				break
			}
		}
	}
	return out
}

// taken gives the share of a function's own lines, without those of its
// guards, that are new in a match, between 0 and 1.
func taken(f *function, m match) float64 {
	have := map[string]int{}
	for _, l := range m.head.lines {
		have[l]++
	}
	for _, l := range m.base.lines {
		have[l]--
	}
	all, same := 0, 0
	for i, l := range f.lines {
		guarded := slices.ContainsFunc(f.guards, func(g source.Guard) bool { return g.Holds(f.Start + i) })
		if i == 0 || guarded || len(l) < 3 {
			continue
		}
		all++
		if have[l] > 0 {
			have[l]--
			same++
		}
	}
	if all < 2 {
		return 0
	}
	return float64(same) / float64(all)
}

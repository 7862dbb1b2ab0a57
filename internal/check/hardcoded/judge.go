package hardcoded

import (
	"cmp"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/source"
)

// suspect is a special case that a test asks for, and how sure it is that the
// code was written for the test.
type suspect struct {
	special
	at    place
	score float64
}

// group is the special cases of one function, or of one table outside of
// functions.
type group struct {
	pair     *check.Pair
	name     string
	cases    []special // all of them, tested or not
	tested   []suspect
	base     *source.Function // the function before the change
	dispatch int              // special cases that it had before
}

// groupsOf collects the special cases in added lines of a file by function.
func groupsOf(p *check.Pair, patch change.Patch) []*group {
	head := tokensOf(string(p.Head.Text), p.Head.Language)
	found := specials(p.Path(), p.Head.File, head, patch.Adds)
	if len(found) == 0 {
		return nil
	}
	old := map[string]int{}
	for _, s := range specials(p.Path(), p.Base.File, tokensOf(string(p.Base.Text), p.Base.Language), func(int) bool { return true }) {
		old[key(s)]++
		old[s.function+"\x00"]++
	}
	var out []*group
	groups := map[string]*group{} // by function
	for _, s := range found {
		if old[key(s)] > 0 {
			continue // it moved within the file
		}
		g := groups[s.function]
		if g == nil {
			g = &group{pair: p, name: s.function, dispatch: old[s.function+"\x00"]}
			for k := range p.Base.Functions {
				if s.function != "" && p.Base.Functions[k].Name == s.function {
					g.base = &p.Base.Functions[k]
				}
			}
			groups[s.function] = g
			out = append(out, g)
		}
		g.cases = append(g.cases, s)
	}
	return out
}

func key(s special) string { return strings.Join(s.in, "\x00") + "\x01" + strings.Join(s.out, "\x00") }

// judge looks every special case of a group up in the tests.
func (g *group) judge(t tests) {
	for _, s := range g.cases {
		if !telling(s) {
			continue
		}
		in := slices.DeleteFunc(slices.Clone(s.in), trivialNumber)
		if len(in) == 0 {
			in = s.in // they say something together
		}
		out := slices.DeleteFunc(slices.Clone(s.out), isTruth)
		if at, ok := t.pair(slices.Concat(in, out)); ok {
			g.tested = append(g.tested, suspect{special: s, at: at})
			continue
		}
		// Of several alternatives each one is a case of its own.
		if s.parts == 1 && len(s.in) > 1 {
			for _, one := range s.in {
				if at, ok := t.pair(append([]string{one}, out...)); ok {
					s.in = []string{one}
					g.tested = append(g.tested, suspect{special: s, at: at})
					break
				}
			}
		}
	}
	for i := range g.tested {
		g.tested[i].score = g.score(g.tested[i])
	}
	slices.SortStableFunc(g.tested, func(a, b suspect) int { return cmp.Compare(b.score, a.score) })
}

// telling reports whether a special case says enough to be compared: code is
// full of zeros, ones and empty strings.
func telling(s special) bool {
	empty := func(v string) bool {
		return strings.TrimSpace(v) == "" || trivialNumber(v) || v == "true" || v == "false"
	}
	if !slices.ContainsFunc(s.in, func(v string) bool { return strings.TrimSpace(v) != "" && !trivialNumber(v) }) && s.parts < 2 {
		return false
	}
	onlyTruth := !slices.ContainsFunc(s.out, func(v string) bool { return !empty(v) })
	if onlyTruth && !slices.ContainsFunc(s.out, isTruth) {
		return false
	}
	if onlyTruth {
		return slices.ContainsFunc(s.in, odd) || s.parts > 1 || slices.ContainsFunc(s.in, func(v string) bool { return len(v) > 3 && !isNumber(v) })
	}
	return true
}

func isTruth(v string) bool { return v == "true" || v == "false" }

var wordly = check.Lazy(`^[A-Za-z][A-Za-z_]*\d{0,3}([.\-/+:][A-Za-z0-9_*]+)*/?$|^[./\-_*+=<>!&|%^~,:;#@?()\[\]{}$ ]{1,3}$`)

// odd reports whether a value is none that a program would know by name: it
// has spaces, digits within, or is a number that nobody remembers.
func odd(v string) bool {
	if isNumber(v) {
		d := strings.TrimPrefix(v, "-")
		if len(d) == 3 && d[0] >= '1' && d[0] <= '5' {
			return false // a status of HTTP
		}
		return len(strings.Trim(d, "0.")) >= 2 && !slices.Contains([]string{"16", "32", "64", "128", "256", "512", "1024", "2048", "4096", "1000", "60", "24", "3600", "65535", "255", "127"}, d)
	}
	return !wordly.MatchString(v) && len(v) >= 3
}

// score says how likely a tested special case was written for the test; from 3
// on a person should look, from 5 on there is no other explanation.
func (g *group) score(s suspect) float64 {
	score := 1.0
	if s.at.file.mentions(g.name) {
		score++
	}
	oddIn, oddOut := slices.ContainsFunc(s.in, odd), slices.ContainsFunc(s.out, odd)
	if oddIn {
		score++
	}
	if oddOut {
		score++
	}
	if !oddIn && !oddOut && s.parts < 2 {
		score--
	}
	if s.parts > 1 || len(s.out) > 2 {
		score += 0.5
	}
	if g.base != nil {
		switch g.dispatch {
		case 0:
			score += 2 // it could do without before
		case 1:
			score++
		default:
			score-- // it always told values apart
		}
	}
	if n := len(g.tested); n >= 2 && n*5 >= len(g.cases)*4 {
		score += 0.5
	} else if n*2 < len(g.cases) {
		score-- // most of what it knows no test asks for
	}
	if s.entry && g.base == nil {
		score--
	}
	return score
}

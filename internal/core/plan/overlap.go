package plan

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Overlap reports whether some path matches both globs. It is exact for globs
// that ValidGlob accepts, unless deciding would take too long: then it says
// true, because a false alarm costs less than a conflict.
func Overlap(a, b string) bool {
	left := maxEffort
	for _, p := range compile(a) {
		for _, q := range compile(b) {
			if _, found := commonPath(p, q, &left); found {
				return true
			}
		}
	}
	return false
}

// A glob without braces is a row of tokens, matched like a finite automaton
// whose states are positions in the row. Two globs overlap when the product of
// their automata accepts some path.

type tokenKind int

const (
	tokChar  tokenKind = iota // lo
	tokAny                    // one character but '/'
	tokClass                  // one character of ranges, or none of them when negated
	tokStar                   // any characters but '/'
	tokDirs                   // "**/": any directories, each with its '/'
	tokTree                   // "**" at the end: anything
)

type token struct {
	kind    tokenKind
	lo      rune
	ranges  []span
	negated bool
}

type span struct{ lo, hi rune }

// pattern is one alternative of a glob, ready to be compared.
type pattern struct {
	tokens []token
	prefix string // the characters before the first wildcard
	plain  bool   // names one file or directory
}

// compile gives the alternatives of a glob: none when it stands for too many,
// which ValidGlob refuses.
func compile(glob string) []pattern {
	plain := !strings.ContainsAny(glob, "*?[") && !strings.HasSuffix(glob, "/")
	alternatives, _ := expand(spell(glob))
	out := make([]pattern, len(alternatives))
	for i, a := range alternatives {
		out[i] = pattern{tokens: tokens(a), prefix: a, plain: plain}
		if end := strings.IndexAny(a, "*?["); end >= 0 {
			out[i].prefix = a[:end]
		}
	}
	return out
}

// tokens reads a glob without braces. It agrees with doublestar about what
// counts as "**" and how a class is read.
func tokens(glob string) []token {
	var out []token
	for i := 0; i < len(glob); {
		starts := i == 0 || glob[i-1] == '/'
		rest := glob[i:]
		end := classEnd(rest)
		switch {
		case starts && rest == "**":
			out, i = append(out, token{kind: tokTree}), i+2
		case starts && strings.HasPrefix(rest, "**/"):
			out, i = append(out, token{kind: tokDirs}), i+3
		case rest[0] == '*':
			out, i = append(out, token{kind: tokStar}), i+1
		case rest[0] == '?':
			out, i = append(out, token{kind: tokAny}), i+1
		case rest[0] == '[' && end > 0:
			out, i = append(out, class(rest[1:end])), i+end+1
		default:
			r, size := utf8.DecodeRuneInString(rest)
			out, i = append(out, token{kind: tokChar, lo: r}), i+size
		}
	}
	return out
}

func class(body string) token {
	t := token{kind: tokClass}
	if body[0] == '!' || body[0] == '^' {
		t.negated, body = true, body[1:]
	}
	chars := []rune(body)
	for i := 0; i < len(chars); i++ {
		s := span{chars[i], chars[i]}
		if i+2 < len(chars) && chars[i+1] == '-' {
			s.hi = max(s.lo, chars[i+2]) // [z-a] takes z alone
			i += 2
		}
		t.ranges = append(t.ranges, s)
	}
	return t
}

// takes reports whether the token can stand for the character.
func (t token) takes(r rune) bool {
	switch t.kind {
	case tokChar:
		return r == t.lo
	case tokClass:
		in := slices.ContainsFunc(t.ranges, func(s span) bool { return s.lo <= r && r <= s.hi })
		return in != t.negated
	case tokAny, tokStar:
		return r != '/'
	case tokDirs, tokTree:
	}
	return true
}

// position is where an automaton stands: before a token, or within a star,
// directories or tree that have already taken something.
type position struct {
	at     int
	inside bool
}

// move is a character class to take and where that leads.
type move struct {
	token token
	to    position
}

// greed says how little a wildcard may stand for.
type greed int

const (
	lazy  greed = iota // a star may stand for nothing, and dir/** for dir itself
	eager              // it stands for something; the paths found read better
)

// moves appends what can be taken at a position, passing over what can be empty.
func (p pattern) moves(at position, g greed, out []move) []move {
	for at.at < len(p.tokens) {
		t := p.tokens[at.at]
		within, next := position{at.at, true}, position{at: at.at + 1}
		passable := at.inside || g == lazy
		switch t.kind {
		case tokChar, tokClass, tokAny:
			return append(out, move{t, next})
		case tokStar:
			out = append(out, move{t, within})
		case tokTree:
			return append(out, move{t, within})
		case tokDirs:
			out = append(out, move{token{kind: tokAny}, within})
			if at.inside {
				return append(out, move{token{kind: tokChar, lo: '/'}, position{at: at.at}})
			}
			passable = true
		}
		if !passable {
			return out
		}
		at = next
	}
	return out
}

// accepts reports whether a path may end at a position.
func (p pattern) accepts(at position, g greed) bool {
	rest := p.tokens[at.at:]
	if at.inside && len(rest) > 0 && rest[0].kind != tokDirs {
		rest = rest[1:]
	}
	switch {
	case len(rest) == 2 && rest[0].lo == '/' && rest[1].kind == tokTree: // dir/** matches dir
		return g == lazy || p.plain
	case len(rest) == 1 && (rest[0].kind == tokStar || rest[0].kind == tokTree):
		return g == lazy
	}
	return len(rest) == 0
}

// effort bounds searches: how many states may still be looked at.
type effort int

// maxEffort is for one pair of globs. Globs of everyday length need fewer than
// 1,000 states.
const maxEffort effort = 100_000

// commonPath gives a path that matches both patterns, and whether there is
// one. When the effort does not suffice it gives an empty path and true.
func commonPath(a, b pattern, left *effort) (string, bool) {
	if !strings.HasPrefix(a.prefix, b.prefix) && !strings.HasPrefix(b.prefix, a.prefix) {
		return "", false
	}
	path, found := search(a, b, lazy, left)
	if found {
		if nicer, ok := search(a, b, eager, left); ok && nicer != "" {
			path = nicer
		}
	}
	return path, found
}

// pair is a state of the product. A path has no empty names, so the product
// remembers whether a name is just beginning.
type pair struct {
	a, b   position
	starts bool
}

type visit struct {
	from int // index of the visit before it
	char rune
	pair pair
}

// search walks the product breadth first, so the path it gives is a shortest
// one.
func search(a, b pattern, g greed, left *effort) (string, bool) {
	visits := []visit{{from: -1, pair: pair{starts: true}}}
	seen := map[pair]bool{visits[0].pair: true}
	var as, bs []move
	for i := 0; i < len(visits); i++ {
		now := visits[i].pair
		if !now.starts && a.accepts(now.a, g) && b.accepts(now.b, g) {
			return spellPath(visits, i), true
		}
		as, bs = a.moves(now.a, g, as[:0]), b.moves(now.b, g, bs[:0])
		for _, l := range as {
			for _, r := range bs {
				for _, c := range common(l.token, r.token, now.starts) {
					next := pair{l.to, r.to, c == '/'}
					if c != 0 && !seen[next] {
						seen[next] = true
						visits = append(visits, visit{i, c, next})
					}
				}
			}
		}
		if *left--; *left <= 0 {
			return "", true
		}
	}
	return "", false
}

func spellPath(visits []visit, i int) string {
	var path []rune
	for ; visits[i].from >= 0; i = visits[i].from {
		path = append(path, visits[i].char)
	}
	slices.Reverse(path)
	return string(path)
}

// common gives characters that both tokens take: '/' when it is one of them
// and may stand here, and one other; 0 stands for none. Only that difference
// matters to what can follow. The smallest character of an intersection of
// classes borders on one of their ranges, so trying the borders finds one if
// there is any.
func common(a, b token, starts bool) (found [2]rune) { //nolint:revive // a state of the search, not a choice of the caller
	both := func(r rune) bool { return a.takes(r) && b.takes(r) }
	if !starts && both('/') {
		found[0] = '/'
	}
	for _, t := range [2]token{a, b} {
		if t.kind == tokChar {
			if t.lo != '/' && both(t.lo) {
				found[1] = t.lo
			}
			return found
		}
	}
	for _, r := range [...]rune{'a', 'x', '0', '_', 1, 0xE000} {
		if both(r) {
			found[1] = r
			return found
		}
	}
	for _, s := range slices.Concat(a.ranges, b.ranges) {
		for _, r := range [...]rune{s.lo, s.hi, s.hi + 1} {
			if r != '/' && r != 0 && utf8.ValidRune(r) && both(r) {
				found[1] = r
				return found
			}
		}
	}
	return found
}

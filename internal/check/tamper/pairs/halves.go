package pairs

import (
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

// parts gives the conditions that an assertion asks for together: a condition
// of Go's if, under which the test fails, holds them one beside the other.
func parts(a source.Assertion, lang source.Language) []string {
	text, joints := a.Subject, []string{"and", "&&"}
	if lang == source.Go && strings.HasPrefix(a.Text, "if ") {
		text, joints = strings.TrimPrefix(held(a.Text), "if "), []string{"||"}
	} else if a.Strength != source.Truth {
		return nil
	}
	var out []string
	var part []words.Token
	depth := 0
	for _, t := range doubled(words.Scan(text, lang)) {
		switch {
		case strings.Contains("([{", t.Text) && t.Kind == words.Mark:
			depth++
		case strings.Contains(")]}", t.Text) && t.Kind == words.Mark:
			depth--
		case depth == 0 && t.Text == ";":
			part, out = nil, nil // what is worked out first
			continue
		case depth == 0 && t.Kind != words.Text && slices.Contains(joints, t.Text):
			out, part = append(out, words.TextOf(part)), nil
			continue
		}
		part = append(part, t)
	}
	return append(out, words.TextOf(part))
}

// given matches conditions that say only that there is something to look at:
// without it, what is asked for beside it fails as well.
var given = check.Lazy(`^!?\s*\w+$|\b(nil|None|null|undefined)\b`)

// halved finds an assertion that asked for two things or more, and asks only for
// some of them.
func halved(k Paired, _, _ []words.Token, lang source.Language) (Weakness, bool) {
	was, is := parts(k.Was, lang), parts(k.Is, lang)
	if len(is) >= len(was) || len(is) == 0 || k.Was.Negated != k.Is.Negated || slices.ContainsFunc(is, func(p string) bool { return !slices.Contains(was, p) }) {
		return Weakness{}, false
	}
	for _, p := range was {
		if !slices.Contains(is, p) && !given.MatchString(p) {
			return Weakness{"loosened", false, "asks for a part of what it asked for, and no longer for " + quote(p)}, true
		}
	}
	return Weakness{}, false
}

// apart reports whether all conditions that one assertion asked for stand in
// assertions of the head, each in one.
func (p Pairing) apart(a source.Assertion, lang source.Language) bool {
	asked := parts(a, lang)
	if len(asked) < 2 {
		return false
	}
	var now []source.Assertion
	for _, list := range [][]Paired{p.Kept, p.Changed} {
		for _, k := range list {
			now = append(now, k.Is)
		}
	}
	for _, part := range asked {
		has := named(words.Scan(part, lang))
		stands := func(b source.Assertion) bool {
			return b.Dead == "" && slices.Contains(append(parts(b, lang), b.Subject), part)
		}
		beside := func(b source.Assertion) bool {
			return stands(b) || b.Dead == "" && words.Contained(has, named(words.Scan(held(b.Text), lang))) == 1
		}
		if !slices.ContainsFunc(now, stands) && !slices.ContainsFunc(p.Added, beside) {
			return false
		}
	}
	return true
}

// named gives the names and the values in code.
func named(tokens []words.Token) map[string]bool {
	out := map[string]bool{}
	for _, t := range tokens {
		if t.Kind != words.Mark {
			out[words.Bare(t.Text)] = true
		}
	}
	return out
}

package tamper

import (
	"cmp"
	"maps"
	"path"
	"slices"

	"muster/internal/check/tamper/words"
)

const (
	// same is how alike two bodies are that are one test under two names.
	same = 0.62
	// maxCompared bounds the pairs of tests whose bodies are compared.
	maxCompared = 60_000
)

// match finds for each test of the base what it is at the head: the one with
// its name in the same file, then in another file, then the one with the most
// similar body.
func match(b *both) {
	base, head := b.base.all(), b.head.all()
	for _, f := range b.base.tests {
		if f.other != nil {
			byName(f.tests, f.other.tests, func(t *test) string { return t.Name })
		}
	}
	byName(base, head, func(t *test) string { return t.Name })
	byBody(base, head)
}

// rename gives what the base's tests look at the names that it has at the head,
// so that they are held against those that came in their place. A name that a
// test of the head still uses means something else too, and stays.
func rename(b *both, names map[string]string) {
	to := maps.Clone(names)
	for _, h := range b.head.all() {
		for w := range h.words {
			delete(to, w)
		}
	}
	if len(to) == 0 {
		return
	}
	for _, t := range b.base.all() {
		for i, tok := range t.tokens {
			if now := to[tok.Text]; tok.Kind == words.Word && now != "" {
				t.tokens[i].Text = now
			}
		}
		t.grams, t.words = words.Grams(t.tokens), words.Of(t.tokens)
		t.Assertions = slices.Clone(t.Assertions)
		for i := range t.Assertions {
			a := &t.Assertions[i]
			for _, text := range []*string{&a.Text, &a.Subject, &a.Expected, &a.Via, &a.When} {
				*text = words.Renamed(*text, to)
			}
		}
	}
}

// byName pairs tests of the same name, in order.
func byName(base, head []*test, name func(*test) string) {
	free := map[string][]*test{}
	for _, h := range head {
		if h.pair == nil {
			free[name(h)] = append(free[name(h)], h)
		}
	}
	for _, t := range base {
		list := free[name(t)]
		if t.pair != nil || len(list) == 0 {
			continue
		}
		i := 0
		if t.Helper != list[0].Helper || path.Ext(t.file.path) != path.Ext(list[0].file.path) {
			continue
		}
		t.pair, list[i].pair = list[i], t
		free[name(t)] = list[1:]
	}
}

// byBody pairs the tests that are left by how alike their bodies are, the most
// alike first.
func byBody(base, head []*test) {
	type pair struct {
		base, head *test
		score      float64
	}
	var pairs []pair
	compared := 0
	for _, t := range base {
		if t.pair != nil {
			continue
		}
		for _, h := range head {
			if h.pair != nil || t.Helper != h.Helper || t.file.lang != h.file.lang || len(h.tokens) > 5*len(t.tokens) || len(t.tokens) > 5*len(h.tokens) {
				continue
			}
			if compared++; compared > maxCompared {
				break
			}
			score := words.Alike(t.grams, h.grams)
			need := same
			switch {
			case words.Leaf(t.Name) == words.Leaf(h.Name):
				need = 0.3
			case len(t.tokens) < 25:
				need = 0.8 // short bodies are alike by chance
			}
			if score >= need {
				pairs = append(pairs, pair{t, h, score})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.score, a.score) })
	for _, p := range pairs {
		if p.base.pair == nil && p.head.pair == nil {
			p.base.pair, p.head.pair = p.head, p.base
		}
	}
}

package pairs

import (
	"slices"
	"strconv"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

// Restated reports whether an assertion that is new asks, in other words, for
// what one that is gone asked for: it holds all that was expected, and looks at
// the same thing or expects so much that it can be about nothing else. A size
// is restated by a list of as many entries.
func Restated(gone, is source.Assertion, lang source.Language) bool {
	if is.Dead != "" || is.Negated || gone.Negated || Rank(is) > 2 || sized.MatchString(words.Tight(is.Subject)) && !sized.MatchString(words.Tight(gone.Subject)) {
		return false
	}
	given, now := words.Scan(held(gone.Text), lang), words.Scan(held(is.Text), lang)
	expected := signs(words.Scan(gone.Expected, lang))
	if gone.Expected == "" {
		expected = signs(given)
		for sign := range signs(words.Scan(gone.Subject, lang)) {
			delete(expected, sign)
		}
	}
	count := gone.Expected
	if strings.HasSuffix(gone.Subject, ".calledOnce") && count == "true" {
		count = "1"
	}
	if sized.MatchString(words.Tight(gone.Subject)) && Rank(is) == 0 && entries(now, count) || keyed(gone, is) {
		return true
	}
	if len(expected) == 0 || words.Contained(expected, signs(now)) < 1 {
		return false
	}
	return query.MatchString(is.Subject) || alike(words.Scan(gone.Subject, lang), words.Of(now)) || telling(expected)
}

var sized = check.Lazy(`^len\(|\.(length|size|calledOnce|call_count|await_count|callCount)$|\.(count|Len|size)\(\)$`)

// signs gives what tells an expectation from others: its values, and the names
// of types in it.
func signs(tokens []words.Token) map[string]bool {
	out := words.Values(tokens)
	for _, t := range tokens {
		if t.Kind == words.Word && len(t.Text) > 3 && t.Text[0] >= 'A' && t.Text[0] <= 'Z' {
			out[t.Text] = true
		}
	}
	return out
}

// keyed reports whether an assertion holds, under its name, the value that was
// expected of one field.
func keyed(gone, is source.Assertion) bool {
	subject, value := words.Tight(gone.Subject), words.Tight(gone.Expected)
	field := words.Bare(strings.TrimSuffix(subject[strings.LastIndexAny(subject, ".[")+1:], "]"))
	if value == "" || field == subject || words.IsDigits(field) || strings.Contains(field, "(") {
		return false
	}
	text := words.Tight(is.Text)
	for _, key := range []string{field + ":", field + "\":", field + "':", field + "="} {
		if i := strings.Index(text, key+value); i > 0 && !words.IsRune(rune(text[i-1])) {
			return true
		}
	}
	return false
}

// Together leaves out assertions whose values, two at least, stand together in
// one that is new, or became another, and compares a list or an object as a whole.
func (p Pairing) Together(gone []source.Assertion, lang source.Language) []source.Assertion {
	now := slices.Clone(p.Added)
	for _, k := range p.Changed {
		now = append(now, k.Is)
	}
	for _, b := range now {
		if b.Dead != "" || b.Negated || Rank(b) > 0 || !strings.ContainsAny(held(b.Text), "[{") {
			continue
		}
		has, union := signs(words.Scan(held(b.Text), lang)), map[string]bool{}
		member := func(a source.Assertion) bool {
			own := signs(words.Scan(a.Expected, lang))
			return len(own) > 0 && !a.Negated && a.Dead == "" && words.Contained(own, has) == 1
		}
		named := false
		for _, a := range gone {
			if member(a) {
				for v := range signs(words.Scan(a.Expected, lang)) {
					union[v] = true
					named = named || !words.IsDigits(v)
				}
			}
		}
		if len(union) > 2 || named && len(union) > 1 {
			gone = slices.DeleteFunc(slices.Clone(gone), member)
		}
	}
	return gone
}

// alike reports whether code mentions a name by which something is looked at.
func alike(subject []words.Token, has map[string]bool) bool {
	for _, t := range subject {
		if t.Kind == words.Word && len(t.Text) > 2 && has[t.Text] && !words.Common(t.Text) && !vague.MatchString(t.Text) {
			return true
		}
	}
	return false
}

var vague = check.Lazy(`^(err|error|self|this|got|result|res|actual|value|length|size|message|name|code|data|text|calls?|assert\w*|expect\w*|not|new|await)$`)

// telling reports whether values are so many or so long that no other
// expectation is likely to have them.
func telling(values map[string]bool) bool {
	const long, all = 8, 14 // characters
	n := 0
	for v := range values {
		if n += len(v); len(v) >= long {
			return true
		}
	}
	return n >= all
}

// entries reports whether code holds a list of so many entries.
func entries(code []words.Token, count string) bool {
	want, err := strconv.Atoi(strings.TrimSpace(count))
	if err != nil || want < 1 {
		return false
	}
	type list struct{ commas, tokens int }
	var open []list
	for i, t := range code {
		switch t.Text {
		case "[", "{", "(":
			open = append(open, list{})
			continue
		case "]", "}", ")":
			if len(open) == 0 {
				return false
			}
			in := open[len(open)-1]
			open = open[:len(open)-1]
			if i > 0 && code[i-1].Text == "," {
				in.commas--
			}
			if in.tokens > 0 && in.commas+1 == want && t.Text != ")" && (want > 1 || in.tokens > 1) {
				return true
			}
		case ",":
			if len(open) > 0 {
				open[len(open)-1].commas++
			}
		}
		if n := len(open); n > 0 {
			open[n-1].tokens++
			if strings.Contains("]})", t.Text) {
				open[n-1].tokens++ // a list in a list is more than an index
			}
		}
	}
	return false
}

// Covers reports whether another assertion of the head asks for all that one
// asked for: one that is new, or one that stood close by and compares the
// whole. Far away the same words may be about a later state.
func (p Pairing) Covers(a source.Assertion, lang source.Language) bool {
	const nearby = 6 // lines
	if p.apart(a, lang) {
		return true
	}
	for _, b := range p.Added {
		if Covers(b, a) || Restated(a, b, lang) {
			return true
		}
	}
	for _, list := range [][]Paired{p.Kept, p.Changed} {
		for _, k := range list {
			near := max(k.Was.Start-a.Start, a.Start-k.Was.Start)
			other := words.Tight(k.Is.Subject) != words.Tight(a.Subject)
			if near <= 1 && !other && k.Is.Strength == source.Exact && Rank(a) > Rank(k.Is) && k.Is.Dead == "" {
				return true // its value was compared, and is
			}
			if near <= nearby && other && Covers(k.Is, a) || near <= 1 && k.Was.Start != a.Start && ClaimOf(k.Is) == ClaimOf(a) && k.Is.Dead == "" {
				return true
			}
		}
	}
	return false
}

// Distinct leaves out assertions that hold the same against each other as one
// before, in another branch of one condition.
func Distinct(list []source.Assertion) []source.Assertion {
	var out []source.Assertion
	seen := map[string]string{}
	for _, a := range list {
		var names []string
		for w := range words.Of(words.Scan(Core(a.Text), source.Go)) {
			if w != "Error" && w != "if" && w != "nil" {
				names = append(names, w)
			}
		}
		slices.Sort(names)
		key := strings.Join(names, " ")
		if when, ok := seen[key]; ok && len(names) > 1 && when != a.When && when != "" && a.When != "" {
			continue
		}
		seen[key] = a.When
		out = append(out, a)
	}
	return out
}

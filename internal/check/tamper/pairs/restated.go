package pairs

import (
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
	if sized.MatchString(words.Tight(gone.Subject)) && Rank(is) == 0 && entries(now, gone.Expected) {
		return true
	}
	if len(expected) == 0 || words.Contained(expected, signs(now)) < 1 {
		return false
	}
	return query.MatchString(is.Subject) || alike(words.Scan(gone.Subject, lang), words.Of(now)) || telling(expected)
}

var sized = check.Lazy(`^len\(|\.(length|size|call_count|await_count|callCount)$|\.(count|Len|size)\(\)$`)

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
	return len(values) > 1 && n >= all
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
		if len(open) > 0 {
			open[len(open)-1].tokens++
		}
	}
	return false
}

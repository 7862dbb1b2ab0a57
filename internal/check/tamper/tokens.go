package tamper

import (
	"strings"
	"unicode"

	"muster/internal/source"
	"muster/internal/source/tokens"
)

// kind is the sort of a token, as far as it matters here.
type kind int

const (
	word kind = iota
	number
	text
	mark
)

// token is one word of code.
type token struct {
	kind kind
	text string
}

// scan splits code into tokens. Layout and comments are left out.
func scan(code string, lang source.Language) []token {
	split := tokens.Split(string(lang), []byte(code))
	out := make([]token, 0, len(split))
	for _, t := range split {
		k := mark
		switch t.Kind {
		case tokens.Word, tokens.Keyword:
			k = word
		case tokens.Number:
			k = number
		case tokens.String:
			k = text
		case tokens.Mark:
		}
		out = append(out, token{k, t.Text})
	}
	return out
}

func isWordRune(r rune) bool {
	return r == '_' || r == '$' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// grams counts the pairs of tokens that follow each other.
func grams(tokens []token) map[string]int {
	out := make(map[string]int, len(tokens))
	last := ""
	for _, t := range tokens {
		out[last+" "+t.text]++
		last = t.text
	}
	return out
}

// alike gives how much two counts have in common, from 0 to 1 (Dice 1945).
func alike(a, b map[string]int) float64 {
	total, common := 0, 0
	for _, n := range b {
		total += n
	}
	for g, n := range a {
		total += n
		common += min(n, b[g])
	}
	if total == 0 {
		return 0
	}
	return 2 * float64(common) / float64(total)
}

// wordsOf gives the words and the values in tokens, each once; values that say
// nothing, such as 0 and 1, are left out.
func wordsOf(tokens []token) map[string]bool {
	out := make(map[string]bool, len(tokens))
	for _, t := range tokens {
		if t.kind != mark && len(t.text) > 1 {
			out[t.text] = true
		}
	}
	return out
}

// valuesOf gives the numbers and strings in tokens, each once, strings without
// their quotes.
func valuesOf(tokens []token) map[string]bool {
	out := map[string]bool{}
	for _, t := range tokens {
		if v := t.text; t.kind == number || t.kind == text {
			out[bare(v)] = true
		}
	}
	return out
}

// bare takes the quotes off a string.
func bare(s string) string { return strings.Trim(s, "\"'`") }

// Package words splits the code of tests into words, and tells how much two
// pieces of code have in common.
package words

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"muster/internal/source"
	"muster/internal/source/tokens"
)

// Kind is the sort of a Token, as far as it matters here.
type Kind int

// The sorts of words.
const (
	Word Kind = iota
	Number
	Text
	Mark
)

// Token is one word of code.
type Token struct {
	Kind Kind
	Text string
}

// Scan splits code into tokens. Layout and comments are left out.
func Scan(code string, lang source.Language) []Token {
	split := tokens.Split(string(lang), []byte(code))
	out := make([]Token, 0, len(split))
	for _, t := range split {
		k := Mark
		switch t.Kind {
		case tokens.Word, tokens.Keyword:
			k = Word
		case tokens.Number:
			k = Number
		case tokens.String:
			k = Text
		case tokens.Mark:
		}
		out = append(out, Token{k, t.Text})
	}
	return out
}

// IsRune reports whether a character may be part of a name.
func IsRune(r rune) bool {
	return r == '_' || r == '$' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// Grams counts the pairs of tokens that follow each other.
func Grams(tokens []Token) map[string]int {
	out := make(map[string]int, len(tokens))
	last := ""
	for _, t := range tokens {
		out[last+" "+t.Text]++
		last = t.Text
	}
	return out
}

// Alike gives how much two counts have in common, from 0 to 1 (Dice 1945).
func Alike(a, b map[string]int) float64 {
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

// Of gives the words and the values in tokens, each once; values that say
// nothing, such as 0 and 1, are left out.
func Of(tokens []Token) map[string]bool {
	out := make(map[string]bool, len(tokens))
	for _, t := range tokens {
		if t.Kind != Mark && len(t.Text) > 1 {
			out[t.Text] = true
		}
	}
	return out
}

// Values gives the numbers and strings in tokens, each once, strings without
// their quotes.
func Values(tokens []Token) map[string]bool {
	out := map[string]bool{}
	for _, t := range tokens {
		if v := t.Text; t.Kind == Number || t.Kind == Text {
			out[Bare(v)] = true
		}
	}
	return out
}

// Bare takes the quotes off a string.
func Bare(s string) string { return strings.Trim(s, "\"'`") }

// Unquoted takes one pair of quotes off a string, and leaves those in it.
func Unquoted(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 1 && strings.IndexByte("\"'`", s[0]) >= 0 && s[0] == s[len(s)-1] {
		return s[1 : len(s)-1]
	}
	return s
}

// Tight takes the layout out of a piece of code: white space, and which quotes
// its strings have.
func Tight(s string) string {
	if !strings.ContainsAny(s, "'`\"") {
		return strings.Join(strings.Fields(s), "")
	}
	var b strings.Builder
	for _, t := range Scan(s, source.JavaScript) {
		b.WriteString(t.Text)
	}
	return b.String()
}

// IsDigits reports whether a text is nothing but digits, or empty.
func IsDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// Mentions reports whether a text names a value as a whole word. What is too
// short to be meant is never named.
func Mentions(text, value string) bool {
	if text == "" || len(value) < 2 || len(value) < 3 && !strings.ContainsAny(value, "0123456789") {
		return false
	}
	text, value = strings.ToLower(text), strings.ToLower(value)
	for i := 0; ; {
		at := strings.Index(text[i:], value)
		if at < 0 {
			return false
		}
		at += i
		end := at + len(value)
		if (at == 0 || !IsRune(rune(text[at-1])) || !IsRune(rune(value[0]))) && (end == len(text) || !IsRune(rune(text[end])) || !IsRune(rune(value[len(value)-1]))) {
			return true
		}
		i = at + 1
	}
}

// Common reports whether a name is one of a test library or of the language.
func Common(name string) bool {
	if _, ok := map[string]bool{
		"Run": true, "Errorf": true, "Fatalf": true, "Error": true, "Fatal": true, "Equal": true, "NoError": true, "True": true, "False": true, "Nil": true,
		"func": true, "len": true, "make": true, "append": true, "string": true, "Contains": true, "DeepEqual": true, "Helper": true, "Parallel": true,
		"expect": true, "toBe": true, "toEqual": true, "it": true, "test": true, "describe": true, "assert": true, "function": true, "async": true,
		"toHaveBeenCalled": true, "toThrow": true, "beforeEach": true, "equal": true, "deepEqual": true, "strictEqual": true, "fn": true, "mock": true,
		"raises": true, "isinstance": true, "str": true, "int": true, "list": true, "dict": true, "def": true, "parametrize": true, "range": true,
		"assertEqual": true, "assertTrue": true, "assertFalse": true, "assertRaises": true, "assertIn": true, "for": true, "while": true, "switch": true, "catch": true,
	}[name]; ok {
		return true
	}
	return strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "test_")
}

// Last gives the last part of a name that says what holds it: of "Server.Close"
// it is "Close".
func Last(name string) string {
	if i := strings.LastIndexAny(name, ".:#"); i >= 0 && i+1 < len(name) {
		return name[i+1:]
	}
	return name
}

// Renamed gives a text with other names for some that stand in it as whole
// words.
func Renamed(text string, to map[string]string) string {
	var b strings.Builder
	word := 0
	flush := func(end int) {
		if now := to[text[word:end]]; now != "" {
			b.WriteString(now)
		} else {
			b.WriteString(text[word:end])
		}
	}
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if !IsRune(r) {
			flush(i)
			b.WriteString(text[i : i+n])
			word = i + n
		}
		i += n
	}
	flush(len(text))
	return b.String()
}

// Leaf gives the last part of a test's name: of "A > b" it is "b".
func Leaf(name string) string {
	if strings.Contains(name, " ") { // a sentence
		if i := strings.LastIndex(name, " > "); i >= 0 {
			return name[i+len(" > "):]
		}
		return name
	}
	for _, sep := range []string{"/", "::", "."} {
		if i := strings.LastIndex(name, sep); i >= 0 {
			name = name[i+len(sep):]
		}
	}
	return name
}

// About reports whether code mentions a name of the list that says something.
func About(tokens []Token, names map[string]bool) bool {
	for _, t := range tokens {
		if t.Kind == Word && len(t.Text) > 2 && names[t.Text] {
			return true
		}
	}
	return false
}

package tamper

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"muster/internal/source"
)

// kind is the sort of a token.
type kind int

const (
	word kind = iota
	number
	text
	mark
)

// token is one word of code. Layout and comments are left out.
type token struct {
	kind kind
	text string
}

// scan splits code into tokens, well enough to compare two versions of it in
// any of the languages. A string ends at the end of its line, unless the
// language has strings that go on.
func scan(code string, lang source.Language) []token {
	s := scanner{rest: code, python: lang == source.Python, rust: lang == source.Rust}
	var out []token
	for {
		t, ok := s.next()
		if !ok {
			return out
		}
		out = append(out, t)
	}
}

type scanner struct {
	rest   string
	python bool
	rust   bool
}

func (s *scanner) next() (token, bool) {
	s.blank()
	if s.rest == "" {
		return token{}, false
	}
	c, size := utf8.DecodeRuneInString(s.rest)
	switch {
	case c == '"' || c == '\'' && !s.lifetime() || c == '`' && !s.python:
		return token{text, s.quoted()}, true
	case unicode.IsDigit(c):
		return token{number, s.while(func(r rune) bool { return isWordRune(r) || r == '.' })}, true
	case isWordRune(c):
		return token{word, s.while(isWordRune)}, true
	}
	t := s.rest[:size]
	s.rest = s.rest[size:]
	return token{mark, t}, true
}

// blank skips white space and comments.
func (s *scanner) blank() {
	for {
		s.rest = strings.TrimLeftFunc(s.rest, unicode.IsSpace)
		switch {
		case !s.python && strings.HasPrefix(s.rest, "//"), s.python && strings.HasPrefix(s.rest, "#"):
			_, s.rest, _ = strings.Cut(s.rest, "\n")
		case !s.python && strings.HasPrefix(s.rest, "/*"):
			_, after, closed := strings.Cut(s.rest[2:], "*/")
			if !closed {
				after = ""
			}
			s.rest = after
		default:
			return
		}
	}
}

// lifetime reports whether a quote begins a lifetime of Rust.
func (s *scanner) lifetime() bool {
	return s.rust && !(len(s.rest) > 2 && (s.rest[2] == '\'' || s.rest[1] == '\\'))
}

// quoted takes a string, and gives it with its quotes.
func (s *scanner) quoted() string {
	quote := s.rest[:1]
	long := s.python && len(s.rest) >= 3 && s.rest[1:2] == quote && s.rest[2:3] == quote
	if long {
		quote = strings.Repeat(quote, 3)
	}
	raw := quote == "`" && !s.rust
	for i := len(quote); i < len(s.rest); i++ {
		switch {
		case s.rest[i] == '\\' && quote != "`":
			i++
		case strings.HasPrefix(s.rest[i:], quote):
			return s.take(i + len(quote))
		case s.rest[i] == '\n' && !long && !raw:
			return s.take(i)
		}
	}
	return s.take(len(s.rest))
}

func (s *scanner) take(n int) string {
	n = min(n, len(s.rest))
	t := s.rest[:n]
	s.rest = s.rest[n:]
	return t
}

func (s *scanner) while(is func(rune) bool) string {
	for i, r := range s.rest {
		if !is(r) {
			return s.take(i)
		}
	}
	return s.take(len(s.rest))
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

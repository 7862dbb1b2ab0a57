// Package tokens splits source text into tokens, for comparing texts with each
// other. It needs no grammar: it knows what comments and strings of a language
// look like, and is made for speed.
package tokens

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is the sort of a token.
type Kind byte

// The sorts of token.
const (
	Word    Kind = 'w' // a name
	Keyword Kind = 'k' // a word of the language itself
	String  Kind = 's' // its text is the content, in double quotes whatever the language has
	Number  Kind = 'n'
	Mark    Kind = 'm' // one sign: an operator is as many tokens as it has signs
)

// Token is one token of a text. White space and comments are none.
type Token struct {
	Kind Kind
	Text string
	Line int // from 1
}

// The languages, by the names that package source has for them. Every other
// name stands for an unknown language: it has words, numbers, signs and strings
// that end on their line, and no comments.
const (
	golang     = "go"
	python     = "python"
	javascript = "javascript"
	typescript = "typescript"
	tsx        = "tsx"
	java       = "java"
	rust       = "rust"
)

// Split gives the tokens of a text in order. It never fails: what is no code
// gives tokens too. Its time grows with the length of the text.
func Split(language string, text []byte) []Token {
	l := &lexer{lang: language, text: strings.ToValidUTF8(string(text), "?"), line: 1, keywords: keywordsOf(language)}
	l.out = make([]Token, 0, len(text)/4)
	for l.pos < len(l.text) {
		l.next()
	}
	return l.out
}

type lexer struct {
	lang     string
	text     string
	pos      int
	line     int
	keywords map[string]bool
	out      []Token
}

func (l *lexer) next() {
	rest := l.text[l.pos:]
	c, size := utf8.DecodeRuneInString(rest)
	switch {
	case c == '\n':
		l.line++
		l.pos++
	case unicode.IsSpace(c):
		l.pos += size
	case l.comment(rest):
	case isWordStart(c):
		l.word(rest)
	case c >= '0' && c <= '9':
		l.emit(Number, rest[:runOf(rest, func(r rune) bool { return isWordPart(r) || r == '.' })], "")
	case c == '"' || c == '\'' || c == '`':
		l.quoted(rest, 0)
	case c == '/' && l.isRegexp(rest):
		l.emit(String, rest[:regexpEnd(rest)], "")
	default:
		l.emit(Mark, rest[:size], "")
	}
}

// emit adds a token for the next len(raw) bytes; text is used instead of raw
// when it is given.
func (l *lexer) emit(kind Kind, raw, text string) {
	if text == "" {
		text = raw
	}
	l.out = append(l.out, Token{kind, text, l.line})
	l.line += strings.Count(raw, "\n")
	l.pos += len(raw)
}

func (l *lexer) skip(n int) {
	l.line += strings.Count(l.text[l.pos:l.pos+n], "\n")
	l.pos += n
}

func isWordStart(r rune) bool { return r == '_' || r == '$' || r == '@' || unicode.IsLetter(r) }
func isWordPart(r rune) bool {
	return r == '_' || r == '$' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// runOf gives the length of the longest beginning that is of one sort.
func runOf(s string, is func(rune) bool) int {
	for i, r := range s {
		if !is(r) {
			return i
		}
	}
	return len(s)
}

// comment skips a comment and reports whether there was one.
func (l *lexer) comment(rest string) bool {
	line := "//"
	switch l.lang {
	case python:
		line = "#"
	case golang, javascript, typescript, tsx, java, rust:
	default:
		return false
	}
	if strings.HasPrefix(rest, line) || l.pos == 0 && strings.HasPrefix(rest, "#!") && l.lang != rust {
		end := strings.IndexByte(rest, '\n')
		if end < 0 {
			end = len(rest)
		}
		l.skip(end)
		return true
	}
	if l.lang == python || !strings.HasPrefix(rest, "/*") {
		return false
	}
	end, depth := 2, 1
	for ; end < len(rest) && depth > 0; end++ {
		switch {
		case strings.HasPrefix(rest[end:], "*/"):
			depth--
			end++
		case l.lang == rust && strings.HasPrefix(rest[end:], "/*"):
			depth++
			end++
		}
	}
	l.skip(min(end, len(rest)))
	return true
}

// word reads a word, or the string that it is the prefix of.
func (l *lexer) word(rest string) {
	n := max(1, runOf(rest, isWordPart))
	if rest[0] == '@' { // @decorator
		n = 1 + runOf(rest[1:], isWordPart)
	}
	word := rest[:n]
	if n <= 3 && n < len(rest) && l.isPrefix(word, rest[n]) {
		l.quoted(rest, n)
		return
	}
	kind := Word
	if l.keywords[word] {
		kind = Keyword
	}
	l.emit(kind, word, "")
}

// isPrefix reports whether a word before a quote, or before # in Rust, belongs
// to the string.
func (l *lexer) isPrefix(word string, after byte) bool {
	switch l.lang {
	case python:
		return (after == '"' || after == '\'') && strings.Trim(strings.ToLower(word), "rbfut") == ""
	case rust:
		return after == '"' && (word == "r" || word == "b" || word == "br" || word == "c") || after == '#' && (word == "r" || word == "br")
	}
	return false
}

// quoted reads a string whose quote stands after a prefix.
func (l *lexer) quoted(rest string, prefix int) {
	body := rest[prefix:]
	hashes := 0
	if l.lang == rust {
		hashes = runOf(body, func(r rune) bool { return r == '#' })
		if hashes >= len(body) || body[hashes] != '"' && hashes > 0 {
			l.emit(Word, rest[:prefix+1], "") // r#name
			return
		}
		if body[0] == '\'' && isLifetime(body) {
			l.emit(Word, rest[:1+runOf(body[1:], isWordPart)], "")
			return
		}
	}
	body = body[hashes:]
	quote := body[:1]
	if (l.lang == python || l.lang == java) && strings.HasPrefix(body, strings.Repeat(quote, 3)) {
		quote = body[:3]
	}
	raw := l.lang == golang && quote == "`" || prefix > 0 && l.lang == rust && strings.Contains(rest[:prefix], "r")
	long := len(quote) == 3 || raw || quote == "`" || l.lang == rust
	end := stringEnd(body[len(quote):], quote+strings.Repeat("#", hashes), raw, long)
	if end < 0 {
		l.emit(Mark, rest[:prefix+hashes+len(quote)], "")
		return
	}
	start := prefix + hashes + len(quote)
	l.emit(String, rest[:start+end+len(quote)+hashes], `"`+rest[start:start+end]+`"`)
}

// stringEnd gives where the closing quote begins; -1 when there is none, or
// none on the line of a string that may not be longer.
func stringEnd(body, quote string, raw, long bool) int {
	for i := 0; i < len(body); i++ {
		switch {
		case body[i] == '\\' && !raw:
			i++
		case body[i] == '\n' && !long:
			return -1
		case strings.HasPrefix(body[i:], quote):
			return i
		}
		if i > maxString {
			return -1
		}
	}
	return -1
}

// maxString is how many bytes of a string are looked at for its end.
const maxString = 1 << 16

func isLifetime(s string) bool {
	n := runOf(s[1:], isWordPart)
	return n > 0 && !strings.HasPrefix(s[1+n:], "'")
}

// isRegexp reports whether a slash begins a regular expression, which it does
// where no value stands before it.
func (l *lexer) isRegexp(rest string) bool {
	if l.lang != javascript && l.lang != typescript && l.lang != tsx || regexpEnd(rest) == 0 {
		return false
	}
	if len(l.out) == 0 {
		return true
	}
	last := l.out[len(l.out)-1]
	return last.Kind == Keyword || last.Kind == Mark && !strings.Contains(")]}<", last.Text)
}

// maxRegexp is how many bytes of a regular expression are looked at.
const maxRegexp = 1000

// regexpEnd gives the length of a regular expression; 0 when it does not end on
// its line.
func regexpEnd(s string) int {
	set := false
	for i := 1; i < min(len(s), maxRegexp); i++ {
		switch c := s[i]; {
		case c == '\n':
			return 0
		case c == '\\':
			i++
		case c == '[':
			set = true
		case c == ']':
			set = false
		case c == '/' && !set:
			return i + 1
		}
	}
	return 0
}

func keywordsOf(lang string) map[string]bool {
	list := ""
	switch lang {
	case golang:
		list = `break case chan const continue default defer else fallthrough for func go goto if import interface map package range
			return select struct switch type var`
	case python:
		list = `False None True and as assert async await break class continue def del elif else except finally for from global if import in
			is lambda nonlocal not or pass raise return try while with yield`
	case javascript, typescript, tsx:
		list = `async await break case catch class const continue debugger default delete do else enum export extends false finally for
			function if implements import in instanceof interface let new null of return static super switch this throw true try
			typeof undefined var void while with yield`
	case java:
		list = `abstract assert boolean break byte case catch char class const continue default do double else enum extends final finally
			float for if implements import instanceof int interface long native new null package private protected public return
			short static super switch synchronized this throw throws transient try void volatile while true false`
	case rust:
		list = `as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref
			return self Self static struct super trait true type unsafe use where while`
	}
	out := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		out[w] = true
	}
	return out
}

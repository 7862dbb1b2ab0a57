package hardcoded

import (
	"slices"
	"strconv"
	"strings"

	"muster/internal/source"
)

// kind is the sort of a token.
type kind int

const (
	mark kind = iota
	name
	text   // a string
	number // a number
)

// token is one token of code. Comments and white space are none.
type token struct {
	kind  kind
	value string // of a string its content, of a number its value in one spelling
	line  int
}

func (t token) literal() bool { return t.kind == text || t.kind == number }

// maxTokens bounds what is read of one file.
const maxTokens = 400_000

// tokensOf splits code into tokens. It knows just enough of a language to tell
// code from comments and strings, and never fails: what it does not know are
// marks of one byte each.
func tokensOf(code string, lang source.Language) []token {
	s := scanner{code: code, line: 1, hash: lang == source.Python}
	var out []token
	for len(out) < maxTokens {
		t, ok := s.next()
		if !ok {
			break
		}
		out = append(out, t)
	}
	return out
}

type scanner struct {
	code string
	pos  int
	line int
	hash bool // # begins a comment
}

func (s *scanner) next() (token, bool) {
	s.blank()
	if s.pos >= len(s.code) {
		return token{}, false
	}
	c, line := s.code[s.pos], s.line
	switch {
	case c == '"' || c == '\'' || c == '`':
		if value, ok := s.quoted(c); ok {
			return token{text, value, line}, true
		}
	case c >= '0' && c <= '9':
		return token{number, s.number(), line}, true
	case isLetter(c):
		from := s.pos
		for s.pos < len(s.code) && (isLetter(s.code[s.pos]) || s.code[s.pos] >= '0' && s.code[s.pos] <= '9') {
			s.pos++
		}
		return token{name, s.code[from:s.pos], line}, true
	default:
		for _, op := range []string{"===", "!==", "==", "!=", "=>", "->", ":=", "<=", ">=", "&&", "||"} {
			if strings.HasPrefix(s.code[s.pos:], op) {
				s.pos += len(op)
				return token{mark, op, line}, true
			}
		}
	}
	s.pos++
	return token{mark, string(c), line}, true
}

func isLetter(c byte) bool {
	return c == '_' || c == '$' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// blank skips white space and comments.
func (s *scanner) blank() {
	for s.pos < len(s.code) {
		rest := s.code[s.pos:]
		switch {
		case rest[0] == '\n':
			s.line++
			s.pos++
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r':
			s.pos++
		case s.hash && rest[0] == '#', !s.hash && strings.HasPrefix(rest, "//"):
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				end = len(rest)
			}
			s.pos += end
		case !s.hash && strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest, "*/")
			if end < 0 {
				end = len(rest) - 2
			}
			s.line += strings.Count(rest[:end+2], "\n")
			s.pos += end + 2
		default:
			return
		}
	}
}

// quoted reads a string. A string in single or double quotes ends in its line;
// otherwise the quote is a mark.
func (s *scanner) quoted(q byte) (string, bool) {
	rest := s.code[s.pos:]
	if three := strings.Repeat(string(q), 3); s.hash && strings.HasPrefix(rest, three) {
		end := strings.Index(rest[3:], three)
		if end < 0 {
			return "", false
		}
		s.line += strings.Count(rest[:end+6], "\n")
		s.pos += end + 6
		return rest[3 : 3+end], true
	}
	for i := 1; i < len(rest); i++ {
		switch {
		case rest[i] == '\\' && q != '`':
			i++
		case rest[i] == '\n' && q != '`':
			return "", false
		case rest[i] == q:
			s.line += strings.Count(rest[:i], "\n")
			s.pos += i + 1
			return unescape(rest[1:i]), true
		}
	}
	return "", false
}

func unescape(inner string) string {
	if !strings.Contains(inner, `\`) {
		return inner
	}
	return strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\r`, "\r", `\"`, `"`, `\'`, `'`, `\\`, `\`).Replace(inner)
}

func (s *scanner) number() string {
	from := s.pos
	for s.pos < len(s.code) {
		c := s.code[s.pos]
		if !isLetter(c) && (c < '0' || c > '9') && c != '.' || c == '.' && s.pos+1 < len(s.code) && isLetter(s.code[s.pos+1]) {
			break
		}
		s.pos++
	}
	return canonical(s.code[from:s.pos])
}

// canonical gives a number in one spelling: 1_000 and 1e3 are 1000.
func canonical(n string) string {
	plain := strings.TrimRight(strings.ReplaceAll(n, "_", ""), "nLlfFuU")
	if i, err := strconv.ParseInt(plain, 0, 64); err == nil {
		return strconv.FormatInt(i, 10)
	}
	if f, err := strconv.ParseFloat(plain, 64); err == nil {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return n
}

// trivialNumber reports whether a number is one that code is full of.
func trivialNumber(n string) bool {
	return slices.Contains([]string{"0", "1", "2", "-1", "10", "100"}, n)
}

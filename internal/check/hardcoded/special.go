package hardcoded

import (
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/source"
)

// special is a place where code asks for particular values and gives
// particular ones back.
type special struct {
	path     string
	function string // around it; empty at the top level
	line     int
	end      int
	in       []string // what the input is held against, canonical
	out      []string // the literals that are given back; "true" and "false" are among them
	entry    bool     // an entry of a table
	parts    int      // how many equalities the condition has
	hashed   bool     // what is held against is a hash
}

// specials finds the places of a file in lines that wanted names.
func specials(path string, f source.File, toks []token, wanted func(line int) bool) []special {
	r := reader{toks: toks}
	var out []special
	for i := range toks {
		if !wanted(toks[i].line) {
			continue
		}
		s, ok := r.at(i)
		if !ok || len(s.in) == 0 || len(s.out) == 0 {
			continue
		}
		s.path = path
		if fn, ok := f.FunctionAt(s.line); ok {
			s.function = fn.Name
		}
		out = append(out, s)
	}
	return out
}

type reader struct{ toks []token }

func (r reader) tok(i int) token {
	if i < 0 || i >= len(r.toks) {
		return token{}
	}
	return r.toks[i]
}

// at reads a special case that begins with token i.
func (r reader) at(i int) (special, bool) {
	t := r.toks[i]
	switch {
	case t.kind == name && slices.Contains([]string{"if", "elif", "when"}, t.value):
		return r.branch(i)
	case t.value == "?" && t.kind == mark:
		return r.ternary(i)
	case t.kind == name && t.value == "case":
		return r.label(i)
	case t.literal():
		return r.entry(i)
	}
	return special{}, false
}

// maxCondition bounds a condition, in tokens.
const maxCondition = 60

// branch reads "if x == LITERAL" with what its branch gives back.
func (r reader) branch(i int) (special, bool) {
	s := special{line: r.toks[i].line}
	depth, j := 0, i+1
	for ; j < len(r.toks) && j < i+maxCondition; j++ {
		t := r.toks[j]
		if t.kind == mark {
			switch t.value {
			case "(", "[":
				depth++
			case ")", "]":
				depth--
			}
		}
		if t.kind == mark && (t.value == "{" || t.value == ":") && depth <= 0 || t.kind == name && t.value == "then" {
			break
		}
		// C-like languages have the condition in brackets and may go on without braces.
		if depth < 0 || depth == 0 && j > i+1 && r.toks[i+1].value == "(" && t.value == ")" && t.kind == mark && r.tok(j+1).value == "return" {
			break
		}
		if in, ok := r.equality(j); ok {
			s.in = append(s.in, in...)
			s.parts++
		}
	}
	s.hashed = slices.ContainsFunc(s.in, hashValue) && r.hashes(i-maxCondition, j)
	s.out, s.end = r.result(j + 1)
	return s, true
}

var (
	hexadecimal = check.Lazy(`^[0-9a-fA-F]{8,128}$`)
	hashing     = check.Lazy(`(?i)sha_?(1|224|256|384|512)|md5|crc_?(32|64)|fnv|adler|hash|digest|checksum|murmur|xxh`)
)

// hashValue reports whether a literal looks like a hash.
func hashValue(v string) bool {
	if isNumber(v) && !strings.ContainsAny(v, "abcdefABCDEF") {
		return len(v) >= 7
	}
	return hexadecimal.MatchString(v)
}

// hashes reports whether the code between two tokens makes a hash.
func (r reader) hashes(from, to int) bool {
	for j := max(from, 0); j < to && j < len(r.toks); j++ {
		if r.toks[j].kind == name && hashing.MatchString(r.toks[j].value) {
			return true
		}
	}
	return false
}

func isNumber(v string) bool {
	c := canonical(v)
	return v != "" && (c[0] >= '0' && c[0] <= '9' || c[0] == '-')
}

// equality gives the literals that token j holds something against.
func (r reader) equality(j int) ([]string, bool) {
	t := r.toks[j]
	switch {
	case t.kind == mark && (t.value == "==" || t.value == "==="), t.kind == name && t.value == "is":
		if lit := r.operand(j + 1); lit != "" {
			return []string{lit}, true
		}
		if prev := r.tok(j - 1); prev.literal() && (r.tok(j-2).kind == mark || slices.Contains([]string{"if", "elif", "when", "and", "or", "not", "return"}, r.tok(j-2).value)) {
			return []string{prev.value}, true
		}
	case t.kind == name && slices.Contains([]string{"equals", "EqualFold", "Equal", "equalsIgnoreCase", "eq", "DeepEqual", "isEqual", "deepEqual"}, t.value) && r.tok(j+1).value == "(":
		return r.list(j+1, ")"), true
	case t.kind == name && t.value == "in" && slices.Contains([]string{"(", "[", "{"}, r.tok(j+1).value):
		return r.list(j+1, closing(r.tok(j+1).value)), true
	}
	return nil, false
}

func closing(open string) string {
	return map[string]string{"(": ")", "[": "]", "{": "}"}[open]
}

// operand gives the literal at i, with its sign.
func (r reader) operand(i int) string {
	if r.tok(i).value == "-" && r.tok(i+1).kind == number {
		return "-" + r.tok(i+1).value
	}
	if t := r.tok(i); t.literal() && r.tok(i+1).value != "+" && r.tok(i+1).value != "." {
		return t.value
	}
	return ""
}

// list gives the literals between an opening bracket at i and its end.
func (r reader) list(i int, end string) []string {
	var out []string
	for j := i + 1; j < len(r.toks) && j < i+maxCondition && r.toks[j].value != end; j++ {
		if r.toks[j].literal() {
			out = append(out, r.toks[j].value)
		}
	}
	return out
}

// label reads "case LITERAL:" and, in other languages, "case LITERAL =>".
func (r reader) label(i int) (special, bool) {
	s := special{line: r.toks[i].line, parts: 1}
	j := i + 1
	for ; j < len(r.toks) && j < i+maxCondition; j++ {
		t := r.toks[j]
		if t.literal() {
			s.in = append(s.in, t.value)
		} else if t.kind == name || t.kind == mark && t.value != "," && t.value != "-" && t.value != "|" {
			break
		}
	}
	if v := r.tok(j).value; v != ":" && v != "=>" && v != "->" {
		return s, false
	}
	s.out, s.end = r.result(j)
	return s, true
}

// ternary reads "x == LITERAL ? LITERAL : other".
func (r reader) ternary(i int) (special, bool) {
	s := special{line: r.toks[i].line}
	for j := i - 1; j >= 0 && j > i-12; j-- {
		if in, ok := r.equality(j); ok {
			s.in = append(s.in, in...)
			s.parts++
			s.line = r.toks[j].line
		}
		if v := r.toks[j].value; r.toks[j].kind == mark && (v == ";" || v == "{" || v == ",") || v == "return" {
			break
		}
	}
	if lit := r.operand(i + 1); lit != "" {
		s.out, s.end = []string{lit}, r.toks[i+1].line
	}
	return s, true
}

// entry reads "LITERAL: LITERAL" and "LITERAL => LITERAL" of a table.
func (r reader) entry(i int) (special, bool) {
	t, next := r.toks[i], r.tok(i+1)
	before := r.tok(i - 1)
	if next.kind != mark || next.value != ":" && next.value != "=>" || before.kind != mark || !slices.Contains([]string{"{", ",", "[", "}", "|"}, before.value) {
		return special{}, false
	}
	s := special{line: t.line, in: []string{t.value}, entry: true, parts: 1}
	depth := 0
	for j := i + 2; j < len(r.toks) && j < i+maxCondition; j++ {
		x := r.toks[j]
		switch {
		case x.kind == mark && slices.Contains([]string{"{", "[", "("}, x.value):
			depth++
		case x.kind == mark && slices.Contains([]string{"}", "]", ")"}, x.value):
			depth--
		case x.literal():
			s.out, s.end = append(s.out, x.value), x.line
		case x.kind == name && truth(x.value) != "":
			s.out, s.end = append(s.out, truth(x.value)), x.line
		}
		if depth < 0 || depth == 0 && x.value == "," && x.kind == mark {
			break
		}
	}
	return s, true
}

func truth(name string) string {
	switch name {
	case "true", "True":
		return "true"
	case "false", "False":
		return "false"
	}
	return ""
}

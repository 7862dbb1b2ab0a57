package hardcoded

import (
	"slices"
	"strings"
)

// Bounds of what a branch may say before it gives its result.
const (
	maxAhead  = 40 // tokens from the condition to the result
	maxResult = 80 // tokens of the result
)

// result reads what the code from token i gives back: the literals of the
// first statement that returns or assigns. A result that holds names of
// variables is computed and none of ours; an error is a refusal.
func (r reader) result(i int) (out []string, end int) {
	for j := i; j < len(r.toks) && j < i+maxAhead; j++ {
		t := r.toks[j]
		switch {
		case t.kind == name && slices.Contains([]string{"if", "elif", "else", "case", "default", "for", "while", "throw", "raise", "panic", "func", "def", "function"}, t.value):
			return nil, 0
		case t.kind == name && (t.value == "return" || t.value == "yield"), t.kind == mark && slices.Contains([]string{"=>", "->", ":=", "="}, t.value):
			return r.values(j + 1)
		}
	}
	return nil, 0
}

// values gives the literals of an expression that begins at token i, and its
// last line; none when the expression is computed.
func (r reader) values(i int) (out []string, end int) {
	line, depth := r.tok(i).line, 0
	if i > 0 && line != r.tok(i-1).line {
		return nil, 0 // return without a value
	}
	for j := i; j < len(r.toks) && j < i+maxResult; j++ {
		t := r.toks[j]
		if depth == 0 && (t.line != line || t.kind == mark && (t.value == ";" || t.value == "}")) {
			break
		}
		switch {
		case t.kind == mark && slices.Contains([]string{"{", "[", "("}, t.value):
			depth++
		case t.kind == mark && slices.Contains([]string{"}", "]", ")"}, t.value):
			depth--
			line = t.line
		case t.literal():
			if v := t.value; r.tok(j-1).value == "-" && t.kind == number {
				out = append(out, "-"+v)
			} else {
				out = append(out, v)
			}
			end = t.line
		case t.kind == name && truth(t.value) != "":
			out, end = append(out, truth(t.value)), t.line
		case t.kind == name && r.tok(j-1).value == "." && t.value[0] >= 'A' && t.value[0] <= 'Z' && r.tok(j+1).value != "(" && !refuses(t.value):
			// a constant of another package: time.Second
		case t.kind == name && computed(t.value, r.tok(j+1)):
			return nil, 0
		}
	}
	return out, end
}

// refuses reports whether a name speaks of a failure or of a status.
func refuses(n string) bool {
	lower := strings.ToLower(n)
	return slices.ContainsFunc([]string{"err", "exception", "abort", "fail", "throw", "invalid", "forbidden", "status"}, func(word string) bool {
		return strings.Contains(lower, word)
	})
}

// computed reports whether a name in a result makes it more than literals:
// anything but types, constants of the language and constructors.
func computed(n string, next token) bool {
	if refuses(n) {
		return true
	}
	switch n {
	case "nil", "None", "null", "undefined", "new", "string", "int", "int64", "float64", "bool", "byte", "map", "any", "interface", "Some", "Ok", "Promise", "resolve",
		"Decimal", "Fraction", "date", "datetime", "tuple", "list", "dict", "set", "String", "from", "to_string", "vec", "List", "of", "time", "Duration", "Date", "Array", "big", "NewInt", "Fraction64":
		return false
	}
	if next.value == "{" || next.value == "(" || next.value == "." {
		return n[0] >= 'a' && n[0] <= 'z' && next.value == "(" // a constructor is written large
	}
	return next.value != ":" && next.value != "="
}

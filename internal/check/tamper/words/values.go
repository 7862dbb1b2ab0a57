package words

import (
	"slices"
	"strings"
	"unicode"

	"muster/internal/check"
	"muster/internal/source"
)

// AlikeValues reports whether two texts are values of one sort, in which
// nothing but numbers, strings and the like differs.
func AlikeValues(a, b []Token) bool {
	a, b = Signed(a), Signed(b)
	if x, y := Qualified(a), Qualified(b); len(x) != len(a) && len(y) != len(b) {
		a, b = x, y // http.StatusOK, time.Second: values where both sides have one
	}
	if len(a) == 1 && len(b) == 1 {
		return IsValue(a[0]) && IsValue(b[0])
	}
	if slices.Equal(Literals(a), Literals(b)) || Named(b, a) {
		return false
	}
	if len(a) != len(b) {
		return IsComposite(a) && IsComposite(b)
	}
	for i := range a {
		if a[i] != b[i] && (!IsValue(a[i]) || !IsValue(b[i])) {
			return IsComposite(a) && IsComposite(b)
		}
	}
	return true
}

// Signed makes one token of a number and the sign before it.
func Signed(tokens []Token) []Token {
	var out []Token
	for i, t := range tokens {
		last := len(out) - 1
		if t.Kind == Number && last >= 0 && (out[last].Text == "-" || out[last].Text == "+") && (i == 1 || out[last].Kind == Mark && last >= 1 && out[last-1].Kind == Mark && out[last-1].Text != ")" && out[last-1].Text != "]") {
			out[last] = Token{Kind: Number, Text: out[last].Text + t.Text}
			continue
		}
		out = append(out, t)
	}
	return out
}

// Qualified makes one token, a value, of each name of another package or
// class: time.Second, Color.RED.
func Qualified(tokens []Token) []Token {
	var out []Token
	for i := 0; i < len(tokens); i++ {
		if i+2 < len(tokens) && tokens[i].Kind == Word && tokens[i+1].Text == "." && tokens[i+2].Kind == Word &&
			(i+3 == len(tokens) || tokens[i+3].Text != "(" && tokens[i+3].Text != "." && tokens[i+3].Text != "{") && unicode.IsUpper([]rune(tokens[i+2].Text)[0]) {
			out = append(out, Token{Kind: Text, Text: tokens[i].Text + "." + tokens[i+2].Text})
			i += 2
			continue
		}
		out = append(out, tokens[i])
	}
	return out
}

// Literals gives the values in code, sorted.
func Literals(tokens []Token) []string {
	var out []string
	for _, t := range tokens {
		if IsValue(t) {
			out = append(out, t.Text)
		}
	}
	slices.Sort(out)
	return out
}

// IsComposite reports whether every word of a value that is not a name of a
// field or a type is a literal.
func IsComposite(tokens []Token) bool {
	return slices.ContainsFunc(tokens, func(t Token) bool { return t.Kind == Mark && (t.Text == "{" || t.Text == "[") })
}

// Named reports whether a value holds a name, other than of a field, that
// another one does not hold: a literal became a constant, perhaps of the same
// value.
func Named(b, a []Token) bool {
	had := Of(a)
	for i, t := range b {
		key := i+1 < len(b) && b[i+1].Text == ":"
		if t.Kind == Word && !key && !had[t.Text] && !IsValue(t) {
			return true
		}
	}
	return false
}

// Difference gives the parts of two values that differ, as whole
// words.
func Difference(a, b string) (string, string) {
	a, b = Bare(strings.TrimSpace(a)), Bare(strings.TrimSpace(b))
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	for start > 0 && isWordish(a[start-1]) {
		start--
	}
	endA, endB := len(a), len(b)
	for endA > start && endB > start && a[endA-1] == b[endB-1] {
		endA, endB = endA-1, endB-1
	}
	for endA < len(a) && isWordish(a[endA]) {
		endA, endB = endA+1, endB+1
	}
	return strings.TrimSpace(a[start:endA]), strings.TrimSpace(b[start:endB])
}

func isWordish(c byte) bool {
	return c == '_' || c == '.' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// Holds reports whether a value is in a set, or a part of a string in it.
func Holds(set map[string]bool, part string) bool {
	if part == "" || len(part) == 1 && IsDigits(part) {
		return false // 0 and 1 are everywhere
	}
	if set[part] {
		return true
	}
	if len(part) < 3 {
		return false
	}
	for v := range set {
		if len(v) < 4096 && Mentions(v, part) {
			return true
		}
	}
	return false
}

// IsValue reports whether a word of code is a value.
func IsValue(t Token) bool {
	if t.Kind == Number || t.Kind == Text {
		return true
	}
	switch t.Text {
	case "true", "false", "nil", "null", "None", "True", "False", "undefined":
		return true
	}
	return false
}

// Contained gives which part of a set lies in another.
func Contained(a, b map[string]bool) float64 {
	if len(a) == 0 {
		return 0
	}
	n := 0
	for v := range a {
		if b[v] {
			n++
		}
	}
	return float64(n) / float64(len(a))
}

// Shape is a line of code without its values.
func Shape(text string, lang source.Language) string {
	var b strings.Builder
	for _, t := range Signed(Scan(text, lang)) {
		if t.Kind == Number || t.Kind == Text {
			b.WriteString("# ")
			continue
		}
		b.WriteString(t.Text)
		b.WriteByte(' ')
	}
	return b.String()
}

// InOrder gives the numbers and strings of code, in order.
func InOrder(tokens []Token) []string {
	var out []string
	for _, t := range Signed(tokens) {
		if t.Kind == Number || t.Kind == Text {
			out = append(out, t.Text)
		}
	}
	return out
}

// IsExpectation reports whether a field is named as one that holds what is
// expected.
func IsExpectation(field string) bool {
	for _, name := range []string{"want", "expect", "exp", "result", "output", "out", "err", "code", "status", "valid", "ok"} {
		if strings.Contains(field, name) {
			return true
		}
	}
	return false
}

var filled = check.Lazy(`%[-+#0-9.]*[a-z]|"[^"]{0,80}"|\$?\{[^}]*\}|\d+(\.\d+)?`)

// Skeleton is a text without numbers and without what is filled in.
func Skeleton(s string) string {
	return quoted.ReplaceAllString(filled.ReplaceAllString(escaped.ReplaceAllString(s, "$1"), "#"), "#")
}

var escaped = check.Lazy("\\\\([\"'`])")

// quoted matches what is filled in with the quotes around it, as %q has them.
var quoted = check.Lazy("[\"'`]#[\"'`]")

package words

import (
	"slices"
	"strings"

	"muster/internal/source"
)

// QuotedOnly reports whether two texts differ in nothing but quotes.
func QuotedOnly(a, b string) bool {
	strip := func(s string) string { return strings.NewReplacer("\"", "", "'", "", "`", "").Replace(s) }
	return strip(a) == strip(b)
}

// Fits reports whether the words of a text of the code stand in an expectation
// one after the other, with what is filled in between them.
func Fits(wording, text string) bool {
	if len(wording) < 6 || len(text) < 6 {
		return false
	}
	if strings.Contains(wording, text) {
		return true // a part of it is expected
	}
	n := 0
	for piece := range strings.SplitSeq(wording, "#") {
		i := strings.Index(text, piece)
		if i < 0 {
			return false
		}
		n += len(strings.TrimSpace(piece))
		text = text[i+len(piece):]
	}
	return n >= 6
}

// Edit gives the characters that differ between two texts which begin and end
// alike.
func Edit(a, b string) (x, y string) {
	start, end := 0, 0
	for start < min(len(a), len(b)) && a[start] == b[start] {
		start++
	}
	for end < min(len(a), len(b))-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	return a[start : len(a)-end], b[start : len(b)-end]
}

// Reordered reports whether a list holds the same values in another order.
func Reordered(was, is []Token) bool {
	return len(was) == len(is) && len(was) > 3 && IsComposite(was) && !slices.Equal(was, is) && slices.Equal(Literals(was), Literals(is)) &&
		Shape(TextOf(was), source.JavaScript) == Shape(TextOf(is), source.JavaScript)
}

// TextOf writes tokens as code, without layout.
func TextOf(tokens []Token) string {
	var out strings.Builder
	for i, t := range tokens {
		if i > 0 && t.Kind != Mark && tokens[i-1].Kind != Mark {
			out.WriteByte(' ')
		}
		out.WriteString(t.Text)
	}
	return out.String()
}

// Defines reports whether a word is defined where it stands: after "def" or
// the like, or as a property that is set.
func Defines(tokens []Token, i int) bool {
	if tokens[i].Kind != Word || len(tokens[i].Text) < 4 || i == 0 {
		return false
	}
	switch tokens[i-1].Text {
	case "def", "class", "function", "func", "fn", "type", "interface", "struct", "enum", "trait":
		return true
	case ".":
		return i+2 < len(tokens) && tokens[i+1].Text == "=" && tokens[i+2].Text != "="
	}
	return false
}

// Package form brings what is taken from source files to one form, whatever the
// language: code, comments, names, lines and assertions.
package form

import (
	"slices"
	"strings"
	"unicode"
)

// Squeeze brings a piece of code to one form whatever its layout: each run of
// white space is one space, there is none inside of round and square brackets,
// and a comma before a closing bracket is dropped.
func Squeeze(code string) string {
	var out strings.Builder
	out.Grow(len(code))
	space := false // white space is due before the next rune
	var last rune
	comma := false // a comma is due, unless a bracket closes
	for _, r := range code {
		if unicode.IsSpace(r) {
			space = true
			continue
		}
		closes := r == ')' || r == ']'
		if comma && !closes && r != '}' {
			out.WriteByte(',')
			last = ','
		}
		comma = false
		if space && out.Len() > 0 && !closes && r != ',' && last != '(' && last != '[' {
			out.WriteByte(' ')
		}
		space = false
		if r == ',' {
			comma = true
			continue
		}
		out.WriteRune(r)
		last = r
	}
	if comma {
		out.WriteByte(',')
	}
	return out.String()
}

// MaxText is how many bytes of the source the text of a guard or a swallowed
// error shows at most.
const MaxText = 1000

// Span is a run of bytes of a text.
type Span struct{ Start, End int }

// CodeOf gives the code of text between two bytes, squeezed and without the
// comments, which lie in the order of the text.
func CodeOf(text []byte, at Span, comments []Span) string {
	from, _ := slices.BinarySearchFunc(comments, at.Start, func(c Span, start int) int { return c.End - start - 1 })
	var out strings.Builder
	pos := at.Start
	for _, c := range comments[from:] {
		if c.Start >= at.End {
			break
		}
		if c.Start >= pos {
			out.Write(text[pos:c.Start])
			out.WriteByte(' ')
		}
		pos = max(pos, min(c.End, at.End))
	}
	out.Write(text[pos:at.End])
	return Squeeze(out.String())
}

// CommentText takes the marks of comment from a comment and makes runs of
// white space one space.
func CommentText(raw string) string {
	var out []string
	for line := range strings.Lines(raw) {
		line = strings.TrimSpace(line)
		for _, mark := range []string{"/**", "/*!", "/*", "///", "//!", "//", "#!", "#", "*/", "*"} {
			if rest, ok := strings.CutPrefix(line, mark); ok {
				line = rest
				break
			}
		}
		line = strings.TrimSuffix(line, "*/")
		out = append(out, strings.Fields(line)...)
	}
	return strings.Join(out, " ")
}

// words gives the words of a name in lower case: "escapeHTML_now" gives
// escape, html and now.
func words(name string) []string {
	var out []string
	var word []rune
	runes := []rune(name)
	flush := func() {
		if len(word) > 0 {
			out = append(out, strings.ToLower(string(word)))
			word = nil
		}
	}
	for i, r := range runes {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			flush()
			continue
		}
		if unicode.IsUpper(r) && i > 0 {
			next := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if !unicode.IsUpper(runes[i-1]) || next {
				flush()
			}
		}
		word = append(word, r)
	}
	flush()
	return out
}

package source

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// squeeze brings a piece of code to one form whatever its layout: each run of
// white space is one space, there is none inside of round and square brackets,
// and a comma before a closing bracket is dropped.
func squeeze(code string) string {
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

// maxText is how many bytes of the source the text of a guard or a swallowed
// error shows at most.
const maxText = 1000

// span is a run of bytes of a text.
type span struct{ start, end int }

// codeOf gives the code of text between two bytes, squeezed and without the
// comments, which lie in the order of the text.
func codeOf(text []byte, at span, comments []span) string {
	from, _ := slices.BinarySearchFunc(comments, at.start, func(c span, start int) int { return c.end - start - 1 })
	var out strings.Builder
	pos := at.start
	for _, c := range comments[from:] {
		if c.start >= at.end {
			break
		}
		if c.start >= pos {
			out.Write(text[pos:c.start])
			out.WriteByte(' ')
		}
		pos = max(pos, min(c.end, at.end))
	}
	out.Write(text[pos:at.end])
	return squeeze(out.String())
}

// commentText takes the marks of comment from a comment and makes runs of
// white space one space.
func commentText(raw string) string {
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

// generated matches what generators write at the top of a file: Go's "Code
// generated ... DO NOT EDIT." and the marks that other generators have.
var generated = regexp.MustCompile(`(?mi)^\W{0,6}\s*(code generated .{0,200}do not edit|@generated\b|this file (is|was) (auto-?\s?)?generated|(auto-?\s?)generated (by|from|file)\b.{0,200})`)

// maxHeader is how much of a file is looked at for a mark of generated code.
const maxHeader = 2048

func saysGenerated(text []byte) bool { return generated.Match(text[:min(len(text), maxHeader)]) }

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

// nameLiterals gives each literal the innermost function around it. Both lists
// are in the order of the file.
func nameLiterals(file *File) {
	var open []Function
	next := 0
	for i := range file.Literals {
		line := file.Literals[i].Line
		for ; next < len(file.Functions) && file.Functions[next].Start <= line; next++ {
			open = append(open, file.Functions[next])
		}
		for len(open) > 0 && open[len(open)-1].End < line {
			open = open[:len(open)-1]
		}
		if len(open) > 0 {
			file.Literals[i].Function = open[len(open)-1].Name
		}
	}
}

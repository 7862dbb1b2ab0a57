package mutant

import (
	"cmp"
	"go/scanner"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// on is the call that says whether a mutant is awake, id its number; Write puts
// the number in.
const (
	id = "\x00"
	on = "musterOn__(" + id + ")"
)

// place says on which side of the bytes from start to end an edit stands.
type place int

const (
	closes place = iota // after end
	opens               // before start
	over                // in place of the bytes themselves
)

// edit puts text at the beginning or the end of a run of bytes, or in their
// place. What is nested in the run stays nested.
type edit struct {
	place      place
	start, end int
	text       string
	turn       int // among edits of the same bytes, the outermost first; Write fills it in
}

func before(start, end int, text string) edit {
	return edit{place: opens, start: start, end: end, text: text}
}

func after(start, end int, text string) edit {
	return edit{place: closes, start: start, end: end, text: text}
}

func instead(start, end int, text string) edit {
	return edit{place: over, start: start, end: end, text: text}
}

func (e edit) at() int {
	if e.place == closes {
		return e.end
	}
	return e.start
}

// Write gives a file with all of the mutants in it, asleep. They are of this
// file, and no two of them replace the same operator.
func Write(text []byte, mutants []Mutant) []byte {
	var all []edit
	for _, m := range mutants {
		turn := m.ID
		if len(replaced(m)) > 0 {
			turn += 1 << 30 // both sides become arguments, so nothing may stand between
		}
		for _, e := range m.edits {
			e.text, e.turn = strings.ReplaceAll(e.text, id, strconv.Itoa(m.ID)), turn
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, order)
	var out strings.Builder
	done := 0
	for _, e := range all {
		out.Write(text[done:e.at()])
		if e.place == opens && e.at() > 0 && isWord(text[e.at()-1]) {
			out.WriteByte(' ') // "return-a"
		}
		out.WriteString(e.text)
		done = e.at()
		if e.place == over {
			done = e.end
		}
	}
	out.Write(text[done:])
	return []byte(out.String())
}

func isWord(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'z' || b >= 0x80
}

// order puts edits in the order of the text they make. At one place the ends
// come first, the innermost before the ones around it; then the beginnings, the
// outermost first.
func order(a, b edit) int {
	return cmp.Or(
		cmp.Compare(a.at(), b.at()),
		cmp.Compare(a.place, b.place),
		func() int {
			if a.place == closes {
				return cmp.Or(cmp.Compare(b.start, a.start), cmp.Compare(b.turn, a.turn))
			}
			return cmp.Or(cmp.Compare(b.end, a.end), cmp.Compare(a.turn, b.turn))
		}(),
	)
}

// flatten gives Go source on one line: comments are left out, and the
// semicolons that line ends stand for are written.
func flatten(source string) string {
	if !strings.ContainsAny(source, "\n\r") && !strings.Contains(source, "//") && !strings.Contains(source, "/*") {
		return source
	}
	var s scanner.Scanner
	files := token.NewFileSet()
	s.Init(files.AddFile("", files.Base(), len(source)), []byte(source), nil, 0)
	var out strings.Builder
	last := 0 // where the token before ended
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return out.String()
		}
		text := lit
		at := files.Position(pos).Offset
		switch {
		case tok == token.SEMICOLON && lit == "\n":
			if at >= len(source) {
				return out.String() // the line end after the last token is not part of it
			}
			text = ";"
		case tok == token.STRING && strings.HasPrefix(lit, "`"):
			if value, err := strconv.Unquote(lit); err == nil && strings.ContainsAny(lit, "\n\r") {
				text = strconv.Quote(value)
			}
		case lit == "":
			text = tok.String()
		}
		if out.Len() > 0 && at > last {
			out.WriteByte(' ')
		}
		out.WriteString(text)
		last = at + len(lit)
		if lit == "" {
			last = at + len(tok.String())
		}
	}
}

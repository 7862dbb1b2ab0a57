package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// printer writes text for people, or JSON.
type printer struct {
	w          io.Writer
	isTerminal bool
	colors     bool
}

func newPrinter(w io.Writer, env map[string]string) *printer {
	p := &printer{w: w}
	if f, ok := w.(*os.File); ok {
		p.isTerminal = term.IsTerminal(int(f.Fd()))
	}
	p.colors = p.isTerminal && env["NO_COLOR"] == "" && env["TERM"] != "dumb"
	return p
}

// painted is text of ours that may hold colour sequences; what it was made
// from has been cleaned.
type painted string

// Color is how a piece of text stands out.
type Color string

// The colours, as terminals number them.
const (
	bold   Color = "1"
	faint  Color = "2"
	red    Color = "31"
	green  Color = "32"
	yellow Color = "33"
	cyan   Color = "36"
)

// paint cleans text and colours it where colours are wanted.
func (p *printer) paint(c Color, text string) painted {
	text = clean(text)
	if !p.colors || text == "" || c == "" {
		return painted(text)
	}
	return painted("\x1b[" + string(c) + "m" + text + "\x1b[0m")
}

// f prints like Printf. Every string among the arguments is cleaned, whatever
// its type, except what paint gave.
func (p *printer) f(format string, args ...any) {
	fmt.Fprint(p.w, sprintf(format, args...)) //nolint:errcheck // nobody to tell when the output is gone
}

func sprintf(format string, args ...any) string {
	for i, a := range args {
		switch v := a.(type) {
		case painted:
		case error:
			args[i] = clean(v.Error())
		case fmt.Stringer:
			args[i] = clean(v.String())
		default:
			if rv := reflect.ValueOf(a); rv.Kind() == reflect.String {
				args[i] = clean(rv.String())
			}
		}
	}
	return fmt.Sprintf(format, args...)
}

// json prints v as one line.
func (p *printer) json(v any) {
	enc := json.NewEncoder(p.w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // nobody to tell when the output is gone
}

// clean makes text harmless for a terminal: valid UTF-8 and no control
// characters but line feed and tab, nor those that reorder text.
func clean(s string) string {
	if isClean(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

func isClean(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, isControl) < 0
}

func isControl(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < ' ' || r >= 0x7f && r < 0xa0:
		return true
	}
	// Marks that change the direction of text hide what it says.
	return r == 0x061c || r >= 0x200e && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// line gives the first line of text that is not empty, cut to a number of
// characters.
func line(text string, limit int) string {
	text = strings.TrimSpace(clean(text))
	text, _, _ = strings.Cut(text, "\n")
	return cut(strings.ReplaceAll(text, "\t", " "), limit)
}

// cut shortens text to a number of characters.
func cut(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	if limit < 1 {
		return ""
	}
	n := 0
	for i := range s {
		if n == limit-1 {
			return s[:i] + "…"
		}
		n++
	}
	return s
}

// indent puts a prefix before every line.
func indent(prefix, text string) string {
	text = strings.TrimRight(clean(text), "\n")
	return prefix + strings.ReplaceAll(text, "\n", "\n"+prefix)
}

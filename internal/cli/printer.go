package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"

	"golang.org/x/term"

	"muster/internal/cli/unit"
	"muster/internal/cli/words"
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
type Color = words.Color

const (
	bold   = words.Bold
	faint  = words.Faint
	red    = words.Red
	green  = words.Green
	yellow = words.Yellow
	cyan   = words.Cyan
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

func clean(s string) string { return unit.Clean(s) }

func line(text string, limit int) string { return unit.Line(text, limit) }

func cut(s string, limit int) string { return unit.Cut(s, limit) }

func indent(prefix, text string) string { return unit.Indent(prefix, text) }

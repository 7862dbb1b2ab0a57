package cli

import (
	"context"

	"github.com/spf13/cobra"

	"muster/internal/app"
	"muster/internal/cli/begin"
)

// shell is the command line as commands of other packages see it.
type shell struct{ c *cli }

func (s shell) Context() context.Context         { return s.c.ctx }
func (s shell) Host() app.Host                   { return s.c.host }
func (s shell) Print(format string, args ...any) { s.c.out.f(format, args...) }
func (s shell) Note(format string, args ...any)  { s.c.err.f(format, args...) }
func (s shell) Refuse()                          { s.c.code = exitUsage }

func (s shell) Exit(code int) { s.c.code = code }
func (s shell) Line(v any)    { s.c.out.json(v) }

func (s shell) Bytes(data []byte) error {
	_, err := s.c.out.w.Write(data)
	return err
}

func (s shell) JSON(v any) bool {
	if s.c.isJSON {
		s.c.out.json(v)
	}
	return s.c.isJSON
}

func (s shell) Arguments(low, high int, what string) cobra.PositionalArgs {
	return between(low, high, what)
}

func (s shell) Paint(c begin.Color, text string) any {
	colors := map[begin.Color]Color{begin.Fine: green, begin.Caution: yellow, begin.Wrong: red, begin.Aside: faint, begin.Typed: cyan}
	return s.c.out.paint(colors[c], text)
}

// Package begin holds the commands with which a person begins: what is here
// (doctor), and a first plan (plan).
package begin

import (
	"context"

	"github.com/spf13/cobra"

	"muster/internal/app"
)

// Shell is the command line that the commands are part of.
type Shell interface {
	Context() context.Context
	Host() app.Host
	Print(format string, args ...any) // on standard output, cleaned
	Note(format string, args ...any)  // on standard error, cleaned
	Paint(c Color, text string) any   // text for Print, coloured where colours are wanted
	JSON(v any) bool                  // prints v and reports true where JSON is wanted
	Refuse()                          // ends with the exit code for wrong input
	Arguments(low, high int, what string) cobra.PositionalArgs
}

// Color is what a piece of text is.
type Color string

// The colours.
const (
	Fine    Color = "fine"
	Caution Color = "caution"
	Wrong   Color = "wrong"
	Aside   Color = "aside"
	Typed   Color = "typed" // what a person can type
)

package yamlfile

import (
	"fmt"
	"strings"
	"unicode"

	"muster/internal/core/fault"
)

// Severity says whether a problem stops the file from being used.
type Severity string

// The severities. A file with an error is not used; one with warnings is.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Problem is one thing that is wrong with a file, and where.
type Problem struct {
	File     string   `json:"file"`           // as the caller named it
	Line     int      `json:"line"`           // from 1
	Col      int      `json:"col"`            // from 1, in characters
	Path     string   `json:"path,omitempty"` // tasks[0].scope; empty for the whole file
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`        // one line; what it quotes from the file is made printable
	Hint     string   `json:"hint,omitempty"` // what to do about it
}

// String gives the problem on one line, the way compilers write theirs:
//
//	plans/x.yaml:12:5: error: tasks[0]: unknown key 'acept' (did you mean 'accept'?)
func (p Problem) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s: ", printable(p.File), p.Line, p.Col, p.Severity)
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Message)
	if p.Hint != "" {
		b.WriteString(" (" + p.Hint + ")")
	}
	return b.String()
}

// Format gives one line for each problem, each ended by a newline.
func Format(problems []Problem) string {
	var b strings.Builder
	for _, p := range problems {
		b.WriteString(p.String())
		b.WriteByte('\n')
	}
	return b.String()
}

// HasErrors reports whether any of the problems is an error.
func HasErrors(problems []Problem) bool {
	for _, p := range problems {
		if p.Severity == Error {
			return true
		}
	}
	return false
}

// AsError gives nil when there are no errors among the problems, else one
// error of kind Invalid that lists all of them, warnings left out.
func AsError(op string, problems []Problem) error {
	var errs []Problem
	for _, p := range problems {
		if p.Severity == Error {
			errs = append(errs, p)
		}
	}
	if len(errs) == 0 {
		return nil
	}
	e := fault.New(fault.Invalid, "%s", strings.TrimSuffix(Format(errs), "\n"))
	e.Op = op
	return e.WithHint("mend what is named and try again")
}

// maxQuoted bounds how much of a file's text a message repeats, in characters.
const maxQuoted = 60

// Quote gives text of a file for use in a message: in single quotes, cut to 60
// characters, and with characters that could move a terminal's cursor or hide
// text written as escapes.
func Quote(s string) string {
	return "'" + cut(printable(s)) + "'"
}

func cut(s string) string {
	count := 0
	for i := range s {
		if count == maxQuoted {
			return s[:i] + "…"
		}
		count++
	}
	return s
}

func printable(s string) string {
	clean := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) < 0
	if clean {
		return s
	}
	if len(s) > 8*maxQuoted {
		s = s[:8*maxQuoted] // longer texts are cut anyway; do not escape a megabyte
	}
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		q := fmt.Sprintf("%q", r)
		b.WriteString(q[1 : len(q)-1])
	}
	return b.String()
}

// Texts gives the problems as people read them.
func Texts(problems []Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, p.String())
	}
	return out
}

package bodies

import (
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

// text gives the lines from one to another, both included.
func (b Body) text(start, end int) string {
	start, end = max(start, 1), min(end, len(b.Lines))
	if start > end {
		return ""
	}
	return strings.Join(b.Lines[start-1:end], "\n")
}

// Tight gives the lines of a body without their layout.
func Tight(b Body) map[string]bool {
	out := map[string]bool{}
	for n := b.Start; n <= b.End && n <= len(b.Lines); n++ {
		out[words.Tight(b.Lines[n-1])] = true
	}
	return out
}

// Intact reports whether most lines of a body, but for some, are still there.
func Intact(b Body, head map[string]bool, but map[int]bool) bool {
	all, kept := 0, 0
	for n := b.Start + 1; n <= b.End && n <= len(b.Lines); n++ {
		line := words.Tight(b.Lines[n-1])
		if but[n] || strings.Trim(line, "{}()[];,") == "" {
			continue
		}
		all++
		if head[line] {
			kept++
		}
	}
	return all == 0 || 4*kept >= 3*all
}

// Acted reports whether the line before an assertion, which does what it looks
// at, is still there.
func Acted(b Body, a source.Assertion, head map[string]bool) bool {
	for n := a.Start - 1; n > b.Start; n-- {
		line := words.Tight(b.Lines[n-1])
		if line == "" || strings.Trim(line, "})];") == "" {
			continue
		}
		if _, call, ok := strings.Cut(line, "="); ok && !head[line] && len(call) > 8 && strings.Contains(call, "(") {
			for h := range head {
				if strings.HasSuffix(h, "="+call) || h == call {
					return !strings.Contains(a.Subject, "(") // it is done, and its result not kept
				}
			}
		}
		return head[line] && !strings.Contains(a.Subject, "(")
	}
	return true
}

// Raised reports whether a line stands in a block of Python that asks for an
// error to be raised.
func Raised(b Body, at int) bool {
	const above = 4 // lines
	for n := at - 1; n > b.Start && n >= at-above; n-- {
		if text := strings.TrimSpace(b.Lines[n-1]); strings.HasPrefix(text, "with ") {
			return strings.Contains(text, "raises") || strings.Contains(text, "Raises")
		}
	}
	return false
}

// Refused gives the calls of which a body asks that they raise an error.
func Refused(b Body) []string {
	var out []string
	for n := b.Start + 1; n <= b.End && n <= len(b.Lines); n++ {
		if call := words.Tight(b.Lines[n-1]); strings.HasSuffix(call, ")") && Raised(b, n) {
			out = append(out, call)
		}
	}
	return out
}

// Caught reports whether an assertion looks at an error that a block above
// asked for and named.
func Caught(b Body, a source.Assertion) bool {
	for n := a.Start - 1; n > b.Start; n-- {
		text := strings.TrimSpace(b.Lines[n-1])
		if _, name, ok := strings.Cut(text, " as "); ok && strings.HasPrefix(text, "with ") && strings.Contains(strings.ToLower(text), "raises") {
			return words.Of(words.Scan(a.Text, b.Lang))[strings.TrimSuffix(name, ":")]
		}
	}
	return false
}

// OfCall reports whether an expression is what a call gives, or a part of it.
func OfCall(expr, call string) bool {
	rest, ok := strings.CutPrefix(words.Tight(expr), call)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

var (
	literalCall = check.Lazy("\\b(\\w+)\\((?:[\"'`][^\"'`()]*[\"'`]|-?\\d[\\w.]*)(?:, ?[^()]*)?\\)")
	dotted      = check.Lazy(`[\w.]+\(`)
)

// LiteralCalls gives the calls of some functions with a value that is written
// out, without their layout.
func LiteralCalls(b Body, of map[string]bool) map[string]bool {
	out := map[string]bool{}
	for _, m := range literalCall.FindAllStringSubmatch(b.text(b.Start, b.End), -1) {
		if of[m[1]] {
			out[words.Tight(m[0])] = true
		}
	}
	return out
}

// StillDone reports whether code calls what a function called right before it
// made sure of something.
func StillDone(b Body, code string) bool {
	const before = 2 // lines
	now := dotted.FindAllString(code, -1)
	for _, a := range b.Assertions {
		for _, call := range dotted.FindAllString(b.text(max(b.Start+1, a.Start-before), a.Start), -1) {
			name := strings.TrimRight(words.Last(strings.TrimSuffix(call, "(")), "f")
			if strings.Contains(call, ".") && !words.Common(name) && name != "Fatal" && name != "exists" && slices.Contains(now, call) {
				return true
			}
		}
	}
	return false
}

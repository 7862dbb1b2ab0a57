package words

import (
	"strings"

	"muster/internal/check"
	"muster/internal/source"
)

// Given gives the values that a test works with and expects, without the texts
// that it prints when it fails, or is named by.
func Given(tokens []Token, name string, lang source.Language) map[string]bool {
	out := map[string]bool{}
	for i, t := range Signed(tokens) {
		if t.Kind != Number && t.Kind != Text || Bare(t.Text) == name || strings.HasSuffix(name, " > "+Bare(t.Text)) {
			continue
		}
		if lang == source.Go && t.Kind == Text && i > 1 && i <= len(tokens) && printing.MatchString(tokens[i-2].Text) && tokens[i-1].Text == "(" {
			continue
		}
		out[Bare(t.Text)] = true
	}
	return out
}

var printing = check.Lazy(`^(Error|Fatal|Log|Skip)f?$`)

// gap matches where a text is filled in.
var gap = check.Lazy(`\$?\{[^{}]*\}|%[-+#0-9.]*[a-z]`)

// Supplied gives which part of some values another set of values has: as they
// are, or as a text that is filled in with one of them.
func Supplied(values, by map[string]bool) float64 {
	if len(values) == 0 {
		return 0
	}
	n := 0
	for v := range values {
		if by[v] || fillsAny(v, by) {
			n++
		}
	}
	return float64(n) / float64(len(values))
}

func fillsAny(v string, by map[string]bool) bool {
	const long = 4096
	for text := range by {
		if len(text) < long && len(v) < long && gap.MatchString(text) && fills(v, gap.Split(text, -1), by) {
			return true
		}
	}
	return false
}

// fills reports whether a value is made of fixed parts, and between them values
// of a set, nothing, or numbers.
func fills(v string, parts []string, by map[string]bool) bool {
	rest, ok := strings.CutPrefix(v, parts[0])
	if !ok {
		return false
	}
	for i, part := range parts[1:] {
		at := strings.Index(rest, part)
		if i == len(parts)-2 {
			if at = len(rest) - len(part); !strings.HasSuffix(rest, part) {
				return false
			}
		}
		if at < 0 || at > 0 && !by[rest[:at]] && !IsDigits(rest[:at]) && !gap.MatchString(rest[:at]) {
			return false
		}
		rest = rest[at+len(part):]
	}
	return true
}

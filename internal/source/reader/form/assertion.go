package form

import (
	"strings"

	"muster/internal/source"
)

// Canonical brings assertions that ask for the same in different words to one
// form: equality with true or nil, and with a length.
func Canonical(a source.Assertion) source.Assertion {
	if a.Strength != source.Exact {
		return a
	}
	switch a.Expected {
	case "true", "True":
		a.Strength, a.Expected = source.Truth, ""
	case "false", "False":
		a.Strength, a.Expected, a.Negated = source.Truth, "", !a.Negated
	case "nil", "null", "None", "undefined":
		a.Strength, a.Expected = source.Exists, "nil"
	default:
		if IsLengthText(a.Subject) {
			a.Strength = source.Partial
		}
	}
	return a
}

// IsLengthText reports whether the text of a subject is a length: len(x),
// x.size().
func IsLengthText(subject string) bool {
	return strings.HasPrefix(subject, "len(") && strings.HasSuffix(subject, ")") || strings.HasSuffix(subject, ".length") || strings.HasSuffix(subject, ".size") ||
		strings.HasSuffix(subject, ".len()") || strings.HasSuffix(subject, ".size()")
}

// Best gives the rank of the strongest assertion; 0 is the strongest.
func Best(list []source.Assertion) int {
	b := 9
	for _, a := range list {
		b = min(b, rankOf(a.Strength))
	}
	return b
}

func rankOf(s source.Strength) int {
	switch s {
	case source.Exact:
		return 0
	case source.Snapshot:
		return 1
	case source.Partial:
		return 2
	case source.Exists:
		return 3
	case source.Truth:
		return 4
	case source.Trivial:
	}
	return 5
}

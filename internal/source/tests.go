package source

import "strings"

// canonical brings assertions that ask for the same in different words to one
// form: equality with true or nil, and with a length.
func canonical(a Assertion) Assertion {
	if a.Strength != Exact {
		return a
	}
	switch a.Expected {
	case "true", "True":
		a.Strength, a.Expected = Truth, ""
	case "false", "False":
		a.Strength, a.Expected, a.Negated = Truth, "", !a.Negated
	case "nil", "null", "None", "undefined":
		a.Strength, a.Expected = Exists, "nil"
	default:
		if isLengthText(a.Subject) {
			a.Strength = Partial
		}
	}
	return a
}

func isLengthText(subject string) bool {
	return strings.HasPrefix(subject, "len(") && strings.HasSuffix(subject, ")") || strings.HasSuffix(subject, ".length") || strings.HasSuffix(subject, ".size") ||
		strings.HasSuffix(subject, ".len()") || strings.HasSuffix(subject, ".size()")
}

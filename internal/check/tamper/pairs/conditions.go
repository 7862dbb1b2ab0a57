package pairs

import (
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

var machine = check.Lazy(`(?i)getenv|environ|process\.env|\bGOOS\b|platform|\bCI\b|testing\.Short|Lookup|sys\.version`)

// Suspicious reports whether a condition depends on the machine, or on the
// very thing that is asserted.
func Suspicious(cond string, a source.Assertion) bool {
	if machine.MatchString(cond) {
		return true
	}
	if cond == source.Thrown || existsOnly(cond, a) {
		return true
	}
	for _, usual := range []string{"want", "expect", "tt.", "tc.", "test.", "case"} {
		if strings.Contains(strings.ToLower(cond), usual) {
			return false
		}
	}
	if strings.HasPrefix(cond, "!(") && strings.HasSuffix(cond, "== nil)") {
		return true // left early where all is well
	}
	subject, _, _ := strings.Cut(a.Subject, " ")
	if picked(cond, a) {
		return true
	}
	return len(subject) > 2 && Within(words.Tight(cond), words.Tight(subject)) && !strings.Contains(cond, "err")
}

// existsOnly reports whether a condition asks for nothing but what is asserted
// to be there: where it is not, nothing is asserted.
func existsOnly(cond string, a source.Assertion) bool {
	root := a.Subject
	if i := strings.IndexFunc(root, func(r rune) bool { return !words.IsRune(r) }); i >= 0 {
		root = root[:i]
	}
	if len(root) < 2 || Pinned(a) {
		return false
	}
	bare := strings.Trim(words.Tight(cond), "()")
	for _, none := range []string{"", "!=nil", "!=null", "!==null", "!==undefined", "isnotNone"} {
		if bare == root+none {
			return true
		}
	}
	return false
}

var valued = check.Lazy("[=!]==?\\s*[\"'`\\d]|^!\\(not |^!\\(!|len\\(\\w+\\) == 0")

// picked reports whether a condition holds for some values only of what an
// assertion looks at, or leaves where there is nothing to look at.
func picked(cond string, a source.Assertion) bool {
	if !valued.MatchString(cond) {
		return false
	}
	given := words.Scan(a.Text, source.JavaScript)
	for i, t := range words.Scan(cond, source.JavaScript) {
		if t.Kind != words.Word || len(t.Text) < 3 || i > 0 && t.Text == "not" || words.Common(t.Text) || t.Text == "err" || t.Text == "self" {
			continue
		}
		if slices.ContainsFunc(given, func(o words.Token) bool { return o == t }) {
			return true
		}
	}
	return false
}

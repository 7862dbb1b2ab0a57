package pairs

import (
	"fmt"
	"strings"

	"muster/internal/source"
)

// Count gives a number with what is counted.
func Count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Listed names the first of some assertions, and how many more there are.
func Listed(gone []source.Assertion) string {
	a := gone[0]
	more := ""
	if len(gone) > 1 {
		more = fmt.Sprintf(" and %d more", len(gone)-1)
	}
	return fmt.Sprintf("%s (line %d of the base)%s.", quote(a.Text), a.Start, more)
}

// Texts gives assertions with their lines, one a line.
func Texts(list []source.Assertion) string {
	var out []string
	for _, a := range list {
		out = append(out, fmt.Sprintf("%d: %s", a.Start, a.Text))
	}
	return strings.Join(out, "\n     ")
}

// StrengthName says what an assertion asks for.
func StrengthName(a source.Assertion) string {
	if a.Strength == source.Exact && a.Negated {
		return "not equal"
	}
	return map[source.Strength]string{
		source.Exact: "an exact value", source.Partial: "a partial match", source.Truth: "a truth value", source.Exists: "mere existence",
		source.Trivial: "nothing", source.Snapshot: "a stored snapshot",
	}[a.Strength]
}

// Strongest gives the rank of the strongest assertion of a list.
func Strongest(list []source.Assertion) int {
	best := 9
	for _, a := range list {
		best = min(best, Rank(a))
	}
	return best
}

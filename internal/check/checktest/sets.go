package checktest

import (
	"slices"
	"strings"
)

// Set gives a set of these words.
func Set(words ...string) map[string]bool {
	out := map[string]bool{}
	for _, w := range words {
		out[w] = true
	}
	return out
}

// Words gives what is in a set, in order and separated by spaces.
func Words(set map[string]bool) string {
	var out []string
	for w, in := range set {
		if in {
			out = append(out, w)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

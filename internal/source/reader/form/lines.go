package form

import (
	"bytes"
	"slices"

	"muster/internal/source"
)

// maxBroken is how many places of a file are named as broken; what follows is
// broken as a whole.
const maxBroken = 100

// Joined sorts ranges and joins those that touch. Past maxBroken ranges the
// last one reaches to the last line.
func Joined(ranges []source.Range, last int) []source.Range {
	slices.SortFunc(ranges, func(a, b source.Range) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return a.End - b.End
	})
	var out []source.Range
	for _, x := range ranges {
		x = source.Range{Start: min(max(x.Start, 1), last), End: min(max(x.End, 1), last)}
		if n := len(out); n > 0 && x.Start <= out[n-1].End+1 {
			out[n-1].End = max(out[n-1].End, x.End)
			continue
		}
		if len(out) == maxBroken {
			out[maxBroken-1].End = last
			break
		}
		out = append(out, x)
	}
	return out
}

// WholeOf gives the range of all lines of a text.
func WholeOf(text []byte) []source.Range {
	return []source.Range{{Start: 1, End: max(1, bytes.Count(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))+1)}}
}

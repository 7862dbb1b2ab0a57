package guards

import "muster/internal/source"

// place gives the lines of the head where a loss shows: its own line there, or
// where the change took the base's line away, kept inside the function.
func (x *subject) place(l loss) source.Range {
	at := source.Range{Start: l.line, End: l.line}
	if l.line == 0 {
		at = x.headLines(l.old)
	}
	if x.start > 0 && (at.Start < x.start-4 || at.End > x.end) {
		at = source.Range{Start: x.start, End: x.start}
	}
	at.Start = max(at.Start, 1)
	at.End = max(at.End, at.Start)
	return at
}

// headLines gives the lines of the head that stand where a line of the base
// stood.
func (x *subject) headLines(old int) source.Range {
	shift := 0
	for _, h := range x.patch.Hunks {
		first := h.OldStart
		if len(h.Removed) == 0 {
			first++ // it stands after the line it names
		}
		if old < first {
			break
		}
		if old < first+len(h.Removed) {
			return source.Range{Start: max(h.NewStart, 1), End: max(h.NewStart+len(h.Added)-1, h.NewStart, 1)}
		}
		shift += len(h.Added) - len(h.Removed)
	}
	return source.Range{Start: old + shift, End: old + shift}
}

package change

import (
	"cmp"
	"errors"
	"slices"
)

// ErrTooLarge says that a file is larger than files are read.
var ErrTooLarge = errors.New("it is too large")

// Entry is one file, link or submodule of a tree.
type Entry struct {
	Path string
	Mode string // ModeFile and so on
	Blob string // object id of the content; a commit with ModeSubmodule
}

// Hunk is one run of lines that differ, without context. Lines are counted
// from 1 and hold no line feed. On a side without lines the count is 0 and the
// start is the line after which the other side's lines stand.
type Hunk struct {
	OldStart int
	NewStart int
	Removed  []string
	Added    []string
}

// Patch is what differs within one file of text.
type Patch struct {
	Path    string // as in File
	OldPath string // with Renamed
	Hunks   []Hunk
	Left    string // why hunks are missing: binary, too large; empty when all are there
}

// Line is one line of a file.
type Line struct {
	Number int
	Text   string
}

// Added gives the lines that the head has and the base has not.
func (p Patch) Added() []Line {
	var out []Line
	for _, h := range p.Hunks {
		for i, text := range h.Added {
			out = append(out, Line{h.NewStart + i, text})
		}
	}
	return out
}

// Removed gives the lines that the base has and the head has not, with their
// numbers at the base.
func (p Patch) Removed() []Line {
	var out []Line
	for _, h := range p.Hunks {
		for i, text := range h.Removed {
			out = append(out, Line{h.OldStart + i, text})
		}
	}
	return out
}

// Adds reports whether a line of the head is new.
func (p Patch) Adds(line int) bool { return p.touches(newSide, line, line, wholeLines) }

// Touches reports whether the change reaches into lines start to end of the
// head: it adds one of them, or removed lines between two of them.
func (p Patch) Touches(start, end int) bool { return p.touches(newSide, start, end, betweenLines) }

// TouchesOld is Touches for the lines of the base.
func (p Patch) TouchesOld(start, end int) bool { return p.touches(oldSide, start, end, betweenLines) }

func newSide(h Hunk) (start, lines int) { return h.NewStart, len(h.Added) }
func oldSide(h Hunk) (start, lines int) { return h.OldStart, len(h.Removed) }

// reach says whether a hunk that has no lines on a side counts there.
type reach string

const (
	wholeLines   reach = "lines"
	betweenLines reach = "between"
)

// touches looks for a hunk by halves: a file may have many, and every line and
// function of it asks.
func (p Patch) touches(side func(Hunk) (start, lines int), start, end int, r reach) bool {
	first, _ := slices.BinarySearchFunc(p.Hunks, start, func(h Hunk, start int) int {
		at, n := side(h)
		return cmp.Compare(at+max(n-1, 0), start)
	})
	for _, h := range p.Hunks[first:] {
		at, n := side(h)
		switch {
		case at > end:
			return false
		case n > 0 || r == betweenLines && at < end:
			return true
		}
	}
	return false
}

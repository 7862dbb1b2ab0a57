package change

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
func (p Patch) Adds(line int) bool {
	for _, h := range p.Hunks {
		if h.NewStart <= line && line < h.NewStart+len(h.Added) {
			return true
		}
	}
	return false
}

// Touches reports whether the change reaches into lines start to end of the
// head: it adds one of them, or removed lines between two of them.
func (p Patch) Touches(start, end int) bool {
	for _, h := range p.Hunks {
		last := h.NewStart + len(h.Added) - 1
		if len(h.Added) == 0 && start <= h.NewStart && h.NewStart < end || len(h.Added) > 0 && h.NewStart <= end && start <= last {
			return true
		}
	}
	return false
}

// TouchesOld is Touches for the lines of the base.
func (p Patch) TouchesOld(start, end int) bool { return p.reverse().Touches(start, end) }

func (p Patch) reverse() Patch {
	out := Patch{Path: p.Path, OldPath: p.OldPath}
	for _, h := range p.Hunks {
		out.Hunks = append(out.Hunks, Hunk{OldStart: h.NewStart, NewStart: h.OldStart, Removed: h.Added, Added: h.Removed})
	}
	return out
}

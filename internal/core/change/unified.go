package change

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// MaxPatch is the most lines, on both sides together, that the hunks of one
// file hold. A file with more is left out: nobody reads it line by line.
const MaxPatch = 200_000

// ReadPatches reads a patch as "git diff --unified=0" writes it, for the given
// files in the order of the patch. It counts lines and never looks at what a
// line says, so that no content can pass for a header.
func ReadPatches(patch []byte, files []File) ([]Patch, error) {
	r := patchReader{rest: patch}
	var out []Patch
	for _, f := range files {
		p := Patch{Path: f.Path, OldPath: f.OldPath}
		sections := 1
		if f.Status == Retyped {
			sections, p.Left = 2, "it became another sort of entry"
		}
		for range sections {
			if err := r.section(&p); err != nil {
				return nil, fmt.Errorf("the patch of %q: %w", f.Path, err)
			}
		}
		switch {
		case f.OldMode == ModeSubmodule || f.NewMode == ModeSubmodule:
			continue
		case f.IsBinary:
			p.Left = "it is binary"
		}
		if p.Left != "" {
			p.Hunks = nil
		}
		out = append(out, p)
	}
	if len(r.rest) > 0 {
		return nil, fmt.Errorf("the patch goes on after its last file: %.80q", r.rest)
	}
	return out, nil
}

type patchReader struct{ rest []byte }

func (r *patchReader) peek() []byte {
	line, _, _ := bytes.Cut(r.rest, []byte("\n"))
	return line
}

func (r *patchReader) next() []byte {
	line, rest, _ := bytes.Cut(r.rest, []byte("\n"))
	r.rest = rest
	return line
}

// section reads one "diff --git" part. Between its first line and its first
// hunk stand headers, none of which begins as a hunk or a part does.
func (r *patchReader) section(p *Patch) error {
	if line := r.next(); !bytes.HasPrefix(line, []byte("diff --git ")) {
		return fmt.Errorf("%.80q begins no file", line)
	}
	total := 0
	for len(r.rest) > 0 && !bytes.HasPrefix(r.rest, []byte("diff --git ")) {
		line := r.next()
		if !bytes.HasPrefix(line, []byte("@@ -")) {
			if err := fits(string(line), *p); err != nil {
				return err
			}
			continue
		}
		h, removed, added, err := hunkHeader(string(line))
		if err != nil {
			return err
		}
		total += removed + added
		keep := total <= MaxPatch
		if !keep && p.Left == "" {
			p.Left = fmt.Sprintf("more than %d of its lines differ", MaxPatch)
		}
		if h.Removed, err = r.lines('-', removed, keep); err != nil {
			return err
		}
		if h.Added, err = r.lines('+', added, keep); err != nil {
			return err
		}
		p.Hunks = append(p.Hunks, h)
	}
	return nil
}

// fits makes sure that a header names the file that is expected. Names with
// unusual characters are quoted there, and not compared.
func fits(line string, p Patch) error {
	for _, side := range []struct{ mark, path string }{{"+++ b/", p.Path}, {"--- a/", cmp.Or(p.OldPath, p.Path)}} {
		if name, ok := strings.CutPrefix(line, side.mark); ok && strings.TrimSuffix(name, "\t") != side.path {
			return fmt.Errorf("it is the patch of %.200q", name)
		}
	}
	return nil
}

func (r *patchReader) lines(mark byte, n int, keep bool) ([]string, error) { //nolint:revive // what is beyond the limit is checked and not kept
	var out []string
	for range n {
		line := r.next()
		if len(line) == 0 || line[0] != mark {
			return nil, fmt.Errorf("%.80q should begin with %q", line, mark)
		}
		if keep {
			out = append(out, string(line[1:]))
		}
	}
	if bytes.HasPrefix(r.peek(), []byte(`\ `)) {
		r.next() // no line feed at the end of the file
	}
	return out, nil
}

// hunkHeader reads "@@ -start,count +start,count @@".
func hunkHeader(line string) (h Hunk, removed, added int, err error) {
	fields := strings.Fields(line)
	if len(fields) < 4 || fields[3] != "@@" {
		return h, 0, 0, fmt.Errorf("%.80q is no head of a hunk", line)
	}
	if h.OldStart, removed, err = span(fields[1], "-"); err != nil {
		return h, 0, 0, err
	}
	h.NewStart, added, err = span(fields[2], "+")
	return h, removed, added, err
}

func span(field, mark string) (start, count int, err error) {
	text, ok := strings.CutPrefix(field, mark)
	first, second, both := strings.Cut(text, ",")
	count = 1
	if start, err = strconv.Atoi(first); err == nil && both {
		count, err = strconv.Atoi(second)
	}
	if !ok || err != nil || start < 0 || count < 0 {
		return 0, 0, fmt.Errorf("%.40q is no run of lines", field)
	}
	return start, count, nil
}

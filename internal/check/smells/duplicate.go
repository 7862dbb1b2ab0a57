package smells

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

const (
	// minTokens is the shortest copy worth naming: about eight lines.
	minTokens = 60
	minLines  = 5
	// gram is how many words in a row are looked up at once. A copy of
	// minTokens holds many of them, so that none is missed.
	gram = 24
	// maxCompared bounds how many files new code is held against, nearest
	// first, maxRead how many bytes.
	maxCompared = 1500
	maxRead     = 6 << 20
	maxFile     = 256 << 10
	// maxNew bounds how many new words are looked up.
	maxNew = 40_000
)

// token is a word or sign of code, at a line.
type token struct {
	text string
	line int
}

// run is a run of new code without a gap.
type run struct {
	file   *file
	tokens []token
}

// place is a position in a run.
type place struct{ run, at int }

// duplicates names runs of new code that stand elsewhere in the head too.
func duplicates(ctx context.Context, s *check.Subject, files []file) ([]evidence.Finding, string, error) {
	runs := newRuns(files)
	if len(runs) == 0 {
		return nil, "", nil
	}
	index := map[uint64][]place{}
	for r, x := range runs {
		for at := 0; at+gram <= len(x.tokens); at++ {
			h := hash(x.tokens[at : at+gram])
			if len(index[h]) < 4 {
				index[h] = append(index[h], place{r, at})
			}
		}
	}
	list, err := s.HeadList(ctx)
	if err != nil {
		return nil, "", err
	}
	candidates, left := nearest(list, files)
	found := map[*file][]evidence.Finding{}
	total, i := 0, 0
	for e, err := range s.HeadTexts(ctx, candidates, maxFile) {
		if err != nil {
			return nil, "", err
		}
		if total > maxRead {
			left = fmt.Sprintf("new code was compared with the %d nearest files only, of %d", i, len(candidates))
			break
		}
		i++
		text := e.Body
		if !e.Found || bytes.IndexByte(text, 0) >= 0 {
			continue
		}
		total += len(text)
		for _, c := range copies(runs, index, e.Path, scan(source.File{}, string(text))) {
			f := runs[c.run].file
			if e.Path == f.Path && !c.distinct() || c.mirrors(f, e.Path, files) || len(found[f]) >= 3 || slices.ContainsFunc(found[f], func(o evidence.Finding) bool { return o.StartLine <= c.end && c.start <= o.EndLine }) {
				continue
			}
			found[f] = append(found[f], f.note("duplicate", source.Range{Start: c.start, End: c.end}, c.text,
				"Lines %d to %d of %s are a copy of lines %d to %d of %s.", c.start, c.end, check.ShowPath(f.Path), c.otherStart, c.otherEnd, check.ShowPath(e.Path)))
		}
	}
	var out []evidence.Finding
	for _, r := range runs {
		out = append(out, found[r.file]...)
		delete(found, r.file)
	}
	return out, left, nil
}

// newRuns gives the runs of added lines that are long enough, imports and
// comments left out.
func newRuns(files []file) []run {
	var out []run
	total := 0
	for i := range files {
		f := &files[i]
		if f.class.Test || f.class.Fixture {
			continue
		}
		all := scan(f.head, string(f.text))
		for _, h := range f.patch.Hunks {
			first, last := h.NewStart, h.NewStart+len(h.Added)-1
			from, _ := slices.BinarySearchFunc(all, first, func(t token, n int) int { return t.line - n })
			to, _ := slices.BinarySearchFunc(all, last+1, func(t token, n int) int { return t.line - n })
			if to-from >= minTokens && total < maxNew {
				total += to - from
				out = append(out, run{f, all[from:to]})
			}
		}
	}
	return out
}

// scan cuts the text of a file into words and signs. Lines that only hold a
// comment or an import are left out.
func scan(f source.File, text string) []token {
	var out []token
	imported := map[int]bool{}
	for _, i := range f.Imports {
		for n := i.Start; n <= i.End; n++ {
			imported[n] = true
		}
	}
	n := 0
	for line := range strings.Lines(text) {
		n++
		t := strings.TrimSpace(line)
		if strings.HasPrefix(t, "//") || strings.HasPrefix(t, "#") || strings.HasPrefix(t, "*") || strings.HasPrefix(t, "/*") || strings.HasPrefix(t, "import ") || strings.HasPrefix(t, "from ") ||
			imported[n] || len(t) > 2000 {
			continue
		}
		for len(t) > 0 {
			w := wordAt(t)
			out = append(out, token{t[:w], n})
			t = strings.TrimLeft(t[w:], " \t")
		}
	}
	return out
}

// wordAt gives the length of the word or sign that a text begins with.
func wordAt(t string) int {
	i := 0
	for i < len(t) && (t[i] == '_' || t[i] >= '0' && t[i] <= '9' || t[i] >= 'a' && t[i] <= 'z' || t[i] >= 'A' && t[i] <= 'Z' || t[i] >= 0x80) {
		i++
	}
	return max(i, 1)
}

// hash is FNV-1a over the texts of tokens.
func hash(ts []token) uint64 {
	h := uint64(14695981039346656037)
	for _, t := range ts {
		for i := range len(t.text) {
			h = (h ^ uint64(t.text[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	return h
}

// found is one copy.
type found struct {
	run                  int
	start, end           int
	otherStart, otherEnd int
	text                 string
}

// distinct reports whether a copy within one file is of other lines.
func (c found) distinct() bool { return c.end < c.otherStart || c.otherEnd < c.start }

// mirrors reports whether both copies are new and the other one is named, as
// a copy of this one: the one that comes later is.
func (c found) mirrors(f *file, other string, files []file) bool {
	i := slices.IndexFunc(files, func(o file) bool { return o.Path == other })
	if i < 0 || !files[i].patch.Adds(c.otherStart) || !files[i].patch.Adds(c.otherEnd) {
		return false
	}
	return f.Path < other || f.Path == other && c.start < c.otherStart
}

// copies finds what runs and the tokens of a file have in common. It tries the
// grams of the file one beside another, which meets every copy of minTokens.
func copies(runs []run, index map[uint64][]place, other string, ts []token) []found {
	var out []found
	for at := 0; at+gram <= len(ts); {
		step := gram / 2
		for _, p := range index[hash(ts[at:at+gram])] {
			x := runs[p.run].tokens
			if x[p.at].line == ts[at].line && runs[p.run].file.Path == other {
				continue // the same place
			}
			a, b, n := p.at, at, 0
			for a > 0 && b > 0 && x[a-1].text == ts[b-1].text {
				a, b = a-1, b-1
			}
			for a+n < len(x) && b+n < len(ts) && x[a+n].text == ts[b+n].text {
				n++
			}
			if n < minTokens || x[a+n-1].line-x[a].line+1 < minLines {
				continue
			}
			var text strings.Builder
			for _, t := range x[a : a+n] {
				text.WriteString(t.text + " ")
			}
			out = append(out, found{p.run, x[a].line, x[a+n-1].line, ts[b].line, ts[b+n-1].line, text.String()})
			step = max(step, b+n-at)
			break
		}
		at += step
	}
	return out
}

// nearest gives the files that new code is held against: hand-written source
// of the same languages, those that share most folders with it first.
func nearest(list []change.Entry, files []file) (paths []string, left string) {
	languages := map[source.Language]bool{}
	depths := map[string]int{} // of the folders that changed files are below
	for _, f := range files {
		languages[source.LanguageOf(f.Path)] = true
		for dir := range folders(f.Path) {
			depths[dir] = strings.Count(dir, "/") + 1
		}
	}
	type ranked struct {
		path  string
		close int
	}
	var all []ranked
	for _, e := range list {
		class := change.Classify(e.Path, nil)
		if class != (change.Class{}) || !languages[source.LanguageOf(e.Path)] || e.Mode == change.ModeSymlink || e.Mode == change.ModeSubmodule {
			continue
		}
		r := ranked{path: e.Path}
		for dir := range folders(e.Path) {
			if r.close = depths[dir]; r.close > 0 {
				break
			}
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b ranked) int { return b.close - a.close })
	if len(all) > maxCompared {
		left = fmt.Sprintf("new code was compared with the %d nearest files only, of %d", maxCompared, len(all))
		all = all[:maxCompared]
	}
	for _, r := range all {
		paths = append(paths, r.path)
	}
	return paths, left
}

// folders gives the folders that a path is in, the innermost first. The root
// holds only what is directly in it.
func folders(p string) iter.Seq[string] {
	return func(yield func(string) bool) {
		dir := path.Dir(p)
		for yield(dir) && strings.Contains(dir, "/") {
			dir = path.Dir(dir)
		}
	}
}

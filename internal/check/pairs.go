package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"muster/internal/core/change"
	"muster/internal/source"
)

// Bounds of what Pairs reads.
const (
	maxPairs    = 2000    // changed source files; a change of more is no work by hand
	maxPairFile = 2 << 20 // bytes of one side of a file
)

// Side is one file as it stands at the base or the head.
type Side struct {
	Path  string
	Found bool // false when the side has no such file
	Text  []byte
	source.File
}

// Pair is a changed source file with both of its sides.
type Pair struct {
	Change change.File
	Class  change.Class
	Base   Side
	Head   Side
}

// Path gives the pair's path: at the head, or at the base when it was deleted.
func (p Pair) Path() string { return p.Change.Path }

// Pairs gives the changed files that are source code in a language that is
// read and that nobody generated or vendored, in order, and what it left out
// and why. Tests are among them; Class says which.
func (s *Subject) Pairs(ctx context.Context) (pairs []Pair, left []string, err error) {
	over := 0
	for _, f := range s.Change.Files {
		if source.LanguageOf(f.Path) == source.Unknown || !isFile(f.OldMode) || !isFile(f.NewMode) {
			continue
		}
		if c := change.Classify(f.Path, nil); c.Generated || c.Vendored {
			continue
		}
		if f.IsBinary {
			left = append(left, ShowPath(f.Path)+" was not read: it is binary")
			continue
		}
		if len(pairs) == maxPairs {
			over++
			continue
		}
		p := Pair{Change: f}
		old := f.Path
		if f.OldPath != "" {
			old = f.OldPath
		}
		if p.Base, err = side(ctx, old, f.OldMode, s.BaseSource); err == nil {
			p.Head, err = side(ctx, f.Path, f.NewMode, s.HeadSource)
		}
		if err != nil && !errors.Is(err, change.ErrTooLarge) {
			return nil, nil, fmt.Errorf("read %s: %w", ShowPath(f.Path), err)
		}
		if err != nil || len(p.Base.Text) > maxPairFile || len(p.Head.Text) > maxPairFile {
			left = append(left, fmt.Sprintf("%s was not read: it is larger than %d MiB", ShowPath(f.Path), maxPairFile>>20))
			continue
		}
		text := p.Head.Text
		if !p.Head.Found {
			text = p.Base.Text
		}
		p.Class = change.Classify(f.Path, text)
		if p.Class.Generated || p.Head.Generated || minified(text) {
			continue
		}
		pairs = append(pairs, p)
	}
	if over > 0 {
		left = append(left, fmt.Sprintf("%d source files beyond the first %d were not read", over, maxPairs))
	}
	return pairs, left, nil
}

// minified reports whether a text has lines that nobody writes by hand.
func minified(text []byte) bool {
	return len(text) > 4000 && len(text)/(bytes.Count(text, []byte("\n"))+1) > 300
}

func isFile(mode string) bool {
	return mode == change.ModeFile || mode == change.ModeExecutable || mode == change.ModeNone || mode == ""
}

type sourceOf func(ctx context.Context, path string) (source.File, []byte, bool, error)

func side(ctx context.Context, path, mode string, read sourceOf) (Side, error) {
	s := Side{Path: path}
	if mode == change.ModeNone {
		return s, nil
	}
	var err error
	s.File, s.Text, s.Found, err = read(ctx, path)
	return s, err
}

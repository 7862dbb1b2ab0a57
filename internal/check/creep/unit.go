package creep

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/source"
)

// unit is one changed file, with what its changed lines speak of.
type unit struct {
	file    change.File
	class   change.Class
	patch   change.Patch
	words   vocabulary
	imports []string // what either side imports
	linked  bool     // it has to do with what was asked for, or with a unit that has
	code    bool     // it is source code of the project itself
}

// collect reads every changed file of text. What is binary, vendored or
// written by a program is left out, as nobody wrote its lines.
func collect(ctx context.Context, s *check.Subject) ([]*unit, error) {
	var out []*unit
	plain := plainWords()
	for _, f := range s.Change.Files {
		u := &unit{file: f, class: change.Classify(f.Path, nil), words: newVocabulary(plain)}
		if u.class.Vendored || u.class.Generated || f.IsBinary || f.OldMode == change.ModeSubmodule || f.NewMode == change.ModeSubmodule {
			continue
		}
		var err error
		if u.patch, err = s.Patch(ctx, f.Path); err != nil {
			return nil, err
		}
		if u.patch.Left != "" {
			continue
		}
		head, base := source.File{}, source.File{}
		if source.LanguageOf(f.Path) != source.Unknown {
			u.code = u.class == change.Class{}
			if f.Status != change.Deleted {
				if head, _, _, err = s.HeadSource(ctx, f.Path); err != nil && !errors.Is(err, change.ErrTooLarge) {
					return nil, err
				}
			}
			if f.Status != change.Added {
				if base, _, _, err = s.BaseSource(ctx, oldPath(f)); err != nil && !errors.Is(err, change.ErrTooLarge) {
					return nil, err
				}
			}
			if head.Generated {
				continue
			}
		}
		u.read(base, head)
		out = append(out, u)
	}
	return out, nil
}

func oldPath(f change.File) string {
	if f.OldPath != "" {
		return f.OldPath
	}
	return f.Path
}

// read takes the words of the changed lines and of the functions they are in.
func (u *unit) read(base, head source.File) {
	for _, h := range u.patch.Hunks {
		u.words.take(strings.Join(h.Added, "\n"))
		u.words.take(strings.Join(h.Removed, "\n"))
	}
	for _, f := range head.Functions {
		if u.patch.Touches(f.Start, f.End) {
			u.words.take(f.Name)
		}
	}
	for _, f := range base.Functions {
		if u.patch.TouchesOld(f.Start, f.End) {
			u.words.take(f.Name)
		}
	}
	for _, t := range head.Types {
		if u.patch.Touches(t.Start, t.End) {
			u.words.take(t.Name)
		}
	}
	u.words.take(stemOf(u.file.Path))
	for _, i := range slices.Concat(base.Imports, head.Imports) {
		u.imports = append(u.imports, i.Path)
	}
}

// stemOf gives the name of a file without its folder and endings.
func stemOf(p string) string {
	name, _, _ := strings.Cut(path.Base(p), ".")
	return strings.TrimSuffix(strings.TrimPrefix(name, "test_"), "_test")
}

// relates reports whether two files have something to do with each other:
// their changed lines share a name, one imports the other, or one tests the
// other.
func relates(a, b *unit) bool {
	whole, stems := a.words.shares(b.words)
	if whole > 0 || stems >= 3 {
		return true
	}
	return stemOf(a.file.Path) == stemOf(b.file.Path) || a.importsFrom(b) || b.importsFrom(a)
}

// importsFrom reports whether a file imports another one, or its folder.
func (u *unit) importsFrom(o *unit) bool {
	folder, name := path.Base(path.Dir(o.file.Path)), stemOf(o.file.Path)
	return slices.ContainsFunc(u.imports, func(i string) bool {
		i = strings.ReplaceAll(strings.TrimLeft(i, "./"), ".", "/")
		last := path.Base(i)
		return last == folder || last == name || strings.HasSuffix(i, "/"+name)
	})
}

// link marks every file that has to do with what was asked for, directly or
// by way of others.
func link(units []*unit, asked vocabulary) {
	var open []*unit
	for _, u := range units {
		if whole, stems := u.words.shares(asked); whole > 0 || stems > 0 || mentions(asked, u.file.Path) {
			u.linked, open = true, append(open, u)
		}
	}
	for len(open) > 0 {
		at := open[0]
		open = open[1:]
		for _, u := range units {
			if !u.linked && relates(at, u) {
				u.linked, open = true, append(open, u)
			}
		}
	}
}

// mentions reports whether a text names a file, its folder, or a word of them.
func mentions(asked vocabulary, p string) bool {
	v := newVocabulary(asked.plain)
	v.take(strings.NewReplacer("/", " ", ".", " ", "-", " ").Replace(path.Join(path.Base(path.Dir(p)), stemOf(p))))
	whole, stems := v.shares(asked)
	return whole > 0 || stems > 0
}

package tamper

import (
	"fmt"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/bodies"
	"muster/internal/check/tamper/words"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// outside judges what stands in a file of tests outside of them.
func (j weakening) outside(f *file) {
	if f.other == nil || len(f.lines) > maxOutside || len(f.other.lines) > maxOutside {
		return
	}
	where := check.ShowPath(f.other.path)
	found := bodies.Outside(wholeOf(f), wholeOf(f.other), func(around, entry string) bool {
		return j.code.SubjectGone(words.Scan(around, f.lang)) || standsElsewhere(j, f, entry)
	})
	found = append(found, bodies.Imported(moduleOf(f), moduleOf(f.other), losses(j).around())...)
	for _, w := range found {
		if j.said(w.Rule, f.other.path, w.At.Start) {
			continue
		}
		level := evidence.Locator
		switch {
		case w.Sure:
			level = evidence.Gate
		case w.Rule == "entries_lost" && len(f.tests) > 0 && j.weigh(f.tests[0], 1) == evidence.Context:
			level = evidence.Context
		}
		j.say(statement{
			rule: w.Rule, level: level, path: f.other.path, lines: w.At, was: w.Was, is: w.Is, paths: []string{f.path, f.other.path}, anchor: w.Is + w.Was,
			message: fmt.Sprintf("%s %s.", where, w.Message),
		})
	}
}

func moduleOf(f *file) bodies.Module {
	return bodies.Module{Imports: f.facts.Imports, Types: f.facts.Types, Lines: f.lines}
}

// around gives what is known of the code that tests may import.
func (j losses) around() bodies.Code {
	return bodies.Code{
		Holds: func(name string) bool { return strings.Contains(j.code.Texts[1], " "+name+" ") },
		Changed: func(module string) bool {
			return slices.ContainsFunc(j.head.code, func(f *file) bool { return bodies.ModuleOf(f.path) == bodies.ModuleOf(module) })
		},
		Added: func(module string) (string, bool) {
			for _, list := range [][]*file{j.head.tests, j.head.code} {
				for _, f := range list {
					if f.status == change.Added && bodies.ModuleOf(f.path) == bodies.ModuleOf(module) {
						return strings.Join(f.lines, "\n"), true
					}
				}
			}
			return "", false
		},
	}
}

// maxOutside bounds the lines of a file whose outside is compared.
const maxOutside = 20_000

func wholeOf(f *file) bodies.File {
	out := bodies.File{Lang: f.lang, Lines: f.lines}
	for _, t := range f.tests {
		out.Tests = append(out.Tests, t.Test)
	}
	return out
}

// standsElsewhere reports whether the values of a line stand together in a
// line of the head's tests.
func standsElsewhere(j weakening, f *file, text string) bool {
	values := words.InOrder(words.Scan(text, f.lang))
	if len(values) == 0 || j.code.SubjectGone(words.Scan(text, f.lang)) {
		return true
	}
	for _, other := range j.head.tests {
		if other.whole == "" {
			other.whole = strings.Join(other.lines, "\n")
		}
		if !slices.ContainsFunc(values, func(v string) bool { return !strings.Contains(other.whole, words.Bare(v)) }) {
			return true
		}
	}
	return false
}

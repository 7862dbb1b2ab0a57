package reader

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"muster/internal/source"
	"muster/internal/source/reader/form"
)

func FuzzGo(f *testing.F) { fuzz(f, "a.go") }

func FuzzPython(f *testing.F) { fuzz(f, "a.py") }

func FuzzJavaScript(f *testing.F) { fuzz(f, "a.js") }

func FuzzTypeScript(f *testing.F) { fuzz(f, "a.ts") }

func FuzzTSX(f *testing.F) { fuzz(f, "a.tsx") }

func FuzzJava(f *testing.F) { fuzz(f, "a.java") }

func FuzzRust(f *testing.F) { fuzz(f, "a.rs") }

// fuzz reads whatever text as a file of one language: nothing may break, every
// range lies in the file, and the same text gives the same facts.
func fuzz(f *testing.F, name string) {
	names, err := filepath.Glob("testdata/golden/*.in")
	if err != nil {
		f.Fatal(err)
	}
	for _, n := range names {
		if text, err := os.ReadFile(n); err == nil && source.LanguageOf(strings.TrimSuffix(n, ".in")) == source.LanguageOf(name) {
			f.Add(text)
			f.Add(text[:len(text)*2/3])
			f.Add(bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")))
		}
	}
	f.Add([]byte(""))
	f.Add([]byte("\xff\xfe\x00"))
	f.Add([]byte("\ufeffx\xf0\x9f\n"))
	p := newParser(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := p.Parse(t.Context(), name, text)
		if err != nil {
			t.Fatal(err)
		}
		if problem := outside(got, form.WholeOf(text)[0].End); problem != "" {
			t.Error(problem)
		}
		again, err := p.Parse(t.Context(), name, text)
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Errorf("read twice, it gives other facts: %v", err)
		}
		line := 1
		for _, x := range source.Tokens(got.Language, text) {
			if x.Line < line || x.Text == "" || !utf8.ValidString(x.Text) {
				t.Fatalf("token %q at line %d after line %d", x.Text, x.Line, line)
			}
			line = x.Line
		}
	})
}

// outside names a fact that lies outside of the file or of what holds it.
func outside(f source.File, last int) string {
	whole := source.Range{Start: 1, End: last}
	in := func(r, out source.Range) bool { return r.Start <= r.End && out.Holds(r.Start) && out.Holds(r.End) }
	for _, x := range f.Broken {
		if !in(x, whole) {
			return "broken"
		}
	}
	for _, x := range f.Imports {
		if !in(x.Range, whole) {
			return "import " + x.Path
		}
	}
	for _, x := range f.Types {
		if !in(x.Range, whole) {
			return "type " + x.Name
		}
	}
	for _, x := range f.Values {
		if !in(x.Range, whole) {
			return "value " + x.Name
		}
	}
	for _, x := range f.Comments {
		if !in(x.Range, whole) {
			return "comment " + x.Text
		}
	}
	for _, x := range f.Literals {
		if !whole.Holds(x.Line) || !utf8.ValidString(x.Value) && f.Language != source.Go {
			return "literal " + x.Value
		}
	}
	for _, x := range f.Functions {
		if !in(x.Range, whole) || x.Body != (source.Range{}) && !in(x.Body, x.Range) {
			return "function " + x.Name
		}
		for _, g := range x.Guards {
			if !in(g.Range, x.Range) || !utf8.ValidString(g.Text) {
				return "guard " + g.Text
			}
		}
		for _, s := range x.Swallows {
			if !in(s.Range, x.Range) || !utf8.ValidString(s.Text) {
				return "swallow " + s.Text
			}
		}
		for _, c := range x.Calls {
			if !x.Holds(c.Line) {
				return "call " + c.Name
			}
		}
	}
	return ""
}

// BenchmarkParse reads the golden files of each language; the parser has been
// started before.
func BenchmarkParse(b *testing.B) {
	p := newParser(b)
	for _, name := range []string{"server.go", "store.py", "lib.js", "api.ts", "Service.java", "lib.rs"} {
		text, err := os.ReadFile("testdata/golden/" + name + ".in")
		if err != nil {
			b.Fatal(err)
		}
		text = bytes.TrimPrefix(text, []byte("#!/usr/bin/env node\n"))
		if name != "server.go" { // a text of some size
			text = bytes.Repeat(text, 10)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := p.Parse(b.Context(), name, text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

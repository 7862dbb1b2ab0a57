package mutant

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFlatten(t *testing.T) {
	for text, want := range map[string]string{
		"a + b":                        "a + b",
		"a +\n\tb":                     "a + b",
		"a + // why\n\tb":              "a + b",
		"a /* why */ + b":              "a + b",
		"f(\n\ta,\n\tb,\n)":            "f( a, b, )",
		"func() {\n\tx()\n\ty()\n}":    "func() { x(); y();}",
		"`a\nb` + c":                   `"a\nb" + c`,
		"`a` +\nc":                     "`a` + c",
		"\"//\" + c":                   `"//" + c`,
		"struct{ A int `json:\"a\"` }": "struct{ A int `json:\"a\"` }",
	} {
		if got := flatten(text); got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
		if strings.Contains(flatten(text), "\n") {
			t.Errorf("%q has a line end", flatten(text))
		}
	}
}

// The form of what is woven, and how mutants of the same place nest.
func TestWrite(t *testing.T) {
	const text = `package m

//go:noinline
func f(a, b int) int { // a comment
	if a < 0 ||
		b < 0 { // want
		a += b // want
	}
	return a*b - 1 // want
}
`
	const want = `package m

//go:noinline
func f(a, b int) int { // a comment
	if a < 0 ||
		(!musterOn__(1) && ((((musterOn__(3) && (b <= 0) || !musterOn__(3) && (b < 0))) != musterOn__(2)))) { // want
		if musterOn__(4) { a -= b } else { if !musterOn__(5) { a += b } } // want
	}
	if musterOn__(6) { return 0 }; return musterSubAdd__(7, musterMulQuo__(8, a,b) , 1) // want
}
`
	if got := string(Write([]byte(text), find(t, text, 0).Mutants)); got != want {
		t.Errorf("got\n%s", got)
	}
	if unchanged := string(Write([]byte(text), nil)); unchanged != text {
		t.Errorf("without mutants it gives\n%s", unchanged)
	}
}

// What each operator weaves in, alone.
func TestWoven(t *testing.T) {
	for _, tt := range []struct{ op, code, want string }{
		{"part of the condition dropped", "c = c || d", "c = (!musterOn__(1) && (c)) || (!musterOn__(2) && (d))"},
		{"part of the condition dropped", "c = c && d", "c = (musterOn__(1) || (c)) && (musterOn__(2) || (d))"},
		{"&& and || exchanged", "c = c && d", "c = (musterOn__(1) && (c || d) || !musterOn__(1) && (c && d))"},
		{"comparison inverted", "c = a == b", "c = ((a == b) != musterOn__(1))"},
		{"constant changed", "c = a == 3", "c = (musterOn__(1) && (a == 4) || !musterOn__(1) && (a == 3))"},
		{"loop skipped", "for c { a++ }", "for (!musterOn__(1) && (c)) { a++ }"},
		{"boolean result inverted", "_ = func() bool { return c }", "_ = func() bool { if musterOn__(1) { return !c }; return c }"},
		{"call removed", "f(a, b, c, d)", "if !musterOn__(1) { f(a, b, c, d) }"},
		{"arguments exchanged", "f(a, b, c, d)", "f(musterPick__(1, a, b), musterPick__(1, b, a), c, d)"},
		{"++ and -- exchanged", "a++", "if musterOn__(1) { a-- } else { a++ }"},
		{"slice off by one", "_ = \"abc\"[:a]", "_ = \"abc\"[:(a)-musterInt__(1)]"},
		{"break and continue exchanged", "for { break }", "for { if musterOn__(1) { continue }; break }"},
		{"bit operation changed", "a = a << b", "a = musterShlShr__(1, a , b)"},
	} {
		text := "package m\n\nfunc f(a, b int, c, d bool) {\n\t" + tt.code + " // want\n}\n"
		var chosen []Mutant
		for _, m := range find(t, text, 0).Mutants {
			if string(m.Op) == tt.op {
				m.ID = len(chosen) + 1
				chosen = append(chosen, m)
			}
		}
		got := strings.Split(string(Write([]byte(text), chosen)), "\n")[3]
		if strings.TrimSpace(got) != tt.want+" // want" {
			t.Errorf("%s in %q gives\n%s", tt.op, tt.code, got)
		}
	}
}

// held checks what must hold for the mutants of any file: woven or put in one
// by one, the file parses; woven, each line stays where it is, whatever hangs
// on lines stays with them, and the package compiles.
func held(t *testing.T, name string, text []byte, found Found) {
	t.Helper()
	mine := slices.DeleteFunc(slices.Clone(found.Mutants), func(m Mutant) bool { return m.File != name })
	woven := Write(text, mine)
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, name, woven, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatalf("woven it does not parse: %v\n%s", err, woven)
	}
	before, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(woven), "\n") != strings.Count(string(text), "\n") {
		t.Errorf("%s: lines were added or lost\n%s", name, woven)
	}
	if a, b := landmarks(set, before), landmarks(set, tree); !slices.Equal(a, b) {
		t.Errorf("%s: comments or declarations moved\n%v\n%v", name, a, b)
	}
	for _, m := range mine {
		if m.Start < 0 || m.End > len(text) || m.Start > m.End || m.Line < 1 || m.EndLine < m.Line {
			t.Fatalf("%+v", m)
		}
		if _, err := parser.ParseFile(set, name, m.Apply(text), parser.SkipObjectResolution); err != nil {
			t.Errorf("%+v alone does not parse: %v", m, err)
		}
	}
}

// landmarks gives what must stay in its line.
func landmarks(set *token.FileSet, f *ast.File) []string {
	var out []string
	at := func(pos token.Pos, what string) {
		out = append(out, fmt.Sprintf("%d: %s", set.PositionFor(pos, false).Line, what))
	}
	for _, c := range f.Comments {
		at(c.Pos(), c.Text())
	}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			at(fn.Pos(), fn.Name.Name)
		}
	}
	return out
}

// The files of this package itself, with every mutant that there is.
func TestOwnFiles(t *testing.T) {
	p := Package{Path: "mutant", GoVersion: "1.26"}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		wants := func(int) bool { return true }
		if name != "splice.go" && name != "conditions.go" { // two say enough, the rest would take long
			wants = nil
		}
		p.Files = append(p.Files, File{Name: name, Text: text, Wants: wants})
	}
	found, err := Find(p, Options{Importer: standard(t)})
	if err != nil || len(found.Mutants) < 150 {
		t.Fatalf("%d mutants, %v", len(found.Mutants), err)
	}
	for _, f := range p.Files {
		held(t, f.Name, f.Text, found)
	}
}

func FuzzFind(f *testing.F) {
	for _, text := range []string{
		"package m\n\nfunc f(a, b int) (int, error) {\n\tif a < b && b > 3 || a == b+1 {\n\t\treturn a + b*2, nil\n\t}\n\tfor i := 0; i < a; i++ {\n\t\ta -= i\n\t}\n\treturn a, nil\n}\n",
		"package m\n\nfunc f(s []string) []string {\n\tswitch {\n\tcase len(s) > 2: return s[1:]\n\t}\n\treturn append(s[:1], `a\nb`)\n}\n",
		"package m\n\n//line x.go:7\nfunc f(a bool) bool { return a && func() bool { a = !a\n return a }() }\n",
		"package m\r\n\r\nfunc f(a int) int {\r\n\treturn a +\r\n\t\t1\r\n}\r\n",
		"package m\nfunc f[T int|string](a, b T) T { if a < b { return a }; return b }",
		"package m\nvar x = 1 + y\nvar y = f(2)\nfunc f(a int) int { a++; return -a &^ 3 }",
		"package m\nfunc f() (a int) { L: for { if a++; a > 3 { break L }; continue L } ; return }",
		"package m\ntype b bool\nfunc f(x, y b) b { return x && y }",
		"package m\nfunc f(c chan int) { select { case c <- 1: case x := <-c: _ = x+x; default: } }",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4<<10 || strings.Contains(text, "import") {
			return
		}
		for _, perLine := range []int{0, 1} {
			found, err := Find(Package{Path: "m", GoVersion: "1.26", Files: []File{{Name: "a.go", Text: []byte(text), Wants: func(int) bool { return true }}}}, Options{PerLine: perLine, Most: 40})
			if err != nil {
				if strings.Contains(err.Error(), "with its mutants") {
					t.Fatalf("%v\n%s", err, text)
				}
				return
			}
			held(t, "a.go", []byte(text), found)
		}
	})
}

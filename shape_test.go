package muster_test

import (
	"fmt"
	"go/ast"
	"os"
	"slices"
	"testing"
	"testing/fstest"
)

// limit is a bound on one measure of shape.
type limit string

// The measures. Lines are counted as in the file, comments included.
const (
	fileLines     limit = "lines in a file"
	funcLines     limit = "lines in a function" // test files excepted: a table may be long
	structFields  limit = "fields in a struct"
	typeMethods   limit = "methods of a type"
	interfaceSize limit = "methods in an interface"
	params        limit = "parameters of a function"
	packageLines  limit = "lines in a package" // without its tests
)

// bounds gives the largest value of each measure.
func bounds() map[limit]int {
	return map[limit]int{
		fileLines: 500, funcLines: 70, structFields: 20, typeMethods: 20,
		interfaceSize: 8, params: 5, packageLines: 3000,
	}
}

// exception allows one thing to be larger, for a reason. It holds exactly the
// value it has: when the thing shrinks, the exception shrinks with it.
type exception struct {
	name  string // as a problem names it: "internal/core/flow.State"
	limit limit
	value int
	why   string
}

// exceptions is meant to become shorter.
func exceptions() []exception {
	const (
		data   = "plain data: what is stored, sent or shown, and nothing else"
		events = "one method for each event or transition of the machine, each short"
		forms  = "one method for each form that tests of the language have, in files by topic; they share one walk"
		doors  = "one method for each thing that can be done, in files by topic; they share one resource"
	)
	return []exception{
		{"internal/adapter/agent.claudeLine", structFields, 22, "an outside format, with the fields that are read of it"},
		{"internal/core/flow.Task", structFields, 32, data},
		{"internal/core/report.Run", structFields, 22, data},
		{"internal/core/report.Task", structFields, 24, data},
		{"internal/core/flow.runStep", typeMethods, 28, events},
		{"internal/core/flow.taskStep", typeMethods, 43, events},
		{"internal/core/yamlfile.File", typeMethods, 26, "one method for each sort of value that is read"},
		{"internal/adapter/git", packageLines, 3986, "all that is known of Git is in one place"},
		{"internal/adapter/git.Repo", typeMethods, 76, doors},
		{"internal/adapter/sandbox.Operations", typeMethods, 31, doors},
		{"internal/app", packageLines, 3243, "connects the parts; what can be told apart moves to packages below it"},
		{"internal/app.Session", typeMethods, 55, doors},
		{"internal/engine/enginetest.Scene", typeMethods, 24, "one method for each thing that a story says"},
		{"internal/engine/enginetest.sim", typeMethods, 22, doors},
		{"internal/store.Store", typeMethods, 32, doors},
		{"internal/source/reader/golang.testWalker", typeMethods, 52, forms},
		{"internal/source/reader/python.testReader", typeMethods, 30, forms},
		{"internal/source/reader/script.testReader", typeMethods, 30, forms},
	}
}

func TestShape(t *testing.T) {
	files, err := readTree(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range judgeShape(measure(files), bounds(), exceptions()) {
		t.Error(problem)
	}
}

// measured is one measure of one thing.
type measured struct {
	name  string
	limit limit
	value int
}

// measure gives every measure of the files.
func measure(files []file) []measured {
	var out []measured
	packages, methods := map[string]int{}, map[string]int{}
	for _, f := range files {
		out = append(out, measured{f.name, fileLines, f.lines})
		if !f.test {
			packages[f.pkg] += f.lines
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				name := f.pkg + "." + n.Name.Name
				if recv := receiver(n); recv != "" {
					name = f.pkg + "." + recv + "." + n.Name.Name
					if !f.test {
						methods[f.pkg+"."+recv]++
					}
				}
				if !f.test {
					out = append(out, measured{name, funcLines, f.span(n)})
				}
				out = append(out, measured{name, params, n.Type.Params.NumFields()})
			case *ast.FuncLit:
				if f.test { // its form is set by what it is given to
					return true
				}
				out = append(out, measured{fmt.Sprintf("%s: function at line %d", f.name, f.line(n)), params, n.Type.Params.NumFields()})
			case *ast.TypeSpec:
				out = append(out, measureType(f.pkg+"."+n.Name.Name, n.Type)...)
			}
			return true
		})
	}
	for _, pkg := range sortedKeys(packages) {
		out = append(out, measured{pkg, packageLines, packages[pkg]})
	}
	for _, name := range sortedKeys(methods) {
		out = append(out, measured{name, typeMethods, methods[name]})
	}
	return out
}

// measureType measures a declared struct or interface.
func measureType(name string, e ast.Expr) []measured {
	switch e := e.(type) {
	case *ast.StructType:
		return []measured{{name, structFields, e.Fields.NumFields()}}
	case *ast.InterfaceType:
		return []measured{{name, interfaceSize, e.Methods.NumFields()}}
	}
	return nil
}

// receiver gives the name of the type that a method belongs to, or "".
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return ""
	}
	e := f.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// judgeShape gives what is too large, and the exceptions that no longer fit.
func judgeShape(found []measured, bounds map[limit]int, exceptions []exception) []string {
	var out []string
	for _, m := range found {
		i := slices.IndexFunc(exceptions, func(e exception) bool { return e.name == m.name && e.limit == m.limit })
		switch {
		case i < 0 && m.value > bounds[m.limit]:
			out = append(out, fmt.Sprintf("%s has %d %s, at most %d: split it", m.name, m.value, m.limit, bounds[m.limit]))
		case i >= 0 && m.value > exceptions[i].value:
			out = append(out, fmt.Sprintf("%s has grown to %d %s, its exception is %d", m.name, m.value, m.limit, exceptions[i].value))
		case i >= 0 && m.value < exceptions[i].value:
			out = append(out, fmt.Sprintf("%s has %d %s: lower its exception of %d, or remove it", m.name, m.value, m.limit, exceptions[i].value))
		}
	}
	for _, e := range exceptions {
		known := slices.ContainsFunc(found, func(m measured) bool { return m.name == e.name && m.limit == e.limit })
		if !known || e.value <= bounds[e.limit] || e.why == "" {
			out = append(out, fmt.Sprintf("the exception for %s (%s) names nothing, is not needed, or has no reason", e.name, e.limit))
		}
	}
	return out
}

func TestMeasure(t *testing.T) {
	const text = `// Package x.
package x

type s struct { a, b int; c string }

type i interface { F(); G(int) }

func (p *s) f(a, b int, c string) {
	_ = func(x int) {}
}

func (p s) g() {}
`
	files, err := readTree(fstest.MapFS{
		"x/a.go":      {Data: []byte(text)},
		"x/a_test.go": {Data: []byte("package x\n\nfunc (s) h() {\n}\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := measure(files)
	for _, want := range []measured{
		{"x/a.go", fileLines, 12},
		{"x/a_test.go", fileLines, 4},
		{"x.s.f", funcLines, 3},
		{"x.s.f", params, 3},
		{"x.s.g", params, 0},
		{"x/a.go: function at line 9", params, 1},
		{"x.s", structFields, 3},
		{"x.s", typeMethods, 2},
		{"x.i", interfaceSize, 2},
		{"x", packageLines, 12},
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%v is missing", want)
		}
	}
	if slices.ContainsFunc(got, func(m measured) bool { return m.name == "x.s.h" && m.limit == funcLines }) {
		t.Error("the length of a test function is measured")
	}
	for limit := range bounds() {
		if !slices.ContainsFunc(got, func(m measured) bool { return m.limit == limit }) {
			t.Errorf("%s are never measured", limit)
		}
	}
}

func TestJudgeShape(t *testing.T) {
	at := func(n int) []measured { return []measured{{"x", fileLines, n}} }
	allow := func(n int, why string) []exception { return []exception{{"x", fileLines, n, why}} }
	bounds := map[limit]int{fileLines: 500}
	wantProblem(t, judgeShape(at(500), bounds, nil), "")
	wantProblem(t, judgeShape(at(501), bounds, nil), "x has 501 lines in a file")
	wantProblem(t, judgeShape(at(501), bounds, allow(501, "a table")), "")
	wantProblem(t, judgeShape(at(502), bounds, allow(501, "a table")), "has grown")
	wantProblem(t, judgeShape(at(501), bounds, allow(502, "a table")), "lower its exception")
	wantProblem(t, judgeShape(at(501), bounds, allow(501, "")), "has no reason")
	wantProblem(t, judgeShape(at(500), bounds, allow(500, "a table")), "is not needed")
	wantProblem(t, judgeShape(nil, bounds, allow(501, "a table")), "names nothing")
	other := []exception{{"x", params, 501, "another measure"}}
	if got := judgeShape(at(501), bounds, other); len(got) != 2 {
		t.Errorf("an exception for another measure: %q", got)
	}
}

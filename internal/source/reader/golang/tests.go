package golang

import (
	"go/ast"
	"go/build/constraint"
	"go/token"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"muster/internal/source"
	"muster/internal/source/reader/form"
)

// tests gives the tests of a Go file, as "go test" and the common suites
// find them: tests, benchmarks, fuzz tests, examples with an output, methods
// of suites, and Ginkgo's blocks; and the functions beside them that fail a
// test.
func tests(of *reader) []source.Test {
	r := &testReader{reader: of, tables: map[string]*ast.CompositeLit{}, failing: map[string]bool{}}
	r.marks = r.buildMarks()
	r.survey()
	for _, d := range r.ast.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			r.function(d)
		case *ast.GenDecl:
			r.blocks(d)
		}
	}
	return r.tests
}

// testReader reads one file.
type testReader struct {
	*reader
	tests   []source.Test
	marks   []source.Mark                // of the whole file
	tables  map[string]*ast.CompositeLit // values of the top level
	failing map[string]bool              // functions of the file that are given a test and may fail it
}

// buildMarks reads the build constraint: what it leaves out does not run.
func (r *testReader) buildMarks() []source.Mark {
	for _, group := range r.ast.Comments {
		if group.Pos() >= r.ast.Package {
			break
		}
		for _, c := range group.List {
			if !constraint.IsGoBuild(c.Text) && !constraint.IsPlusBuild(c.Text) {
				continue
			}
			x, err := constraint.Parse(c.Text)
			if err != nil {
				continue
			}
			never := strings.Contains(x.String(), "ignore") && !x.Eval(func(tag string) bool {
				return tag == "linux" || tag == "unix" || tag == "amd64" || tag == "gc" || tag == "cgo" || strings.HasPrefix(tag, "go1")
			})
			return []source.Mark{{Text: "//go:build " + x.String(), Conditional: !never, Line: r.line(c.Pos())}}
		}
	}
	return nil
}

// survey notes what the tests below refer to.
func (r *testReader) survey() {
	for _, d := range r.ast.Decls {
		switch d := d.(type) {
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					r.noteTables(v.Names, v.Values, r.tables)
				}
			}
		case *ast.FuncDecl:
			if d.Body != nil && len(testingParams(d.Type)) > 0 && d.Recv == nil {
				r.failing[d.Name.Name] = true
			}
		}
	}
}

func (r *testReader) noteTables(names []*ast.Ident, values []ast.Expr, into map[string]*ast.CompositeLit) {
	for i, name := range names {
		if i < len(values) && len(names) == len(values) {
			if lit, ok := ast.Unparen(values[i]).(*ast.CompositeLit); ok && isTable(lit) {
				into[name.Name] = lit
			}
		}
	}
}

// isTable reports whether a literal is a list or a map.
func isTable(lit *ast.CompositeLit) bool {
	switch lit.Type.(type) {
	case *ast.ArrayType, *ast.MapType:
		return true
	case *ast.Ident, *ast.SelectorExpr: // a named type: a list when its elements are literals themselves
		if len(lit.Elts) == 0 {
			return false
		}
		if kv, ok := lit.Elts[0].(*ast.KeyValueExpr); ok {
			_, isString := kv.Key.(*ast.BasicLit)
			_, isLit := kv.Value.(*ast.CompositeLit)
			return isString && isLit
		}
		_, ok := lit.Elts[0].(*ast.CompositeLit)
		return ok
	}
	return false
}

// testingParams gives the names of the parameters by which a function can fail
// a test.
func testingParams(f *ast.FuncType) []string {
	var out []string
	for _, field := range f.Params.List {
		if isTesting(field.Type) {
			for _, n := range field.Names {
				out = append(out, n.Name)
			}
		}
	}
	return out
}

func isTesting(t ast.Expr) bool {
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	sel, ok := t.(*ast.SelectorExpr)
	if !ok {
		id, ok := t.(*ast.Ident)
		return ok && (id.Name == "TestingT" || id.Name == "TB")
	}
	pkg, ok := sel.X.(*ast.Ident)
	if !ok {
		return false
	}
	switch sel.Sel.Name {
	case "T", "B", "F", "TB":
		return pkg.Name == "testing" || pkg.Name == "check"
	case "TestingT", "GinkgoTInterface":
		return true
	case "C":
		return strings.Contains(pkg.Name, "check") || pkg.Name == "gc" || pkg.Name == "qt" || pkg.Name == "quicktest"
	}
	return false
}

// isRun reports whether a name is the prefix followed by nothing that begins
// with a small letter, as "go test" wants it.
func isRun(name, prefix string) bool {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return false
	}
	c, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !unicode.IsLower(c)
}

// function reads one function: a test, or a helper when it asserts something.
func (r *testReader) function(d *ast.FuncDecl) {
	if d.Body == nil {
		return
	}
	name, params := d.Name.Name, testingParams(d.Type)
	test := source.Test{Name: name, Range: r.rangeOf(d), Helper: true}
	switch {
	case d.Recv != nil:
		test.Name = suite(d.Recv) + "." + name
		test.Helper = !isRun(name, "Test") || d.Type.Params.NumFields() != 0 && len(params) != 1
	case isRun(name, "Example") && d.Type.Params.NumFields() == 0:
		r.example(d)
		return
	case len(params) == 1 && d.Type.Params.NumFields() == 1:
		test.Helper = !isRun(name, "Test") && !isRun(name, "Benchmark") && !isRun(name, "Fuzz")
	}
	if !test.Helper {
		test.Skips = append(test.Skips, r.marks...)
	}
	w := r.walker(d.Recv, params)
	at := w.begin(test)
	w.block(d.Body.List, "")
	if own := r.tests[at]; own.Helper && len(own.Assertions) == 0 && at == len(r.tests)-1 {
		r.tests = r.tests[:at] // it asserts nothing: an ordinary function
	}
}

func suite(recv *ast.FieldList) string {
	if len(recv.List) == 0 {
		return ""
	}
	return receiverName(recv.List[0].Type)
}

// example reads an example: it runs when its body ends with a comment that
// says what it prints.
func (r *testReader) example(d *ast.FuncDecl) {
	var last *ast.CommentGroup
	for _, c := range r.ast.Comments {
		if d.Body.Lbrace < c.Pos() && c.End() <= d.Body.Rbrace {
			last = c
		}
	}
	if last == nil {
		return
	}
	text := strings.TrimSpace(last.Text())
	lower := strings.ToLower(text)
	for _, mark := range []string{"output:", "unordered output:"} {
		if !strings.HasPrefix(lower, mark) {
			continue
		}
		r.tests = append(r.tests, source.Test{
			Name: d.Name.Name, Range: r.rangeOf(d), Skips: r.marks,
			Assertions: []source.Assertion{{
				Strength: source.Exact, Text: form.Squeeze(text), Subject: "the output", Expected: form.Squeeze(text[len(mark):]), Range: r.rangeOf(last),
			}},
		})
	}
}

// blocks reads Ginkgo's "var _ = Describe(...)".
func (r *testReader) blocks(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if !ok || len(v.Names) != 1 || v.Names[0].Name != "_" {
			continue
		}
		for _, x := range v.Values {
			if call, ok := x.(*ast.CallExpr); ok {
				w := r.walker(nil, nil)
				w.ginkgo(call, "", nil, nil)
			}
		}
	}
}

// literal gives the text of an expression that is a value by itself: a number,
// a string, a sign before a number, true, false, nil, or a composite literal
// of such.
func (r *testReader) literal(e ast.Expr) (string, bool) {
	switch x := ast.Unparen(e).(type) {
	case *ast.BasicLit:
		return r.code(x), true
	case *ast.Ident:
		return x.Name, x.Name == "true" || x.Name == "false" || x.Name == "nil"
	case *ast.UnaryExpr:
		if x.Op == token.AND {
			return r.literal(x.X)
		}
		text, ok := r.literal(x.X)
		return x.Op.String() + text, ok && (x.Op == token.SUB || x.Op == token.ADD)
	case *ast.CompositeLit:
		for _, el := range x.Elts {
			if kv, ok := el.(*ast.KeyValueExpr); ok {
				el = kv.Value
			}
			if _, ok := r.literal(el); !ok {
				return "", false
			}
		}
		return r.code(x), true
	case *ast.CallExpr: // a conversion: int64(3), []byte("x")
		if len(x.Args) == 1 && isConversion(x.Fun) {
			if _, ok := r.literal(x.Args[0]); ok {
				return r.code(x), true
			}
		}
	case *ast.SelectorExpr: // a constant of another package: http.StatusOK
		pkg, ok := x.X.(*ast.Ident)
		if ok && r.imports(pkg.Name) && ast.IsExported(x.Sel.Name) {
			return r.code(x), true
		}
	case *ast.BinaryExpr:
		_, left := r.literal(x.X)
		_, right := r.literal(x.Y)
		return r.code(x), left && right
	}
	return "", false
}

func isConversion(f ast.Expr) bool {
	switch x := f.(type) {
	case *ast.ArrayType:
		return true
	case *ast.Ident:
		switch x.Name {
		case "string", "byte", "rune", "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "error":
			return true
		}
	case *ast.SelectorExpr:
		return x.Sel.Name == "Duration" || x.Sel.Name == "New"
	}
	return false
}

// imports reports whether a name is a package in this file.
func (r *testReader) imports(name string) bool {
	for _, spec := range r.ast.Imports {
		if spec.Name != nil {
			if spec.Name.Name == name {
				return true
			}
			continue
		}
		p, err := strconv.Unquote(spec.Path.Value)
		if err == nil && (p == name || strings.HasSuffix(p, "/"+name)) {
			return true
		}
	}
	return false
}

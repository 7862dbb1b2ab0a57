// Package golang reads Go files with go/ast: their facts and their tests.
package golang

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"runtime"
	"strconv"
	"strings"

	"muster/internal/source"
	"muster/internal/source/reader/form"
)

// Version names what Go files are read with.
func Version() string { return "go/ast " + runtime.Version() }

// reader reads one Go file.
type reader struct {
	fset     *token.FileSet
	ast      *ast.File
	text     []byte
	comments []form.Span
	file     *source.File
}

// Read reads a Go file. What does not parse gives what could be read.
func Read(file *source.File, text []byte) {
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, "", text, parser.ParseComments|parser.SkipObjectResolution|parser.AllErrors)
	if tree == nil || tree.Name == nil || !tree.Name.Pos().IsValid() {
		file.Broken = form.WholeOf(text)
		return
	}
	r := &reader{fset: fset, ast: tree, text: text, file: file}
	r.file.Broken = r.broken(err)
	if tree.Name.Name != "_" {
		file.Package = tree.Name.Name
	}
	for _, group := range tree.Comments {
		r.comment(group)
	}
	for _, spec := range tree.Imports {
		file.Imports = append(file.Imports, r.importOf(spec))
	}
	for _, decl := range tree.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			r.function(d)
		case *ast.GenDecl:
			r.declaration(d)
		}
	}
	r.literals()
	file.Tests = tests(r)
}

// line gives the line of a position in the text, whatever //line says.
func (r *reader) line(pos token.Pos) int { return r.fset.PositionFor(pos, false).Line }

func (r *reader) rangeOf(n ast.Node) source.Range {
	start := r.line(n.Pos())
	return source.Range{Start: start, End: max(start, r.line(n.End()-1))}
}

func (r *reader) offset(pos token.Pos) int {
	return min(max(r.fset.PositionFor(pos, false).Offset, 0), len(r.text))
}

// code gives the text of a node, squeezed.
func (r *reader) code(n ast.Node) string {
	at := form.Span{Start: r.offset(n.Pos()), End: r.offset(n.End())}
	if at.End < at.Start {
		return ""
	}
	return form.CodeOf(r.text, at, r.comments)
}

// short is code for texts that may lie inside each other: at most MaxText
// bytes of the source are taken.
func (r *reader) short(n ast.Node) string {
	start := r.offset(n.Pos())
	at := form.Span{Start: start, End: min(max(r.offset(n.End()), start), start+form.MaxText)}
	return strings.ToValidUTF8(form.CodeOf(r.text, at, r.comments), "")
}

// broken gives the lines of the parser's errors.
func (r *reader) broken(err error) []source.Range {
	var list scanner.ErrorList
	if !errors.As(err, &list) {
		return nil
	}
	list.Sort()
	var out []source.Range
	base := r.fset.File(r.ast.FileStart)
	for _, e := range list {
		line := base.Line(base.Pos(min(max(e.Pos.Offset, 0), base.Size())))
		out = append(out, source.Range{Start: line, End: line})
	}
	ast.Inspect(r.ast, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.BadDecl, *ast.BadStmt, *ast.BadExpr:
			out = append(out, r.rangeOf(n))
		}
		return true
	})
	return form.Joined(out, form.WholeOf(r.text)[0].End)
}

func (r *reader) comment(group *ast.CommentGroup) {
	var parts []string
	for _, c := range group.List {
		r.comments = append(r.comments, form.Span{Start: r.offset(c.Pos()), End: r.offset(c.End())})
		parts = append(parts, form.CommentText(c.Text))
	}
	r.file.Comments = append(r.file.Comments, source.Comment{Text: strings.Join(parts, " "), Range: r.rangeOf(group)})
}

func (r *reader) importOf(spec *ast.ImportSpec) source.Import {
	path, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		path = spec.Path.Value
	}
	out := source.Import{Path: path, Range: r.rangeOf(spec)}
	if spec.Name != nil {
		out.Name = spec.Name.Name
	}
	return out
}

// declaration reads types, constants and variables. A top-level variable that
// is set to a function literal is a function instead.
func (r *reader) declaration(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			r.file.Types = append(r.file.Types, source.Type{
				Name: s.Name.Name, Exported: s.Name.IsExported(), Signature: "type " + r.code(s), Range: r.rangeOf(s),
			})
		case *ast.ValueSpec:
			text := d.Tok.String() + " " + r.code(s)
			for i, name := range s.Names {
				if lit := literalAt(s.Values, i); lit != nil {
					r.add(name.Name, name.IsExported(), "func"+parameters(lit.Type), lit, lit.Body)
					continue
				}
				r.file.Values = append(r.file.Values, source.Value{Name: name.Name, Exported: name.IsExported(), Text: text, Range: r.rangeOf(s)})
			}
		}
	}
}

func literalAt(values []ast.Expr, i int) *ast.FuncLit {
	if i >= len(values) {
		return nil
	}
	lit, _ := values[i].(*ast.FuncLit)
	return lit
}

func (r *reader) function(d *ast.FuncDecl) {
	name, signature := d.Name.Name, "func"
	exported := d.Name.IsExported()
	if d.Recv != nil && len(d.Recv.List) > 0 {
		recv := d.Recv.List[0].Type
		base := receiverName(recv)
		name = base + "." + name
		exported = exported && ast.IsExported(base)
		signature += " (" + typeText(recv) + ") "
	}
	r.add(name, exported, signature+parameters(d.Type), d, d.Body)
}

// receiverName gives the name of a receiver's type without star and
// parameters.
func receiverName(e ast.Expr) string {
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x.Name
		default:
			return "?"
		}
	}
}

// parameters writes the type parameters, parameters and results of a function
// without the names of parameters and results.
func parameters(t *ast.FuncType) string {
	var out strings.Builder
	if t.TypeParams != nil {
		var list []string
		for _, f := range t.TypeParams.List {
			for _, n := range f.Names {
				list = append(list, n.Name+" "+typeText(f.Type))
			}
		}
		out.WriteString("[" + strings.Join(list, ", ") + "]")
	}
	out.WriteString("(" + strings.Join(fieldTypes(t.Params), ", ") + ")")
	switch results := fieldTypes(t.Results); len(results) {
	case 0:
	case 1:
		out.WriteString(" " + results[0])
	default:
		out.WriteString(" (" + strings.Join(results, ", ") + ")")
	}
	return out.String()
}

func fieldTypes(list *ast.FieldList) []string {
	if list == nil {
		return nil
	}
	var out []string
	for _, f := range list.List {
		text := typeText(f.Type)
		for range max(len(f.Names), 1) {
			out = append(out, text)
		}
	}
	return out
}

// typeText writes a type, functions in it without the names of parameters.
func typeText(e ast.Expr) string {
	switch t := e.(type) {
	case *ast.FuncType:
		return "func" + parameters(t)
	case *ast.StarExpr:
		return "*" + typeText(t.X)
	case *ast.Ellipsis:
		if t.Elt == nil {
			return "..."
		}
		return "..." + typeText(t.Elt)
	case *ast.ArrayType:
		if t.Len == nil {
			return "[]" + typeText(t.Elt)
		}
		return "[" + types.ExprString(t.Len) + "]" + typeText(t.Elt)
	case *ast.MapType:
		return "map[" + typeText(t.Key) + "]" + typeText(t.Value)
	case nil:
		return "?"
	}
	return types.ExprString(e)
}

// literals reads the literals of the code; import paths and the tags of fields
// are none.
func (r *reader) literals() {
	skip := map[*ast.BasicLit]bool{}
	signs := map[ast.Expr]string{} // before numbers
	ast.Inspect(r.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			skip[n.Path] = true
		case *ast.Field:
			if n.Tag != nil {
				skip[n.Tag] = true
			}
		case *ast.UnaryExpr:
			if n.Op == token.SUB {
				signs[n.X] = "-"
			}
		case *ast.BasicLit:
			if !skip[n] {
				r.literal(n, signs[n])
			}
		}
		return true
	})
}

func (r *reader) literal(n *ast.BasicLit, sign string) {
	lit := source.Literal{Kind: source.Number, Value: n.Value, Line: r.line(n.Pos())}
	if n.Kind == token.STRING || n.Kind == token.CHAR {
		lit.Kind = source.String
		if s, err := strconv.Unquote(n.Value); err == nil {
			lit.Value = s
		}
	} else {
		lit.Value = sign + n.Value
	}
	r.file.Literals = append(r.file.Literals, lit)
}

package golang

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"muster/internal/source"
)

// ginkgo reads Ginkgo's blocks: containers, specs and entries of tables. It
// reports whether the call is one.
func (w *testWalker) ginkgo(call *ast.CallExpr, outer string, skips, focuses []source.Mark) bool {
	name := w.code(call.Fun)
	name = name[strings.LastIndex(name, ".")+1:]
	plain := strings.TrimLeft(name, "FPX")
	if len(call.Args) == 0 || len(name)-len(plain) > 1 {
		return false
	}
	title, ok := ast.Unparen(call.Args[0]).(*ast.BasicLit)
	if !ok || title.Kind != token.STRING {
		return false
	}
	mark := []source.Mark{{Text: name + "(" + title.Value + ")", Line: w.rangeOf(call).Start}}
	switch {
	case strings.HasPrefix(name, "F") && plain != name:
		focuses = append(slices.Clone(focuses), mark...)
	case plain != name:
		skips = append(slices.Clone(skips), mark...)
	}
	full := unquote(title.Value)
	if outer != "" {
		full = outer + " > " + full
	}
	var body *ast.FuncLit
	for _, arg := range call.Args[1:] {
		if f, ok := arg.(*ast.FuncLit); ok {
			body = f
		}
		switch text := w.code(arg); {
		case strings.HasSuffix(text, "Focus"):
			focuses = append(slices.Clone(focuses), mark...)
		case strings.HasSuffix(text, "Pending"):
			skips = append(slices.Clone(skips), mark...)
		}
	}
	w.names["ginkgo"] = true
	switch plain {
	case "Describe", "Context", "When":
		if body != nil {
			w.container(body, full, skips, focuses)
		}
		return true
	case "It", "Specify", "DescribeTable":
		w.begin(source.Test{Name: full, Range: w.rangeOf(call), Skips: append(slices.Clone(w.marks), skips...), Focuses: focuses})
		for _, arg := range call.Args[1:] {
			if entry, ok := arg.(*ast.CallExpr); ok && strings.HasSuffix(w.code(entry.Fun), "Entry") {
				w.entry(entry)
			}
		}
		if body != nil {
			w.block(body.Body.List, "")
		}
		return true
	}
	return false
}

func (w *testWalker) container(body *ast.FuncLit, full string, skips, focuses []source.Mark) {
	for _, s := range body.Body.List {
		x, ok := s.(*ast.ExprStmt)
		if !ok {
			continue
		}
		if call, ok := x.X.(*ast.CallExpr); ok {
			w.ginkgo(call, full, skips, focuses)
		}
	}
}

func (w *testWalker) entry(call *ast.CallExpr) {
	c := source.Case{Text: w.code(call), Range: w.rangeOf(call)}
	if len(call.Args) > 0 {
		if lit, ok := call.Args[0].(*ast.BasicLit); ok {
			c.Name = unquote(lit.Value)
		}
	}
	w.test().Cases = append(w.test().Cases, c)
}

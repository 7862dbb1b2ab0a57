package api

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"slices"
	"strings"
)

// member is one part of a Go type that others may use: a field or a method of
// an interface.
type member struct{ name, text string }

// shapeOf gives what a type declaration is and its members. The facts of
// source hold a declaration as one text, so its parts are read here.
func shapeOf(decl string) (kind string, members []member, sealed bool) {
	decl = strings.TrimSpace(decl)
	if !strings.HasPrefix(decl, "type ") {
		decl = "type " + decl
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", "package p\n"+decl+"\n", parser.SkipObjectResolution)
	if err != nil || len(f.Decls) == 0 {
		return "", nil, false
	}
	g, ok := f.Decls[0].(*ast.GenDecl)
	if !ok || len(g.Specs) == 0 {
		return "", nil, false
	}
	spec, ok := g.Specs[0].(*ast.TypeSpec)
	if !ok {
		return "", nil, false
	}
	write := func(n ast.Node) string {
		var b bytes.Buffer
		if printer.Fprint(&b, fset, n) != nil {
			return ""
		}
		return plain(strings.Join(strings.Fields(b.String()), " "))
	}
	switch x := spec.Type.(type) {
	case *ast.StructType:
		return "struct", fields(x.Fields, write), false
	case *ast.InterfaceType:
		for _, m := range x.Methods.List {
			sealed = sealed || len(m.Names) > 0 && !m.Names[0].IsExported()
		}
		return "interface", fields(x.Methods, write), sealed
	}
	return write(spec.Type), nil, false
}

func fields(list *ast.FieldList, write func(ast.Node) string) []member {
	var out []member
	for _, f := range list.List {
		text := write(f.Type)
		if fn, ok := f.Type.(*ast.FuncType); ok {
			text = write(types(fn))
		}
		if len(f.Names) == 0 {
			out = append(out, member{text, "embedded"})
		}
		for _, n := range f.Names {
			if n.IsExported() {
				out = append(out, member{n.Name, text})
			}
		}
	}
	return out
}

// types gives a function's type without the names of its parameters.
func types(fn *ast.FuncType) *ast.FuncType {
	bare := func(list *ast.FieldList) *ast.FieldList {
		if list == nil {
			return nil
		}
		out := &ast.FieldList{}
		for _, f := range list.List {
			for range max(len(f.Names), 1) {
				out.List = append(out.List, &ast.Field{Type: f.Type})
			}
		}
		return out
	}
	return &ast.FuncType{Params: bare(fn.Params), Results: bare(fn.Results)}
}

// asks begins what is said of an interface that grew.
const asks = "asks for "

// typeBreak says how a type breaks code that uses it, or "".
func typeBreak(b, h symbol) string {
	bk, bm, _ := shapeOf(b.decl)
	hk, hm, _ := shapeOf(h.decl)
	if bk == "" || hk == "" {
		return ""
	}
	if bk != hk {
		if strings.Contains(h.sig, " = ") {
			return "" // an alias of what it was, most likely
		}
		return fmt.Sprintf("has %s as %s, which was %s", b.name, clip(hk), clip(bk))
	}
	for _, m := range bm {
		i := slices.IndexFunc(hm, func(x member) bool { return x.name == m.name })
		switch {
		case i < 0 && slices.ContainsFunc(hm, func(x member) bool { return x.text == "embedded" }):
		case i < 0:
			return fmt.Sprintf("has %s without %s", b.name, clip(m.name))
		case hm[i].text != m.text:
			return fmt.Sprintf("has %s.%s as %s, which was %s", b.name, m.name, clip(hm[i].text), clip(m.text))
		}
	}
	_, _, sealed := shapeOf(b.decl)
	if bk == "interface" && !sealed {
		for _, m := range hm {
			if !slices.ContainsFunc(bm, func(x member) bool { return x.name == m.name }) {
				return fmt.Sprintf(asks+"%s of every %s", clip(m.name), b.name)
			}
		}
	}
	return ""
}

// embeds reports whether a declaration is a struct or an interface that holds
// other types without a name.
func embeds(decl string) bool {
	_, members, _ := shapeOf(decl)
	return slices.ContainsFunc(members, func(m member) bool { return m.text == "embedded" })
}

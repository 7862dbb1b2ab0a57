package script

import (
	"strings"

	"muster/internal/source"
	"muster/internal/source/reader/syntax"
	"muster/internal/source/treesitter"
)

// special reads what only JavaScript and TypeScript have.
func special(r *syntax.Reader, n treesitter.Node, s syntax.Scope, names map[string]bool) {
	top := s.Function < 0 && s.Path == ""
	switch n.Kind() {
	case "import_statement", "export_statement":
		importOf(r, n)
	case "call_expression":
		required(r, n)
		catch(r, n, s)
	case "interface_declaration", "type_alias_declaration", "enum_declaration":
		addType(r, n, s, isExported(n, n.At("name").Text(), top, names))
	case "lexical_declaration", "variable_declaration":
		if !top || !exportOf(n).Parent().Is("program") {
			return
		}
		for c := range n.Named() {
			addValue(r, n, c, names)
		}
	}
}

func addValue(r *syntax.Reader, n, d treesitter.Node, names map[string]bool) {
	name, value := d.At("name"), d.At("value")
	if !d.Is("variable_declarator") || !name.Is("identifier") || !functionIn(value).IsZero() || value.Is("class") {
		return
	}
	r.File.Values = append(r.File.Values, source.Value{
		Name: name.Text(), Exported: isExported(n, name.Text(), true, names),
		Text: keyword(n) + " " + r.Declaration(d), Range: syntax.LinesOf(d),
	})
}

// keyword gives the keyword of a declaration: const, let, var.
func keyword(n treesitter.Node) string {
	for c := range n.Children() {
		return c.Text()
	}
	return ""
}

// importOf reads an import, or an export of what another module has: one
// for each name, or one without a name.
func importOf(r *syntax.Reader, n treesitter.Node) {
	from := n.At("source")
	if from.IsZero() {
		if clause := n.First("import_require_clause"); !clause.IsZero() {
			from = clause.At("source")
			r.Imported(syntax.StringValue(from), syntax.First(clause).Text(), n)
		}
		return
	}
	path, found := syntax.StringValue(from), false
	add := func(name string, at treesitter.Node) {
		found = true
		r.Imported(path, name, at)
	}
	clause := n.First("import_clause")
	for c := range clause.Named() {
		switch c.Kind() {
		case "identifier":
			add(c.Text(), c)
		case "namespace_import":
			add(syntax.First(c).Text(), c)
		case "named_imports":
			for spec := range c.Named() {
				name := spec.At("alias")
				if name.IsZero() {
					name = spec.At("name")
				}
				add(name.Text(), spec)
			}
		}
	}
	if !found {
		add("", n)
	}
}

// required reads require("x") and import("x").
func required(r *syntax.Reader, n treesitter.Node) {
	callee := n.At("function")
	arg := syntax.First(n.At("arguments"))
	if !arg.Is("string") || !callee.Is("import") && callee.Text() != "require" {
		return
	}
	name := ""
	if up := n.Parent(); up.Is("variable_declarator") && up.At("name").Is("identifier") {
		name = up.At("name").Text()
	}
	r.Imported(syntax.StringValue(arg), name, n)
}

// catch reads .catch(e => ...), the handler of a promise.
func catch(r *syntax.Reader, n treesitter.Node, s syntax.Scope) {
	callee := n.At("function")
	if !callee.Is("member_expression") || callee.At("property").Text() != "catch" {
		return
	}
	fn := syntax.First(n.At("arguments"))
	if !isFunction(fn) {
		return
	}
	body := fn.At("body")
	text := ".catch(" + r.Short(fn) + ")"
	at := syntax.LinesOf(fn)
	if lost := r.Lost(body); lost != "" {
		r.Swallow(s, source.Swallow{Kind: lost, Text: text, Range: at})
		return
	}
	if exit := r.Exit(body); exit != "" {
		r.Guard(s, source.Guard{Kind: source.ErrorCheck, Text: strings.TrimRight(".catch("+r.Head(fn, body), " {"), Exit: exit, Range: at})
	}
}

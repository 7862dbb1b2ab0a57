package source

import "strings"

// scriptSpecial reads what only JavaScript and TypeScript have.
func scriptSpecial(r *reader, n node, s scope, names map[string]bool) {
	top := s.function < 0 && s.path == ""
	switch n.Kind() {
	case "import_statement", "export_statement":
		scriptImport(r, n)
	case "call_expression":
		scriptRequire(r, n)
		scriptCatch(r, n, s)
	case "interface_declaration", "type_alias_declaration", "enum_declaration":
		scriptType(r, n, s, isExportedScript(n, n.At("name").Text(), top, names))
	case "lexical_declaration", "variable_declaration":
		if !top || !exportOf(n).Parent().Is("program") {
			return
		}
		for c := range n.Named() {
			scriptValue(r, n, c, names)
		}
	}
}

func scriptValue(r *reader, n, d node, names map[string]bool) {
	name, value := d.At("name"), d.At("value")
	if !d.Is("variable_declarator") || !name.Is("identifier") || !functionIn(value).IsZero() || value.Is("class") {
		return
	}
	r.file.Values = append(r.file.Values, Value{
		Name: name.Text(), Exported: isExportedScript(n, name.Text(), true, names),
		Text: keyword(n) + " " + r.declaration(d), Range: linesOf(d),
	})
}

// keyword gives the keyword of a declaration: const, let, var.
func keyword(n node) string {
	for c := range n.Children() {
		return c.Text()
	}
	return ""
}

// scriptImport reads an import, or an export of what another module has: one
// for each name, or one without a name.
func scriptImport(r *reader, n node) {
	from := n.At("source")
	if from.IsZero() {
		if clause := n.First("import_require_clause"); !clause.IsZero() {
			from = clause.At("source")
			r.imported(stringValue(from), first(clause).Text(), n)
		}
		return
	}
	path, found := stringValue(from), false
	add := func(name string, at node) {
		found = true
		r.imported(path, name, at)
	}
	clause := n.First("import_clause")
	for c := range clause.Named() {
		switch c.Kind() {
		case "identifier":
			add(c.Text(), c)
		case "namespace_import":
			add(first(c).Text(), c)
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

func (r *reader) imported(path, name string, at node) {
	r.file.Imports = append(r.file.Imports, Import{Path: path, Name: name, Range: linesOf(at)})
}

// scriptRequire reads require("x") and import("x").
func scriptRequire(r *reader, n node) {
	callee := n.At("function")
	arg := first(n.At("arguments"))
	if !arg.Is("string") || !callee.Is("import") && callee.Text() != "require" {
		return
	}
	name := ""
	if up := n.Parent(); up.Is("variable_declarator") && up.At("name").Is("identifier") {
		name = up.At("name").Text()
	}
	r.imported(stringValue(arg), name, n)
}

// scriptCatch reads .catch(e => ...), the handler of a promise.
func scriptCatch(r *reader, n node, s scope) {
	callee := n.At("function")
	if !callee.Is("member_expression") || callee.At("property").Text() != "catch" {
		return
	}
	fn := first(n.At("arguments"))
	if !isScriptFunction(fn) {
		return
	}
	body := fn.At("body")
	text := ".catch(" + r.short(fn) + ")"
	at := linesOf(fn)
	if lost := r.lost(body); lost != "" {
		r.swallow(s, Swallow{Kind: lost, Text: text, Range: at})
		return
	}
	if exit := r.exit(body); exit != "" {
		r.guard(s, Guard{Kind: ErrorCheck, Text: strings.TrimRight(".catch("+r.head(fn, body), " {"), Exit: exit, Range: at})
	}
}

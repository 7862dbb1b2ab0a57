package source

import (
	"strings"

	"muster/internal/source/treesitter"
)

// pythonFile reads the facts of a Python file from its tree.
func pythonFile(file *File, tree *treesitter.Tree) {
	read(file, tree, dialect{
		roles: map[string]role{
			"if_statement": branches, "elif_clause": otherwise, "else_clause": otherwise,
			"for_statement": loops, "while_statement": loops, "match_statement": chooses, "conditional_expression": ternaries,
			"except_clause": handles, "except_group_clause": handles,
			"boolean_operator": combines, "lambda": closes, "call": callings, "expression_statement": statements,
			"string": texts, "integer": numbers, "float": numbers, "unary_operator": negates, "comment": comments,
		},
		exits: map[string]string{
			"return_statement": "return", "raise_statement": "throw", "continue_statement": "continue", "break_statement": "break",
		},
		declare: pythonDeclare,
		fixed:   func(node) bool { return false },
		special: pythonSpecial,
	})
	file.Tests = pythonTests(tree)
}

func pythonDeclare(r *reader, n node, s scope) (declared, bool) {
	if !n.Is("function_definition", "class_definition") {
		return declared{}, false
	}
	d := declared{name: n.At("name").Text(), whole: n, body: n.At("body")}
	d.exported = !strings.HasPrefix(d.name, "_") || strings.HasPrefix(d.name, "__") && strings.HasSuffix(d.name, "__")
	if n.Parent().Is("decorated_definition") {
		d.whole = n.Parent()
	}
	if n.Is("class_definition") {
		d.holder = true
		if s.function < 0 && strings.Count(s.path, ".") < maxHolders {
			r.file.Types = append(r.file.Types, Type{
				Name: join(s.path, d.name), Exported: s.exported && d.exported, Signature: r.declaration(d.whole), Range: linesOf(d.whole),
			})
		}
		return d, true
	}
	d.signature = "def " + r.of(n.At("parameters"))
	if result := n.At("return_type"); !result.IsZero() {
		d.signature += " -> " + r.of(result)
	}
	if n.First("async").Is("async") {
		d.signature = "async " + d.signature
	}
	return d, true
}

func pythonSpecial(r *reader, n node, s scope) {
	switch n.Kind() {
	case "expression_statement":
		if text := first(n); text.Is("string") && text.Next().IsZero() { // a docstring
			r.file.Comments = append(r.file.Comments, Comment{Text: strings.Join(strings.Fields(stringValue(text)), " "), Range: linesOf(text)})
		}
	case "import_statement":
		for c := range n.Named() {
			r.file.Imports = append(r.file.Imports, pythonImported(c, ""))
		}
	case "import_from_statement", "future_import_statement":
		pythonFrom(r, n)
	case "assert_statement":
		cond := first(n)
		r.guard(s, Guard{Kind: Condition, Text: r.short(cond), Exit: "throw", Range: linesOf(n)})
	case "call":
		if lastName(calledName(n, maxChain)) == "suppress" {
			r.swallow(s, Swallow{Kind: Discarded, Text: r.short(n), Range: linesOf(n)})
		}
	case "assignment":
		if s.function < 0 && s.path == "" && n.Parent().Is("expression_statement") {
			pythonValues(r, n)
		}
	}
}

// pythonImported reads one name of an import, with "as" or without.
func pythonImported(n node, from string) Import {
	path, name := n.Text(), ""
	if n.Is("aliased_import") {
		path, name = n.At("name").Text(), n.At("alias").Text()
	}
	if from == "" {
		return Import{Path: path, Name: name, Range: linesOf(n)}
	}
	if name == "" {
		name = path
	}
	return Import{Path: from, Name: name, Range: linesOf(n)}
}

func pythonFrom(r *reader, n node) {
	from := strings.Join(strings.Fields(n.At("module_name").Text()), "")
	if n.Is("future_import_statement") {
		from = "__future__"
	}
	for c := range n.Children() {
		if c.Field() == "name" || c.Is("wildcard_import") {
			r.file.Imports = append(r.file.Imports, pythonImported(c, from))
		}
	}
}

func pythonValues(r *reader, n node) {
	text := r.of(n)
	left := n.At("left")
	targets := []node{left}
	if left.Is("pattern_list", "tuple_pattern") {
		targets = nil
		for c := range left.Named() {
			targets = append(targets, c)
		}
	}
	for _, t := range targets {
		if t.Is("identifier") {
			name := t.Text()
			r.file.Values = append(r.file.Values, Value{Name: name, Exported: !strings.HasPrefix(name, "_"), Text: text, Range: linesOf(n)})
		}
	}
}

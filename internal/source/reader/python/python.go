// Package python reads the trees of Python files: their facts and their tests.
package python

import (
	"strings"

	"muster/internal/source"
	"muster/internal/source/reader/form"
	"muster/internal/source/reader/syntax"
	"muster/internal/source/treesitter"
)

// Read reads the facts of a Python file from its tree.
func Read(file *source.File, tree *treesitter.Tree, path string) {
	syntax.Read(file, tree, syntax.Dialect{
		Roles: map[string]syntax.Role{
			"if_statement": syntax.Branches, "elif_clause": syntax.Otherwise, "else_clause": syntax.Otherwise,
			"for_statement": syntax.Loops, "while_statement": syntax.Loops, "match_statement": syntax.Chooses, "conditional_expression": syntax.Ternaries,
			"except_clause": syntax.Handles, "except_group_clause": syntax.Handles,
			"boolean_operator": syntax.Combines, "lambda": syntax.Closes, "call": syntax.Callings, "expression_statement": syntax.Statements,
			"string": syntax.Texts, "integer": syntax.Numbers, "float": syntax.Numbers, "unary_operator": syntax.Negates, "comment": syntax.Comments,
		},
		Exits: map[string]string{
			"return_statement": "return", "raise_statement": "throw", "continue_statement": "continue", "break_statement": "break",
		},
		Declare: declare,
		Fixed:   func(treesitter.Node) bool { return false },
		Special: special,
	})
	file.Tests = tests(path, tree)
}

func declare(r *syntax.Reader, n treesitter.Node, s syntax.Scope) (syntax.Declared, bool) {
	if !n.Is("function_definition", "class_definition") {
		return syntax.Declared{}, false
	}
	d := syntax.Declared{Name: n.At("name").Text(), Whole: n, Body: n.At("body")}
	d.Exported = !strings.HasPrefix(d.Name, "_") || strings.HasPrefix(d.Name, "__") && strings.HasSuffix(d.Name, "__")
	if n.Parent().Is("decorated_definition") {
		d.Whole = n.Parent()
	}
	if n.Is("class_definition") {
		d.Holder = true
		if s.Function < 0 && strings.Count(s.Path, ".") < syntax.MaxHolders {
			r.File.Types = append(r.File.Types, source.Type{
				Name: syntax.Join(s.Path, d.Name), Exported: s.Exported && d.Exported, Signature: r.Declaration(d.Whole), Range: syntax.LinesOf(d.Whole),
			})
		}
		return d, true
	}
	d.Signature = "def " + r.Of(n.At("parameters"))
	if result := n.At("return_type"); !result.IsZero() {
		d.Signature += " -> " + r.Of(result)
	}
	if n.First("async").Is("async") {
		d.Signature = "async " + d.Signature
	}
	return d, true
}

func special(r *syntax.Reader, n treesitter.Node, s syntax.Scope) {
	switch n.Kind() {
	case "expression_statement":
		if text := syntax.First(n); text.Is("string") && text.Next().IsZero() { // a docstring
			r.File.Comments = append(r.File.Comments, source.Comment{Text: strings.Join(strings.Fields(syntax.StringValue(text)), " "), Range: syntax.LinesOf(text)})
		}
	case "import_statement":
		for c := range n.Named() {
			r.File.Imports = append(r.File.Imports, imported(c, ""))
		}
	case "import_from_statement", "future_import_statement":
		importFrom(r, n)
	case "assert_statement":
		cond := syntax.First(n)
		r.Guard(s, source.Guard{Kind: source.Condition, Text: r.Short(cond), Exit: "throw", Range: syntax.LinesOf(n)})
	case "call":
		if form.LastName(syntax.CalledName(n, form.MaxChain)) == "suppress" {
			r.Swallow(s, source.Swallow{Kind: source.Discarded, Text: r.Short(n), Range: syntax.LinesOf(n)})
		}
	case "assignment":
		if s.Function < 0 && s.Path == "" && n.Parent().Is("expression_statement") {
			values(r, n)
		}
	}
}

// imported reads one name of an import, with "as" or without.
func imported(n treesitter.Node, from string) source.Import {
	path, name := n.Text(), ""
	if n.Is("aliased_import") {
		path, name = n.At("name").Text(), n.At("alias").Text()
	}
	if from == "" {
		return source.Import{Path: path, Name: name, Range: syntax.LinesOf(n)}
	}
	if name == "" {
		name = path
	}
	return source.Import{Path: from, Name: name, Range: syntax.LinesOf(n)}
}

func importFrom(r *syntax.Reader, n treesitter.Node) {
	from := strings.Join(strings.Fields(n.At("module_name").Text()), "")
	if n.Is("future_import_statement") {
		from = "__future__"
	}
	for c := range n.Children() {
		if c.Field() == "name" || c.Is("wildcard_import") {
			r.File.Imports = append(r.File.Imports, imported(c, from))
		}
	}
}

func values(r *syntax.Reader, n treesitter.Node) {
	text := r.Of(n)
	left := n.At("left")
	targets := []treesitter.Node{left}
	if left.Is("pattern_list", "tuple_pattern") {
		targets = nil
		for c := range left.Named() {
			targets = append(targets, c)
		}
	}
	for _, t := range targets {
		if t.Is("identifier") {
			name := t.Text()
			r.File.Values = append(r.File.Values, source.Value{Name: name, Exported: !strings.HasPrefix(name, "_"), Text: text, Range: syntax.LinesOf(n)})
		}
	}
}

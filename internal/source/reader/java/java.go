// Package java reads the trees of Java files: their facts and their tests.
package java

import (
	"strings"

	"muster/internal/source"
	"muster/internal/source/reader/form"
	"muster/internal/source/reader/syntax"
	"muster/internal/source/treesitter"
)

// Read reads the facts of a Java file from its tree.
func Read(file *source.File, tree *treesitter.Tree, _ string) {
	syntax.Read(file, tree, syntax.Dialect{
		Roles: map[string]syntax.Role{
			"if_statement": syntax.Branches, "for_statement": syntax.Loops, "enhanced_for_statement": syntax.Loops, "while_statement": syntax.Loops, "do_statement": syntax.Loops,
			"switch_expression": syntax.Chooses, "switch_statement": syntax.Chooses, "ternary_expression": syntax.Ternaries, "catch_clause": syntax.Handles,
			"binary_expression": syntax.Combines, "lambda_expression": syntax.Closes,
			"method_invocation": syntax.Callings, "object_creation_expression": syntax.Callings, "expression_statement": syntax.Statements,
			"string_literal": syntax.Texts, "character_literal": syntax.Texts, "unary_expression": syntax.Negates,
			"decimal_integer_literal": syntax.Numbers, "hex_integer_literal": syntax.Numbers, "octal_integer_literal": syntax.Numbers,
			"binary_integer_literal": syntax.Numbers, "decimal_floating_point_literal": syntax.Numbers, "hex_floating_point_literal": syntax.Numbers,
			"line_comment": syntax.Comments, "block_comment": syntax.Comments,
		},
		Exits: map[string]string{
			"return_statement": "return", "throw_statement": "throw", "continue_statement": "continue", "break_statement": "break",
		},
		Declare: declare,
		Fixed:   isEmpty,
		Special: special,
	})
	file.Tests = tests(tree)
}

// isEmpty reports whether an expression is one of the library's empty
// values: List.of(), Optional.empty(), Collections.emptyMap().
func isEmpty(n treesitter.Node) bool {
	if !n.Is("method_invocation") || !syntax.First(n.At("arguments")).IsZero() {
		return false
	}
	name := n.At("name").Text()
	return name == "of" || strings.HasPrefix(name, "empty")
}

func declare(r *syntax.Reader, n treesitter.Node, s syntax.Scope) (syntax.Declared, bool) {
	d := syntax.Declared{Name: n.At("name").Text(), Whole: n, Body: n.At("body")}
	access := n.First("modifiers")
	d.Exported = !access.First("public").IsZero() || n.Parent().Is("interface_body") && access.First("private").IsZero()
	switch n.Kind() {
	case "class_declaration", "interface_declaration", "enum_declaration", "record_declaration", "annotation_type_declaration":
		d.Holder = true
		if s.Function < 0 && strings.Count(s.Path, ".") < syntax.MaxHolders {
			r.File.Types = append(r.File.Types, source.Type{
				Name: syntax.Join(s.Path, d.Name), Exported: s.Exported && d.Exported, Signature: r.Declaration(n), Range: syntax.LinesOf(n),
			})
		}
		return d, true
	case "method_declaration", "constructor_declaration", "compact_constructor_declaration":
		d.Signature = signature(r, n)
		return d, true
	}
	return syntax.Declared{}, false
}

func signature(r *syntax.Reader, n treesitter.Node) string {
	var params []string
	for p := range n.At("parameters").Named() {
		switch p.Kind() {
		case "formal_parameter":
			params = append(params, r.Of(p.At("type")))
		case "spread_parameter":
			for c := range p.Named() {
				if !c.Is("modifiers", "variable_declarator") {
					params = append(params, r.Of(c)+"...")
				}
			}
		}
	}
	out := "new"
	if n.Is("method_declaration") {
		out = r.Of(n.At("type")) + " "
	}
	if t := n.At("type_parameters"); !t.IsZero() {
		out = r.Of(t) + " " + out
	}
	if !n.First("modifiers").First("static").IsZero() {
		out = "static " + out
	}
	out += "(" + strings.Join(params, ", ") + ")"
	if t := n.First("throws"); !t.IsZero() {
		out += " " + r.Of(t)
	}
	return out
}

// special reads what only Java has. Values are the static fields of
// classes, since nothing else stands at the top level.
func special(r *syntax.Reader, n treesitter.Node, s syntax.Scope) {
	switch n.Kind() {
	case "package_declaration":
		r.File.Package = syntax.NameOf(n.First("scoped_identifier", "identifier"), form.MaxChain)
	case "import_declaration":
		path := syntax.NameOf(n.First("scoped_identifier", "identifier"), form.MaxChain)
		if !n.First("asterisk").IsZero() {
			path += ".*"
		}
		r.Imported(path, "", n)
	case "field_declaration", "constant_declaration":
		access := n.First("modifiers")
		constant := n.Is("constant_declaration")
		if s.Function >= 0 || !constant && access.First("static").IsZero() {
			return
		}
		for c := range n.Named() {
			if c.Is("variable_declarator") {
				r.File.Values = append(r.File.Values, source.Value{
					Name: syntax.Join(s.Path, c.At("name").Text()), Exported: s.Exported && (constant || !access.First("public").IsZero()),
					Text: r.Declaration(n), Range: syntax.LinesOf(n),
				})
			}
		}
	}
}

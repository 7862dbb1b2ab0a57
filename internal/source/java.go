package source

import (
	"strings"

	"muster/internal/source/treesitter"
)

// javaFile reads the facts of a Java file from its tree.
func javaFile(file *File, tree *treesitter.Tree) {
	read(file, tree, dialect{
		roles: map[string]role{
			"if_statement": branches, "for_statement": loops, "enhanced_for_statement": loops, "while_statement": loops, "do_statement": loops,
			"switch_expression": chooses, "switch_statement": chooses, "ternary_expression": ternaries, "catch_clause": handles,
			"binary_expression": combines, "lambda_expression": closes,
			"method_invocation": callings, "object_creation_expression": callings, "expression_statement": statements,
			"string_literal": texts, "character_literal": texts, "unary_expression": negates,
			"decimal_integer_literal": numbers, "hex_integer_literal": numbers, "octal_integer_literal": numbers,
			"binary_integer_literal": numbers, "decimal_floating_point_literal": numbers, "hex_floating_point_literal": numbers,
			"line_comment": comments, "block_comment": comments,
		},
		exits: map[string]string{
			"return_statement": "return", "throw_statement": "throw", "continue_statement": "continue", "break_statement": "break",
		},
		declare: javaDeclare,
		fixed:   isEmptyJava,
		special: javaSpecial,
	})
	file.Tests = javaTests(tree)
}

// isEmptyJava reports whether an expression is one of the library's empty
// values: List.of(), Optional.empty(), Collections.emptyMap().
func isEmptyJava(n node) bool {
	if !n.Is("method_invocation") || !first(n.At("arguments")).IsZero() {
		return false
	}
	name := n.At("name").Text()
	return name == "of" || strings.HasPrefix(name, "empty")
}

func javaDeclare(r *reader, n node, s scope) (declared, bool) {
	d := declared{name: n.At("name").Text(), whole: n, body: n.At("body")}
	access := n.First("modifiers")
	d.exported = !access.First("public").IsZero() || n.Parent().Is("interface_body") && access.First("private").IsZero()
	switch n.Kind() {
	case "class_declaration", "interface_declaration", "enum_declaration", "record_declaration", "annotation_type_declaration":
		d.holder = true
		if s.function < 0 && strings.Count(s.path, ".") < maxHolders {
			r.file.Types = append(r.file.Types, Type{
				Name: join(s.path, d.name), Exported: s.exported && d.exported, Signature: r.declaration(n), Range: linesOf(n),
			})
		}
		return d, true
	case "method_declaration", "constructor_declaration", "compact_constructor_declaration":
		d.signature = javaSignature(r, n)
		return d, true
	}
	return declared{}, false
}

func javaSignature(r *reader, n node) string {
	var params []string
	for p := range n.At("parameters").Named() {
		switch p.Kind() {
		case "formal_parameter":
			params = append(params, r.of(p.At("type")))
		case "spread_parameter":
			for c := range p.Named() {
				if !c.Is("modifiers", "variable_declarator") {
					params = append(params, r.of(c)+"...")
				}
			}
		}
	}
	out := "new"
	if n.Is("method_declaration") {
		out = r.of(n.At("type")) + " "
	}
	if t := n.At("type_parameters"); !t.IsZero() {
		out = r.of(t) + " " + out
	}
	if !n.First("modifiers").First("static").IsZero() {
		out = "static " + out
	}
	out += "(" + strings.Join(params, ", ") + ")"
	if t := n.First("throws"); !t.IsZero() {
		out += " " + r.of(t)
	}
	return out
}

// javaSpecial reads what only Java has. Values are the static fields of
// classes, since nothing else stands at the top level.
func javaSpecial(r *reader, n node, s scope) {
	switch n.Kind() {
	case "package_declaration":
		r.file.Package = nameOf(n.First("scoped_identifier", "identifier"), maxChain)
	case "import_declaration":
		path := nameOf(n.First("scoped_identifier", "identifier"), maxChain)
		if !n.First("asterisk").IsZero() {
			path += ".*"
		}
		r.imported(path, "", n)
	case "field_declaration", "constant_declaration":
		access := n.First("modifiers")
		constant := n.Is("constant_declaration")
		if s.function >= 0 || !constant && access.First("static").IsZero() {
			return
		}
		for c := range n.Named() {
			if c.Is("variable_declarator") {
				r.file.Values = append(r.file.Values, Value{
					Name: join(s.path, c.At("name").Text()), Exported: s.exported && (constant || !access.First("public").IsZero()),
					Text: r.declaration(n), Range: linesOf(n),
				})
			}
		}
	}
}

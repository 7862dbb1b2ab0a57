// Package rust reads the trees of Rust files: their facts and their tests.
package rust

import (
	"strings"

	"muster/internal/source"
	"muster/internal/source/reader/form"
	"muster/internal/source/reader/syntax"
	"muster/internal/source/treesitter"
)

// Read reads the facts of a Rust file from its tree.
func Read(file *source.File, tree *treesitter.Tree, _ string) {
	hidden := map[string]bool{} // types of this file that are not pub
	for n := range tree.Root().Inside() {
		if n.Is("struct_item", "enum_item", "union_item", "trait_item") && !isPub(n) {
			hidden[n.At("name").Text()] = true
		}
	}
	syntax.Read(file, tree, syntax.Dialect{
		Roles: map[string]syntax.Role{
			"if_expression": syntax.Branches, "else_clause": syntax.Otherwise,
			"for_expression": syntax.Loops, "while_expression": syntax.Loops, "loop_expression": syntax.Loops, "match_expression": syntax.Chooses,
			"binary_expression": syntax.Combines, "closure_expression": syntax.Closes, "call_expression": syntax.Callings, "macro_invocation": syntax.Callings,
			"expression_statement": syntax.Statements, "await_expression": syntax.Statements,
			"string_literal": syntax.Texts, "raw_string_literal": syntax.Texts, "char_literal": syntax.Texts,
			"integer_literal": syntax.Numbers, "float_literal": syntax.Numbers, "unary_expression": syntax.Negates,
			"line_comment": syntax.Comments, "block_comment": syntax.Comments,
		},
		Exits: map[string]string{
			"return_expression": "return", "continue_expression": "continue", "break_expression": "break",
		},
		Declare: func(r *syntax.Reader, n treesitter.Node, s syntax.Scope) (syntax.Declared, bool) {
			return declare(r, n, s, hidden)
		},
		Fixed:   isFixedRust,
		Special: special,
	})
	file.Tests = tests(tree)
}

// isPub reports whether an item is pub without bounds such as pub(crate).
func isPub(n treesitter.Node) bool { return n.First("visibility_modifier").Text() == "pub" }

// isFixedRust reports whether an expression wraps fixed values, or is a type's
// empty value: Ok(()), Some(0), Vec::new(), Default::default(), vec![].
func isFixedRust(n treesitter.Node) bool {
	if n.Is("macro_invocation") {
		return n.At("macro").Text() == "vec" && syntax.First(n.First("token_tree")).IsZero()
	}
	if !n.Is("call_expression") {
		return false
	}
	name := syntax.CalledName(n, form.MaxChain)
	arg := syntax.First(n.At("arguments"))
	if strings.HasSuffix(name, "::new") || strings.HasSuffix(name, "::default") {
		return arg.IsZero()
	}
	if name != "Ok" && name != "Some" {
		return false
	}
	return arg.Is("unit_expression", "integer_literal", "float_literal", "string_literal", "boolean_literal") ||
		arg.Text() == "None" || isFixedRust(arg)
}

func declare(r *syntax.Reader, n treesitter.Node, s syntax.Scope, hidden map[string]bool) (syntax.Declared, bool) {
	d := syntax.Declared{Name: n.At("name").Text(), Whole: n, Body: n.At("body"), Exported: isPub(n)}
	up := n.Parent().Parent()
	switch n.Kind() {
	case "impl_item":
		d.Name = form.LastName(syntax.NameOf(n.At("type"), form.MaxChain))
		d.Holder, d.Exported = true, !hidden[d.Name]
		return d, true
	case "trait_item":
		typeOf(r, n, s)
		d.Holder = true
		return d, true
	case "mod_item":
		d.Holder = true
		return d, !d.Body.IsZero()
	case "function_item", "function_signature_item":
		if up.Is("trait_item") || up.Is("impl_item") && !up.At("trait").IsZero() {
			d.Exported = true
		}
		d.Signature = signature(r, n)
		return d, true
	}
	return syntax.Declared{}, false
}

func signature(r *syntax.Reader, n treesitter.Node) string {
	var params []string
	for p := range n.At("parameters").Named() {
		if t := p.At("type"); p.Is("parameter") && !t.IsZero() {
			params = append(params, r.Of(t))
		} else if !p.Is("attribute_item") {
			params = append(params, r.Of(p))
		}
	}
	out := "fn"
	if m := n.First("function_modifiers"); !m.IsZero() {
		out = r.Of(m) + " fn"
	}
	if t := n.At("type_parameters"); !t.IsZero() {
		out += r.Of(t)
	}
	out += "(" + strings.Join(params, ", ") + ")"
	if t := n.At("return_type"); !t.IsZero() {
		out += " -> " + r.Of(t)
	}
	if w := n.First("where_clause"); !w.IsZero() {
		out += " " + r.Of(w)
	}
	return out
}

func typeOf(r *syntax.Reader, n treesitter.Node, s syntax.Scope) {
	if s.Function < 0 && strings.Count(s.Path, ".") < syntax.MaxHolders {
		r.File.Types = append(r.File.Types, source.Type{
			Name: syntax.Join(s.Path, n.At("name").Text()), Exported: s.Exported && isPub(n), Signature: r.Declaration(n), Range: syntax.LinesOf(n),
		})
	}
}

// special reads what only Rust has.
func special(r *syntax.Reader, n treesitter.Node, s syntax.Scope) {
	switch n.Kind() {
	case "use_declaration":
		use(r, n.At("argument"), "", 0)
	case "extern_crate_declaration":
		r.Imported(n.At("name").Text(), n.At("alias").Text(), n)
	case "struct_item", "enum_item", "union_item", "type_item":
		typeOf(r, n, s)
	case "const_item", "static_item":
		if s.Function < 0 {
			r.File.Values = append(r.File.Values, source.Value{
				Name: syntax.Join(s.Path, n.At("name").Text()), Exported: s.Exported && isPub(n), Text: r.Declaration(n), Range: syntax.LinesOf(n),
			})
		}
	case "try_expression":
		r.Guard(s, source.Guard{Kind: source.ErrorCheck, Text: r.Short(n), Exit: "return", Range: syntax.LinesOf(n)})
	case "let_declaration":
		let(r, n, s)
	case "match_arm":
		arm(r, n, s)
	case "call_expression":
		defaulted(r, n, s)
	case "expression_statement":
		if x := syntax.First(n); x.Is("call_expression") && strings.HasSuffix(syntax.CalledName(x, form.MaxChain), ".ok") {
			r.Swallow(s, source.Swallow{Kind: source.Discarded, Text: r.Short(x), Range: syntax.LinesOf(n)})
		}
	}
}

// let reads "let _ = f()" and "let Some(x) = y else { return }".
func let(r *syntax.Reader, n treesitter.Node, s syntax.Scope) {
	value := n.At("value")
	if n.At("pattern").Is("_") && value.Is("call_expression", "macro_invocation", "await_expression") {
		r.Swallow(s, source.Swallow{Kind: source.Discarded, Text: r.Short(n), Range: syntax.LinesOf(n)})
	}
	other := n.At("alternative")
	if exit := r.Exit(other); exit != "" {
		text := strings.TrimSuffix(strings.TrimSpace(r.Head(n, other)), " else")
		r.Guard(s, source.Guard{Kind: source.Condition, Text: text, Exit: exit, Range: syntax.LinesOf(n)})
	}
}

// arm reads Err(e) => ... of a match.
func arm(r *syntax.Reader, n treesitter.Node, s syntax.Scope) {
	pattern := syntax.First(n.At("pattern"))
	if !pattern.Is("tuple_struct_pattern") || pattern.At("type").Text() != "Err" || !n.At("pattern").At("condition").IsZero() {
		return
	}
	inner := treesitter.Node{}
	for c := range pattern.Named() {
		inner = c
	}
	value := n.At("value")
	if inner == pattern.At("type") || inner.Is("identifier") { // any error, and not a certain one
		r.Handler(n, value, s)
		return
	}
	if exit := r.Exit(value); exit != "" {
		r.Guard(s, source.Guard{Kind: source.ErrorCheck, Text: strings.TrimSpace(r.Head(n, value)), Exit: exit, Range: syntax.LinesOf(n)})
	}
}

// defaulted reads unwrap_or_default(), and unwrap_or_else with a function
// that takes the error and gives a fixed value.
func defaulted(r *syntax.Reader, n treesitter.Node, s syntax.Scope) {
	name := form.LastName(syntax.CalledName(n, form.MaxChain))
	if name != "unwrap_or_default" && name != "unwrap_or_else" {
		return
	}
	if name == "unwrap_or_else" {
		fn := syntax.First(n.At("arguments"))
		if !fn.Is("closure_expression") || fn.At("parameters").Text() == "||" || !r.IsFixed(fn.At("body")) {
			return
		}
	}
	r.Swallow(s, source.Swallow{Kind: source.Replaced, Text: r.Short(n), Range: syntax.LinesOf(n)})
}

// use reads one part of a use declaration below a path.
func use(r *syntax.Reader, n treesitter.Node, path string, depth int) {
	below := func(name string) string {
		if path == "" {
			return name
		}
		return path + "::" + name
	}
	if depth > syntax.MaxHolders {
		return
	}
	switch n.Kind() {
	case "scoped_use_list":
		use(r, n.At("list"), below(syntax.NameOf(n.At("path"), form.MaxChain)), depth+1)
	case "use_list":
		for c := range n.Named() {
			use(r, c, path, depth+1)
		}
	case "use_as_clause":
		r.Imported(below(syntax.NameOf(n.At("path"), form.MaxChain)), n.At("alias").Text(), n)
	case "use_wildcard":
		r.Imported(below(syntax.NameOf(syntax.First(n), form.MaxChain)+"::*"), "", n)
	case "self":
		r.Imported(path, "", n)
	default:
		r.Imported(below(syntax.NameOf(n, form.MaxChain)), "", n)
	}
}

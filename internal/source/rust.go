package source

import (
	"strings"

	"muster/internal/source/treesitter"
)

// rustFile reads the facts of a Rust file from its tree.
func rustFile(file *File, tree *treesitter.Tree) {
	hidden := map[string]bool{} // types of this file that are not pub
	for n := range tree.Root().Inside() {
		if n.Is("struct_item", "enum_item", "union_item", "trait_item") && !isPub(n) {
			hidden[n.At("name").Text()] = true
		}
	}
	read(file, tree, dialect{
		roles: map[string]role{
			"if_expression": branches, "else_clause": otherwise,
			"for_expression": loops, "while_expression": loops, "loop_expression": loops, "match_expression": chooses,
			"binary_expression": combines, "closure_expression": closes, "call_expression": callings, "macro_invocation": callings,
			"expression_statement": statements, "await_expression": statements,
			"string_literal": texts, "raw_string_literal": texts, "char_literal": texts,
			"integer_literal": numbers, "float_literal": numbers, "unary_expression": negates,
			"line_comment": comments, "block_comment": comments,
		},
		exits: map[string]string{
			"return_expression": "return", "continue_expression": "continue", "break_expression": "break",
		},
		declare: func(r *reader, n node, s scope) (declared, bool) { return rustDeclare(r, n, s, hidden) },
		fixed:   isFixedRust,
		special: rustSpecial,
	})
	file.Tests = rustTests(tree)
}

// isPub reports whether an item is pub without bounds such as pub(crate).
func isPub(n node) bool { return n.First("visibility_modifier").Text() == "pub" }

// isFixedRust reports whether an expression wraps fixed values, or is a type's
// empty value: Ok(()), Some(0), Vec::new(), Default::default(), vec![].
func isFixedRust(n node) bool {
	if n.Is("macro_invocation") {
		return n.At("macro").Text() == "vec" && first(n.First("token_tree")).IsZero()
	}
	if !n.Is("call_expression") {
		return false
	}
	name := calledName(n, maxChain)
	arg := first(n.At("arguments"))
	if strings.HasSuffix(name, "::new") || strings.HasSuffix(name, "::default") {
		return arg.IsZero()
	}
	if name != "Ok" && name != "Some" {
		return false
	}
	return arg.Is("unit_expression", "integer_literal", "float_literal", "string_literal", "boolean_literal") ||
		arg.Text() == "None" || isFixedRust(arg)
}

func rustDeclare(r *reader, n node, s scope, hidden map[string]bool) (declared, bool) {
	d := declared{name: n.At("name").Text(), whole: n, body: n.At("body"), exported: isPub(n)}
	up := n.Parent().Parent()
	switch n.Kind() {
	case "impl_item":
		d.name = lastName(nameOf(n.At("type"), maxChain))
		d.holder, d.exported = true, !hidden[d.name]
		return d, true
	case "trait_item":
		rustType(r, n, s)
		d.holder = true
		return d, true
	case "mod_item":
		d.holder = true
		return d, !d.body.IsZero()
	case "function_item", "function_signature_item":
		if up.Is("trait_item") || up.Is("impl_item") && !up.At("trait").IsZero() {
			d.exported = true
		}
		d.signature = rustSignature(r, n)
		return d, true
	}
	return declared{}, false
}

func rustSignature(r *reader, n node) string {
	var params []string
	for p := range n.At("parameters").Named() {
		if t := p.At("type"); p.Is("parameter") && !t.IsZero() {
			params = append(params, r.of(t))
		} else if !p.Is("attribute_item") {
			params = append(params, r.of(p))
		}
	}
	out := "fn"
	if m := n.First("function_modifiers"); !m.IsZero() {
		out = r.of(m) + " fn"
	}
	if t := n.At("type_parameters"); !t.IsZero() {
		out += r.of(t)
	}
	out += "(" + strings.Join(params, ", ") + ")"
	if t := n.At("return_type"); !t.IsZero() {
		out += " -> " + r.of(t)
	}
	if w := n.First("where_clause"); !w.IsZero() {
		out += " " + r.of(w)
	}
	return out
}

func rustType(r *reader, n node, s scope) {
	if s.function < 0 && strings.Count(s.path, ".") < maxHolders {
		r.file.Types = append(r.file.Types, Type{
			Name: join(s.path, n.At("name").Text()), Exported: s.exported && isPub(n), Signature: r.declaration(n), Range: linesOf(n),
		})
	}
}

// rustSpecial reads what only Rust has.
func rustSpecial(r *reader, n node, s scope) {
	switch n.Kind() {
	case "use_declaration":
		r.rustUse(n.At("argument"), "", 0)
	case "extern_crate_declaration":
		r.imported(n.At("name").Text(), n.At("alias").Text(), n)
	case "struct_item", "enum_item", "union_item", "type_item":
		rustType(r, n, s)
	case "const_item", "static_item":
		if s.function < 0 {
			r.file.Values = append(r.file.Values, Value{
				Name: join(s.path, n.At("name").Text()), Exported: s.exported && isPub(n), Text: r.declaration(n), Range: linesOf(n),
			})
		}
	case "try_expression":
		r.guard(s, Guard{Kind: ErrorCheck, Text: r.short(n), Exit: "return", Range: linesOf(n)})
	case "let_declaration":
		rustLet(r, n, s)
	case "match_arm":
		rustArm(r, n, s)
	case "call_expression":
		rustDefault(r, n, s)
	case "expression_statement":
		if x := first(n); x.Is("call_expression") && strings.HasSuffix(calledName(x, maxChain), ".ok") {
			r.swallow(s, Swallow{Kind: Discarded, Text: r.short(x), Range: linesOf(n)})
		}
	}
}

// rustLet reads "let _ = f()" and "let Some(x) = y else { return }".
func rustLet(r *reader, n node, s scope) {
	value := n.At("value")
	if n.At("pattern").Is("_") && value.Is("call_expression", "macro_invocation", "await_expression") {
		r.swallow(s, Swallow{Kind: Discarded, Text: r.short(n), Range: linesOf(n)})
	}
	other := n.At("alternative")
	if exit := r.exit(other); exit != "" {
		text := strings.TrimSuffix(strings.TrimSpace(r.head(n, other)), " else")
		r.guard(s, Guard{Kind: Condition, Text: text, Exit: exit, Range: linesOf(n)})
	}
}

// rustArm reads Err(e) => ... of a match.
func rustArm(r *reader, n node, s scope) {
	pattern := first(n.At("pattern"))
	if !pattern.Is("tuple_struct_pattern") || pattern.At("type").Text() != "Err" || !n.At("pattern").At("condition").IsZero() {
		return
	}
	inner := node{}
	for c := range pattern.Named() {
		inner = c
	}
	value := n.At("value")
	if inner == pattern.At("type") || inner.Is("identifier") { // any error, and not a certain one
		r.handler(n, value, s)
		return
	}
	if exit := r.exit(value); exit != "" {
		r.guard(s, Guard{Kind: ErrorCheck, Text: strings.TrimSpace(r.head(n, value)), Exit: exit, Range: linesOf(n)})
	}
}

// rustDefault reads unwrap_or_default(), and unwrap_or_else with a function
// that takes the error and gives a fixed value.
func rustDefault(r *reader, n node, s scope) {
	name := lastName(calledName(n, maxChain))
	if name != "unwrap_or_default" && name != "unwrap_or_else" {
		return
	}
	if name == "unwrap_or_else" {
		fn := first(n.At("arguments"))
		if !fn.Is("closure_expression") || fn.At("parameters").Text() == "||" || !r.isFixed(fn.At("body")) {
			return
		}
	}
	r.swallow(s, Swallow{Kind: Replaced, Text: r.short(n), Range: linesOf(n)})
}

// rustUse reads one part of a use declaration below a path.
func (r *reader) rustUse(n node, path string, depth int) {
	below := func(name string) string {
		if path == "" {
			return name
		}
		return path + "::" + name
	}
	if depth > maxHolders {
		return
	}
	switch n.Kind() {
	case "scoped_use_list":
		r.rustUse(n.At("list"), below(nameOf(n.At("path"), maxChain)), depth+1)
	case "use_list":
		for c := range n.Named() {
			r.rustUse(c, path, depth+1)
		}
	case "use_as_clause":
		r.imported(below(nameOf(n.At("path"), maxChain)), n.At("alias").Text(), n)
	case "use_wildcard":
		r.imported(below(nameOf(first(n), maxChain)+"::*"), "", n)
	case "self":
		r.imported(path, "", n)
	default:
		r.imported(below(nameOf(n, maxChain)), "", n)
	}
}

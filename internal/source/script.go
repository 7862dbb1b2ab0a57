package source

import (
	"strings"

	"muster/internal/source/treesitter"
)

// scriptFile reads the facts of a JavaScript or TypeScript file from its tree.
func scriptFile(file *File, tree *treesitter.Tree) {
	names := scriptExports(tree.Root())
	read(file, tree, dialect{
		roles: map[string]role{
			"if_statement": branches, "else_clause": otherwise,
			"for_statement": loops, "for_in_statement": loops, "while_statement": loops, "do_statement": loops,
			"switch_statement": chooses, "ternary_expression": ternaries, "catch_clause": handles, "binary_expression": combines,
			"arrow_function": closes, "function_expression": closes, "generator_function": closes, "class": none,
			"call_expression": callings, "new_expression": callings, "expression_statement": statements, "await_expression": statements,
			"string": texts, "template_string": texts, "number": numbers, "unary_expression": negates,
			"comment": comments, "hash_bang_line": comments, "html_comment": comments,
		},
		exits: map[string]string{
			"return_statement": "return", "throw_statement": "throw", "continue_statement": "continue", "break_statement": "break",
		},
		declare: func(r *reader, n node, s scope) (declared, bool) { return scriptDeclare(r, n, s, names) },
		fixed:   func(node) bool { return false },
		special: func(r *reader, n node, s scope) { scriptSpecial(r, n, s, names) },
	})
	file.Tests = scriptTests(tree)
}

// scriptExports gives the names that a module exports apart from their
// declaration: export { a }, export default a, module.exports = { a }.
func scriptExports(root node) map[string]bool {
	out := map[string]bool{}
	for n := range root.Children() {
		switch {
		case n.Is("export_statement") && n.At("source").IsZero():
			for c := range n.Inside() {
				if c.Is("export_specifier") {
					out[c.At("name").Text()] = true
				}
			}
			if v := n.At("value"); v.Is("identifier") {
				out[v.Text()] = true
			}
		case n.Is("expression_statement"):
			set := first(n)
			if set.Is("assignment_expression") && isModuleExports(set.At("left")) {
				namesIn(set.At("right"), out)
			}
		}
	}
	return out
}

// namesIn adds the names of a value that is exported: x, { a, b: c }.
func namesIn(value node, out map[string]bool) {
	if value.Is("identifier") {
		out[value.Text()] = true
	}
	if !value.Is("object") {
		return
	}
	for c := range value.Named() {
		switch c.Kind() {
		case "shorthand_property_identifier":
			out[c.Text()] = true
		case "pair":
			if v := c.At("value"); v.Is("identifier") {
				out[v.Text()] = true
			}
		}
	}
}

func isModuleExports(n node) bool {
	if !n.Is("member_expression", "identifier") {
		return false
	}
	name := nameOf(n, maxChain)
	return name == "module.exports" || name == "exports" || strings.HasPrefix(name, "module.exports.") || strings.HasPrefix(name, "exports.")
}

func isScriptFunction(n node) bool {
	return n.Is("arrow_function", "function_expression", "generator_function")
}

// scriptDeclare reads functions, arrow functions and function expressions that
// are bound to a name, methods, classes and namespaces.
func scriptDeclare(r *reader, n node, s scope, names map[string]bool) (declared, bool) {
	top := s.function < 0 && s.path == ""
	switch n.Kind() {
	case "function_declaration", "generator_function_declaration", "function_signature":
		name := n.At("name").Text()
		if n.Is("function_signature") && !n.Parent().Is("export_statement", "ambient_declaration", "program") {
			return declared{}, false
		}
		return scriptFunction(r, n, n, name, isExportedScript(n, name, top, names)), true
	case "method_definition":
		name := n.At("name").Text()
		return scriptFunction(r, n, n, name, isPublicScript(n, name)), true
	case "variable_declarator", "pair", "public_field_definition", "field_definition", "assignment_expression":
		return scriptBound(r, n, top, names)
	case "class_declaration", "abstract_class_declaration", "class", "internal_module", "module":
		name := n.At("name").Text()
		if name == "" || !n.IsNamed() {
			return declared{}, false
		}
		d := declared{name: name, holder: true, whole: exportOf(n), exported: isExportedScript(n, name, top, names) || !top}
		if n.Is("class_declaration", "abstract_class_declaration") {
			scriptType(r, n, s, d.exported)
		}
		return d, true
	}
	return declared{}, false
}

// scriptBound reads a function that is the value of a variable, field,
// property or assignment.
func scriptBound(r *reader, n node, top bool, names map[string]bool) (declared, bool) {
	value, target := n.At("value"), n.At("name")
	switch n.Kind() {
	case "assignment_expression":
		value, target = n.At("right"), n.At("left")
	case "pair":
		target = n.At("key")
	case "field_definition":
		target = n.At("property")
	}
	fn := functionIn(value)
	if fn != value && !n.Is("variable_declarator") {
		return declared{}, false
	}
	if !isScriptFunction(fn) {
		return declared{}, false
	}
	name := nameOf(target, maxChain)
	if target.Is("string") {
		name = stringValue(target)
	}
	exported := false
	switch n.Kind() {
	case "assignment_expression":
		exported = isModuleExports(target)
		for _, prefix := range []string{"module.exports.", "exports.", "this."} {
			name = strings.TrimPrefix(name, prefix)
		}
		if class, method, ok := strings.Cut(name, ".prototype."); ok {
			name, exported = class+"."+method, names[class]
		}
	case "pair":
		exported = isModuleExports(n.Parent().Parent().At("left"))
	case "variable_declarator":
		exported = isExportedScript(n.Parent(), name, top, names)
	default:
		exported = isPublicScript(n, name)
	}
	if name == "" {
		return declared{}, false
	}
	return scriptFunction(r, n, fn, name, exported), true
}

// functionIn gives the function that a value is: itself, or what calls wrap,
// as in memo(() => ...) and useCallback(async () => ...).
func functionIn(value node) node {
	for value.Is("call_expression") && calledName(value, maxChain) != "require" {
		value = first(value.At("arguments"))
	}
	if isScriptFunction(value) {
		return value
	}
	return node{}
}

func scriptFunction(r *reader, n, fn node, name string, exported bool) declared {
	d := declared{name: name, exported: exported, whole: exportOf(n), body: fn.At("body"), signature: "function"}
	if n.Is("variable_declarator") {
		d.whole = exportOf(n.Parent())
		if n.Parent().First("variable_declarator") != n {
			d.whole = n
		}
	}
	if fn.First("async").Is("async") {
		d.signature = "async function"
	}
	if t := fn.At("type_parameters"); !t.IsZero() {
		d.signature += r.of(t)
	}
	d.signature += "(" + strings.Join(scriptParameters(r, fn), ", ") + ")"
	if result := fn.At("return_type"); !result.IsZero() {
		d.signature += r.of(result)
	}
	return d
}

// scriptParameters gives the types of parameters, "_" where none is written;
// names do not count, since no caller uses them.
func scriptParameters(r *reader, fn node) []string {
	list := fn.At("parameters")
	if one := fn.At("parameter"); !one.IsZero() { // x => ...
		return []string{"_"}
	}
	var out []string
	for p := range list.Named() {
		out = append(out, scriptParameter(r, p))
	}
	return out
}

func scriptParameter(r *reader, p node) string {
	text, optional := "_", ""
	pattern := p
	switch p.Kind() {
	case "required_parameter", "optional_parameter":
		pattern = p.At("pattern")
		if !p.At("value").IsZero() || p.Is("optional_parameter") {
			optional = "?"
		}
	case "assignment_pattern":
		pattern, optional = p.At("left"), "?"
	}
	if t := p.At("type"); !t.IsZero() {
		text = strings.TrimPrefix(strings.TrimPrefix(r.of(t), ":"), " ")
	} else if pattern.Is("object_pattern", "array_pattern") {
		text = r.of(pattern)
	}
	switch {
	case pattern.Is("rest_pattern"):
		text = "..." + text
	case pattern.Is("this"):
		text = "this " + text
	}
	return text + optional
}

// exportOf gives the export statement around a declaration, else the
// declaration itself.
func exportOf(n node) node {
	if n.Parent().Is("export_statement", "ambient_declaration") {
		return exportOf(n.Parent())
	}
	return n
}

func isExportedScript(n node, name string, top bool, names map[string]bool) bool {
	return n.Parent().Is("export_statement") || top && names[name]
}

// isPublicScript reports whether a member may be used from outside its class.
func isPublicScript(n node, name string) bool {
	access := n.First("accessibility_modifier").Text()
	return access != "private" && access != "protected" && !strings.HasPrefix(name, "#")
}

func scriptType(r *reader, n node, s scope, exported bool) {
	if s.function >= 0 || strings.Count(s.path, ".") >= maxHolders {
		return
	}
	whole := exportOf(n)
	r.file.Types = append(r.file.Types, Type{
		Name: join(s.path, n.At("name").Text()), Exported: s.exported && exported, Signature: r.declaration(n), Range: linesOf(whole),
	})
}

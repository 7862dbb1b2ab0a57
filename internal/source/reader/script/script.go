// Package script reads the trees of JavaScript and TypeScript files, with or
// without JSX: their facts and their tests.
package script

import (
	"strings"

	"muster/internal/source"
	"muster/internal/source/reader/form"
	"muster/internal/source/reader/syntax"
	"muster/internal/source/treesitter"
)

// Read reads the facts of a JavaScript or TypeScript file from its tree.
func Read(file *source.File, tree *treesitter.Tree, path string) {
	names := exports(tree.Root())
	syntax.Read(file, tree, syntax.Dialect{
		Roles: map[string]syntax.Role{
			"if_statement": syntax.Branches, "else_clause": syntax.Otherwise,
			"for_statement": syntax.Loops, "for_in_statement": syntax.Loops, "while_statement": syntax.Loops, "do_statement": syntax.Loops,
			"switch_statement": syntax.Chooses, "ternary_expression": syntax.Ternaries, "catch_clause": syntax.Handles, "binary_expression": syntax.Combines,
			"arrow_function": syntax.Closes, "function_expression": syntax.Closes, "generator_function": syntax.Closes, "class": syntax.None,
			"call_expression": syntax.Callings, "new_expression": syntax.Callings, "expression_statement": syntax.Statements, "await_expression": syntax.Statements,
			"string": syntax.Texts, "template_string": syntax.Texts, "number": syntax.Numbers, "unary_expression": syntax.Negates,
			"comment": syntax.Comments, "hash_bang_line": syntax.Comments, "html_comment": syntax.Comments,
		},
		Exits: map[string]string{
			"return_statement": "return", "throw_statement": "throw", "continue_statement": "continue", "break_statement": "break",
		},
		Declare: func(r *syntax.Reader, n treesitter.Node, s syntax.Scope) (syntax.Declared, bool) {
			return declare(r, n, s, names)
		},
		Fixed:   func(treesitter.Node) bool { return false },
		Special: func(r *syntax.Reader, n treesitter.Node, s syntax.Scope) { special(r, n, s, names) },
	})
	file.Tests = tests(path, tree)
}

// exports gives the names that a module exports apart from their
// declaration: export { a }, export default a, module.exports = { a }.
func exports(root treesitter.Node) map[string]bool {
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
			set := syntax.First(n)
			if set.Is("assignment_expression") && isModuleExports(set.At("left")) {
				namesIn(set.At("right"), out)
			}
		}
	}
	return out
}

// namesIn adds the names of a value that is exported: x, { a, b: c }.
func namesIn(value treesitter.Node, out map[string]bool) {
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

func isModuleExports(n treesitter.Node) bool {
	if !n.Is("member_expression", "identifier") {
		return false
	}
	name := syntax.NameOf(n, form.MaxChain)
	return name == "module.exports" || name == "exports" || strings.HasPrefix(name, "module.exports.") || strings.HasPrefix(name, "exports.")
}

func isFunction(n treesitter.Node) bool {
	return n.Is("arrow_function", "function_expression", "generator_function")
}

// declare reads functions, arrow functions and function expressions that
// are bound to a name, methods, classes and namespaces.
func declare(r *syntax.Reader, n treesitter.Node, s syntax.Scope, names map[string]bool) (syntax.Declared, bool) {
	top := s.Function < 0 && s.Path == ""
	switch n.Kind() {
	case "function_declaration", "generator_function_declaration", "function_signature":
		name := n.At("name").Text()
		if n.Is("function_signature") && !n.Parent().Is("export_statement", "ambient_declaration", "program") {
			return syntax.Declared{}, false
		}
		return function(r, n, n, name, isExported(n, name, top, names)), true
	case "method_definition":
		name := n.At("name").Text()
		return function(r, n, n, name, isPublic(n, name)), true
	case "variable_declarator", "pair", "public_field_definition", "field_definition", "assignment_expression":
		return bound(r, n, top, names)
	case "class_declaration", "abstract_class_declaration", "class", "internal_module", "module":
		name := n.At("name").Text()
		if name == "" || !n.IsNamed() {
			return syntax.Declared{}, false
		}
		d := syntax.Declared{Name: name, Holder: true, Whole: exportOf(n), Exported: isExported(n, name, top, names) || !top}
		if n.Is("class_declaration", "abstract_class_declaration") {
			addType(r, n, s, d.Exported)
		}
		return d, true
	}
	return syntax.Declared{}, false
}

// bound reads a function that is the value of a variable, field,
// property or assignment.
func bound(r *syntax.Reader, n treesitter.Node, top bool, names map[string]bool) (syntax.Declared, bool) {
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
		return syntax.Declared{}, false
	}
	if !isFunction(fn) {
		return syntax.Declared{}, false
	}
	name := syntax.NameOf(target, form.MaxChain)
	if target.Is("string") {
		name = syntax.StringValue(target)
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
		exported = isExported(n.Parent(), name, top, names)
	default:
		exported = isPublic(n, name)
	}
	if name == "" {
		return syntax.Declared{}, false
	}
	return function(r, n, fn, name, exported), true
}

// functionIn gives the function that a value is: itself, or what calls wrap,
// as in memo(() => ...) and useCallback(async () => ...).
func functionIn(value treesitter.Node) treesitter.Node {
	for value.Is("call_expression") && syntax.CalledName(value, form.MaxChain) != "require" {
		value = syntax.First(value.At("arguments"))
	}
	if isFunction(value) {
		return value
	}
	return treesitter.Node{}
}

func function(r *syntax.Reader, n, fn treesitter.Node, name string, exported bool) syntax.Declared {
	d := syntax.Declared{Name: name, Exported: exported, Whole: exportOf(n), Body: fn.At("body"), Signature: "function"}
	if n.Is("variable_declarator") {
		d.Whole = exportOf(n.Parent())
		if n.Parent().First("variable_declarator") != n {
			d.Whole = n
		}
	}
	if fn.First("async").Is("async") {
		d.Signature = "async function"
	}
	if t := fn.At("type_parameters"); !t.IsZero() {
		d.Signature += r.Of(t)
	}
	d.Signature += "(" + strings.Join(parameters(r, fn), ", ") + ")"
	if result := fn.At("return_type"); !result.IsZero() {
		d.Signature += r.Of(result)
	}
	return d
}

// parameters gives the types of parameters, "_" where none is written;
// names do not count, since no caller uses them.
func parameters(r *syntax.Reader, fn treesitter.Node) []string {
	list := fn.At("parameters")
	if one := fn.At("parameter"); !one.IsZero() { // x => ...
		return []string{"_"}
	}
	var out []string
	for p := range list.Named() {
		out = append(out, parameter(r, p))
	}
	return out
}

func parameter(r *syntax.Reader, p treesitter.Node) string {
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
		text = strings.TrimPrefix(strings.TrimPrefix(r.Of(t), ":"), " ")
	} else if pattern.Is("object_pattern", "array_pattern") {
		text = r.Of(pattern)
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
func exportOf(n treesitter.Node) treesitter.Node {
	if n.Parent().Is("export_statement", "ambient_declaration") {
		return exportOf(n.Parent())
	}
	return n
}

func isExported(n treesitter.Node, name string, top bool, names map[string]bool) bool {
	return n.Parent().Is("export_statement") || top && names[name]
}

// isPublic reports whether a member may be used from outside its class.
func isPublic(n treesitter.Node, name string) bool {
	access := n.First("accessibility_modifier").Text()
	return access != "private" && access != "protected" && !strings.HasPrefix(name, "#")
}

func addType(r *syntax.Reader, n treesitter.Node, s syntax.Scope, exported bool) {
	if s.Function >= 0 || strings.Count(s.Path, ".") >= syntax.MaxHolders {
		return
	}
	whole := exportOf(n)
	r.File.Types = append(r.File.Types, source.Type{
		Name: syntax.Join(s.Path, n.At("name").Text()), Exported: s.Exported && exported, Signature: r.Declaration(n), Range: syntax.LinesOf(whole),
	})
}

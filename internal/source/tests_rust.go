package source

import (
	"strings"

	"muster/internal/source/treesitter"
)

// rustTests gives the functions of a Rust file that carry a test attribute.
func rustTests(tree *treesitter.Tree) []Test {
	r := &rustTestReader{newTreeTests(tree, "line_comment", "block_comment")}
	r.items(tree.Root(), "")
	return r.tests
}

type rustTestReader struct{ *treeTests }

// items reads the functions and modules of a file or module.
func (r *rustTestReader) items(body treesitter.Node, outer string) {
	var attributes []treesitter.Node
	for n := range body.Named() {
		switch n.Kind() {
		case "attribute_item":
			attributes = append(attributes, n)
			continue
		case "line_comment", "block_comment":
			continue
		case "mod_item":
			r.items(n.At("body"), joinNames(outer, n.At("name").Text(), "::"))
		case "function_item":
			r.function(n, outer, attributes)
		}
		attributes = nil
	}
}

func (r *rustTestReader) function(n treesitter.Node, outer string, attributes []treesitter.Node) {
	t := Test{Name: joinNames(outer, n.At("name").Text(), "::"), Range: linesOf(n)}
	isTest := false
	var panics []Assertion
	for _, a := range attributes {
		text := strings.TrimSuffix(strings.TrimPrefix(r.code(a), "#["), "]")
		name, _, _ := strings.Cut(text, "(")
		name, _, _ = strings.Cut(name, " ")
		switch {
		case name == "test" || strings.HasSuffix(name, "::test") || name == "rstest" || name == "test_case":
			isTest = true
			t.Start = min(t.Start, lineOf(a))
			if name == "test_case" {
				t.Cases = append(t.Cases, Case{Text: text, Range: linesOf(a)})
			}
		case name == "case":
			t.Cases = append(t.Cases, Case{Text: text, Range: linesOf(a)})
		case name == "ignore":
			t.Skips = append(t.Skips, Mark{Text: "#[" + text + "]", Line: lineOf(a)})
		case name == "cfg_attr" && strings.Contains(text, "ignore"):
			t.Skips = append(t.Skips, Mark{Text: "#[" + text + "]", Conditional: true, Line: lineOf(a)})
		case name == "should_panic":
			panics = append(panics, Assertion{Strength: Partial, Text: text, Subject: "panics", Expected: strings.TrimPrefix(text, "should_panic"), Range: linesOf(a)})
		}
	}
	if !isTest {
		return
	}
	t.Assertions = panics
	done := r.begin(t)
	r.walk(n.At("body"))
	done()
}

// walk reads expressions and the macros in them.
func (r *rustTestReader) walk(n treesitter.Node) {
	switch n.Kind() {
	case "if_expression":
		text, why := r.code(n.At("condition")), ""
		if text == "false" {
			why = "it stands under a condition that never holds: false"
		}
		r.under(text, why, func() { r.walk(n.At("consequence")) })
		r.under("!("+text+")", "", func() { r.walk(n.At("alternative")) })
		return
	case "block":
		was := r.dead
		for s := range n.Named() {
			r.walk(s)
			if !s.First("return_expression").IsZero() && s.Is("expression_statement") && r.dead == "" {
				r.dead = "it stands after a return"
			}
		}
		r.dead = was
		return
	case "macro_invocation":
		r.macro(n)
		return
	}
	for c := range n.Named() {
		r.walk(c)
	}
}

// macro reads assert!, assert_eq! and their like. What they are given is not
// parsed: it is split at the commas.
func (r *rustTestReader) macro(n treesitter.Node) {
	name := n.At("macro").Text()
	name = name[strings.LastIndexByte(name, ':')+1:]
	list := commaParts(strings.TrimSpace(r.code(n.First("token_tree"))))
	if len(list) == 0 {
		if name == "panic" || name == "unreachable" {
			r.assert(Assertion{Strength: Truth, Subject: strings.Join(r.when, " && ")}, n)
		}
		return
	}
	a := Assertion{Strength: Truth, Subject: list[0]}
	switch strings.TrimPrefix(name, "debug_") {
	case "assert":
		switch {
		case list[0] == "true":
			a.Strength = Trivial
		case strings.Contains(list[0], " == "):
			left, right, _ := strings.Cut(list[0], " == ")
			a.Strength, a.Subject = Exact, left
			if rustLiteral(right) {
				a.Expected = right
			}
		case strings.Contains(list[0], ".contains(") || strings.Contains(list[0], "matches!"):
			a.Strength = Partial
		}
	case "assert_eq", "assert_ne", "assert_str_eq":
		a.Strength, a.Negated = Exact, name == "assert_ne"
		if len(list) > 1 {
			left, right := list[0], list[1]
			if rustLiteral(left) && !rustLiteral(right) {
				left, right = right, left
			}
			a.Subject = left
			if rustLiteral(right) {
				a.Expected = right
			}
			if left == right && !strings.Contains(left, "(") {
				a.Strength = Trivial
			}
		}
	case "assert_matches", "assert_approx_eq", "assert_relative_eq":
		a.Strength = Partial
		if len(list) > 1 {
			a.Expected = list[1]
		}
	case "assert_snapshot", "assert_debug_snapshot", "assert_yaml_snapshot", "assert_json_snapshot":
		a.Strength = Snapshot
	case "panic", "unreachable":
		a.Subject = strings.Join(r.when, " && ")
	default:
		return
	}
	r.assert(a, n)
}

// rustLiteral reports whether a text is a value by itself.
func rustLiteral(text string) bool {
	c := strings.TrimLeft(text, "-&b")
	return c == "true" || c == "false" || c == "None" || c != "" && (c[0] >= '0' && c[0] <= '9' || c[0] == '"' || c[0] == '\'') && !strings.Contains(text, ".parse(")
}

// commaParts splits what stands between brackets at its own commas.
func commaParts(text string) []string {
	if len(text) < 2 {
		return nil
	}
	text = text[1 : len(text)-1]
	var out []string
	depth, start, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			depth--
		case c == ',' && depth == 0:
			out = append(out, strings.TrimSpace(text[start:i]))
			start = i + 1
		}
	}
	if rest := strings.TrimSpace(text[min(start, len(text)):]); rest != "" {
		out = append(out, rest)
	}
	return out
}

package rust

import (
	"strings"

	"muster/internal/source"
	"muster/internal/source/reader/syntax"
	"muster/internal/source/treesitter"
)

// tests gives the functions of a Rust file that carry a test attribute.
func tests(tree *treesitter.Tree) []source.Test {
	r := &testReader{syntax.NewTestReader(tree, "line_comment", "block_comment")}
	r.items(tree.Root(), "")
	return r.Tests
}

type testReader struct{ *syntax.TestReader }

// items reads the functions and modules of a file or module.
func (r *testReader) items(body treesitter.Node, outer string) {
	var attributes []treesitter.Node
	for n := range body.Named() {
		switch n.Kind() {
		case "attribute_item":
			attributes = append(attributes, n)
			continue
		case "line_comment", "block_comment":
			continue
		case "mod_item":
			r.items(n.At("body"), syntax.JoinNames(outer, n.At("name").Text(), "::"))
		case "function_item":
			r.function(n, outer, attributes)
		}
		attributes = nil
	}
}

func (r *testReader) function(n treesitter.Node, outer string, attributes []treesitter.Node) {
	t := source.Test{Name: syntax.JoinNames(outer, n.At("name").Text(), "::"), Range: syntax.LinesOf(n)}
	isTest := false
	var panics []source.Assertion
	for _, a := range attributes {
		text := strings.TrimSuffix(strings.TrimPrefix(r.Code(a), "#["), "]")
		name, _, _ := strings.Cut(text, "(")
		name, _, _ = strings.Cut(name, " ")
		switch {
		case name == "test" || strings.HasSuffix(name, "::test") || name == "rstest" || name == "test_case":
			isTest = true
			t.Start = min(t.Start, syntax.LineOf(a))
			if name == "test_case" {
				t.Cases = append(t.Cases, source.Case{Text: text, Range: syntax.LinesOf(a)})
			}
		case name == "case":
			t.Cases = append(t.Cases, source.Case{Text: text, Range: syntax.LinesOf(a)})
		case name == "ignore":
			t.Skips = append(t.Skips, source.Mark{Text: "#[" + text + "]", Line: syntax.LineOf(a)})
		case name == "cfg_attr" && strings.Contains(text, "ignore"):
			t.Skips = append(t.Skips, source.Mark{Text: "#[" + text + "]", Conditional: true, Line: syntax.LineOf(a)})
		case name == "should_panic":
			panics = append(panics, source.Assertion{Strength: source.Partial, Text: text, Subject: "panics", Expected: strings.TrimPrefix(text, "should_panic"), Range: syntax.LinesOf(a)})
		}
	}
	if !isTest {
		return
	}
	t.Assertions = panics
	done := r.Begin(t)
	r.walk(n.At("body"))
	done()
}

// walk reads expressions and the macros in them.
func (r *testReader) walk(n treesitter.Node) {
	switch n.Kind() {
	case "if_expression":
		text, why := r.Code(n.At("condition")), ""
		if text == "false" {
			why = "it stands under a condition that never holds: false"
		}
		r.Under(text, why, func() { r.walk(n.At("consequence")) })
		r.Under("!("+text+")", "", func() { r.walk(n.At("alternative")) })
		return
	case "block":
		was := r.Dead
		for s := range n.Named() {
			r.walk(s)
			if !s.First("return_expression").IsZero() && s.Is("expression_statement") && r.Dead == "" {
				r.Dead = "it stands after a return"
			}
		}
		r.Dead = was
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
func (r *testReader) macro(n treesitter.Node) {
	name := n.At("macro").Text()
	name = name[strings.LastIndexByte(name, ':')+1:]
	list := commaParts(strings.TrimSpace(r.Code(n.First("token_tree"))))
	if len(list) == 0 {
		if name == "panic" || name == "unreachable" {
			r.Assert(source.Assertion{Strength: source.Truth, Subject: strings.Join(r.When, " && ")}, n)
		}
		return
	}
	a := source.Assertion{Strength: source.Truth, Subject: list[0]}
	switch strings.TrimPrefix(name, "debug_") {
	case "assert":
		switch {
		case list[0] == "true":
			a.Strength = source.Trivial
		case strings.Contains(list[0], " == "):
			left, right, _ := strings.Cut(list[0], " == ")
			a.Strength, a.Subject = source.Exact, left
			if isLiteral(right) {
				a.Expected = right
			}
		case strings.Contains(list[0], ".contains(") || strings.Contains(list[0], "matches!"):
			a.Strength = source.Partial
		}
	case "assert_eq", "assert_ne", "assert_str_eq":
		a.Strength, a.Negated = source.Exact, name == "assert_ne"
		if len(list) > 1 {
			left, right := list[0], list[1]
			if isLiteral(left) && !isLiteral(right) {
				left, right = right, left
			}
			a.Subject = left
			if isLiteral(right) {
				a.Expected = right
			}
			if left == right && !strings.Contains(left, "(") {
				a.Strength = source.Trivial
			}
		}
	case "assert_matches", "assert_approx_eq", "assert_relative_eq":
		a.Strength = source.Partial
		if len(list) > 1 {
			a.Expected = list[1]
		}
	case "assert_snapshot", "assert_debug_snapshot", "assert_yaml_snapshot", "assert_json_snapshot":
		a.Strength = source.Snapshot
	case "panic", "unreachable":
		a.Subject = strings.Join(r.When, " && ")
	default:
		return
	}
	r.Assert(a, n)
}

// isLiteral reports whether a text is a value by itself.
func isLiteral(text string) bool {
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

package java

import (
	"slices"
	"strings"

	"muster/internal/source"
	"muster/internal/source/reader/syntax"
	"muster/internal/source/treesitter"
)

// tests gives the tests of a Java file, as JUnit 4 and 5 and TestNG find
// them by their annotations, and the methods beside them that assert something.
func tests(tree *treesitter.Tree) []source.Test {
	r := &testReader{syntax.NewTestReader(tree, "line_comment", "block_comment")}
	for n := range tree.Root().Named() {
		r.class(n, "", nil)
	}
	for _, t := range r.Tests {
		if !t.Helper {
			return r.Tests
		}
	}
	return nil
}

type testReader struct{ *syntax.TestReader }

// class reads the methods of a class, and the classes in it.
func (r *testReader) class(n treesitter.Node, outer string, marks []source.Mark) {
	if !n.Is("class_declaration", "record_declaration", "interface_declaration") {
		return
	}
	name := syntax.JoinNames(outer, n.At("name").Text(), ".")
	_, own := r.annotations(n)
	marks = append(slices.Clip(marks), own...)
	for m := range n.At("body").Named() {
		r.class(m, name, marks)
		if !m.Is("method_declaration") {
			continue
		}
		isTest, own := r.annotations(m)
		t := source.Test{Name: syntax.JoinNames(name, m.At("name").Text(), "."), Range: syntax.LinesOf(m), Helper: !isTest}
		if isTest {
			t.Skips = append(append(t.Skips, marks...), own...)
		}
		done := r.Begin(t)
		at := r.At
		r.cases(m)
		r.walk(m.At("body"))
		done()
		if r.Tests[at].Helper && len(r.Tests[at].Assertions) == 0 {
			r.Tests = r.Tests[:at]
		}
	}
}

// annotations reads what stands before a class or a method.
func (r *testReader) annotations(n treesitter.Node) (isTest bool, marks []source.Mark) {
	for a := range n.First("modifiers").Named() {
		m := source.Mark{Text: r.Code(a), Line: syntax.LineOf(a)}
		switch name := a.At("name").Text(); {
		case name == "Test" || name == "ParameterizedTest" || name == "RepeatedTest" || name == "TestFactory" || name == "TestTemplate" || name == "Property":
			isTest = true
			if strings.Contains(m.Text, "expected") {
				continue
			}
			if strings.Contains(m.Text, "enabled = false") {
				marks = append(marks, m)
			}
		case name == "Disabled" || name == "Ignore":
			marks = append(marks, m)
		case strings.HasPrefix(name, "DisabledOn") || strings.HasPrefix(name, "EnabledOn") || strings.HasPrefix(name, "DisabledIf") || strings.HasPrefix(name, "EnabledIf"):
			m.Conditional = true
			marks = append(marks, m)
		}
	}
	return isTest, marks
}

// cases reads the values that annotations give to a parametrised test.
func (r *testReader) cases(n treesitter.Node) {
	for a := range n.First("modifiers").Named() {
		name := a.At("name").Text()
		if name != "ValueSource" && name != "CsvSource" && name != "EnumSource" {
			continue
		}
		for list := range a.Inside() {
			if list.Is("element_value_array_initializer") {
				for v := range list.Named() {
					r.Test().Cases = append(r.Test().Cases, source.Case{Text: r.Code(v), Range: syntax.LinesOf(v)})
				}
			}
		}
	}
}

// walk reads statements and the calls in them.
func (r *testReader) walk(n treesitter.Node) {
	switch n.Kind() {
	case "if_statement":
		cond := n.At("condition")
		text, why := r.Code(cond), ""
		if text == "(false)" {
			why = "it stands under a condition that never holds: " + text
		}
		r.Under(text, why, func() { r.walk(n.At("consequence")) })
		r.Under("!"+text, "", func() { r.walk(n.At("alternative")) })
		return
	case "try_statement":
		why := ""
		for h := range n.Named() {
			if h.Is("catch_clause") && swallows(h) {
				why = "it stands in a try whose catch swallows its failure"
			}
		}
		r.Under("", why, func() { r.walk(n.At("body")) })
		for h := range n.Named() {
			if h.Is("catch_clause", "finally_clause") {
				r.walk(h)
			}
		}
		return
	case "block":
		was := r.Dead
		for s := range n.Named() {
			r.walk(s)
			if s.Is("return_statement") && r.Dead == "" {
				r.Dead = "it stands after a return"
			}
		}
		r.Dead = was
		return
	case "method_invocation":
		if r.call(n) {
			return
		}
	}
	for c := range n.Named() {
		r.walk(c)
	}
}

// swallows reports whether a handler catches the failure of an assertion
// and does nothing about it.
func swallows(h treesitter.Node) bool {
	types := h.First("catch_formal_parameter").Text()
	if !strings.Contains(types, "Throwable") && !strings.Contains(types, "Error") {
		return false
	}
	body := h.At("body").Text()
	return !strings.Contains(body, "throw") && !strings.Contains(body, "fail(") && !strings.Contains(body, "assert")
}

// call reads an assertion. It reports whether all of it has been read.
func (r *testReader) call(n treesitter.Node) bool {
	name, list := n.At("name").Text(), syntax.Args(n)
	root := n
	for root.At("object").Is("method_invocation") {
		root = root.At("object")
	}
	a := source.Assertion{Strength: source.Truth}
	switch {
	case root != n && (root.At("name").Text() == "assertThat" || root.At("name").Text() == "verify"):
		a = r.matcher(name, list)
		for _, of := range syntax.Args(root) {
			a.Subject = r.Code(of)
			break
		}
		if len(list) > 0 && a.Strength == source.Exact && r.Code(list[0]) == a.Subject && !syntax.HasCall(list[0]) {
			a.Strength = source.Trivial
		}
	case name == "assertThat" && len(list) > 1 && !n.Parent().Is("method_invocation"): // Hamcrest
		a = source.Assertion{Strength: source.Partial, Subject: r.Code(list[0]), Expected: r.Code(list[1])}
		if strings.HasPrefix(a.Expected, "is(") || strings.HasPrefix(a.Expected, "equalTo(") {
			a.Strength = source.Exact
		}
	case name == "fail":
		a.Subject = strings.Join(r.When, " && ")
	case strings.HasPrefix(name, "assert") && name != "assertThat" && len(list) > 0:
		a = r.junit(name, list)
	default:
		return false
	}
	r.Assert(a, n)
	return true
}

// matcher gives the strength of AssertJ's methods.
func (r *testReader) matcher(name string, list []treesitter.Node) source.Assertion {
	a := source.Assertion{Strength: source.Partial}
	if len(list) > 0 && isLiteral(list[0]) {
		a.Expected = r.Code(list[0])
	}
	switch name {
	case "isEqualTo", "containsExactly", "isSameAs", "containsExactlyInAnyOrder", "isEqualByComparingTo", "containsOnly", "hasToString":
		a.Strength = source.Exact
	case "isNotEqualTo", "isNotSameAs":
		a.Strength, a.Negated = source.Exact, true
	case "isTrue":
		a.Strength = source.Truth
	case "isFalse":
		a.Strength, a.Negated = source.Truth, true
	case "isNull":
		a.Strength, a.Expected = source.Exists, "nil"
	case "isNotNull", "isNotEmpty", "isPresent":
		a.Strength, a.Expected, a.Negated = source.Exists, "nil", true
	}
	return a
}

// junit reads assertEquals(expected, actual) and its like.
func (r *testReader) junit(name string, list []treesitter.Node) source.Assertion {
	a := source.Assertion{Strength: source.Truth, Subject: r.Code(list[0]), Negated: strings.Contains(name, "Not") || name == "assertFalse"}
	switch {
	case strings.Contains(name, "Throws"):
		return source.Assertion{Strength: source.Partial, Subject: "throws", Expected: r.Code(list[0])}
	case strings.HasSuffix(name, "Null"):
		a.Strength, a.Expected = source.Exists, "nil"
		return a
	case name == "assertTrue" || name == "assertFalse":
		if text := list[0].Text(); text == "true" || text == "false" {
			if (text == "true") == (name == "assertTrue") {
				a.Strength = source.Trivial
			}
		}
		return a
	case len(list) < 2:
		a.Via = name
		return a
	}
	a.Strength = source.Partial
	if strings.Contains(name, "Equals") || strings.Contains(name, "Same") {
		a.Strength = source.Exact
	}
	left, right := list[0], list[1]
	if isLiteral(right) && !isLiteral(left) {
		left, right = right, left
	}
	a.Subject = r.Code(right)
	if isLiteral(left) {
		a.Expected = r.Code(left)
	}
	if r.SameValue(left, right) {
		a.Strength = source.Trivial
	}
	return a
}

func isLiteral(n treesitter.Node) bool {
	return n.Is("string_literal", "decimal_integer_literal", "decimal_floating_point_literal", "true", "false", "null_literal", "character_literal", "hex_integer_literal") ||
		n.Is("unary_expression") && isLiteral(n.At("operand"))
}

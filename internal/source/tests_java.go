package source

import (
	"strings"

	"muster/internal/source/treesitter"
)

// javaTests gives the tests of a Java file, as JUnit 4 and 5 and TestNG find
// them by their annotations, and the methods beside them that assert something.
func javaTests(tree *treesitter.Tree) []Test {
	r := &javaTestReader{newTreeTests(tree, "line_comment", "block_comment")}
	for n := range tree.Root().Named() {
		r.class(n, "", nil)
	}
	for _, t := range r.tests {
		if !t.Helper {
			return r.tests
		}
	}
	return nil
}

type javaTestReader struct{ *treeTests }

// class reads the methods of a class, and the classes in it.
func (r *javaTestReader) class(n treesitter.Node, outer string, marks []Mark) {
	if !n.Is("class_declaration", "record_declaration", "interface_declaration") {
		return
	}
	name := joinNames(outer, n.At("name").Text(), ".")
	_, own := r.annotations(n)
	marks = append(marks[:len(marks):len(marks)], own...)
	for m := range n.At("body").Named() {
		r.class(m, name, marks)
		if !m.Is("method_declaration") {
			continue
		}
		isTest, own := r.annotations(m)
		t := Test{Name: joinNames(name, m.At("name").Text(), "."), Range: linesOf(m), Helper: !isTest}
		if isTest {
			t.Skips = append(append(t.Skips, marks...), own...)
		}
		done := r.begin(t)
		at := r.at
		r.cases(m)
		r.walk(m.At("body"))
		done()
		if r.tests[at].Helper && len(r.tests[at].Assertions) == 0 {
			r.tests = r.tests[:at]
		}
	}
}

// annotations reads what stands before a class or a method.
func (r *javaTestReader) annotations(n treesitter.Node) (isTest bool, marks []Mark) {
	for a := range n.First("modifiers").Named() {
		m := Mark{Text: r.code(a), Line: lineOf(a)}
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
func (r *javaTestReader) cases(n treesitter.Node) {
	for a := range n.First("modifiers").Named() {
		name := a.At("name").Text()
		if name != "ValueSource" && name != "CsvSource" && name != "EnumSource" {
			continue
		}
		for list := range a.Inside() {
			if list.Is("element_value_array_initializer") {
				for v := range list.Named() {
					r.test().Cases = append(r.test().Cases, Case{Text: r.code(v), Range: linesOf(v)})
				}
			}
		}
	}
}

// walk reads statements and the calls in them.
func (r *javaTestReader) walk(n treesitter.Node) {
	switch n.Kind() {
	case "if_statement":
		cond := n.At("condition")
		text, why := r.code(cond), ""
		if text == "(false)" {
			why = "it stands under a condition that never holds: " + text
		}
		r.under(text, why, func() { r.walk(n.At("consequence")) })
		r.under("!"+text, "", func() { r.walk(n.At("alternative")) })
		return
	case "try_statement":
		why := ""
		for h := range n.Named() {
			if h.Is("catch_clause") && javaSwallows(h) {
				why = "it stands in a try whose catch swallows its failure"
			}
		}
		r.under("", why, func() { r.walk(n.At("body")) })
		for h := range n.Named() {
			if h.Is("catch_clause", "finally_clause") {
				r.walk(h)
			}
		}
		return
	case "block":
		was := r.dead
		for s := range n.Named() {
			r.walk(s)
			if s.Is("return_statement") && r.dead == "" {
				r.dead = "it stands after a return"
			}
		}
		r.dead = was
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

// javaSwallows reports whether a handler catches the failure of an assertion
// and does nothing about it.
func javaSwallows(h treesitter.Node) bool {
	types := h.First("catch_formal_parameter").Text()
	if !strings.Contains(types, "Throwable") && !strings.Contains(types, "Error") {
		return false
	}
	body := h.At("body").Text()
	return !strings.Contains(body, "throw") && !strings.Contains(body, "fail(") && !strings.Contains(body, "assert")
}

// call reads an assertion. It reports whether all of it has been read.
func (r *javaTestReader) call(n treesitter.Node) bool {
	name, list := n.At("name").Text(), args(n)
	root := n
	for root.At("object").Is("method_invocation") {
		root = root.At("object")
	}
	a := Assertion{Strength: Truth}
	switch {
	case root != n && (root.At("name").Text() == "assertThat" || root.At("name").Text() == "verify"):
		a = r.matcher(name, list)
		for _, of := range args(root) {
			a.Subject = r.code(of)
			break
		}
		if len(list) > 0 && a.Strength == Exact && r.code(list[0]) == a.Subject && !hasCall(list[0]) {
			a.Strength = Trivial
		}
	case name == "assertThat" && len(list) > 1 && !n.Parent().Is("method_invocation"): // Hamcrest
		a = Assertion{Strength: Partial, Subject: r.code(list[0]), Expected: r.code(list[1])}
		if strings.HasPrefix(a.Expected, "is(") || strings.HasPrefix(a.Expected, "equalTo(") {
			a.Strength = Exact
		}
	case name == "fail":
		a.Subject = strings.Join(r.when, " && ")
	case strings.HasPrefix(name, "assert") && name != "assertThat" && len(list) > 0:
		a = r.junit(name, list)
	default:
		return false
	}
	r.assert(a, n)
	return true
}

// matcher gives the strength of AssertJ's methods.
func (r *javaTestReader) matcher(name string, list []treesitter.Node) Assertion {
	a := Assertion{Strength: Partial}
	if len(list) > 0 && javaLiteral(list[0]) {
		a.Expected = r.code(list[0])
	}
	switch name {
	case "isEqualTo", "containsExactly", "isSameAs", "containsExactlyInAnyOrder", "isEqualByComparingTo", "containsOnly", "hasToString":
		a.Strength = Exact
	case "isNotEqualTo", "isNotSameAs":
		a.Strength, a.Negated = Exact, true
	case "isTrue":
		a.Strength = Truth
	case "isFalse":
		a.Strength, a.Negated = Truth, true
	case "isNull":
		a.Strength, a.Expected = Exists, "nil"
	case "isNotNull", "isNotEmpty", "isPresent":
		a.Strength, a.Expected, a.Negated = Exists, "nil", true
	}
	return a
}

// junit reads assertEquals(expected, actual) and its like.
func (r *javaTestReader) junit(name string, list []treesitter.Node) Assertion {
	a := Assertion{Strength: Truth, Subject: r.code(list[0]), Negated: strings.Contains(name, "Not") || name == "assertFalse"}
	switch {
	case strings.Contains(name, "Throws"):
		return Assertion{Strength: Partial, Subject: "throws", Expected: r.code(list[0])}
	case strings.HasSuffix(name, "Null"):
		a.Strength, a.Expected = Exists, "nil"
		return a
	case name == "assertTrue" || name == "assertFalse":
		if text := list[0].Text(); text == "true" || text == "false" {
			if (text == "true") == (name == "assertTrue") {
				a.Strength = Trivial
			}
		}
		return a
	case len(list) < 2:
		a.Via = name
		return a
	}
	a.Strength = Partial
	if strings.Contains(name, "Equals") || strings.Contains(name, "Same") {
		a.Strength = Exact
	}
	left, right := list[0], list[1]
	if javaLiteral(right) && !javaLiteral(left) {
		left, right = right, left
	}
	a.Subject = r.code(right)
	if javaLiteral(left) {
		a.Expected = r.code(left)
	}
	if r.sameValue(left, right) {
		a.Strength = Trivial
	}
	return a
}

func javaLiteral(n treesitter.Node) bool {
	return n.Is("string_literal", "decimal_integer_literal", "decimal_floating_point_literal", "true", "false", "null_literal", "character_literal", "hex_integer_literal") ||
		n.Is("unary_expression") && javaLiteral(n.At("operand"))
}

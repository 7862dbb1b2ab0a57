package script

import (
	"slices"
	"strings"

	"muster/internal/source"
	"muster/internal/source/reader/syntax"
	"muster/internal/source/treesitter"
)

// body reads the statements of a function, a block or the file.
func (r *testReader) body(n treesitter.Node) {
	if !n.Is("program", "statement_block", "class_body") {
		r.expr(n) // an arrow function without braces
		return
	}
	was, depth := r.Dead, len(r.When)
	for s := range n.Named() {
		r.statement(s)
		if why := r.leaves(s); why != "" && r.Dead == "" && r.At >= 0 {
			r.Dead = why
		}
		switch cond := r.leavesEarly(s); {
		case cond != "" && r.At >= 0:
			r.When = append(r.When, cond)
		case cond != "" && r.outer.name != "": // the tests that follow are not declared
			r.outer.skips = append(slices.Clone(r.outer.skips), source.Mark{Text: "return unless " + cond, Conditional: true, Line: syntax.LineOf(s)})
		}
	}
	r.Dead, r.When = was, r.When[:depth]
}

func (r *testReader) leaves(s treesitter.Node) string {
	if s.Is("return_statement") {
		return "it stands after a return"
	}
	call := s.First("call_expression")
	if !s.Is("expression_statement") || call.IsZero() {
		return ""
	}
	switch name := call.At("function").Text(); name {
	case "process.exit", "this.skip", "t.skip", "ctx.skip", "context.skip", "test.skip", "test.fixme", "pending":
		return "it stands after " + name
	}
	return ""
}

// leavesEarly gives the opposite of the condition under which an if leaves the
// function and does nothing else.
func (r *testReader) leavesEarly(s treesitter.Node) string {
	if !s.Is("if_statement") || !s.At("alternative").IsZero() {
		return ""
	}
	then := s.At("consequence")
	if then.Is("statement_block") {
		n := 0
		var only treesitter.Node
		for x := range then.Named() {
			only = x
			n++
		}
		if n != 1 {
			return ""
		}
		then = only
	}
	if !then.Is("return_statement") || strings.Contains(then.Text(), "expect") {
		return ""
	}
	return "!" + r.Code(s.At("condition"))
}

func (r *testReader) statement(s treesitter.Node) {
	switch s.Kind() {
	case "if_statement":
		r.branch(s)
	case "for_in_statement":
		r.loop(s.At("right"), func() { r.single(s.At("body")) })
	case "for_statement", "while_statement", "do_statement", "labeled_statement":
		r.single(s.At("body"))
	case "try_statement":
		r.try(s)
	case "switch_statement":
		for c := range s.At("body").Named() {
			for x := range c.Named() {
				if x.Field() != "value" {
					r.statement(x)
				}
			}
		}
	case "statement_block":
		r.body(s)
	case "function_declaration", "generator_function_declaration":
		r.function(s, s.At("name").Text(), s)
	case "class_declaration":
		for m := range s.At("body").Named() {
			if m.Is("method_definition") {
				r.function(m, s.At("name").Text()+"."+m.At("name").Text(), m)
			}
		}
	case "lexical_declaration", "variable_declaration":
		for d := range s.Named() {
			value := d.At("value")
			if value.Is("arrow_function", "function_expression") {
				r.function(d, d.At("name").Text(), value)
			} else {
				r.expr(value)
			}
		}
	case "export_statement":
		if d := s.At("declaration"); !d.IsZero() {
			r.statement(d)
		}
	default:
		r.expr(s)
	}
}

// single reads a body that may have no braces.
func (r *testReader) single(n treesitter.Node) {
	if n.Is("statement_block") {
		r.body(n)
	} else {
		r.statement(n)
	}
}

// function reads a named function: a part of the test it stands in, or a
// helper.
func (r *testReader) function(whole treesitter.Node, name string, f treesitter.Node) {
	if r.At >= 0 {
		r.Under("", "", func() { r.body(f.At("body")) })
		return
	}
	done := r.Begin(source.Test{Name: name, Range: syntax.LinesOf(whole), Helper: true})
	at := r.At
	r.body(f.At("body"))
	done()
	if len(r.Tests[at].Assertions) == 0 {
		r.Tests = append(r.Tests[:at], r.Tests[at+1:]...)
	}
}

func (r *testReader) branch(s treesitter.Node) {
	cond := s.At("condition")
	text, why := r.Code(cond), ""
	value, known := r.constant(cond)
	switch {
	case known && !value:
		why = "it stands under a condition that never holds: " + text
	case known:
		text = ""
	}
	if r.At < 0 {
		text = ""
	}
	r.Under(text, why, func() { r.single(s.At("consequence")) })
	alt := s.At("alternative")
	if alt.IsZero() {
		return
	}
	why = ""
	if known && value {
		why = "it stands in the else of a condition that always holds"
	}
	if text != "" {
		text = "!" + text
	}
	r.Under(text, why, func() {
		for x := range alt.Named() {
			r.single(x)
		}
	})
}

// loop reads something that is done for each entry of a list.
func (r *testReader) loop(list treesitter.Node, read func()) {
	cases := r.rows(list)
	why := ""
	if list.Is("array") && len(cases) == 0 {
		why = "it stands in a loop over nothing"
	}
	tests, asserted := len(r.Tests), len(r.Test().Assertions)
	r.Under("", why, read)
	if len(r.Test().Assertions) > asserted {
		r.Test().Cases = append(r.Test().Cases, cases...)
	}
	for i := tests; i < len(r.Tests); i++ { // tests that the loop declares
		r.Tests[i].Cases = append(r.Tests[i].Cases, cases...)
	}
}

func (r *testReader) try(s treesitter.Node) {
	why := ""
	if h := s.At("handler"); !h.IsZero() && !r.failsIn(h) && r.At >= 0 {
		why = "it stands in a try whose catch swallows its failure"
	}
	r.Under("", why, func() { r.body(s.At("body")) })
	cond := ""
	if r.At >= 0 && !mustThrow(r.names, s.At("body")) {
		cond = source.Thrown
	}
	r.Under(cond, "", func() { r.body(s.At("handler").At("body")) })
	r.body(s.At("finalizer").At("body"))
}

// mustThrow reports whether a block fails by itself where nothing throws.
func mustThrow(known names, body treesitter.Node) bool {
	for n := range body.Inside() {
		switch n.Kind() {
		case "throw_statement", "return_statement":
			return true
		case "call_expression":
			if name := known.full(n.At("function").Text()); name == "fail" || strings.HasSuffix(name, ".fail") || name == "expect.unreachable" || name == "done" || name == "reject" {
				return true
			}
		}
	}
	return false
}

// failsIn reports whether a handler fails the test itself, or looks at what it
// caught.
func (r *testReader) failsIn(h treesitter.Node) bool {
	name := h.At("parameter").Text()
	for n := range h.At("body").Inside() {
		switch n.Kind() {
		case "throw_statement", "return_statement":
			return true
		case "call_expression":
			text := n.At("function").Text()
			if strings.Contains(text, "expect") || strings.Contains(text, "assert") || strings.Contains(text, "fail") || text == "done" || text == "reject" || text == "next" || strings.HasPrefix(text, "t.") || text == "cb" {
				return true
			}
		case "assignment_expression":
			if name != "" && strings.Contains(n.At("right").Text(), name) {
				return true // it is kept, and looked at later
			}
		}
	}
	return false
}

// expr reads the calls in an expression, and the functions in it.
func (r *testReader) expr(n treesitter.Node) {
	switch n.Kind() {
	case "":
		return
	case "arrow_function", "function_expression", "generator_function":
		if r.At < 0 {
			r.body(n.At("body"))
			return
		}
		r.Under("", "", func() { r.body(n.At("body")) })
		return
	case "class_body", "method_definition":
		if b := n.At("body"); !b.IsZero() {
			r.body(b)
			return
		}
	case "call_expression":
		if r.call(n) {
			return
		}
	case "member_expression":
		if r.property(n) {
			return
		}
	case "statement_block":
		r.body(n)
		return
	}
	for c := range n.Named() {
		r.expr(c)
	}
}

// call reads one call. It reports whether all of it has been read.
func (r *testReader) call(call treesitter.Node) bool {
	if r.declaration(call) {
		return true
	}
	f := call.At("function")
	name := f.Text()
	if len(name) > 200 {
		name = ""
	}
	short := f.At("property").Text()
	list := syntax.Args(call)
	switch {
	case name == "jest.setTimeout" || name == "vi.setConfig" || name == "jasmine.DEFAULT_TIMEOUT_INTERVAL":
		if len(list) == 1 {
			r.limit(&r.limits, list[0], r.Code(call))
		}
		return true
	case name == "this.timeout" || name == "test.setTimeout" || name == "test.slow":
		if len(list) == 1 {
			if r.At >= 0 {
				r.limit(&r.Test().Timeouts, list[0], r.Code(call))
			} else {
				r.limit(&r.outer.timeouts, list[0], r.Code(call))
			}
		}
		return true
	case name == "this.skip" || name == "t.skip" || name == "ctx.skip" || name == "context.skip" || name == "test.skip" || name == "test.fixme" || name == "pending" || short == "skip" && r.given[f.At("object").Text()]:
		if r.At >= 0 {
			r.Skip(source.Mark{Text: r.Code(call), Conditional: len(list) > 1 || len(list) == 1 && !list[0].Is("string", "true"), Line: syntax.LineOf(call)})
		} else {
			r.outer.skips = append(r.outer.skips, source.Mark{Text: r.Code(call), Conditional: len(r.When) > 0 || len(list) > 1, Line: syntax.LineOf(call)})
		}
		return true
	case short == "forEach" && len(list) > 0:
		r.loop(f.At("object"), func() { r.expr(list[0]) })
		return true
	case short == "catch" && len(list) == 1 && isEmptyFunction(list[0]):
		r.Under("", "its failure is swallowed by an empty catch", func() { r.expr(f.At("object")) })
		return true
	case isDouble(name):
		r.Test().Doubles++
	}
	if r.At < 0 {
		return false
	}
	if a, ok := r.assertion(f, name, list); ok {
		r.Assert(a, call)
		r.expr(f.At("object"))
		for _, x := range list {
			r.expr(x)
		}
		return true
	}
	return false
}

func isEmptyFunction(n treesitter.Node) bool {
	if !n.Is("arrow_function", "function_expression") || !n.At("body").Is("statement_block") {
		return false
	}
	for range n.At("body").Named() {
		return false
	}
	return true
}

func isDouble(name string) bool {
	return slices.Contains([]string{"jest.mock", "vi.mock", "jest.fn", "vi.fn", "jest.spyOn", "vi.spyOn", "sinon.stub", "sinon.mock", "sinon.fake", "sinon.spy", "mock.method", "mock.fn", "vi.doMock", "jest.doMock", "td.replace", "nock"}, name)
}

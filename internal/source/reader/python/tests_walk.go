package python

import (
	"strings"

	"muster/internal/source"
	"muster/internal/source/reader/syntax"
	"muster/internal/source/treesitter"
)

// block reads the statements of a body. What follows a statement that always
// leaves is dead.
func (r *testReader) block(body treesitter.Node) {
	was, depth := r.Dead, len(r.When)
	for s := range body.Named() {
		r.statement(s)
		if why := r.leaves(s); why != "" && r.Dead == "" {
			r.Dead = why
		}
		if cond := r.leavesEarly(s); cond != "" {
			r.When = append(r.When, cond)
		}
	}
	r.Dead, r.When = was, r.When[:depth]
}

func (r *testReader) leaves(s treesitter.Node) string {
	if s.Is("return_statement") {
		return "it stands after a return"
	}
	call := s.First("call")
	if !s.Is("expression_statement") || call.IsZero() {
		return ""
	}
	switch name := call.At("function").Text(); name {
	case "pytest.skip", "pytest.xfail", "self.skipTest", "skip", "os._exit", "sys.exit", "exit":
		return "it stands after " + name
	}
	return ""
}

// leavesEarly gives the opposite of the condition under which an if leaves the
// function and does nothing else.
func (r *testReader) leavesEarly(s treesitter.Node) string {
	if !s.Is("if_statement") || !s.First("else_clause", "elif_clause").IsZero() {
		return ""
	}
	n := 0
	for x := range s.At("consequence").Named() {
		if n++; n > 1 || !x.Is("return_statement") {
			return ""
		}
	}
	return "!(" + r.Code(s.At("condition")) + ")"
}

func (r *testReader) statement(s treesitter.Node) {
	switch s.Kind() {
	case "assert_statement":
		for cond := range s.Named() {
			for _, a := range r.claims(cond) {
				r.Assert(a, s)
			}
			break // the rest is the message
		}
	case "if_statement":
		r.branches(s)
	case "for_statement":
		r.expr(s.At("right"))
		list := s.At("right")
		if list.Is("identifier") {
			list = r.Tables[list.Text()]
		}
		why, before := "", len(r.Test().Assertions)
		if list.Is("list", "tuple") && list.First("(", "[").Next().Is(")", "]") {
			why = "it stands in a loop over nothing"
		}
		r.Under("", why, func() { r.block(s.At("body")) })
		if len(r.Test().Assertions) > before {
			r.cases(list)
		}
	case "while_statement":
		why := ""
		if value, known := r.constant(s.At("condition")); known && !value {
			why = "it stands in a loop that is never entered"
		}
		r.Under("", why, func() { r.block(s.At("body")) })
	case "with_statement":
		r.with(s)
	case "try_statement":
		r.try(s)
	case "raise_statement":
		if strings.Contains(s.Text(), "SkipTest") {
			r.Skip(source.Mark{Text: r.Code(s), Line: syntax.LineOf(s)})
		}
		if strings.Contains(s.Text(), "AssertionError") {
			r.Assert(source.Assertion{Strength: source.Truth, Subject: strings.Join(r.When, " && ")}, s)
		}
	case "function_definition", "class_definition", "decorated_definition", "match_statement":
		for c := range s.Inside() {
			if c.Is("block") && !insideBlock(c, s) {
				r.block(c)
			}
		}
	default:
		if a := s.First("assignment"); !a.IsZero() {
			r.bind(a)
		}
		r.expr(s)
	}
}

// insideBlock reports whether another block lies between a block and outer.
func insideBlock(n, outer treesitter.Node) bool {
	for p := n.Parent(); !p.IsZero() && p != outer; p = p.Parent() {
		if p.Is("block") {
			return true
		}
	}
	return false
}

func (r *testReader) branches(s treesitter.Node) {
	cond := s.At("condition")
	r.branch(cond, s.At("consequence"))
	for alt := range s.Named() {
		switch alt.Kind() {
		case "elif_clause":
			r.branch(alt.At("condition"), alt.At("consequence"))
		case "else_clause":
			why := ""
			if r.truthy(cond) {
				why = "it stands in the else of a condition that always holds"
			}
			r.Under("!("+r.Code(cond)+")", why, func() { r.block(alt.At("body")) })
		}
	}
}

func (r *testReader) branch(cond, body treesitter.Node) {
	why, text := "", r.Code(cond)
	value, known := r.constant(cond)
	if known && !value {
		why = "it stands under a condition that never holds: " + text
	}
	if known && value {
		text = "" // a skip in it is a skip for ever
	}
	r.Under(text, why, func() { r.block(body) })
}

func (r *testReader) with(s treesitter.Node) {
	why := ""
	for item := range s.First("with_clause").Named() {
		value := item.At("value")
		if value.Is("as_pattern") {
			for c := range value.Named() {
				value = c
				break
			}
		}
		r.expr(value)
		if strings.HasSuffix(value.At("function").Text(), "suppress") && catchesAll(r.Code(value.At("arguments"))) {
			why = "it stands in a with that swallows its failure: " + r.Code(value)
		}
	}
	r.Under("", why, func() { r.block(s.At("body")) })
}

// catchesAll reports whether an except or suppress of these types catches the
// failure of an assertion.
func catchesAll(types string) bool {
	types = strings.Trim(types, "()")
	if types == "" {
		return true
	}
	for _, t := range strings.FieldsFunc(types, func(c rune) bool { return c == ',' || c == ' ' || c == '(' || c == ')' }) {
		if t == "Exception" || t == "BaseException" || t == "AssertionError" {
			return true
		}
	}
	return false
}

func (r *testReader) try(s treesitter.Node) {
	why := ""
	for h := range s.Named() {
		if !h.Is("except_clause", "except_group_clause") {
			continue
		}
		types := strings.TrimPrefix(strings.TrimPrefix(r.Code(h), "except"), "*")
		types, _, _ = strings.Cut(types, ":")
		types, _, _ = strings.Cut(types, " as ")
		if catchesAll(strings.TrimSpace(types)) && !r.failsIn(h) {
			why = "it stands in a try whose except swallows its failure"
		}
	}
	r.Under("", why, func() { r.block(s.At("body")) })
	thrown := source.Thrown
	if mustRaise(s) {
		thrown = ""
	}
	for h := range s.Named() {
		switch {
		case h.Is("except_clause", "except_group_clause"):
			r.Under(thrown, "", func() { r.block(h.First("block")) })
		case h.Is("else_clause", "finally_clause"):
			r.block(h.First("block"))
		}
	}
}

// mustRaise reports whether a try fails by itself where nothing is raised: in
// its body, or in its else.
func mustRaise(s treesitter.Node) bool {
	for part := range s.Named() {
		if !part.Is("block", "else_clause") {
			continue
		}
		for n := range part.Inside() {
			switch n.Kind() {
			case "raise_statement", "return_statement":
				return true
			case "assert_statement":
				if text := strings.TrimSpace(strings.TrimPrefix(n.Text(), "assert")); strings.HasPrefix(text, "False") || strings.HasPrefix(text, "0") {
					return true
				}
			case "call":
				if name := n.At("function").Text(); strings.HasSuffix(name, "fail") {
					return true
				}
			}
		}
	}
	return false
}

// failsIn reports whether a handler fails the test itself.
func (r *testReader) failsIn(h treesitter.Node) bool {
	for n := range h.Inside() {
		switch n.Kind() {
		case "raise_statement", "assert_statement":
			return true
		case "call":
			name := n.At("function").Text()
			if strings.HasSuffix(name, "fail") || strings.Contains(name, "assert") || strings.HasSuffix(name, "skip") || strings.HasSuffix(name, "skipTest") {
				return true
			}
		}
	}
	return false
}

// expr reads the calls in an expression.
func (r *testReader) expr(e treesitter.Node) {
	visit := func(n treesitter.Node) {
		if n.Is("call") {
			r.call(n)
		}
	}
	visit(e)
	for n := range e.Inside() {
		visit(n)
	}
}

func (r *testReader) call(call treesitter.Node) {
	name := call.At("function").Text()
	short := name[strings.LastIndexByte(name, '.')+1:]
	given := syntax.Args(call)
	switch {
	case name == "pytest.skip" || name == "self.skipTest" || name == "pytest.xfail":
		r.Skip(source.Mark{Text: r.Code(call), Line: syntax.LineOf(call)})
	case name == "pytest.importorskip":
		r.Skip(source.Mark{Text: r.Code(call), Conditional: true, Line: syntax.LineOf(call)})
	case name == "pytest.fail" || name == "self.fail":
		r.Assert(source.Assertion{Strength: source.Truth, Subject: strings.Join(r.When, " && ")}, call)
	case strings.HasSuffix(short, "Mock") || short == "Mock" || short == "patch" || strings.Contains(name, "patch.") || name == "monkeypatch.setattr" || short == "create_autospec":
		r.Test().Doubles++
	case short == "raises" || short == "warns" || short == "deprecated_call" || strings.HasPrefix(short, "assertRaises") || strings.HasPrefix(short, "assertWarns") || strings.HasPrefix(short, "assertLogs"):
		r.raises(call, short, given)
	case strings.HasPrefix(short, "assert") || strings.HasPrefix(short, "_assert") || strings.HasPrefix(name, "self.") && strings.Contains(short, "assert"):
		r.assertion(call, name, short, given)
	case isCheckName(short) && !strings.Contains(name, "subprocess"):
		a := source.Assertion{Strength: source.Truth, Via: short, Subject: short}
		if len(given) > 0 {
			a.Subject = short + " " + r.codes(given[:max(1, len(given)-1)])
			if len(given) > 1 && r.isLiteral(given[len(given)-1]) {
				a.Expected = r.Code(given[len(given)-1])
			}
		}
		r.Assert(a, call)
	}
}

func (r *testReader) codes(list []treesitter.Node) string {
	var out []string
	for _, n := range list {
		out = append(out, r.Code(n))
	}
	return strings.Join(out, ", ")
}

func isCheckName(name string) bool {
	for _, p := range []string{"check_", "verify_", "expect_", "ensure_", "_check", "_verify", "checkEqual", "verify"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// raises reads what an error is asked for: its type, and its message.
func (r *testReader) raises(call treesitter.Node, short string, given []treesitter.Node) {
	a := source.Assertion{Strength: source.Partial, Subject: "raises"}
	if len(given) > 0 {
		a.Expected = r.Code(given[0])
		if catchesAll(a.Expected) {
			a.Strength = source.Exists
		}
	}
	r.Assert(a, call)
	message := ""
	for k := range call.At("arguments").Named() {
		if k.Is("keyword_argument") && k.At("name").Text() == "match" {
			message = r.Code(k.At("value"))
		}
	}
	if strings.HasSuffix(short, "Regex") && len(given) > 1 {
		message = r.Code(given[1])
	}
	if message != "" {
		r.Assert(source.Assertion{Strength: source.Partial, Subject: "the message of " + a.Expected, Expected: message}, call)
	}
}

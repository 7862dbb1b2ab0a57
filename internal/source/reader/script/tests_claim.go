package script

import (
	"regexp"
	"strings"
	"sync"

	"muster/internal/source"
	"muster/internal/source/reader/form"
	"muster/internal/source/reader/syntax"
	"muster/internal/source/treesitter"
)

// assertion reads a call that asserts: expect(x).toBe(y), assert.equal(x, y),
// x.should.equal(y), t.is(x, y), request.expect(200), or a function of the
// project that is named for it.
func (r *testReader) assertion(f treesitter.Node, name string, list []treesitter.Node) (source.Assertion, bool) {
	short := f.At("property").Text()
	if root, negated, ok := r.chain(f); ok && short != "" {
		if short == "assertions" || short == "hasAssertions" {
			return source.Assertion{}, false
		}
		a, ok := r.matched(root, short, list, negated)
		a.Subject += through(f.At("object"))
		return a, ok
	}
	name = r.names.full(name)
	if known, ok := r.names.asserts[f.Text()]; ok {
		short = last(known)
	}
	switch {
	case name == "assert" || name == "assert.ok" || name == "assert.isOk" || name == "t.ok" || name == "t.truthy" || name == "t.true" || name == "invariant":
		if len(list) == 0 {
			return source.Assertion{}, false
		}
		return r.truth(list[0], false), true
	case name == "assert.fail" || name == "expect.fail" || name == "expect.unreachable" || name == "fail" || name == "t.fail":
		return source.Assertion{Strength: source.Truth, Subject: strings.Join(r.When, " && ")}, true
	case strings.HasPrefix(name, "assert.") || strings.HasPrefix(name, "sinon.assert.") || strings.HasPrefix(name, "chai.assert.") || strings.HasPrefix(name, "t.assert.") || r.given[f.At("object").Text()] && isVerb(short):
		return r.pair(short, list)
	case short == "expect" && len(list) > 0: // supertest
		a := source.Assertion{Strength: source.Exact, Subject: "the answer"}
		shown := list
		if last := list[len(list)-1]; last.Is("identifier", "arrow_function", "function_expression") && len(list) > 1 {
			shown = list[:len(list)-1]
		}
		if len(shown) == 1 && shown[0].Is("arrow_function", "function_expression", "identifier") {
			return source.Assertion{}, false
		}
		if len(shown) > 1 && shown[0].Is("string") {
			a.Subject = "the answer's " + r.Code(shown[0])
			shown = shown[1:]
		}
		a.Expected = r.codes(shown)
		if shown[0].Is("regex") {
			a.Strength = source.Partial
		}
		return a, true
	case short == "should" && len(list) > 0 && list[0].Is("string"): // Cypress
		return source.Assertion{Strength: source.Partial, Subject: r.Code(f.At("object")), Expected: r.codes(list), Negated: strings.Contains(list[0].Text(), "not.")}, true
	case named().MatchString(last(name)) && !strings.HasPrefix(name, "expect.") && name != "expectTypeOf":
		n := last(name)
		a := source.Assertion{Strength: source.Truth, Via: n, Subject: n}
		if len(list) > 0 {
			a.Subject = n + " " + r.codes(list[:max(1, len(list)-1)])
			if len(list) > 1 && r.isLiteral(list[len(list)-1]) {
				a.Expected = r.Code(list[len(list)-1])
			}
		}
		return a, true
	}
	return source.Assertion{}, false
}

var named = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(assert|expect|check|verify|ensure|should)[A-Z_]\w*$`)
})

func last(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

func (r *testReader) codes(list []treesitter.Node) string {
	var out []string
	for _, n := range list {
		out = append(out, r.Code(n))
	}
	return strings.Join(out, ", ")
}

// chain goes down a chain of properties to expect(x) or x.should, and reports
// whether "not" stands in it.
func (r *testReader) chain(f treesitter.Node) (root treesitter.Node, negated, ok bool) {
	for n := f; !n.IsZero(); {
		switch n.Kind() {
		case "member_expression":
			switch n.At("property").Text() {
			case "not", "never":
				negated = !negated
			case "should":
				return n, negated, true
			}
			n = n.At("object")
		case "call_expression":
			g := n.At("function")
			if text := g.Text(); text == "expect" || text == "expect.soft" || text == "expect.poll" || text == "expectTypeOf" || text == "should" || text == "chai.expect" || text == "expectType" {
				return n, negated, true
			}
			n = g
		default:
			return n, negated, false
		}
	}
	return f, negated, false
}

// through gives the property that a chain of Chai goes on with: it looks at
// x.name in x.should.have.property("name").equal(1).
func through(n treesitter.Node) string {
	for !n.IsZero() {
		switch n.Kind() {
		case "member_expression":
			n = n.At("object")
		case "call_expression":
			f := n.At("function")
			if list := syntax.Args(n); f.At("property").Text() == "property" && len(list) == 1 && list[0].Is("string") {
				return "." + strings.Trim(list[0].Text(), `"'`)
			}
			n = f
		default:
			return ""
		}
	}
	return ""
}

// subject gives what a chain looks at.
func (r *testReader) subject(root treesitter.Node) treesitter.Node {
	if root.Is("member_expression") {
		return root.At("object")
	}
	for _, a := range syntax.Args(root) {
		return a
	}
	return treesitter.Node{}
}

// property reads an assertion that is no call: expect(x).to.be.true.
func (r *testReader) property(n treesitter.Node) bool {
	root, negated, ok := r.chain(n)
	if !ok || r.At < 0 || !n.Parent().Is("expression_statement", "await_expression", "arrow_function", "return_statement") || root == n {
		return false
	}
	a, ok := r.matched(root, n.At("property").Text(), nil, negated)
	if ok {
		r.Assert(a, n)
		r.expr(r.subject(root))
	}
	return ok
}

// matchers of Jest, Vitest, Jasmine, Playwright, Testing Library and Chai.
func matcher(name string, args int) (s source.Strength, expected string, negated, ok bool) {
	switch name {
	case "toBe", "toEqual", "toStrictEqual", "equal", "equals", "eql", "eq", "eqls", "toHaveBeenCalledWith", "toHaveBeenNthCalledWith", "toHaveBeenLastCalledWith", "toBeCalledWith",
		"lastCalledWith", "calledWith", "calledWithExactly", "calledOnceWith", "calledOnceWithExactly", "toHaveBeenCalledOnceWith", "toHaveBeenCalledExactlyOnceWith", "toHaveBeenCalledTimes",
		"toBeCalledTimes", "callCount", "toHaveText", "toHaveValue", "toHaveURL", "toHaveTitle", "toHaveCount", "toHaveReturnedWith", "toHaveAttribute", "toHaveValues", "toHaveStatus",
		"deepEqual", "strictEqual", "toEqualTypeOf", "toHaveResolvedWith", "toHaveNthReturnedWith", "status", "toHaveFormValues", "toHaveDisplayValue", "toHaveAccessibleName":
		return source.Exact, "", false, true
	case "toMatchInlineSnapshot", "toThrowErrorMatchingInlineSnapshot":
		return source.Exact, "", false, true
	case "toMatchSnapshot", "toThrowErrorMatchingSnapshot", "toMatchFileSnapshot", "toHaveScreenshot", "matchSnapshot", "toMatchImageSnapshot", "toMatchAriaSnapshot":
		return source.Snapshot, "", false, true
	case "toBeTruthy", "ok":
		return source.Truth, "", false, true
	case "toBeFalsy":
		return source.Truth, "", true, true
	case "true", "toBeTrue", "isTrue":
		return source.Exact, "true", false, true
	case "false", "toBeFalse", "isFalse":
		return source.Exact, "false", false, true
	case "toBeDefined", "exist", "exists", "toExist":
		return source.Exists, "nil", true, true
	case "toBeUndefined", "toBeNull", "null", "undefined", "toBeNullable", "isNull", "isUndefined":
		return source.Exists, "nil", false, true
	case "toHaveBeenCalled", "toBeCalled", "called", "toHaveReturned":
		return source.Exists, "", false, true
	case "toThrow", "toThrowError", "throw", "throws", "Throw", "rejected", "fulfilled", "toResolve", "toReject":
		if args == 0 {
			return source.Exists, "", false, true
		}
		return source.Partial, "", false, true
	case "empty", "toBeEmpty", "toBeEmptyDOMElement":
		return source.Exact, "empty", false, true
	case "toBeVisible", "toBeInTheDocument", "toBeDisabled", "toBeEnabled", "toBeChecked", "toBeHidden", "toHaveFocus", "toBeRequired", "toBeValid", "toBeInvalid", "toBeAttached", "toBeFocused", "toBeNaN", "NaN":
		return source.Truth, "", false, true
	case "not", "be", "to", "have", "and", "that", "is", "resolves", "rejects", "eventually", "deep", "with", "of", "at", "been", "a", "an":
		if args == 0 {
			return "", "", false, false
		}
	}
	if args == 0 && !strings.HasPrefix(name, "to") && !strings.HasPrefix(name, "called") {
		return source.Truth, "", false, true // a property of a plugin
	}
	return source.Partial, "", false, true
}

func (r *testReader) matched(root treesitter.Node, name string, list []treesitter.Node, negated bool) (source.Assertion, bool) {
	s, expected, not, ok := matcher(name, len(list))
	if !ok {
		return source.Assertion{}, false
	}
	of := r.subject(root)
	a := source.Assertion{Strength: s, Subject: r.Code(of), Expected: expected, Negated: negated != not}
	if name == "toHaveLength" || name == "lengthOf" || name == "length" {
		a.Subject += ".length"
	}
	if strings.Contains(name, "alled") {
		a.Subject += " called"
	}
	if len(list) == 0 {
		value, known := r.constant(of)
		if known && (s == source.Truth && value != a.Negated || expected == "true" && value || expected == "false" && !value) {
			a.Strength = source.Trivial
		}
		if r.isLiteral(of) && s == source.Exists && expected == "nil" && a.Negated {
			a.Strength = source.Trivial
		}
		return a, true
	}
	if all := r.codes(list); r.allLiteral(list) || strings.HasPrefix(all, "expect.") || name == "toMatchInlineSnapshot" {
		a.Expected = all
	}
	text := r.Code(list[0])
	switch {
	case s == source.Exact && len(list) == 1 && (r.SameValue(of, list[0]) || r.isLiteral(of) && r.Code(of) == text):
		a.Strength = source.Trivial
	case strings.HasPrefix(text, "expect.anything("):
		a.Strength, a.Negated = source.Exists, true
	case strings.HasPrefix(text, "expect.any(") || strings.HasPrefix(text, "expect.stringContaining(") || strings.HasPrefix(text, "expect.objectContaining(") || strings.HasPrefix(text, "expect.stringMatching("):
		a.Strength = source.Partial
	case (name == "toBeGreaterThanOrEqual" || name == "least") && text == "0" && form.IsLengthText(a.Subject):
		a.Strength = source.Trivial
	case (name == "toContain" || name == "include" || name == "toMatch") && (text == `""` || text == "''" || text == "/.*/"):
		a.Strength = source.Trivial
	}
	if name == "toHaveProperty" || name == "property" {
		a.Subject += "." + strings.Trim(text, `"'`)
		a.Strength, a.Expected, a.Negated = source.Exists, "nil", !negated
		if len(list) > 1 {
			a.Strength, a.Expected, a.Negated = source.Exact, "", negated
			if r.isLiteral(list[1]) {
				a.Expected = r.Code(list[1])
			}
		}
	}
	if strings.HasPrefix(name, "toBeGreater") || strings.HasPrefix(name, "toBeLess") {
		a.Subject += " " + name
	}
	return a, true
}

func (r *testReader) allLiteral(list []treesitter.Node) bool {
	for _, n := range list {
		if !r.isLiteral(n) {
			return false
		}
	}
	return true
}

func isVerb(name string) bool {
	switch name {
	case "is", "not", "equal", "equals", "same", "deepEqual", "deepEquals", "strictEqual", "notEqual", "notDeepEqual", "notStrictEqual", "deepStrictEqual", "like", "throws", "notThrows", "throwsAsync",
		"true", "false", "truthy", "falsy", "ok", "notOk", "regex", "notRegex", "snapshot", "match", "rejects", "resolves", "error", "assert", "strictSame", "matchSnapshot", "doesNotThrow", "doesNotMatch", "pass":
		return true
	}
	return false
}

// pair reads assert.equal(x, y) and its like.
func (r *testReader) pair(name string, list []treesitter.Node) (source.Assertion, bool) {
	lower := strings.ToLower(name)
	a := source.Assertion{Strength: source.Truth, Negated: strings.HasPrefix(lower, "not") || strings.HasPrefix(lower, "doesnot") || lower == "false" || lower == "falsy" || lower == "isfalse"}
	if len(list) == 0 {
		return a, name != "plan" && name != "end" && name != "pass"
	}
	a.Subject = r.Code(list[0])
	switch {
	case lower == "true" || lower == "false" || lower == "truthy" || lower == "falsy" || lower == "istrue" || lower == "isfalse" || lower == "notok" || lower == "isok":
		return r.truth(list[0], a.Negated), true
	case strings.Contains(lower, "throw") || strings.Contains(lower, "reject"):
		a.Strength, a.Subject = source.Exists, "throws "+r.Code(list[0])
		if len(list) > 1 && !list[1].Is("string", "template_string") {
			a.Strength, a.Expected = source.Partial, r.Code(list[1])
		}
		return a, true
	case strings.HasSuffix(lower, "null") || strings.HasSuffix(lower, "undefined") || lower == "exists" || lower == "isdefined" || lower == "iferror" || lower == "error":
		a.Strength, a.Expected = source.Exists, "nil"
		a.Negated = strings.Contains(lower, "not") || lower == "exists" || lower == "isdefined"
		return a, true
	case strings.Contains(lower, "snapshot"):
		a.Strength = source.Snapshot
		return a, true
	case strings.Contains(lower, "equal") || lower == "is" || lower == "not" || strings.Contains(lower, "same") || lower == "callcount" || strings.HasPrefix(lower, "calledwith"):
		a.Strength = source.Exact
	case len(list) > 1:
		a.Strength = source.Partial
	}
	if len(list) > 1 {
		left, right := list[0], list[1]
		if r.isLiteral(left) && !r.isLiteral(right) {
			left, right = right, left
		}
		a.Subject = r.Code(left)
		if r.isLiteral(right) {
			a.Expected = r.Code(right)
		}
		if right.Is("true", "false") && left.Is("binary_expression") {
			return r.truth(left, a.Negated != right.Is("false")), true // equal(x > 0, true)
		}
		if a.Strength == source.Exact && (r.SameValue(left, right) || r.isLiteral(left) && a.Subject == a.Expected) {
			a.Strength = source.Trivial
		}
	}
	return a, true
}

// truth reads assert(cond) as what the condition asks for.
func (r *testReader) truth(cond treesitter.Node, negated bool) source.Assertion { //nolint:revive // what the call asks for, true or false
	for cond.Is("parenthesized_expression") {
		for c := range cond.Named() {
			cond = c
			break
		}
	}
	if value, known := r.constant(cond); known {
		if value != negated {
			return source.Assertion{Strength: source.Trivial, Subject: r.Code(cond)}
		}
		return source.Assertion{Strength: source.Truth}
	}
	if cond.Is("unary_expression") && cond.At("operator").Text() == "!" {
		return r.truth(cond.At("argument"), !negated)
	}
	a := source.Assertion{Strength: source.Truth, Subject: r.Code(cond), Negated: negated}
	if cond.Is("call_expression") {
		return containing(r, cond, a)
	}
	if !cond.Is("binary_expression") {
		return a
	}
	left, right := cond.At("left"), cond.At("right")
	switch op := cond.At("operator").Text(); op {
	case "===", "==", "!==", "!=":
		if r.isLiteral(left) && !r.isLiteral(right) {
			left, right = right, left
		}
		a.Strength, a.Subject, a.Negated = source.Exact, r.Code(left), negated != (op[0] == '!')
		if r.isLiteral(right) {
			a.Expected = r.Code(right)
		}
		if r.SameValue(left, right) {
			a.Strength = source.Trivial
		}
	case "<", ">", "<=", ">=":
		a.Strength, a.Subject = source.Partial, r.Code(left)+" "+op
		if r.isLiteral(right) {
			a.Expected = r.Code(right)
		}
		if op == ">=" && form.IsLengthText(r.Code(left)) && a.Expected == "0" {
			a.Strength = source.Trivial
		}
	}
	return a
}

// containing reads x.includes("a") and /a/.test(x), which ask for a part of x.
func containing(r *testReader, call treesitter.Node, a source.Assertion) source.Assertion {
	f, list := call.At("function"), syntax.Args(call)
	if len(list) != 1 {
		return a
	}
	of, part := f.At("object"), list[0]
	switch f.At("property").Text() {
	case "includes", "startsWith", "endsWith":
	case "test", "match":
		if of.Is("regex") {
			of, part = part, of
		}
	default:
		return a
	}
	a.Strength, a.Subject = source.Partial, r.Code(of)
	if r.isLiteral(part) {
		a.Expected = r.Code(part)
	}
	return a
}

// isLiteral reports whether an expression is a value by itself.
func (r *testReader) isLiteral(n treesitter.Node) bool {
	switch n.Kind() {
	case "string", "number", "true", "false", "null", "undefined", "regex":
		return true
	case "template_string":
		return n.First("template_substitution").IsZero()
	case "identifier":
		return n.Text() == "undefined" || n.Text() == "NaN" || n.Text() == "Infinity"
	case "unary_expression":
		return r.isLiteral(n.At("argument"))
	case "array", "object", "pair", "parenthesized_expression", "as_expression":
		for c := range n.Named() {
			if c.Field() != "key" && !r.isLiteral(c) {
				return false
			}
		}
		return true
	}
	return false
}

// constant gives the truth of an expression that has only one.
func (r *testReader) constant(n treesitter.Node) (value, known bool) {
	switch n.Kind() {
	case "true":
		return true, true
	case "false", "null", "undefined":
		return false, true
	case "number":
		return n.Text() != "0", true
	case "string":
		return len(n.Text()) > 2, true
	case "object", "array":
		return true, r.isLiteral(n)
	case "parenthesized_expression":
		for c := range n.Named() {
			return r.constant(c)
		}
	case "unary_expression":
		if n.At("operator").Text() == "!" {
			v, ok := r.constant(n.At("argument"))
			return !v, ok
		}
	case "binary_expression":
		a, okA := r.constant(n.At("left"))
		b, okB := r.constant(n.At("right"))
		switch op := n.At("operator").Text(); op {
		case "||", "&&":
			short := op == "||"
			if okA && a == short || okB && b == short {
				return short, true
			}
			return !short, okA && okB
		case "===", "==", "!==", "!=":
			if r.isLiteral(n.At("left")) && r.isLiteral(n.At("right")) {
				return (r.Code(n.At("left")) == r.Code(n.At("right"))) == (op[0] == '='), true
			}
		}
	}
	return false, false
}

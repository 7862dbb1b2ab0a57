package python

import (
	"strings"

	"muster/internal/source"
	"muster/internal/source/reader/form"
	"muster/internal/source/reader/syntax"
	"muster/internal/source/treesitter"
)

// claims gives what a condition after "assert" asks for.
func (r *testReader) claims(cond treesitter.Node) []source.Assertion {
	if value, known := r.constant(cond); known {
		if value {
			return []source.Assertion{{Strength: source.Trivial, Subject: r.Code(cond)}}
		}
		return []source.Assertion{{Strength: source.Truth, Subject: strings.Join(r.When, " && ")}} // always fails
	}
	switch cond.Kind() {
	case "parenthesized_expression":
		for c := range cond.Named() {
			return r.claims(c)
		}
	case "not_operator":
		inner := r.claims(cond.At("argument"))
		if len(inner) == 1 {
			return syntax.Flip(inner)
		}
		return []source.Assertion{{Strength: source.Truth, Subject: r.Code(cond)}}
	case "boolean_operator":
		left, right := cond.At("left"), cond.At("right")
		if cond.At("operator").Text() == "and" {
			return append(r.claims(left), r.claims(right)...)
		}
		return syntax.StrongestOf(r.claims(left), r.claims(right), r.Code(left), r.Code(right))
	case "comparison_operator":
		return []source.Assertion{r.comparison(cond)}
	case "call":
		return []source.Assertion{r.predicate(cond)}
	case "list_comprehension", "generator_expression":
		return []source.Assertion{{Strength: source.Truth, Subject: r.Code(cond)}}
	}
	return []source.Assertion{{Strength: source.Truth, Subject: r.Code(cond)}}
}

// predicate reads a call that answers yes or no.
func (r *testReader) predicate(call treesitter.Node) source.Assertion {
	name := call.At("function").Text()
	given := syntax.Args(call)
	a := source.Assertion{Strength: source.Truth, Subject: r.Code(call)}
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "isinstance", "issubclass", "match", "search", "fullmatch":
		if len(given) == 2 {
			a = source.Assertion{Strength: source.Partial, Subject: r.Code(given[0]), Expected: r.Code(given[1])}
			if a.Expected == "object" {
				a.Strength = source.Trivial
			}
		}
	case "startswith", "endswith", "issubset", "issuperset", "isclose":
		a.Strength = source.Partial
		if len(given) > 0 && r.isLiteral(given[0]) {
			a.Subject, a.Expected = r.Code(call.At("function")), r.Code(given[0])
		}
	case "array_equal", "equals", "cmp":
		a.Strength = source.Exact
	case "allclose":
		a.Strength = source.Partial
	}
	return a
}

// comparison reads "a == b" and its like.
func (r *testReader) comparison(n treesitter.Node) source.Assertion {
	var sides []treesitter.Node
	var ops []string
	for c := range n.Children() {
		if c.IsNamed() && !c.Is("is not", "not in", "comment") {
			sides = append(sides, c)
		} else if !c.Is("comment") {
			ops = append(ops, strings.Join(strings.Fields(c.Text()), " "))
		}
	}
	if len(ops) != 1 || len(sides) != 2 {
		return source.Assertion{Strength: source.Partial, Subject: r.Code(n)}
	}
	left, right, op := sides[0], sides[1], ops[0]
	if r.isLiteral(left) && !r.isLiteral(right) && (op == "==" || op == "!=" || op == "is" || op == "is not") {
		left, right = right, left
	}
	a := source.Assertion{Strength: source.Truth, Subject: r.Code(left)}
	if r.isLiteral(right) {
		a.Expected = r.Code(right)
	}
	text := r.Code(right)
	switch op {
	case "==", "is":
		a.Strength = source.Exact
		if r.SameValue(left, right) {
			a.Strength = source.Trivial
		}
		if strings.Contains(text, "approx(") {
			a.Strength = source.Partial
			a.Expected = text
		}
		if strings.HasPrefix(text, "snapshot") {
			a.Strength = source.Snapshot
		}
		if right.Text() == "mock.ANY" || right.Text() == "ANY" {
			a.Strength = source.Trivial
		}
	case "!=", "<>", "is not":
		a.Strength, a.Negated = source.Exact, true
	case "in", "not in":
		a = source.Assertion{Strength: source.Partial, Subject: text, Negated: op == "not in"}
		if r.isLiteral(left) {
			a.Expected = r.Code(left)
		}
		if left.Text() == `""` || left.Text() == "''" || r.SameValue(left, right) {
			a.Strength = source.Trivial
		}
		if !r.isLiteral(left) && r.isLiteral(right) { // assert code in (200, 201)
			a.Subject, a.Expected = r.Code(left), text
		}
	default:
		a.Strength = source.Partial
		if form.IsLengthText(a.Subject) && (op == ">=" && text == "0" || op == ">" && text == "-1") {
			a.Strength = source.Trivial
		}
		a.Subject += " " + op
	}
	return a
}

// isLiteral reports whether an expression is a value by itself.
func (r *testReader) isLiteral(n treesitter.Node) bool {
	switch n.Kind() {
	case "string", "integer", "float", "true", "false", "none", "concatenated_string":
		return n.First("interpolation").IsZero()
	case "unary_operator":
		return r.isLiteral(n.At("argument"))
	case "list", "tuple", "set", "dictionary", "parenthesized_expression", "pair":
		for c := range n.Named() {
			if !r.isLiteral(c) {
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
	case "false", "none":
		return false, true
	case "integer":
		return n.Text() != "0", true
	case "string":
		return len(strings.Trim(n.Text(), `"'`)) > 0, n.First("interpolation").IsZero()
	case "tuple":
		for range n.Named() {
			return true, true // assert (x, "message")
		}
	case "parenthesized_expression":
		for c := range n.Named() {
			return r.constant(c)
		}
	case "not_operator":
		v, ok := r.constant(n.At("argument"))
		return !v, ok
	case "boolean_operator":
		a, okA := r.constant(n.At("left"))
		b, okB := r.constant(n.At("right"))
		short := n.At("operator").Text() == "or"
		if okA && a == short || okB && b == short {
			return short, true
		}
		return !short, okA && okB
	case "comparison_operator":
		var sides []treesitter.Node
		for c := range n.Named() {
			sides = append(sides, c)
		}
		if len(sides) == 2 && (strings.Contains(r.Code(n), "==") || strings.Contains(r.Code(n), " is ")) && !strings.Contains(r.Code(n), " is not ") &&
			sides[0].Is("integer", "string") && sides[1].Is("integer", "string") {
			return sides[0].Text() == sides[1].Text(), true
		}
	}
	return false, false
}

// assertion reads a call whose name begins with assert: of unittest, of mocks,
// of numpy, or a function of the project.
func (r *testReader) assertion(call treesitter.Node, name, short string, given []treesitter.Node) {
	a := source.Assertion{Strength: source.Truth}
	if len(given) > 0 {
		a.Subject = r.Code(given[0])
	}
	pair := func(s source.Strength) {
		a.Strength = s
		if len(given) < 2 {
			return
		}
		left, right := given[0], given[1]
		if r.isLiteral(left) && !r.isLiteral(right) {
			left, right = right, left
		}
		a.Subject = r.Code(left)
		if r.isLiteral(right) {
			a.Expected = r.Code(right)
		}
		if r.SameValue(left, right) && s == source.Exact {
			a.Strength = source.Trivial
		}
	}
	lower := strings.ToLower(strings.ReplaceAll(short, "_", ""))
	negated := strings.Contains(lower, "not")
	switch {
	case strings.HasPrefix(lower, "assertnotcalled"):
		a = source.Assertion{Strength: source.Partial, Subject: r.Code(call.At("function").At("object")) + " called", Negated: true}
	case strings.Contains(lower, "called") || strings.Contains(lower, "hascalls") || strings.Contains(lower, "awaited"):
		a = source.Assertion{Strength: calledStrength(lower), Subject: r.Code(call.At("function").At("object")) + " called", Expected: r.Code(call.At("arguments"))}
	case strings.Contains(lower, "almost") || strings.Contains(lower, "close"):
		pair(source.Partial)
	case strings.Contains(lower, "equal") && !strings.Contains(lower, "greater") && !strings.Contains(lower, "less"), lower == "assertis", lower == "assertisnot":
		pair(source.Exact)
		a.Negated = negated
	case lower == "asserttrue" || lower == "asserttrue_" || lower == "assert_" || lower == "assertfalse":
		r.assertTrue(call, given, lower == "assertfalse")
		return
	case strings.HasSuffix(lower, "none"):
		a.Strength, a.Expected, a.Negated = source.Exists, "nil", negated
	case lower == "assertin" || lower == "assertnotin": //nolint:misspell // the name of a method in small letters
		pair(source.Partial)
		if len(given) == 2 && r.isLiteral(given[0]) {
			a.Subject, a.Expected = r.Code(given[1]), r.Code(given[0])
		}
		a.Negated = negated
	case strings.Contains(lower, "regex") || strings.Contains(lower, "greater") || strings.Contains(lower, "less") || strings.Contains(lower, "instance") ||
		strings.Contains(lower, "contains") || strings.Contains(lower, "length") || strings.Contains(lower, "startswith"):
		pair(source.Partial)
		a.Negated = negated
	case strings.Contains(lower, "match") && strings.Contains(name, "snapshot"):
		a.Strength = source.Snapshot
	default:
		a.Via = short
		a.Subject = short + " " + r.codes(given[:max(min(1, len(given)), len(given)-1)])
		if len(given) > 1 && r.isLiteral(given[len(given)-1]) {
			a.Expected = r.Code(given[len(given)-1])
		}
	}
	r.Assert(a, call)
}

// calledStrength tells how much an assertion about the calls of a mock asks
// for, by its name in small letters.
func calledStrength(lower string) source.Strength {
	switch {
	case strings.Contains(lower, "with") || strings.Contains(lower, "calls"):
		return source.Exact
	case strings.Contains(lower, "once"):
		return source.Partial
	}
	return source.Exists
}

func (r *testReader) assertTrue(call treesitter.Node, given []treesitter.Node, not bool) { //nolint:revive // what the call asks for, true or false
	if len(given) == 0 {
		return
	}
	list := r.claims(given[0])
	if value, known := r.constant(given[0]); known && not {
		list = []source.Assertion{{Strength: source.Truth}}
		if !value {
			list = []source.Assertion{{Strength: source.Trivial, Subject: r.Code(given[0])}}
		}
	} else if not {
		list = syntax.Flip(list)
	}
	for _, a := range list {
		r.Assert(a, call)
	}
}

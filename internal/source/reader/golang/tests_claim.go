package golang

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"

	"muster/internal/source"
	"muster/internal/source/reader/form"
)

// claims adds what a condition asserts. With fails, the test fails where the
// condition holds: its opposite is asserted.
func (w *testWalker) claims(cond ast.Expr, fails bool, n ast.Node) {
	for _, a := range w.claim(cond, fails) {
		w.assert(a, n)
	}
}

func (w *testWalker) claim(cond ast.Expr, fails bool) []source.Assertion { //nolint:revive // the side on which the test fails goes with the expression
	switch x := ast.Unparen(cond).(type) {
	case *ast.UnaryExpr:
		if x.Op == token.NOT {
			return w.claim(x.X, !fails)
		}
	case *ast.BinaryExpr:
		if x.Op == token.LOR || x.Op == token.LAND {
			return w.joined(x, fails)
		}
		return []source.Assertion{w.comparison(x, fails)}
	case *ast.CallExpr:
		if a, ok := w.predicate(x); ok {
			a.Negated = fails // "if !strings.Contains(...)" fails: the call itself is asserted
			return []source.Assertion{a}
		}
	case *ast.Ident:
		if x.Name == "true" || x.Name == "false" {
			if (x.Name == "true") == fails {
				return []source.Assertion{{Strength: source.Truth, Subject: "", Negated: fails}} // always fails
			}
			return []source.Assertion{{Strength: source.Trivial, Subject: x.Name}}
		}
		// diff := cmp.Diff(want, got)
		if v, ok := w.values[x.Name].(*ast.CallExpr); ok {
			if a, ok := w.predicate(v); ok {
				a.Negated = fails
				return []source.Assertion{a}
			}
		}
	}
	return []source.Assertion{{Strength: source.Truth, Subject: w.code(cond), Negated: fails}}
}

// joined reads "a || b" and "a && b". Where the test fails when either holds,
// both are asserted. Where it fails only when both hold, one of them is
// asserted under the condition of the other.
func (w *testWalker) joined(x *ast.BinaryExpr, fails bool) []source.Assertion { //nolint:revive // the side on which the test fails goes with the expression
	if (x.Op == token.LOR) == fails {
		return append(w.claim(x.X, fails), w.claim(x.Y, fails)...)
	}
	if fails && (w.never(x.X) != "" || w.never(x.Y) != "") || !fails && (w.always(x.X) || w.always(x.Y)) {
		return []source.Assertion{{Strength: source.Trivial, Subject: w.code(x)}}
	}
	left, right := w.claim(x.X, fails), w.claim(x.Y, fails)
	main, other := left, x.Y
	if form.Best(right) < form.Best(left) {
		main, other = right, x.X
	}
	for i := range main {
		when := w.code(other)
		if main[i].When != "" {
			when = main[i].When + " && " + when
		}
		main[i].When = when
	}
	return main
}

// comparison reads "a op b".
func (w *testWalker) comparison(x *ast.BinaryExpr, fails bool) source.Assertion { //nolint:revive // the side on which the test fails goes with the expression
	op := x.Op
	if fails {
		op = opposite(op)
	}
	subject, expected := x.X, x.Y
	lit, isLit := w.literal(x.Y)
	if left, ok := w.literal(x.X); ok && !isLit {
		subject, expected, lit, isLit, op = x.Y, x.X, left, true, mirrored(op)
	}
	a := source.Assertion{Strength: source.Truth, Subject: w.code(subject), Negated: op == token.NEQ}
	if isLit {
		a.Expected = lit
	}
	if w.same(subject, expected) || w.trivialLength(subject, lit, op) {
		a.Strength = source.Trivial
		return a
	}
	switch op {
	case token.EQL, token.NEQ:
		a.Strength = source.Exact
		switch {
		case lit == "nil":
			a.Strength = source.Exists
		case lit == "true" || lit == "false":
			a.Strength, a.Negated = source.Truth, (lit == "true") == (op == token.NEQ)
			a.Expected = ""
		case isLength(subject):
			a.Strength = source.Partial
		}
		if diff, ok := w.differ(subject); ok && (lit == `""` || lit == "nil" || lit == "0") {
			diff.Negated = op == token.NEQ
			return diff
		}
	default:
		a.Strength = source.Partial
		a.Subject = w.code(subject) + " " + op.String()
	}
	return a
}

// differ reads a comparison whose outcome is looked at: cmp.Diff(want, got),
// bytes.Compare(a, b), or a name for it.
func (w *testWalker) differ(e ast.Expr) (source.Assertion, bool) {
	if id, ok := ast.Unparen(e).(*ast.Ident); ok {
		if v := w.values[id.Name]; v != nil {
			e = v
		}
	}
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok || len(call.Args) < 2 {
		return source.Assertion{}, false
	}
	switch name := w.code(call.Fun); {
	case strings.HasSuffix(name, "Diff"), strings.HasSuffix(name, "deep.Equal"), strings.HasSuffix(name, ".Compare"), name == "diff":
		return w.pair(source.Exact, call.Args[0], call.Args[1]), true
	}
	return source.Assertion{}, false
}

// pair is an assertion about two values, of which the literal one is what is
// expected; where both or none are, the first one.
func (w *testWalker) pair(s source.Strength, a, b ast.Expr) source.Assertion {
	left, isLeft := w.literal(a)
	right, isRight := w.literal(b)
	out := source.Assertion{Strength: s, Subject: w.code(b)}
	switch {
	case w.same(a, b):
		out.Strength = source.Trivial
	case isLeft:
		out.Expected = left
	case isRight:
		out.Subject, out.Expected = w.code(a), right
	case isWant(w.code(b)) && !isWant(w.code(a)):
		out.Subject = w.code(a)
	}
	return out
}

func isWant(text string) bool {
	lower := strings.ToLower(text)
	return strings.Contains(lower, "want") || strings.Contains(lower, "expect") || strings.Contains(lower, "exp")
}

// same reports whether two expressions are the same and calculate nothing, or
// are equal literals.
func (w *testWalker) same(a, b ast.Expr) bool {
	calls := false
	ast.Inspect(a, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr, *ast.FuncLit:
			calls = true
		case *ast.UnaryExpr:
			calls = calls || n.Op == token.ARROW
		}
		return !calls
	})
	return !calls && w.code(ast.Unparen(a)) == w.code(ast.Unparen(b))
}

func isLength(e ast.Expr) bool {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return false
	}
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name == "len" || f.Name == "cap"
	case *ast.SelectorExpr:
		return f.Sel.Name == "Len" && len(call.Args) == 0
	}
	return false
}

// trivialLength finds "len(x) >= 0".
func (w *testWalker) trivialLength(e ast.Expr, lit string, op token.Token) bool {
	return isLength(e) && (op == token.GEQ && lit == "0" || op == token.GTR && lit == "-1")
}

func opposite(op token.Token) token.Token {
	switch op {
	case token.EQL:
		return token.NEQ
	case token.NEQ:
		return token.EQL
	case token.LSS:
		return token.GEQ
	case token.GEQ:
		return token.LSS
	case token.GTR:
		return token.LEQ
	case token.LEQ:
		return token.GTR
	default:
		return op
	}
}

func mirrored(op token.Token) token.Token {
	switch op {
	case token.LSS:
		return token.GTR
	case token.GTR:
		return token.LSS
	case token.LEQ:
		return token.GEQ
	case token.GEQ:
		return token.LEQ
	default:
		return op
	}
}

// predicate reads a call that answers yes or no.
func (w *testWalker) predicate(call *ast.CallExpr) (source.Assertion, bool) {
	name := w.code(call.Fun)
	short := name[strings.LastIndex(name, ".")+1:]
	args := call.Args
	switch {
	case name == "errors.Is" || name == "errors.As" || short == "ErrorIs":
		if len(args) == 2 {
			a := source.Assertion{Strength: source.Exact, Subject: w.code(args[0]), Expected: w.code(args[1])}
			return a, true
		}
	case short == "DeepEqual" || short == "Equal" || short == "EqualFunc" || short == "EqualFold":
		s := source.Exact
		if short == "EqualFold" {
			s = source.Partial
		}
		if len(args) >= 2 {
			return w.pair(s, args[0], args[1]), true
		}
		if sel, ok := call.Fun.(*ast.SelectorExpr); ok && len(args) == 1 {
			return w.pair(s, args[0], sel.X), true
		}
	case short == "Contains" || short == "HasPrefix" || short == "HasSuffix" || short == "MatchString" || short == "ContainsAny" || short == "Match":
		if len(args) == 2 {
			a := source.Assertion{Strength: source.Partial, Subject: w.code(args[0])}
			if lit, ok := w.literal(args[1]); ok {
				a.Expected = lit
			}
			if w.same(args[0], args[1]) || a.Expected == `""` {
				a.Strength = source.Trivial
			}
			return a, true
		}
		if len(args) == 1 {
			return source.Assertion{Strength: source.Partial, Subject: w.code(args[0]), Expected: ""}, true
		}
	}
	return source.Assertion{}, false
}

// never says why a condition never holds, as far as the text alone shows.
func (w *testWalker) never(e ast.Expr) string {
	if value, ok := w.constant(e); ok && !value {
		return "it stands under a condition that never holds: " + w.code(e)
	}
	return ""
}

// always reports whether a condition always holds.
func (w *testWalker) always(e ast.Expr) bool {
	value, ok := w.constant(e)
	return ok && value
}

// constant gives the value of a condition that has only one.
func (w *testWalker) constant(e ast.Expr) (value, known bool) {
	switch x := ast.Unparen(e).(type) {
	case *ast.Ident:
		return x.Name == "true", x.Name == "true" || x.Name == "false"
	case *ast.UnaryExpr:
		if x.Op == token.NOT {
			v, ok := w.constant(x.X)
			return !v, ok
		}
	case *ast.BinaryExpr:
		switch x.Op { //nolint:exhaustive // only operators that compare or join have a known value
		case token.LAND, token.LOR:
			a, okA := w.constant(x.X)
			b, okB := w.constant(x.Y)
			short := x.Op == token.LOR
			if okA && a == short || okB && b == short {
				return short, true
			}
			return !short, okA && okB
		case token.EQL, token.NEQ:
			if w.same(x.X, x.Y) {
				return x.Op == token.EQL, true
			}
			a, isA := ast.Unparen(x.X).(*ast.BasicLit)
			b, isB := ast.Unparen(x.Y).(*ast.BasicLit)
			if isA && isB {
				return (a.Value == b.Value) == (x.Op == token.EQL), true
			}
		case token.LSS, token.GTR:
			a, okA := number(x.X)
			b, okB := number(x.Y)
			if x.Op == token.LSS && isLength(x.X) && okB && b == 0 {
				return false, true
			}
			if okA && okB {
				return (a < b) == (x.Op == token.LSS) && a != b, true
			}
		}
	}
	return false, false
}

func number(e ast.Expr) (float64, bool) {
	lit, ok := ast.Unparen(e).(*ast.BasicLit)
	if !ok {
		return 0, false
	}
	v, err := strconv.ParseFloat(lit.Value, 64)
	return v, err == nil
}

func unquote(s string) string {
	if t, err := strconv.Unquote(s); err == nil {
		return t
	}
	return s
}

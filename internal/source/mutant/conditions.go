package mutant

import (
	"go/ast"
	"go/token"
	"go/types"
	"math/big"
	"slices"
)

// ifStmt offers to skip a guard, and to invert any condition. A guard refuses:
// it gives an error back, or ends. An exit of another sort is often only a
// shorter way to the same result, so skipping it says little. A check of an
// error is inverted rather than skipped: whether the failure of what it calls
// is tested says little about it, but a test that comes by at all must see it
// inverted.
func (f *finder) ifStmt(n *ast.IfStmt) {
	if isAridBlock(f.code, n.Body) && n.Else == nil {
		f.count(n.Cond, &f.found.Arid)
		f.fix(n.Cond)
		return
	}
	switch {
	case f.isErrorCheck(n.Cond):
		f.condition(n.Cond, ErrorCheck)
	case n.Else == nil && f.refuses(n.Body):
		f.never(n.Cond, Guard)
	}
	f.condition(n.Cond, Condition)
}

// forStmt offers to skip a loop that has a condition. What follows each turn is
// left alone: changing it makes the loop endless.
func (f *finder) forStmt(n *ast.ForStmt) {
	f.fix(n.Post)
	if n.Cond != nil {
		f.never(n.Cond, Loop)
	}
}

// never makes a condition false without evaluating it.
func (f *finder) never(cond ast.Expr, op Op) {
	if f.isConstant(cond) {
		return
	}
	start, end := f.file.span(cond)
	f.add(op, cond, cond.Pos(), "false && ("+f.flat(cond)+")",
		before(start, end, "(!"+on+" && ("), after(start, end, "))"))
}

// condition inverts a condition.
func (f *finder) condition(cond ast.Expr, op Op) {
	if !f.isBool(cond) || f.isConstant(cond) {
		return
	}
	start, end := f.file.span(cond)
	f.add(op, cond, cond.Pos(), f.inverted(cond), before(start, end, "(("), after(start, end, ") != "+on+")"))
}

// inverted gives the source of the opposite of a condition.
func (f code) inverted(cond ast.Expr) string {
	switch e := cond.(type) {
	case *ast.UnaryExpr:
		if e.Op == token.NOT {
			return f.flat(e.X)
		}
	case *ast.BinaryExpr:
		// With a number that is none, "a < b" and "a >= b" are both false.
		if opposite, ok := opposites()[e.Op]; ok && (!f.isFloat(e.X) || e.Op == token.EQL || e.Op == token.NEQ) {
			return f.joined(e, opposite)
		}
	case *ast.Ident:
		switch f.info.Uses[e] {
		case types.Universe.Lookup("true"):
			return "false"
		case types.Universe.Lookup("false"):
			return "true"
		}
		return "!" + e.Name
	case *ast.CallExpr, *ast.SelectorExpr, *ast.IndexExpr, *ast.ParenExpr:
		return "!" + f.flat(cond)
	}
	return "!(" + f.flat(cond) + ")"
}

func opposites() map[token.Token]token.Token {
	return map[token.Token]token.Token{
		token.EQL: token.NEQ, token.NEQ: token.EQL, token.LSS: token.GEQ, token.GEQ: token.LSS, token.GTR: token.LEQ, token.LEQ: token.GTR,
	}
}

// comparison offers what can be done to one: to invert it, to move its
// boundary, to change a number it compares with.
func (f *finder) comparison(n *ast.BinaryExpr) {
	switch f.parent().(type) {
	case *ast.IfStmt, *ast.ForStmt:
		// Its own operators are more telling.
	default:
		f.condition(n, Comparison)
	}
	if moved, ok := boundaries()[n.Op]; ok && f.isOrdinal(n.X) && f.isOrdinal(n.Y) {
		if f.isSameAtBoundary(n) {
			f.count(n, &f.found.Equivalent)
		} else {
			f.alternative(Boundary, n, f.joined(n, moved))
		}
	}
	if n.Op != token.EQL && n.Op != token.NEQ {
		return
	}
	if next, ok := neighbour(n.Y, "+"); ok {
		f.alternative(Constant, n, f.flat(n.X)+" "+n.Op.String()+" "+next)
	} else if next, ok := neighbour(n.X, "+"); ok {
		f.alternative(Constant, n, next+" "+n.Op.String()+" "+f.flat(n.Y))
	}
}

func boundaries() map[token.Token]token.Token {
	return map[token.Token]token.Token{token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR}
}

// neighbour gives the number beside one that is written out.
func neighbour(e ast.Expr, sign string) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.INT {
		return "", false
	}
	n, ok := new(big.Int).SetString(lit.Value, 0)
	if !ok {
		return "", false
	}
	by := map[string]int64{"+": 1, "-": -1}[sign]
	return n.Add(n, big.NewInt(by)).String(), true
}

// connective offers to exchange && and ||, and to drop either side.
func (f *finder) connective(n *ast.BinaryExpr) {
	other := map[token.Token]token.Token{token.LAND: token.LOR, token.LOR: token.LAND}[n.Op]
	c := f.alternative(Connective, n, f.joined(n, other))
	if c.Line != 0 && f.isOperand() {
		c.New = "(" + c.New + ")"
	}
	f.drop(n, n.X, n.Y)
	f.drop(n, n.Y, n.X)
}

// drop leaves one side of a connective out: it counts as true with &&, as
// false with ||, and is not evaluated.
func (f *finder) drop(n *ast.BinaryExpr, side, rest ast.Expr) {
	if f.isConstant(side) {
		return
	}
	start, end := f.file.span(side)
	open := "(" + on + " || ("
	if n.Op == token.LOR {
		open = "(!" + on + " && ("
	}
	f.add(Operand, n, side.Pos(), f.flat(rest), before(start, end, open), after(start, end, "))"))
}

// alternative replaces a boolean expression by another one. Only one of the
// two is evaluated.
func (f *finder) alternative(op Op, n *ast.BinaryExpr, replacement string) *candidate {
	start, end := f.file.span(n)
	return f.add(op, n, n.OpPos, replacement,
		before(start, end, "("+on+" && ("+replacement+") || !"+on+" && ("), after(start, end, "))"))
}

// isOperand reports whether what is around the current expression could bind
// more tightly than a replacement of it.
func (f *around) isOperand() bool {
	switch f.parent().(type) {
	case *ast.BinaryExpr, *ast.UnaryExpr, *ast.StarExpr:
		return true
	}
	return false
}

// unary offers to drop a "!" that is not a whole condition.
func (f *finder) unary(n *ast.UnaryExpr) {
	if _, ok := f.parent().(*ast.IfStmt); !ok && n.Op == token.NOT {
		f.condition(n, Comparison)
	}
}

// isErrorCheck reports whether a condition compares an error with nil.
func (f code) isErrorCheck(cond ast.Expr) bool {
	b, ok := ast.Unparen(cond).(*ast.BinaryExpr)
	if !ok || b.Op != token.NEQ && b.Op != token.EQL {
		return false
	}
	return f.isNil(b.Y) && isError(f.info.TypeOf(b.X)) || f.isNil(b.X) && isError(f.info.TypeOf(b.Y))
}

// refuses reports whether a block ends by giving an error back or by ending
// the program.
func (f *around) refuses(b *ast.BlockStmt) bool {
	if len(b.List) == 0 {
		return false
	}
	switch s := b.List[len(b.List)-1].(type) {
	case *ast.ReturnStmt:
		results := f.results()
		for i, e := range s.Results {
			if results != nil && len(s.Results) == results.Len() && isError(results.At(i).Type()) && !f.isNil(e) {
				return true
			}
		}
	case *ast.ExprStmt:
		call, ok := s.X.(*ast.CallExpr)
		return ok && isEnd(f.code, call)
	}
	return false
}

// isSameAtBoundary reports whether "<" and "<=" give the same program here:
// where both sides are equal, what the condition decides is alike either way.
// That is so when the body only passes one of both sides on (a maximum, a
// clamp), and when they were just found to differ (an order by two keys).
func (f *around) isSameAtBoundary(n *ast.BinaryExpr) bool {
	x, y := f.flat(n.X), f.flat(n.Y)
	for _, outer := range slices.Backward(f.stack) {
		s, ok := outer.(*ast.IfStmt)
		if !ok {
			continue
		}
		if s.Cond == n && f.passesOn(s.Body, x, y) {
			return true
		}
		if b, ok := s.Cond.(*ast.BinaryExpr); ok && b.Op == token.NEQ && b != n {
			if p, q := f.flat(b.X), f.flat(b.Y); p == x && q == y || p == y && q == x {
				return true
			}
		}
	}
	return f.isOrder(n)
}

// passesOn reports whether a body is a single assignment or return of one of
// two expressions.
func (f code) passesOn(b *ast.BlockStmt, x, y string) bool {
	if len(b.List) != 1 {
		return false
	}
	var value ast.Expr
	switch s := b.List[0].(type) {
	case *ast.AssignStmt:
		if s.Tok == token.ASSIGN && len(s.Rhs) == 1 {
			value = s.Rhs[0]
		}
	case *ast.ReturnStmt:
		if len(s.Results) == 1 {
			value = s.Results[0]
		}
	}
	if value == nil {
		return false
	}
	text := f.flat(value)
	return text == x || text == y
}

// isOrder reports whether a comparison is what a function of order gives back:
// func(i, j int) bool { return s[i] < s[j] }. Equal elements may stand in
// either order.
func (f *around) isOrder(n *ast.BinaryExpr) bool {
	ret, ok := f.parent().(*ast.ReturnStmt)
	if !ok || len(ret.Results) != 1 || ret.Results[0] != n {
		return false
	}
	for _, outer := range slices.Backward(f.stack) {
		switch d := outer.(type) {
		case *ast.FuncLit:
			return d.Type.Params.NumFields() == 2
		case *ast.FuncDecl:
			return d.Name.Name == "Less"
		}
	}
	return false
}

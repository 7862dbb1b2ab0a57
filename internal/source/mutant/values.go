package mutant

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// binary offers what can be done to an expression with two sides.
func (f *finder) binary(n *ast.BinaryExpr) {
	switch n.Op {
	case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
		f.comparison(n)
	case token.LAND, token.LOR:
		f.connective(n)
	default:
		values{f}.arithmetic(n)
	}
}

// change is what becomes of an operator with two sides.
type change struct {
	to     token.Token
	op     Op
	helper string // of what Write adds to the package
}

func changes() map[token.Token]change {
	return map[token.Token]change{
		token.ADD:     {token.SUB, Arithmetic, "musterAddSub__"},
		token.SUB:     {token.ADD, Arithmetic, "musterSubAdd__"},
		token.MUL:     {token.QUO, Arithmetic, "musterMulQuo__"},
		token.QUO:     {token.MUL, Arithmetic, "musterQuoMul__"},
		token.REM:     {token.MUL, Arithmetic, "musterRemMul__"},
		token.AND:     {token.OR, Bits, "musterAndOr__"},
		token.OR:      {token.AND, Bits, "musterOrAnd__"},
		token.XOR:     {token.AND, Bits, "musterXorAnd__"},
		token.AND_NOT: {token.AND, Bits, "musterAndNotAnd__"},
		token.SHL:     {token.SHR, Bits, "musterShlShr__"},
		token.SHR:     {token.SHL, Bits, "musterShrShl__"},
	}
}

// arithmetic turns an operator into another one. Both sides become arguments
// of a function that knows both operators, so each is evaluated once.
func (f values) arithmetic(n *ast.BinaryExpr) {
	c, ok := changes()[n.Op]
	if !ok || !f.isNumber(n) || isDuration(f.info.TypeOf(n)) {
		return
	}
	if f.isNeutral(n.Op, n.X, n.Y) {
		f.count(n, &f.found.Equivalent)
		return
	}
	start, end := f.file.span(n)
	op := f.file.offset(n.OpPos)
	text := f.joined(n, c.to)
	if c.to.Precedence() != n.Op.Precedence() && f.isOperand() {
		text = "(" + text + ")"
	}
	f.add(c.op, n, n.OpPos, text,
		before(start, end, c.helper+"("+id+", "), instead(op, op+len(n.Op.String()), ","), after(start, end, ")"))
}

// joined gives an expression with another operator, spaced as it is.
func (f code) joined(n *ast.BinaryExpr, op token.Token) string {
	space := " "
	if n.X.End() == n.OpPos {
		space = ""
	}
	return f.flat(n.X) + space + op.String() + space + f.flat(n.Y)
}

// isNeutral reports whether a side is a number that makes the operator and what
// it becomes alike.
func (f code) isNeutral(op token.Token, x, y ast.Expr) bool {
	same := map[token.Token]string{token.ADD: "0", token.SUB: "0", token.MUL: "1", token.QUO: "1", token.SHL: "0", token.SHR: "0"}[op]
	if same == "" {
		return f.flat(x) == f.flat(y) && (op == token.AND || op == token.OR)
	}
	tv := f.info.Types[y]
	return tv.Value != nil && tv.Value.ExactString() == same
}

// slice offers to move either end of a slice by one.
func (f values) slice(n *ast.SliceExpr) {
	move := func(end ast.Expr, sign string) {
		start, stop := f.file.span(end)
		text := f.flat(end)
		if _, ok := end.(*ast.BinaryExpr); ok {
			text = "(" + text + ")"
		}
		text += sign + "1"
		if moved, ok := neighbour(end, sign); ok {
			text = moved
		}
		f.add(Slice, end, end.Pos(), text, before(start, stop, "("), after(start, stop, ")"+sign+"musterInt__("+id+")"))
	}
	if n.High != nil && f.isInt(n.High) {
		move(n.High, "-")
	}
	if n.Low != nil && f.isInt(n.Low) {
		move(n.Low, "+")
	}
}

// call offers to exchange two neighbouring arguments that are variables of the
// same type.
func (f values) call(n *ast.CallExpr) {
	if f.info.Types[n.Fun].IsType() || slices.Contains(symmetric(), calleeName(n)) {
		return
	}
	for i := range len(n.Args) - 1 {
		a, b := n.Args[i], n.Args[i+1]
		if !f.isVariable(a) || !f.isVariable(b) || f.text(a) == f.text(b) || !types.Identical(f.info.TypeOf(a), f.info.TypeOf(b)) {
			continue
		}
		as, ae := f.file.span(a)
		bs, be := f.file.span(b)
		c := f.add(Swap, n, n.Pos(), "", before(as, ae, "musterPick__("+id+", "), after(as, ae, ", "+f.text(b)+")"),
			before(bs, be, "musterPick__("+id+", "), after(bs, be, ", "+f.text(a)+")"))
		if c.Line != 0 {
			c.Start, c.End, c.EndLine = as, be, f.file.line(b.End())
			c.New = f.text(b) + string(f.file.text[ae:bs]) + f.text(a)
		}
		return
	}
}

// symmetric names functions to which the order of their arguments is all one.
func symmetric() []string {
	return []string{"max", "min", "Max", "Min", "Equal", "EqualFold", "DeepEqual", "Compare", "Join", "append", "Is", "As"}
}

// isVariable reports whether e is a variable, or a field of one, so that
// reading it has no effect.
func (f code) isVariable(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		_, ok := f.info.Uses[e].(*types.Var)
		return ok
	case *ast.SelectorExpr:
		v, ok := f.info.Uses[e.Sel].(*types.Var)
		return ok && (v.IsField() && f.isVariable(e.X) || !v.IsField())
	}
	return false
}

// calleeName gives the last name of what is called.
func calleeName(n *ast.CallExpr) string {
	switch fn := ast.Unparen(n.Fun).(type) {
	case *ast.Ident:
		return fn.Name
	case *ast.SelectorExpr:
		return fn.Sel.Name
	case *ast.IndexExpr:
		return calleeName(&ast.CallExpr{Fun: fn.X})
	}
	return ""
}

func (f code) isConstant(e ast.Expr) bool { return f.info.Types[e].Value != nil }

func (f code) isNil(e ast.Expr) bool { return f.info.Types[e].IsNil() }

// has reports whether an expression's type is basic with some property.
func (f code) has(e ast.Expr, property types.BasicInfo) bool {
	t := f.info.TypeOf(e)
	if t == nil {
		return false
	}
	if p, ok := t.(*types.TypeParam); ok {
		return everyTerm(p, property)
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&property != 0
}

// everyTerm reports whether all types of a type parameter have a property. A
// parameter without such a list has none.
func everyTerm(p *types.TypeParam, property types.BasicInfo) bool {
	i, ok := p.Underlying().(*types.Interface)
	if !ok || i.NumEmbeddeds() == 0 {
		return false
	}
	for e := range i.EmbeddedTypes() {
		u, ok := e.(*types.Union)
		if !ok {
			return false
		}
		for t := range u.Terms() {
			if b, ok := t.Type().Underlying().(*types.Basic); !ok || b.Info()&property == 0 {
				return false
			}
		}
	}
	return true
}

func (f code) isBool(e ast.Expr) bool    { return f.has(e, types.IsBoolean) }
func (f code) isFloat(e ast.Expr) bool   { return f.has(e, types.IsFloat) }
func (f code) isNumber(e ast.Expr) bool  { return f.has(e, types.IsNumeric) }
func (f code) isInt(e ast.Expr) bool     { return f.has(e, types.IsInteger) }
func (f code) isOrdinal(e ast.Expr) bool { return f.has(e, types.IsInteger|types.IsString) }

func isError(t types.Type) bool {
	return t != nil && types.Identical(t, types.Universe.Lookup("error").Type())
}

func isDuration(t types.Type) bool { return t != nil && t.String() == "time.Duration" }

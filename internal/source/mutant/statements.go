package mutant

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// returnStmt offers another value for each result. The whole statement is
// written anew in front of it, so the values beside it stay as they are.
func (f statements) returnStmt(n *ast.ReturnStmt) {
	results := f.results()
	if results == nil || len(n.Results) != results.Len() {
		return // nothing is returned, or what another function gives
	}
	for i, e := range n.Results {
		text, op := f.instead(e, results.At(i).Type())
		if text == "" {
			continue
		}
		values := make([]string, len(n.Results))
		for k, other := range n.Results {
			values[k] = f.flat(other)
		}
		values[i] = text
		start, end := f.file.span(n)
		f.add(op, e, e.Pos(), text, before(start, end, "if "+on+" { return "+strings.Join(values, ", ")+" }; "))
	}
}

// instead gives another value of a type than e, or "" when there is none that
// can be written without naming the type.
func (f code) instead(e ast.Expr, t types.Type) (string, Op) {
	if isError(t) {
		if f.isNil(e) {
			return "", ""
		}
		return "nil", ReturnError
	}
	if _, ok := t.(*types.TypeParam); ok {
		return "", ""
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return f.insteadOfBasic(e, u)
	case *types.Pointer, *types.Slice, *types.Map, *types.Chan, *types.Signature, *types.Interface:
		if f.isNil(e) || isEmptyList(e) {
			return "", ""
		}
		return "nil", ReturnZero
	case *types.Struct:
		if lit, ok := e.(*ast.CompositeLit); ok && len(lit.Elts) > 0 && lit.Type != nil {
			return f.flat(lit.Type) + "{}", ReturnZero
		}
	}
	return "", ""
}

func (f code) insteadOfBasic(e ast.Expr, b *types.Basic) (string, Op) {
	value := f.info.Types[e].Value
	zero := value != nil && (value.ExactString() == "0" || value.ExactString() == `""`)
	switch {
	case b.Info()&types.IsBoolean != 0:
		return f.inverted(e), ReturnBool
	case b.Info()&types.IsString != 0 && zero:
		return `"mutant"`, ReturnZero
	case b.Info()&types.IsString != 0:
		return `""`, ReturnZero
	case b.Info()&types.IsNumeric != 0 && zero:
		return "1", ReturnZero
	case b.Info()&types.IsNumeric != 0:
		return "0", ReturnZero
	}
	return "", ""
}

// isEmptyList reports whether e makes a list or map without elements. Few
// callers can tell it from nil.
func isEmptyList(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.CompositeLit:
		return len(e.Elts) == 0
	case *ast.CallExpr:
		return calleeName(e) == "make"
	}
	return false
}

// callStmt offers to leave out a call that is made for its effect.
func (f statements) callStmt(n *ast.ExprStmt) {
	call, ok := n.X.(*ast.CallExpr)
	if !ok || !f.isListed(n) || isArid(f.code, call) || isEnd(f.code, call) {
		return
	}
	f.remove(n, Call)
}

// remove leaves a statement out. Where that would leave a variable or an import
// unused, the statement stays, and is not reached.
func (f statements) remove(n ast.Stmt, op Op) {
	start, end := f.file.span(n)
	c := f.add(op, n, n.Pos(), "", before(start, end, "if !"+on+" { "), after(start, end, " }"))
	c.or = "if false { " + f.text(n) + " }"
}

// assignStmt offers to change what an assignment computes, or to leave it out.
func (f statements) assignStmt(n *ast.AssignStmt) {
	if n.Tok == token.DEFINE || !f.isListed(n) || isBlank(n.Lhs) {
		return
	}
	if n.Tok != token.ASSIGN {
		f.opAssign(n)
	}
	f.remove(n, Assignment)
}

func isBlank(list []ast.Expr) bool {
	for _, e := range list {
		if id, ok := e.(*ast.Ident); !ok || id.Name != "_" {
			return false
		}
	}
	return true
}

// opAssign turns "x += y" into "x -= y", and so on.
func (f statements) opAssign(n *ast.AssignStmt) {
	from := n.Tok + (token.ADD - token.ADD_ASSIGN) // the tokens stand in the same order
	c, ok := changes()[from]
	if !ok || !f.isNumber(n.Lhs[0]) || isDuration(f.info.TypeOf(n.Lhs[0])) {
		return
	}
	if f.isNeutral(from, n.Lhs[0], n.Rhs[0]) {
		f.count(n, &f.found.Equivalent)
		return
	}
	f.either(c.op, n, n.TokPos, f.flat(n.Lhs[0])+" "+c.to.String()+"= "+f.flat(n.Rhs[0]))
}

// either replaces a statement by another one.
func (f statements) either(op Op, n ast.Stmt, at token.Pos, replacement string) {
	start, end := f.file.span(n)
	f.add(op, n, at, replacement, before(start, end, "if "+on+" { "+replacement+" } else { "), after(start, end, " }"))
}

// incDecStmt offers to count the other way.
func (f statements) incDecStmt(n *ast.IncDecStmt) {
	if !f.isListed(n) {
		return
	}
	other := map[token.Token]string{token.INC: "--", token.DEC: "++"}[n.Tok]
	f.either(Increment, n, n.TokPos, f.flat(n.X)+other)
}

// branchStmt offers to exchange break and continue.
func (f statements) branchStmt(n *ast.BranchStmt) {
	other := map[token.Token]string{token.BREAK: "continue", token.CONTINUE: "break"}[n.Tok]
	if other == "" || !f.isListed(n) {
		return
	}
	if n.Label != nil {
		other += " " + n.Label.Name
	}
	start, end := f.file.span(n)
	f.add(Jump, n, n.Pos(), other, before(start, end, "if "+on+" { "+other+" }; "))
}

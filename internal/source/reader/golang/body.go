package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"muster/internal/source"
	"muster/internal/source/reader/form"
)

// add adds a function with what its body holds. Function literals inside are
// part of it.
func (r *reader) add(name string, exported bool, signature string, whole ast.Node, body *ast.BlockStmt) {
	f := source.Function{Name: name, Exported: exported, Signature: signature, Range: r.rangeOf(whole)}
	if body != nil {
		f.Body = r.rangeOf(body)
		f.Complexity = complexity(form.LastName(name), body)
		b := &bodyReader{r: r, f: &f, recovers: !calls(body, "panic"), cases: map[*ast.CaseClause]bool{}}
		ast.Inspect(body, b.visit)
	}
	r.file.Functions = append(r.file.Functions, f)
}

// bodyReader collects what one function does.
type bodyReader struct {
	r          *reader
	f          *source.Function
	recovers   bool                     // the body panics nowhere, so a recover ends what it catches
	cases      map[*ast.CaseClause]bool // cases of switches without a tag, which are conditions
	conditions []ast.Expr               // conditions of guards, in the order of the file: validations in them are part of the guard
}

func (b *bodyReader) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IfStmt:
		b.branch(n.Cond, n.Body.List, n)
		if other, ok := n.Else.(*ast.BlockStmt); ok {
			b.otherwise(n.Cond, other)
		}
	case *ast.SwitchStmt:
		for _, s := range n.Body.List {
			if c, ok := s.(*ast.CaseClause); ok && n.Tag == nil && len(c.List) == 1 {
				b.cases[c] = true
			}
		}
	case *ast.CaseClause:
		if b.cases[n] {
			b.branch(n.List[0], n.Body, n)
		}
	case *ast.AssignStmt:
		b.assign(n)
	case *ast.CallExpr:
		b.call(n)
	}
	return true
}

// branch reads a condition and what is done when it holds.
func (b *bodyReader) branch(cond ast.Expr, body []ast.Stmt, whole ast.Node) {
	if cond == nil {
		return
	}
	at := b.r.rangeOf(whole)
	if s, ok := whole.(*ast.IfStmt); ok {
		at.End = b.r.line(s.Body.End() - 1)
	}
	looksAtError := mentionsError(cond)
	plainCheck := looksAtError && isNilCheck(cond, token.NEQ)
	if plainCheck {
		if kind := b.lost(body); kind != "" {
			b.f.Swallows = append(b.f.Swallows, source.Swallow{Kind: kind, Text: swallowText(b.r, cond, body), Range: at})
			looksAtError = false
		}
	}
	exit := exitOf(body)
	if exit == "" {
		return
	}
	kind := source.Condition
	if looksAtError && !isNilCheck(cond, token.EQL) {
		kind = source.ErrorCheck
	}
	b.conditions = append(b.conditions, cond)
	b.f.Guards = append(b.f.Guards, source.Guard{Kind: kind, Text: b.r.short(cond), Exit: exit, Range: at})
}

// otherwise reads an else that leaves: its condition is the opposite.
func (b *bodyReader) otherwise(cond ast.Expr, body *ast.BlockStmt) {
	exit := exitOf(body.List)
	if exit == "" || cond == nil {
		return
	}
	kind := source.Condition
	if mentionsError(cond) && isNilCheck(cond, token.EQL) {
		kind = source.ErrorCheck
	}
	b.conditions = append(b.conditions, cond)
	b.f.Guards = append(b.f.Guards, source.Guard{Kind: kind, Text: "!(" + b.r.short(cond) + ")", Exit: exit, Range: b.r.rangeOf(body)})
}

func swallowText(r *reader, cond ast.Expr, body []ast.Stmt) string {
	parts := make([]string, 0, len(body))
	for _, s := range body {
		parts = append(parts, r.short(s))
	}
	return "if " + r.short(cond) + " { " + strings.Join(parts, "; ") + " }"
}

// lost says how the body of "err != nil" loses the error, or "".
func (b *bodyReader) lost(body []ast.Stmt) source.SwallowKind {
	if len(body) == 0 {
		return source.Emptied
	}
	logged := 0
	for _, s := range body {
		e, ok := s.(*ast.ExprStmt)
		if !ok {
			break
		}
		if c, ok := e.X.(*ast.CallExpr); !ok || !form.IsLogging(callName(c.Fun)) {
			return ""
		}
		logged++
	}
	if logged == len(body) {
		return source.Logged
	}
	back, ok := body[logged].(*ast.ReturnStmt)
	if !ok || logged+1 != len(body) || len(back.Results) == 0 {
		return ""
	}
	for _, e := range back.Results {
		if !isFixed(e) {
			return ""
		}
	}
	return source.Replaced
}

// IsFixed reports whether an expression is the same whatever happened: nil,
// true, false, a literal without names in it.
func isFixed(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident:
		return e.Name == "nil" || e.Name == "true" || e.Name == "false"
	case *ast.UnaryExpr:
		return isFixed(e.X)
	case *ast.CompositeLit:
		return !slices.ContainsFunc(e.Elts, func(x ast.Expr) bool { return !isFixed(x) })
	}
	return false
}

// isNilCheck reports whether a condition is, or begins with, a comparison with
// nil by op.
func isNilCheck(cond ast.Expr, op token.Token) bool {
	switch e := cond.(type) {
	case *ast.ParenExpr:
		return isNilCheck(e.X, op)
	case *ast.BinaryExpr:
		if e.Op != op {
			return false
		}
		id, ok := e.Y.(*ast.Ident)
		return ok && id.Name == "nil"
	}
	return false
}

// mentionsError reports whether a condition looks at something that is named
// as an error.
func mentionsError(cond ast.Expr) bool {
	found := false
	ast.Inspect(cond, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.SelectorExpr:
			found = found || form.IsErrorName(n.Sel.Name)
			if id, ok := n.X.(*ast.Ident); ok && id.Name == "errors" {
				return false
			}
		case *ast.Ident:
			found = found || n.Name != "e" && form.IsErrorName(n.Name)
		}
		return !found
	})
	return found
}

// exitOf says how a list of statements leaves, by its last one; "" when it
// does not.
func exitOf(body []ast.Stmt) string {
	if len(body) == 0 {
		return ""
	}
	switch s := body[len(body)-1].(type) {
	case *ast.ReturnStmt:
		return "return"
	case *ast.BranchStmt:
		if s.Tok == token.CONTINUE || s.Tok == token.BREAK {
			return s.Tok.String()
		}
	case *ast.ExprStmt:
		if c, ok := s.X.(*ast.CallExpr); ok {
			return exitCall(callName(c.Fun))
		}
	}
	return ""
}

func exitCall(name string) string {
	if name == "panic" {
		return "panic"
	}
	last := strings.ToLower(form.LastName(name))
	if last == "exit" || last == "goexit" || strings.HasPrefix(last, "fatal") || last == "failnow" {
		return "exit"
	}
	if strings.HasPrefix(last, "panic") && name != last {
		return "panic"
	}
	return ""
}

// assign reads "_ = f()" and "x, _ := f()". What a blank stands for cannot be
// told without types: functions whose last result is known to be no error are
// left out.
func (b *bodyReader) assign(n *ast.AssignStmt) {
	if len(n.Rhs) != 1 || !isBlank(n.Lhs[len(n.Lhs)-1]) {
		return
	}
	c, ok := n.Rhs[0].(*ast.CallExpr)
	if !ok {
		return
	}
	if len(n.Lhs) > 1 && secondIsNoError(form.LastName(callName(c.Fun))) {
		return
	}
	b.f.Swallows = append(b.f.Swallows, source.Swallow{Kind: source.Discarded, Text: b.r.short(n), Range: b.r.rangeOf(n)})
}

func isBlank(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "_"
}

// secondIsNoError names functions and methods of the standard library, and
// words by convention, whose last result says whether something was found.
func secondIsNoError(name string) bool {
	switch name {
	case "Cut", "CutPrefix", "CutSuffix", "LookupEnv", "Lookup", "Load", "LoadOrStore", "LoadAndDelete", "Swap", "Split", "Caller",
		"Modf", "Frexp", "Deadline", "Size", "BinarySearch", "BinarySearchFunc", "Find", "Get", "WithCancel", "WithTimeout",
		"WithDeadline", "Next", "Pull", "Sincos", "ReadBuildInfo":
		return true
	}
	return strings.HasPrefix(name, "Decode") && strings.Contains(name, "Rune") || strings.HasSuffix(name, "FromContext")
}

func (b *bodyReader) call(n *ast.CallExpr) {
	name := callName(n.Fun)
	if name == "" {
		return
	}
	line := b.r.line(n.Pos())
	b.f.Calls = append(b.f.Calls, source.Call{Name: name, Line: line})
	if name == "recover" && b.recovers {
		b.f.Swallows = append(b.f.Swallows, source.Swallow{Kind: source.Recovered, Text: "recover()", Range: b.r.rangeOf(n)})
	}
	if form.IsValidation(name) && !b.inCondition(n) {
		b.f.Guards = append(b.f.Guards, source.Guard{Kind: source.Validation, Text: b.r.short(n), Range: b.r.rangeOf(n)})
	}
}

// inCondition reports whether a call stands in the condition of a guard.
func (b *bodyReader) inCondition(n ast.Node) bool {
	i, _ := slices.BinarySearchFunc(b.conditions, n.Pos()+1, func(c ast.Expr, pos token.Pos) int { return int(c.Pos() - pos) })
	return i > 0 && n.End() <= b.conditions[i-1].End()
}

// calls reports whether a body calls a function without a qualifier.
func calls(body ast.Node, name string) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			id, ok := c.Fun.(*ast.Ident)
			found = found || ok && id.Name == name
		}
		return !found
	})
	return found
}

// callName writes what is called without arguments: "os.Remove", "a().b";
// "" for a function literal.
func callName(fun ast.Expr) string { return callNameTo(fun, form.MaxChain) }

func callNameTo(fun ast.Expr, parts int) string {
	if parts == 0 {
		return ""
	}
	switch f := fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x := callNameTo(f.X, parts-1); x != "" {
			return x + "." + f.Sel.Name
		}
		return f.Sel.Name
	case *ast.CallExpr:
		if x := callNameTo(f.Fun, parts-1); x != "" {
			return x + "()"
		}
		return ""
	case *ast.ParenExpr:
		return callNameTo(f.X, parts-1)
	case *ast.StarExpr:
		return callNameTo(f.X, parts-1)
	case *ast.IndexExpr:
		return callNameTo(f.X, parts-1)
	case *ast.IndexListExpr:
		return callNameTo(f.X, parts-1)
	case *ast.TypeAssertExpr:
		return callNameTo(f.X, parts-1)
	case *ast.ArrayType, *ast.MapType, *ast.ChanType, *ast.InterfaceType:
		return types.ExprString(f)
	}
	return ""
}

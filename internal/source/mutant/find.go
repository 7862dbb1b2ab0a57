package mutant

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// candidate is a mutant that has not been compiled yet.
type candidate struct {
	Mutant
	or string // another replacement that does the same, should New not compile
}

// finder walks one file.
type finder struct {
	around
	found *Found
	out   []candidate
}

// code answers questions about the expressions of one file.
type code struct {
	file *parsed
	info *types.Info
}

// around is where a finder is: the nodes around the one it looks at, the
// innermost last.
type around struct {
	code
	stack []ast.Node
	fixed map[ast.Node]bool // not to be touched: labels of cases, what follows each turn of a loop
}

// statements and values are a finder that looks at what its name says.
type (
	statements struct{ *finder }
	values     struct{ *finder }
)

// find gives the candidates of a file on wanted lines.
func (f *finder) find() []candidate {
	f.fixed = map[ast.Node]bool{}
	ast.Inspect(f.file.ast, func(n ast.Node) bool {
		if n == nil {
			f.stack = f.stack[:len(f.stack)-1]
			return true
		}
		if !f.enter(n) {
			return false
		}
		f.stack = append(f.stack, n)
		return true
	})
	return f.out
}

// enter looks at a node, and says whether to look at what it holds.
func (f *finder) enter(n ast.Node) bool {
	if f.fixed[n] {
		return false
	}
	if e, ok := n.(ast.Expr); ok {
		if tv, ok := f.info.Types[e]; ok && tv.Value != nil {
			if _, ok := n.(*ast.BinaryExpr); ok {
				f.count(n, &f.found.Constant)
			}
			return false
		}
	}
	switch n := n.(type) {
	case *ast.GenDecl:
		return n.Tok == token.VAR
	case *ast.FuncDecl:
		return !isForPeople(n)
	case *ast.CaseClause:
		f.caseLabels(n)
	case *ast.CommClause:
		f.fix(n.Comm)
	case *ast.CallExpr:
		if isArid(f.code, n) {
			f.count(n, &f.found.Arid)
			return false
		}
		values{f}.call(n)
	case ast.Stmt:
		f.statement(n)
	case ast.Expr:
		f.expression(n)
	}
	return true
}

func (f *finder) statement(n ast.Stmt) {
	switch n := n.(type) {
	case *ast.IfStmt:
		f.ifStmt(n)
	case *ast.ForStmt:
		f.forStmt(n)
	case *ast.ReturnStmt:
		statements{f}.returnStmt(n)
	case *ast.ExprStmt:
		statements{f}.callStmt(n)
	case *ast.AssignStmt:
		statements{f}.assignStmt(n)
	case *ast.IncDecStmt:
		statements{f}.incDecStmt(n)
	case *ast.BranchStmt:
		statements{f}.branchStmt(n)
	}
}

func (f *finder) expression(n ast.Expr) {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		f.binary(n)
	case *ast.UnaryExpr:
		f.unary(n)
	case *ast.SliceExpr:
		values{f}.slice(n)
	}
}

// caseLabels leaves the labels of a switch over a value alone: two alike do
// not compile, and types are no expressions. Conditions of a switch without a
// value are like those of an if.
func (f *finder) caseLabels(n *ast.CaseClause) {
	if s, ok := f.above(1).(*ast.SwitchStmt); ok && s.Tag == nil {
		for _, e := range n.List {
			f.condition(e, Condition)
		}
		return
	}
	for _, e := range n.List {
		f.fix(e)
	}
}

func (f *around) fix(n ast.Node) {
	if n != nil {
		f.fixed[n] = true
	}
}

// parent gives the node around the current one.
func (f *around) parent() ast.Node { return f.above(0) }

// above gives the node that lies so many levels above the parent.
func (f *around) above(level int) ast.Node {
	if i := len(f.stack) - 1 - level; i >= 0 {
		return f.stack[i]
	}
	return nil
}

// isListed reports whether a statement stands in a list of statements, so that
// another can be put before it.
func (f *around) isListed(n ast.Stmt) bool {
	switch p := f.parent().(type) {
	case *ast.BlockStmt, *ast.CaseClause:
		return true
	case *ast.CommClause:
		return p.Comm != n
	}
	return false
}

// results gives the results of the innermost function around the current
// node, or nil.
func (f *around) results() *types.Tuple {
	for _, outer := range slices.Backward(f.stack) {
		var t types.Type
		switch n := outer.(type) {
		case *ast.FuncLit:
			t = f.info.TypeOf(n)
		case *ast.FuncDecl:
			if obj := f.info.Defs[n.Name]; obj != nil {
				t = obj.Type()
			}
		default:
			continue
		}
		if s, ok := t.(*types.Signature); ok {
			return s.Results()
		}
		return nil
	}
	return nil
}

// function names the declared function around the current node.
func (f *around) function() string {
	for _, n := range f.stack {
		d, ok := n.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if d.Recv == nil || len(d.Recv.List) == 0 {
			return d.Name.Name
		}
		return receiver(d.Recv.List[0].Type) + "." + d.Name.Name
	}
	return ""
}

// receiver gives the name of the type that a method belongs to.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.ParenExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

func (f *finder) wants(n ast.Node) bool { return f.file.wants(f.file.line(n.Pos())) }

// count counts something left out, when its line is wanted.
func (f *finder) count(n ast.Node, counter *int) {
	if f.wants(n) {
		*counter++
	}
}

// add takes a candidate that replaces the bytes of n. at is where a reader
// would say that it is.
func (f *finder) add(op Op, n ast.Node, at token.Pos, replacement string, edits ...edit) *candidate {
	line := f.file.line(at)
	if !f.file.wants(line) {
		return &candidate{}
	}
	start, end := f.file.span(n)
	m := Mutant{
		File: f.file.name, Function: f.function(), Op: op, Line: line, EndLine: f.file.line(n.End()),
		Start: start, End: end, New: replacement, edits: edits,
	}
	m.from, m.to = line, m.EndLine
	for _, e := range edits {
		m.from, m.to = min(m.from, f.file.lineAt(e.start)), max(m.to, f.file.lineAt(e.end))
	}
	f.out = append(f.out, candidate{Mutant: m})
	return &f.out[len(f.out)-1]
}

// text gives the source of a node as it stands.
func (f code) text(n ast.Node) string {
	start, end := f.file.span(n)
	return string(f.file.text[start:end])
}

// flat gives the source of a node on one line, without comments.
func (f code) flat(n ast.Node) string { return flatten(f.text(n)) }

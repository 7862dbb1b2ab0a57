package golang

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"muster/internal/source"
)

// testWalker goes through the body of one test.
type testWalker struct {
	*testReader
	recv   string          // name of a suite's receiver
	names  map[string]bool // what a test is failed by: t, b, f, and their like
	at     int             // the test that is read, in tests
	values map[string]ast.Expr
	lists  map[string]*ast.CompositeLit
	closed map[string]bool // local functions that may fail the test
	when   []string        // conditions around
	dead   string          // why nothing here can fail the test
	table  map[*ast.CompositeLit]bool
}

func (r *testReader) walker(recv *ast.FieldList, params []string) *testWalker {
	w := &testWalker{
		testReader: r, names: map[string]bool{}, values: map[string]ast.Expr{}, lists: map[string]*ast.CompositeLit{},
		closed: map[string]bool{}, table: map[*ast.CompositeLit]bool{},
	}
	if recv != nil && len(recv.List) == 1 && len(recv.List[0].Names) == 1 {
		w.recv = recv.List[0].Names[0].Name
	}
	for _, p := range params {
		w.names[p] = true
	}
	return w
}

// begin adds a test and makes it the one that is read.
func (w *testWalker) begin(t source.Test) int {
	w.tests = append(w.tests, t)
	w.at = len(w.tests) - 1
	return w.at
}

func (w *testWalker) test() *source.Test { return &w.tests[w.at] }

func (w *testWalker) assert(a source.Assertion, n ast.Node) {
	a.Range = w.rangeOf(n)
	if a.Text == "" {
		a.Text = w.code(n)
	}
	a.Dead = w.dead
	if a.When != "" {
		a.When = strings.Join(append(slices.Clone(w.when), a.When), " && ")
	} else {
		a.When = strings.Join(w.when, " && ")
	}
	w.test().Assertions = append(w.test().Assertions, a)
}

// block reads statements. What follows a statement that always leaves is dead.
func (w *testWalker) block(list []ast.Stmt, why string) {
	was, depth := w.dead, len(w.when)
	defer func() { w.dead, w.when = was, w.when[:depth] }()
	if w.dead == "" {
		w.dead = why
	}
	for i, s := range list {
		w.statement(s)
		if reason := w.leaves(s); reason != "" && w.dead == "" && i < len(list)-1 {
			w.dead = reason
		}
		if cond := w.leavesEarly(s); cond != nil {
			w.when = append(w.when, w.holds(guard{cond, true}))
		}
	}
}

// leavesEarly gives the condition under which a statement leaves the function
// without having asserted anything.
func (w *testWalker) leavesEarly(s ast.Stmt) ast.Expr {
	x, ok := s.(*ast.IfStmt)
	if !ok || x.Else != nil || len(x.Body.List) == 0 {
		return nil
	}
	for _, in := range x.Body.List {
		switch in := in.(type) {
		case *ast.ReturnStmt:
			return x.Cond
		case *ast.ExprStmt:
			if w.fails(in) {
				return nil
			}
			if call, ok := in.X.(*ast.CallExpr); ok {
				if _, asserts := w.library(call); asserts || w.isSkip(call) {
					return nil
				}
			}
		default:
			return nil
		}
	}
	return nil
}

// leaves says how a statement always leaves the block it stands in.
func (w *testWalker) leaves(s ast.Stmt) string {
	switch s := s.(type) {
	case *ast.ReturnStmt:
		return "it stands after a return"
	case *ast.IfStmt:
		if cond, ok := ast.Unparen(s.Cond).(*ast.Ident); ok && cond.Name == "true" && s.Init == nil && len(s.Body.List) > 0 {
			return w.leaves(s.Body.List[len(s.Body.List)-1])
		}
	case *ast.ExprStmt:
		call, ok := s.X.(*ast.CallExpr)
		if !ok {
			return ""
		}
		switch name := w.code(call.Fun); {
		case name == "os.Exit", name == "runtime.Goexit":
			return "it stands after " + name
		case w.isSkip(call):
			return "it stands after " + w.code(call)
		}
	}
	return ""
}

// isSkip reports whether a call skips the test.
func (w *testWalker) isSkip(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		id, ok := call.Fun.(*ast.Ident)
		return ok && id.Name == "Skip" && w.names["ginkgo"]
	}
	switch sel.Sel.Name {
	case "Skip", "Skipf", "SkipNow":
		return w.isTest(sel.X) || strings.HasSuffix(w.code(sel.X), "ginkgo")
	}
	return false
}

// isTest reports whether an expression is the test itself: t, s.T(), c.
func (w *testWalker) isTest(e ast.Expr) bool {
	switch x := ast.Unparen(e).(type) {
	case *ast.Ident:
		return w.names[x.Name] || w.recv != "" && x.Name == w.recv
	case *ast.CallExpr:
		sel, ok := x.Fun.(*ast.SelectorExpr)
		return ok && (sel.Sel.Name == "T" || sel.Sel.Name == "Require" || sel.Sel.Name == "Assert") && len(x.Args) == 0
	case *ast.SelectorExpr:
		return w.isTest(x.X) && (x.Sel.Name == "T" || x.Sel.Name == "t" || x.Sel.Name == "TB")
	}
	return false
}

// fails reports whether a statement fails the test there and then.
func (w *testWalker) fails(s ast.Stmt) bool {
	x, ok := s.(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := x.X.(*ast.CallExpr)
	if !ok {
		return false
	}
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		switch f.Sel.Name {
		case "Error", "Errorf", "Fatal", "Fatalf", "Fail", "FailNow", "Failf":
			return w.isTest(f.X)
		}
	case *ast.Ident:
		if f.Name == "panic" {
			return w.test().Name == "TestMain" || strings.HasPrefix(w.test().Name, "Example")
		}
		return f.Name == "Fail" && w.names["ginkgo"]
	}
	return false
}

func (w *testWalker) anyFails(list []ast.Stmt) bool { return slices.ContainsFunc(list, w.fails) }

func (w *testWalker) statement(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.IfStmt:
		w.branch(s)
	case *ast.BlockStmt:
		w.block(s.List, "")
	case *ast.LabeledStmt:
		w.statement(s.Stmt)
	case *ast.ForStmt:
		w.simple(s.Init)
		why := ""
		if s.Cond != nil {
			why = w.never(s.Cond)
		}
		w.block(s.Body.List, why)
	case *ast.RangeStmt:
		w.loop(s)
	case *ast.SwitchStmt:
		w.simple(s.Init)
		w.choice(s)
	case *ast.TypeSwitchStmt:
		w.clauses(s.Body, w.code(s.Assign))
	case *ast.SelectStmt:
		w.clauses(s.Body, "select")
	case *ast.ExprStmt:
		if w.fails(s) {
			// Reached without a condition of its own: the way here is the condition.
			w.assert(source.Assertion{Strength: source.Truth, Subject: strings.Join(w.when, " && ")}, s)
			return
		}
		w.expr(s.X)
	case *ast.DeferStmt:
		w.expr(s.Call)
	case *ast.GoStmt:
		w.expr(s.Call)
	case *ast.AssignStmt, *ast.DeclStmt, *ast.ReturnStmt, *ast.SendStmt:
		w.simple(s)
	}
}

// simple reads a statement without statements in it.
func (w *testWalker) simple(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.AssignStmt:
		for i, left := range s.Lhs {
			id, ok := left.(*ast.Ident)
			if !ok {
				continue
			}
			if len(s.Lhs) == len(s.Rhs) {
				w.define(id.Name, s.Rhs[i])
			} else if len(s.Rhs) == 1 {
				w.values[id.Name] = nil
			}
		}
		for _, x := range s.Rhs {
			w.expr(x)
		}
	case *ast.DeclStmt:
		if d, ok := s.Decl.(*ast.GenDecl); ok {
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					for i, n := range v.Names {
						if i < len(v.Values) {
							w.define(n.Name, v.Values[i])
							w.expr(v.Values[i])
						}
					}
				}
			}
		}
	case *ast.ReturnStmt:
		for _, x := range s.Results {
			w.expr(x)
		}
	case *ast.ExprStmt:
		w.expr(s.X)
	case *ast.SendStmt:
		w.expr(s.Value)
	}
}

func (w *testWalker) define(name string, value ast.Expr) {
	value = ast.Unparen(value)
	w.values[name] = value
	switch x := value.(type) {
	case *ast.CompositeLit:
		if isTable(x) {
			w.lists[name] = x
		}
	case *ast.FuncLit:
		if w.failsSomewhere(x) {
			w.closed[name] = true
		}
	case *ast.CallExpr: // c := qt.New(t), is := is.New(t), require := require.New(t), g := NewWithT(t)
		if len(x.Args) > 0 && w.isTest(x.Args[0]) {
			fun := w.code(x.Fun)
			if strings.HasSuffix(fun, ".New") || strings.HasSuffix(fun, "NewWithT") || strings.HasSuffix(fun, "NewGomegaWithT") || strings.HasSuffix(fun, "NewC") {
				w.names[name] = true
			}
		}
	}
}

// failsSomewhere reports whether a local function may fail the test.
func (w *testWalker) failsSomewhere(f *ast.FuncLit) bool {
	inner := map[string]bool{}
	for _, p := range testingParams(f.Type) {
		inner[p] = true
	}
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || found {
			return !found
		}
		if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
			id, _ := sel.X.(*ast.Ident)
			switch sel.Sel.Name {
			case "Error", "Errorf", "Fatal", "Fatalf", "Fail", "FailNow":
				found = w.isTest(sel.X) || id != nil && inner[id.Name]
			}
		}
		_, isAssertion := w.library(call)
		found = found || isAssertion
		return !found
	})
	return found
}

// branch reads an if. When it fails the test directly, its condition is what
// is asserted.
func (w *testWalker) branch(s *ast.IfStmt) {
	w.simple(s.Init)
	asserted := false
	if w.anyFails(s.Body.List) {
		w.claims(s.Cond, true, s)
		asserted = true
	}
	if el, ok := s.Else.(*ast.BlockStmt); ok && w.anyFails(el.List) && !asserted {
		w.claims(s.Cond, false, s)
		asserted = true
	}
	w.expr(s.Cond)
	w.under(guard{s.Cond, false}, s.Body.List, w.never(s.Cond), asserted)
	switch el := s.Else.(type) {
	case *ast.BlockStmt:
		why := ""
		if w.always(s.Cond) {
			why = "it stands in the else of a condition that always holds"
		}
		own := w.anyFails(s.Body.List) // then what the else fails with is another assertion
		w.under(guard{s.Cond, true}, el.List, why, asserted && !own)
	case *ast.IfStmt:
		w.branch(el)
	}
}

// guard is a condition around statements, or its opposite.
type guard struct {
	cond ast.Expr
	not  bool
}

func (w *testWalker) holds(g guard) string {
	if g.not {
		return "!(" + w.code(g.cond) + ")"
	}
	return w.code(g.cond)
}

// under reads a block that a condition guards. The statements that fail the
// test directly have been read with the condition.
func (w *testWalker) under(cond guard, list []ast.Stmt, why string, asserted bool) { //nolint:revive // a fact about the condition, not a choice of the caller
	w.when = append(w.when, w.holds(cond))
	defer func() { w.when = w.when[:len(w.when)-1] }()
	if asserted {
		list = slices.DeleteFunc(slices.Clone(list), w.fails)
	}
	for _, s := range list {
		if x, ok := s.(*ast.ExprStmt); ok {
			if call, ok := x.X.(*ast.CallExpr); ok && w.isSkip(call) {
				w.skip(call, &cond)
			}
		}
	}
	w.block(list, why)
}

// skip notes that the test is skipped, under a condition or, where the
// condition always holds, for ever.
func (w *testWalker) skip(call *ast.CallExpr, cond *guard) {
	text, conditional := w.code(call), false
	if cond != nil {
		value, known := w.constant(cond.cond)
		text, conditional = "if "+w.holds(*cond)+" { "+text+" }", !known || value == cond.not
	}
	m := source.Mark{Text: text, Conditional: conditional, Line: w.rangeOf(call).Start}
	for i := range w.test().Skips {
		if w.test().Skips[i].Line == m.Line {
			return
		}
	}
	w.test().Skips = append(w.test().Skips, m)
}

// loop reads a loop over a list. A loop over a table reads the table.
func (w *testWalker) loop(s *ast.RangeStmt) {
	lit, ok := ast.Unparen(s.X).(*ast.CompositeLit)
	if id, isName := s.X.(*ast.Ident); isName {
		if lit, ok = w.lists[id.Name]; !ok {
			lit, ok = w.tables[id.Name]
		}
	}
	why := ""
	if ok && len(lit.Elts) == 0 {
		why = "it stands in a loop over nothing"
	}
	w.expr(s.X)
	at, tests, asserted := w.at, len(w.tests), len(w.test().Assertions)
	w.block(s.Body.List, why)
	if ok && (len(w.tests) > tests || len(w.tests[at].Assertions) > asserted) {
		w.cases(lit)
	}
}

// cases reads the entries of a table, once.
func (w *testWalker) cases(lit *ast.CompositeLit) {
	if w.table[lit] {
		return
	}
	w.table[lit] = true
	for _, e := range lit.Elts {
		c := source.Case{Text: w.code(e), Range: w.rangeOf(e)}
		body := e
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := ast.Unparen(kv.Key).(*ast.BasicLit); ok && key.Kind == token.STRING {
				c.Name = unquote(key.Value)
			}
			body = kv.Value
		}
		if u, ok := body.(*ast.UnaryExpr); ok {
			body = u.X
		}
		if in, ok := body.(*ast.CompositeLit); ok && c.Name == "" {
			c.Name = caseName(in)
		}
		w.test().Cases = append(w.test().Cases, c)
	}
}

// caseName gives what names a case: its field name, title or the like.
func caseName(lit *ast.CompositeLit) string {
	for _, e := range lit.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		key, ok := kv.Key.(*ast.Ident)
		value, isLit := kv.Value.(*ast.BasicLit)
		if !ok || !isLit || value.Kind != token.STRING {
			continue
		}
		switch strings.ToLower(key.Name) {
		case "name", "testname", "title", "desc", "description", "scenario", "label", "about", "doc", "casename":
			return unquote(value.Value)
		}
	}
	return ""
}

// choice reads a switch. Without a tag its cases are conditions.
func (w *testWalker) choice(s *ast.SwitchStmt) {
	if s.Tag != nil {
		w.clauses(s.Body, w.code(s.Tag))
		return
	}
	for _, c := range s.Body.List {
		clause, ok := c.(*ast.CaseClause)
		if !ok || len(clause.List) != 1 {
			if ok && w.anyFails(clause.Body) {
				w.assert(source.Assertion{Strength: source.Truth, Text: w.code(clause)}, clause)
				w.block(slices.DeleteFunc(slices.Clone(clause.Body), w.fails), "")
			} else if ok {
				w.block(clause.Body, "")
			}
			continue
		}
		asserted := w.anyFails(clause.Body)
		if asserted {
			w.claims(clause.List[0], true, clause)
		}
		w.under(guard{clause.List[0], false}, clause.Body, w.never(clause.List[0]), asserted)
	}
}

// clauses reads the cases of a switch over a value, or of a select.
func (w *testWalker) clauses(body *ast.BlockStmt, subject string) {
	for _, c := range body.List {
		var list []ast.Stmt
		switch c := c.(type) {
		case *ast.CaseClause:
			list = c.Body
		case *ast.CommClause:
			w.simple(c.Comm)
			list = c.Body
		}
		if w.anyFails(list) {
			w.assert(source.Assertion{Strength: source.Truth, Subject: subject}, c)
		}
		w.block(slices.DeleteFunc(slices.Clone(list), w.fails), "")
	}
}

package golang

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"sync"

	"muster/internal/source"
	"muster/internal/source/reader/form"
)

// expr reads an expression: calls of assertion libraries, subtests, skips,
// times, and the bodies of functions in it.
func (w *testWalker) expr(e ast.Expr) {
	if e == nil {
		return
	}
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			was := w.note(testingParams(n.Type))
			w.block(n.Body.List, "")
			w.forget(was)
			return false
		case *ast.CallExpr:
			return w.call(n)
		}
		return true
	})
}

// note adds names by which the test can be failed, and gives the new ones.
func (w *testWalker) note(params []string) []string {
	var added []string
	for _, p := range params {
		if !w.names[p] {
			w.names[p] = true
			added = append(added, p)
		}
	}
	return added
}

func (w *testWalker) forget(names []string) {
	for _, n := range names {
		delete(w.names, n)
	}
}

// call reads one call, and reports whether to go on into it.
func (w *testWalker) call(call *ast.CallExpr) bool {
	if w.isSkip(call) {
		w.skip(call, nil)
		return false
	}
	if w.subtest(call) || w.names["ginkgo"] && w.ginkgo(call, w.test().Name, nil, nil) {
		return false
	}
	w.timeout(call)
	w.double(call)
	w.seed(call)
	if a, ok := w.library(call); ok {
		w.assert(a, call)
		for _, arg := range call.Args {
			if _, isFunc := arg.(*ast.FuncLit); isFunc {
				w.expr(arg)
			}
			if lit, isLit := arg.(*ast.CompositeLit); isLit && isTable(lit) {
				w.passed(call, lit)
			}
		}
		return false
	}
	for _, arg := range call.Args {
		if id, ok := arg.(*ast.Ident); ok && w.lists[id.Name] != nil {
			w.passed(call, w.lists[id.Name])
		}
		if lit, ok := arg.(*ast.CompositeLit); ok && isTable(lit) {
			w.passed(call, lit)
		}
	}
	return true
}

// passed reads a table that is given, together with the test, to a function
// that goes through it.
func (w *testWalker) passed(call *ast.CallExpr, lit *ast.CompositeLit) {
	for _, arg := range call.Args {
		if w.isTest(arg) && len(lit.Elts) > 1 {
			if _, ok := w.literal(lit.Elts[0]); !ok || isTableOfCases(lit) {
				w.cases(lit)
			}
			return
		}
	}
}

func isTableOfCases(lit *ast.CompositeLit) bool {
	_, ok := lit.Elts[0].(*ast.CompositeLit)
	return ok
}

// subtest reads t.Run("name", func(t *testing.T) { ... }).
func (w *testWalker) subtest(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "Run" || len(call.Args) != 2 || !w.isTest(sel.X) {
		return false
	}
	f, ok := call.Args[1].(*ast.FuncLit)
	if !ok {
		return false
	}
	name, isLit := ast.Unparen(call.Args[0]).(*ast.BasicLit)
	if !isLit || name.Kind != token.STRING {
		return false // named by a table: its body belongs to the test
	}
	outer, when := w.at, w.when
	was := w.note(testingParams(f.Type))
	t := source.Test{Name: w.test().Name + "/" + unquote(name.Value), Range: w.rangeOf(call), Helper: w.test().Helper}
	t.Skips = append(t.Skips, w.test().Skips...)
	w.begin(t)
	w.when = nil
	w.block(f.Body.List, "")
	w.at, w.when = outer, when
	w.forget(was)
	return true
}

// library reads a call of an assertion library, or of a function that is given
// the test and is named for making sure of something.
func (w *testWalker) library(call *ast.CallExpr) (source.Assertion, bool) {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return w.helperCall(call, "")
	}
	name := sel.Sel.Name
	if a, ok := w.gomega(call, sel); ok {
		return a, true
	}
	args := call.Args
	switch {
	case len(args) > 0 && w.isTest(args[0]) && isPackage(sel.X, "assert", "require", "qt", "is", "testutil", "must", "td", "check", "then", "expect"):
		args = args[1:] // assert.Equal(t, ...)
	case w.isTest(sel.X), isPackage(sel.X, "assert", "require", "is"): // s.Equal(...), is.Equal(...), c.Assert(...)
	default:
		return w.helperCall(call, name)
	}
	if a, ok := w.checker(name, args); ok {
		return a, true
	}
	return w.named(name, args)
}

func isPackage(e ast.Expr, names ...string) bool {
	id, ok := e.(*ast.Ident)
	if !ok {
		return false
	}
	return slices.Contains(names, id.Name)
}

// checker reads c.Assert(got, qt.Equals, want) and c.Check(got, Equals, want).
func (w *testWalker) checker(name string, args []ast.Expr) (source.Assertion, bool) {
	if name != "Assert" && name != "Check" || len(args) < 2 {
		return source.Assertion{}, false
	}
	negated := false
	test := args[1]
	if call, ok := test.(*ast.CallExpr); ok && len(call.Args) > 0 && strings.HasSuffix(w.code(call.Fun), "Not") {
		negated, test = true, call.Args[0]
	}
	verb := w.code(test)
	verb = verb[strings.LastIndex(verb, ".")+1:]
	if i := strings.IndexByte(verb, '('); i > 0 {
		verb = verb[:i]
	}
	a, ok := w.named(verb, append([]ast.Expr{args[0]}, args[2:]...))
	a.Negated = a.Negated != negated
	return a, ok
}

// verbs gives the strength of the assertions of testify, quicktest, gocheck,
// gotest.tools and is, by their names.
func verbs(name string) (s source.Strength, negated, ok bool) {
	name = strings.TrimSuffix(name, "f")
	switch name {
	case "Equal", "EqualValues", "Exactly", "JSONEq", "YAMLEq", "EqualError", "ErrorIs", "Equals", "DeepEqual", "DeepEquals", "ElementsMatch",
		"Same", "CmpEquals", "ContentEquals", "PanicsWithValue", "PanicsWithError", "ErrorAs", "EqualExportedValues", "Zero", "JSONEquals",
		"HTTPStatusCode", "Cmp", "Eq", "EqualString", "DeepAllEqual", "Diff":
		return source.Exact, false, true
	case "NotEqual", "NotEqualValues", "NotSame", "NotErrorIs", "NotZero", "NotElementsMatch":
		return source.Exact, true, true
	case "Len", "Contains", "Subset", "Regexp", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "InDelta", "InEpsilon", "WithinDuration",
		"WithinRange", "InDeltaSlice", "InDeltaMapValues", "InEpsilonSlice", "ErrorContains", "ErrorMatches", "Matches", "HasLen", "PanicMatches",
		"HTTPBodyContains", "IsType", "Implements", "Positive", "Negative", "IsIncreasing", "IsDecreasing", "Empty", "ErrorType", "Any", "All":
		return source.Partial, false, true
	case "NotContains", "NotRegexp", "NotSubset", "NotEmpty", "NotMatches":
		return source.Partial, true, true
	case "True", "Condition", "IsTrue", "Eventually", "EventuallyWithT", "Assert", "Check", "Satisfies", "HTTPSuccess", "HTTPError", "HTTPRedirect":
		return source.Truth, false, true
	case "False", "Never", "IsFalse":
		return source.Truth, true, true
	case "NoError", "Nil", "NotPanics", "IsNil", "NoErr", "NilError", "Ok", "NoDirExists", "NoFileExists":
		return source.Exists, false, true
	case "Error", "NotNil", "Panics", "IsNotNil", "FileExists", "DirExists", "Err", "NotOk":
		return source.Exists, true, true
	case "Fail", "FailNow":
		return source.Truth, true, true
	}
	return "", false, false
}

// returned gives what a function that is written in place returns, where it
// does nothing else; else the expression itself.
func returned(e ast.Expr) ast.Expr {
	if f, ok := e.(*ast.FuncLit); ok && len(f.Body.List) == 1 {
		if r, ok := f.Body.List[0].(*ast.ReturnStmt); ok && len(r.Results) == 1 {
			return r.Results[0]
		}
	}
	return e
}

// named reads an assertion by its name and what it is given.
func (w *testWalker) named(name string, args []ast.Expr) (source.Assertion, bool) {
	s, negated, ok := verbs(name)
	if !ok {
		return source.Assertion{}, false
	}
	a := source.Assertion{Strength: s, Negated: negated}
	switch {
	case len(args) == 0:
		return a, true
	case (s == source.Exact || s == source.Partial) && len(args) > 1 && name != "Contains" && name != "Len" && name != "Regexp":
		a = w.pair(s, args[0], args[1])
		a.Negated = negated
		a = form.Canonical(a)
		if name == "GreaterOrEqual" && isLength(args[0]) && a.Expected == "0" {
			a.Strength = source.Trivial
		}
	case len(args) > 1 && s == source.Partial: // what is looked at comes first, but with Regexp
		subject, expected := args[0], args[1]
		if strings.HasPrefix(name, "Regexp") {
			subject, expected = expected, subject
		}
		a.Subject = w.code(subject)
		if lit, ok := w.literal(expected); ok {
			a.Expected = lit
		}
		if w.same(subject, expected) || a.Expected == `""` && name != "Len" {
			a.Strength = source.Trivial
		}
		if strings.TrimSuffix(name, "f") == "Len" || name == "HasLen" {
			a.Subject = "len(" + a.Subject + ")"
		}
	default:
		a.Subject = w.code(args[0])
		if s == source.Exists {
			a.Expected = "nil"
		}
		if name == "Empty" || name == "Emptyf" || name == "Zero" || name == "Zerof" {
			a.Strength, a.Expected = source.Exact, "empty"
		}
		if s == source.Truth {
			return w.truth(returned(args[0]), negated), true
		}
		if lit, ok := w.literal(args[0]); ok && lit != "nil" && (name == "NotNil" || name == "NotEmpty") || lit == "nil" && s == source.Exists && !negated {
			a.Strength = source.Trivial
		}
	}
	return a, true
}

// truth reads assert.True(cond) as the condition it asks for.
func (w *testWalker) truth(cond ast.Expr, negated bool) source.Assertion { //nolint:revive // what the call asks for, true or false
	if value, ok := w.constant(cond); ok {
		if value != negated {
			return source.Assertion{Strength: source.Trivial, Subject: w.code(cond)}
		}
		return source.Assertion{Strength: source.Truth}
	}
	list := w.claim(cond, negated)
	if len(list) == 1 {
		return list[0]
	}
	return source.Assertion{Strength: source.Truth, Subject: w.code(cond), Negated: negated}
}

// gomega reads Expect(x).To(Equal(y)) and its like.
func (w *testWalker) gomega(call *ast.CallExpr, sel *ast.SelectorExpr) (source.Assertion, bool) {
	negated := false
	switch sel.Sel.Name {
	case "To", "Should":
	case "NotTo", "ToNot", "ShouldNot":
		negated = true
	case "Succeed", "HaveOccurred":
		return source.Assertion{}, false
	default:
		return source.Assertion{}, false
	}
	var subject *ast.CallExpr
	for e := sel.X; subject == nil; {
		c, ok := e.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return source.Assertion{}, false
		}
		name := w.code(c.Fun)
		switch name[strings.LastIndex(name, ".")+1:] {
		case "Expect", "ExpectWithOffset", "Eventually", "Consistently", "Ω", "EventuallyWithOffset":
			subject = c
		default:
			inner, ok := c.Fun.(*ast.SelectorExpr)
			if !ok {
				return source.Assertion{}, false
			}
			e = inner.X
		}
	}
	a := source.Assertion{Negated: negated, Strength: source.Truth}
	if len(subject.Args) > 0 {
		a.Subject = w.code(subject.Args[0])
	}
	matcher, ok := call.Args[0].(*ast.CallExpr)
	for ok && strings.HasSuffix(w.code(matcher.Fun), "Not") && len(matcher.Args) == 1 {
		a.Negated = !a.Negated
		matcher, ok = matcher.Args[0].(*ast.CallExpr)
	}
	if !ok {
		return a, true
	}
	name := w.code(matcher.Fun)
	name = name[strings.LastIndex(name, ".")+1:]
	a.Strength, a.Expected = matchers(name)
	if name == "HaveOccurred" {
		a.Negated = !a.Negated
	}
	if len(matcher.Args) > 0 {
		if lit, ok := w.literal(matcher.Args[0]); ok {
			a.Expected = lit
		}
		if len(subject.Args) > 0 && w.same(subject.Args[0], matcher.Args[0]) {
			a.Strength = source.Trivial
		}
	}
	if len(subject.Args) > 0 && (name == "BeTrue" || name == "BeFalse") {
		if value, ok := w.constant(subject.Args[0]); ok && value == (name == "BeTrue") != a.Negated {
			a.Strength = source.Trivial
		}
	}
	return a, true
}

// matchers gives the strength of Gomega's matchers, and the value some stand
// for.
func matchers(name string) (source.Strength, string) {
	switch name {
	case "Equal", "BeEquivalentTo", "BeIdenticalTo", "ConsistOf", "MatchJSON", "MatchYAML", "MatchXML", "HaveValue", "MatchAllFields", "HaveHTTPStatus":
		return source.Exact, ""
	case "BeTrue":
		return source.Truth, "true"
	case "BeFalse":
		return source.Truth, "false"
	case "BeNil", "HaveOccurred", "Succeed":
		return source.Exists, "nil"
	case "Exist", "BeAnExistingFile", "Panic", "BeClosed", "Receive", "MatchError":
		if name == "MatchError" {
			return source.Partial, ""
		}
		return source.Exists, ""
	}
	return source.Partial, ""
}

var sure = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)assert|check|expect|verif|require|must|compare|diff|equal|want|ensure|validate`)
})

// helperCall reads a call of a function that is given the test: one of this
// file that may fail it, or one named for it.
func (w *testWalker) helperCall(call *ast.CallExpr, name string) (source.Assertion, bool) {
	given := false
	for _, arg := range call.Args {
		given = given || w.isTest(arg)
	}
	id, isName := call.Fun.(*ast.Ident)
	switch {
	case isName && w.closed[id.Name]:
		name = id.Name
	case !given:
		return source.Assertion{}, false
	case isName:
		name = id.Name
	}
	known := isName && (w.closed[name] || w.failing[name])
	if !known && !sure().MatchString(name) || strings.HasPrefix(name, "New") || strings.HasPrefix(name, "new") {
		return source.Assertion{}, false
	}
	a := source.Assertion{Strength: source.Truth, Subject: name, Via: name}
	lower := strings.ToLower(name)
	switch {
	case strings.Contains(lower, "nil") || strings.Contains(lower, "noerr"):
		a.Strength = source.Exists
	case strings.Contains(lower, "omit") || strings.Contains(lower, "notcontain") || strings.Contains(lower, "notequal"):
		a.Strength, a.Negated = source.Partial, true
	case strings.Contains(lower, "equal") || strings.Contains(lower, "compare") || strings.Contains(lower, "diff") || strings.Contains(lower, "same"):
		a.Strength = source.Exact
	case strings.Contains(lower, "contain") || strings.Contains(lower, "match"):
		a.Strength = source.Partial
	}
	var rest []ast.Expr
	for _, arg := range call.Args {
		if !w.isTest(arg) {
			rest = append(rest, arg)
		}
	}
	if len(rest) > 0 {
		if lit, ok := w.literal(rest[len(rest)-1]); ok {
			a.Expected = lit
		}
		a.Subject = name + " " + w.code(rest[0])
		if len(rest) > 1 {
			var seen []string
			for _, x := range rest[:len(rest)-1] {
				seen = append(seen, w.code(x))
			}
			a.Subject = name + " " + strings.Join(seen, ", ")
		}
	}
	return a, true
}

// seed reads f.Add(...) as a case.
func (w *testWalker) seed(call *ast.CallExpr) {
	if sel, ok := call.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Add" && w.isTest(sel.X) {
		w.test().Cases = append(w.test().Cases, source.Case{Text: w.code(call), Range: w.rangeOf(call)})
	}
}

// double counts mocks and stubs.
func (w *testWalker) double(call *ast.CallExpr) {
	name := w.code(call.Fun)
	short := name[strings.LastIndex(name, ".")+1:]
	if strings.HasPrefix(short, "NewMock") || strings.HasPrefix(short, "NewFake") || strings.HasPrefix(short, "NewStub") || name == "gomock.NewController" ||
		short == "EXPECT" || short == "On" && len(call.Args) > 0 && strings.Contains(strings.ToLower(name), "mock") {
		w.test().Doubles++
	}
}

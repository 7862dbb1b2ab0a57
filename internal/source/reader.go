package source

import (
	"slices"
	"strings"

	"muster/internal/source/treesitter"
)

type node = treesitter.Node

// role is what a kind of node is, for what all languages have alike.
type role int

const (
	none       role = iota
	branches        // if, with the fields condition, consequence and alternative
	otherwise       // a further part of an if: elif, else
	loops           // with the field body
	chooses         // switch, match
	ternaries       // an if that is an expression
	handles         // catch, except
	combines        // an expression with an operator that may be logical
	closes          // a function without a name
	callings        // a call
	statements      // a node that is only a statement around an expression
	texts           // a literal string
	numbers         // a literal number
	negates         // an expression with a sign
	comments        // a comment
)

// dialect is what a reader must know of a language.
type dialect struct {
	roles map[string]role
	exits map[string]string // kinds of statements that leave, and how

	// declare reads a node that may declare something. When it declares a
	// function, class or the like, ok says so and what is in it is read with it
	// as holder.
	declare func(r *reader, n node, s scope) (declared, bool)
	// fixed reports whether an expression is the same whatever happened, beyond
	// literals.
	fixed func(n node) bool
	// special reads what only this language has.
	special func(r *reader, n node, s scope)
}

// declared is a function, or another thing that holds functions.
type declared struct {
	name      string
	exported  bool
	signature string
	whole     node // with its decorators
	body      node
	holder    bool // no function: a class, namespace, impl
}

// scope is where a node stands.
type scope struct {
	function int    // index of the function around it, -1 for none
	level    int    // how deep it is nested in the function's flow
	path     string // names of what holds it
	exported bool   // all that holds it may be used from outside
	guarded  bool   // in the condition of a guard
	chained  bool   // an if that is the else of another
}

// reader reads the facts of one tree.
type reader struct {
	dialect
	code
	file *File
}

// read reads a whole tree.
func read(file *File, tree *treesitter.Tree, d dialect) {
	r := &reader{dialect: d, code: code{text: tree.Text()}, file: file}
	r.comments(tree)
	r.visit(tree.Root(), scope{function: -1, exported: true})
	slices.SortStableFunc(file.Comments, func(a, b Comment) int { return a.Start - b.Start })
	for i := range file.Functions {
		f := &file.Functions[i]
		if slices.ContainsFunc(f.Calls, func(c Call) bool { return callsItself(c.Name, f.Name) }) {
			f.Complexity++
		}
	}
}

func callsItself(call, name string) bool {
	last := lastName(name)
	for _, before := range []string{"", "self.", "this.", "Self::"} {
		if call == before+last {
			return true
		}
	}
	return false
}

// visit reads a node and all below it.
func (r *reader) visit(n node, s scope) {
	if d, ok := r.declare(r, n, s); ok {
		r.enter(n, d, s)
		return
	}
	r.special(r, n, s)
	below := s
	below.chained = false
	switch r.roles[n.Kind()] {
	case branches:
		r.branch(n, s)
		return
	case otherwise: // reached outside of an if only: the else of a loop
	case loops, chooses, ternaries:
		r.count(s, 1+s.level)
		below.level++
	case handles:
		r.count(s, 1+s.level)
		below.level++
		r.handler(n, blockOf(n), s)
	case combines:
		r.logical(n, s)
	case closes:
		below.level++
	case callings:
		r.call(n, s)
	case texts:
		if up := n.Parent(); !up.Is("expression_statement", "import_statement", "export_statement") { // "use strict" and the like
			r.literal(n, String, stringValue(n))
		}
	case numbers:
		r.number(n)
	case none, statements, negates, comments:
	}
	r.children(n, below)
}

func (r *reader) children(n node, s scope) {
	for c := range n.Children() {
		if c.IsNamed() {
			r.visit(c, s)
		}
	}
}

// enter reads what lies in a declaration.
func (r *reader) enter(n node, d declared, s scope) {
	in := scope{function: s.function, path: join(s.path, d.name), exported: s.exported && d.exported, level: s.level}
	if !d.holder {
		in.function, in.level, in.exported = len(r.file.Functions), 0, false
		f := Function{Name: in.path, Exported: s.exported && d.exported, Signature: d.signature, Range: linesOf(d.whole)}
		if !d.body.IsZero() {
			f.Body = linesOf(d.body)
		}
		r.file.Functions = append(r.file.Functions, f)
	}
	r.children(n, in)
}

// maxHolders is how many names of what holds a thing are part of its name.
const maxHolders = 8

func join(path, name string) string {
	if path == "" || name == "" || strings.Count(path, ".") >= maxHolders {
		return path + name
	}
	return path + "." + name
}

func (r *reader) function(s scope) *Function {
	if s.function < 0 {
		return &Function{} // what stands outside of functions is not kept
	}
	return &r.file.Functions[s.function]
}

func (r *reader) count(s scope, by int) { r.function(s).Complexity += by }

// branch reads an if with all its parts.
func (r *reader) branch(n node, s scope) {
	by := 1 + s.level
	if s.chained {
		by = 1
	}
	r.count(s, by)
	r.arm(n, s)
	in := s
	in.level++
	in.chained = false
	for c := range n.Children() {
		switch {
		case c.Field() == "alternative" && r.roles[c.Kind()] == otherwise:
			r.alternative(n, c, s)
		case c.Field() == "alternative": // an else without a node of its own
			r.elseArm(n, c, s)
		case c.IsNamed() && c.Field() == "condition":
			cond := s
			cond.chained = false
			cond.guarded = r.exit(n.At("consequence")) != "" || s.guarded
			r.visit(c, cond)
		case c.IsNamed():
			r.visit(c, in)
		}
	}
}

// alternative reads an elif or else.
func (r *reader) alternative(n, part node, s scope) {
	if cond := part.At("condition"); !cond.IsZero() { // elif
		chained := s
		chained.chained = true
		r.branch(part, chained)
		return
	}
	inner := part.At("body")
	if inner.IsZero() {
		for c := range part.Named() {
			inner = c
		}
	}
	r.elseArm(n, inner, s)
}

func (r *reader) elseArm(n, inner node, s scope) {
	if r.roles[inner.Kind()] == branches {
		s.chained = true
		r.visit(inner, s)
		return
	}
	r.count(s, 1)
	if exit := r.exit(inner); exit != "" {
		cond := r.condition(n)
		kind := Condition
		if looksAtError(n.At("condition")) && saysNone(cond) {
			kind = ErrorCheck
		}
		r.guard(s, Guard{Kind: kind, Text: "!(" + cond + ")", Exit: exit, Range: linesOf(inner)})
	}
	s.level++
	s.chained = false
	r.visit(inner, s)
}

// condition gives the condition of an if without brackets around it.
func (r *reader) condition(n node) string {
	cond := n.At("condition")
	for cond.Is("parenthesized_expression") {
		inner := first(cond)
		if inner.IsZero() {
			break
		}
		cond = inner
	}
	return r.short(cond)
}

// first gives the first named child that is no comment.
func first(n node) node {
	for c := range n.Named() {
		return c
	}
	return node{}
}

// arm reads the condition of an if and what is done when it holds.
func (r *reader) arm(n node, s scope) {
	then := n.At("consequence")
	cond := r.condition(n)
	lines := linesOf(n)
	lines.End = max(lines.Start, linesOf(then).End)
	kind := Condition
	if looksAtError(n.At("condition")) && !saysNone(cond) {
		kind = ErrorCheck
		if lost := r.lost(then); lost != "" && isPlainCheck(cond) {
			r.swallow(s, Swallow{Kind: lost, Text: r.head(n, then) + r.short(then), Range: lines})
			kind = Condition
		}
	}
	if exit := r.exit(then); exit != "" {
		r.guard(s, Guard{Kind: kind, Text: cond, Exit: exit, Range: lines})
	}
}

// looksAtError reports whether an expression has a name that errors have.
func looksAtError(n node) bool {
	for c := range n.Inside() {
		if c.Is("identifier", "property_identifier", "field_identifier") && isErrorName(c.Text()) {
			return true
		}
	}
	return n.Is("identifier") && isErrorName(n.Text())
}

// saysNone reports whether a condition says that there is no error.
func saysNone(cond string) bool {
	cond = strings.ToLower(cond)
	if strings.HasPrefix(cond, "!") || strings.HasPrefix(cond, "not ") {
		return true
	}
	for _, none := range []string{"== null", "== undefined", "is none", "== none", ".is_ok()", ".is_none()"} {
		if strings.Contains(cond, none) {
			return true
		}
	}
	return false
}

// isPlainCheck reports whether a condition asks only whether there is an
// error, and not for which one.
func isPlainCheck(cond string) bool {
	if rest, ok := strings.CutPrefix(cond, "let Err("); ok {
		name, _, _ := strings.Cut(rest, ")")
		return !strings.ContainsAny(name, ":({")
	}
	for _, end := range []string{" is not None", " !== null", " != null", " !== undefined", " != undefined", ".is_err()"} {
		cond = strings.TrimSuffix(cond, end)
	}
	return !strings.ContainsAny(cond, " ()&|=<>[]") && isErrorName(cond)
}

// logical counts each run of the same logical operator in an expression once.
func (r *reader) logical(n node, s scope) {
	op := operator(n)
	if op == "" {
		return
	}
	up := n.Parent()
	for up.Is("parenthesized_expression") {
		up = up.Parent()
	}
	if operator(up) != op {
		r.count(s, 1)
	}
}

// operator gives the logical operator of an expression, or "".
func operator(n node) string {
	if !n.Is("boolean_operator", "binary_expression") {
		return ""
	}
	switch op := n.At("operator").Kind(); op {
	case "&&", "||", "and", "or", "??":
		return op
	}
	return ""
}

func (r *reader) guard(s scope, g Guard) {
	f := r.function(s)
	f.Guards = append(f.Guards, g)
}

func (r *reader) swallow(s scope, x Swallow) {
	f := r.function(s)
	f.Swallows = append(f.Swallows, x)
}

func (r *reader) call(n node, s scope) {
	name := calledName(n, maxChain)
	if name == "" {
		return
	}
	f := r.function(s)
	line, _ := n.Lines()
	f.Calls = append(f.Calls, Call{Name: name, Line: line})
	if isValidation(name) && !s.guarded {
		f.Guards = append(f.Guards, Guard{Kind: Validation, Text: r.short(n), Range: linesOf(n)})
	}
}

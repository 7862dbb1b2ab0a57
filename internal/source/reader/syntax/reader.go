// Package syntax reads the facts that languages have alike from a tree that
// tree-sitter has made. A language says with a Dialect what its nodes are.
package syntax

import (
	"slices"
	"strings"

	"muster/internal/source"
	"muster/internal/source/reader/form"
	"muster/internal/source/treesitter"
)

type node = treesitter.Node

// Role is what a kind of node is, for what all languages have alike.
type Role int

// The roles.
const (
	None       Role = iota
	Branches        // if, with the fields condition, consequence and alternative
	Otherwise       // a further part of an if: elif, else
	Loops           // with the field body
	Chooses         // switch, match
	Ternaries       // an if that is an expression
	Handles         // catch, except
	Combines        // an expression with an operator that may be logical
	Closes          // a function without a name
	Callings        // a call
	Statements      // a node that is only a statement around an expression
	Texts           // a literal string
	Numbers         // a literal number
	Negates         // an expression with a sign
	Comments        // a comment
)

// Dialect is what a reader must know of a language.
type Dialect struct {
	Roles map[string]Role
	Exits map[string]string // kinds of statements that leave, and how

	// Declare reads a node that may declare something. When it declares a
	// function, class or the like, ok says so and what is in it is read with it
	// as holder.
	Declare func(r *Reader, n node, s Scope) (Declared, bool)
	// Fixed reports whether an expression is the same whatever happened, beyond
	// literals.
	Fixed func(n node) bool
	// Special reads what only this language has.
	Special func(r *Reader, n node, s Scope)
}

// Declared is a function, or another thing that holds functions.
type Declared struct {
	Name      string
	Exported  bool
	Signature string
	Whole     node // with its decorators
	Body      node
	Holder    bool // no function: a class, namespace, impl
}

// Scope is where a node stands.
type Scope struct {
	Function int    // index of the function around it, -1 for none
	level    int    // how deep it is nested in the function's flow
	Path     string // names of what holds it
	Exported bool   // all that holds it may be used from outside
	guarded  bool   // in the condition of a guard
	chained  bool   // an if that is the else of another
}

// Reader reads the facts of one tree.
type Reader struct {
	Dialect
	code
	File *source.File
}

// Read reads a whole tree.
func Read(file *source.File, tree *treesitter.Tree, d Dialect) {
	r := &Reader{Dialect: d, code: code{text: tree.Text()}, File: file}
	r.comments(tree)
	r.visit(tree.Root(), Scope{Function: -1, Exported: true})
	slices.SortStableFunc(file.Comments, func(a, b source.Comment) int { return a.Start - b.Start })
	for i := range file.Functions {
		f := &file.Functions[i]
		if slices.ContainsFunc(f.Calls, func(c source.Call) bool { return callsItself(c.Name, f.Name) }) {
			f.Complexity++
		}
	}
}

func callsItself(call, name string) bool {
	last := form.LastName(name)
	for _, before := range []string{"", "self.", "this.", "Self::"} {
		if call == before+last {
			return true
		}
	}
	return false
}

// visit reads a node and all below it.
func (r *Reader) visit(n node, s Scope) {
	if d, ok := r.Declare(r, n, s); ok {
		r.enter(n, d, s)
		return
	}
	r.Special(r, n, s)
	below := s
	below.chained = false
	switch r.Roles[n.Kind()] {
	case Branches:
		r.branch(n, s)
		return
	case Otherwise: // reached outside of an if only: the else of a loop
	case Loops, Chooses, Ternaries:
		r.count(s, 1+s.level)
		below.level++
	case Handles:
		r.count(s, 1+s.level)
		below.level++
		r.Handler(n, blockOf(n), s)
	case Combines:
		r.logical(n, s)
	case Closes:
		below.level++
	case Callings:
		r.call(n, s)
	case Texts:
		if up := n.Parent(); !up.Is("expression_statement", "import_statement", "export_statement") { // "use strict" and the like
			r.literal(n, source.String, StringValue(n))
		}
	case Numbers:
		r.number(n)
	case None, Statements, Negates, Comments:
	}
	r.children(n, below)
}

func (r *Reader) children(n node, s Scope) {
	for c := range n.Children() {
		if c.IsNamed() {
			r.visit(c, s)
		}
	}
}

// enter reads what lies in a declaration.
func (r *Reader) enter(n node, d Declared, s Scope) {
	in := Scope{Function: s.Function, Path: Join(s.Path, d.Name), Exported: s.Exported && d.Exported, level: s.level}
	if !d.Holder {
		in.Function, in.level, in.Exported = len(r.File.Functions), 0, false
		f := source.Function{Name: in.Path, Exported: s.Exported && d.Exported, Signature: d.Signature, Range: LinesOf(d.Whole)}
		if !d.Body.IsZero() {
			f.Body = LinesOf(d.Body)
		}
		r.File.Functions = append(r.File.Functions, f)
	}
	r.children(n, in)
}

// MaxHolders is how many names of what holds a thing are part of its name.
const MaxHolders = 8

// Join puts a name below the path of what holds it.
func Join(path, name string) string {
	if path == "" || name == "" || strings.Count(path, ".") >= MaxHolders {
		return path + name
	}
	return path + "." + name
}

func (r *Reader) function(s Scope) *source.Function {
	if s.Function < 0 {
		return &source.Function{} // what stands outside of functions is not kept
	}
	return &r.File.Functions[s.Function]
}

func (r *Reader) count(s Scope, by int) { r.function(s).Complexity += by }

// branch reads an if with all its parts.
func (r *Reader) branch(n node, s Scope) {
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
		case c.Field() == "alternative" && r.Roles[c.Kind()] == Otherwise:
			r.alternative(n, c, s)
		case c.Field() == "alternative": // an else without a node of its own
			r.elseArm(n, c, s)
		case c.IsNamed() && c.Field() == "condition":
			cond := s
			cond.chained = false
			cond.guarded = r.Exit(n.At("consequence")) != "" || s.guarded
			r.visit(c, cond)
		case c.IsNamed():
			r.visit(c, in)
		}
	}
}

// alternative reads an elif or else.
func (r *Reader) alternative(n, part node, s Scope) {
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

func (r *Reader) elseArm(n, inner node, s Scope) {
	if r.Roles[inner.Kind()] == Branches {
		s.chained = true
		r.visit(inner, s)
		return
	}
	r.count(s, 1)
	if exit := r.Exit(inner); exit != "" {
		cond := r.condition(n)
		kind := source.Condition
		if looksAtError(n.At("condition")) && saysNone(cond) {
			kind = source.ErrorCheck
		}
		r.Guard(s, source.Guard{Kind: kind, Text: "!(" + cond + ")", Exit: exit, Range: LinesOf(inner)})
	}
	s.level++
	s.chained = false
	r.visit(inner, s)
}

// condition gives the condition of an if without brackets around it.
func (r *Reader) condition(n node) string {
	cond := n.At("condition")
	for cond.Is("parenthesized_expression") {
		inner := First(cond)
		if inner.IsZero() {
			break
		}
		cond = inner
	}
	return r.Short(cond)
}

// First gives the first named child that is no comment.
func First(n node) node {
	for c := range n.Named() {
		return c
	}
	return node{}
}

// arm reads the condition of an if and what is done when it holds.
func (r *Reader) arm(n node, s Scope) {
	then := n.At("consequence")
	cond := r.condition(n)
	lines := LinesOf(n)
	lines.End = max(lines.Start, LinesOf(then).End)
	kind := source.Condition
	if looksAtError(n.At("condition")) && !saysNone(cond) {
		kind = source.ErrorCheck
		if lost := r.Lost(then); lost != "" && isPlainCheck(cond) {
			r.Swallow(s, source.Swallow{Kind: lost, Text: r.Head(n, then) + r.Short(then), Range: lines})
			kind = source.Condition
		}
	}
	if exit := r.Exit(then); exit != "" {
		r.Guard(s, source.Guard{Kind: kind, Text: cond, Exit: exit, Range: lines})
	}
}

// looksAtError reports whether an expression has a name that errors have.
func looksAtError(n node) bool {
	for c := range n.Inside() {
		if c.Is("identifier", "property_identifier", "field_identifier") && form.IsErrorName(c.Text()) {
			return true
		}
	}
	return n.Is("identifier") && form.IsErrorName(n.Text())
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
	return !strings.ContainsAny(cond, " ()&|=<>[]") && form.IsErrorName(cond)
}

// logical counts each run of the same logical operator in an expression once.
func (r *Reader) logical(n node, s Scope) {
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

// Guard adds a guard to the function that is read.
func (r *Reader) Guard(s Scope, g source.Guard) {
	f := r.function(s)
	f.Guards = append(f.Guards, g)
}

// Swallow adds a lost error to the function that is read.
func (r *Reader) Swallow(s Scope, x source.Swallow) {
	f := r.function(s)
	f.Swallows = append(f.Swallows, x)
}

func (r *Reader) call(n node, s Scope) {
	name := CalledName(n, form.MaxChain)
	if name == "" {
		return
	}
	f := r.function(s)
	line, _ := n.Lines()
	f.Calls = append(f.Calls, source.Call{Name: name, Line: line})
	if form.IsValidation(name) && !s.guarded {
		f.Guards = append(f.Guards, source.Guard{Kind: source.Validation, Text: r.Short(n), Range: LinesOf(n)})
	}
}

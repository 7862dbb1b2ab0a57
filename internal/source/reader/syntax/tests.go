package syntax

import (
	"slices"
	"strconv"
	"strings"

	"muster/internal/source"
	"muster/internal/source/reader/form"
	"muster/internal/source/treesitter"
)

// TestReader goes through the tests of a file that tree-sitter has parsed. It
// holds what is alike in all such languages.
type TestReader struct {
	tree     *treesitter.Tree
	comments []form.Span
	Tests    []source.Test
	At       int                        // the test that is read, in Tests; -1 outside of tests
	When     []string                   // conditions around, inside of the test
	Dead     string                     // why nothing here can fail the test
	Tables   map[string]treesitter.Node // lists by the name they are bound to
	failing  map[string]bool            // functions of the file that assert something
}

// NewTestReader gives a reader of the tests of a tree; comments names the kinds
// of nodes that are comments.
func NewTestReader(tree *treesitter.Tree, comments ...string) *TestReader {
	r := &TestReader{tree: tree, At: -1, Tables: map[string]treesitter.Node{}, failing: map[string]bool{}}
	for n := range tree.Root().Inside() {
		if n.Is(comments...) {
			start, end := n.Span()
			r.comments = append(r.comments, form.Span{Start: start, End: end})
		}
	}
	return r
}

// maxTestText is how many bytes of the source the text of an assertion or a
// case shows at most.
const maxTestText = 4000

// Code gives the text of a node in one line, without comments.
func (r *TestReader) Code(n treesitter.Node) string {
	if n.IsZero() {
		return ""
	}
	start, end := n.Span()
	return strings.ToValidUTF8(form.CodeOf(r.tree.Text(), form.Span{Start: start, End: min(end, start+maxTestText)}, r.comments), "")
}

// Test gives the test that is read; outside of tests, one that is not kept.
func (r *TestReader) Test() *source.Test {
	if r.At < 0 {
		return &source.Test{}
	}
	return &r.Tests[r.At]
}

// Begin adds a test and makes it the one that is read until done is called.
func (r *TestReader) Begin(t source.Test) (done func()) {
	at, when, dead := r.At, r.When, r.Dead
	r.Tests = append(r.Tests, t)
	r.At, r.When, r.Dead = len(r.Tests)-1, nil, ""
	return func() { r.At, r.When, r.Dead = at, when, dead }
}

// Assert adds an assertion to the test that is read, with the conditions around
// it. Without a text of its own it has the text of the node.
func (r *TestReader) Assert(a source.Assertion, n treesitter.Node) {
	if r.At < 0 {
		return
	}
	a.Range = LinesOf(n)
	if a.Text == "" {
		a.Text = r.Code(n)
	}
	a.Dead = r.Dead
	when := slices.Clone(r.When)
	if a.When != "" {
		when = append(when, a.When)
	}
	a.When = strings.Join(when, " && ")
	r.Test().Assertions = append(r.Test().Assertions, form.Canonical(a))
}

// Under reads something with a condition around it.
func (r *TestReader) Under(cond, dead string, read func()) {
	was, depth := r.Dead, len(r.When)
	if r.Dead == "" {
		r.Dead = dead
	}
	if cond != "" {
		r.When = append(r.When, cond)
	}
	read()
	r.Dead, r.When = was, r.When[:depth]
}

// Skip notes a mark on the test that is read, once.
func (r *TestReader) Skip(m source.Mark) {
	for _, old := range r.Test().Skips {
		if old.Line == m.Line && old.Text == m.Text {
			return
		}
	}
	if depth := len(r.When); depth > 0 {
		m.Text, m.Conditional = "if "+strings.Join(r.When, " && ")+": "+m.Text, true
	}
	r.Test().Skips = append(r.Test().Skips, m)
}

// Args gives the arguments of a call, named ones not.
func Args(call treesitter.Node) []treesitter.Node {
	var out []treesitter.Node
	for a := range call.At("arguments").Named() {
		if !a.Is("keyword_argument") {
			out = append(out, a)
		}
	}
	return out
}

// LineOf gives the first line of a node.
func LineOf(n treesitter.Node) int {
	first, _ := n.Lines()
	return first
}

// HasCall reports whether an expression calculates something.
func HasCall(n treesitter.Node) bool {
	for c := range n.Inside() {
		if c.Is("call", "call_expression", "new_expression", "await_expression", "await", "method_invocation", "macro_invocation") {
			return true
		}
	}
	return n.Is("call", "call_expression", "new_expression", "method_invocation", "macro_invocation")
}

// SameValue reports whether two expressions are the same and calculate nothing.
func (r *TestReader) SameValue(a, b treesitter.Node) bool {
	return !HasCall(a) && r.Code(a) == r.Code(b)
}

// Seconds reads a number of seconds as milliseconds.
func Seconds(text string) (int64, bool) {
	v, err := strconv.ParseFloat(text, 64)
	return int64(v * 1000), err == nil && v >= 0 && v < 1e9
}

// Flip gives the opposite of a list of claims, as far as it can be told.
func Flip(list []source.Assertion) []source.Assertion {
	for i := range list {
		list[i].Negated = !list[i].Negated
	}
	return list
}

// StrongestOf gives the strongest claim, under the condition that the other
// alternative is not taken.
func StrongestOf(left, right []source.Assertion, leftText, rightText string) []source.Assertion {
	main, other := left, rightText
	if form.Best(right) < form.Best(left) {
		main, other = right, leftText
	}
	for i := range main {
		when := "!(" + other + ")"
		if main[i].When != "" {
			when = main[i].When + " && " + when
		}
		main[i].When = when
	}
	return main
}

// JoinNames puts a name below an outer one, where there is one.
func JoinNames(outer, name, sep string) string {
	if outer == "" {
		return name
	}
	return outer + sep + name
}

// AmongTests reports whether a file by its path stands among tests, so that
// what asserts in it does so for them.
func AmongTests(path string) bool {
	for folder := range strings.SplitSeq(strings.ToLower(path[:strings.LastIndexByte(path, '/')+1]), "/") {
		if folder == "test" || folder == "tests" || folder == "__tests__" || folder == "spec" || folder == "testing" {
			return true
		}
	}
	return false
}

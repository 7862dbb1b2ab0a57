package source

import (
	"slices"
	"strconv"
	"strings"

	"muster/internal/source/treesitter"
)

// treeTests goes through the tests of a file that tree-sitter has parsed. It
// holds what is alike in all such languages.
type treeTests struct {
	tree     *treesitter.Tree
	comments []span
	tests    []Test
	at       int                        // the test that is read, in tests; -1 outside of tests
	when     []string                   // conditions around, inside of the test
	dead     string                     // why nothing here can fail the test
	tables   map[string]treesitter.Node // lists by the name they are bound to
	failing  map[string]bool            // functions of the file that assert something
}

func newTreeTests(tree *treesitter.Tree, comments ...string) *treeTests {
	r := &treeTests{tree: tree, at: -1, tables: map[string]treesitter.Node{}, failing: map[string]bool{}}
	for n := range tree.Root().Inside() {
		if n.Is(comments...) {
			start, end := n.Span()
			r.comments = append(r.comments, span{start, end})
		}
	}
	return r
}

// maxTestText is how many bytes of the source the text of an assertion or a
// case shows at most.
const maxTestText = 4000

// code gives the text of a node in one line, without comments.
func (r *treeTests) code(n treesitter.Node) string {
	if n.IsZero() {
		return ""
	}
	start, end := n.Span()
	return strings.ToValidUTF8(codeOf(r.tree.Text(), span{start, min(end, start+maxTestText)}, r.comments), "")
}

func (r *treeTests) test() *Test {
	if r.at < 0 {
		return &Test{}
	}
	return &r.tests[r.at]
}

// begin adds a test and makes it the one that is read until done is called.
func (r *treeTests) begin(t Test) (done func()) {
	at, when, dead := r.at, r.when, r.dead
	r.tests = append(r.tests, t)
	r.at, r.when, r.dead = len(r.tests)-1, nil, ""
	return func() { r.at, r.when, r.dead = at, when, dead }
}

func (r *treeTests) assert(a Assertion, n treesitter.Node) {
	if r.at < 0 {
		return
	}
	a.Range = linesOf(n)
	if a.Text == "" {
		a.Text = r.code(n)
	}
	a.Dead = r.dead
	when := slices.Clone(r.when)
	if a.When != "" {
		when = append(when, a.When)
	}
	a.When = strings.Join(when, " && ")
	r.test().Assertions = append(r.test().Assertions, canonical(a))
}

// under reads something with a condition around it.
func (r *treeTests) under(cond, dead string, read func()) {
	was, depth := r.dead, len(r.when)
	if r.dead == "" {
		r.dead = dead
	}
	if cond != "" {
		r.when = append(r.when, cond)
	}
	read()
	r.dead, r.when = was, r.when[:depth]
}

// skip notes a mark on the test that is read, once.
func (r *treeTests) skip(m Mark) {
	for _, old := range r.test().Skips {
		if old.Line == m.Line && old.Text == m.Text {
			return
		}
	}
	if depth := len(r.when); depth > 0 {
		m.Text, m.Conditional = "if "+strings.Join(r.when, " && ")+": "+m.Text, true
	}
	r.test().Skips = append(r.test().Skips, m)
}

// args gives the arguments of a call, named ones not.
func args(call treesitter.Node) []treesitter.Node {
	var out []treesitter.Node
	for a := range call.At("arguments").Named() {
		if !a.Is("keyword_argument") {
			out = append(out, a)
		}
	}
	return out
}

func lineOf(n treesitter.Node) int {
	first, _ := n.Lines()
	return first
}

// hasCall reports whether an expression calculates something.
func hasCall(n treesitter.Node) bool {
	for c := range n.Inside() {
		if c.Is("call", "call_expression", "new_expression", "await_expression", "await", "method_invocation", "macro_invocation") {
			return true
		}
	}
	return n.Is("call", "call_expression", "new_expression", "method_invocation", "macro_invocation")
}

// sameValue reports whether two expressions are the same and calculate nothing.
func (r *treeTests) sameValue(a, b treesitter.Node) bool {
	return !hasCall(a) && r.code(a) == r.code(b)
}

func seconds(text string) (int64, bool) {
	v, err := strconv.ParseFloat(text, 64)
	return int64(v * 1000), err == nil && v >= 0 && v < 1e9
}

// flip gives the opposite of a list of claims, as far as it can be told.
func flip(list []Assertion) []Assertion {
	for i := range list {
		list[i].Negated = !list[i].Negated
	}
	return list
}

// strongestOf gives the strongest claim, under the condition that the other
// alternative is not taken.
func strongestOf(left, right []Assertion, leftText, rightText string) []Assertion {
	main, other := left, rightText
	if best(right) < best(left) {
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

package treesitter

import (
	"bytes"
	"encoding/binary"
	"iter"
	"slices"
	"sort"
)

// Tree is the syntax tree of one text. It is plain memory and never changes.
type Tree struct {
	text  []byte
	names *names
	nodes []record
	lines []uint32 // the byte where each line begins
}

// record is a node as shim.c writes it. The nodes of a subtree follow each
// other, a parent before its children.
type record struct {
	symbol, field uint16
	flags         uint8
	start, end    uint32
	parent, size  uint32
}

const (
	recordBytes = 20
	named       = 1
	missing     = 2
	faulty      = 4
	extra       = 8
)

// names holds what the symbols and fields of a grammar are called.
type names struct {
	symbols []string
	fields  []string // from 1 on; 0 is no field
}

// decode reads the nodes that a module has written; nil when they are nested
// deeper than maxDepth, so that whoever walks a tree may recurse.
func decode(text, raw []byte, n *names) *Tree {
	t := &Tree{text: text, names: n, nodes: make([]record, len(raw)/recordBytes), lines: []uint32{0}}
	size := uint32(len(text)) //nolint:gosec // bounded by MaxBytes
	depth := make([]uint16, len(t.nodes))
	for i := range t.nodes {
		b := raw[i*recordBytes : (i+1)*recordBytes]
		fields := binary.LittleEndian.Uint16(b[2:])
		start, end := binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
		end = min(end, size)
		t.nodes[i] = record{
			symbol: binary.LittleEndian.Uint16(b), field: fields & 0xfff, flags: uint8(fields >> 12), //nolint:gosec // four bits
			start: min(start, end), end: end,
			parent: binary.LittleEndian.Uint32(b[12:]), size: binary.LittleEndian.Uint32(b[16:]),
		}
		if i == 0 {
			continue
		}
		if depth[i] = depth[t.nodes[i].parent] + 1; depth[i] > maxDepth {
			return nil
		}
	}
	for pos := 0; ; {
		i := bytes.IndexByte(text[pos:], '\n')
		if i < 0 {
			return t
		}
		pos += i + 1
		t.lines = append(t.lines, uint32(pos)) //nolint:gosec // bounded by MaxBytes
	}
}

// Text gives the text that was parsed.
func (t *Tree) Text() []byte { return t.text }

// Root gives the node of the whole text; a zero Node when the tree is empty.
func (t *Tree) Root() Node {
	if len(t.nodes) == 0 {
		return Node{}
	}
	return Node{t, 0}
}

// Len gives the number of nodes.
func (t *Tree) Len() int { return len(t.nodes) }

// Line gives the line, from 1, that a byte lies in.
func (t *Tree) Line(pos int) int {
	return sort.Search(len(t.lines), func(i int) bool { return int(t.lines[i]) > pos })
}

// Node is a place in a tree. The zero Node is no place: its kind is empty and
// it has no children, so that chains of steps need no checks between them.
// Nodes can be compared with ==.
type Node struct {
	tree  *Tree
	index int
}

// IsZero reports whether the node is no place in a tree.
func (n Node) IsZero() bool { return n.tree == nil }

func (n Node) record() record {
	if n.tree == nil {
		return record{}
	}
	return n.tree.nodes[n.index]
}

// Kind gives the name that the grammar has for the node: "if_statement", "(".
// What the parser could not understand is "ERROR".
func (n Node) Kind() string {
	if n.tree == nil {
		return ""
	}
	if s := int(n.record().symbol); s < len(n.tree.names.symbols) {
		return n.tree.names.symbols[s]
	}
	return "ERROR"
}

// Is reports whether the kind of the node is one of kinds.
func (n Node) Is(kinds ...string) bool { return n.tree != nil && slices.Contains(kinds, n.Kind()) }

// Field gives the name of the field of its parent that the node is in, or "".
func (n Node) Field() string {
	f := int(n.record().field)
	if n.tree == nil || f == 0 || f > len(n.tree.names.fields) {
		return ""
	}
	return n.tree.names.fields[f-1]
}

// IsNamed reports whether the node is more than a token of the grammar such as
// "(" or "if".
func (n Node) IsNamed() bool { return n.record().flags&named != 0 }

// IsBroken reports whether the parser could not understand the node's text, or
// put the node in where the text has nothing, to go on after an error.
func (n Node) IsBroken() bool { return n.record().flags&(faulty|missing) != 0 }

// Span gives the bytes of the text that the node covers, the end not included.
func (n Node) Span() (start, end int) { return int(n.record().start), int(n.record().end) }

// Lines gives the first and last line, from 1, that the node covers. White
// space at its end does not count.
func (n Node) Lines() (first, last int) {
	if n.tree == nil {
		return 0, 0
	}
	start, end := n.Span()
	for end > start && (n.tree.text[end-1] == '\n' || n.tree.text[end-1] == ' ' || n.tree.text[end-1] == '\r' || n.tree.text[end-1] == '\t') {
		end--
	}
	first = n.tree.Line(start)
	if end > start {
		return first, n.tree.Line(end - 1)
	}
	return first, first
}

// Text gives the text of the node as it is written.
func (n Node) Text() string {
	if n.tree == nil {
		return ""
	}
	start, end := n.Span()
	return string(n.tree.text[start:end])
}

// Parent gives the node around this one; a zero Node for the root.
func (n Node) Parent() Node {
	if n.tree == nil || n.index == 0 {
		return Node{}
	}
	return Node{n.tree, int(n.record().parent)}
}

// Next gives the next child of the same parent, or a zero Node.
func (n Node) Next() Node {
	p := n.Parent()
	if p.tree == nil {
		return Node{}
	}
	if i := n.index + int(n.record().size); i < p.index+int(p.record().size) {
		return Node{n.tree, i}
	}
	return Node{}
}

// Prev gives the child of the same parent before this one, or a zero Node. It
// looks at every child before this one.
func (n Node) Prev() Node {
	var last Node
	for c := range n.Parent().Children() {
		if c == n {
			break
		}
		last = c
	}
	return last
}

// Children gives the children in the order of the text, tokens and comments
// included.
func (n Node) Children() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		if n.tree == nil {
			return
		}
		end := n.index + int(n.record().size)
		for i := n.index + 1; i < end; i += int(n.tree.nodes[i].size) {
			if !yield(Node{n.tree, i}) {
				return
			}
		}
	}
}

// Named gives the named children that are no comments.
func (n Node) Named() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		for c := range n.Children() {
			if c.record().flags&(named|extra) == named && !yield(c) {
				return
			}
		}
	}
}

// Inside gives every node below this one, parents before children.
func (n Node) Inside() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		if n.tree == nil {
			return
		}
		for i := n.index + 1; i < n.index+int(n.record().size); i++ {
			if !yield(Node{n.tree, i}) {
				return
			}
		}
	}
}

// Skip gives the node that follows this one and all below it in the order of
// Inside, or a zero Node after the last one.
func (n Node) Skip() Node {
	if n.tree == nil || n.index+int(n.record().size) >= len(n.tree.nodes) {
		return Node{}
	}
	return Node{n.tree, n.index + int(n.record().size)}
}

// At gives the first child in the field, or a zero Node.
func (n Node) At(field string) Node {
	for c := range n.Children() {
		if c.record().field != 0 && c.Field() == field {
			return c
		}
	}
	return Node{}
}

// First gives the first child of one of kinds, or a zero Node.
func (n Node) First(kinds ...string) Node {
	for c := range n.Children() {
		if c.Is(kinds...) {
			return c
		}
	}
	return Node{}
}

// Holds reports whether other lies in the subtree of n, or is n.
func (n Node) Holds(other Node) bool {
	return n.tree != nil && n.tree == other.tree && n.index <= other.index && other.index < n.index+int(n.record().size)
}

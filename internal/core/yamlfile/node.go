package yamlfile

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Kind is the sort of a node.
type Kind string

// The kinds of node.
const (
	Scalar Kind = "text"
	List   Kind = "list"
	Map    Kind = "mapping"
	Null   Kind = "nothing"
	// Refused stands for a value whose being there was an error. The getters
	// say no more about it.
	Refused Kind = "refused"
)

// Node is one value of a file, and where it stands. It is never changed.
type Node struct {
	Kind    Kind
	Line    int
	Col     int
	Text    string  // of a Scalar: numbers and true and false as they are written
	Quoted  bool    // a Scalar in quotes or as a block: never a number
	Items   []*Node // of a List
	Entries []Entry // of a Map, in the order of the file; keys are unique

	parent *Node
	step   string // from the parent: ".key" or "[0]"
}

// Entry is one key of a mapping with its value.
type Entry struct {
	Key   *Node // a Scalar
	Value *Node
}

// Path says where the node stands within its file: tasks[0].scope. The path of
// a key is that of its mapping.
func (n *Node) Path() string {
	var steps []string
	for ; n != nil; n = n.parent {
		steps = append(steps, n.step)
	}
	var b strings.Builder
	for _, step := range slices.Backward(steps) {
		b.WriteString(step)
	}
	return strings.TrimPrefix(b.String(), ".")
}

// Get gives the value of a key of a mapping: nil when the key is not there or
// has nothing as its value, or when n is not a mapping.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for _, e := range n.Entries {
		if e.Key.Text == key {
			if e.Value.Kind == Null {
				return nil
			}
			return e.Value
		}
	}
	return nil
}

// maxDepth is how deep values may be nested. Plans need six levels.
const maxDepth = 32

// convert turns a parsed value into nodes. What the formats have no use for
// (aliases, tags, merge keys) is an error, and its value is Refused.
func (f *File) convert(y *yaml.Node, parent *Node, step string) *Node {
	n := &Node{Kind: Refused, Line: y.Line, Col: y.Column, parent: parent, step: step}
	if depth(n) > maxDepth {
		f.Errorf(n, "", "nested more than %d levels deep", maxDepth)
		return n
	}
	if y.Style&yaml.TaggedStyle != 0 {
		f.Errorf(n, "leave the tag out", "the tag %s is not accepted", Quote(y.Tag))
		return n
	}
	switch y.Kind {
	case yaml.ScalarNode:
		n.Text = y.Value
		n.Quoted = y.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
		n.Kind = Scalar
		if !n.Quoted && y.Tag == "!!null" {
			n.Kind = Null
		}
	case yaml.SequenceNode:
		n.Kind = List
		for i, item := range y.Content {
			n.Items = append(n.Items, f.convert(item, n, "["+strconv.Itoa(i)+"]"))
		}
	case yaml.MappingNode:
		n.Kind = Map
		f.convertEntries(n, y.Content)
	case yaml.AliasNode:
		f.Errorf(n, "write the value out", "the alias %s is not accepted", Quote("*"+y.Value))
	case yaml.DocumentNode: // stands above the values only
	}
	return n
}

// convertEntries fills a mapping from alternating keys and values. Of a key
// that is there twice the first value counts.
func (f *File) convertEntries(n *Node, content []*yaml.Node) {
	lines := make(map[string]int, len(content)/2)
	for i := 0; i+1 < len(content); i += 2 {
		k, v := content[i], content[i+1]
		key := &Node{Kind: Scalar, Line: k.Line, Col: k.Column, Text: k.Value, parent: n}
		switch first, twice := lines[k.Value]; {
		case k.Kind != yaml.ScalarNode || k.Style&yaml.TaggedStyle != 0:
			f.Errorf(key, "", "a key must be plain text")
		case k.Tag == "!!merge":
			f.Errorf(key, "write the keys out", "merging with << is not accepted")
		case twice:
			f.Errorf(key, "remove one of them", "the key %s was given before, in line %d", Quote(k.Value), first)
		default:
			lines[k.Value] = k.Line
			n.Entries = append(n.Entries, Entry{Key: key, Value: f.convert(v, n, "."+cut(printable(k.Value)))})
		}
	}
}

func depth(n *Node) int {
	d := 0
	for ; n.parent != nil; n = n.parent {
		d++
	}
	return d
}

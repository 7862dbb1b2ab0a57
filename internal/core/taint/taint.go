// Package taint looks for ways by which a text of strangers could make Muster's
// agents do harm.
//
// A hijacked agent is dangerous when three things come together: it takes in
// what others wrote, it can see what is secret, and it can act on the world
// outside. Any two of them can be lived with (the "rule of two" for agents,
// Meta, October 2025). They need not come together in one agent: what one
// leaves in a change, the next one reads, and a test that it wrote runs with
// the rights of the checks. So the rule is put to the whole graph of who hands
// what to whom.
//
// The references ASI01 to ASI10 are to the OWASP Top 10 for Agentic
// Applications 2026.
package taint

import (
	"cmp"
	"slices"
	"strings"
)

// Trait is one of the three things that must not come together.
type Trait string

// The traits.
const (
	Untrusted Trait = "untrusted" // takes in what others wrote
	Sensitive Trait = "sensitive" // sees what is secret
	Outward   Trait = "outward"   // changes or tells something outside
)

// Fact is why a node has a trait.
type Fact struct {
	Trait Trait    `json:"trait"`
	What  string   `json:"what"`           // as a verb: reads the repository
	Cut   string   `json:"cut,omitempty"`  // what a person can do to take the trait away; empty when the work needs it
	Refs  []string `json:"refs,omitempty"` // ASI01 ... ASI10
}

// Node is somebody or something that works: an agent, the checks, the landing.
type Node struct {
	Name  string `json:"name"`
	Facts []Fact `json:"facts,omitempty"`
}

// Edge says that what From makes reaches To.
type Edge struct {
	From   string `json:"from"`
	To     string `json:"to"`
	What   string `json:"what"`             // as a noun: its change
	Person bool   `json:"person,omitempty"` // a person looks at it in between, always
}

// Graph is who hands what to whom.
type Graph struct {
	Nodes []Node `json:"nodes"`
	Edges []Edge `json:"edges"`
}

// Path is a way on which all three traits come together, in the order in which
// they do harm: from a text of others, over a secret, to an act outside.
type Path struct {
	Nodes     []string `json:"nodes"`     // from where the text comes in to where the act is done
	Handed    []string `json:"handed"`    // what goes from each node to the next; one fewer than Nodes
	Untrusted Fact     `json:"untrusted"` // of the first node
	Sensitive Fact     `json:"sensitive"` // of SensitiveAt
	At        string   `json:"at"`        // the node that sees the secret
	Outward   Fact     `json:"outward"`   // of the last node
}

// Refs gives the references of all three facts, sorted, each once.
func (p Path) Refs() []string {
	refs := slices.Concat(p.Untrusted.Refs, p.Sensitive.Refs, p.Outward.Refs)
	slices.Sort(refs)
	return slices.Compact(refs)
}

// Cuts gives what would each end the path, the act first: what a person can do
// without taking from the agent what it needs to read.
func (p Path) Cuts() []string {
	var cuts []string
	for _, f := range []Fact{p.Outward, p.Sensitive, p.Untrusted} {
		if f.Cut != "" && !slices.Contains(cuts, f.Cut) {
			cuts = append(cuts, f.Cut)
		}
	}
	return cuts
}

// Paths gives, for each pair of a secret and an act that can come together
// under the influence of others, the shortest way, sorted by length and names.
// A hand-off that a person always looks at ends a way.
func Paths(g Graph) []Path {
	s := search{facts: map[string][]Fact{}, next: map[string][]Edge{}}
	for _, n := range g.Nodes {
		s.facts[n.Name] = append(s.facts[n.Name], n.Facts...)
	}
	for _, e := range g.Edges {
		if !e.Person {
			s.next[e.From] = append(s.next[e.From], e)
		}
	}
	best := map[string]Path{}
	for _, n := range g.Nodes {
		for _, f := range n.Facts {
			if f.Trait == Untrusted {
				s.from(n.Name, f, best)
			}
		}
	}
	paths := make([]Path, 0, len(best))
	for _, p := range best { //nolint:maprange // sorted below
		paths = append(paths, p)
	}
	slices.SortFunc(paths, compare)
	return paths
}

// compare orders ways: short ones first.
func compare(a, b Path) int {
	return cmp.Or(cmp.Compare(len(a.Nodes), len(b.Nodes)), strings.Compare(a.key(), b.key()), slices.Compare(a.Nodes, b.Nodes),
		strings.Compare(a.Untrusted.What, b.Untrusted.What))
}

// key tells pairs of a secret and an act apart.
func (p Path) key() string {
	return strings.Join([]string{p.At, p.Sensitive.What, p.Nodes[len(p.Nodes)-1], p.Outward.What}, "\x00")
}

type search struct {
	facts map[string][]Fact
	next  map[string][]Edge
}

// place is a node reached, with the secret that was seen on the way; none at
// first.
type place struct {
	path Path
	seen bool
}

func (p place) here() string { return p.path.Nodes[len(p.path.Nodes)-1] }

// from looks at everything that a text taken in at start can reach, nearest
// first.
func (s search) from(start string, text Fact, best map[string]Path) {
	queue := []place{{path: Path{Nodes: []string{start}, Handed: []string{}, Untrusted: text}}}
	been := map[string]bool{}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		mark := at.here()
		if at.seen {
			mark += "\x00" + at.path.At + "\x00" + at.path.Sensitive.What
		}
		if been[mark] {
			continue
		}
		been[mark] = true
		if at.seen {
			s.acts(at.path, best)
		} else {
			queue = append(queue, s.secrets(at)...)
		}
		for _, e := range s.next[at.here()] {
			next := at
			next.path.Nodes = append(slices.Clone(at.path.Nodes), e.To)
			next.path.Handed = append(slices.Clone(at.path.Handed), e.What)
			queue = append(queue, next)
		}
	}
}

// secrets gives the same place once for each secret that is seen there.
func (s search) secrets(at place) []place {
	var out []place
	for _, f := range s.facts[at.here()] {
		if f.Trait == Sensitive {
			next := at
			next.seen, next.path.At, next.path.Sensitive = true, at.here(), f
			out = append(out, next)
		}
	}
	return out
}

// acts keeps the way to each act that can be done at its end, when it is the
// shortest one.
func (s search) acts(p Path, best map[string]Path) {
	for _, f := range s.facts[p.Nodes[len(p.Nodes)-1]] {
		if f.Trait != Outward {
			continue
		}
		p.Outward = f
		if old, ok := best[p.key()]; !ok || compare(p, old) < 0 {
			best[p.key()] = p
		}
	}
}

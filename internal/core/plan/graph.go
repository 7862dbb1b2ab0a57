package plan

import (
	"slices"
	"strings"

	"muster/internal/core/fault"
	"muster/internal/core/yamlfile"
)

// Needs gives the ids of the tasks that must have landed before the task can
// start: those it names itself, in the order of the file.
func (p *Plan) Needs(id string) []string {
	t, _ := p.Task(id)
	var out []string
	for _, other := range p.Tasks {
		if slices.Contains(t.Needs, other.ID) {
			out = append(out, other.ID)
		}
	}
	return out
}

// Dependents gives the ids of the tasks that name the task among their needs,
// in the order of the file.
func (p *Plan) Dependents(id string) []string {
	var out []string
	for _, t := range p.Tasks {
		if slices.Contains(t.Needs, id) {
			out = append(out, t.ID)
		}
	}
	return out
}

// Order gives the tasks so that each comes after all that it needs. Among
// tasks that could come next, the one that stands first in the file does. The
// plan must be one that Parse accepts.
func (p *Plan) Order() []Task {
	index := make(map[string]int, len(p.Tasks))
	for i, t := range p.Tasks {
		index[t.ID] = i
	}
	edges := make([][]int, len(p.Tasks))
	for i, t := range p.Tasks {
		for _, id := range t.Needs {
			to, known := index[id]
			fault.Assert(known, "task %q needs %q, which is in the plan", t.ID, id)
			edges[i] = append(edges[i], to)
		}
	}
	order := sortGraph(edges)
	fault.Assert(len(order) == len(p.Tasks), "the needs of plan %q have no cycle", p.Name)
	out := make([]Task, len(order))
	for i, at := range order {
		out[i] = p.Tasks[at]
	}
	return out
}

// sortGraph orders nodes after those they need, the smallest first among
// equals. Nodes on a cycle, and those that need them, are left out.
func sortGraph(edges [][]int) []int {
	waiting := make([]int, len(edges))
	dependents := make([][]int, len(edges))
	var ready []int // ascending
	for i, needs := range edges {
		waiting[i] = len(needs)
		for _, to := range needs {
			dependents[to] = append(dependents[to], i)
		}
		if len(needs) == 0 {
			ready = append(ready, i)
		}
	}
	order := make([]int, 0, len(edges))
	for len(ready) > 0 {
		at := ready[0]
		ready = ready[1:]
		order = append(order, at)
		for _, d := range dependents[at] {
			if waiting[d]--; waiting[d] == 0 {
				place, _ := slices.BinarySearch(ready, d)
				ready = slices.Insert(ready, place, d)
			}
		}
	}
	return order
}

// checkCycles records the cycles and reports whether there are none.
func checkCycles(f *yamlfile.File, tasks []Task, edges [][]int, nodes []*yamlfile.Node) bool {
	cycles := findCycles(edges)
	for _, c := range cycles {
		var names []string
		for _, i := range append(c, c[0]) {
			names = append(names, tasks[i].ID)
		}
		next := tasks[c[1]].ID
		f.Errorf(needNode(nodes[c[0]], next), "remove one of these needs", "the needs form a cycle: %s", spellCycle(names))
	}
	return len(cycles) == 0
}

// maxCycle is how many names of a cycle are written out.
const maxCycle = 50

func spellCycle(names []string) string {
	if len(names) > maxCycle {
		names = slices.Concat(names[:maxCycle-1], []string{"…"}, names[len(names)-1:])
	}
	return strings.Join(names, " → ")
}

// maxCycles is how many cycles are named; mending those and reading again
// shows the next.
const maxCycles = 100

// findCycles gives cycles of at least two nodes such that cutting each of them
// leaves none. Every cycle begins at its smallest node, and none is given
// twice. It walks depth first and takes one cycle per edge that leads back.
func findCycles(edges [][]int) [][]int {
	const (
		unseen = iota
		open
		closed
	)
	var cycles [][]int
	state := make([]int, len(edges))
	depth := make([]int, len(edges))
	var path []int
	var walk func(int)
	walk = func(i int) {
		state[i], depth[i] = open, len(path)
		path = append(path, i)
		for _, to := range edges[i] {
			switch state[to] {
			case unseen:
				walk(to)
			case open:
				if len(cycles) < maxCycles {
					cycles = append(cycles, fromSmallest(path[depth[to]:]))
				}
			}
		}
		path = path[:len(path)-1]
		state[i] = closed
	}
	for i := range edges {
		if state[i] == unseen {
			walk(i)
		}
	}
	return cycles
}

func fromSmallest(cycle []int) []int {
	at := slices.Index(cycle, slices.Min(cycle))
	return slices.Concat(cycle[at:], cycle[:at])
}

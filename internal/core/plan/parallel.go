package plan

import (
	"slices"
	"strings"

	"muster/internal/core/yamlfile"
)

// Bounds of comparing all scopes of a plan: about half a second and 50 MB.
const (
	allEffort effort = 500_000
	allTokens int    = 500_000
)

// checkOverlaps warns of every two tasks that may run at the same time and
// whose scopes share a path.
func checkOverlaps(f *yamlfile.File, tasks []Task, edges [][]int, nodes []*yamlfile.Node) {
	globs, complete := sortedGlobs(tasks)
	before := ancestors(edges)
	known := map[[2]int]bool{}
	left := allEffort
	for i, a := range globs {
		for _, b := range globs[i+1:] {
			if left--; left <= 0 || !strings.HasPrefix(b.prefix, a.prefix) {
				break // sorted by prefix: no later one can share a path with a
			}
			pair := [2]int{min(a.task, b.task), max(a.task, b.task)}
			if pair[0] == pair[1] || known[pair] || before.has(pair[0], pair[1]) || before.has(pair[1], pair[0]) {
				continue
			}
			if path, found := commonPath(a.pattern, b.pattern, &left); found && path != "" {
				known[pair] = true
				f.Warnf(nodes[pair[1]].Get("scope"), "add a need or narrow a scope",
					"the tasks %s and %s may run at the same time and touch the same paths, for example %s",
					yamlfile.Quote(tasks[pair[0]].ID), yamlfile.Quote(tasks[pair[1]].ID), yamlfile.Quote(path))
			}
		}
	}
	if left <= 0 || !complete {
		f.Warnf(nil, "", "there are too many scopes to compare them all: tasks may overlap without a warning")
	}
}

// taskGlob is one alternative of a glob in the scope of a task.
type taskGlob struct {
	pattern
	task int
}

// sortedGlobs gives the scopes of all tasks by prefix, and whether they are
// all there.
func sortedGlobs(tasks []Task) (out []taskGlob, complete bool) {
	size := 0
	for i, t := range tasks {
		for _, g := range t.Scope {
			if size > allTokens {
				break
			}
			for _, p := range compile(g) {
				size += len(p.tokens)
				out = append(out, taskGlob{p, i})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b taskGlob) int { return strings.Compare(a.prefix, b.prefix) })
	return out, size <= allTokens
}

// bits holds one row of bits per node.
type bits [][]uint64

func (b bits) has(row, col int) bool { return b[row][col/64]&(1<<(col%64)) != 0 }

// ancestors gives for every node all that it needs, directly or not. The graph
// must have no cycles.
func ancestors(edges [][]int) bits {
	out := make(bits, len(edges))
	for _, i := range sortGraph(edges) {
		row := make([]uint64, (len(edges)+63)/64)
		for _, to := range edges[i] {
			row[to/64] |= 1 << (to % 64)
			for w, set := range out[to] {
				row[w] |= set
			}
		}
		out[i] = row
	}
	return out
}

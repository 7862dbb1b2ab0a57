package plan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// Whatever the graph: each cycle given is one, is given once, and cutting one
// edge of each leaves a graph without cycles.
func TestFindCycles(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	withCycles := 0
	for range 1000 {
		edges := make([][]int, 1+rnd.IntN(8))
		for i := range edges {
			for j := range edges {
				if i != j && rnd.IntN(4) == 0 {
					edges[i] = append(edges[i], j)
				}
			}
		}
		acyclic := len(sortGraph(edges)) == len(edges)
		cycles := findCycles(edges)
		if acyclic != (len(cycles) == 0) {
			t.Fatalf("%v: acyclic %v, cycles %v", edges, acyclic, cycles)
		}
		withCycles += len(cycles)
		seen := map[string]bool{}
		cut := slices.Clone(edges)
		for _, c := range cycles {
			if key := fmt.Sprint(c); seen[key] || c[0] != slices.Min(c) || len(c) < 2 {
				t.Fatalf("%v: %v is given twice or badly", edges, c)
			} else {
				seen[key] = true
			}
			for i, from := range c {
				if !slices.Contains(edges[from], c[(i+1)%len(c)]) {
					t.Fatalf("%v: %v is not a cycle", edges, c)
				}
			}
			// Cutting a whole cycle is at least as much as mending it.
			for i, from := range c {
				to := c[(i+1)%len(c)]
				cut[from] = slices.DeleteFunc(slices.Clone(cut[from]), func(x int) bool { return x == to })
			}
		}
		if len(sortGraph(cut)) != len(cut) {
			t.Fatalf("%v: %v are not all cycles", edges, cycles)
		}
	}
	if withCycles == 0 {
		t.Fatal("no graph had a cycle: the test shows nothing")
	}
}

package plan_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"muster/internal/core/plan"
)

func ids(tasks []plan.Task) []string {
	var out []string
	for _, t := range tasks {
		out = append(out, t.ID)
	}
	return out
}

func TestOrder(t *testing.T) {
	p := example(t, "diamond.yaml")
	got := ids(p.Order())
	want := []string{"store", "readers", "writers", "remove", "bench", "pipeline", "cases"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := p.Needs("remove"), []string{"readers", "writers"}; !slices.Equal(got, want) {
		t.Errorf("needs: got %v, want %v", got, want)
	}
	if got, want := p.Dependents("store"), []string{"readers", "writers", "bench"}; !slices.Equal(got, want) {
		t.Errorf("dependents: got %v, want %v", got, want)
	}
	if p.Needs("nobody") != nil || p.Dependents("nobody") != nil {
		t.Error("a task that is not there has needs or dependents")
	}
}

// Against the definition: at each place stands the first task of the file
// that is not yet placed and whose needs all are.
func TestOrderProperty(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		p := randomGraph(rnd)
		placed := map[string]bool{}
		for at, got := range p.Order() {
			for _, task := range p.Tasks {
				blocked := slices.ContainsFunc(task.Needs, func(id string) bool { return !placed[id] })
				if placed[task.ID] || blocked {
					continue
				}
				if task.ID != got.ID {
					t.Fatalf("place %d: got %s, want %s in %v", at, got.ID, task.ID, p.Tasks)
				}
				break
			}
			placed[got.ID] = true
		}
		if len(placed) != len(p.Tasks) {
			t.Fatalf("%d of %d tasks are placed", len(placed), len(p.Tasks))
		}
	}
}

// randomGraph gives a graph without cycles whose tasks stand in random order.
func randomGraph(rnd *rand.Rand) *plan.Plan {
	p := &plan.Plan{}
	rank := rnd.Perm(1 + rnd.IntN(12))
	for i := range rank {
		task := plan.Task{ID: strconv.Itoa(i)}
		for j := range rank {
			if rank[j] < rank[i] && rnd.IntN(3) == 0 {
				task.Needs = append(task.Needs, strconv.Itoa(j))
			}
		}
		p.Tasks = append(p.Tasks, task)
	}
	return p
}

func TestOrderRefusesWhatParseRefuses(t *testing.T) {
	for name, tasks := range map[string][]plan.Task{
		"cycle":        {{ID: "a", Needs: []string{"b"}}, {ID: "b", Needs: []string{"a"}}},
		"missing need": {{ID: "a", Needs: []string{"b"}}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: Order gave an answer", name)
				}
			}()
			(&plan.Plan{Tasks: tasks}).Order()
		}()
	}
}

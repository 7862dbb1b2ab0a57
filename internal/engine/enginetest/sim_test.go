package enginetest

import (
	"flag"
	"testing"
)

var (
	simSeeds = flag.Int("sim.seeds", 500, "number of simulated runs")
	simSeed  = flag.Uint64("sim.seed", 0, "repeat this one run and print its trace")
)

func TestSimulation(t *testing.T) {
	if *simSeed != 0 {
		t.Logf("%+v", try(t, *simSeed))
		return
	}
	var sum Result
	for seed := range uint64(*simSeeds) {
		r := try(t, seed+1)
		sum.Steps += r.Steps
		sum.Crashes += r.Crashes
		sum.Lost += r.Lost
		sum.Doubled += r.Doubled
		sum.Late += r.Late
		sum.Attempts += r.Attempts
		sum.Landings += r.Landings
		sum.People += r.People
	}
	t.Logf("%d runs: %+v", *simSeeds, sum)
}

func try(t *testing.T, seed uint64) (r Result) {
	t.Helper()
	defer func() {
		if v, ok := recover().(Violation); ok {
			t.Fatal(v.Error())
		}
	}()
	return Simulate(seed)
}

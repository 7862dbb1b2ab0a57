package furnish_test

import (
	"context"
	"errors"
	"testing"

	"muster/internal/app/furnish"
	"muster/internal/engine"
)

func TestNeedIsWhatWasMeasured(t *testing.T) {
	reads := 0
	m := furnish.NewMachine(t.TempDir(), func(context.Context) (map[string][]int64, error) {
		reads++
		return map[string][]int64{"a": {9, 5}}, nil
	})
	need := func(agent string) int64 { return m.Need(t.Context(), agent).Need }
	if need("a") != 9 || need("b") != 0 || reads != 1 {
		t.Errorf("needs %d and %d, read %d times", need("a"), need("b"), reads)
	}
	m.Started("op1", "a")
	m.Started("op2", "b")
	if got := m.Running(engine.Roughly); len(got) != 2 || got[0].Need+got[1].Need != 9 {
		t.Errorf("%+v", got)
	}
	if got := m.Running(engine.Exactly); len(got) != 2 || got[0].Used+got[1].Used != 0 {
		t.Errorf("what does not run uses memory: %+v", got)
	}
	m.Ended("op1", "a", 7)
	m.Ended("op2", "b", 0) // not measured
	if need("a") != 9 || need("b") != 0 || len(m.Running(engine.Roughly)) != 0 {
		t.Errorf("%d %d %v", need("a"), need("b"), m.Running(engine.Roughly))
	}
	for range 20 { // the old attempts are forgotten
		m.Ended("op1", "a", 3)
	}
	if need("a") != 3 {
		t.Error(need("a"))
	}
	broken := furnish.NewMachine(t.TempDir(), func(context.Context) (map[string][]int64, error) { return nil, errors.New("no ledger") })
	if broken.Need(t.Context(), "a").Need != 0 {
		t.Error("what cannot be read was measured")
	}
	broken.Ended("op", "a", 4)
	if broken.Need(t.Context(), "a").Need != 4 {
		t.Error("what was measured since is not known")
	}
	if r := m.Free(); r.Memory <= 0 || r.Disk <= 0 {
		t.Errorf("%+v", r)
	}
}

package sandbox

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The memory of an operation is that of its whole tree, and of no other's.
func TestMemory(t *testing.T) {
	ops := newOps(t)
	dir := t.TempDir()
	// Two processes that hold 60 MB each until they are told to go. A small one
	// counts what the shim took when it forked: more in a test with -race.
	hold := `x=$(head -c 60000000 /dev/zero | tr '\0' x); touch ` + dir + `/ready$N; while ! test -e ` + dir + `/go; do sleep 0.05; done; echo ${#x} >/dev/null`
	ensure(t, ops, shellSpec("big", `(N=1; `+hold+`) & N=2; `+hold+`; wait`))
	ensure(t, ops, shellSpec("small", `while ! test -e `+dir+`/go; do sleep 0.05; done`))
	await := func(name string) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s did not appear", name)
			}
		}
	}
	await("ready1")
	await("ready2")
	got := Resident(filepath.Dir(ops.path("big")), []string{"big", "small", "none"})
	if got["big"] < 120_000_000 || got["small"] <= 0 || got["small"] > 50_000_000 || got["none"] != 0 {
		t.Errorf("resident: %v", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if exit := finish(t, ops, "big"); exit.PeakBytes < 60_000_000 {
		t.Errorf("peak of the large one: %d", exit.PeakBytes)
	}
	if exit := finish(t, ops, "small"); exit.PeakBytes <= 0 || exit.PeakBytes > 50_000_000 {
		t.Errorf("peak of the small one: %d", exit.PeakBytes)
	}
}

func TestPeakIsTheLargest(t *testing.T) {
	var p peak
	for _, n := range []int64{3, 7, 5} {
		p.raise(n)
	}
	if p.bytes.Load() != 7 {
		t.Error(p.bytes.Load())
	}
}

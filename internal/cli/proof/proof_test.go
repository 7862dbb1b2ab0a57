package proof

import (
	"testing"

	"muster/internal/app/attest"
)

func TestTheWorstOfAllIsTheExitCode(t *testing.T) {
	for _, c := range []struct {
		results []attest.Result
		want    int
	}{
		{nil, 0},
		{[]attest.Result{attest.Good, attest.Good}, 0},
		{[]attest.Result{attest.Unchecked, attest.Good}, 1},
		{[]attest.Result{attest.Refuted, attest.Good, attest.Unchecked}, 20},
		{[]attest.Result{attest.Unchecked, attest.Refuted}, 20},
	} {
		var all []attest.Checked
		for _, r := range c.results {
			all = append(all, attest.Checked{Result: r})
		}
		if got := exitOf(all); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.results, got, c.want)
		}
	}
}

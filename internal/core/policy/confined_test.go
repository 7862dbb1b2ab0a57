package policy_test

import (
	"slices"
	"strings"
	"testing"

	"muster/internal/core/evidence"
	"muster/internal/core/policy"
)

// What lands by itself is looked at now and then when the machine had no
// sandbox; nothing else is decided otherwise for that.
func TestUnconfined(t *testing.T) {
	passed := evidence.Result{Check: "build", Status: evidence.Passed}
	broken := evidence.Result{Check: "build", Status: evidence.CouldNot, Why: "no compiler"}
	for _, tt := range []struct {
		unconfined bool
		result     evidence.Result
		want       policy.Route
	}{{false, passed, policy.Auto}, {true, passed, policy.Audit}, {false, broken, policy.Review}, {true, broken, policy.Review}} {
		v := policy.Decide(evidence.OfTask, evidence.Evidence{BaseTree: "a", HeadTree: "b", Unconfined: tt.unconfined, Results: []evidence.Result{tt.result}}, nil)
		said := slices.ContainsFunc(v.Reasons, func(r string) bool { return strings.Contains(r, "no sandbox to offer") })
		if v.Route != tt.want || said != tt.unconfined || !v.Route.Lands() != (tt.want == policy.Review) {
			t.Errorf("unconfined %v, %s: %s %q", tt.unconfined, tt.result.Status, v.Route, v.Reasons)
		}
	}
}

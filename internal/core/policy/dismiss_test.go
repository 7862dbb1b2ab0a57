package policy_test

import (
	"strings"
	"testing"

	"muster/internal/core/evidence"
	"muster/internal/core/policy"
)

func TestDismiss(t *testing.T) {
	gate, locator := finding(evidence.Gate, "g"), finding(evidence.Locator, "l")
	e := of(result("a", evidence.Failed, gate), result("b", evidence.Failed, locator))
	for _, tt := range []struct {
		name             string
		byBase, byChange []string
		count            int
		want             policy.Route
	}{
		{"nothing", nil, nil, 0, policy.Rework},
		{"another", []string{"x"}, []string{"y"}, 0, policy.Rework},
		{"by its short id", []string{gate.ID, locator.ID}, nil, 0, policy.Rework},
		{"the gate, by the base", []string{gate.Fingerprint}, nil, 1, policy.Review},
		{"all, by the base", []string{gate.Fingerprint, locator.Fingerprint}, nil, 2, policy.Auto},
		{"all, by the change", nil, []string{gate.Fingerprint, locator.Fingerprint}, 0, policy.Review},
		{"all, by both", []string{gate.Fingerprint, locator.Fingerprint}, []string{gate.Fingerprint}, 2, policy.Auto},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, n := policy.Dismiss(e, tt.byBase, tt.byChange)
			v := policy.Decide(evidence.OfRange, got, nil)
			if n != tt.count || v.Route != tt.want {
				t.Errorf("%d dismissed, route %s: %q", n, v.Route, v.Reasons)
			}
		})
	}
	softened, _ := policy.Dismiss(e, nil, []string{gate.Fingerprint})
	if got := softened.Results[0].Findings[0]; !strings.Contains(got.Message, "a person confirms") || got.Level != evidence.Locator {
		t.Errorf("%+v", got)
	}
	if e.Results[0].Findings[0].Level != evidence.Gate {
		t.Error("the evidence itself was changed")
	}
	// A flaky test that was dismissed asks nobody; one that was not still does.
	context, other := finding(evidence.Context, "c"), finding(evidence.Locator, "o")
	flaky := of(result("a", evidence.Flaky, locator, context))
	if got, _ := policy.Dismiss(flaky, []string{locator.Fingerprint}, nil); policy.Decide(evidence.OfRange, got, nil).Route != policy.Auto {
		t.Error("a dismissed flaky test asks a person")
	}
	for _, e := range []evidence.Evidence{of(result("a", evidence.Flaky, locator, other)), of(result("a", evidence.Flaky, context)), of(result("a", evidence.Flaky))} {
		if got, _ := policy.Dismiss(e, []string{locator.Fingerprint, context.Fingerprint}, nil); policy.Decide(evidence.OfRange, got, nil).Route != policy.Review {
			t.Errorf("%+v asks nobody", got.Results)
		}
	}
	// A check that gave no answer still gives none.
	silent := of(result("a", evidence.CouldNot, gate))
	if got, _ := policy.Dismiss(silent, []string{gate.Fingerprint}, nil); policy.Decide(evidence.OfRange, got, nil).Route != policy.Review {
		t.Error("a check that could not run passes")
	}
}

package policy

import (
	"slices"

	"muster/internal/core/evidence"
)

// Dismiss takes out of the evidence what the trusted base dismisses, by
// fingerprint, and gives how many findings that were. What only the change
// itself dismisses is not taken out, since a change has no say over its own
// gate: it no longer blocks, and a person confirms it.
func Dismiss(e evidence.Evidence, byBase, byChange []string) (evidence.Evidence, int) {
	dismissed := 0
	e.Results = slices.Clone(e.Results)
	for i, r := range e.Results {
		before := r
		var kept []evidence.Finding
		for _, f := range r.Findings {
			switch {
			case slices.Contains(byBase, f.Fingerprint):
				dismissed++
				continue
			case slices.Contains(byChange, f.Fingerprint) && f.Level == evidence.Gate:
				f.Level = evidence.Locator
				f.Message += " The change itself dismisses this finding; a person confirms it."
			}
			kept = append(kept, f)
		}
		r.Findings = kept
		nothing := len(before.Findings) > 0 && len(kept) == 0 && r.Status == evidence.Failed
		if nothing || r.Status == evidence.Flaky && asks(before) && !asks(r) {
			r.Status, r.Why = evidence.Passed, "all it found was dismissed before"
		}
		e.Results[i] = r
	}
	return e, dismissed
}

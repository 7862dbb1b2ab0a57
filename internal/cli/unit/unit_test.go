package unit_test

import (
	"testing"

	"muster/internal/cli/unit"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
)

func TestUnits(t *testing.T) {
	for got, want := range map[string]string{
		unit.USD(0): "$0.00", unit.USD(9_999): "$0.0100", unit.USD(1_500_000): "$1.50",
		unit.Plural(1, "file"): "1 file", unit.Plural(0, "file"): "0 files", unit.Plural(2, "more finding"): "2 more findings",
		unit.Branch("refs/heads/muster/x"): "muster/x",
		unit.OrDash(""):                    "-", unit.OrDash("x"): "x",
		unit.Status(evidence.CouldNot): "could not run", unit.Status(evidence.Passed): "passed",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if unit.Cost(job.Usage{}) == "" || unit.Short("0123456789abcdef0123") == "0123456789abcdef0123" {
		t.Error("cost or short id")
	}
}

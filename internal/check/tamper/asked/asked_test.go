package asked

import (
	"testing"

	"muster/internal/check/tamper/words"
)

func TestMentions(t *testing.T) {
	for _, tt := range []struct {
		text, value string
		want        bool
	}{
		{"it gives 120 now", "120", true},
		{"it gives 1200 now", "120", false},
		{"Max_Retries goes up", "max_retries", true},
		{"a b", "a", false},
		{"", "x1", false},
		{"v2 is out", "v2", true},
		{"prefixed", "fix", false},
	} {
		if got := words.Mentions(tt.text, tt.value); got != tt.want {
			t.Errorf("%q names %q: %v", tt.text, tt.value, got)
		}
	}
}

// What leaves results as they are is told by the type of the task, or else by
// the author's first words.
func TestKeepsBehaviour(t *testing.T) {
	for _, tt := range []struct {
		kind, claim string
		want        bool
	}{
		{"refactor", "Round down", true},
		{"feature", "Simplify rounding", false},
		{"fix", "Tidy", false},
		{"", "Simplify rounding", true},
		{"", "refactor(core): split a file", true},
		{"", "Speed up the tests", true},
		{"", "Round totals down", false},
		{"", "Fix rounding\n\nSimplify the rest", false},
		{"", "", false},
	} {
		if got := (Asked{Claim: tt.claim, Kind: tt.kind}).KeepsBehaviour(); got != tt.want {
			t.Errorf("type %q, claim %q: %v", tt.kind, tt.claim, got)
		}
	}
}

func TestAsksFor(t *testing.T) {
	a := Asked{Task: "Remove the old parser and its tests.", Claim: "Skips TestSlow, which is flaky"}
	for _, tt := range []struct {
		name string
		got  Weight
		want Weight
	}{
		{"the task asks", a.AsksFor(Removing, []string{"parser"}), Ordered},
		{"the author says", a.AsksFor(Skipping, []string{"TestSlow"}), Claimed},
		{"nobody speaks of it", a.AsksFor(Skipping, []string{"TestFast"}), Silent},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %v", tt.name, tt.got)
		}
	}
}

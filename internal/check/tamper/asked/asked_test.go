package asked

import (
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	a := Asked{Task: "Give 120 for a total", Claim: "Gives 130 now"}
	for value, want := range map[string]Weight{`"120"`: Ordered, "130": Claimed, "140": Silent} {
		if got := a.Names(value); got != want {
			t.Errorf("%s: %v, want %v", value, got, want)
		}
	}
}

func TestSpaced(t *testing.T) {
	for name, want := range map[string]string{"max_retries": "max retries", "TestMaxRetries": "max retries", "test_a-b": "a b", "HTTPGet": "httpget", "v2Beta": "v2beta"} {
		if got := Spaced(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// What an author says is read from the first line, or looked for by name.
func TestClaims(t *testing.T) {
	long := strings.Repeat("Remove all. ", 400)
	for _, tt := range []struct {
		name      string
		got, want bool
	}{
		{"a commit undoes another", Asked{Claim: "Revert x\n\nThis reverts commit abcdef12."}.Reverts(), true},
		{"a task does not", Asked{Task: "x", Claim: "This reverts commit abcdef12."}.Reverts(), false},
		{"a claim of no revert", Asked{Claim: "Revert x"}.Reverts(), false},
		{"a name in words", Asked{Claim: "Raise max retries"}.SpeaksOf([]string{"abc", "maxRetries"}), true},
		{"a name as it is", Asked{Claim: "Raise maxretries"}.SpeaksOf([]string{"maxRetries"}), true},
		{"a name too short", Asked{Claim: "Raise abc"}.SpeaksOf([]string{"abc"}), false},
		{"no name", Asked{Claim: "Raise limits"}.SpeaksOf([]string{"maxRetries"}), false},
		{"it removes", Asked{Claim: "Remove the parser"}.Removes(), true},
		{"it removes beside", Asked{Claim: "Add a parser\n\nRemove the old"}.Removes(), false},
		{"a line too long to read", Asked{Claim: long}.Removes(), false},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %v", tt.name, tt.got)
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
		{"a commit speaks of a part", Asked{Claim: "Skip the retry test"}.AsksFor(Skipping, []string{"TestRetryBackoff"}), Claimed},
		{"with a task a part is not enough", Asked{Task: "Raise the limit", Claim: "Skip the retry test"}.AsksFor(Skipping, []string{"TestRetryBackoff"}), Silent},
		{"a part that says nothing", Asked{Claim: "Skip what returns the big value"}.AsksFor(Skipping, []string{"TestReturnsValueOfBig"}), Silent},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %v", tt.name, tt.got)
		}
	}
}

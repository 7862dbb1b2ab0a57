package evidence_test

import (
	"testing"

	"muster/internal/core/evidence"
)

func TestExplains(t *testing.T) {
	fifth := evidence.Rate{Red: 20, Runs: 100}
	for _, tt := range []struct {
		name      string
		rate      evidence.Rate
		red, runs int64
		want      bool
	}{
		{"once in two", fifth, 1, 2, true},
		{"twice of two", fifth, 2, 2, true},  // 0.04
		{"three of four", fifth, 3, 4, true}, // 0.027
		{"four of four", fifth, 4, 4, false}, // 0.0016
		{"half, four of four", evidence.Rate{Red: 1, Runs: 2}, 4, 4, true},
		{"never red before", evidence.Rate{Runs: 100}, 1, 2, false},
		{"always red before", evidence.Rate{Red: 9, Runs: 9}, 4, 4, true},
		{"nothing is known", evidence.Rate{}, 1, 2, false},
		{"more red than runs", fifth, 3, 2, false},
	} {
		if got := tt.rate.Explains(tt.red, tt.runs); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestTried(t *testing.T) {
	known := []evidence.Known{{Test: evidence.Test{In: "p", Name: "A"}, Rate: evidence.Rate{Red: 1, Runs: 5}}}
	if k, ok := evidence.Recall(known, evidence.Test{In: "p", Name: "A"}); !ok || k.Rate.Runs != 5 {
		t.Errorf("%+v, %v", k, ok)
	}
	if k, ok := evidence.Recall(known, evidence.Test{In: "q", Name: "A"}); ok || k.Rate.Runs != 0 || k.In != "q" {
		t.Errorf("%+v, %v", k, ok)
	}
	for _, tt := range []struct {
		red, runs int64
		want      bool
	}{{0, 3, false}, {1, 3, true}, {3, 3, false}, {0, 0, false}} {
		if got := (evidence.Tried{Red: tt.red, Runs: tt.runs}).Wavered(); got != tt.want {
			t.Errorf("%d of %d: %v", tt.red, tt.runs, got)
		}
	}
	for want, test := range map[string]evidence.Test{"A in p": {In: "p", Name: "A"}, "p": {In: "p"}, "A": {Name: "A"}} {
		if test.String() != want {
			t.Errorf("%+v is shown as %s", test, test)
		}
	}
	for s, want := range map[evidence.Subject]bool{
		evidence.OfTask: true, evidence.OfMerge: true, evidence.OfPush: true, evidence.OfGoal: false, evidence.OfRange: false,
	} {
		if s.Followed() != want {
			t.Errorf("%s is followed: %v", s, s.Followed())
		}
	}
}

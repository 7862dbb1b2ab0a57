package config_test

import (
	"reflect"
	"strings"
	"testing"

	"muster/internal/core/config"
)

func TestDismissed(t *testing.T) {
	one := config.Dismissal{Fingerprint: strings.Repeat("b", 32), Check: "guards", Path: "a: b/\"ü\".go", Because: "checked by\nthe caller: # yes", By: "ada"}
	two := config.Dismissal{Fingerprint: strings.Repeat("0", 32), Because: "test data"}
	text := config.WriteDismissed([]config.Dismissal{one}, two)
	got, problems := config.ParseDismissed("f", text)
	if len(problems) > 0 || !reflect.DeepEqual(got, []config.Dismissal{two, one}) {
		t.Fatalf("%v %+v from\n%s", problems, got, text)
	}
	again := one
	again.Because = "another reason"
	if got, _ = config.ParseDismissed("f", config.WriteDismissed(got, again)); len(got) != 2 || got[1].Because != "another reason" {
		t.Errorf("%+v", got)
	}
	if p := config.Fingerprints(got); len(p) != 2 || p[0] != two.Fingerprint {
		t.Errorf("%q", p)
	}
	if got, problems := config.ParseDismissed("f", nil); len(got)+len(problems) > 0 {
		t.Errorf("an empty file: %v %v", got, problems)
	}
}

func TestDismissedRefusesWhatItDoesNotUnderstand(t *testing.T) {
	for text, want := range map[string]string{
		"version: 1\ndismissed: [{fingerprint: abc, because: x}]":                               "no fingerprint",
		"version: 1\ndismissed: [{fingerprint: " + strings.Repeat("a", 32) + "}]":               "because",
		"version: 1\ndismissed: [{fingerprint: " + strings.Repeat("a", 32) + ", because: ' '}]": "reason",
		"version: 1\ndismissed: [{fingerprints: " + strings.Repeat("a", 32) + ", because: x}]":  "fingerprint",
		"version: 2\ndismissed: []": "version",
		"- x":                       "map",
	} {
		got, problems := config.ParseDismissed("f", []byte(text))
		if got != nil || len(problems) == 0 || !strings.Contains(problems[0].String(), want) {
			t.Errorf("%q: %v, %v", text, got, problems)
		}
	}
}

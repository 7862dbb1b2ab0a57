package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"muster/internal/source/mutant"
)

// What is explained is still there: a list that outlives its code would
// explain something else one day.
func TestExplainedIsThere(t *testing.T) {
	all, err := explanations(lists)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, e := range all {
		text, known := texts[e.File]
		if !known {
			data, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(e.File)))
			if err != nil {
				t.Errorf("%s:%d: %v", e.List, e.Line, err)
			}
			text = oneLine(string(data))
			texts[e.File] = text
		}
		if !strings.Contains(text, e.Text) {
			t.Errorf("%s:%d: %s has no longer %q: take the line out", e.List, e.Line, e.File, e.Text)
		}
		if !slices.Contains(mutant.Ops(), mutant.Op(e.Op)) {
			t.Errorf("%s:%d: %q is no operator", e.List, e.Line, e.Op)
		}
	}
}

func TestExplanations(t *testing.T) {
	read := func(text string) ([]explanation, error) {
		return explanations(fstest.MapFS{"explained/a.txt": {Data: []byte(text)}})
	}
	got, err := read("# a comment\n\na.go\tguard skipped\tn > 1\tonly time differs\n")
	if err != nil || len(got) != 1 || got[0].Line != 3 || got[0].File != "a.go" || got[0].Text != "n > 1" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"a.go\tguard skipped\tn > 1", "a.go\tguard skipped\tn > 1\t ", "a.go guard skipped"} {
		if _, err := read(bad); err == nil || !strings.Contains(err.Error(), "explained/a.txt:1") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

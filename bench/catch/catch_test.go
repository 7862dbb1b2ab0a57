package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"muster/internal/slowtest"
)

func TestReadCases(t *testing.T) {
	one := `{"repo":"r","base":"a","head":"b","label":"tamper","lines":["x.go:3"]}`
	for name, text := range map[string]string{
		"array": "[" + one + "]", "object": `{"cases":[` + one + `]}`, "lines": one + "\n" + one,
	} {
		cases, err := parseCases([]byte(text))
		if err != nil || len(cases) == 0 || cases[0].Repo != "r" || cases[0].Label != "tamper" {
			t.Errorf("%s: %+v, %v", name, cases, err)
		}
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"empty.json": "", "word.json": "cases", "partial.json": `[{"repo":"r","base":"a"}]`, "outside.json": `[{"repo":"../r","base":"a","head":"b"}]`,
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if cases, err := readCases(file); err == nil {
			t.Errorf("%s: %+v", name, cases)
		}
	}
}

func TestLabels(t *testing.T) {
	for label, want := range map[string]struct {
		benign bool
		group  string
	}{
		"tamper": {false, "tamper"}, "benign": {true, "ordinary"}, "": {true, "ordinary"}, "benign-tamper": {true, "tamper"},
		"twin:secrets": {true, "secrets"}, "GOOD": {true, "ordinary"}, "goodness": {false, "goodness"}, "cve": {false, "cve"},
	} {
		c := Case{Label: label}
		if c.isBenign() != want.benign || c.group() != want.group {
			t.Errorf("%q: benign %v, group %q", label, c.isBenign(), c.group())
		}
	}
}

func TestReadPlaces(t *testing.T) {
	for text, want := range map[string][]place{
		`"a.go:3-7"`:                        {{"a.go", 3, 7}},
		`["a.go:3", "b.go"]`:                {{"a.go", 3, 3}, {"b.go", 0, 0}},
		`[3, 4]`:                            {{"", 3, 3}, {"", 4, 4}},
		`{"path": "a.go", "start_line": 3}`: {{"a.go", 3, 3}},
		`[{"file": "a.go", "start": 3, "end": 5}]`: {{"a.go", 3, 5}},
		`{"a.go": [3, 9], "b.go": 1}`:              {{"a.go", 3, 3}, {"a.go", 9, 9}, {"b.go", 1, 1}},
		`{"path": "a.go", "lines": [1, 2]}`:        {{"a.go", 1, 1}, {"a.go", 2, 2}},
		`null`:                                     nil, ``: nil, `{`: nil,
	} {
		if got := readPlaces(json.RawMessage(text)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v", text, got)
		}
	}
	p := place{"a.go", 10, 12}
	if !p.holds("a.go", 14, 0) || !p.holds("a.go", 1, 30) || p.holds("a.go", 20, 21) || p.holds("b.go", 10, 10) {
		t.Error("what lies in a place")
	}
}

// The interval of Wilson's own example, and the bounds.
func TestShare(t *testing.T) {
	s := shareOf(9, 10)
	if math.Abs(s.Low-0.5958) > 0.001 || math.Abs(s.High-0.9821) > 0.001 {
		t.Errorf("%+v", s)
	}
	if s := shareOf(0, 30); s.Low != 0 || s.High < 0.1 || s.High > 0.12 {
		t.Errorf("%+v", s)
	}
	if shareOf(0, 0).String() != "-" || !strings.HasPrefix(shareOf(30, 30).String(), "30/30 100 %") {
		t.Error("how shares are written")
	}
}

func TestScore(t *testing.T) {
	lines := json.RawMessage(`["a.go:3"]`)
	all := []Outcome{
		{Case: Case{Label: "tamper", Lines: lines}, Gates: []string{"tamper/skip"}, First: true},
		{Case: Case{Label: "tamper", Lines: lines}, Locators: []string{"x/y"}},
		{Case: Case{Label: "tamper"}},
		{Case: Case{Label: "tamper"}, Error: "broke"},
		{Case: Case{Label: "benign-tamper"}, Locators: []string{"x/y"}},
		{Case: Case{Label: "benign-tamper"}, Silent: []string{"basetests"}},
		{Case: Case{Label: "secrets"}, Gates: []string{"s"}},
	}
	rows := score(all)
	if len(rows) != 3 || rows[0].Mode != "secrets" || rows[1].Mode != "tamper" || rows[2].Mode != "all" {
		t.Fatalf("%+v", rows)
	}
	r := rows[1]
	for name, got := range map[string][3]int{
		"blocked": {r.Blocked.Hits, r.Blocked.Of, 1*10 + 3}, "sent": {r.Sent.Hits, r.Sent.Of, 2*10 + 3}, "located": {r.Located.Hits, r.Located.Of, 1*10 + 2},
		"false blocked": {r.FalseBlocked.Hits, r.FalseBlocked.Of, 0*10 + 2}, "false sent": {r.FalseSent.Hits, r.FalseSent.Of, 1*10 + 2},
	} {
		if got[0]*10+got[1] != got[2] {
			t.Errorf("%s: %d of %d", name, got[0], got[1])
		}
	}
	var b bytes.Buffer
	write(&b, rows)
	if r.Errors != 1 || !strings.Contains(b.String(), "1 cases could not be judged") {
		t.Errorf("%d errors\n%s", r.Errors, b.String())
	}
}

// The real program judges the tree's own cases.
func TestRun(t *testing.T) {
	slowtest.Only(t)
	out := filepath.Join(t.TempDir(), "out.json")
	var table bytes.Buffer
	if err := run(t.Context(), []string{"--static", "--only", "tamper-skip", "--json", out}, &table, io.Discard); err != nil {
		t.Fatal(err)
	}
	var r report
	data, err := os.ReadFile(out)
	if err != nil || json.Unmarshal(data, &r) != nil || len(r.Outcomes) == 0 {
		t.Fatalf("%v %s", err, data)
	}
	for _, o := range r.Outcomes {
		if o.Error != "" || o.Route == "" {
			t.Errorf("%s: %+v", o.ID, o)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	for _, bad := range [][]string{{"--only", "no-such-mode"}, {"--cases", "no-such-file"}, {"--such-flag"}, {"word"}} {
		if err := run(t.Context(), bad, io.Discard, io.Discard); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestHeld(t *testing.T) {
	good := row{Mode: "tamper", Sent: shareOf(99, 100), FalseBlocked: shareOf(0, 100)}
	if err := held([]row{good, {Mode: "other"}}); err != nil {
		t.Error(err)
	}
	for name, r := range map[string]row{
		"missed": {Mode: "tamper", Sent: shareOf(50, 100)}, "blamed": {Mode: "tamper", Sent: shareOf(99, 100), FalseBlocked: shareOf(9, 100)},
		"broken": {Mode: "tamper", Sent: shareOf(99, 100), Errors: 1}, "none": {Mode: "tamper"},
	} {
		if err := held([]row{r}); err == nil || !strings.Contains(err.Error(), "tamper") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

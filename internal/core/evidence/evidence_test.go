package evidence_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"muster/internal/core/evidence"
)

func TestFingerprint(t *testing.T) {
	base := evidence.Finding{Check: "c", Rule: "r", Path: "p", StartLine: 3, Message: "m", Level: evidence.Gate}
	want := evidence.NewFinding(base, "anchor")
	if len(want.Fingerprint) != 32 || want.ID != want.Fingerprint[:8] {
		t.Fatalf("fingerprint %q, id %q", want.Fingerprint, want.ID)
	}
	same := base
	same.StartLine, same.EndLine, same.Message, same.Level, same.Detail, same.Reproduce = 99, 100, "other words", evidence.Context, "output", "true"
	if got := evidence.NewFinding(same, "anchor"); got.Fingerprint != want.Fingerprint {
		t.Error("lines or words change the fingerprint")
	}
	seen := map[string]string{want.Fingerprint: "base"}
	for name, f := range map[string]evidence.Finding{
		"check": {Check: "x", Rule: "r", Path: "p"}, "rule": {Check: "c", Rule: "x", Path: "p"}, "path": {Check: "c", Rule: "r", Path: "x"},
		// What moves from one part into the next is another finding.
		"shifted": {Check: "cr", Rule: "", Path: "p"}, "joined": {Check: "c", Rule: "rp", Path: ""},
	} {
		got := evidence.NewFinding(f, "anchor").Fingerprint
		if was, ok := seen[got]; ok {
			t.Errorf("%s has the fingerprint of %s", name, was)
		}
		seen[got] = name
	}
	if evidence.NewFinding(base, "other").Fingerprint == want.Fingerprint {
		t.Error("another anchor has the same fingerprint")
	}
}

func TestFindingsHaveGatesFirst(t *testing.T) {
	f := func(id string, l evidence.Level) evidence.Finding { return evidence.Finding{ID: id, Level: l} }
	e := evidence.Evidence{Results: []evidence.Result{
		{Findings: []evidence.Finding{f("1", evidence.Context), f("2", evidence.Gate), f("3", evidence.Locator)}},
		{},
		{Findings: []evidence.Finding{f("4", evidence.Gate), f("5", evidence.Context), f("6", evidence.Locator)}},
	}}
	var got []string
	for _, x := range e.Findings() {
		got = append(got, x.ID)
	}
	if strings.Join(got, "") != "243615" {
		t.Errorf("order %s", got)
	}
	e.Results[0].Findings[2].Grade, e.Results[2].Findings[2].Grade = evidence.Observed, evidence.Verified
	if got := e.Findings(); got[2].ID != "6" || got[3].ID != "3" {
		t.Errorf("what was verified does not come before what was observed: %+v", got)
	}
	if e.Results[0].Findings[0].ID != "1" {
		t.Error("the evidence was sorted too")
	}
}

func TestDigestNamesTheRecord(t *testing.T) {
	e := evidence.Evidence{Schema: evidence.Schema, BaseTree: "b", HeadTree: "h", Results: []evidence.Result{{Check: "c", Status: evidence.Passed}}}
	d := e.Digest()
	var again evidence.Evidence
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &again); err != nil || !reflect.DeepEqual(again, e) || again.Digest() != d || evidence.Hash(data) != d {
		t.Errorf("read back: %+v, %v", again, err)
	}
	e.Results[0].Status = evidence.Failed
	if e.Digest() == d {
		t.Error("another result has the same digest")
	}
	if got := evidence.Hash(nil); got != "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" {
		t.Errorf("sha256 of nothing is %s", got)
	}
}

func TestKeyNamesTheComputation(t *testing.T) {
	type settings struct{ Time int }
	key := func(check, version, base, head string, s any) string {
		return evidence.Key(check, version, base, head, s)
	}
	want := key("c", "1", "b", "h", settings{1})
	if key("c", "1", "b", "h", settings{1}) != want {
		t.Error("the same computation has another key")
	}
	for name, got := range map[string]string{
		"check": key("x", "1", "b", "h", settings{1}), "version": key("c", "2", "b", "h", settings{1}), "base": key("c", "1", "x", "h", settings{1}),
		"head": key("c", "1", "b", "x", settings{1}), "settings": key("c", "1", "b", "h", settings{2}), "swapped": key("c", "1", "h", "b", settings{1}),
		"shifted": key("c1", "", "b", "h", settings{1}),
	} {
		if got == want {
			t.Errorf("another %s has the same key", name)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("settings that cannot be written have a key")
		}
	}()
	key("c", "1", "b", "h", func() {})
}

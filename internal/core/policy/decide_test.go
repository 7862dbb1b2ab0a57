package policy_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"muster/internal/core/evidence"
	"muster/internal/core/policy"
)

func finding(level evidence.Level, anchor string) evidence.Finding {
	return evidence.NewFinding(evidence.Finding{
		Check: "probe", Rule: "rule", Level: level, Grade: evidence.Verified, Path: "a/b.go", StartLine: 7,
		Message: "Statement " + anchor + ".", Detail: "output of " + anchor, Reproduce: "reproduce " + anchor,
	}, anchor)
}

func result(name string, status evidence.Status, findings ...evidence.Finding) evidence.Result {
	r := evidence.Result{Check: name, Version: "1", Status: status, Findings: findings}
	if status != evidence.Passed {
		r.Why = "because of " + name
	}
	return r
}

func of(results ...evidence.Result) evidence.Evidence {
	return evidence.Evidence{Schema: evidence.Schema, BaseTree: "base", HeadTree: "head", Results: results}
}

func TestDecide(t *testing.T) {
	gate, locator, context := finding(evidence.Gate, "g"), finding(evidence.Locator, "l"), finding(evidence.Context, "c")
	ok := result("ok", evidence.Passed)
	unknown := finding("made up", "u")
	tests := []struct {
		name     string
		subject  evidence.Subject
		evidence evidence.Evidence
		accepted []string
		want     policy.Route
		open     []string
	}{
		{"all passed", evidence.OfTask, of(ok), nil, policy.Auto, nil},
		{"passed and skipped", evidence.OfTask, of(ok, result("s", evidence.Skipped)), nil, policy.Auto, nil},
		{"context only", evidence.OfTask, of(result("c", evidence.Passed, context)), nil, policy.Auto, nil},
		{"gate of a task", evidence.OfTask, of(ok, result("g", evidence.Failed, gate)), nil, policy.Rework, []string{gate.Fingerprint}},
		{"gate of a merge", evidence.OfMerge, of(result("g", evidence.Failed, gate)), nil, policy.Rework, []string{gate.Fingerprint}},
		{"gate of a range", evidence.OfRange, of(result("g", evidence.Failed, gate)), nil, policy.Rework, []string{gate.Fingerprint}},
		{"gate of a push", evidence.OfPush, of(result("g", evidence.Failed, gate)), nil, policy.Review, []string{gate.Fingerprint}},
		{"gate of a goal", evidence.OfGoal, of(result("g", evidence.Failed, gate)), nil, policy.Review, []string{gate.Fingerprint}},
		{"gate of an unknown subject", "", of(result("g", evidence.Failed, gate)), nil, policy.Review, []string{gate.Fingerprint}},
		{"gate in a result that says passed", evidence.OfTask, of(result("g", evidence.Passed, gate)), nil, policy.Rework, []string{gate.Fingerprint}},
		{"accepted gate", evidence.OfTask, of(result("g", evidence.Failed, gate)), []string{gate.Fingerprint}, policy.Auto, nil},
		{"another accepted", evidence.OfTask, of(result("g", evidence.Failed, gate)), []string{locator.Fingerprint}, policy.Rework, []string{gate.Fingerprint}},
		{"accepted by its short id", evidence.OfTask, of(result("g", evidence.Failed, gate)), []string{gate.ID}, policy.Rework, []string{gate.Fingerprint}},
		{"a check's name does not accept its findings", evidence.OfTask, of(result("g", evidence.Failed, gate)), []string{"check:g"}, policy.Rework, []string{gate.Fingerprint}},
		{"locator", evidence.OfTask, of(result("l", evidence.Failed, locator)), nil, policy.Review, []string{locator.Fingerprint}},
		{"locator of a merge", evidence.OfMerge, of(result("l", evidence.Failed, locator)), nil, policy.Review, []string{locator.Fingerprint}},
		{"accepted locator", evidence.OfMerge, of(result("l", evidence.Failed, locator)), []string{locator.Fingerprint}, policy.Auto, nil},
		{"unknown level", evidence.OfTask, of(result("u", evidence.Failed, unknown)), nil, policy.Review, []string{unknown.Fingerprint}},
		{"could not run", evidence.OfTask, of(ok, result("x", evidence.CouldNot)), nil, policy.Review, []string{"check:x"}},
		{"timeout", evidence.OfTask, of(ok, result("x", evidence.TimedOut)), nil, policy.Review, []string{"check:x"}},
		{"flaky", evidence.OfTask, of(ok, result("x", evidence.Flaky)), nil, policy.Review, []string{"check:x"}},
		{"unknown status", evidence.OfTask, of(ok, result("x", "fine")), nil, policy.Review, []string{"check:x"}},
		{"no status", evidence.OfTask, of(ok, result("x", "")), nil, policy.Review, []string{"check:x"}},
		{"failed without a finding", evidence.OfTask, of(ok, result("x", evidence.Failed)), nil, policy.Review, []string{"check:x"}},
		{"accepted that it could not run", evidence.OfMerge, of(ok, result("x", evidence.CouldNot)), []string{"check:x"}, policy.Auto, nil},
		{"accepted another check", evidence.OfMerge, of(ok, result("x", evidence.CouldNot)), []string{"check:y"}, policy.Review, []string{"check:x"}},
		{"could not run and points", evidence.OfTask, of(result("x", evidence.CouldNot, locator)), []string{"check:x"}, policy.Review, []string{locator.Fingerprint}},
		{"could not run and blocks", evidence.OfTask, of(result("x", evidence.CouldNot), result("g", evidence.Failed, gate)), nil, policy.Rework, sorted("check:x", gate.Fingerprint)},
		{"no results", evidence.OfTask, of(), nil, policy.Review, []string{"check:none"}},
		{"everything skipped", evidence.OfTask, of(result("s", evidence.Skipped)), nil, policy.Review, []string{"check:none"}},
		{"everything skipped, accepted", evidence.OfTask, of(result("s", evidence.Skipped)), []string{"check:none"}, policy.Auto, nil},
		{"everything skipped, nothing changed", evidence.OfGoal, evidence.Evidence{BaseTree: "t", HeadTree: "t", Results: []evidence.Result{result("s", evidence.Skipped)}}, nil, policy.Auto, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := policy.Decide(tt.subject, tt.evidence, tt.accepted)
			if v.Route != tt.want || !slices.Equal(v.Open, tt.open) {
				t.Errorf("got %s, open %q; want %s, open %q", v.Route, v.Open, tt.want, tt.open)
			}
			if (v.Feedback != "") != (v.Route == policy.Rework) {
				t.Errorf("route %s with feedback %q", v.Route, v.Feedback)
			}
			if v.BaseTree != tt.evidence.BaseTree || v.HeadTree != tt.evidence.HeadTree || v.Evidence != tt.evidence.Digest() {
				t.Error("the verdict does not name the evidence it was computed from")
			}
			if len(v.Reasons) == 0 {
				t.Error("no reason given")
			}
		})
	}
}

func sorted(s ...string) []string { slices.Sort(s); return s }

// Whatever did not run is named, whatever the route and whatever was accepted.
func TestNotRunIsNamed(t *testing.T) {
	part := result("part", evidence.Failed, finding(evidence.Gate, "g"))
	part.NotRun = []string{"the other half"}
	e := of(result("ok", evidence.Passed), result("s", evidence.Skipped), result("e", evidence.CouldNot), result("t", evidence.TimedOut), result("f", evidence.Flaky), part)
	v := policy.Decide(evidence.OfMerge, e, []string{"check:e", "check:t", "check:f", finding(evidence.Gate, "g").Fingerprint})
	want := []string{
		"s (skipped): because of s", "e (error): because of e", "t (timeout): because of t", "f (flaky): because of f", "part: the other half",
	}
	if v.Route != policy.Auto || !slices.Equal(v.NotRun, want) {
		t.Errorf("got %s, %q", v.Route, v.NotRun)
	}
}

func TestReasonsHaveTheWeightiestFirst(t *testing.T) {
	e := of(result("l", evidence.Failed, finding(evidence.Locator, "l")), result("e", evidence.CouldNot), result("g", evidence.Failed, finding(evidence.Gate, "g")))
	got := policy.Decide(evidence.OfTask, e, nil).Reasons
	want := []string{"probe: Statement g.", "e could not run: because of e.", "probe: Statement l."}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestApprovingAVerdictAcceptsAllOfIt(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		e := random(rnd)
		s := subjects()[rnd.IntN(len(subjects()))]
		v := policy.Decide(s, e, nil)
		if again := policy.Decide(s, e, v.Open); again.Route != policy.Auto {
			t.Fatalf("%s with everything open accepted is %s: %q", v.Route, again.Route, again.Reasons)
		}
	}
}

// What is not the author's fault never charges a round, and what is known of
// flaky tests is named, whatever the route.
func TestFaultsOfNobodyChargeNoRound(t *testing.T) {
	locator := finding(evidence.Locator, "flaky")
	flaky := result("accept", evidence.Flaky, locator)
	flaky.Tried = []evidence.Tried{{Test: evidence.Test{In: "web", Name: "adds"}, Runs: 2, Red: 1, Known: evidence.Rate{Red: 7, Runs: 31}}, {Test: evidence.Test{In: "web", Name: "never red"}, Runs: 2}}
	silent := result("accept", evidence.Flaky)
	folded := result("accept", evidence.Passed)
	folded.Tried = flaky.Tried
	const named = "accept: adds in web is flaky: it was red in 1 of 2 runs on this code, and on record in 7 of 31."
	for _, tt := range []struct {
		name   string
		result evidence.Result
		route  policy.Route
		open   []string
		last   string
	}{
		{"a flaky test", flaky, policy.Review, []string{locator.Fingerprint}, named},
		{"a flaky check that says nothing", silent, policy.Review, []string{"check:accept"}, ""},
		{"a flaky test that is known", folded, policy.Auto, nil, named},
		{"red at the base", result("accept", evidence.Failed, locator), policy.Review, []string{locator.Fingerprint}, ""},
		{"no disk", result("accept", evidence.CouldNot), policy.Review, []string{"check:accept"}, ""},
		{"no time", result("accept", evidence.TimedOut), policy.Review, []string{"check:accept"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, s := range []evidence.Subject{evidence.OfTask, evidence.OfMerge} {
				v := policy.Decide(s, of(tt.result), nil)
				if v.Route != tt.route || v.Feedback != "" || !slices.Equal(v.Open, tt.open) {
					t.Errorf("%s: %s, open %q, feedback %q", s, v.Route, v.Open, v.Feedback)
				}
				if last := v.Reasons[len(v.Reasons)-1]; tt.last != "" && last != tt.last {
					t.Errorf("%s: the last reason is %q", s, last)
				}
				if again := policy.Decide(s, of(tt.result), v.Open); again.Route != policy.Auto {
					t.Errorf("%s: approved, and still %s", s, again.Route)
				}
			}
		})
	}
}

func subjects() []evidence.Subject {
	return []evidence.Subject{evidence.OfTask, evidence.OfMerge, evidence.OfPush, evidence.OfGoal}
}

func rank(r policy.Route) int {
	return slices.Index([]policy.Route{policy.Auto, policy.Review, policy.Rework}, r)
}

func random(rnd *rand.Rand) evidence.Evidence {
	statuses := []evidence.Status{evidence.Passed, evidence.Passed, evidence.Failed, evidence.Skipped, evidence.CouldNot, evidence.TimedOut, evidence.Flaky}
	e := of()
	for i := range rnd.IntN(5) {
		r := result(string(rune('a'+i)), statuses[rnd.IntN(len(statuses))])
		for range rnd.IntN(3) {
			r.Findings = append(r.Findings, randomFinding(rnd))
		}
		e.Results = append(e.Results, r)
	}
	return e
}

func randomFinding(rnd *rand.Rand) evidence.Finding {
	levels := []evidence.Level{evidence.Gate, evidence.Locator, evidence.Context}
	return finding(levels[rnd.IntN(3)], string(rune('A'+rnd.IntN(6))))
}

func TestMoreFindingsNeverMakeTheRouteEasier(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 1500 {
		e := random(rnd)
		if len(e.Results) == 0 {
			continue
		}
		s := subjects()[rnd.IntN(len(subjects()))]
		var accepted []string
		for range rnd.IntN(3) {
			accepted = append(accepted, randomFinding(rnd).Fingerprint)
		}
		before := policy.Decide(s, e, accepted)
		if again := policy.Decide(s, e, accepted); !slices.Equal(again.Open, before.Open) || again.Feedback != before.Feedback || again.Route != before.Route {
			t.Fatal("the same evidence gives another verdict")
		}
		more := e
		more.Results = slices.Clone(e.Results)
		i := rnd.IntN(len(more.Results))
		more.Results[i].Findings = append(slices.Clone(more.Results[i].Findings), randomFinding(rnd))
		// A check that failed for no reason it gave is explained by a finding.
		if e.Results[i].Status == evidence.Failed && len(e.Results[i].Findings) == 0 || e.Results[i].Status == evidence.Flaky {
			continue
		}
		if after := policy.Decide(s, more, accepted); rank(after.Route) < rank(before.Route) {
			t.Fatalf("a finding more, and %s became %s", before.Route, after.Route)
		}
		wider := append(slices.Clone(accepted), randomFinding(rnd).Fingerprint, "check:a")
		if after := policy.Decide(s, e, wider); rank(after.Route) > rank(before.Route) {
			t.Fatalf("more accepted, and %s became %s", before.Route, after.Route)
		}
	}
}

func TestFeedback(t *testing.T) {
	gate := finding(evidence.Gate, "g")
	gate.Path = "dir/new\nline.go"
	locator := finding(evidence.Locator, "l")
	e := of(result("l", evidence.Failed, locator), result("g", evidence.Failed, gate), result("x", evidence.TimedOut))
	got := policy.Decide(evidence.OfTask, e, nil).Feedback
	at := -1
	for _, want := range []string{
		"\n1. \"dir/new\\nline.go\":7: Statement g. [probe " + gate.ID + "]\n   Reproduce: reproduce g\n   | output of g\n",
		"\n2. a/b.go:7: Statement l. [probe " + locator.ID + "]\n   This does not block by itself",
		"\nNot checked:\n- x (timeout): because of x\n",
		"\nRules:\n",
		"Do not edit, skip, weaken or delete tests",
	} {
		i := strings.Index(got, want)
		if i <= at {
			t.Errorf("%q is missing or out of order in:\n%s", want, got)
		}
		at = i
	}
}

func TestFeedbackIsBounded(t *testing.T) {
	for name, detail := range map[string]string{
		"long lines":  strings.Repeat("x", 100_000),
		"blank lines": strings.Repeat("\n", 8_000),
		"short lines": strings.Repeat("y\n", 8_000),
		"not UTF-8":   strings.Repeat("\xff\xfe", 4_000),
		"wide runes":  strings.Repeat("世", 4_000),
	} {
		t.Run(name, func(t *testing.T) {
			var findings []evidence.Finding
			for i := range 200 {
				f := finding(evidence.Gate, string(rune('a'+i)))
				f.Detail, f.Reproduce = detail, strings.Repeat("r", 4000)
				findings = append(findings, f)
			}
			got := policy.Decide(evidence.OfTask, of(result("g", evidence.Failed, findings...)), nil).Feedback
			if len(got) > 16<<10 || !utf8.ValidString(got) {
				t.Errorf("%d bytes, valid UTF-8: %v", len(got), utf8.ValidString(got))
			}
			if !strings.Contains(got, "\n1. ") || !strings.Contains(got, "more findings.") || !strings.HasSuffix(got, "say why in your last message.\n") {
				t.Errorf("the first finding, the count of the rest or the rules are missing:\n%s", got)
			}
		})
	}
}

package report_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"muster/internal/core/evidence"
	"muster/internal/core/policy"
	"muster/internal/core/report"
)

func judged() report.Verdict {
	var many []evidence.Finding
	for i := range 7 {
		many = append(many, evidence.NewFinding(evidence.Finding{
			Check: "guards", Rule: "dropped", Level: evidence.Locator, Grade: evidence.Observed, Path: "a b/ü.go", StartLine: i + 1,
			Message: fmt.Sprintf("Guard %d of <b>@all</b> is gone.", i),
		}, fmt.Sprint(i)))
	}
	e := evidence.Evidence{
		BaseTree: "base", HeadTree: "head", Sandbox: "off",
		Results: []evidence.Result{
			{Check: "guards", Version: "1", Status: evidence.Failed, Findings: many, Unverified: []evidence.Place{{Path: "x.bin", Why: "nothing reads it"}}},
			{Check: "basetests", Version: "2", Status: evidence.Failed, Findings: []evidence.Finding{
				evidence.NewFinding(evidence.Finding{
					Check: "basetests", Rule: "failed", Level: evidence.Gate, Grade: evidence.Verified, Path: "a_test.go", StartLine: 3, EndLine: 9,
					Message: "TestA fails.", Detail: "```\nnot the end\n```", Reproduce: "go test ./a",
				}, "TestA"),
				evidence.NewFinding(evidence.Finding{Check: "basetests", Level: evidence.Context, Message: "Only said."}, "c"),
			}},
			{Check: "mutants", Version: "1", Status: evidence.CouldNot, Why: "no go"},
		},
	}
	v := report.NewVerdict(e, policy.Decide(evidence.OfRange, e, nil), 1)
	v.Muster, v.Base, v.Head = "v1", "1111111111111111", "2222222222222222"
	return v
}

func TestNewVerdict(t *testing.T) {
	v := judged()
	passed, failed, silent := v.Counts()
	if v.Route != policy.Rework || passed != 0 || failed != 2 || silent != 1 || len(v.Findings) != 9 || v.Dismissed != 1 {
		t.Errorf("%+v", v)
	}
	first := v.First()
	if len(first) != report.ShownFirst || first[0].Level != evidence.Gate || first[4].Level != evidence.Locator {
		t.Errorf("first %+v", first)
	}
	if len(v.Unverified) != 1 || v.Unverified[0].Why != "guards: nothing reads it" || len(v.NotRun) != 1 {
		t.Errorf("unverified %+v, not run %q", v.Unverified, v.NotRun)
	}
	// Consumers find a list where a list is promised.
	data, _ := json.Marshal(report.NewVerdict(evidence.Evidence{}, policy.Verdict{}, 0))
	for _, empty := range []string{`"checks":[]`, `"findings":[]`, `"unverified":[]`, `"not_run":[]`, `"probability":null`} {
		if !strings.Contains(string(data), empty) {
			t.Errorf("no %s in %s", empty, data)
		}
	}
}

func TestSARIF(t *testing.T) {
	var log struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID, Level string
				RuleIndex     int
				Locations     []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           *struct{ StartLine, EndLine int }
					}
				}
				PartialFingerprints map[string]string
			}
		}
	}
	if err := json.Unmarshal(report.SARIF(judged()), &log); err != nil || log.Version != "2.1.0" || len(log.Runs) != 1 {
		t.Fatalf("%v, %+v", err, log)
	}
	run := log.Runs[0]
	if len(run.Results) != 9 || len(run.Tool.Driver.Rules) != 3 {
		t.Fatalf("%+v", run)
	}
	levels := map[string]int{}
	for _, r := range run.Results {
		levels[r.Level]++
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID || len(r.PartialFingerprints["muster/v1"]) != 32 {
			t.Errorf("%+v", r)
		}
	}
	if levels["error"] != 1 || levels["warning"] != 7 || levels["note"] != 1 {
		t.Errorf("levels %v", levels)
	}
	first, second := run.Results[0].Locations[0].PhysicalLocation, run.Results[1].Locations[0].PhysicalLocation
	if first.Region.StartLine != 3 || first.Region.EndLine != 9 || second.ArtifactLocation.URI != "a%20b/%C3%BC.go" {
		t.Errorf("%+v %+v", first, second)
	}
	if run.Results[8].Locations != nil {
		t.Error("a finding without a place has one")
	}
}

func TestMarkdown(t *testing.T) {
	got := report.Markdown(judged())
	for _, want := range []string{
		report.Marker, "### Muster: rework", "**blocks** `a_test.go:3`", "````\n  ```\n  not the end", "<summary>4 more findings", "What was not checked (2)", "`x.bin`",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	for _, bad := range []string{"<b>", "@all"} {
		if strings.Contains(got, bad) {
			t.Errorf("%q is not escaped in\n%s", bad, got)
		}
	}
}

func TestMarkdownIsBounded(t *testing.T) {
	v := judged()
	for i := range 5000 {
		v.Findings = append(v.Findings, evidence.Finding{Level: evidence.Context, Message: strings.Repeat("word ", 30), ID: fmt.Sprint(i)})
		v.NotRun = append(v.NotRun, "why "+fmt.Sprint(i))
	}
	if got := report.Markdown(v); len(got) > 65_000 || strings.Count(got, "<details>") != strings.Count(got, "</details>") {
		t.Errorf("%d bytes", len(got))
	}
}

package report

import (
	"fmt"

	"muster/internal/core/evidence"
	"muster/internal/core/policy"
)

// VerdictSchema is the version of Verdict.
const VerdictSchema = "muster.verdict/v1"

// ShownFirst is how many findings a person is shown at once; the others are
// folded away.
const ShownFirst = 5

// Verdict is what is printed of the judgement of a change.
type Verdict struct {
	Schema       string             `json:"schema"` // VerdictSchema
	Muster       string             `json:"muster"` // version of the program
	Base         string             `json:"base"`   // commit; empty when there is none
	Head         string             `json:"head"`   // commit; empty for a work tree
	BaseTree     string             `json:"base_tree"`
	HeadTree     string             `json:"head_tree"`
	ConfigDigest string             `json:"config_digest"`
	PolicyDigest string             `json:"policy_digest"`
	Sandbox      string             `json:"sandbox"` // the weakest level that commands ran under; empty when none ran
	Route        policy.Route       `json:"route"`
	Reasons      []string           `json:"reasons"`
	Risk         Risk               `json:"risk"`
	Checks       []CheckLine        `json:"checks"`
	Findings     []evidence.Finding `json:"findings"`   // gates first; the first ShownFirst are put before people
	Dismissed    int                `json:"dismissed"`  // findings that the base dismisses
	Unverified   []evidence.Place   `json:"unverified"` // changed lines about which nothing can be said
	NotRun       []string           `json:"not_run"`
	Notes        []string           `json:"notes,omitempty"` // about how base and head were found
}

// Risk is the probability that the change does harm. Probability is null as
// long as no record has been kept against which to calibrate one.
type Risk struct {
	Probability *float64 `json:"probability"`
	Band        string   `json:"band"`
	Reasons     []string `json:"reasons"`
}

// CheckLine is how one check ended.
type CheckLine struct {
	Name       string          `json:"name"`
	Version    string          `json:"version"`
	Status     evidence.Status `json:"status"`
	Why        string          `json:"why,omitempty"`
	Cached     bool            `json:"cached"`
	DurationMS int64           `json:"duration_ms"`
}

// NewVerdict gathers what is printed of one judgement. The caller fills in
// Muster, Base, Head, ConfigDigest and Notes.
func NewVerdict(e evidence.Evidence, v policy.Verdict, dismissed int) Verdict {
	out := Verdict{
		Schema: VerdictSchema, BaseTree: e.BaseTree, HeadTree: e.HeadTree, PolicyDigest: policy.Digest(), Sandbox: e.Sandbox,
		Route: v.Route, Reasons: v.Reasons, Checks: []CheckLine{}, Findings: e.Findings(), Dismissed: dismissed,
		Unverified: []evidence.Place{}, NotRun: v.NotRun,
		Risk: Risk{Band: "unknown", Reasons: []string{"no record to calibrate a probability against"}},
	}
	if out.Findings == nil {
		out.Findings = []evidence.Finding{}
	}
	if out.NotRun == nil {
		out.NotRun = []string{}
	}
	for _, r := range e.Results {
		out.Checks = append(out.Checks, CheckLine{r.Check, r.Version, r.Status, r.Why, r.Cached, r.DurationMS})
		for _, p := range r.Unverified {
			p.Why = r.Check + ": " + p.Why
			out.Unverified = append(out.Unverified, p)
		}
	}
	return out
}

// Counts gives how many checks passed, found something, and gave no answer.
func (v Verdict) Counts() (passed, failed, silent int) {
	for _, c := range v.Checks {
		switch c.Status {
		case evidence.Passed:
			passed++
		case evidence.Failed:
			failed++
		case evidence.CouldNot, evidence.TimedOut, evidence.Flaky:
			silent++
		case evidence.Skipped:
		}
	}
	return passed, failed, silent
}

// Where gives a finding's place as people write it, or "".
func Where(f evidence.Finding) string {
	if f.Path == "" || f.StartLine == 0 {
		return f.Path
	}
	return fmt.Sprintf("%s:%d", f.Path, f.StartLine)
}

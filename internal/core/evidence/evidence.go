// Package evidence holds what checks say about a change: results, findings
// and their sum. It is content-addressed: the same trees, checks, versions
// and settings give the same key.
package evidence

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// Status is how a check ended.
type Status string

// How a check can end. A check that did not run, timed out or broke is a
// fact, never a pass.
const (
	Passed   Status = "passed"
	Failed   Status = "failed"
	Skipped  Status = "skipped" // it does not apply; Why says so
	CouldNot Status = "error"   // it applies and could not run; Why says so
	TimedOut Status = "timeout"
	Flaky    Status = "flaky" // the same code gave different answers; its findings, or Why, say what
)

// Level says what a finding may do.
type Level string

// A gate blocks and carries a reproduction; a locator points; context is
// folded away.
const (
	Gate    Level = "gate"
	Locator Level = "locator"
	Context Level = "context"
)

// Grade says how sure a finding is.
type Grade string

// The grades, from weakest to strongest.
const (
	Reported Grade = "reported" // somebody says so
	Observed Grade = "observed" // seen in the change
	Verified Grade = "verified" // shown by running code
)

// SetUpCheck is the name of the result that says whether the trees of a change
// could be set up. It is there when the configuration has set-up commands.
const SetUpCheck = "setup"

// Finding is one located statement by a check.
type Finding struct {
	ID          string `json:"id"`          // short, for people: first 8 characters of the fingerprint
	Fingerprint string `json:"fingerprint"` // stable over line shifts
	Check       string `json:"check"`
	Rule        string `json:"rule,omitempty"` // which of the check's rules
	Level       Level  `json:"level"`
	Grade       Grade  `json:"grade"`
	Path        string `json:"path,omitempty"`
	StartLine   int    `json:"start_line,omitempty"`
	EndLine     int    `json:"end_line,omitempty"`
	Message     string `json:"message"`             // one sentence
	Detail      string `json:"detail,omitempty"`    // output that shows it, at most 8 KiB
	Reproduce   string `json:"reproduce,omitempty"` // a command; every gate has one
}

// NewFinding fills ID and Fingerprint from the check, the rule, the path and
// an anchor: text of the code or output that stays the same when lines move.
func NewFinding(f Finding, anchor string) Finding {
	sum := sha256.Sum256([]byte(strings.Join([]string{f.Check, f.Rule, f.Path, anchor}, "\x00")))
	f.Fingerprint = hex.EncodeToString(sum[:16])
	f.ID = f.Fingerprint[:8]
	return f
}

// Result is what one check left.
type Result struct {
	Check      string    `json:"name"`
	Version    string    `json:"version"`
	Status     Status    `json:"status"`
	Why        string    `json:"why,omitempty"` // for every status but passed
	Findings   []Finding `json:"findings,omitempty"`
	NotRun     []string  `json:"not_run,omitempty"`    // what it left out, and why
	Unverified []Place   `json:"unverified,omitempty"` // changed lines about which it can say nothing
	Tried      []Tried   `json:"tried,omitempty"`      // tests that ended both ways on the same code, or are known to
	Hurried    bool      `json:"hurried,omitempty"`    // it left things out for want of time: another time it may not
	Cached     bool      `json:"cached"`
	DurationMS int64     `json:"duration_ms"`
	Sandbox    string    `json:"sandbox,omitempty"` // the weakest level its commands ran under; empty when none ran
}

// Place is a run of lines of the head, counted from 1; zero means the whole file.
type Place struct {
	Path      string `json:"path"`
	StartLine int    `json:"start_line,omitempty"`
	EndLine   int    `json:"end_line,omitempty"`
	Why       string `json:"why"`
}

// Evidence is all results for one change.
type Evidence struct {
	Schema   string   `json:"schema"` // muster.evidence/v1
	BaseTree string   `json:"base_tree"`
	HeadTree string   `json:"head_tree"`
	Sandbox  string   `json:"sandbox"` // the weakest level that commands ran under; empty when none ran
	Results  []Result `json:"results"` // in the runner's order

	// Unconfined says that commands ran without a sandbox although nobody had
	// asked for none: the machine had none to offer.
	Unconfined bool `json:"unconfined,omitempty"`
}

// Schema is the version of Evidence written by this program.
const Schema = "muster.evidence/v1"

// Findings gives all findings: gates first, then what points, then context;
// within these what was shown by running code comes before what was seen and
// what was only said; otherwise in order.
func (e Evidence) Findings() []Finding {
	var out []Finding
	for _, r := range e.Results {
		out = append(out, r.Findings...)
	}
	level := map[Level]int{Gate: 0, Locator: 1, Context: 2}
	grade := map[Grade]int{Verified: 0, Observed: 1, Reported: 2}
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(level[a.Level]-level[b.Level], grade[a.Grade]-grade[b.Grade])
	})
	return out
}

// Digest is the sha256 of the canonical JSON, in hex; it names the blob that
// holds the evidence. Durations and cache marks are part of it: it names this
// record, while Key names the computation.
func (e Evidence) Digest() string {
	b, err := json.Marshal(e)
	if err != nil {
		panic(err) // only strings and numbers
	}
	return Hash(b)
}

// Hash is the sha256 of b in hex.
func Hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Key names one computation: a check at a version, over two trees, with the
// given settings (anything that marshals to JSON deterministically).
func Key(check, version, baseTree, headTree string, settings any) string {
	b, err := json.Marshal([]any{check, version, baseTree, headTree, settings})
	if err != nil {
		panic(err) // a programming mistake: settings that do not marshal
	}
	return Hash(b)
}

// Package policy turns evidence into a verdict. It is the only place that
// does, and it knows nothing but the evidence and what a person has accepted.
package policy

import "muster/internal/core/evidence"

// Route says who must look at a change, or what becomes of it.
type Route string

// The routes.
const (
	Auto   Route = "auto"   // lands
	Audit  Route = "audit"  // lands, sampled for review
	Review Route = "review" // a person decides
	Two    Route = "two"    // two people decide
	Rework Route = "rework" // back to the agent, with the findings
	Reject Route = "reject" // ends
)

// Lands reports whether a change on this route lands without a person.
func (r Route) Lands() bool { return r == Auto || r == Audit }

// Verdict is policy's answer on a change, computed from recorded evidence for
// exactly that tree.
type Verdict struct {
	Route    Route    `json:"route"`
	Evidence string   `json:"evidence"` // digest of the evidence it was computed from
	BaseTree string   `json:"base_tree"`
	HeadTree string   `json:"head_tree"`
	Reasons  []string `json:"reasons"`            // one sentence each, the weightiest first
	Open     []string `json:"open,omitempty"`     // fingerprints of the findings that led to the route, sorted
	NotRun   []string `json:"not_run,omitempty"`  // checks that did not run, timed out or broke, with why
	Feedback string   `json:"feedback,omitempty"` // with Rework: what the agent is told
}

// version is raised whenever the same evidence may give another verdict.
const version = "4"

// Digest names the policy in force.
func Digest() string { return evidence.Hash([]byte("muster built-in policy " + version)) }

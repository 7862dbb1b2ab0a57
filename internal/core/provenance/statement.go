package provenance

import (
	"bytes"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/policy"
)

// The types that name what a statement is. The predicate's address leads
// nowhere, on purpose: docs/provenance.md describes it, and
// docs/schema/provenance.schema.json.
const (
	StatementType = "https://in-toto.io/Statement/v1"
	PredicateType = "https://muster.invalid/change/v1"
)

// Statement says of a landed commit what it came from and what it was judged
// by. Its form is that of an in-toto statement v1
// (github.com/in-toto/attestation, spec/v1/statement.md).
type Statement struct {
	Type          string    `json:"_type"`
	Subject       []Subject `json:"subject"` // the commit, then its tree
	PredicateType string    `json:"predicateType"`
	Predicate     Predicate `json:"predicate"`
}

// Subject is a thing that a statement is about.
type Subject struct {
	Name   string `json:"name"`
	Digest Digest `json:"digest"`
}

// Digest names a commit or a tree as in-toto does (spec/v1/digest_set.md).
type Digest struct {
	Commit string `json:"gitCommit,omitempty"`
	Tree   string `json:"gitTree,omitempty"`
}

// Predicate is what is said of the commit. All of it follows from the ledger
// up to the landing, but Muster and Signer. Digests are sha256, in hexadecimal.
type Predicate struct {
	Muster   string    `json:"muster"` // version of the program that made the statement
	Signer   Signer    `json:"signer"`
	Run      Run       `json:"run"`
	Task     Task      `json:"task"`
	Change   Change    `json:"change"`
	Attempts []Attempt `json:"attempts"`
	Usage    job.Usage `json:"usage"`    // of all attempts
	Verdicts []Verdict `json:"verdicts"` // in order; the last is on exactly what landed
	People   []Act     `json:"people"`
	Ledger   Position  `json:"ledger"`
}

// Signer is the key that signed the statement, for who knows its fingerprint
// alone.
type Signer struct {
	Key    Fingerprint `json:"key"`
	Public string      `json:"public"` // as in a .pub file
}

// Run is what the change was part of.
type Run struct {
	ID     string       `json:"id"`
	Name   string       `json:"name"`
	Goal   string       `json:"goal"`
	Target string       `json:"target"` // full ref
	Base   change.Point `json:"base"`   // where the target stood
	Plan   string       `json:"plan"`   // digest of the plan, as JSON
	Config string       `json:"config"` // digest of the configuration in force, as JSON
}

// Task is what was asked for.
type Task struct {
	ID     string `json:"id"`
	Type   string `json:"type"`
	Title  string `json:"title"`
	Prompt string `json:"prompt"` // digest of the prompt in the plan
}

// Change is what landed.
type Change struct {
	Base      change.Point `json:"base"`             // what it landed on
	Head      change.Point `json:"head"`             // the subject
	Attempt   int          `json:"attempt"`          // whose change it is; 0: a person's alone
	Agent     string       `json:"agent,omitempty"`  // that made it
	Model     string       `json:"model,omitempty"`  // as the agent named it
	Person    string       `json:"person,omitempty"` // who made it, when no agent did: Name <address>
	With      string       `json:"with,omitempty"`   // who else made part of it
	Landed    int64        `json:"landed_us"`        // microseconds since 1970
	Approvals int          `json:"approvals"`        // of people, on the task's trees
}

// Attempt is one try of an agent.
type Attempt struct {
	Number  int             `json:"number"`
	Agent   string          `json:"agent"`
	Driver  string          `json:"driver"`
	Model   string          `json:"model,omitempty"`
	Session string          `json:"session,omitempty"`
	Prompt  string          `json:"prompt,omitempty"` // digest of all that the agent was told; empty when it was not recorded
	Outcome job.OutcomeKind `json:"outcome"`
	EndedUS int64           `json:"ended_us"`
	TimeUS  int64           `json:"time_us"`
	Usage   job.Usage       `json:"usage"`
	Stdout  string          `json:"stdout,omitempty"` // digest
	Stderr  string          `json:"stderr,omitempty"` // digest
	Tools   []string        `json:"tools,omitempty"`  // of the repository that it was given because a person had approved them: kind, name and id
}

// Verdict is what policy said, and of what evidence.
type Verdict struct {
	AtUS     int64        `json:"at_us"`
	Where    string       `json:"where"` // task or merge
	Route    policy.Route `json:"route"`
	Policy   string       `json:"policy,omitempty"` // digest of the policy in force; empty when it was not recorded
	BaseTree string       `json:"base_tree"`
	HeadTree string       `json:"head_tree"`
	Reasons  []string     `json:"reasons"`
	NotRun   []string     `json:"not_run,omitempty"`
	Evidence string       `json:"evidence"` // digest
	Sandbox  string       `json:"sandbox"`  // the weakest level that commands of checks ran under; empty when none ran
	Checks   []Check      `json:"checks"`
}

// Check is how one check ended.
type Check struct {
	Name     string          `json:"name"`
	Version  string          `json:"version"`
	Status   evidence.Status `json:"status"`
	Sandbox  string          `json:"sandbox,omitempty"`
	Findings int             `json:"findings"`
}

// Act is something that a person did to the task or its run.
type Act struct {
	AtUS int64     `json:"at_us"`
	Who  string    `json:"who"`
	Did  flow.Kind `json:"did"`            // the kind of the event
	Tree string    `json:"tree,omitempty"` // that was approved or given
}

// Position is where in the ledger all of that stands.
type Position struct {
	Records []Record `json:"records"` // the last of each stream that it follows from, up to the landing
	Seal    Seal     `json:"seal"`    // that covers them
}

// Record names a record.
type Record struct {
	Stream flow.Stream `json:"stream"`
	Seq    int64       `json:"seq"`
	Hash   string      `json:"hash"`
}

// Seal names a seal and its signature.
type Seal struct {
	Seq       int64       `json:"seq"`
	Hash      string      `json:"hash"`
	Signer    Fingerprint `json:"signer,omitempty"` // empty: the seal is older than signatures
	Signature []byte      `json:"signature,omitempty"`
}

// State makes a statement of what is said of a commit.
func State(p Predicate) Statement {
	return Statement{
		Type: StatementType, PredicateType: PredicateType, Predicate: p,
		Subject: []Subject{
			{Name: "commit", Digest: Digest{Commit: p.Change.Head.Commit}},
			{Name: "tree", Digest: Digest{Tree: p.Change.Head.Tree}},
		},
	}
}

// Bytes gives the statement as JSON, always the same for the same statement.
func (s Statement) Bytes() ([]byte, error) { return encode(s) }

// Read reads a statement of exactly the form that Bytes gives.
func Read(payload []byte) (Statement, error) {
	var s Statement
	if err := decodeStrict(payload, &s); err != nil {
		return s, fault.New(fault.Invalid, "it holds no statement that this version of Muster reads: %v", err)
	}
	again, err := s.Bytes()
	switch {
	case err != nil:
		return s, err
	case !bytes.Equal(again, payload):
		return s, fault.New(fault.Invalid, "its statement is not written as Muster writes one")
	case s.Type != StatementType:
		return s, fault.New(fault.Invalid, "its statement is %.80q, not %s", s.Type, StatementType)
	case s.PredicateType != PredicateType:
		return s, fault.New(fault.Invalid, "its statement says %.80q of a commit, and this version of Muster reads %s", s.PredicateType, PredicateType)
	case len(s.Subject) != 2 || s.Subject[0].Digest.Commit == "" || s.Subject[0].Digest != (Digest{Commit: s.Predicate.Change.Head.Commit}) ||
		s.Subject[1].Digest != (Digest{Tree: s.Predicate.Change.Head.Tree}):
		return s, fault.New(fault.Invalid, "its subject is not the commit and the tree that its predicate names")
	}
	return s, nil
}

// PublicKey gives the key that the statement says it was signed with; false when what
// it says does not hold together.
func (s Signer) PublicKey() (Key, bool) {
	k, err := ReadKey(s.Public)
	return k, err == nil && k.Line() == s.Public && k.Fingerprint() == s.Key
}

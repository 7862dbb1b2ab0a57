package sandbox

import "muster/internal/adapter/sandbox/confine"

// Attempt is one attack of a proof and what came of it.
type Attempt struct {
	What    string `json:"what"`
	Network bool   `json:"network,omitempty"` // it is about the network
	Blocked bool   `json:"blocked"`
	Why     string `json:"why,omitempty"` // with Blocked: what the system said
}

// Hint is the way to get what a level needs.
const Hint = confine.Hint

// proofMode is the argument that makes a shim the attacker of a proof.
const proofMode = "@proof"

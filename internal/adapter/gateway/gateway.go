// Package gateway stands between agents and the services of their models. It
// is one process for each state root, which outlives Muster; each attempt has
// a door of its own, a Unix socket, and whoever holds the socket is that
// attempt. The agent's token is a dummy: the gateway puts the real key in its
// place, meters what every request consumed from what the service says, keeps
// spend within budgets before a request is sent, and shares what is known of
// rate limits among all agents of an account.
//
// Keys are kept in memory and never written: not to the journal, not to a
// door's file, not to errors.
//
// Everything spent stands in the journal (journal.go): a line before a
// request is sent and one after its answer, both durable. A request that the
// journal does not say the end of is booked as what it was likely to take.
package gateway

import (
	"path/filepath"
	"strings"

	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/meter"
)

// Door says what one attempt may reach, and within which budgets. It is kept
// in the door's folder, so that the gateway opens it again after a crash.
type Door struct {
	Name      string                 `json:"name"`             // of the attempt: letters, digits, '.', '_', '-'
	Scopes    []Scope                `json:"scopes"`           // whose spend its requests are
	Providers map[string]Provider    `json:"providers"`        // by the name in /model/NAME/
	Prices    map[string]meter.Price `json:"prices,omitempty"` // a person's own, by model
	Egress    []string               `json:"egress,omitempty"` // hosts that Others may connect with, as the configuration writes them
	Alive     string                 `json:"alive,omitempty"`  // a file that is locked while the attempt lives
	Recording *Recording             `json:"recording,omitempty"`

	Secrets   map[string]string `json:"-"` // keys by provider, where Key.Env is set
	Telemetry map[string]string `json:"-"` // OpenTelemetry's variables, where it is on; some hold keys
}

// Scope is a budget that an attempt shares with others of the same name.
type Scope struct {
	Name      string       `json:"name"`  // unique among all repositories
	Title     string       `json:"title"` // as people know it: "the task", "the run"
	Limit     meter.Amount `json:"limit"`
	Elsewhere meter.Amount `json:"elsewhere"` // spent without the gateway
}

// Provider is a service of models, or a server that speaks like one.
type Provider struct {
	Base   string `json:"base"`           // URL that the rest of the path is appended to
	Auth   Auth   `json:"auth"`           // how the key is sent
	Key    Key    `json:"key"`            // where it is from
	Vendor string `json:"vendor"`         // whose prices count: anthropic, openai, gemini
	Free   bool   `json:"free,omitempty"` // a model without a price costs nothing
}

// Auth is a way to send a key.
type Auth string

// The ways.
const (
	NoAuth  Auth = ""
	Bearer  Auth = "bearer"    // Authorization: Bearer KEY
	APIKey  Auth = "x-api-key" // Anthropic
	GoogKey Auth = "x-goog-api-key"
)

// Key says where a key is from. At most one field is set.
type Key struct {
	Env     string   `json:"env,omitempty"`     // a variable of Muster's own environment, handed over in memory
	File    string   `json:"file,omitempty"`    // absolute; read when it is needed
	Command []string `json:"command,omitempty"` // prints the key; has 20 seconds
}

// Spend is what the journal says of a door, or of a scope.
type Spend struct {
	Usage     job.Usage `json:"usage"`
	Requests  int       `json:"requests"`            // that were sent
	Estimated int       `json:"estimated,omitempty"` // of them: nobody said what they took
	Unpriced  int       `json:"unpriced,omitempty"`  // of them: the model's price is not known
	Limit     *Limit    `json:"limit,omitempty"`     // the last request that a budget refused
	Replayed  *Replayed `json:"replayed,omitempty"`  // what was answered from a recording; nothing of it is in the other fields
	UntilUS   int64     `json:"until_us,omitempty"`  // of a door that was just closed: when its account may be asked again, if that is far off
}

// Replayed is what a door answered from a recording.
type Replayed struct {
	Usage    job.Usage `json:"usage"`             // that the answers had when they were recorded; nothing was spent
	Requests int       `json:"requests"`          // that were answered
	Missing  string    `json:"missing,omitempty"` // the latest request that the recording had no answer to

	WasInterrupted bool `json:"was_interrupted,omitempty"` // the recording ends where the request is missing, because the attempt did
}

// Spent is what was spent in a scope.
type Spent struct {
	All   Spend `json:"all"`
	Ended Spend `json:"ended"` // of it, through doors that are closed
}

// Limit is a request that was refused.
type Limit struct {
	Scope string `json:"scope"` // name
	Why   string `json:"why"`
}

// add puts v into s.
func (s *Spend) add(v Spend) {
	s.Usage = s.Usage.Add(v.Usage)
	s.Requests, s.Estimated, s.Unpriced = s.Requests+v.Requests, s.Estimated+v.Estimated, s.Unpriced+v.Unpriced
	if v.Limit != nil {
		s.Limit = v.Limit
	}
	if v.Replayed != nil {
		if s.Replayed == nil {
			s.Replayed = &Replayed{}
		}
		s.Replayed.Usage, s.Replayed.Requests = s.Replayed.Usage.Add(v.Replayed.Usage), s.Replayed.Requests+v.Replayed.Requests
		if v.Replayed.Missing != "" {
			s.Replayed.Missing, s.Replayed.WasInterrupted = v.Replayed.Missing, v.Replayed.WasInterrupted
		}
	}
}

// Names of files below the gateway's folder, and below a door's.
const (
	lockFile    = "lock"
	journalFile = "journal"
	logFile     = "log"
	controlSock = "control"
	doorsDir    = "doors"
	doorFile    = "door.json"
	closedFile  = "closed.json" // what a door's file becomes
	doorSock    = "sock"
)

// Socket gives where a door's socket is.
func Socket(dir, name string) string { return filepath.Join(dir, doorsDir, name, doorSock) }

// checkName refuses what cannot be the name of a folder.
func checkName(name string) error {
	bad := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '_' && r != '-'
	}
	if name == "" || len(name) > 200 || strings.HasPrefix(name, ".") || strings.ContainsFunc(name, bad) {
		return fault.New(fault.Invalid, "open a door: %.40q is no name of an attempt", name)
	}
	return nil
}

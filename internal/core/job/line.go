package job

import "encoding/json"

// What a line of an agent's program says to Muster.
const (
	LineEvent   = "event"   // the fields of AgentEvent hold
	LineOutcome = "outcome" // Kind is an OutcomeKind; Message, Session, Model, Usage or Total hold
)

// LineTurn is the kind of an event that says only that a turn begins: it is
// counted, and not shown.
const LineTurn = "turn"

// LineFailed is the kind of an outcome that the program cannot judge itself:
// Muster does, by Status or else by the words of Message.
const LineFailed = "failed"

// AgentLine is a line of JSON that programs print to tell Muster more than
// text: those that the driver "command" starts, and Muster's own that run
// inside an operation. The last outcome line decides.
type AgentLine struct {
	Muster string `json:"muster"`
	AgentEvent

	Message string `json:"message,omitempty"`
	Usage   *Usage `json:"usage,omitempty"`  // of this attempt
	Total   *Usage `json:"total,omitempty"`  // of the session so far; wins over Usage
	Status  int64  `json:"status,omitempty"` // HTTP status of the model's service, with LineFailed; 0 when it is not known
}

// Bytes gives the line with its line feed.
func (l AgentLine) Bytes() []byte {
	b, err := json.Marshal(l)
	if err != nil {
		panic(err) // it holds only texts and numbers
	}
	return append(b, '\n')
}

package flow

import "encoding/json"

// RecordVersion is the version of Record that this program writes. Readers
// upcast older ones.
const RecordVersion = 1

// Record is an event as the ledger keeps it. Prev and Hash chain the records
// of one stream; the store fills Seq, Prev and Hash.
type Record struct {
	V      int             `json:"v"`
	Stream Stream          `json:"stream"`
	Seq    int64           `json:"seq"` // from 1, without gaps, within the stream
	ID     string          `json:"id"`  // UUIDv7
	AtUS   int64           `json:"at_us"`
	Kind   Kind            `json:"kind"`
	Actor  string          `json:"actor"`           // "engine", or "person:<name>"
	Cause  string          `json:"cause,omitempty"` // id of the event or message it follows from, or the command it answers as <stream>#<op>
	Data   json.RawMessage `json:"data"`
	Blobs  []string        `json:"blobs,omitempty"` // sha256 of the blobs that Data names
	Prev   string          `json:"prev"`            // Hash of the record before it; empty for the first
	Hash   string          `json:"hash"`            // sha256 over the stored bytes of all fields above
}

// Message is what anybody who is not the engine leaves in the inbox.
type Message struct {
	ID    string          `json:"id"` // UUIDv7; a repeated id is the same message
	AtUS  int64           `json:"at_us"`
	Actor string          `json:"actor"`
	To    Stream          `json:"to"`
	Kind  Kind            `json:"kind"` // of the event it becomes
	Data  json.RawMessage `json:"data"`
}

// Machine is a state machine as the store keeps it: enough to go on without
// reading its history.
type Machine struct {
	Stream   Stream
	Snapshot json.RawMessage // what changes; what never changes is the stream's first record
	Done     bool            // it will never step again
}

// Open is a command that was recorded and has not been answered.
type Open struct {
	Stream  Stream          `json:"stream"`
	Op      string          `json:"op"` // unique within the stream
	Kind    CommandKind     `json:"kind"`
	AtUS    int64           `json:"at_us"`  // when it was issued
	DueUS   int64           `json:"due_us"` // not before this moment; 0 means at once
	Command json.RawMessage `json:"command"`
}

// Batch is what one commit of the ledger holds; all of it is written, or
// nothing.
type Batch struct {
	Records  []Record // Seq, Prev and Hash are filled by the store
	Machines []Machine
	Opened   []Open
	Answered []Open   // only Stream and Op matter
	Consumed []string // ids of inbox messages
}

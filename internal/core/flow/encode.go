package flow

import (
	"encoding/json"
	"strings"

	"muster/internal/core/fault"
)

// NewRecord turns an event into what the ledger keeps. Cause is the id of the
// message or event it follows from; an answer's cause is its command instead.
func NewRecord(s Stream, e Event, cause string, blobs []string) (Record, error) {
	data, err := json.Marshal(e.Data)
	if err != nil {
		return Record{}, fault.Wrap(fault.Internal, err, "write %s", e.Data.Kind())
	}
	if e.Op != "" {
		cause = string(s) + "#" + e.Op
	}
	return Record{V: RecordVersion, Stream: s, ID: e.ID, AtUS: e.AtUS, Kind: e.Data.Kind(), Actor: e.Actor, Cause: cause, Data: data, Blobs: blobs}, nil
}

// Event reads the event back.
func (r Record) Event() (Event, error) {
	p, err := DecodePayload(r.Kind, r.Data)
	if err != nil {
		return Event{}, fault.Wrap(fault.Invalid, err, "read event %d of %s", r.Seq, r.Stream)
	}
	e := Event{ID: r.ID, AtUS: r.AtUS, Actor: r.Actor, Data: p}
	if op, ok := strings.CutPrefix(r.Cause, string(r.Stream)+"#"); ok {
		e.Op = op
	}
	return e, nil
}

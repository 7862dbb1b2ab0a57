package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"muster/internal/core/fault"
	"muster/internal/core/flow"
)

// body is a flow.Record without its hash, in the same order: what is stored
// and hashed. A test compares the two, so that a new field is not forgotten.
type body struct {
	V      int             `json:"v"`
	Stream flow.Stream     `json:"stream"`
	Seq    int64           `json:"seq"`
	ID     string          `json:"id"`
	AtUS   int64           `json:"at_us"`
	Kind   flow.Kind       `json:"kind"`
	Actor  string          `json:"actor"`
	Cause  string          `json:"cause,omitempty"`
	Data   json.RawMessage `json:"data"`
	Blobs  []string        `json:"blobs,omitempty"`
	Prev   string          `json:"prev"`
}

// sum is the sha256 of a body.
type sum [sha256.Size]byte

func (h sum) String() string { return hex.EncodeToString(h[:]) }

// encode gives the bytes of a record that are stored, and their hash.
func encode(r flow.Record) ([]byte, sum, error) {
	data, err := marshal(body{
		V: r.V, Stream: r.Stream, Seq: r.Seq, ID: r.ID, AtUS: r.AtUS, Kind: r.Kind,
		Actor: r.Actor, Cause: r.Cause, Data: raw(r.Data), Blobs: r.Blobs, Prev: r.Prev,
	})
	if err != nil {
		return nil, sum{}, fault.Wrap(fault.Invalid, err, "encode record %s of %s", r.ID, r.Stream)
	}
	return data, sha256.Sum256(data), nil
}

// marshal gives v as JSON without spaces, and leaves <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// decode reads a stored record back. There is one version so far; this is the
// place where an older one becomes the current one.
func decode(data, hash []byte) (flow.Record, error) {
	var b body
	if err := json.Unmarshal(data, &b); err != nil {
		return flow.Record{}, err
	}
	if b.V > flow.RecordVersion {
		return flow.Record{}, fault.New(fault.Refused, "record %d of %s has version %d, and this program understands versions up to %d",
			b.Seq, b.Stream, b.V, flow.RecordVersion).WithHint("use a newer muster")
	}
	return flow.Record{
		V: b.V, Stream: b.Stream, Seq: b.Seq, ID: b.ID, AtUS: b.AtUS, Kind: b.Kind,
		Actor: b.Actor, Cause: b.Cause, Data: b.Data, Blobs: b.Blobs, Prev: b.Prev,
		Hash: hex.EncodeToString(hash),
	}, nil
}

// checkRecord refuses what the ledger could not give back as it was.
func checkRecord(r flow.Record) error {
	if err := checkStream(r.Stream); err != nil {
		return err
	}
	if r.V > flow.RecordVersion || r.V < 0 {
		return fault.New(fault.Invalid, "record %s of %s has the unknown version %d", r.ID, r.Stream, r.V)
	}
	if r.ID == "" || r.Kind == "" || r.Actor == "" {
		return fault.New(fault.Invalid, "a record of %s lacks its id, kind or actor", r.Stream)
	}
	for _, text := range []string{r.ID, string(r.Kind), r.Actor, r.Cause} {
		if !utf8.ValidString(text) {
			return fault.New(fault.Invalid, "record %s of %s holds text that is not UTF-8", r.ID, r.Stream)
		}
	}
	return checkJSON(r.Data, "the data of record "+r.ID)
}

// runOf gives the run whose records a stream holds, or "": other streams, as
// those of trust, may have a name with the same parts.
func runOf(s flow.Stream) string {
	switch kind, _, _ := strings.Cut(string(s), "/"); kind {
	case "run", "task", "queue":
		return s.Run()
	}
	return ""
}

// checkJSON accepts nothing as JSON, besides valid JSON.
func checkJSON(data json.RawMessage, what string) error {
	if len(data) > 0 && (!json.Valid(data) || !utf8.Valid(data)) {
		return fault.New(fault.Invalid, "%s is not valid JSON", what)
	}
	return nil
}

func checkStream(s flow.Stream) error {
	name := string(s)
	switch {
	case s == flow.LedgerStream:
		return fault.New(fault.Invalid, "only the store writes to stream %q", s)
	case name == "" || len(name) > 512 || !utf8.ValidString(name):
		return fault.New(fault.Invalid, "%.40q is not the name of a stream", name)
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fault.New(fault.Invalid, "the name of stream %.40q holds a control character", name)
	}
	return nil
}

package store

import (
	"crypto/sha256"
	"sort"

	"muster/internal/core/flow"
	"muster/internal/core/provenance"

	"github.com/google/uuid"
)

// KindHeadsSealed is the kind of the records in flow.LedgerStream. Each names
// the last record of every stream that its commit wrote to.
const KindHeadsSealed flow.Kind = "heads_sealed"

// Head names the last record of a stream.
type Head struct {
	Stream flow.Stream `json:"stream"`
	Seq    int64       `json:"seq"`
	Hash   string      `json:"hash"`
}

// seal is the data of a record of kind KindHeadsSealed.
type seal struct {
	Heads  []Head                 `json:"heads"`            // ordered by stream
	Signer provenance.Fingerprint `json:"signer,omitempty"` // whose signature stands beside the record; empty when there is none
}

// sealRecord makes the record that seals heads. It follows from what it seals
// alone, its id included: chance and the clock come in events, not from here.
func sealRecord(heads []Head, last flow.Record, signer provenance.Fingerprint) (flow.Record, error) {
	sort.Slice(heads, func(i, j int) bool { return heads[i].Stream < heads[j].Stream })
	data, err := marshal(seal{Heads: heads, Signer: signer})
	if err != nil {
		return flow.Record{}, err
	}
	return flow.Record{
		V: flow.RecordVersion, Stream: flow.LedgerStream, ID: sealID(last.AtUS, data), AtUS: last.AtUS,
		Kind: KindHeadsSealed, Actor: "engine", Cause: last.ID, Data: data,
	}, nil
}

// sealID gives a UUIDv7 with the time atUS and, in place of chance, the sha256
// of data, which is never the same twice.
func sealID(atUS int64, data []byte) string {
	var id uuid.UUID
	digest := sha256.Sum256(data)
	copy(id[6:], digest[:])
	for i, ms := 5, atUS/1000; i >= 0; i, ms = i-1, ms>>8 {
		id[i] = byte(ms)
	}
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

package attest

import (
	"context"
	"encoding/json"
	"iter"

	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/provenance"
	"muster/internal/store"
)

// inOrder gives the records of some streams in the order of the ledger. A
// record whose bytes do not give its hash is an error.
func inOrder(ctx context.Context, st *store.Store, streams []flow.Stream) iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) {
		type source struct {
			next func() (store.Row, error, bool)
			row  store.Row
		}
		var sources []*source
		advance := func(s *source) bool {
			row, err, ok := s.next()
			if err != nil {
				yield(row, err)
				return false
			}
			if s.row = row; !ok {
				s.row.Row = 0
			}
			return true
		}
		for _, name := range streams {
			next, stop := iter.Pull2(st.Records(ctx, store.Query{Stream: name, Hashed: true}))
			defer stop()
			s := &source{next: next}
			if sources = append(sources, s); !advance(s) {
				return
			}
		}
		for {
			var first *source
			for _, s := range sources {
				if s.row.Row > 0 && (first == nil || s.row.Row < first.row.Row) {
					first = s
				}
			}
			if first == nil || !yield(first.row, nil) || !advance(first) {
				return
			}
		}
	}
}

// sealAfter gives the seal that covers a row: the first after it.
func sealAfter(ctx context.Context, st *store.Store, row int64) (provenance.Seal, error) {
	for r, err := range st.Records(ctx, store.Query{Stream: flow.LedgerStream, AfterRow: row, Limit: 1, Hashed: true}) {
		if err != nil {
			return provenance.Seal{}, err
		}
		var data struct {
			Signer provenance.Fingerprint `json:"signer"`
		}
		if err := json.Unmarshal(r.Data, &data); err != nil {
			return provenance.Seal{}, fault.Wrap(fault.Internal, err, "read seal %d", r.Seq)
		}
		return provenance.Seal{Seq: r.Seq, Hash: r.Hash, Signer: data.Signer, Signature: r.Signature}, nil
	}
	return provenance.Seal{}, fault.New(fault.Internal, "the ledger has no seal after row %d", row).WithHint("muster ledger verify says what else is wrong")
}

package app

import (
	"context"

	"muster/internal/app/attest"
	"muster/internal/store"
)

// Verify hashes the whole ledger again, and looks at its signatures. Keys are
// those that the person trusts, as files or fingerprints; without any, those
// that have signed on this machine.
func (s *Session) Verify(ctx context.Context, keys ...string) (store.Report, error) {
	a, err := attest.Anchor(s.host, s.state, keys)
	if err != nil {
		return store.Report{}, err
	}
	return s.store.Verify(ctx, a)
}

// Export gives every record, with its row, in the order in which they were
// written; only those of one run when it is named.
func (s *Session) Export(ctx context.Context, run string, see func(row any) error) error {
	q := store.Query{}
	if run != "" {
		info, err := s.FindRun(ctx, run)
		if err != nil {
			return err
		}
		q.Run = info.ID
	}
	for row, err := range s.store.Records(ctx, q) {
		if err == nil {
			err = see(row)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

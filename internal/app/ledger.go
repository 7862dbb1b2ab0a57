package app

import (
	"context"

	"muster/internal/store"
)

// Verify hashes the whole ledger again.
func (s *Session) Verify(ctx context.Context) (store.Report, error) { return s.store.Verify(ctx) }

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

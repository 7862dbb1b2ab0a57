package store

import (
	"context"
	"time"
)

// Version stands for a state of the database. Two of one Store differ when
// anybody, in this process or another, has committed in between; their order
// means nothing. The zero value stands for no state.
type Version int64

// Changed gives the current version. It costs microseconds and reads no table.
// Whoever follows the ledger takes the version, reads, and then waits for
// another, so that nothing falls in between.
func (s *Store) Changed(ctx context.Context) (Version, error) {
	s.watchMu.Lock()
	defer s.watchMu.Unlock()
	if s.watch == nil {
		conn, err := s.read.db.Conn(ctx)
		if err != nil {
			return 0, failed(err, "watch the ledger for changes")
		}
		s.watch = conn
	}
	var v int64
	// A connection that was interrupted is dropped by its pool, and a new one
	// counts anew: one look of microseconds is better not cut short.
	err := s.watch.QueryRowContext(context.WithoutCancel(ctx), `pragma data_version`).Scan(&v)
	return Version(v) + 1, failed(err, "watch the ledger for changes")
}

// After looksInVain looks, the next ones are so many times rarer.
const (
	looksInVain = 50
	rarely      = 4
)

// WaitChange waits until the version is another than since, looking every so
// often, more rarely once it has waited long, and gives the new one. It ends
// with an error when ctx does.
func (s *Store) WaitChange(ctx context.Context, since Version, every time.Duration) (Version, error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for looks := 0; ; looks++ {
		if looks == looksInVain {
			tick.Reset(rarely * every)
		}
		v, err := s.Changed(ctx)
		if err != nil || v != since {
			return v, err
		}
		select {
		case <-ctx.Done():
			return v, failed(ctx.Err(), "wait for a change of the ledger")
		case <-tick.C:
		}
	}
}

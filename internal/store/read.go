package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"

	"muster/internal/core/flow"
)

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// raw gives nil for nothing: JSON has no empty text, and writes nil as null.
func raw(b []byte) json.RawMessage {
	if len(b) == 0 {
		return nil
	}
	return b
}

// Machine gives the machine of a stream and the stream's first record; false
// when none was saved. A machine that is done has no snapshot.
func (s *Store) Machine(ctx context.Context, stream flow.Stream) (flow.Machine, flow.Record, bool, error) {
	m := flow.Machine{Stream: stream}
	var snapshot, hash, data []byte
	ok, err := s.read.get(ctx, `select s.done, s.snapshot, r.hash, r.body from streams s
		join records r on r.stream = s.id and r.seq = 1 where s.name = ? and s.done is not null`,
		[]any{string(stream)}, &m.Done, &snapshot, &hash, &data)
	if err != nil || !ok {
		return flow.Machine{}, flow.Record{}, false, failed(err, "read the machine of %s", stream)
	}
	m.Snapshot = raw(snapshot)
	first, err := decode(data, hash)
	if err != nil {
		return flow.Machine{}, flow.Record{}, false, failed(err, "read the first record of %s", stream)
	}
	return m, first, true, nil
}

// OpenCommands gives the commands that were issued and not answered, in the
// order in which they were issued.
func (s *Store) OpenCommands(ctx context.Context) ([]flow.Open, error) {
	var out []flow.Open
	err := s.read.each(ctx, `select s.name, c.op, c.kind, c.at_us, c.due_us, c.command
		from commands c join streams s on s.id = c.stream order by c.row`, nil,
		func(rows *sql.Rows) error {
			var o flow.Open
			var command []byte
			err := rows.Scan(&o.Stream, &o.Op, &o.Kind, &o.AtUS, &o.DueUS, &command)
			o.Command = raw(command)
			out = append(out, o)
			return err
		})
	return out, failed(err, "read the open commands")
}

// Active gives the streams of the runs whose machine is not done, by name.
func (s *Store) Active(ctx context.Context) ([]flow.Stream, error) {
	var out []flow.Stream
	// '0' is the character after '/'.
	err := s.read.each(ctx, `select name from streams indexed by streams_alive
		where done = 0 and name > 'run/' and name < 'run0' order by name`, nil,
		func(rows *sql.Rows) error {
			var name flow.Stream
			err := rows.Scan(&name)
			out = append(out, name)
			return err
		})
	return out, failed(err, "read the runs that are not done")
}

// Run is one entry of the list of runs.
type Run struct {
	ID    string
	Done  bool
	First Row // the record it began with
}

// RunQuery says which runs to list. Its zero value means all.
type RunQuery struct {
	Alive bool // only those that are not done
	Limit int  // at most so many; 0 means all
}

// Runs gives the runs that q asks for and that have a stream, newest first.
// The first record of a large run is large, so ask for no more than is needed.
func (s *Store) Runs(ctx context.Context, q RunQuery) ([]Run, error) {
	limit := q.Limit
	if limit == 0 {
		limit = -1 // how SQLite says no limit
	}
	var out []Run
	// Which runs they are is found out first, by small entries of an index.
	err := s.read.each(ctx, `select f.name, f.done, r.row, r.hash, r.body from (
			select n.name, coalesce(s.done, 0) as done, b.row as row
			from runs n join streams s on s.name = 'run/' || n.name
			join records b on b.stream = s.id and b.seq = 1
			where not (?1 and coalesce(s.done, 0)) order by b.row desc limit ?2
		) f join records r on r.row = f.row order by f.row desc`, []any{q.Alive, limit},
		func(rows *sql.Rows) error {
			var run Run
			var hash, data []byte
			if err := rows.Scan(&run.ID, &run.Done, &run.First.Row, &hash, &data); err != nil {
				return err
			}
			var err error
			run.First.Record, err = decode(data, hash)
			out = append(out, run)
			return err
		})
	return out, failed(err, "list the runs")
}

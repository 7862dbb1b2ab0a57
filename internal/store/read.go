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

// Runs gives every run that has a stream, newest first.
func (s *Store) Runs(ctx context.Context) ([]Run, error) {
	var out []Run
	err := s.read.each(ctx, `select n.name, coalesce(s.done, 0), r.row, r.hash, r.body
		from runs n join streams s on s.name = 'run/' || n.name
		join records r on r.stream = s.id and r.seq = 1 order by r.row desc`, nil,
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

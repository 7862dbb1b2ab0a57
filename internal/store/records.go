package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"iter"
	"strings"

	"muster/internal/core/fault"
	"muster/internal/core/flow"
)

// Query says which records to read. Its zero value means all.
type Query struct {
	Run      string      // of this run: its own stream, its tasks and its queue
	Stream   flow.Stream // of this stream
	AfterRow int64       // later than this row; a follower gives the last row it saw
	Limit    int         // at most so many; 0 means all
	Hashed   bool        // a record whose bytes do not give its hash is an error
}

// Row is a record and its place in the order of all records.
type Row struct {
	flow.Record
	Row       int64  `json:"row"`                 // from 1, growing
	Signature []byte `json:"signature,omitempty"` // of a seal that names a signer
}

// page is how many records are read at once. Nothing is held in the database
// while the caller works on them, so that a slow reader blocks nobody.
const page = 256

// Records gives the records that q asks for in the order in which they were
// written, up to those there are when the end is reached. It stops at the
// first error.
func (s *Store) Records(ctx context.Context, q Query) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		left := q.Limit
		c := cursor{row: q.AfterRow}
		for {
			want := page
			if q.Limit > 0 {
				want = min(want, left)
			}
			rows, err := s.readPage(ctx, q, c, want)
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
			if err != nil {
				yield(Row{}, failed(err, "read the records after row %d", c.row))
				return
			}
			left -= len(rows)
			if len(rows) < want || q.Limit > 0 && left == 0 {
				return
			}
			last := rows[len(rows)-1]
			c = cursor{row: last.Row, seq: last.Seq}
		}
	}
}

// cursor is where a page ended.
type cursor struct{ row, seq int64 }

func (s *Store) readPage(ctx context.Context, q Query, c cursor, want int) ([]Row, error) {
	text, args := q.sql(c)
	rows := make([]Row, 0, want)
	err := s.read.each(ctx, text, append(args, want), func(r *sql.Rows) error {
		var row Row
		var hash, data []byte
		if err := r.Scan(&row.Row, &hash, &data, &row.Signature); err != nil {
			return err
		}
		if digest := sum(sha256.Sum256(data)); q.Hashed && string(digest[:]) != string(hash) {
			return fault.New(fault.Internal, "the record in row %d was altered: its bytes do not give its hash", row.Row).WithHint(hintDamaged)
		}
		var err error
		if row.Record, err = decode(data, hash); err != nil {
			return failed(err, "read the record in row %d", row.Row)
		}
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

// sql gives one of four texts, and all arguments but the limit.
func (q Query) sql(c cursor) (string, []any) {
	var where []string
	var args []any
	order := "row"
	if q.Stream != "" {
		// Within a stream, row and seq grow together; the index is by seq.
		where = append(where, "stream = (select id from streams where name = ?)", "seq > ?")
		args = append(args, string(q.Stream), c.seq)
		order = "seq"
	}
	if q.Run != "" {
		where = append(where, "run = (select id from runs where name = ?)")
		args = append(args, q.Run)
	}
	where = append(where, "row > ?")
	args = append(args, c.row)
	return "select row, hash, body, signature from records where " + strings.Join(where, " and ") +
		" order by " + order + " limit ?", args
}

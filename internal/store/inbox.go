package store

import (
	"context"
	"database/sql"
	"encoding/json"

	"muster/internal/core/fault"
	"muster/internal/core/flow"
)

// Send leaves a message in the inbox; it is durable when Send returns. Anybody
// may send; no lock is needed. A message whose id was sent before, consumed
// meanwhile or not, is the same message and changes nothing.
func (s *Store) Send(ctx context.Context, m flow.Message) error {
	if m.ID == "" || m.Kind == "" || m.Actor == "" || m.To == "" {
		return fault.New(fault.Invalid, "send message %q: its id, kind, actor or addressee is missing", m.ID)
	}
	if err := checkJSON(m.Data, "the data of message "+m.ID); err != nil {
		return err
	}
	m.Data = raw(m.Data)
	data, err := marshal(m)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "send message %s", m.ID)
	}
	err = s.write.transact(ctx, func(t *txn) error {
		_, err := t.exec(`insert into inbox (id, body) values (?, ?) on conflict (id) do nothing`, m.ID, data)
		return err
	})
	return failed(err, "send message %s", m.ID)
}

// Inbox gives the first max messages that wait, in the order of arrival.
func (s *Store) Inbox(ctx context.Context, max int) ([]flow.Message, error) {
	var out []flow.Message
	err := s.read.each(ctx, `select id, body from inbox indexed by inbox_waiting
		where body is not null order by row limit ?`, []any{max},
		func(rows *sql.Rows) error {
			var id string
			var data []byte
			if err := rows.Scan(&id, &data); err != nil {
				return err
			}
			var m flow.Message
			if err := json.Unmarshal(data, &m); err != nil {
				return fault.Wrap(fault.Internal, err, "decode message %s", id)
			}
			out = append(out, m)
			return nil
		})
	return out, failed(err, "read the inbox")
}

// Pending tells whether the message with this id waits in the inbox; it is
// false for one that was consumed and for one that was never sent.
func (s *Store) Pending(ctx context.Context, id string) (bool, error) {
	ok, err := s.read.get(ctx, `select 1 from inbox where id = ? and body is not null`, []any{id}, new(int))
	return ok, failed(err, "look for message %s in the inbox", id)
}

package store

import (
	"context"
	"slices"

	"muster/internal/core/fault"
	"muster/internal/core/flow"
)

// Commit writes b in one durable transaction, followed by the seal of the
// streams it wrote to, and gives b's records as they were written. On an error
// nothing of b was written and the store goes on to work.
//
// A command may be opened and answered by the same batch. Answering a command
// that is not open, opening one that is, consuming a message that is not
// waiting, or waking a machine that is done is a Conflict.
func (s *Store) Commit(ctx context.Context, lock *Lock, b flow.Batch) ([]flow.Record, error) {
	done, err := lock.rely(s)
	if err != nil {
		return nil, failed(err, "commit to the ledger")
	}
	defer done()
	if err := s.checkBatch(b); err != nil {
		return nil, failed(err, "commit to the ledger")
	}
	var written []flow.Record
	signer, err := s.signing.signer()
	if err != nil {
		return nil, failed(err, "commit %d records to the ledger", len(b.Records))
	}
	c := commit{heads: map[flow.Stream]*head{}, signer: signer}
	err = s.write.transact(ctx, func(t *txn) error {
		c.txn = t
		written, err = c.writeRecords(b.Records)
		if err != nil {
			return err
		}
		return c.writeRest(b)
	})
	if err != nil {
		return nil, failed(err, "commit %d records to the ledger", len(b.Records))
	}
	if c.signer != nil && len(written) > 0 {
		s.signing.signed(c.sealed)
	}
	return written, nil
}

// checkBatch finds what is wrong with b before anything is written.
func (s *Store) checkBatch(b flow.Batch) error {
	for _, r := range b.Records {
		if err := checkRecord(r); err != nil {
			return err
		}
		for _, sha := range r.Blobs {
			if err := s.requireBlob(sha, r); err != nil {
				return err
			}
		}
	}
	for _, m := range b.Machines {
		if err := checkJSON(m.Snapshot, "the snapshot of "+string(m.Stream)); err != nil {
			return err
		}
	}
	for _, o := range b.Opened {
		if o.Op == "" {
			return fault.New(fault.Invalid, "a command of %s has no op", o.Stream)
		}
		if err := checkJSON(o.Command, "command "+o.Op+" of "+string(o.Stream)); err != nil {
			return err
		}
	}
	return nil
}

// commit is the work of one Commit.
type commit struct {
	*txn
	heads  map[flow.Stream]*head
	signer *signer // nil: the seal is not signed
	sealed Head    // the seal that was written
}

// head is a stream as the commit leaves it.
type head struct {
	id   int64
	run  any // int64, or nil
	seq  int64
	hash []byte
}

func (c *commit) writeRecords(records []flow.Record) ([]flow.Record, error) {
	if len(records) == 0 {
		return nil, nil
	}
	written := make([]flow.Record, 0, len(records))
	for _, r := range records {
		w, err := c.appendRecord(r)
		if err != nil {
			return nil, err
		}
		written = append(written, w)
	}
	heads := make([]Head, 0, len(c.heads))
	for name, h := range c.heads {
		heads = append(heads, Head{Stream: name, Seq: h.seq, Hash: hexOf(h.hash)})
	}
	sealing, err := sealRecord(heads, written[len(written)-1], c.signer.fingerprint()) // orders heads
	if err != nil {
		return nil, err
	}
	sealed, err := c.appendRecord(sealing)
	if err != nil {
		return nil, err
	}
	c.sealed = Head{Stream: sealed.Stream, Seq: sealed.Seq, Hash: sealed.Hash}
	return written, c.writeHeads()
}

// appendRecord chains r to its stream and inserts it.
func (c *commit) appendRecord(r flow.Record) (flow.Record, error) {
	h, err := c.head(r.Stream)
	if err != nil {
		return r, err
	}
	if r.V == 0 {
		r.V = flow.RecordVersion
	}
	r.Seq, r.Prev = h.seq+1, hexOf(h.hash)
	data, hash, err := encode(r)
	if err != nil {
		return r, err
	}
	h.seq, h.hash = r.Seq, hash[:]
	var signature any
	if r.Stream == flow.LedgerStream && c.signer != nil {
		if signature, err = c.signer.sign(c.txn, hash); err != nil {
			return r, err
		}
	}
	_, err = c.exec(`insert into records (stream, seq, run, hash, body, signature) values (?, ?, ?, ?, ?, ?)`,
		h.id, h.seq, h.run, h.hash, data, signature)
	if err != nil {
		return r, err
	}
	return decode(data, h.hash)
}

// head finds a stream, or makes it.
func (c *commit) head(name flow.Stream) (*head, error) {
	if h := c.heads[name]; h != nil {
		return h, nil
	}
	h := &head{}
	ok, err := c.get(`select id, run, seq, hash from streams where name = ?`,
		[]any{string(name)}, &h.id, &h.run, &h.seq, &h.hash)
	if err != nil {
		return nil, err
	}
	if !ok {
		if err := c.createStream(name, h); err != nil {
			return nil, err
		}
	}
	c.heads[name] = h
	return h, nil
}

func (c *commit) createStream(name flow.Stream, h *head) (err error) {
	if run := runOf(name); run != "" {
		var id int64
		ok, err := c.get(`select id from runs where name = ?`, []any{run}, &id)
		if err != nil {
			return err
		}
		if !ok {
			if id, err = c.insert(`insert into runs (name) values (?)`, run); err != nil {
				return err
			}
		}
		h.run = id
	}
	h.id, err = c.insert(`insert into streams (name, run, seq, hash) values (?, ?, 0, x'')`, string(name), h.run)
	return err
}

func (c *commit) writeHeads() error {
	names := make([]flow.Stream, 0, len(c.heads))
	for name := range c.heads {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		h := c.heads[name]
		if _, err := c.exec(`update streams set seq = ?, hash = ? where id = ?`, h.seq, h.hash, h.id); err != nil {
			return err
		}
	}
	return nil
}

// writeRest writes what is not a record.
func (c *commit) writeRest(b flow.Batch) error {
	for _, m := range b.Machines {
		if err := c.saveMachine(m); err != nil {
			return err
		}
	}
	for _, o := range b.Opened {
		if err := c.openCommand(o); err != nil {
			return err
		}
	}
	for _, o := range b.Answered {
		n, err := c.exec(`delete from commands where stream = (select id from streams where name = ?) and op = ?`,
			string(o.Stream), o.Op)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "command %s of %s is not open, so it cannot be answered", o.Op, o.Stream)
		}
	}
	for _, id := range b.Consumed {
		n, err := c.exec(`update inbox set body = null where id = ? and body is not null`, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "message %s is not waiting in the inbox, so it cannot be consumed", id)
		}
	}
	return nil
}

// saveMachine keeps no snapshot of a machine that is done: it is never loaded
// again, and its history is in the records.
func (c *commit) saveMachine(m flow.Machine) error {
	snapshot := []byte(m.Snapshot)
	if m.Done {
		snapshot = nil
	}
	n, err := c.exec(`update streams set done = ?1, snapshot = ?2 where name = ?3 and (?1 or done is not 1)`,
		m.Done, snapshot, string(m.Stream))
	if err != nil || n > 0 {
		return err
	}
	var done any
	ok, err := c.get(`select done from streams where name = ?`, []any{string(m.Stream)}, &done)
	if err != nil {
		return err
	}
	if ok {
		return fault.New(fault.Conflict, "the machine of %s is done and cannot live again", m.Stream)
	}
	return fault.New(fault.Invalid, "the machine of %s has no record to begin with", m.Stream)
}

func (c *commit) openCommand(o flow.Open) error {
	var id int64
	ok, err := c.get(`select id from streams where name = ?`, []any{string(o.Stream)}, &id)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Invalid, "command %s belongs to stream %s, which has no record", o.Op, o.Stream)
	}
	n, err := c.exec(`insert into commands (stream, op, kind, at_us, due_us, command) values (?, ?, ?, ?, ?, ?)
		on conflict (stream, op) do nothing`, id, o.Op, string(o.Kind), o.AtUS, o.DueUS, []byte(o.Command))
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "command %s of %s is open already", o.Op, o.Stream)
	}
	return nil
}

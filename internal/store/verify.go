package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"sort"

	"muster/internal/core/flow"
	"muster/internal/core/provenance"
)

// Report is what Verify found.
type Report struct {
	Streams  int64             `json:"streams"` // with the stream of the seals
	Records  int64             `json:"records"` // with the seals
	Seals    int64             `json:"seals"`
	Blobs    int64             `json:"blobs"`    // files that were read
	Head     Head              `json:"head"`     // the last seal; whoever notes it elsewhere can tell later whether newer commits were removed
	Signed   provenance.Signed `json:"signed"`   // which seals are signed, by whom
	Problems []Problem         `json:"problems"` // empty when all is well
}

// OK tells whether the ledger is whole.
func (r Report) OK() bool { return len(r.Problems) == 0 }

// Problem is one thing that is wrong. One fault may show as several problems:
// a record that was removed is missed by its chain and by its seal.
type Problem struct {
	Stream flow.Stream `json:"stream,omitempty"` // empty when it belongs to none
	Seq    int64       `json:"seq,omitempty"`
	Row    int64       `json:"row,omitempty"`
	Blob   string      `json:"blob,omitempty"`
	What   string      `json:"what"`
}

// Verify reads and hashes everything in the ledger as of one moment, while
// others go on to write. It finds records that were altered, removed, added or
// put in another order within their stream, seals that were, blobs that are
// missing or altered, and damage to the file. Of a signed ledger it also finds
// what was rewritten with hashes that fit, and what is signed by none of the
// anchor's keys. An error means that it could not look; what it found is in the
// report. Snapshots, open commands and the inbox are not covered by hashes.
//
// It needs little memory however long the ledger is.
func (s *Store) Verify(ctx context.Context, a Anchor) (Report, error) {
	conn, err := s.read.db.Conn(ctx)
	if err != nil {
		return Report{}, failed(err, "verify the ledger in %s", s.dir)
	}
	defer conn.Close()
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return Report{}, failed(err, "verify the ledger in %s", s.dir)
	}
	defer func() { _ = tx.Rollback() }()
	v := &verifier{ctx: ctx, tx: tx, report: Report{Head: Head{Stream: flow.LedgerStream}, Problems: []Problem{}}}
	v.signatures.anchor = a
	for _, step := range []func() error{
		v.integrity,
		func() error { return v.readBlobs(s.path(blobFolder)) },
		v.chains,
		v.heads,
		v.keys,
		v.seals,
	} {
		err := step()
		if isDamage(err) {
			// What can still be read is worth reading.
			v.found(Problem{What: "the database is damaged: " + err.Error()})
			continue
		}
		if err != nil {
			return v.report, failed(err, "verify the ledger in %s", s.dir)
		}
	}
	v.endOfSignatures()
	v.unreferencedBlobs()
	return v.report, nil
}

type verifier struct {
	ctx        context.Context
	tx         *sql.Tx
	report     Report
	blobs      blobFacts
	signatures signatureFacts
}

func (v *verifier) found(p Problem) { v.report.Problems = append(v.report.Problems, p) }

func (v *verifier) each(text string, scan func(*sql.Rows) error) error {
	rows, err := v.tx.QueryContext(v.ctx, text)
	if err != nil {
		return err
	}
	return drain(rows, scan)
}

// integrity asks SQLite about its own structures.
func (v *verifier) integrity() error {
	return v.each(`pragma integrity_check`, func(rows *sql.Rows) error {
		var what string
		err := rows.Scan(&what)
		if err == nil && what != "ok" {
			v.found(Problem{What: "the database is damaged: " + what})
		}
		return err
	})
}

// link is the end of a chain as far as it was read.
type link struct {
	id   int64 // of the stream
	name flow.Stream
	seq  int64
	hash sum
}

// chains hashes every record, stream by stream.
func (v *verifier) chains() error {
	var at link
	// Without a stream row, a record still says whose it is.
	return v.each(`select r.row, r.stream, coalesce(s.name, ''), r.seq, r.hash, r.body
		from records r left join streams s on s.id = r.stream order by r.stream, r.seq`,
		func(rows *sql.Rows) error {
			var row, stream, seq int64
			var name flow.Stream
			var hash, data sql.RawBytes
			if err := rows.Scan(&row, &stream, &name, &seq, &hash, &data); err != nil {
				return err
			}
			if stream != at.id {
				at = link{id: stream, name: name}
				v.report.Streams++
			}
			v.report.Records++
			v.record(&at, stored{row: row, seq: seq, hash: hash, data: data})
			return nil
		})
}

// stored is a record as the table holds it.
type stored struct {
	row, seq   int64
	hash, data []byte
}

// record compares one record with the end of its chain, and makes it the end.
// It reports the first thing that is wrong: the others follow from it.
func (v *verifier) record(at *link, r stored) {
	var b struct {
		Stream flow.Stream `json:"stream"`
		Seq    int64       `json:"seq"`
		Prev   string      `json:"prev"`
		Blobs  []string    `json:"blobs"`
	}
	unreadable := json.Unmarshal(r.data, &b)
	if at.name == "" {
		at.name = b.Stream
		v.found(Problem{Stream: b.Stream, Seq: r.seq, Row: r.row, What: "the stream of this record was removed"})
	}
	here := Problem{Stream: at.name, Seq: r.seq, Row: r.row}
	prev := ""
	if at.seq > 0 {
		prev = at.hash.String()
	}
	digest := sum(sha256.Sum256(r.data))
	switch {
	case string(digest[:]) != string(r.hash):
		here.What = "the record was altered: its bytes do not give its hash"
	case unreadable != nil:
		here.What = "the record cannot be decoded: " + unreadable.Error()
	case b.Stream != at.name || b.Seq != r.seq:
		here.What = fmt.Sprintf("the record was moved: it is record %d of %s", b.Seq, b.Stream)
	case r.seq != at.seq+1:
		here.Seq = at.seq + 1
		here.What = fmt.Sprintf("records %d to %d are missing", at.seq+1, r.seq-1)
	case b.Prev != prev:
		here.What = "the chain is broken: the hash of the record before is another"
	}
	if here.What != "" {
		v.found(here)
	}
	at.seq = r.seq
	at.hash = sum{}
	copy(at.hash[:], r.hash)
	for _, sha := range b.Blobs {
		if what := v.blobs.look(sha); what != "" {
			v.found(Problem{Stream: at.name, Seq: r.seq, Row: r.row, Blob: sha, What: what})
		}
	}
}

// heads compares the last record of every stream with what the stream says.
func (v *verifier) heads() error {
	return v.each(`select s.name, s.seq, s.hash, coalesce(r.seq, 0), coalesce(r.hash, x'')
		from streams s left join records r on r.stream = s.id
			and r.seq = (select max(seq) from records where stream = s.id)
		where r.seq is not s.seq or r.hash is not s.hash order by s.id`,
		func(rows *sql.Rows) error {
			var name flow.Stream
			var said, is int64
			var saidHash, isHash []byte
			if err := rows.Scan(&name, &said, &saidHash, &is, &isHash); err != nil {
				return err
			}
			p := Problem{Stream: name, Seq: is + 1, What: fmt.Sprintf("records %d to %d, the last ones, are missing", is+1, said)}
			if said <= is {
				p.Seq, p.What = said, fmt.Sprintf("the stream says that it ends with record %d, hash %s, and it ends with record %d, hash %s",
					said, hexOf(saidHash), is, hexOf(isHash))
			}
			v.found(p)
			return nil
		})
}

// seals compares every group of rows that ends in a seal with the seal.
func (v *verifier) seals() error {
	group := map[flow.Stream]Head{}
	err := v.each(`select r.row, coalesce(s.name, '#' || r.stream), r.seq, r.hash,
			case when s.name = 'ledger' then r.body end, r.signature
		from records r left join streams s on s.id = r.stream order by r.row`,
		func(rows *sql.Rows) error {
			var row int64
			var head Head
			var hash, data, signature sql.RawBytes
			if err := rows.Scan(&row, &head.Stream, &head.Seq, &hash, &data, &signature); err != nil {
				return err
			}
			head.Hash = hexOf(hash)
			if head.Stream != flow.LedgerStream {
				if len(signature) > 0 {
					v.found(Problem{Stream: head.Stream, Seq: head.Seq, Row: row, What: "a signature was added to a record that is no seal"})
				}
				if before := group[head.Stream]; before.Seq > head.Seq {
					v.found(Problem{Stream: head.Stream, Seq: head.Seq, Row: row, What: "the record was put after a later one of its stream"})
				}
				group[head.Stream] = head
				return nil
			}
			v.report.Seals++
			v.report.Head = head
			r, ok := v.decodeSeal(row, head, data)
			if ok {
				v.seal(head, r, group)
			}
			v.signature(head, r.Signer, signature)
			clear(group)
			return nil
		})
	if err != nil {
		return err
	}
	for _, h := range sortedHeads(group) {
		v.found(Problem{Stream: h.Stream, Seq: h.Seq, What: "no seal names this record, the last of its stream: the seal was removed, or the record was added"})
	}
	return nil
}

func (v *verifier) decodeSeal(row int64, at Head, data []byte) (seal, bool) {
	var r struct {
		Data seal `json:"data"`
	}
	if err := json.Unmarshal(data, &r); err != nil {
		v.found(Problem{Stream: at.Stream, Seq: at.Seq, Row: row, What: "the seal cannot be decoded: " + err.Error()})
		return seal{}, false
	}
	return r.Data, true
}

// seal compares one seal with the rows before it.
func (v *verifier) seal(at Head, r seal, group map[flow.Stream]Head) {
	for _, want := range r.Heads {
		is, ok := group[want.Stream]
		delete(group, want.Stream)
		p := Problem{Stream: want.Stream, Seq: want.Seq, What: ""}
		switch {
		case !ok:
			p.What = fmt.Sprintf("the record is missing before its seal, record %d of %s", at.Seq, at.Stream)
		case is.Seq != want.Seq:
			p.What = fmt.Sprintf("seal %d names this record as the last, and record %d is", at.Seq, is.Seq)
		case is.Hash != want.Hash:
			p.What = fmt.Sprintf("the record has another hash than seal %d gives it", at.Seq)
		default:
			continue
		}
		v.found(p)
	}
	for _, h := range sortedHeads(group) {
		v.found(Problem{Stream: h.Stream, Seq: h.Seq, What: fmt.Sprintf("seal %d does not name this record: a seal before was removed, or the record was added", at.Seq)})
	}
}

func sortedHeads(group map[flow.Stream]Head) []Head {
	heads := make([]Head, 0, len(group))
	for _, h := range group {
		heads = append(heads, h)
	}
	sort.Slice(heads, func(i, j int) bool { return heads[i].Stream < heads[j].Stream })
	return heads
}

package store

import (
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/provenance"
)

// testSigner is a key made of one byte, so that tests give the same each time.
type testSigner struct {
	private ed25519.PrivateKey
	began   *[]Head
	fail    *bool // the next note cannot be made
}

func newTestSigner(seed byte) testSigner {
	return testSigner{ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(seed)), 32))), &[]Head{}, new(bool)}
}

func (s testSigner) Key() provenance.Key {
	k, _ := provenance.NewKey(s.private.Public().(ed25519.PublicKey))
	return k
}

func (s testSigner) Sign(message []byte) []byte { return ed25519.Sign(s.private, message) }

func (s testSigner) Began(at Head) error {
	if *s.fail {
		*s.fail = false
		return errors.New("the folder is gone")
	}
	*s.began = append(*s.began, at)
	return nil
}

func (s testSigner) trust() provenance.Trust {
	return provenance.Trust{}.Add(s.Key().Fingerprint(), provenance.Key{})
}

func (s testSigner) option() Option {
	return SignedBy(func() (Signer, error) { return s, nil })
}

func openSigned(t testing.TB, dir string, by testSigner) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, by.option())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// signedSample is sample with signed seals: rows 3, 6, 9 and 12.
func signedSample(t testing.TB, dir string, by testSigner) *Store {
	t.Helper()
	s := openSigned(t, dir, by)
	l := lock(t, s)
	for i := range 4 {
		commitTo(t, s, l, flow.Batch{Records: []flow.Record{event("run/r", i), event("task/r/a", i)}})
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	return s
}

func report(t testing.TB, s *Store, a Anchor) Report {
	t.Helper()
	r, err := s.Verify(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSealsAreSigned(t *testing.T) {
	by := newTestSigner('a')
	s := signedSample(t, t.TempDir(), by)
	for _, a := range []Anchor{{}, {Trust: by.trust()}, {Began: &(*by.began)[0]}} {
		r := report(t, s, a)
		want := provenance.KeySeals{Key: by.Key().Fingerprint(), Seals: 4, From: 1, To: 4, Trusted: len(a.Trust.Keys) > 0}
		if !r.OK() || r.Signed.Seals != 4 || r.Signed.From != 1 || len(r.Signed.Keys) != 1 || r.Signed.Keys[0] != want {
			t.Errorf("%+v", r)
		}
	}
	seals := collect(t, s, Query{Stream: flow.LedgerStream, Hashed: true})
	if len(*by.began) != 1 || (*by.began)[0].Hash != seals[0].Hash || (*by.began)[0].Seq != 1 {
		t.Errorf("told %+v", *by.began)
	}
	for _, row := range seals {
		if !by.Key().Verify(provenance.SealMessage(row.Hash), row.Signature) {
			t.Errorf("seal %d has the signature %x", row.Seq, row.Signature)
		}
	}
}

func TestWhoOnlyReadsNeedsNoKey(t *testing.T) {
	dir := t.TempDir()
	signedSample(t, dir, newTestSigner('a'))
	s, err := Open(t.Context(), dir, SignedBy(func() (Signer, error) { return nil, fault.New(fault.Refused, "no key") }))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n := len(collect(t, s, Query{})); n != 12 {
		t.Errorf("%d rows", n)
	}
	_, err = s.Commit(t.Context(), lock(t, s), flow.Batch{Records: []flow.Record{event("run/r", 9)}})
	wantKind(t, err, fault.Refused, "no key")
	if n := len(collect(t, s, Query{})); n != 12 {
		t.Errorf("%d rows after a commit without a key", n)
	}
}

func TestANoteThatCouldNotBeMadeIsMadeLater(t *testing.T) {
	by := newTestSigner('a')
	*by.fail = true
	signedSample(t, t.TempDir(), by)
	if len(*by.began) != 1 || (*by.began)[0].Seq != 2 {
		t.Errorf("told %+v", *by.began)
	}
}

// TestOldLedgerIsSignedFromNowOn opens a ledger as version 1 left it.
func TestOldLedgerIsSignedFromNowOn(t *testing.T) {
	dir, old := t.TempDir(), t.TempDir()
	sample(t, dir)
	db := rawDB(t, old)
	if _, err := db.Exec(schema); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`attach database '` + filepath.Join(dir, databaseFile) + `' as new;
		insert into runs select * from new.runs; insert into streams select * from new.streams;
		insert into records select row, stream, seq, run, hash, body from new.records`); err != nil {
		t.Fatal(err)
	}
	before := collect(t, open(t, dir), Query{})
	by := newTestSigner('a')
	s := openSigned(t, old, by)
	r := report(t, s, Anchor{Trust: by.trust()})
	r.Problems = nil // the blob is not there
	if r.Signed.Seals != 0 || r.Seals != 4 {
		t.Errorf("unsigned: %+v", r)
	}
	commitTo(t, s, lock(t, s), flow.Batch{Records: []flow.Record{event("run/r", 9)}})
	r = report(t, s, Anchor{Trust: provenance.Trust{Keys: by.trust().Keys, Named: true}, Began: &Head{Stream: flow.LedgerStream, Seq: 5, Hash: (*by.began)[0].Hash}})
	if len(r.Problems) != 1 || r.Problems[0].What != "the blob is missing" || r.Signed.From != 5 || r.Signed.Seals != 1 {
		t.Errorf("signed from 5 on: %+v", r)
	}
	for i, row := range collect(t, s, Query{Limit: len(before)}) {
		if row.Hash != before[i].Hash || len(row.Signature) > 0 {
			t.Errorf("row %d became %+v", i+1, row)
		}
	}
}

// line is a row of the records.
type line struct {
	row             int64
	body, signature []byte
}

func allLines(t *testing.T, db *sql.DB) (lines []line) {
	t.Helper()
	rows, err := db.Query(`select row, body, signature from records order by row`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var l line
		if err := rows.Scan(&l.row, &l.body, &l.signature); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// forge rewrites a ledger with hashes that fit all the way: bodies by edit,
// which is given every record in order, and signatures by sign, which may keep
// the one there is.
func forge(t *testing.T, db *sql.DB, edit func(*flow.Record, *seal), sign func(hash string, was []byte) []byte) {
	t.Helper()
	lines := allLines(t, db)
	last, group := map[flow.Stream]Head{}, map[flow.Stream]Head{}
	for _, l := range lines {
		r, err := decode(l.body, nil)
		if err != nil {
			t.Fatal(err)
		}
		var data seal
		if r.Stream == flow.LedgerStream {
			if err := json.Unmarshal(r.Data, &data); err != nil {
				t.Fatal(err)
			}
			data.Heads = sortedHeads(group)
			clear(group)
		}
		edit(&r, &data)
		if r.Stream == flow.LedgerStream {
			if r.Data, err = marshal(data); err != nil {
				t.Fatal(err)
			}
		}
		r.Prev = last[r.Stream].Hash
		body, hash, err := encode(r)
		if err != nil {
			t.Fatal(err)
		}
		last[r.Stream] = Head{Stream: r.Stream, Seq: r.Seq, Hash: hash.String()}
		if r.Stream != flow.LedgerStream {
			group[r.Stream] = last[r.Stream]
		} else {
			l.signature = sign(hash.String(), l.signature)
		}
		for _, q := range []struct {
			text string
			args []any
		}{
			{`update records set body = ?, hash = ?, signature = ? where row = ?`, []any{body, hash[:], l.signature, l.row}},
			{`update streams set hash = ? where name = ?`, []any{hash[:], string(r.Stream)}},
		} {
			if _, err := db.Exec(q.text, q.args...); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestVerifyFindsWhatIsNotSignedRightly(t *testing.T) {
	by, other := newTestSigner('a'), newTestSigner('b')
	asItWas := func(*flow.Record, *seal) {}
	altered := func(r *flow.Record, _ *seal) {
		if r.Stream == "run/r" && r.Seq == 2 {
			r.Data = json.RawMessage(`{"n":7}`)
		}
	}
	keep := func(_ string, was []byte) []byte { return was }
	none := func(string, []byte) []byte { return nil }
	byOther := func(hash string, _ []byte) []byte { return other.Sign(provenance.SealMessage(hash)) }
	signer := func(f provenance.Fingerprint, from int64) func(*flow.Record, *seal) {
		return func(r *flow.Record, s *seal) {
			altered(r, s)
			if r.Stream == flow.LedgerStream && r.Seq >= from {
				s.Signer = f
			}
		}
	}
	rewrite := func(edit func(*flow.Record, *seal), sign func(string, []byte) []byte, texts ...string) func(*testing.T, *sql.DB) {
		return func(t *testing.T, db *sql.DB) {
			for _, text := range texts {
				if _, err := db.Exec(text); err != nil {
					t.Fatal(err)
				}
			}
			forge(t, db, edit, sign)
		}
	}
	addKey := fmt.Sprintf(`insert into keys values ('%s', x'%x')`, other.Key().Fingerprint(), other.Key().Bytes())
	named := provenance.Trust{Keys: by.trust().Keys, Named: true}
	tests := []struct {
		name   string
		anchor Anchor // Began is filled in when it is not nil
		tamper func(*testing.T, *sql.DB)
		seq    int64
		what   string // empty: there is nothing to find
	}{
		{"nothing", Anchor{Trust: named, Began: &Head{}}, rewrite(asItWas, keep), 0, ""},
		{"a record, with hashes that fit all the way", Anchor{}, rewrite(altered, keep), 2, "signature of the seal does not fit"},
		{"a signature removed", Anchor{}, rewrite(asItWas, keep, `update records set signature = null where row = 6`), 2, "signature of the seal was removed"},
		{"a signature moved", Anchor{}, rewrite(asItWas, keep, `update records set signature = (select signature from records where row = 3) where row = 6`), 2, "does not fit"},
		{"a signature on another record", Anchor{}, rewrite(asItWas, keep, `update records set signature = (select signature from records where row = 3) where row = 4`), 2, "no seal"},
		{"the last seals not signed", Anchor{}, rewrite(signer("", 3), func(hash string, was []byte) []byte { return nil }), 1, "was removed"},
		{"only the last seal not signed", Anchor{}, func(t *testing.T, db *sql.DB) {
			forge(t, db, func(r *flow.Record, s *seal) {
				if r.Stream == flow.LedgerStream && r.Seq == 4 {
					s.Signer = ""
				}
			}, keep)
			if _, err := db.Exec(`update records set signature = null where row = 12`); err != nil {
				t.Fatal(err)
			}
		}, 4, "is not signed, though seals before it are"},
		{"a signature without a signer", Anchor{}, rewrite(signer("", 1), keep), 1, "names no signer"},
		{"the public key removed", Anchor{}, rewrite(asItWas, keep, `delete from keys`), 1, "public key is not in the ledger"},
		{"the public key replaced", Anchor{}, rewrite(asItWas, keep, `update keys set public = zeroblob(32)`), 0, "public key \"SHA256:"},
		{"all, signed by another key", Anchor{}, rewrite(signer(other.Key().Fingerprint(), 1), byOther, addKey), 0, ""},
		{"all, signed by another key, against a trusted one", Anchor{Trust: by.trust()}, rewrite(signer(other.Key().Fingerprint(), 1), byOther, addKey), 1, "signed by another key"},
		{"the end, signed by another key", Anchor{}, func(t *testing.T, db *sql.DB) {
			if _, err := db.Exec(addKey); err != nil {
				t.Fatal(err)
			}
			forge(t, db, func(r *flow.Record, s *seal) {
				if r.Stream == flow.LedgerStream && r.Seq >= 3 {
					s.Signer = other.Key().Fingerprint()
				}
			}, keep)
			n := 0
			forge(t, db, asItWas, func(hash string, was []byte) []byte {
				if n++; n >= 3 {
					return other.Sign(provenance.SealMessage(hash))
				}
				return was
			})
		}, 3, "signed by another key"},
		{"all, without signatures, unnoticed from within", Anchor{Trust: by.trust()}, rewrite(signer("", 1), none), 0, ""},
		{"all, without signatures, against a named key", Anchor{Trust: named}, rewrite(signer("", 1), none), 4, "the last seal is not signed"},
		{"all, without signatures, against what was noted", Anchor{Began: &Head{}}, rewrite(signer("", 1), none), 1, "known to be signed from this seal on"},
		{"all, against what was noted", Anchor{Began: &Head{}}, rewrite(signer(other.Key().Fingerprint(), 1), byOther, addKey), 1, "another ledger stands in its place"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			s := signedSample(t, dir, by)
			if tt.anchor.Began != nil {
				tt.anchor.Began = &Head{Seq: 1, Hash: collect(t, s, Query{Stream: flow.LedgerStream})[0].Hash}
			}
			tt.tamper(t, rawDB(t, dir))
			r := report(t, s, tt.anchor)
			hit := tt.what == "" && r.OK()
			for _, p := range r.Problems {
				hit = hit || tt.what != "" && p.Seq == tt.seq && strings.Contains(p.What, tt.what)
			}
			if !hit {
				got, _ := json.MarshalIndent(r, "", " ")
				t.Errorf("want %d %q in\n%s", tt.seq, tt.what, got)
			}
		})
	}
}

// TestFlippedBytesOfALedgerAreFound flips a bit of every third byte that is
// kept of a record, a seal, its signature and its key.
func TestFlippedBytesOfALedgerAreFound(t *testing.T) {
	dir, by := t.TempDir(), newTestSigner('a')
	s := openSigned(t, dir, by)
	commitTo(t, s, lock(t, s), flow.Batch{Records: []flow.Record{event("run/r", 1)}})
	db := rawDB(t, dir)
	flips := 0
	columns := []struct{ table, name, key string }{
		{"records", "body", "row"},
		{"records", "hash", "row"},
		{"records", "signature", "row"},
		{"keys", "public", "rowid"},
		{"keys", "fingerprint", "rowid"},
		{"streams", "hash", "id"},
		{"streams", "name", "id"},
	}
	for _, column := range columns {
		for row := 1; row <= 2; row++ {
			var was []byte
			if err := db.QueryRow(`select cast(`+column.name+` as blob) from `+column.table+` where `+column.key+` = ?`, row).Scan(&was); err != nil || was == nil {
				continue
			}
			text := `update ` + column.table + ` set ` + column.name + ` = ? where ` + column.key + ` = ?`
			value := func(b []byte) any {
				if column.name == "name" || column.name == "fingerprint" {
					return string(b)
				}
				return b
			}
			for i := row; i < len(was); i += 3 {
				flips++
				is := append([]byte{}, was...)
				is[i] ^= 1
				if _, err := db.Exec(text, value(is), row); err != nil {
					t.Fatal(err)
				}
				if r, err := s.Verify(t.Context(), Anchor{}); err == nil && r.OK() {
					t.Errorf("byte %d of %s in row %d of %s: nothing is found", i, column.name, row, column.table)
				}
			}
			if _, err := db.Exec(text, value(was), row); err != nil {
				t.Fatal(err)
			}
		}
	}
	if r := report(t, s, Anchor{}); !r.OK() || flips < 200 {
		t.Errorf("after %d flips: %+v", flips, r)
	}
}

func TestHashedReadingRefusesAnAlteredRecord(t *testing.T) {
	dir := t.TempDir()
	s := signedSample(t, dir, newTestSigner('a'))
	if _, err := rawDB(t, dir).Exec(`update records set body = cast(replace(cast(body as text), '"n":1', '"n":7') as blob) where row = 4`); err != nil {
		t.Fatal(err)
	}
	if n := len(collect(t, s, Query{})); n != 12 {
		t.Errorf("%d rows", n)
	}
	for _, err := range s.Records(t.Context(), Query{Hashed: true}) {
		if err != nil {
			wantKind(t, err, fault.Internal, "row 4", "altered")
			return
		}
	}
	t.Error("the altered record was given")
}

package store

import (
	"database/sql"
	"fmt"

	"muster/internal/core/flow"
	"muster/internal/core/provenance"
)

// Anchor is what is known of a ledger's signatures from outside of it.
type Anchor struct {
	Trust provenance.Trust // whose signatures count; without keys, those of one and the same key
	Began *Head            // the seal from which on the ledger is known to be signed
}

// signatureFacts is what was seen of signatures so far.
type signatureFacts struct {
	anchor Anchor
	keys   map[provenance.Fingerprint]provenance.Key // of the ledger
	last   bool                                      // the last seal is signed, rightly
	began  bool                                      // the seal of the anchor was seen
}

// keys reads the public keys that the ledger names.
func (v *verifier) keys() error {
	v.signatures.keys = map[provenance.Fingerprint]provenance.Key{}
	v.report.Signed.Keys = []provenance.KeySeals{}
	for _, k := range v.signatures.anchor.Trust.Whole {
		v.signatures.keys[k.Fingerprint()] = k
	}
	return v.each(`select fingerprint, public from keys order by fingerprint`, func(rows *sql.Rows) error {
		var name provenance.Fingerprint
		var public []byte
		if err := rows.Scan(&name, &public); err != nil {
			return err
		}
		k, ok := provenance.NewKey(public)
		if !ok || k.Fingerprint() != name {
			v.found(Problem{Stream: flow.LedgerStream, What: fmt.Sprintf("the public key %.60q was altered: its bytes do not give its fingerprint", name)})
			return nil
		}
		v.signatures.keys[name] = k
		return nil
	})
}

// signature judges the signature of one seal.
func (v *verifier) signature(at Head, by provenance.Fingerprint, signature []byte) {
	f, s := &v.signatures, &v.report.Signed
	if b := f.anchor.Began; b != nil && b.Seq == at.Seq {
		f.began = b.Hash == at.Hash && by != ""
	}
	wrong := func(format string, args ...any) {
		f.last = false
		v.found(Problem{Stream: at.Stream, Seq: at.Seq, What: fmt.Sprintf(format, args...)})
	}
	switch {
	case by == "" && len(signature) > 0:
		wrong("the seal has a signature and names no signer")
		return
	case by == "" && s.Seals > 0:
		wrong("the seal is not signed, though seals before it are")
		return
	case by == "":
		f.last = false
		return
	}
	s.Seals++
	if s.From == 0 {
		s.From = at.Seq
	}
	key, known := f.keys[by]
	switch {
	case len(signature) == 0:
		wrong("the signature of the seal was removed")
		return
	case !known:
		wrong("the seal is signed by %.60q, whose public key is not in the ledger", by)
		return
	case !key.Verify(provenance.SealMessage(at.Hash), signature):
		wrong("the signature of the seal does not fit: the seal was rewritten, or its signature altered")
		return
	}
	f.last = true
	v.count(at.Seq, by)
}

// count adds a seal to those of its key.
func (v *verifier) count(seq int64, by provenance.Fingerprint) {
	s := &v.report.Signed
	for i := range s.Keys {
		if k := &s.Keys[i]; k.Key == by {
			k.Seals, k.To = k.Seals+1, seq
			return
		}
	}
	s.Keys = append(s.Keys, provenance.KeySeals{Key: by, Seals: 1, From: seq, To: seq, Trusted: v.signatures.anchor.Trust.Has(by)})
}

// endOfSignatures judges what only all of them together show.
func (v *verifier) endOfSignatures() {
	f, s := &v.signatures, v.report.Signed
	here := func(seq int64, format string, args ...any) {
		v.found(Problem{Stream: flow.LedgerStream, Seq: seq, What: fmt.Sprintf(format, args...)})
	}
	for i, k := range s.Keys {
		switch {
		case len(f.anchor.Trust.Keys) > 0 && !k.Trusted:
			here(k.From, "%d seals up to %d are signed by another key, %s; trusted is %s", k.Seals, k.To, k.Key, f.anchor.Trust)
		case len(f.anchor.Trust.Keys) == 0 && i > 0:
			here(k.From, "%d seals up to %d are signed by another key, %s, than those before, %s, and nothing says that both are trusted", k.Seals, k.To, k.Key, s.Keys[0].Key)
		}
	}
	if f.anchor.Trust.Named && v.report.Seals > 0 && !f.last {
		here(v.report.Head.Seq, "the last seal is not signed, so the key says nothing about this ledger")
	}
	if b := f.anchor.Began; b != nil && !f.began {
		here(b.Seq, "the ledger is known to be signed from this seal on, whose hash was %s: it was rewritten or removed, or another ledger stands in its place", b.Hash)
	}
}

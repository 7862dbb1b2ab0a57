package store

import (
	"sync"
	"sync/atomic"

	"muster/internal/core/fault"
	"muster/internal/core/provenance"
)

// Signer signs the seals of a ledger.
type Signer interface {
	Key() provenance.Key
	Sign(message []byte) []byte

	// Began is told of the first seal that a Store has signed, once it is
	// durable; after an error, of the next one. Whoever keeps the key keeps in
	// mind as well from which seal on the ledger is signed: one without
	// signatures cannot take its place then.
	Began(seal Head) error
}

// SignedBy has every seal signed. The signer is asked for at the first commit,
// so that who only reads needs no key.
func SignedBy(load func() (Signer, error)) Option {
	return func(s *Store) { s.signing.load = load }
}

// signing is what a Store knows of its signer.
type signing struct {
	load func() (Signer, error) // nil: seals are not signed

	mu    sync.Mutex
	have  *signer
	began bool
}

// signer is a Signer with what does not change of it.
type signer struct {
	Signer
	name  provenance.Fingerprint
	known atomic.Bool // the ledger has its public key
}

func (s *signer) fingerprint() provenance.Fingerprint {
	if s == nil {
		return ""
	}
	return s.name
}

// signer gives nil when seals are not signed.
func (s *signing) signer() (*signer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.load == nil || s.have != nil {
		return s.have, nil
	}
	by, err := s.load()
	if err != nil {
		return nil, err
	}
	if by.Key().IsZero() {
		return nil, fault.New(fault.Internal, "the signer of seals has no key")
	}
	s.have = &signer{Signer: by, name: by.Key().Fingerprint()}
	return s.have, nil
}

// signed is called after a signed commit. That the signer could not make a
// note of it undoes no commit.
func (s *signing) signed(seal Head) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.have.known.Store(true)
	s.began = s.began || s.have.Began(seal) == nil
}

// sign signs the hash of a seal, and makes sure that its key is in the ledger.
func (s *signer) sign(t *txn, hash sum) (any, error) {
	if !s.known.Load() {
		_, err := t.exec(`insert into keys (fingerprint, public) values (?, ?)
			on conflict (fingerprint) do update set public = excluded.public`, string(s.name), s.Key().Bytes())
		if err != nil {
			return nil, err
		}
	}
	return s.Sign(provenance.SealMessage(hash.String())), nil
}

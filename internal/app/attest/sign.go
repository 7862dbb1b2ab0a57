// Package attest signs the ledger, and says of a landed change who made it and
// what it was judged by, as a signed statement that can be checked elsewhere.
package attest

import (
	"path/filepath"

	"muster/internal/adapter/keys"
	"muster/internal/app/machine"
	"muster/internal/core/config"
	"muster/internal/store"
)

// keysFolder is where the person's keys are.
func keysFolder(h machine.Host, state string) keys.Folder {
	f := keys.Folder{Dir: filepath.Join(filepath.Dir(state), "keys"), Home: h.Env["HOME"]}
	if root := h.ConfigRoot(); root != "" {
		f.Person = filepath.Join(root, config.PersonFile)
	}
	return f
}

// Signing has the seals of the ledger in a state folder signed by the person's
// key, which is made when there is none.
func Signing(h machine.Host, state string) store.Option {
	return store.SignedBy(func() (store.Signer, error) {
		f := keysFolder(h, state)
		s, err := f.Signer()
		return signer{s, f, state}, err
	})
}

// signer is a key that signs the seals of one ledger.
type signer struct {
	keys.Signer
	folder keys.Folder
	state  string
}

// Began notes from which seal on the ledger is signed.
func (s signer) Began(seal store.Head) error {
	return s.folder.Began(s.state, keys.Beginning{Seq: seal.Seq, Hash: seal.Hash})
}

// Anchor gives what is known from outside of the signatures of the ledger in a
// state folder. Named are the keys that a person trusts for it, as files or
// fingerprints; without any, those that have signed on this machine.
func Anchor(h machine.Host, state string, named []string) (store.Anchor, error) {
	var a store.Anchor
	f := keysFolder(h, state)
	var err error
	if len(named) > 0 {
		a.Trust, err = keys.Named(named)
	} else {
		a.Trust, err = f.Trust()
	}
	if err != nil {
		return a, err
	}
	b, ok, err := f.Beginning(state)
	if ok {
		a.Began = &store.Head{Seq: b.Seq, Hash: b.Hash}
	}
	return a, err
}

package provenance

import (
	"slices"
	"strings"
)

// Trust is which keys a person takes for their own, or for another's whom they
// trust.
type Trust struct {
	Keys  []Fingerprint
	Whole []Key // those of Keys whose bytes are known as well
	Named bool  // the person named them for this very look
}

// Has tells whether a key is among them.
func (t Trust) Has(f Fingerprint) bool { return f != "" && slices.Contains(t.Keys, f) }

// Key gives the bytes of a trusted key when they are known.
func (t Trust) Key(f Fingerprint) (Key, bool) {
	i := slices.IndexFunc(t.Whole, func(k Key) bool { return k.Fingerprint() == f })
	if i < 0 {
		return Key{}, false
	}
	return t.Whole[i], true
}

// Add gives the keys with one more. Of a key that is known by its fingerprint
// alone, the bytes come from what it is said to have signed.
func (t Trust) Add(f Fingerprint, k Key) Trust {
	if !slices.Contains(t.Keys, f) {
		t.Keys = append(slices.Clone(t.Keys), f)
	}
	if !k.IsZero() {
		t.Whole = append(slices.Clone(t.Whole), k)
	}
	return t
}

// String lists the fingerprints.
func (t Trust) String() string {
	words := make([]string, 0, len(t.Keys))
	for _, f := range t.Keys {
		words = append(words, string(f))
	}
	return strings.Join(words, ", ")
}

// Signed says which seals of a ledger are signed. A ledger that was begun
// before seals were signed has some that are not, all in front.
type Signed struct {
	Seals int64      `json:"seals"` // that are signed, rightly or not
	From  int64      `json:"from"`  // the first of them; 0: none is
	Keys  []KeySeals `json:"keys"`  // in the order in which they appear
}

// KeySeals says how many seals a key has signed.
type KeySeals struct {
	Key     Fingerprint `json:"key"`
	Seals   int64       `json:"seals"`
	From    int64       `json:"from"`
	To      int64       `json:"to"`
	Trusted bool        `json:"trusted"` // the anchor names it
}

// Package provenance says who made a change and what it was judged by, as a
// statement that can be signed, read and checked elsewhere. It holds the keys
// and signatures of that, the envelope and the statement, as data: nothing
// here reads a file, a clock or a ledger.
package provenance

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"muster/internal/core/fault"
)

// Key is a public ed25519 key. The zero Key is none.
type Key struct{ public string } // 32 bytes, or none

// sshType names the key in the formats of OpenSSH (RFC 8709).
const sshType = "ssh-ed25519"

// NewKey makes a key of its 32 bytes; false when there are not so many.
func NewKey(public []byte) (Key, bool) {
	if len(public) != ed25519.PublicKeySize {
		return Key{}, false
	}
	return Key{string(public)}, true
}

// IsZero tells whether it is no key.
func (k Key) IsZero() bool { return k.public == "" }

// Bytes gives the 32 bytes of the key.
func (k Key) Bytes() []byte { return []byte(k.public) }

// wire is the key as OpenSSH sends it: two strings, each after its length.
func (k Key) wire() []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(sshType)))
	out = append(out, sshType...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(k.public)))
	return append(out, k.public...)
}

// Fingerprint names the key as ssh-keygen -l does: "SHA256:" and the sha256 of
// its wire form in base64. The zero Key has none.
func (k Key) Fingerprint() Fingerprint {
	if k.IsZero() {
		return ""
	}
	sum := sha256.Sum256(k.wire())
	return Fingerprint(prefix + base64.RawStdEncoding.EncodeToString(sum[:]))
}

// Line is the key as a line of a .pub or authorized_keys file, without a
// comment.
func (k Key) Line() string {
	return sshType + " " + base64.StdEncoding.EncodeToString(k.wire())
}

// ReadKey reads the first line of a .pub file: "ssh-ed25519 AAAA... comment".
func ReadKey(text string) (Key, error) {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	words := strings.Fields(line)
	if len(words) < 2 || words[0] != sshType {
		return Key{}, fault.New(fault.Invalid, "it is no public key of the sort %s", sshType).
			WithHint("give the file that ends in .pub, or the fingerprint that ssh-keygen -lf prints of it")
	}
	wire, err := base64.StdEncoding.Strict().DecodeString(words[1])
	if err != nil {
		return Key{}, fault.New(fault.Invalid, "the public key is damaged: %v", err)
	}
	k, ok := NewKey(wire[max(len(wire)-ed25519.PublicKeySize, 0):])
	if !ok || !bytes.Equal(k.wire(), wire) {
		return Key{}, fault.New(fault.Invalid, "the public key is damaged: it holds no key of 32 bytes")
	}
	return k, nil
}

// Verify tells whether the key made the signature of the message.
func (k Key) Verify(message, signature []byte) bool {
	return !k.IsZero() && ed25519.Verify(k.Bytes(), message, signature)
}

// Fingerprint names a key: "SHA256:" and 43 characters of base64.
type Fingerprint string

const prefix = "SHA256:"

// ReadFingerprint reads what names a key; false when the text does not.
func ReadFingerprint(text string) (Fingerprint, bool) {
	rest, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return "", false
	}
	sum, err := base64.RawStdEncoding.Strict().DecodeString(rest)
	return Fingerprint(text), err == nil && len(sum) == sha256.Size
}

// SealMessage is what is signed of a seal: its hash, in hexadecimal, after
// words that no other signature of the same key begins with.
func SealMessage(hash string) []byte { return []byte("muster seal v1\n" + hash + "\n") }

package keys

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"muster/internal/core/fault"
)

// readPersons reads the SSH key that the person's settings name.
func (f Folder) readPersons(path string) (ed25519.PrivateKey, error) {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if f.Home == "" {
			return nil, fault.New(fault.Invalid, "read the key %s that signs: HOME is not set", path).WithHint("write an absolute path in %s", f.Person)
		}
		path = filepath.Join(f.Home, rest)
	}
	data, err := readPrivate(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "read the key %s that signs: there is no such file", path).WithHint("mend signing_key in %s", f.Person)
	}
	var private ed25519.PrivateKey
	if err == nil {
		private, err = parseOpenSSH(data)
	}
	return private, fault.WithHint(fault.Wrap(fault.Refused, err, "read the key %s that signs", path),
		"it must be an ed25519 key without a passphrase, for its owner only; without signing_key in %s Muster signs with a key of its own", f.Person)
}

// The parts of the format, as PROTOCOL.key of OpenSSH describes it.
const (
	sshBlock = "OPENSSH PRIVATE KEY"
	sshMagic = "openssh-key-v1\x00"
	sshType  = "ssh-ed25519"
)

// parseOpenSSH reads an unencrypted ed25519 key in the format of OpenSSH.
func parseOpenSSH(data []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != sshBlock {
		return nil, errors.New("it is no private key in the format of OpenSSH")
	}
	rest, ok := bytes.CutPrefix(block.Bytes, []byte(sshMagic))
	if !ok {
		return nil, errors.New("it is no private key in the format of OpenSSH")
	}
	outer := wire{rest: rest}
	cipher, _, _ := outer.text(), outer.text(), outer.text()
	keys := outer.number()
	public, secret := outer.text(), outer.text()
	switch {
	case outer.short:
		return nil, errors.New("it is cut off")
	case cipher != "none":
		return nil, errors.New("it has a passphrase")
	case keys != 1:
		return nil, errors.New("it holds more than one key")
	}
	inner := wire{rest: []byte(secret)}
	first, second := inner.number(), inner.number()
	kind, half, whole := inner.text(), inner.text(), inner.text()
	switch {
	case inner.short || first != second:
		return nil, errors.New("it is damaged")
	case kind != sshType:
		return nil, errors.New("it is a key of the sort " + kind + ", not " + sshType)
	case len(half) != ed25519.PublicKeySize || len(whole) != ed25519.PrivateKeySize:
		return nil, errors.New("it is damaged")
	}
	// The public half is made anew: one that does not belong to the private
	// half would give the private half away with a signature.
	private := ed25519.NewKeyFromSeed([]byte(whole[:ed25519.SeedSize]))
	if string(private) != whole || string(private[ed25519.SeedSize:]) != half || !strings.HasSuffix(public, half) {
		return nil, errors.New("it is damaged: its halves do not belong together")
	}
	return private, nil
}

// wire reads strings and numbers as SSH writes them.
type wire struct {
	rest  []byte
	short bool // something was missing
}

func (w *wire) number() uint32 {
	if len(w.rest) < 4 {
		w.short, w.rest = true, nil
		return 0
	}
	n := binary.BigEndian.Uint32(w.rest)
	w.rest = w.rest[4:]
	return n
}

func (w *wire) text() string {
	n := w.number()
	if uint64(n) > uint64(len(w.rest)) {
		w.short, w.rest = true, nil
		return ""
	}
	s := string(w.rest[:n])
	w.rest = w.rest[n:]
	return s
}

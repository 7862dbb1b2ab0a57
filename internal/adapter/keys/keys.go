// Package keys keeps the keys with which a person signs the ledger and
// attestations: Muster's own, made at first use, or an SSH key of the person's.
//
// They lie in one folder beside the state folders of the repositories, never
// in one of them, so that whoever is handed a ledger is not handed its key:
//
//	muster.key    the private key that Muster made (PKCS #8), for its owner only
//	*.pub         the public keys that signed here
//	signed/       from which seal on each ledger is signed
package keys

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"muster/internal/core/config"
	"muster/internal/core/fault"
	"muster/internal/core/provenance"
	"muster/internal/core/yamlfile"
)

const (
	privateFile = "muster.key"
	publicEnd   = ".pub"
	signedDir   = "signed"

	maxKeyFile = 16 << 10 // bytes
	maxTrusted = 100      // public keys that are read
)

// Folder is the place of a person's keys. Nothing is made before it is needed.
type Folder struct {
	Dir    string // of the keys
	Person string // the person's settings; empty: there are none
	Home   string // what ~ stands for
}

// Signer signs with one key.
type Signer struct {
	folder  Folder
	private ed25519.PrivateKey
	key     provenance.Key
}

// Key gives the public key.
func (s Signer) Key() provenance.Key { return s.key }

// Sign signs a message.
func (s Signer) Sign(message []byte) []byte { return ed25519.Sign(s.private, message) }

// Signer gives the key that the person's settings name, or Muster's own, which
// it makes when there is none yet.
func (f Folder) Signer() (Signer, error) {
	p, err := f.settings()
	if err != nil {
		return Signer{}, err
	}
	private, name := ed25519.PrivateKey(nil), "muster"
	if p.SigningKey != "" {
		private, err = f.readPersons(p.SigningKey)
	} else {
		private, err = f.own()
	}
	if err != nil {
		return Signer{}, err
	}
	key, _ := provenance.NewKey(private[ed25519.PrivateKeySize-ed25519.PublicKeySize:])
	if p.SigningKey != "" {
		name = "ssh-" + hex.EncodeToString(key.Bytes()[:6])
	}
	return Signer{f, private, key}, f.publish(name, key)
}

// settings reads the person's settings.
func (f Folder) settings() (config.Person, error) {
	if f.Person == "" {
		return config.Person{}, nil
	}
	data, err := readSmall(f.Person, yamlfile.MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return config.Person{}, nil
	}
	if err != nil {
		return config.Person{}, fault.Wrap(fault.Refused, err, "read your settings %s", f.Person)
	}
	p, problems := config.ParsePerson(f.Person, data)
	return p, yamlfile.AsError("read your settings "+f.Person, problems)
}

// own reads Muster's own key, or makes it.
func (f Folder) own() (ed25519.PrivateKey, error) {
	path := filepath.Join(f.Dir, privateFile)
	data, err := readPrivate(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := f.makeOwn(path); err != nil {
			return nil, fault.WithHint(fault.Wrap(fault.Refused, err, "make the key that signs, %s", path), "make the folder writable; without its key the ledger is not written")
		}
		data, err = readPrivate(path)
	}
	if fault.HintOf(err) != "" {
		return nil, fault.Wrap(fault.Refused, err, "read the key that signs, %s", path)
	}
	if err != nil {
		return nil, damaged(path, err.Error())
	}
	block, rest := pem.Decode(data)
	if block == nil || block.Type != "PRIVATE KEY" || len(bytes.TrimSpace(rest)) > 0 {
		return nil, damaged(path, "it holds no private key")
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, damaged(path, err.Error())
	}
	private, ok := k.(ed25519.PrivateKey)
	if !ok {
		return nil, damaged(path, "it is no ed25519 key")
	}
	return private, nil
}

func damaged(path, why string) error {
	return fault.New(fault.Refused, "read the key that signs, %s: %s", path, why).
		WithHint("restore the file; if it is lost for good, remove it: Muster makes another, and muster ledger verify --key names the old one beside it")
}

// makeOwn makes a key. Of several processes one wins, and all use its key.
func (f Folder) makeOwn(path string) error {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	err = f.write(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600, onlyNew)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// publish puts the public key beside the private one.
func (f Folder) publish(name string, key provenance.Key) error {
	path := filepath.Join(f.Dir, name+publicEnd)
	text := key.Line() + " " + name + "\n"
	if have, err := readSmall(path, maxKeyFile); err == nil && string(have) == text {
		return nil
	}
	return fault.Wrap(fault.Refused, f.write(path, []byte(text), 0o644, replaces), "write the public key %s", path)
}

// Trust gives the keys that have signed on this machine.
func (f Folder) Trust() (provenance.Trust, error) {
	var t provenance.Trust
	entries, err := os.ReadDir(f.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return t, fault.Wrap(fault.Refused, err, "list the keys in %s", f.Dir)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), publicEnd) || len(t.Keys) == maxTrusted {
			continue
		}
		k, err := readPublic(filepath.Join(f.Dir, e.Name()))
		if err != nil {
			return t, err
		}
		t = t.Add(k.Fingerprint(), k)
	}
	return t, nil
}

// Named gives the keys that a person names: each a fingerprint, or the file of
// a public key.
func Named(names []string) (provenance.Trust, error) {
	t := provenance.Trust{Named: true}
	for _, name := range names {
		if fp, ok := provenance.ReadFingerprint(name); ok {
			t = t.Add(fp, provenance.Key{})
			continue
		}
		k, err := readPublic(name)
		if err != nil {
			return t, err
		}
		t = t.Add(k.Fingerprint(), k)
	}
	return t, nil
}

func readPublic(path string) (provenance.Key, error) {
	data, err := readSmall(path, maxKeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return provenance.Key{}, fault.New(fault.NotFound, "read the public key %s: there is no such file", path).
			WithHint("a key is the file of a public key, or a fingerprint: SHA256: and 43 characters")
	}
	if err != nil {
		return provenance.Key{}, fault.Wrap(fault.Refused, err, "read the public key %s", path)
	}
	k, err := provenance.ReadKey(string(data))
	return k, fault.Wrap(fault.Invalid, err, "read the public key %s", path)
}

// Beginning is the seal from which on a ledger is signed.
type Beginning struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

// Began notes from which seal on a ledger is signed. What was noted before
// stays, unless the ledger begins anew.
func (f Folder) Began(ledger string, at Beginning) error {
	if _, ok, err := f.Beginning(ledger); err != nil || ok && at.Seq > 1 {
		return err
	}
	data, err := json.Marshal(at)
	if err != nil {
		return err
	}
	return f.write(f.signed(ledger), append(data, '\n'), 0o600, replaces)
}

// Beginning gives what was noted of a ledger; false when nothing was.
func (f Folder) Beginning(ledger string) (Beginning, bool, error) {
	var b Beginning
	path := f.signed(ledger)
	data, err := readSmall(path, maxKeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return b, false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &b)
	}
	if err == nil && (b.Seq < 1 || b.Hash == "") {
		err = errors.New("it names no seal")
	}
	if err != nil {
		err = fault.WithHint(fault.Wrap(fault.Refused, err, "read from which seal on the ledger is signed, in %s", path), "restore the file, or remove it if you know why it is damaged")
	}
	return b, err == nil, err
}

func (f Folder) signed(ledger string) string {
	return filepath.Join(f.Dir, signedDir, filepath.Base(ledger)+".json")
}

// placing says what becomes of a file that is there already.
type placing string

const (
	onlyNew  placing = "only new" // it stays, and fs.ErrExist is given
	replaces placing = "replaces"
)

// write puts a file in place, whole and durable.
func (f Folder) write(path string, data []byte, mode fs.FileMode, p placing) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".new-") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close())
	if err == nil && p == onlyNew {
		err = os.Link(tmp.Name(), path)
	} else if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// readPrivate reads a file that nobody else may read.
func readPrivate(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return nil, fault.New(fault.Refused, "others than its owner may use it (mode %04o)", info.Mode().Perm()).
			WithHint("chmod 600 %s, and if others had access, use another key", path)
	}
	return readSmall(path, maxKeyFile)
}

// readSmall reads a regular file of at most so many bytes.
func readSmall(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, errors.New("it is no regular file"))
	}
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = errors.New("it is too large")
	}
	return slices.Clip(data), err
}

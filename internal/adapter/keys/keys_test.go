package keys

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"muster/internal/core/fault"
	"muster/internal/core/provenance"
)

func folder(t *testing.T) Folder {
	root := t.TempDir()
	return Folder{Dir: filepath.Join(root, "keys"), Person: filepath.Join(root, "person.yaml"), Home: root}
}

func write(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, err error, kind fault.Kind, part string) {
	t.Helper()
	if fault.KindOf(err) != kind || !strings.Contains(err.Error(), part) || fault.HintOf(err) == "" {
		t.Errorf("error %v of kind %q, hint %q; want %q of kind %q", err, fault.KindOf(err), fault.HintOf(err), part, kind)
	}
}

func TestOneKeyIsMadeAtFirstUse(t *testing.T) {
	f := folder(t)
	if trust, err := f.Trust(); err != nil || len(trust.Keys) != 0 {
		t.Fatal(trust, err)
	}
	if _, err := os.Stat(f.Dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("looking makes a folder")
	}
	const processes = 8
	made := make([]Signer, processes)
	var all sync.WaitGroup
	for i := range processes {
		all.Go(func() {
			var err error
			if made[i], err = f.Signer(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, s := range made {
		if s.Key() != made[0].Key() || !s.Key().Verify([]byte("m"), s.Sign([]byte("m"))) {
			t.Errorf("key %s, the first is %s", s.Key().Fingerprint(), made[0].Key().Fingerprint())
		}
	}
	trust, err := f.Trust()
	if err != nil || len(trust.Keys) != 1 || trust.Keys[0] != made[0].Key().Fingerprint() {
		t.Errorf("trusted are %v, %v", trust, err)
	}
	entries, _ := os.ReadDir(f.Dir)
	for _, e := range entries {
		info, _ := e.Info()
		if mode := info.Mode().Perm(); e.Name() == privateFile && mode != 0o600 || strings.HasPrefix(e.Name(), ".new") {
			t.Errorf("%s has mode %o", e.Name(), mode)
		}
	}
}

func TestAKeyThatIsNotOursAloneIsRefused(t *testing.T) {
	f := folder(t)
	if _, err := f.Signer(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(f.Dir, privateFile)
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	_, err := f.Signer()
	want(t, err, fault.Refused, "others than its owner may use it (mode 0640)")
	for _, text := range []string{"", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", strings.Repeat("x", maxKeyFile+1)} {
		write(t, path, text, 0o600)
		_, err := f.Signer()
		want(t, err, fault.Refused, "read the key that signs")
	}
}

func TestAFolderThatCannotBeMade(t *testing.T) {
	f := folder(t)
	write(t, f.Dir, "a file", 0o600)
	_, err := f.Signer()
	want(t, err, fault.Refused, "the key that signs")
}

// sshKey makes a key with ssh-keygen.
func sshKey(t *testing.T, path string, args ...string) {
	t.Helper()
	program, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("there is no ssh-keygen here")
	}
	if out, err := exec.Command(program, append([]string{"-q", "-C", "tess", "-f", path}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func TestThePersonsSSHKey(t *testing.T) {
	f := folder(t)
	path := filepath.Join(f.Home, "id")
	sshKey(t, path, "-t", "ed25519", "-N", "")
	write(t, f.Person, "version: 1\nsigning_key: ~/id\n", 0o600)
	s, err := f.Signer()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(f.Dir, privateFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a key was made beside the person's")
	}
	out, err := exec.Command("ssh-keygen", "-lf", path+".pub").Output()
	if err != nil || !strings.Contains(string(out), " "+string(s.Key().Fingerprint())+" ") {
		t.Errorf("ssh-keygen says %s, %v; the fingerprint is %s", out, err, s.Key().Fingerprint())
	}
	named, err := Named([]string{path + ".pub", "SHA256:" + strings.Repeat("A", 43)})
	if err != nil || !named.Has(s.Key().Fingerprint()) || len(named.Keys) != 2 || !named.Named {
		t.Errorf("named %+v, %v", named, err)
	}
	if !s.Key().Verify([]byte("m"), s.Sign([]byte("m"))) {
		t.Error("the signature does not fit")
	}
	if trust, err := f.Trust(); err != nil || !trust.Has(s.Key().Fingerprint()) {
		t.Errorf("trusted are %v, %v", trust, err)
	}
}

func TestSSHKeysThatCannotSign(t *testing.T) {
	f := folder(t)
	write(t, f.Person, "version: 1\nsigning_key: ~/id\n", 0o600)
	_, err := f.Signer()
	want(t, err, fault.NotFound, "there is no such file")
	path := filepath.Join(f.Home, "id")
	for _, c := range []struct {
		part string
		args []string
	}{
		{"it has a passphrase", []string{"-t", "ed25519", "-N", "secret"}},
		{"a key of the sort ecdsa-sha2-nistp256", []string{"-t", "ecdsa", "-N", ""}},
	} {
		sshKey(t, path, c.args...)
		_, err := f.Signer()
		want(t, err, fault.Refused, c.part)
		_ = os.Remove(path)
	}
	sshKey(t, path, "-t", "ed25519", "-N", "")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = f.Signer()
	want(t, err, fault.Refused, "others than its owner")
	write(t, f.Person, "version: 1\nsigning_key: id\n", 0o600)
	_, err = f.Signer()
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "person.yaml") {
		t.Errorf("settings that are wrong: %v", err)
	}
}

// openSSH writes a key as ssh-keygen does, after its parts were changed.
func openSSH(change func(parts *[6]string)) []byte {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	half := string(private[ed25519.SeedSize:])
	parts := [6]string{"none", sshType, half, string(private), "\x00\x00\x00\x09", "\x00\x00\x00\x09"}
	change(&parts)
	text := func(s string) string { return string(binary.BigEndian.AppendUint32(nil, uint32(len(s)))) + s }
	secret := parts[4] + parts[5] + text(parts[1]) + text(parts[2]) + text(parts[3]) + text("me") + "\x01\x02"
	all := sshMagic + text(parts[0]) + text("none") + text("") + "\x00\x00\x00\x01" + text(text(sshType)+text(half)) + text(secret)
	return pem.EncodeToMemory(&pem.Block{Type: sshBlock, Bytes: []byte(all)})
}

func TestParseOpenSSH(t *testing.T) {
	good, err := parseOpenSSH(openSSH(func(*[6]string) {}))
	if err != nil {
		t.Fatal(err)
	}
	for part, change := range map[string]func(*[6]string){
		"it has a passphrase":       func(p *[6]string) { p[0] = "aes256-ctr" },
		"a key of the sort ssh-rsa": func(p *[6]string) { p[1] = "ssh-rsa" },
		"halves do not belong":      func(p *[6]string) { p[2] = strings.Repeat("x", ed25519.PublicKeySize) },
		"it is damaged":             func(p *[6]string) { p[4] = "\x00\x00\x00\x08" },
	} {
		if _, err := parseOpenSSH(openSSH(change)); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("want %q: %v", part, err)
		}
	}
	// The public half within the private one is another: a signature made with
	// it would give the private half away.
	if _, err := parseOpenSSH(openSSH(func(p *[6]string) { p[3] = p[3][:63] + "x" })); err == nil {
		t.Error("halves that do not belong together are taken")
	}
	block, _ := pem.Decode(openSSH(func(*[6]string) {}))
	for i := range block.Bytes {
		bad := bytes.Clone(block.Bytes)
		bad[i] ^= 1
		if k, err := parseOpenSSH(pem.EncodeToMemory(&pem.Block{Type: sshBlock, Bytes: bad})); err == nil && !k.Equal(good) {
			t.Errorf("with byte %d changed it is another key", i)
		}
		if _, err := parseOpenSSH(pem.EncodeToMemory(&pem.Block{Type: sshBlock, Bytes: block.Bytes[:i]})); err == nil && i < len(block.Bytes)-9 {
			t.Errorf("cut off after %d bytes it is a key", i)
		}
	}
}

// FuzzParseOpenSSH: no file makes it panic.
func FuzzParseOpenSSH(f *testing.F) {
	f.Add(openSSH(func(*[6]string) {}))
	f.Add([]byte("-----BEGIN " + sshBlock + "-----\n-----END " + sshBlock + "-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		private, err := parseOpenSSH(data)
		if err == nil && len(private) != ed25519.PrivateKeySize {
			t.Fatalf("a key of %d bytes", len(private))
		}
	})
}

func TestNamedKeysThatAreNone(t *testing.T) {
	dir := t.TempDir()
	_, err := Named([]string{filepath.Join(dir, "none.pub")})
	want(t, err, fault.NotFound, "no such file")
	write(t, filepath.Join(dir, "rsa.pub"), "ssh-rsa AAAA me\n", 0o644)
	_, err = Named([]string{filepath.Join(dir, "rsa.pub")})
	want(t, err, fault.Invalid, "ssh-ed25519")
	if _, err = Named([]string{"SHA256:short"}); err == nil {
		t.Error("a fingerprint that is cut off is taken")
	}
}

func TestWhereALedgerBegan(t *testing.T) {
	f := folder(t)
	began := func(seq int64, hash string, wantSeq int64) {
		t.Helper()
		if err := f.Began("/state/r-1", Beginning{seq, hash}); err != nil {
			t.Fatal(err)
		}
		if b, ok, err := f.Beginning("/state/r-1"); err != nil || !ok || b.Seq != wantSeq {
			t.Errorf("%+v, %v, %v", b, ok, err)
		}
	}
	if _, ok, err := f.Beginning("/state/r-1"); ok || err != nil {
		t.Error(ok, err)
	}
	began(5, "e", 5)
	began(9, "i", 5) // what was noted stays
	began(1, "a", 1) // the ledger begins anew
	if _, ok, _ := f.Beginning("/state/r-2"); ok {
		t.Error("another ledger has the same note")
	}
	for _, text := range []string{"", "{}", "{", `{"seq":1}`} {
		write(t, f.signed("/state/r-1"), text, 0o600)
		_, _, err := f.Beginning("/state/r-1")
		want(t, err, fault.Refused, "from which seal on")
	}
}

func TestReadKeyReadsWhatLineWrites(t *testing.T) {
	f := folder(t)
	s, err := f.Signer()
	if err != nil {
		t.Fatal(err)
	}
	k, err := provenance.ReadKey(s.Key().Line() + " comment here\n")
	if err != nil || k != s.Key() {
		t.Errorf("%v, %v", k, err)
	}
	fp, ok := provenance.ReadFingerprint(string(k.Fingerprint()))
	if !ok || fp != k.Fingerprint() {
		t.Errorf("%q, %v", fp, ok)
	}
	// Every byte of the key counts.
	line := s.Key().Line()
	for i := len("ssh-ed25519 "); i < len(line); i++ {
		b := []byte(line)
		b[i] ^= 1
		if other, err := provenance.ReadKey(string(b)); err == nil && other == k {
			t.Errorf("byte %d does not count", i)
		}
	}
}

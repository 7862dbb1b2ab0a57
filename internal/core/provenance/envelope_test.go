package provenance

import (
	"bytes"
	"crypto/ed25519"
	"strings"
	"testing"

	"muster/internal/core/fault"
)

// secret is a key made of one byte.
func secret(seed byte) (ed25519.PrivateKey, Key) {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	k, _ := NewKey(private[ed25519.SeedSize:])
	return private, k
}

func enclosed(t testing.TB, payload []byte, seed byte) ([]byte, Key) {
	t.Helper()
	private, key := secret(seed)
	data, err := Enclose(payload, key, ed25519.Sign(private, PAE(PayloadType, payload)))
	if err != nil {
		t.Fatal(err)
	}
	return data, key
}

// TestPAE holds the example of DSSE's protocol.md.
func TestPAE(t *testing.T) {
	const want = "DSSEv1 29 http://example.com/HelloWorld 11 hello world"
	if got := string(PAE("http://example.com/HelloWorld", []byte("hello world"))); got != want {
		t.Errorf("%q", got)
	}
}

func TestAnEnvelopeOpensAsItWasEnclosed(t *testing.T) {
	for _, payload := range []string{"", "{}", "\x00\xff<&>", strings.Repeat("a", 1000)} {
		data, key := enclosed(t, []byte(payload), 1)
		o, err := Open(data)
		if err != nil || string(o.Payload) != payload || o.By != key.Fingerprint() || !o.SignedBy(key) {
			t.Errorf("%q: %+v, %v", payload, o, err)
		}
		if _, other := secret(2); o.SignedBy(other) {
			t.Error("another key has signed it as well")
		}
	}
}

// TestEveryFlippedBitOfAnEnvelopeIsFound flips every bit of every byte.
func TestEveryFlippedBitOfAnEnvelopeIsFound(t *testing.T) {
	data, key := enclosed(t, []byte(`{"_type":"x","list":[1,2,"é"]}`), 1)
	for i := range data {
		for bit := range 8 {
			bad := bytes.Clone(data)
			bad[i] ^= 1 << bit
			if o, err := Open(bad); err == nil && o.SignedBy(key) {
				t.Errorf("bit %d of byte %d: %q passes", bit, i, bad)
			}
		}
		if o, err := Open(append(bytes.Clone(data[:i]), data[i+1:]...)); err == nil && o.SignedBy(key) {
			t.Errorf("without byte %d it passes", i)
		}
	}
}

func TestOtherSpellingsOfAnEnvelopeAreRefused(t *testing.T) {
	data, key := enclosed(t, []byte(`{}`), 1)
	text := strings.TrimSuffix(string(data), "\n")
	two := strings.Replace(text, `"signatures":[{`, `"signatures":[{"keyid":"`+string(key.Fingerprint())+`","sig":""},{`, 1)
	for name, bad := range map[string]string{
		"nothing":           "",
		"no line feed":      text,
		"two line feeds":    text + "\n\n",
		"spaces":            strings.Replace(text, `,"payload"`, `, "payload"`, 1) + "\n",
		"upper case":        strings.Replace(text, `"payload"`, `"PAYLOAD"`, 1) + "\n",
		"another field":     strings.Replace(text, `{"payloadType"`, `{"a":1,"payloadType"`, 1) + "\n",
		"a field twice":     strings.Replace(text, `"payload":`, `"payload":"","payload":`, 1) + "\n",
		"an escape":         strings.Replace(text, `in-toto`, `\u0069n-toto`, 1) + "\n",
		"something after":   text + "\n{}\n",
		"another type":      strings.Replace(text, PayloadType, "text/plain", 1) + "\n",
		"no signature":      text[:strings.Index(text, `[{`)] + "[]}\n",
		"two signatures":    two + "\n",
		"a list":            "[" + text + "]\n",
		"bits behind":       strings.Replace(text, `"payload":"e30="`, `"payload":"e31="`, 1) + "\n",
		"a break in base64": strings.Replace(text, `"payload":"e30="`, `"payload":"e3\n0="`, 1) + "\n",
		"no fingerprint":    strings.Replace(text, "SHA256:", "MD5:", 1) + "\n",
	} {
		if bad == string(data) {
			t.Errorf("%s: nothing was changed", name)
		}
		if _, err := Open([]byte(bad)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestALargeEnvelopeIsNotRead(t *testing.T) {
	for size, part := range map[int]string{1 << 20: "", MaxEnvelope: "larger than"} {
		data, key := enclosed(t, bytes.Repeat([]byte("a"), size), 1)
		if o, err := Open(data); (err == nil) != (part == "") || err == nil && !o.SignedBy(key) || err != nil && !strings.Contains(err.Error(), part) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestASignerHoldsTogether(t *testing.T) {
	_, one := secret(1)
	_, two := secret(2)
	for _, s := range []Signer{
		{one.Fingerprint(), two.Line()}, {one.Fingerprint(), one.Line() + " comment"}, {"", one.Line()}, {one.Fingerprint(), ""},
	} {
		if k, ok := s.PublicKey(); ok {
			t.Errorf("%+v gives %s", s, k.Fingerprint())
		}
	}
	if k, ok := (Signer{one.Fingerprint(), one.Line()}).PublicKey(); !ok || k != one {
		t.Errorf("%v, %v", k, ok)
	}
}

// FuzzOpen: no input makes it panic, and what opens is written in one way.
func FuzzOpen(f *testing.F) {
	data, _ := enclosed(f, []byte(`{"_type":"x"}`), 1)
	f.Add(data)
	f.Add([]byte(`{"payloadType":"application/vnd.in-toto+json","payload":"","signatures":[{"keyid":"","sig":""}]}` + "\n"))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := Open(data)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatal(err)
			}
			return
		}
		again := Envelope{PayloadType: PayloadType, Payload: b64(o.Payload), Signatures: []Signature{{string(o.By), b64(o.Signature)}}}
		if text, err := again.file(); err != nil || !bytes.Equal(text, data) {
			t.Fatalf("%q opens, and is written as %q, %v", data, text, err)
		}
		if s, err := Read(o.Payload); err == nil {
			if text, err := s.Bytes(); err != nil || !bytes.Equal(text, o.Payload) {
				t.Fatalf("%q is read, and written as %q, %v", o.Payload, text, err)
			}
		}
	})
}

// TestAKeyIsWrittenAsOpenSSHDoes holds what ssh-keygen -lf says of this line.
func TestAKeyIsWrittenAsOpenSSHDoes(t *testing.T) {
	k, ok := NewKey(bytes.Repeat([]byte{1}, 32))
	const line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
	if !ok || k.Line() != line || k.Fingerprint() != "SHA256:RXm/ruZ0eTzRXKwi1AQEDynB0VgHQ2ac9KPSFdf/YnA" {
		t.Errorf("%s, %s", k.Line(), k.Fingerprint())
	}
}

func TestSealMessage(t *testing.T) {
	if got := string(SealMessage("ab")); got != "muster seal v1\nab\n" {
		t.Errorf("%q", got)
	}
}

func TestFingerprintsAndKeysThatAreNone(t *testing.T) {
	_, key := secret(1)
	for _, text := range []string{"", "SHA256:", string(key.Fingerprint())[1:], string(key.Fingerprint()) + "A", "SHA256:" + strings.Repeat("=", 43)} {
		if f, ok := ReadFingerprint(text); ok {
			t.Errorf("%q is read as %s", text, f)
		}
	}
	for _, text := range []string{"", "ssh-ed25519", "ssh-ed25519 !", "ssh-rsa AAAA", "ssh-ed25519 AAAA", strings.Replace(key.Line(), " AAAA", " AAAB", 1)} {
		if k, err := ReadKey(text); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q is read as %v, %v", text, k, err)
		}
	}
	if (Key{}).Verify(nil, nil) || (Key{}).Fingerprint() != "" {
		t.Error("no key signs")
	}
	if _, ok := NewKey(nil); ok {
		t.Error("nothing is a key")
	}
}

func TestTrust(t *testing.T) {
	_, one := secret(1)
	_, two := secret(2)
	trust := Trust{}.Add(one.Fingerprint(), Key{}).Add(two.Fingerprint(), two)
	if _, known := trust.Key(one.Fingerprint()); known || !trust.Has(one.Fingerprint()) || !trust.Has(two.Fingerprint()) || trust.Has("") || (Trust{}).Has(one.Fingerprint()) {
		t.Errorf("%+v", trust)
	}
	if k, known := trust.Key(two.Fingerprint()); !known || k != two {
		t.Errorf("%v, %v", k, known)
	}
	if again := trust.Add(one.Fingerprint(), one); len(again.Keys) != 2 || len(trust.Whole) != 1 {
		t.Errorf("%+v after %+v", again, trust)
	}
}

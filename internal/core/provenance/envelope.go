package provenance

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"muster/internal/core/fault"
)

// PayloadType is what envelopes of Muster hold: an in-toto statement.
const PayloadType = "application/vnd.in-toto+json"

// MaxEnvelope is the largest envelope in bytes that is read.
const MaxEnvelope = 16 << 20

// Envelope is a payload with its signature, in the form of DSSE 1.0.2
// (github.com/secure-systems-lab/dsse, envelope.md and protocol.md).
type Envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     string      `json:"payload"` // base64
	Signatures  []Signature `json:"signatures"`
}

// Signature is one signature of an envelope.
type Signature struct {
	KeyID string `json:"keyid"` // the key's fingerprint
	Sig   string `json:"sig"`   // base64
}

// PAE is what is signed of a payload: DSSE's pre-authentication encoding.
func PAE(payloadType string, payload []byte) []byte {
	return fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(payloadType), payloadType, len(payload), payload)
}

// Enclose puts a payload with its signature by key into an envelope, as the bytes
// of a file.
func Enclose(payload []byte, key Key, signature []byte) ([]byte, error) {
	return Envelope{
		PayloadType: PayloadType, Payload: base64.StdEncoding.EncodeToString(payload),
		Signatures: []Signature{{string(key.Fingerprint()), base64.StdEncoding.EncodeToString(signature)}},
	}.file()
}

// file gives the one form in which an envelope is written: one line.
func (e Envelope) file() ([]byte, error) {
	data, err := encode(e)
	return append(data, '\n'), err
}

// Opened is what an envelope holds, once its form has been found right. Nobody
// has looked at the signature yet.
type Opened struct {
	Payload   []byte
	By        Fingerprint // who is said to have signed it
	Signature []byte
}

// Open reads an envelope of exactly the form that Enclose gives, with one
// signature. Other spellings of the same JSON are refused, so that no byte of
// it can change without notice; text that is no such envelope is Invalid.
func Open(data []byte) (Opened, error) {
	if len(data) > MaxEnvelope {
		return Opened{}, fault.New(fault.Invalid, "it is larger than %d bytes", MaxEnvelope)
	}
	var e Envelope
	if err := decodeStrict(data, &e); err != nil {
		return Opened{}, fault.New(fault.Invalid, "it is no envelope: %v", err)
	}
	if again, err := e.file(); err != nil || !bytes.Equal(again, data) {
		return Opened{}, fault.New(fault.Invalid, "it is not written as Muster writes an envelope, so something in it was changed")
	}
	if e.PayloadType != PayloadType {
		return Opened{}, fault.New(fault.Invalid, "it holds %.80q, not %s", e.PayloadType, PayloadType)
	}
	if len(e.Signatures) != 1 {
		return Opened{}, fault.New(fault.Invalid, "it has %d signatures, not one", len(e.Signatures))
	}
	s := e.Signatures[0]
	by, ok := ReadFingerprint(s.KeyID)
	if !ok {
		return Opened{}, fault.New(fault.Invalid, "its keyid %.80q is no fingerprint", s.KeyID)
	}
	o := Opened{By: by}
	for _, f := range []struct {
		name, text string
		into       *[]byte
	}{{"payload", e.Payload, &o.Payload}, {"signature", s.Sig, &o.Signature}} {
		var err error
		if *f.into, err = base64.StdEncoding.Strict().DecodeString(f.text); err != nil {
			return Opened{}, fault.New(fault.Invalid, "its %s is no base64: %v", f.name, err)
		}
		// Line breaks are skipped by the decoder.
		if base64.StdEncoding.EncodeToString(*f.into) != f.text {
			return Opened{}, fault.New(fault.Invalid, "its %s is not written as base64 is", f.name)
		}
	}
	return o, nil
}

// SignedBy tells whether the key made the envelope's signature.
func (o Opened) SignedBy(k Key) bool {
	return k.Fingerprint() == o.By && k.Verify(PAE(PayloadType, o.Payload), o.Signature)
}

// decodeStrict reads one JSON value that has no field which v has not.
func decodeStrict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// encode gives v as one line of JSON, with <, > and & as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "write JSON")
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

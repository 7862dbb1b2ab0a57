package attest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"muster/internal/adapter/git"
	"muster/internal/core/change"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/provenance"
	"muster/internal/store"
)

// Result is what came of one look at an attestation.
type Result string

// What can come of a look.
const (
	Good      Result = "good"
	Refuted   Result = "refuted"
	Unchecked Result = "not checked"
)

// Point is one look at an attestation.
type Point struct {
	About  string `json:"about"`
	Result Result `json:"result"`
	Why    string `json:"why"`
	need   bool   // without it the attestation says nothing
}

// Checked is what was found out about one attestation.
type Checked struct {
	From   string                 `json:"from"` // the file or ref that holds it
	Commit string                 `json:"commit,omitempty"`
	Tree   string                 `json:"tree,omitempty"`
	Run    string                 `json:"run,omitempty"`
	Task   string                 `json:"task,omitempty"`
	Key    provenance.Fingerprint `json:"key,omitempty"`
	Result Result                 `json:"result"`
	Points []Point                `json:"points"`
}

// found adds a look, and sees to what it means for the whole.
func (c *Checked) found(about string, r Result, format string, args ...any) {
	c.add(Point{About: about, Result: r, Why: fmt.Sprintf(format, args...)})
}

// needed is found for a look without which the attestation says nothing.
func (c *Checked) needed(about string, r Result, format string, args ...any) {
	c.add(Point{About: about, Result: r, Why: fmt.Sprintf(format, args...), need: true})
}

func (c *Checked) add(p Point) {
	c.Points = append(c.Points, p)
	switch {
	case p.Result == Refuted:
		c.Result = Refuted
	case p.Result == Unchecked && p.need && c.Result == Good:
		c.Result = Unchecked
	}
}

// holder is an attestation that has not been looked at.
type holder struct {
	from string
	data []byte
}

// Verify checks the attestations of a commit, or the one in a file: without
// any network, against the repository, and against the ledger where there is
// one. Keys are those that the person trusts, as files or fingerprints;
// without any, those that have signed on this machine.
func Verify(ctx context.Context, p *Place, named string, keys []string) ([]Checked, error) {
	a, err := Anchor(p.host, p.state, keys)
	if err != nil {
		return nil, err
	}
	about, held, err := p.attestations(ctx, named)
	if err != nil {
		return nil, err
	}
	var out []Checked
	for _, h := range held {
		c := Checked{From: h.from, Result: Good}
		if err := p.check(ctx, &c, h.data, about, a.Trust); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "check the attestation in %s", h.from)
		}
		out = append(out, c)
	}
	return out, nil
}

// attestations gives the attestation in a file, or all that there are of a
// commit: beside the ledger and in its note. The point is the commit that was
// named, or zero.
func (p *Place) attestations(ctx context.Context, named string) (change.Point, []holder, error) {
	path := named
	if !filepath.IsAbs(path) {
		path = filepath.Join(p.host.Dir, path)
	}
	data, err := readBounded(path)
	switch {
	case err == nil:
		return change.Point{}, []holder{{named, data}}, nil
	case !errors.Is(err, fs.ErrNotExist) || strings.Contains(named, "/") && strings.HasSuffix(named, ".json"):
		return change.Point{}, nil, fault.WithHint(fault.Wrap(fault.NotFound, err, "read the attestation %s", named), "name the file of an attestation, or a commit")
	}
	c, err := p.repo.Resolve(ctx, named)
	if err != nil {
		return c, nil, fault.WithHint(err, "%s is no file either; name the file of an attestation, or a commit", named)
	}
	var held []holder
	data, err = readBounded(p.kept(c.Commit))
	if err == nil {
		held = append(held, holder{p.kept(c.Commit), data})
	} else if !errors.Is(err, fs.ErrNotExist) {
		return c, nil, fault.Wrap(fault.Internal, err, "read the attestation of %s", c.Commit)
	}
	data, ok, err := git.ReadNote(ctx, p.repo, c.Commit, provenance.MaxEnvelope)
	if err != nil {
		return c, nil, err
	}
	if ok {
		held = append(held, holder{git.NotesRef, data})
	}
	if len(held) == 0 {
		return c, nil, fault.New(fault.NotFound, "check the attestation of %s: there is none here", c.Commit).
			WithHint("make one on the machine where it landed (muster attest create %s), or name its file", named)
	}
	return c, held, nil
}

// readBounded reads a regular file. One that is too large is given as far as
// that shows.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, fs.ErrNotExist)
	}
	return io.ReadAll(io.LimitReader(f, provenance.MaxEnvelope+1))
}

// check looks at one attestation. An error means that it could not look.
func (p *Place) check(ctx context.Context, c *Checked, data []byte, about change.Point, trust provenance.Trust) error {
	o, err := provenance.Open(data)
	if err != nil {
		c.needed("envelope", Refuted, "%v", err)
		return nil
	}
	c.Key = o.By
	s, err := provenance.Read(o.Payload)
	if err != nil {
		c.needed("statement", Refuted, "%v", err)
		return nil
	}
	said := s.Predicate
	c.Commit, c.Tree, c.Run, c.Task = said.Change.Head.Commit, said.Change.Head.Tree, said.Run.ID, said.Task.ID
	key := p.signature(c, o, said.Signer, trust)
	if c.Result == Refuted {
		return nil // what a forged statement says is of no interest
	}
	if err := p.subject(ctx, c, about); err != nil {
		return err
	}
	p.sealed(c, said.Ledger.Seal, key, trust)
	return p.facts(ctx, c, said)
}

// signature checks who signed the envelope, and gives the key.
func (p *Place) signature(c *Checked, o provenance.Opened, said provenance.Signer, trust provenance.Trust) provenance.Key {
	key, known := trust.Key(o.By)
	if !known {
		if key, known = said.PublicKey(); !known {
			c.needed("signature", Refuted, "the public key in the statement is damaged")
			return provenance.Key{}
		}
	}
	switch {
	case said.Key != key.Fingerprint() || !o.SignedBy(key):
		c.needed("signature", Refuted, "it was not made by key %s of these bytes", o.By)
	case trust.Has(o.By):
		c.needed("signature", Good, "by %s", o.By)
	case trust.Named:
		c.needed("signature", Refuted, "it is signed by %s; trusted is %s", o.By, trust)
	default:
		c.needed("signature", Unchecked, "it is signed by %s, and nobody here has said that this key is trusted: name it with --key if you know it", o.By)
	}
	return key
}

// subject checks that the repository has the commit, with this tree.
func (p *Place) subject(ctx context.Context, c *Checked, about change.Point) error {
	if about.Commit != "" && about.Commit != c.Commit {
		c.needed("commit", Refuted, "it is about %s, not about %s", c.Commit, about.Commit)
		return nil
	}
	is, err := p.repo.Resolve(ctx, c.Commit)
	switch {
	case fault.KindOf(err) == fault.NotFound || fault.KindOf(err) == fault.Invalid:
		c.needed("commit", Unchecked, "this repository has no commit %.64q", c.Commit)
		return nil
	case err != nil:
		return err
	case is.Commit != c.Commit:
		c.needed("commit", Refuted, "%.64q names commit %s and is not its id", c.Commit, is.Commit)
	case is.Tree != c.Tree:
		c.needed("commit", Refuted, "commit %s has tree %s, not %s", c.Commit, is.Tree, c.Tree)
	default:
		c.needed("commit", Good, "%s with tree %s is in this repository", is.Commit, is.Tree)
	}
	return nil
}

// sealed checks the signature of the seal that the statement names.
func (p *Place) sealed(c *Checked, s provenance.Seal, key provenance.Key, trust provenance.Trust) {
	k, known := trust.Key(s.Signer)
	if key.Fingerprint() == s.Signer {
		k, known = key, true
	}
	switch {
	case s.Signer == "" && len(s.Signature) == 0:
		c.found("seal", Unchecked, "seal %d is older than signatures", s.Seq)
	case !known:
		c.found("seal", Unchecked, "seal %d is signed by %s, whose public key is not known here", s.Seq, s.Signer)
	case !k.Verify(provenance.SealMessage(s.Hash), s.Signature):
		c.found("seal", Refuted, "the signature of seal %d was not made by %s", s.Seq, s.Signer)
	default:
		c.found("seal", Good, "seal %d of the ledger is signed by %s", s.Seq, s.Signer)
	}
}

// facts compares the statement with the ledger and its blobs.
func (p *Place) facts(ctx context.Context, c *Checked, said provenance.Predicate) error {
	if p.store == nil {
		c.found("ledger", Unchecked, "there is no ledger of this repository here: that the facts are those recorded rests on the signature alone")
		return nil
	}
	if !p.knows(ctx, said.Run.ID) {
		c.found("ledger", Unchecked, "the ledger here knows nothing of run %.64q: that the facts are those recorded rests on the signature alone", said.Run.ID)
		return ctx.Err()
	}
	h, seal, err := p.history(ctx, said.Run.ID, said.Task.ID)
	if err != nil {
		if interrupted(err) {
			return err
		}
		c.found("ledger", Refuted, "the ledger here does not bear it out: %v", err)
		return nil
	}
	have, missing, err := p.blobs(ctx, h.Blobs())
	if err == nil {
		var gone []string
		_, gone, err = p.blobs(ctx, h.Kept())
		missing = append(missing, gone...)
	}
	if err != nil {
		if interrupted(err) {
			return err
		}
		c.found("blobs", Refuted, "%v", err)
		return nil
	}
	differ, err := h.Compare(said, have, seal)
	switch {
	case err != nil:
		c.found("ledger", Refuted, "the ledger here cannot be read as it was recorded: %v", err)
	case len(differ) > 0:
		c.found("ledger", Refuted, "the ledger here says something else of %s", strings.Join(differ[:min(len(differ), 5)], ", "))
	default:
		c.found("ledger", Good, "all that is said follows from the records up to seal %d", seal.Seq)
	}
	slices.Sort(missing)
	if missing = slices.Compact(missing); len(missing) > 0 {
		c.found("blobs", Unchecked, "%d blobs that it names are gone, so what they told was not compared: %s", len(missing), strings.Join(missing[:min(len(missing), 3)], ", "))
	} else if c.Result == Good || c.Result == Unchecked {
		c.found("blobs", Good, "every blob that it names is there and gives its digest")
	}
	return nil
}

// knows tells that the ledger has a record of a run, be it one that cannot be
// read.
func (p *Place) knows(ctx context.Context, run string) bool {
	for range p.store.Records(ctx, store.Query{Stream: flow.RunStream(run), Limit: 1}) {
		return true
	}
	return false
}

// interrupted tells an error that says nothing about the ledger.
func interrupted(err error) bool { return fault.KindOf(err) == fault.Transient }

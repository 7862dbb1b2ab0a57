package attest

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"muster/internal/adapter/git"
	"muster/internal/core/change"
	"muster/internal/core/fault"
	"muster/internal/core/provenance"
)

// Find gives the run, by its id, and the task that a person means by a name.
type Find func(ctx context.Context, name string) (run, task string, err error)

// Made is an attestation that was made.
type Made struct {
	Commit   string                 `json:"commit"`
	Tree     string                 `json:"tree"`
	Run      string                 `json:"run"`
	Task     string                 `json:"task"`
	Key      provenance.Fingerprint `json:"key"`
	File     string                 `json:"file"`           // where it is kept, beside the ledger
	Note     string                 `json:"note,omitempty"` // the ref that holds it as well
	Missing  []string               `json:"missing"`        // blobs that the ledger names and that are gone; what they told is left out
	Envelope []byte                 `json:"-"`
}

// Create makes an attestation of a change that landed, given as a task or as
// the commit, signs it with the person's key, and keeps it beside the ledger.
// Doing it again gives the same bytes.
func Create(ctx context.Context, p *Place, named string, find Find, version string) (Made, error) {
	run, task, commit, err := p.find(ctx, named, find)
	if err != nil {
		return Made{}, err
	}
	h, seal, err := p.history(ctx, run, task)
	if err != nil {
		return Made{}, fault.Wrap(fault.Internal, err, "attest %s", named)
	}
	landed := h.Landed()
	if commit.Commit != "" && commit.Commit != landed.Commit {
		return Made{}, fault.New(fault.Invalid, "attest %s: by its message it is task %s of run %s, and what landed of that is %s", named, task, run, landed.Commit).
			WithHint("attest that commit; %s was made outside of Muster, or rewritten since", named)
	}
	if err := p.holds(ctx, landed); err != nil {
		return Made{}, err
	}
	blobs, missing, err := p.blobs(ctx, h.Blobs())
	if err != nil {
		return Made{}, fault.Wrap(fault.Internal, err, "attest %s", named)
	}
	what, err := h.Predicate(blobs, seal)
	if err != nil {
		return Made{}, fault.Wrap(fault.Internal, err, "attest %s", named)
	}
	out := Made{Commit: landed.Commit, Tree: landed.Tree, Run: run, Task: task, Missing: append([]string{}, missing...)}
	s, err := keysFolder(p.host, p.state).Signer()
	if err != nil {
		return out, err
	}
	out.Key = s.Key().Fingerprint()
	what.Muster, what.Signer = version, provenance.Signer{Key: out.Key, Public: s.Key().Line()}
	payload, err := provenance.State(what).Bytes()
	if err != nil {
		return out, err
	}
	out.Envelope, err = provenance.Enclose(payload, s.Key(), s.Sign(provenance.PAE(provenance.PayloadType, payload)))
	if err != nil {
		return out, err
	}
	out.File = p.kept(landed.Commit)
	if err := os.MkdirAll(filepath.Dir(out.File), 0o700); err != nil {
		return out, fault.Wrap(fault.Refused, err, "make the folder of attestations")
	}
	return out, WriteFile(out.File, out.Envelope)
}

// find gives the run and task of a change; the commit too when that was given.
func (p *Place) find(ctx context.Context, named string, find Find) (run, task string, commit change.Point, err error) {
	run, task, err = find(ctx, named)
	if err == nil || fault.KindOf(err) != fault.NotFound {
		return run, task, commit, err
	}
	commit, none := p.repo.Resolve(ctx, named)
	if none != nil {
		return "", "", commit, err // it is no commit either
	}
	text, err := p.message(ctx, commit)
	if err != nil {
		return "", "", commit, err
	}
	run, task = provenance.Trailer(text, "Muster-Run"), provenance.Trailer(text, "Muster-Task")
	if run == "" || task == "" {
		return "", "", commit, fault.New(fault.NotFound, "attest %s: its message names no run and task of Muster", named).
			WithHint("only what Muster landed is attested; a commit that was squashed or pushed by hand is not")
	}
	return run, task, commit, nil
}

// holds makes sure that the repository has the commit with its tree.
func (p *Place) holds(ctx context.Context, c change.Point) error {
	is, err := p.repo.Resolve(ctx, c.Commit)
	if err != nil {
		return fault.Wrap(fault.NotFound, err, "look for the landed commit %s", c.Commit)
	}
	if is != c {
		return fault.New(fault.Internal, "commit %s has tree %s, and the ledger says %s", c.Commit, is.Tree, c.Tree)
	}
	return nil
}

// kept names the file of a commit's attestation beside the ledger.
func (p *Place) kept(commit string) string {
	return filepath.Join(p.state, "attestations", commit+".json")
}

// WriteFile puts an attestation in place in one step, durable.
func WriteFile(path string, data []byte) error {
	wrap := func(err error) error {
		return fault.WithHint(fault.Wrap(fault.Refused, err, "write the attestation %s", path), "choose a folder that is there and that you can write to")
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".attestation-")
	if err != nil {
		return wrap(err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return wrap(err)
}

// Annotate puts an attestation into the note of its commit.
func Annotate(ctx context.Context, p *Place, made *Made) error {
	err := git.WriteNote(ctx, p.repo, made.Commit, made.Envelope)
	if err == nil {
		made.Note = git.NotesRef
	}
	return fault.WithHint(err, "the attestation is in %s all the same", made.File)
}

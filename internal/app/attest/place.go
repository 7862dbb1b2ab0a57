package attest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"muster/internal/adapter/git"
	"muster/internal/app/machine"
	"muster/internal/core/change"
	"muster/internal/core/fault"
	"muster/internal/core/provenance"
	"muster/internal/store"
)

// Place is a repository with what is known here of how its commits came about.
type Place struct {
	host  machine.Host
	name  string
	state string       // folder of the ledger
	store *store.Store // nil: there is no ledger of this repository here
	repo  *git.Repo
}

// Open opens the repository that holds the host's folder, and its ledger where
// there is one. It makes no ledger.
func Open(ctx context.Context, h machine.Host) (*Place, error) {
	where, err := git.Locate(ctx, h.Dir)
	if err != nil {
		return nil, err
	}
	p := &Place{host: h, name: where.Name}
	if p.state, err = h.StateFolder(where.CommonDir, where.Name); err != nil {
		return nil, err
	}
	_, err = os.Stat(filepath.Join(p.state, store.File))
	switch {
	case err == nil:
		p.store, err = store.Open(ctx, p.state)
	case errors.Is(err, fs.ErrNotExist):
		err = nil
	}
	if err == nil {
		p.repo, err = git.Open(ctx, h.Dir, p.state)
	}
	if err != nil {
		_ = p.Close()
		return nil, fault.Wrap(fault.Internal, err, "open %s", p.state)
	}
	return p, nil
}

// Close gives back what Open took.
func (p *Place) Close() error {
	var err error
	if p.repo != nil {
		err = p.repo.Close()
	}
	if p.store != nil {
		err = errors.Join(err, p.store.Close())
	}
	return err
}

// message gives the message of one commit.
func (p *Place) message(ctx context.Context, c change.Point) (string, error) {
	parent, err := p.repo.Resolve(ctx, c.Commit+"^1")
	if err != nil {
		parent = change.Point{} // the first commit
	}
	text, err := p.repo.Messages(ctx, parent, c)
	for i := len(text) - 1; i >= 0; i-- {
		if text[i] == 0 {
			return text[i+1:], err
		}
	}
	return text, err
}

// history reads what the ledger says of a landed task. Every record is hashed.
func (p *Place) history(ctx context.Context, run, task string) (provenance.History, provenance.Seal, error) {
	f := provenance.NewFold(run, task)
	none := provenance.Seal{}
	if p.store == nil {
		return provenance.History{}, none, fault.New(fault.NotFound, "look up task %s of run %s: there is no ledger of %s here", task, run, p.name).
			WithHint("on the machine where the run was, muster status lists runs")
	}
	at := int64(0)
	for row, err := range inOrder(ctx, p.store, f.Streams()) {
		if err != nil {
			return provenance.History{}, none, err
		}
		if at = row.Row; !f.More(row.Record) {
			break
		}
	}
	h, err := f.End()
	if err != nil {
		return h, none, fault.WithHint(err, "muster status shows where it stands; only what has landed is attested")
	}
	seal, err := sealAfter(ctx, p.store, at)
	return h, seal, err
}

// blobs reads blobs, and tells which are missing.
func (p *Place) blobs(ctx context.Context, digests []string) (have map[string][]byte, missing []string, err error) {
	have = map[string][]byte{}
	for _, sha := range digests {
		data, err := p.store.Blob(ctx, sha)
		switch {
		case fault.KindOf(err) == fault.NotFound:
			missing = append(missing, sha)
		case err != nil:
			return have, missing, err
		default:
			have[sha] = data
		}
	}
	return have, missing, nil
}

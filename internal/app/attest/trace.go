package attest

import (
	"context"

	"muster/internal/adapter/git"
	"muster/internal/core/change"
	"muster/internal/core/fault"
	"muster/internal/core/provenance"
)

// Trace says who wrote the lines that a commit added, in the form of Agent
// Trace: by the ledger where it knows the commit, else by the commit's message.
func Trace(ctx context.Context, p *Place, rev, version string) (provenance.Trace, error) {
	c, err := p.repo.Resolve(ctx, rev)
	if err != nil {
		return provenance.Trace{}, err
	}
	text, err := p.message(ctx, c)
	if err != nil {
		return provenance.Trace{}, err
	}
	t := provenance.Tracing{Commit: c.Commit, Version: version}
	var known bool
	if t.Origin, t.By, known = provenance.OriginOfMessage(text); t.Origin.Run != "" && p.store != nil {
		o, by, ok, err := p.recorded(ctx, t.Origin, c)
		if err != nil {
			return provenance.Trace{}, err
		}
		if ok {
			t.Origin, t.By, known = o, by, true
		}
	}
	if !known {
		return provenance.Trace{}, fault.New(fault.NotFound, "trace %s: neither the ledger nor its message says who made it", rev).
			WithHint("name a commit that Muster landed")
	}
	parent, err := p.repo.Resolve(ctx, c.Commit+"^1")
	if err != nil {
		return provenance.Trace{}, fault.Wrap(fault.NotFound, err, "trace %s: look for what it changed", rev)
	}
	if t.Patches, err = p.repo.Patches(ctx, parent.Commit, c.Commit); err != nil {
		return provenance.Trace{}, err
	}
	log, err := git.History(ctx, p.repo, c.Commit, 0)
	if err != nil {
		return provenance.Trace{}, err
	}
	if len(log) > 0 {
		t.AtS = log[0].AtS
	}
	return t.Trace(), nil
}

// recorded gives what the ledger knows of a commit; false when that is nothing.
func (p *Place) recorded(ctx context.Context, said provenance.Origin, c change.Point) (provenance.Origin, provenance.Contributor, bool, error) {
	none := provenance.Origin{}
	h, seal, err := p.history(ctx, said.Run, said.Task)
	if fault.KindOf(err) == fault.NotFound {
		return none, provenance.Contributor{}, false, nil
	}
	if err != nil || h.Landed() != c {
		return none, provenance.Contributor{}, false, err
	}
	blobs, _, err := p.blobs(ctx, h.Blobs())
	if err != nil {
		return none, provenance.Contributor{}, false, err
	}
	what, err := h.Predicate(blobs, seal)
	o, by := provenance.OriginOf(what)
	return o, by, err == nil, err
}

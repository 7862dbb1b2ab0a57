package engine

import (
	"context"
	"fmt"

	"muster/internal/core/change"
	"muster/internal/core/flow"
)

func (h *Hands) mergeChange(ctx context.Context, o flow.MergeChange, atUS int64) (Answer, error) {
	r := change.MergeRequest{Run: o.Run, Name: o.Name, Base: o.Base, Head: o.Head, AtUS: atUS}
	if o.Task != "" {
		_, task, err := h.task(ctx, o.Inputs, o.Task)
		if err != nil {
			return Answer{}, err
		}
		r.Ref = fmt.Sprintf("refs/muster/merges/%s/%s", o.Run, o.Task)
		r.Message, r.Author = message(o.Inputs, task, made{agent: o.Agent, model: o.Model, person: o.Person, with: o.With}), author(o.Agent)
		if o.Person != "" {
			r.Author = o.Person
		}
	}
	merged, err := h.Repo.Merge(ctx, r)
	return Answer{Data: flow.ChangeMerged{Merged: merged}}, err
}

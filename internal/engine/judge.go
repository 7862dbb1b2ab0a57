package engine

import (
	"context"

	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/policy"
)

// judge computes the verdict from the recorded evidence and nothing else.
func (h *Hands) judge(ctx context.Context, o flow.Judge) (Answer, error) {
	var e evidence.Evidence
	if err := h.readBlob(ctx, o.Evidence, &e); err != nil {
		return Answer{}, fault.Wrap(fault.Internal, err, "read evidence %s", o.Evidence)
	}
	v := policy.Decide(o.Subject, e, o.Accepted)
	v.Evidence = o.Evidence
	given := flow.VerdictGiven{Verdict: v, Policy: policy.Digest()}
	answer := Answer{}
	if v.Feedback != "" {
		sha, err := h.Blobs.PutBlob(ctx, []byte(v.Feedback))
		if err != nil {
			return Answer{}, err
		}
		given.Feedback, given.Verdict.Feedback = sha, ""
		answer.Blobs = []string{sha}
	}
	answer.Data = given
	return answer, nil
}

package engine

import (
	"context"

	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
)

func (h *Hands) runChecks(ctx context.Context, o flow.RunChecks) (Answer, error) {
	r, err := h.request(ctx, o)
	if err != nil {
		return Answer{}, err
	}
	if r.Known, err = h.known(ctx, o.Where()); err != nil {
		return Answer{}, err
	}
	begun := h.Clock.NowUS()
	e, err := h.Checks.Judge(ctx, r)
	if err != nil {
		return Answer{}, err
	}
	digest, err := h.writeBlob(ctx, e)
	if err != nil {
		return Answer{}, err
	}
	done := flow.EvidenceRecorded{Digest: digest, Base: r.Base, Head: r.Head, TimeUS: h.Clock.NowUS() - begun}
	for _, x := range e.Results {
		if x.Check == evidence.SetUpCheck && x.Status == evidence.CouldNot {
			// No fault of the change: nothing is concluded, and the task waits
			// until the same checks can be carried out.
			return Answer{}, fault.New(fault.Refused, "check the change: %s", x.Why).
				WithHint("mend it, then have the same checks made: muster retry, or muster resume where the run is paused")
		}
		if !x.Cached { // else it was told when it ran
			done.Tried = append(done.Tried, x.Tried...)
		}
		switch x.Status {
		case evidence.Failed:
			done.Failed = append(done.Failed, x.Check)
		case evidence.CouldNot, evidence.TimedOut, evidence.Flaky:
			done.NotRun = append(done.NotRun, x.Check)
		case evidence.Passed, evidence.Skipped:
		}
	}
	return Answer{Data: done, Blobs: []string{digest}}, nil
}

// known gives the flaky tests that other judgements than those of a stream
// have shown.
func (h *Hands) known(ctx context.Context, s flow.Stream) ([]evidence.Known, error) {
	m, first, ok, err := h.Log.Machine(ctx, flow.TestsStream)
	if err != nil || !ok {
		return nil, err
	}
	e, err := first.Event()
	if err != nil {
		return nil, err
	}
	state, err := flow.Load(flow.TestsStream, e, m.Snapshot)
	if err != nil {
		return nil, err
	}
	tests, ok := state.(flow.Tests)
	if !ok {
		return nil, fault.New(fault.Internal, "stream %s does not begin with what was tried of tests", flow.TestsStream)
	}
	return tests.Elsewhere(s), nil
}

// request says what the evidence on the change may depend on. What controls
// the gate comes from the run's inputs, which were read from the trusted base.
func (h *Hands) request(ctx context.Context, o flow.RunChecks) (evidence.Request, error) {
	in, err := h.load(ctx, o.Inputs)
	if err != nil {
		return evidence.Request{}, err
	}
	c := in.config
	r := evidence.Request{
		Subject: o.Subject, Base: o.Base, Head: o.Head, Build: c.Checks.Build, Protect: c.Protect,
		MaxLines: c.Checks.MaxLines, MaxFiles: c.Checks.MaxFiles, TimeMS: c.Checks.TimeMS,
		Linters: c.Checks.External, Claim: o.Claim, SetUp: c.SetUp, Sandbox: c.Sandbox,
	}
	for _, d := range in.plan.Decisions {
		r.Forbids = append(r.Forbids, d.Forbids...)
	}
	switch o.Subject {
	case evidence.OfGoal:
		r.Accept, r.Task = in.plan.Accept, in.plan.Goal
		if r.Head.Tree == "" {
			r.Head, err = h.Repo.Head(ctx, o.Run)
		}
		r.TimeMS = c.Checks.GoalTimeMS // what was left out of earlier judgements runs now
	case evidence.OfTask, evidence.OfMerge:
		_, t, err := h.task(ctx, o.Inputs, o.Task)
		if err != nil {
			return r, err
		}
		r.Scope, r.Accept, r.Type, r.Task = t.Scope, t.Accept, string(t.Type), t.Title+"\n\n"+t.Prompt
	case evidence.OfPush, evidence.OfRange:
	}
	return r, err
}

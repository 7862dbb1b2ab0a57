package engine

import (
	"context"
	"crypto/sha256"
	"fmt"

	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/job"
)

// OperationID names the operation of an attempt. It is the same for every
// repetition of the command, which is why no attempt is paid for twice.
func OperationID(run, task string, attempt int) string {
	return fmt.Sprintf("%s.%s.%d", run, task, attempt)
}

// startAttempt runs an agent to its end, or adopts it where it already runs or
// has ended.
func (h *Hands) startAttempt(ctx context.Context, o flow.StartAttempt) (Answer, error) {
	a, err := h.attempt(ctx, o)
	if err != nil {
		return Answer{}, err
	}
	spec, err := h.Agents.Spec(ctx, a)
	if err != nil {
		return Answer{}, err
	}
	if err := h.Operations.Ensure(ctx, spec); err != nil {
		return Answer{}, err
	}
	h.rooms.started(owner(o.Run, o.Task))
	exit, full, err := waitTurns(ctx, h, a, o)
	if err != nil {
		return Answer{}, err
	}
	outcome, stdout, stderr, err := h.Agents.Outcome(ctx, a, exit)
	if err != nil {
		return Answer{}, err
	}
	if full == nil && outcome.Kind == job.Halted { // it may have been asked to by an engine that is no more
		full = fullTurns(ctx, h, a, o, outcome.Usage.Turns)
	}
	outcome = endedByTurns(outcome, full)
	ended := flow.AttemptEnded{Attempt: o.Attempt, Outcome: outcome, Peak: exit.PeakBytes, Prompt: evidence.Hash([]byte(a.Prompt))}
	if exit.StartedUS > 0 && exit.EndedUS > exit.StartedUS {
		ended.TimeUS = exit.EndedUS - exit.StartedUS
	}
	answer := Answer{}
	for _, s := range []struct {
		data []byte
		into *string
	}{{stdout, &ended.Stdout}, {stderr, &ended.Stderr}} {
		if len(s.data) == 0 {
			continue
		}
		if *s.into, err = h.Blobs.PutBlob(ctx, s.data); err != nil {
			return Answer{}, err
		}
		answer.Blobs = append(answer.Blobs, *s.into)
	}
	answer.Data = ended
	return answer, nil
}

// attempt gathers what a driver needs to know.
func (h *Hands) attempt(ctx context.Context, o flow.StartAttempt) (job.Attempt, error) {
	in, task, err := h.task(ctx, o.Inputs, o.Task)
	if err != nil {
		return job.Attempt{}, err
	}
	agent, ok := in.config.Agent(o.Agent)
	if !ok {
		return job.Attempt{}, fault.New(fault.Invalid, "task %s wants agent %s, which the configuration does not have", o.Task, o.Agent).
			WithHint("add it below agents: in .muster/config.yaml")
	}
	budgets, err := budgets(ctx, h.Log, o)
	if err != nil {
		return job.Attempt{}, err
	}
	feedback := ""
	if o.Feedback.Blob != "" {
		text, err := h.Blobs.Blob(ctx, o.Feedback.Blob)
		if err != nil {
			return job.Attempt{}, err
		}
		feedback = string(text)
	}
	return job.Attempt{
		Op: OperationID(o.Run, o.Task, o.Attempt), Agent: agent, Dir: o.Dir, Session: o.Session,
		NewID:   sessionID(o.Run, o.Task, o.Attempt),
		Prompt:  prompt(in.plan, task, o, feedback),
		Sandbox: in.config.Sandbox, Shares: in.config.SetUp.Link,
		LimitMS: o.LimitMS, Previous: o.Previous, Task: o.Task, Number: o.Attempt, Round: o.Round,
		Tools: in.config.Tools, Egress: in.config.SetUp.Egress, Gateway: job.Gateway{
			Off: in.config.Gateway == "off", Prices: in.config.Prices, Budgets: budgets, Record: o.Record, Replay: o.Replay,
		},
	}, nil
}

// budgets gives what bounds the attempt, as it stands now: a person may have
// raised it since the attempt was decided.
func budgets(ctx context.Context, log Log, o flow.StartAttempt) ([]job.Budget, error) {
	var out []job.Budget
	for _, s := range []flow.Stream{flow.TaskStream(o.Run, o.Task), flow.RunStream(o.Run)} {
		m, first, ok, err := log.Machine(ctx, s)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		e, err := first.Event()
		if err != nil {
			return nil, err
		}
		state, err := flow.Load(s, e, m.Snapshot)
		if err != nil {
			return nil, err
		}
		switch m := state.(type) {
		case flow.Task:
			b := m.Budget()
			out = append(out, job.Budget{Scope: job.OfTask, MicroUSD: b.MicroUSD, Tokens: b.Tokens, Turns: b.Turns, Spent: m.Spent})
		case flow.Run:
			out = append(out, job.Budget{Scope: job.OfRun, MicroUSD: m.Limits.MicroUSD, Tokens: m.Limits.Tokens, Turns: m.Limits.Turns, Spent: m.Spent})
		}
	}
	return out, nil
}

// sessionID gives a fresh session a UUID that is the same each time the
// command is carried out (version 8: made from a hash).
func sessionID(run, task string, attempt int) string {
	b := sha256.Sum256([]byte(OperationID(run, task, attempt)))
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

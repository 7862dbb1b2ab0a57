package engine

import (
	"context"
	"fmt"
	"strings"

	"muster/internal/core/change"
	"muster/internal/core/flow"
	"muster/internal/core/plan"
)

func (h *Hands) captureChange(ctx context.Context, o flow.CaptureChange, atUS int64) (Answer, error) {
	_, task, err := h.task(ctx, o.Inputs, o.Task)
	if err != nil {
		return Answer{}, err
	}
	captured, err := h.Worktrees.Capture(ctx, change.CaptureRequest{
		Owner: owner(o.Run, o.Task), Ref: attemptRef(o.Run, o.Task, o.Attempt), Base: o.Base, AtUS: atUS,
		Message: message(o.Inputs, task, o.Agent, o.Model), Author: author(o.Agent),
	})
	return Answer{Data: flow.ChangeCaptured{Attempt: o.Attempt, Captured: captured}}, err
}

func attemptRef(run, task string, attempt int) string {
	return fmt.Sprintf("refs/muster/attempts/%s/%s.%d", run, task, attempt)
}

// author names an agent as the author of a commit. The address is one that
// can never belong to anybody (RFC 2606).
func author(agent string) string { return agent + " <" + agent + "@agent.invalid>" }

// message is the commit message of a task's change.
func message(in flow.Inputs, t plan.Task, agent, model string) string {
	title := t.Title
	if title == "" {
		title = t.ID
	}
	assisted := agent
	if model != "" {
		assisted += " (" + model + ")"
	}
	line := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	return fmt.Sprintf("%s\n\nAssisted-by: %s\nMuster-Run: %s\nMuster-Task: %s\n", line(title), line(assisted), in.Run, t.ID)
}

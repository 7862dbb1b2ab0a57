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
		Message: message(o.Inputs, task, made{agent: o.Agent, model: o.Model, with: o.With}), Author: author(o.Agent),
	})
	return Answer{Data: flow.ChangeCaptured{Attempt: o.Attempt, Captured: captured}}, err
}

func attemptRef(run, task string, attempt int) string {
	return fmt.Sprintf("refs/muster/attempts/%s/%s.%d", run, task, attempt)
}

// author names an agent as the author of a commit. The address is one that
// can never belong to anybody (RFC 2606).
func author(agent string) string { return agent + " <" + agent + "@agent.invalid>" }

// made says who made a change: an agent, perhaps with a person, or a person.
type made struct{ agent, model, with, person string }

// message is the commit message of a task's change.
func message(in flow.Inputs, t plan.Task, by made) string {
	title := t.Title
	if title == "" {
		title = t.ID
	}
	assisted := by.agent
	if by.model != "" {
		assisted += " (" + by.model + ")"
	}
	line := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	trailers := ""
	if by.person == "" {
		trailers = "Assisted-by: " + line(assisted) + "\n"
	}
	if by.with != "" {
		trailers += "Co-authored-by: " + line(by.with) + "\n"
	}
	if in.Replay != "" {
		trailers += "Muster-Replay: a recording answered in the models' place\n"
	}
	return fmt.Sprintf("%s\n\n%sMuster-Run: %s\nMuster-Task: %s\n", line(title), trailers, in.Run, t.ID)
}

package engine

import (
	"context"
	"encoding/json"
	"sync"

	"muster/internal/core/config"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/plan"
)

// Call is a command to be carried out.
type Call struct {
	Stream flow.Stream
	Op     string
	AtUS   int64 // when the machine issued it; the date of what it makes
	Order  flow.Order
}

// Answer is a command's result.
type Answer struct {
	Data  flow.Payload
	Blobs []string // that Data names
}

// Hands carries out commands. It holds no state of runs; a command may be
// carried out twice, by different processes, and does no harm.
type Hands struct {
	Ports

	rooms *rooms
	turns *turns

	mu     sync.Mutex
	inputs map[string]inputs // by plan and config digest
}

// NewHands makes Hands on the given ports.
func NewHands(p Ports) *Hands {
	return &Hands{Ports: p, inputs: map[string]inputs{}, turns: &turns{begun: map[string]map[string]int64{}}, rooms: &rooms{machine: p.Machine, clock: p.Clock, promised: map[string]promise{}}}
}

// Do carries out one command: one file each, named after the command. Its
// errors carry a kind; only the engine tries again.
func (h *Hands) Do(ctx context.Context, c Call) (Answer, error) {
	switch o := c.Order.(type) {
	case flow.OpenRun:
		return h.openRun(ctx, o)
	case flow.PrepareWorktree:
		return h.prepareWorktree(ctx, o)
	case flow.ReleaseWorktree:
		return h.releaseWorktree(ctx, o)
	case flow.StartAttempt:
		return h.startAttempt(ctx, o)
	case flow.StopAttempt:
		return h.stopAttempt(ctx, o)
	case flow.CaptureChange:
		return h.captureChange(ctx, o, c.AtUS)
	case flow.RunChecks:
		return h.runChecks(ctx, o)
	case flow.Judge:
		return h.judge(ctx, o)
	case flow.MergeChange:
		return h.mergeChange(ctx, o, c.AtUS)
	case flow.LandChange:
		return h.landChange(ctx, o)
	case flow.AdvanceTarget:
		return h.advanceTarget(ctx, o)
	case flow.AwaitRoom:
		return h.awaitRoom(ctx, o)
	case flow.Wait:
		return Answer{Data: flow.WaitOver{}}, nil
	}
	return Answer{}, fault.New(fault.Invalid, "no way to carry out %s", c.Order.Command())
}

// inputs is what a run was started with.
type inputs struct {
	plan   plan.Plan
	config config.Config
}

// load reads a run's plan and configuration from their blobs.
func (h *Hands) load(ctx context.Context, in flow.Inputs) (inputs, error) {
	key := in.Plan + in.Config
	h.mu.Lock()
	got, ok := h.inputs[key]
	h.mu.Unlock()
	if ok {
		return got, nil
	}
	if err := h.readBlob(ctx, in.Plan, &got.plan); err != nil {
		return got, fault.Wrap(fault.Internal, err, "read the plan of run %s", in.Name)
	}
	if err := h.readBlob(ctx, in.Config, &got.config); err != nil {
		return got, fault.Wrap(fault.Internal, err, "read the configuration of run %s", in.Name)
	}
	h.mu.Lock()
	h.inputs[key] = got
	h.mu.Unlock()
	return got, nil
}

// task reads a run's inputs and finds one of its tasks.
func (h *Hands) task(ctx context.Context, in flow.Inputs, id string) (inputs, plan.Task, error) {
	got, err := h.load(ctx, in)
	if err != nil {
		return got, plan.Task{}, err
	}
	t, ok := got.plan.Task(id)
	if !ok {
		return got, t, fault.New(fault.NotFound, "the plan of run %s has no task %s", in.Name, id)
	}
	return got, t, nil
}

func (h *Hands) readBlob(ctx context.Context, sha string, into any) error {
	data, err := h.Blobs.Blob(ctx, sha)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

func (h *Hands) writeBlob(ctx context.Context, v any) (string, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return h.Blobs.PutBlob(ctx, data)
}

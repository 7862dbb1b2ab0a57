package app

import (
	"context"
	"path/filepath"

	"muster/internal/adapter/gateway"
	"muster/internal/app/furnish"
	"muster/internal/app/models"
	"muster/internal/app/observe"
	"muster/internal/app/outside"
	"muster/internal/core/config"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/report"
	"muster/internal/engine"
)

// Life says whether what a run's events claim to be going on really is.
type Life string

// How a task that has something to do by itself can be.
const (
	Driven      Life = "driven"      // an engine drives it
	Alone       Life = "alone"       // its agent runs, and no engine waits for it
	Interrupted Life = "interrupted" // nothing of it runs
)

// View is where a run stands, and what of it is alive now.
type View struct {
	*report.Run
	Tasks  []TaskView   `json:"tasks"`
	End    report.End   `json:"end"` // how it stands, as an exit code says
	Driver *Driver      `json:"driver,omitempty"`
	Asks   []report.Ask `json:"asks"`
	Disk   furnish.Disk `json:"disk"` // as last measured, with what is free now

	Past      []models.Past     `json:"-"`                        // agents that do not use the gateway
	Unmetered []string          `json:"unmetered,omitempty"`      // of agents that do not use the gateway: what does not hold for them
	NotHeld   string            `json:"not_held,omitempty"`       // which promises do not hold for agents that are logged in by an account, in one line
	Untold    []string          `json:"turns_not_held,omitempty"` // for which agents a budget of turns does not hold
	Accounts  []gateway.Account `json:"accounts,omitempty"`       // whose quota has to be waited for
}

// TaskView is where a task stands, and whether it is alive.
type TaskView struct {
	report.Task
	Life Life        `json:"life,omitempty"` // only for tasks that go on by themselves
	Now  *report.Now `json:"now,omitempty"`  // how its agent is; only for one at work, or that waits to go on
	Use  job.Usage   `json:"use,omitzero"`   // of the attempt under way, so far
}

// Driver is the process that drives runs.
type Driver struct {
	PID       int    `json:"pid"`
	StartedUS int64  `json:"started_us"`
	Host      string `json:"host"`
}

// Driver gives the process that holds the engine lock; nil when nobody does.
func (s *Session) Driver() (*Driver, error) {
	held, err := s.store.Held()
	if err != nil || !held {
		return nil, err
	}
	h, _, err := s.store.Holder()
	return &Driver{PID: h.PID, StartedUS: h.Started, Host: h.Host}, err
}

// View derives what is alive from the engine lock and the agents' own locks.
func (s *Session) View(ctx context.Context, id string) (View, error) {
	driver, err := s.Driver() //nolint:contextcheck // looking at the lock has a bound of its own
	if err != nil {
		return View{}, err
	}
	r, err := s.Report(ctx, id)
	if err != nil {
		return View{}, err
	}
	return s.viewOf(ctx, r, driver)
}

func (s *Session) viewOf(ctx context.Context, r *report.Run, driver *Driver) (View, error) {
	v := View{Run: r, End: r.End(), Driver: driver, Asks: r.Asks(), Tasks: []TaskView{}, Disk: furnish.LastMeasured(s.state)}
	if v.Asks == nil {
		v.Asks = []report.Ask{}
	}
	var c config.Config
	if err := s.getJSON(ctx, r.Config, &c); err != nil {
		return View{}, err
	}
	var agents []string
	for _, t := range r.Tasks {
		if t.State != report.Landed {
			agents = append(agents, t.Agent)
		}
	}
	v.Past, v.Accounts = models.PastGateway(c, agents, s.host), s.meter.Waits(ctx)
	v.Unmetered, v.NotHeld = models.Texts(v.Past), models.NotHeld(v.Past)
	v.Untold = models.TurnsNotHeld(c, r)
	conditions, err := s.conditions(ctx, r, driver != nil)
	if err != nil {
		return View{}, err
	}
	for _, t := range r.Tasks {
		life, err := s.life(r, t, driver)
		if err != nil {
			return View{}, err
		}
		view := TaskView{t, life, conditions[t.ID], job.Usage{}}
		if n := len(t.Attempts); n > 0 && t.Attempts[n-1].Outcome == nil {
			op := engine.OperationID(r.ID, t.ID, t.Attempts[n-1].Number)
			g, _ := c.Agent(t.Agent)
			view.Use = observe.SoFar(s.ops, op, g, s.meter.Spend(ctx, op))
		}
		v.Tasks = append(v.Tasks, view)
	}
	return v, nil
}

func (s *Session) life(r *report.Run, t report.Task, driver *Driver) (Life, error) {
	switch t.State {
	case report.Working, report.Checking:
	case report.Queued:
		if r.Stage == flow.Paused {
			return "", nil // the queue is held
		}
	case report.Waiting:
		if t.Phase == "" || r.Stage != flow.Running {
			return "", nil
		}
	case report.Blocked, report.Review, report.Landed, report.Rejected, report.Failed, report.Stopped, report.Taken, report.Closed:
		return "", nil
	}
	if driver != nil {
		return Driven, nil
	}
	if n := len(t.Attempts); n > 0 && t.Attempts[n-1].Outcome == nil {
		state, err := s.ops.State(engine.OperationID(r.ID, t.ID, t.Attempts[n-1].Number))
		if err != nil {
			return "", err
		}
		if state == job.OpRunning {
			return Alone, nil
		}
	}
	return Interrupted, nil
}

// isSettled reports that a run has nothing left to do by itself: nobody has
// left it a message, and no command of it is open.
func (s *Session) isSettled(ctx context.Context, run string, sent []string) (bool, error) {
	for _, id := range sent {
		if waits, err := s.store.Pending(ctx, id); err != nil || waits {
			return false, err
		}
	}
	messages, err := s.store.Inbox(ctx, 1<<10)
	if err != nil {
		return false, err
	}
	for _, m := range messages {
		if m.To.Run() == run {
			return false, nil
		}
	}
	open, err := s.store.OpenCommands(ctx)
	if err != nil {
		return false, err
	}
	for _, o := range open {
		if o.Stream.Run() == run {
			return false, nil
		}
	}
	return true, nil
}

// Refused says what was refused to a task's attempts at their doors, in a
// sentence each.
func Refused(s *Session, run, task string) ([]string, error) {
	return outside.RefusedTo(filepath.Dir(s.state), run, task)
}

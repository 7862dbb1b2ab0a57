package report

import (
	"fmt"

	"muster/internal/core/job"
)

// Condition says how an agent that is at work, or waits to go on, really is.
type Condition string

// How an agent can be.
const (
	Begins     Condition = "begins"     // recorded as started; its process is not there yet
	Works      Condition = "works"      // it says something, computes, or changes files
	Permission Condition = "permission" // it waits until somebody permits something
	Quota      Condition = "quota"      // its provider's limit is reached
	Provider   Condition = "provider"   // its provider failed; Muster waits before it tries again
	Silent     Condition = "silent"     // for long it has neither said anything, nor computed, nor changed a file
	Dead       Condition = "dead"       // its processes are gone, and it had not said that it is done
	Ends       Condition = "ends"       // its processes have ended; what they left is being read
)

// Facts is all that the condition of an agent follows from. Moments are
// microseconds since 1970; 0 means never, or not known.
type Facts struct {
	NowUS     int64
	Signs     job.Signs
	Last      *job.AgentEvent // the latest in its output; nil when it said nothing
	FilesUS   int64           // when a file of its worktree or scratch folder last changed, as far as that was looked at
	WakeUS    int64           // when Muster tries its provider again
	IsDriven  bool            // an engine drives the run
	SilenceUS int64           // for how long an agent may give no sign before it is called silent
}

// Now is how an agent is now, why that is said, and what can be done.
type Now struct {
	Condition Condition `json:"condition"`
	Why       string    `json:"why,omitempty"`      // one line
	SinceUS   int64     `json:"since_us,omitempty"` // 0 when that is not known
	UntilUS   int64     `json:"until_us,omitempty"` // when it goes on by itself; 0 when that is not known
	Ways      []Way     `json:"ways,omitempty"`     // the mildest first; none when nothing need be done
}

// Way is one thing that a person can do about a condition.
type Way struct {
	What    string `json:"what"`
	Command string `json:"command,omitempty"` // empty: nothing has to be typed
}

// NowOf derives how the agent of a task is; run is the run's name. It gives false for a task that has
// no agent at work and none that waits to go on. It never follows from it that
// an agent is ended: that is up to the person.
func NowOf(run string, t Task, f Facts) (Now, bool) {
	d := deriving{run: run, task: t.ID, f: f}
	switch last := t.latest(); {
	case last == nil:
		return Now{}, false
	case t.State == Working && last.Outcome == nil && last.EndedUS == 0:
		return d.running(), true
	case f.WakeUS > 0 && t.State == Waiting && last.Outcome != nil && last.Outcome.Kind == job.Quota:
		return Now{Condition: Quota, Why: last.Outcome.Message, SinceUS: last.EndedUS, UntilUS: f.WakeUS, Ways: []Way{{What: "wait: its session goes on by itself when that ends"}}}, true
	case f.WakeUS > 0 && t.State == Waiting:
		return Now{Condition: Provider, Why: t.Why, SinceUS: last.EndedUS, UntilUS: f.WakeUS, Ways: []Way{{What: "wait: its session goes on by itself"}}}, true
	case t.State == Stopped && last.Outcome != nil && last.Outcome.Kind == job.Quota:
		return Now{Condition: Quota, Why: last.Outcome.Message, SinceUS: last.EndedUS, Ways: []Way{
			{"go on in the same session when there is quota again", "muster resume " + run},
		}}, true
	}
	return Now{}, false
}

// latest gives the newest attempt, or nil.
func (t Task) latest() *Attempt {
	if n := len(t.Attempts); n > 0 {
		return &t.Attempts[n-1]
	}
	return nil
}

type deriving struct {
	run, task string
	f         Facts
}

func (d deriving) running() Now {
	switch s := d.f.Signs; s.State {
	case job.OpDead:
		return d.dead("the process that watches over it was killed", s.BegunUS)
	case job.OpEnded:
		return d.ended(s.Exit)
	case job.OpAbsent:
		n := Now{Condition: Begins}
		if !d.f.IsDriven {
			n.Why, n.Ways = "it has not begun, and nobody drives the run", d.resume()
		}
		return n
	case job.OpRunning:
	}
	return d.alive()
}

// ended sees to an agent whose end nobody has recorded yet.
func (d deriving) ended(x job.Exit) Now {
	how := fmt.Sprintf("it ended with exit code %d", x.Code)
	switch x.State {
	case job.Signaled:
		return d.dead(fmt.Sprintf("it was ended by signal %s, which Muster did not send", x.Signal), x.EndedUS)
	case job.Lost:
		return d.dead("the process that watched over it was killed", x.EndedUS)
	case job.NotStarted:
		return d.dead("its program could not be started: "+x.Error, x.EndedUS)
	case job.TimedOut:
		how = "Muster ended it at its time limit"
	case job.Stopped:
		how = "Muster ended it, as it was asked to"
	case job.Exited:
	}
	if d.f.IsDriven {
		return Now{Condition: Ends, Why: how, SinceUS: x.EndedUS}
	}
	return d.dead(how+", and nobody has recorded it", x.EndedUS)
}

func (d deriving) dead(why string, since int64) Now {
	n := Now{Condition: Dead, Why: why, SinceUS: since}
	if d.f.IsDriven {
		n.Ways = []Way{{What: "wait: its session goes on in a new attempt by itself"}}
	} else {
		n.Ways = d.resume()
	}
	return n
}

func (d deriving) resume() []Way {
	return []Way{{"go on where it was", "muster resume " + d.run}}
}

// alive tells what an agent that lives is doing. What it says of itself comes
// first, and holds until it says something else.
func (d deriving) alive() Now {
	f := d.f
	if f.Last != nil {
		switch f.Last.Kind {
		case job.AgentAsks:
			return Now{Condition: Permission, Why: about(f.Last.Tool, f.Last.Text), SinceUS: f.Signs.OutputUS, Ways: []Way{
				{"nobody can permit it from here; tell it how to go on without", fmt.Sprintf("muster nudge %s -m \"...\"", d.task)},
				{"do it by hand", "muster checkout " + d.task},
			}}
		case job.AgentQuota:
			return Now{Condition: Quota, Why: f.Last.Text, SinceUS: f.Signs.OutputUS, Ways: []Way{
				{What: "wait: it goes on by itself when the limit ends"},
				{"stop all agents of the run until then", "muster stop " + d.run},
			}}
		case job.AgentStarted, job.AgentText, job.AgentTool, job.AgentEdit, job.AgentDenied, job.AgentRetry, job.AgentNote, job.AgentEnded:
		}
	}
	s := f.Signs
	last := max(s.BegunUS, s.OutputUS, s.ComputedUS, f.FilesUS)
	if f.NowUS-last >= f.SilenceUS {
		return Now{Condition: Silent, Why: "it says nothing, does not compute and changes no file", SinceUS: last, Ways: []Way{
			{What: "wait: it is never ended for being silent"},
			{"see what it did last", "muster attach " + d.task},
			{"nudge it: its attempt ends, and its session goes on with what you say", fmt.Sprintf("muster nudge %s -m \"...\"", d.task)},
			{"restart it in the same session", "muster nudge --restart " + d.task},
		}}
	}
	n := Now{Condition: Works, SinceUS: s.BegunUS}
	if f.NowUS-max(s.BegunUS, s.OutputUS) >= f.SilenceUS {
		n.SinceUS, n.Why = s.OutputUS, "it says nothing, but computes"
		if f.FilesUS > s.ComputedUS {
			n.Why = "it says nothing, but changes files"
		}
	}
	return n
}

// about words what permission is wanted for.
func about(tool, text string) string {
	switch {
	case tool == "":
		return text
	case text == "":
		return tool
	}
	return tool + ": " + text
}

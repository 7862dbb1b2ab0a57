package agent

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"

	"muster/internal/adapter/agent/lines"
	"muster/internal/adapter/agent/turns"
	"muster/internal/adapter/agent/until"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// Set is all drivers together, the way the engine uses them. Its methods may
// be called at once from several goroutines.
type Set struct {
	// Self starts Muster itself: program and leading arguments. The script
	// driver adds "agent-script" and a file. Empty means "muster" from PATH.
	Self []string
}

// Spec says how the attempt's process is started. A wrong configuration is
// fault.Invalid.
func (s Set) Spec(a job.Attempt) (job.Spec, error) {
	d, err := find(a.Agent.Driver, s.Self)
	if err != nil {
		return job.Spec{}, fault.Wrap(fault.Invalid, err, "start agent %q", a.Agent.Name)
	}
	spec, err := d.Spec(a)
	return spec, fault.Wrap(fault.Invalid, err, "start agent %q", a.Agent.Name)
}

// Program names what must be on PATH for the agent to start.
func (s Set) Program(g job.Agent) (string, error) {
	d, err := find(g.Driver, s.Self)
	if err != nil {
		return "", err
	}
	return d.Program(g), nil
}

// Outcome judges an ended attempt by what its process printed and how it
// ended. Both streams are read to their end once, in bounded memory; nil
// stands for an empty stream. Junk in the output is skipped. The error is
// about reading the streams, never about what they say.
func (s Set) Outcome(a job.Attempt, exit job.Exit, stdout, stderr io.Reader) (job.Outcome, error) {
	d, err := find(a.Agent.Driver, s.Self)
	if err != nil {
		return job.Outcome{}, fault.Wrap(fault.Invalid, err, "judge the attempt of agent %q", a.Agent.Name)
	}
	r, taken := d.Reader(a), turns.New(a.Agent.Driver)
	isShort := false
	if stdout != nil {
		err := lines.Each(stdout, func(l []byte) { r.Line(l); taken.Line(l) }, func(int64) { isShort = true })
		if err != nil {
			return job.Outcome{}, fault.Wrap(fault.Internal, err, "read the output of operation %s", a.Op)
		}
	}
	tail := ""
	if stderr != nil {
		if tail, err = lines.Tail(stderr, maxText); err != nil {
			return job.Outcome{}, fault.Wrap(fault.Internal, err, "read the error output of operation %s", a.Op)
		}
	}
	out := r.End(exit, tail)
	out.Capped = exit.Capped || isShort
	out.Usage.Turns, out.Usage.TurnsUnknown = taken.Taken(exit, out.Capped)
	out.UntilUS = until.Ends(out, exit.EndedUS)
	return out, nil
}

// Follow calls see for every event in r, in order, until r ends or fails; a
// reader of a growing file blocks until there is more. It is for showing: an
// unreadable stream ends the show and says so, and decides nothing.
func (s Set) Follow(a job.Attempt, r io.Reader, see func(job.AgentEvent)) {
	note := func(text string) { see(job.AgentEvent{Kind: job.AgentNote, Text: text}) }
	d, err := find(a.Agent.Driver, s.Self)
	if err != nil {
		note(err.Error())
		return
	}
	reader := d.Reader(a)
	err = lines.Each(r, func(l []byte) {
		for _, e := range reader.Line(l) {
			see(classified(e))
		}
	}, func(size int64) {
		note(fmt.Sprintf("a line of %d bytes was skipped; at most %d are read", size, lines.Max))
	})
	if err != nil {
		note("the agent's output cannot be read any further: " + clip(clean(err.Error()), 200))
	}
}

// Turns looks at the turns in what an attempt prints, until r ends, or until
// full, which is told how many have begun and how many of them are over, says
// so.
func Turns(a job.Attempt, r io.Reader, full func(begun, ended int64) bool) error {
	return turns.Watch(a.Agent.Driver, r, full)
}

// Taken gives the turns in what an agent has printed so far, and whether there may
// be more.
func Taken(g job.Agent, r io.Reader) (n int64, isUnknown bool) {
	c, isShort := turns.New(g.Driver), false
	err := lines.Each(r, c.Line, func(int64) { isShort = true })
	return c.Taken(job.Exit{}, isShort || err != nil)
}

// Latest gives the last thing that the end of an attempt's output says, notes
// left out; nil when it says nothing.
func (s Set) Latest(a job.Attempt, tail []byte) *job.AgentEvent {
	var last *job.AgentEvent
	s.Follow(a, bytes.NewReader(tail), func(e job.AgentEvent) {
		if e.Kind != job.AgentNote {
			last = &e
		}
	})
	return last
}

// classified tells an agent that repeats its request because a limit is reached
// from one whose provider fails: drivers know only that it repeats it.
func classified(e job.AgentEvent) job.AgentEvent {
	if e.Kind == job.AgentRetry && byText(e.Text) == job.Quota {
		e.Kind = job.AgentQuota
	}
	return e
}

const (
	graceMS   = 10_000   // real agents need up to 2 s to end their own children on SIGTERM
	outputCap = 64 << 20 // a day of one agent's events is far below
)

// newSpec gives the parts of a Spec that do not depend on the driver.
func newSpec(a job.Attempt, argv []string, env environment) (job.Spec, error) {
	switch {
	case a.Op == "":
		return job.Spec{}, fault.New(fault.Invalid, "the attempt has no operation id")
	case !filepath.IsAbs(a.Dir):
		return job.Spec{}, fault.New(fault.Invalid, "the worktree %q is not an absolute path", a.Dir)
	case !filepath.IsAbs(a.Scratch):
		return job.Spec{}, fault.New(fault.Invalid, "the scratch folder %q is not an absolute path", a.Scratch)
	case a.Session != "" && !isSession(a.Session):
		return job.Spec{}, fault.New(fault.Invalid, "the session %q is not a session's name", clip(clean(a.Session), 80)).
			WithHint("start the task afresh, without a session")
	case a.NewID != "" && !isSession(a.NewID):
		return job.Spec{}, fault.New(fault.Invalid, "the id %q for a fresh session is not a session's name", clip(clean(a.NewID), 80))
	}
	vars, err := env.list()
	if err != nil {
		return job.Spec{}, err
	}
	return job.Spec{
		Version: job.SpecVersion, ID: a.Op, Argv: argv, Dir: a.Dir, Env: vars, Stdin: a.Prompt,
		LimitMS: a.LimitMS, GraceMS: graceMS, OutputCap: outputCap,
	}, nil
}

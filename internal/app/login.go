package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"muster/internal/adapter/login"
	"muster/internal/adapter/sandbox"
	"muster/internal/app/machine"
	"muster/internal/app/models"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// loginOf says how an agent would be logged in: by what its process sees.
func loginOf(s *Session, g job.Agent) login.Found {
	a := login.Apply(job.Attempt{Agent: g, Host: s.host.AgentEnv(g.PassEnv)})
	return login.Look(a.Agent, models.Seen(a))
}

const askModel = 90_000 // milliseconds for an agent to answer a probe

// probe has an agent ask its model one tiny question, in an empty folder.
func (d *Diagnosis) probe(ctx context.Context, s *Session, g job.Agent) {
	about := "probe " + g.Name
	if !login.Look(g, nil).Known && g.Driver != "acp" {
		return
	}
	out, err := ask(ctx, s, g)
	switch {
	case err != nil:
		d.bad(about, err)
	case out.Kind == job.Done:
		d.add(about, Good, "the model answered: "+machine.OneLine(strings.Join(strings.Fields(out.Message), " ")))
	default:
		d.Points = append(d.Points, Point{
			About: about, Level: Worth, Text: fmt.Sprintf("%s: %s", out.Kind, machine.OneLine(strings.Join(strings.Fields(out.Message), " "))),
			Hint: login.Look(g, nil).Hint,
		})
	}
}

func ask(ctx context.Context, s *Session, g job.Agent) (job.Outcome, error) {
	dir, err := os.MkdirTemp(s.state, "probe-")
	if err != nil {
		return job.Outcome{}, fault.Wrap(fault.Internal, err, "make a folder for the probe")
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left there is harmless
	a := job.Attempt{Op: "probe.1", Task: "probe", Number: 1, Agent: g, Dir: filepath.Join(dir, "empty"), Prompt: "Answer with the one word OK. Use no tools.\n", LimitMS: askModel, Gateway: job.Gateway{Off: true}}
	a, _ = s.equip(a)
	a.Scratch = filepath.Join(dir, "scratch")
	for _, d := range []string{a.Dir, a.Scratch} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return job.Outcome{}, fault.Wrap(fault.Internal, err, "make a folder for the probe")
		}
	}
	spec, err := s.agents.Spec(a)
	if err == nil {
		err = s.agents.Lay(a)
	}
	if err == nil {
		spec, err = s.meter.Serialised(a, models.Seen(a), spec)
	}
	if err != nil {
		return job.Outcome{}, err
	}
	exec := sandbox.NewExecutor(s.host.CheckEnv(), append(append([]string{}, s.host.Self...), "shim"))
	out, err := exec.Run(ctx, job.Command{Argv: spec.Argv, Dir: spec.Dir, Env: spec.Env, Stdin: spec.Stdin, LimitMS: askModel})
	if err != nil {
		return job.Outcome{}, err
	}
	exit := job.Exit{State: job.Exited, Code: out.Code}
	switch {
	case out.TimedOut:
		exit.State = job.TimedOut
	case out.Signal != "":
		exit = job.Exit{State: job.Signaled, Signal: out.Signal}
	}
	return s.agents.Outcome(a, exit, strings.NewReader(out.Stdout), strings.NewReader(out.Stderr))
}

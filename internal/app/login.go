package app

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"muster/internal/adapter/login"
	"muster/internal/adapter/sandbox"
	"muster/internal/app/machine"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// loginOf says how an agent would be logged in: by what its process sees.
func loginOf(s *Session, g job.Agent) login.Found {
	a := login.Apply(job.Attempt{Agent: g, Host: s.host.AgentEnv(g.PassEnv)})
	return login.Look(a.Agent, merged(a))
}

// merged gives the variables that an agent may see.
func merged(a job.Attempt) map[string]string {
	env := map[string]string{}
	maps.Copy(env, a.Host)
	maps.Copy(env, a.Agent.Env)
	return env
}

// serialised has agents with a login of the person's own start one after the
// other while they may be renewing its tokens (inside.Login).
// The lock is a file that the process must be able to open; there may be none.
func serialised(s *Session, a job.Attempt, spec job.Spec) (locked job.Spec, lock []string, err error) {
	account := login.Account(a.Agent, merged(a))
	if account == "" {
		return spec, nil, nil
	}
	root, err := s.host.StateRoot() // one lock for all repositories
	if err != nil {
		return spec, nil, err
	}
	dir := filepath.Join(root, "logins")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return spec, nil, fault.Wrap(fault.Transient, err, "make the folder for locks of logins")
	}
	file := filepath.Join(dir, fmt.Sprintf("%x.lock", sha256.Sum256([]byte(account)))[:32])
	argv := append(append([]string{}, s.host.Self...), "agent-login", file, account)
	spec.Argv = append(argv, spec.Argv...)
	return spec, []string{file}, fault.Wrap(fault.Transient, os.WriteFile(file, nil, 0o600), "make the lock of a login")
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
	a := job.Attempt{Op: "probe.1", Task: "probe", Number: 1, Agent: g, Dir: filepath.Join(dir, "empty"), Prompt: "Answer with the one word OK. Use no tools.\n", LimitMS: askModel}
	a = s.equip(a)
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
		spec, _, err = serialised(s, a, spec)
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

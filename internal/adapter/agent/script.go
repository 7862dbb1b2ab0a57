package agent

import (
	"path/filepath"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// script drives agents that are written down beforehand, for the
// demonstration and for tests. Its process is Muster itself, running inside.Script.
// The agent's command is a folder; a task's script is <task>.json in it. A
// relative folder is one of the worktree.
//
// Unlike a command, a scripted agent that ends without a final event has
// crashed, whatever its exit code: it plays the real ones.
type script struct{ self []string }

func (s script) Program(job.Agent) string { return ownProgram(s.self)[0] }

func (s script) Spec(a job.Attempt) (job.Spec, error) {
	if len(a.Agent.Command) != 1 || a.Agent.Command[0] == "" {
		return job.Spec{}, fault.New(fault.Invalid, "the command of the scripted agent %q is not one folder", a.Agent.Name).
			WithHint("give it the folder that holds <task>.json as its command")
	}
	if !isSession(a.Task) { // the same characters are safe in a file's name
		return job.Spec{}, fault.New(fault.Invalid, "the task %q cannot name a script", a.Task)
	}
	argv := append(ownProgram(s.self), "agent-script", filepath.Join(a.Agent.Command[0], a.Task+".json"))
	return newSpec(a, argv, newEnvironment(a, attemptVariables(a), allowNames(common())))
}

func (s script) Reader(a job.Attempt) Reader {
	return &commandReader{a: a, view: newView(a), needsFinal: true}
}

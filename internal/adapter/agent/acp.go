package agent

import (
	"maps"
	"path/filepath"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// acp drives any agent that speaks the Agent Client Protocol on its standard
// input and output. Its process is Muster itself, running inside.ACP, which
// holds both ends of the talk: so the agent outlives Muster, and all that is
// known of it stands in the stream. The agent's command is the program with
// the argument that makes it speak the protocol: [gemini, --acp].
//
// The programs that have a driver of their own are started with that driver's
// settings. Of others Muster does not know how to keep them from reading the
// repository's settings.
type acp struct{ self []string }

func (acp) Program(g job.Agent) string { return command{}.Program(g) }

func (c acp) Spec(a job.Attempt) (job.Spec, error) {
	if len(a.Agent.Command) == 0 || a.Agent.Command[0] == "" {
		return job.Spec{}, fault.New(fault.Invalid, "the command of agent %q is empty", a.Agent.Name).
			WithHint("give it a command in .muster/config.yaml, for example [gemini, --acp]")
	}
	if filepath.Base(a.Agent.Command[0]) == "copilot" { // measured with 1.0.102
		return job.Spec{}, fault.New(fault.Invalid, "by ACP, Copilot runs the hooks and MCP servers of the repository, whoever trusts it").
			WithHint("use driver: copilot, which keeps it from that")
	}
	argv := append(ownProgram(c.self), "agent-acp")
	argv = append(argv, a.Agent.Command...)
	fixed := attemptVariables(a)
	known, isKnown := acpKnown(a.Agent.Command[0])
	if isKnown {
		argv = append(argv, known.args(a)...)
		maps.Copy(fixed, known.fixed(a))
	}
	if a.Agent.Model != "" {
		if !isKnown || filepath.Base(a.Agent.Command[0]) == "opencode" { // which reads it from its configuration only
			return job.Spec{}, fault.New(fault.Invalid, "how the agent %q is told its model is not known", a.Agent.Name).
				WithHint("leave model out, and choose it by args or env of the agent in .muster/config.yaml")
		}
		model, err := modelOption(a.Agent, "--model")
		if err != nil {
			return job.Spec{}, err
		}
		argv = append(argv, model...)
	}
	argv = append(argv, a.Agent.Args...)
	a.Prompt = notCommand(guided(a))
	return newSpec(a, argv, newEnvironment(a, fixed, acpVariable))
}

func (acp) Reader(a job.Attempt) Reader {
	return &commandReader{a: a, view: newView(a), needsFinal: true, asksModel: true}
}

// Files gives those of the program's own driver.
func (acp) Files(a job.Attempt) []File {
	if len(a.Agent.Command) > 0 {
		if known, ok := acpKnown(a.Agent.Command[0]); ok && known.files != nil {
			return known.files(a)
		}
	}
	return nil
}

// acpProgram is what a driver of its own knows of a program that can speak the
// protocol as well.
type acpProgram struct {
	args  func(job.Attempt) []string
	fixed func(job.Attempt) map[string]string
	files func(job.Attempt) []File
}

func acpKnown(program string) (acpProgram, bool) {
	noArgs := func(job.Attempt) []string { return nil }
	switch filepath.Base(program) {
	case "gemini":
		policy := func(a job.Attempt) []string { return []string{"--policy", filepath.Join(a.Scratch, geminiPolicy)} }
		return acpProgram{policy, geminiFixed, gemini{}.Files}, true
	case "qwen":
		return acpProgram{noArgs, qwenFixed, qwen{}.Files}, true
	case "opencode":
		return acpProgram{noArgs, opencodeFixed, nil}, true
	}
	return acpProgram{}, false
}

// acpVariable accepts what any of the agents is configured by, except for what
// an outer agent tells the programs that it runs.
func acpVariable(name string) bool {
	return claudeVariable(name) || codexVariable(name) || geminiVariable(name) || qwenVariable(name) || opencodeVariable(name) || copilotVariable(name)
}

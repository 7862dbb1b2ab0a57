package agent

import (
	"path/filepath"
	"strings"

	"muster/internal/adapter/agent/given"
	"muster/internal/core/job"
)

// copilot drives GitHub Copilot CLI (tested with 1.0.102) in its prompt mode.
// Its process is Muster itself, running inside.Append: Copilot writes what it
// used into a file, and that has to stand in the stream.
type copilot struct{ self []string }

func (copilot) Program(g job.Agent) string { return programOf(g, "copilot") }

// Spec starts Copilot with these choices of ours:
//
//   - Tools are allowed without asking; paths outside the worktree and the
//     folder for temporary files are still refused, because nobody is there
//     to be asked. git commit and git push are denied, whatever else is
//     allowed. That stops habit, not malice.
//   - The folder is not trusted (--trust-folder is not given), so hooks, MCP
//     servers and settings of the repository are not loaded. Its instructions
//     are prose, and are read.
//   - No questions, no updates, no servers of GitHub's beside the model.
func (c copilot) Spec(a job.Attempt) (job.Spec, error) {
	if err := refuse(a.Agent.Args, "-p", "--prompt", "-i", "--interactive", "--output-format", "--session-id", "-r", "--resume",
		"--continue", "--connect", "-C", "--trust-folder", "--usage-output-file", "--worktree", "--acp", "--share", "--share-gist"); err != nil {
		return job.Spec{}, err
	}
	model, err := modelOption(a.Agent, "--model")
	if err != nil {
		return job.Spec{}, err
	}
	usage := filepath.Join(a.Scratch, "copilot-usage.json")
	argv := append(ownProgram(c.self), "agent-append", usage)
	argv = append(argv, commandOf(a.Agent, "copilot")...)
	argv = append(argv, "--output-format", "json", "--usage-output-file", usage, "--no-ask-user", "--disable-builtin-mcps")
	if !hasOption(a.Agent.Args, "--allow-all-tools", "--allow-tool", "--allow-all", "--yolo") {
		argv = append(argv, "--allow-all-tools")
	}
	argv = append(argv, given.Copilot(a.Tools)...)
	argv = append(argv, "--deny-tool=shell(git commit)", "--deny-tool=shell(git push)")
	argv = append(argv, model...)
	switch {
	case a.Session != "":
		argv = append(argv, "--resume="+a.Session)
	case a.NewID != "":
		argv = append(argv, "--session-id="+a.NewID)
	}
	argv = append(argv, a.Agent.Args...)
	env := newEnvironment(a, map[string]string{"COPILOT_AUTO_UPDATE": "false"}, copilotVariable)
	a.Prompt = notCommand(guided(a))
	return newSpec(a, argv, env)
}

func (copilot) Reader(a job.Attempt) Reader {
	return &copilotReader{a: a, view: newView(a), session: firstOf(a.Session, session(a.NewID))}
}

// copilotVariable accepts what Copilot is configured by, a token of its own
// among it. GH_TOKEN and GITHUB_TOKEN, which it knows as well, can do more
// than ask a model: who wants to use them names them in pass_env.
func copilotVariable(name string) bool {
	switch name {
	case "COPILOT_ALLOW_ALL", "COPILOT_AUTO_UPDATE", "COPILOT_CLI", "COPILOT_AGENT_SESSION_ID":
		return false
	}
	return strings.HasPrefix(name, "COPILOT_") || allowNames(common(), network())(name)
}

// ownProgram gives what starts Muster itself.
func ownProgram(self []string) []string {
	if len(self) > 0 {
		return append([]string(nil), self...)
	}
	return []string{"muster"}
}

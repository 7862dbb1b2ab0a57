package agent

import (
	"path/filepath"
	"strings"

	"muster/internal/adapter/agent/given"
	"muster/internal/core/job"
)

// opencode drives OpenCode (tested with 1.18.33) in its run mode.
type opencode struct{}

func (opencode) Program(g job.Agent) string { return programOf(g, "opencode") }

// Spec starts OpenCode with these choices of ours:
//
//   - The repository's configuration is not read: no settings, plugins, MCP
//     servers, agents or commands of it. The person's own is.
//   - Edits in the worktree and shell commands are allowed. What is outside is
//     denied, as are git commit and git push (which stops habit, not malice),
//     and questions, which would end the run in its middle.
//   - No update, no sharing, no downloads of language servers or model lists.
//   - Each task has a database of its own: OpenCodes that share one fail when
//     another starts or ends at that moment (ADR 6 says what was measured).
//
// A model is PROVIDER/MODEL.
func (opencode) Spec(a job.Attempt) (job.Spec, error) {
	if err := refuse(a.Agent.Args, "--format", "-s", "--session", "-c", "--continue", "--fork", "--share", "--attach", "--dir",
		"-i", "--interactive", "--command", "--auto", "-m", "--model"); err != nil {
		return job.Spec{}, err
	}
	model, err := modelOption(a.Agent, "-m")
	if err != nil {
		return job.Spec{}, err
	}
	argv := append(commandOf(a.Agent, "opencode"), "run", "--format", "json")
	if a.Session != "" {
		argv = append(argv, "-s", a.Session)
	} else {
		argv = append(argv, "--title", "muster") // else it asks the model for one
	}
	argv = append(argv, model...)
	argv = append(argv, a.Agent.Args...)
	a.Prompt = notCommand(guided(a))
	env := newEnvironment(a, opencodeFixed(a), opencodeVariable)
	if err := given.OpenCode(a.Tools, env); err != nil {
		return job.Spec{}, err
	}
	return newSpec(a, argv, env)
}

func opencodeFixed(a job.Attempt) map[string]string {
	return map[string]string{
		"OPENCODE_DB":                     filepath.Join(a.Scratch, "opencode.db"),
		"OPENCODE_DISABLE_PROJECT_CONFIG": "1",
		"OPENCODE_DISABLE_AUTOUPDATE":     "1",
		"OPENCODE_DISABLE_SHARE":          "1",
		"OPENCODE_DISABLE_LSP_DOWNLOAD":   "1",
		"OPENCODE_PERMISSION": `{"edit":"allow","bash":{"*":"allow","git commit*":"deny","git push*":"deny"},` +
			`"external_directory":"deny","question":"deny","plan_enter":"deny","doom_loop":"deny"}`,
	}
}

func (opencode) Reader(a job.Attempt) Reader { return &opencodeReader{a: a, view: newView(a)} }

// opencodeVariable accepts what OpenCode is configured by, with the keys of the usual
// providers, but for what Spec sets and what an outer OpenCode tells its programs.
func opencodeVariable(name string) bool {
	switch name {
	case "OPENCODE_DB", "OPENCODE_DISABLE_PROJECT_CONFIG", "OPENCODE_PERMISSION", "OPENCODE_PID", "OPENCODE_CLIENT", "OPENCODE_TERMINAL",
		"OPENCODE_ROUTE", "OPENCODE_SERVER_PASSWORD", "OPENCODE_SERVER_USERNAME":
		return false
	}
	for _, prefix := range []string{"OPENCODE_", "ANTHROPIC_", "OPENAI_", "GOOGLE_", "XDG_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return allowNames(common(), network(), []string{"GEMINI_API_KEY"})(name)
}

package agent

import (
	"path/filepath"
	"strings"

	"muster/internal/adapter/agent/given"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// gemini drives Gemini CLI (tested with 0.61.0) in its headless mode.
type gemini struct{}

func (gemini) Program(g job.Agent) string { return programOf(g, "gemini") }

// Spec starts Gemini CLI with these choices of ours:
//
//   - The worktree is never a trusted folder. Then nothing of the repository
//     is read but prose: no settings, no hooks, no MCP servers, no .env.
//   - Gemini refuses to work in a folder that it does not trust, unless trust
//     is switched off in the settings; so it gets a home of its own in the
//     scratch folder, with settings of ours and links to the files that hold
//     the person's login.
//   - In such a folder every tool would be asked about. A policy of ours
//     allows edits and shell commands, and denies git commit and git push.
//     Gemini itself keeps its edits within the worktree.
func (gemini) Spec(a job.Attempt) (job.Spec, error) {
	if err := refuse(a.Agent.Args, "-p", "--prompt", "-i", "--prompt-interactive", "-o", "--output-format", "-r", "--resume",
		"--session-id", "--session-file", "-w", "--worktree", "--skip-trust", "--acp", "--experimental-acp"); err != nil {
		return job.Spec{}, err
	}
	model, err := modelOption(a.Agent, "-m")
	if err != nil {
		return job.Spec{}, err
	}
	argv := append(commandOf(a.Agent, "gemini"), "-o", "stream-json", "--policy", filepath.Join(a.Scratch, geminiPolicy))
	argv = append(argv, model...)
	switch {
	case a.Session != "":
		argv = append(argv, "--resume", a.Session)
	case a.NewID != "":
		argv = append(argv, "--session-id", a.NewID)
	}
	argv = append(argv, a.Agent.Args...)
	a.Prompt = notCommand(guided(a))
	return newSpec(a, argv, geminiEnvironment(a))
}

func geminiEnvironment(a job.Attempt) environment {
	return newEnvironment(a, geminiFixed(a), geminiVariable)
}

func geminiFixed(a job.Attempt) map[string]string {
	return map[string]string{
		"GEMINI_CLI_TRUST_WORKSPACE": "false",
		"GEMINI_CLI_NO_RELAUNCH":     "true", // one process instead of two
		"GEMINI_CLI_HOME":            filepath.Join(a.Scratch, geminiHome),
	}
}

func (gemini) Reader(a job.Attempt) Reader { return &geminiReader{a: a, view: newView(a)} }

// geminiVariable accepts what Gemini CLI is configured by, except for what
// Spec sets and what an outer Gemini tells the programs that it runs.
func geminiVariable(name string) bool {
	switch name {
	case "GEMINI_CLI_TRUST_WORKSPACE", "GEMINI_RESTRICTED_MODE", "GEMINI_CLI_HOME", "GEMINI_CLI_NO_RELAUNCH", "GEMINI_CLI":
		return false
	}
	if strings.HasPrefix(name, "GEMINI_CLI_IDE_") {
		return false
	}
	return strings.HasPrefix(name, "GEMINI_") || strings.HasPrefix(name, "GOOGLE_") || allowNames(common(), network())(name)
}

// Where Gemini's files lie below the scratch folder.
const (
	geminiHome   = "gemini"
	geminiPolicy = "gemini/policy.toml"
)

// Files gives Gemini's own home: settings, the policy, and the login.
func (gemini) Files(a job.Attempt) []File {
	home := a.Host["GEMINI_CLI_HOME"]
	if home == "" {
		home = a.Host["HOME"]
	}
	files := []File{
		{Path: filepath.Join(geminiHome, ".gemini", "settings.json"), Text: geminiSettings(geminiEnvironment(a))},
		{Path: geminiPolicy, Text: geminiRules},
	}
	for _, name := range []string{"oauth_creds.json", "google_accounts.json", "gemini-credentials.json", "installation_id"} {
		if filepath.IsAbs(home) {
			files = append(files, File{Path: filepath.Join(geminiHome, ".gemini", name), Link: filepath.Join(home, ".gemini", name)})
		}
	}
	return files
}

// geminiSettings says how Gemini is logged in: with a base URL it would choose
// a way of its own that does not work without a terminal.
func geminiSettings(env environment) string {
	login := "oauth-personal"
	switch {
	case env["GOOGLE_GENAI_USE_GCA"] == "true":
	case env["GOOGLE_GENAI_USE_VERTEXAI"] == "true":
		login = "vertex-ai"
	case env["GEMINI_API_KEY"] != "":
		login = "gemini-api-key"
	}
	type object = map[string]any
	return given.JSON(object{
		"security": object{"auth": object{"selectedType": login}, "folderTrust": object{"enabled": false}},
		"privacy":  object{"usageStatisticsEnabled": false}, // sending them delays the end where the network is closed
		"general":  object{"enableAutoUpdate": false, "maxAttempts": 3},
	})
}

// geminiRules are in force above Gemini's own and below those of a machine's
// administrator. The denial stops habit, not malice.
const geminiRules = `[[rule]]
toolName = ["run_shell_command", "write_file", "replace"]
decision = "allow"
allowRedirection = true
priority = 500

[[rule]]
toolName = "run_shell_command"
commandRegex = "git (commit|push)"
decision = "deny"
priority = 900
denyMessage = "Muster makes the commits."
`

// refuse is an error when args hold an option that Muster sets itself.
func refuse(args []string, options ...string) error {
	for _, o := range options {
		if hasOption(args, o) {
			return fault.New(fault.Invalid, "the option %s is set by Muster", o).
				WithHint("remove it from args of the agent in .muster/config.yaml")
		}
	}
	return nil
}

// notCommand keeps a prompt from being taken for a command of the agent's own
// or for the contents of a file.
func notCommand(prompt string) string {
	if p := strings.TrimSpace(prompt); strings.HasPrefix(p, "@") || strings.HasPrefix(p, "!") {
		return "The task:\n" + prompt
	}
	return notSlashed(prompt)
}

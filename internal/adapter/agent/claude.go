package agent

import (
	"path/filepath"
	"slices"
	"strings"

	"muster/internal/adapter/agent/given"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// claude drives Claude Code (tested with 2.1.330) in its print mode.
type claude struct{}

func (claude) Program(g job.Agent) string { return programOf(g, "claude") }

// Spec starts Claude Code with these choices of ours:
//
//   - Edits in the worktree and shell commands are allowed without asking
//     (nobody is there to ask). Edits elsewhere are refused by the mode
//     acceptEdits, but only while no rule allows Edit or Write by name; so
//     the rules name neither. What shell commands may reach is for the
//     sandbox to limit.
//   - git commit and git push are denied, whatever else is allowed: Muster
//     commits, and nobody pushes. The rule stops habit, not malice ("git -c
//     a=b commit" passes it); Muster takes the tree an attempt leaves, never
//     its commits.
//   - Settings, hooks and MCP servers of the repository are not read: they
//     could run programs, widen these permissions or send the key elsewhere.
//     Those of the user are, and what a person has approved of the repository's.
//
// Everything but the denial can be replaced by giving the same option in the
// agent's args.
func (c claude) Spec(a job.Attempt) (job.Spec, error) {
	for _, o := range []string{"--output-format", "--input-format", "--session-id", "--resume", "-r", "--continue", "-c", "--fork-session"} {
		if hasOption(a.Agent.Args, o) {
			return job.Spec{}, fault.New(fault.Invalid, "the option %s is set by Muster", o).
				WithHint("remove it from args of the agent in .muster/config.yaml")
		}
	}
	model, err := modelOption(a.Agent, "--model")
	if err != nil {
		return job.Spec{}, err
	}
	argv := append(commandOf(a.Agent, "claude"), "-p", "--output-format", "stream-json", "--verbose")
	for _, d := range claudeDefaults(a.Tools) {
		if !hasOption(a.Agent.Args, d.names...) {
			argv = append(argv, d.argv...)
		}
	}
	for _, f := range given.Claude(a.Tools) {
		argv = append(argv, f.Option, filepath.Join(a.Scratch, f.Path))
	}
	argv = append(argv, "--disallowedTools", "Bash(git commit:*),Bash(git push:*)")
	argv = append(argv, model...)
	switch {
	case a.Session != "":
		argv = append(argv, "--resume", a.Session)
	case a.NewID != "":
		argv = append(argv, "--session-id", a.NewID)
	}
	argv = append(argv, a.Agent.Args...)
	env := newEnvironment(a, map[string]string{
		// Without it the first request waits seconds for lookups of other hosts.
		"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
		// The default of 10 spends minutes on a refused key; 5 still ride out
		// a quarter of a minute of trouble.
		"CLAUDE_CODE_MAX_RETRIES": "5",
	}, claudeVariable)
	a.Prompt = notSlashed(guided(a))
	return newSpec(a, argv, env)
}

// Files gives what a person has approved of the repository.
func (claude) Files(a job.Attempt) []File { return given.Claude(a.Tools) }

func (claude) Reader(a job.Attempt) Reader {
	return &claudeReader{a: a, view: newView(a), edits: map[string]string{}}
}

type defaultOption struct {
	names []string // any of these in the agent's args replaces argv
	argv  []string
}

func claudeDefaults(tools []job.Tool) []defaultOption {
	return []defaultOption{
		{[]string{"--permission-mode", "--dangerously-skip-permissions"}, []string{"--permission-mode", "acceptEdits"}},
		{[]string{"--allowedTools", "--allowed-tools"}, []string{"--allowedTools", "Bash,Read,Glob,Grep" + given.ClaudeRules(tools)}},
		{[]string{"--setting-sources"}, []string{"--setting-sources", "user"}},
		{[]string{"--strict-mcp-config"}, []string{"--strict-mcp-config"}},
	}
}

// claudeVariable accepts what Claude Code is configured by, except for what
// an outer Claude Code session tells the programs that it runs.
func claudeVariable(name string) bool {
	switch name {
	case "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_CODE_SSE_PORT", "CLAUDE_CODE_SESSION_ID", "CLAUDE_PROJECT_DIR", "CLAUDE_ENV_FILE":
		return false
	}
	return strings.HasPrefix(name, "ANTHROPIC_") || strings.HasPrefix(name, "CLAUDE_") || allowNames(common(), network())(name)
}

// guided gives the prompt with a hint at the repository's instructions for
// agents. The programs would read them by themselves, but only together with
// the repository's settings, which must not be read. A resumed session has
// had the hint.
func guided(a job.Attempt) string {
	if a.Session != "" {
		return a.Prompt
	}
	return a.Prompt + "\n\nIf the repository has a file AGENTS.md or CLAUDE.md at its root, read it first and follow it.\n"
}

// notSlashed keeps a prompt from being taken for a command of the agent's own
// because it begins with a slash.
func notSlashed(prompt string) string {
	if strings.HasPrefix(strings.TrimSpace(prompt), "/") {
		return "The task:\n" + prompt
	}
	return prompt
}

// programOf names an agent's program: its configured command, else usual.
func programOf(g job.Agent, usual string) string { return commandOf(g, usual)[0] }

// commandOf gives a fresh slice with what an agent's command line begins with.
func commandOf(g job.Agent, usual string) []string {
	if len(g.Command) > 0 {
		return append([]string(nil), g.Command...)
	}
	return []string{usual}
}

// hasOption reports whether args hold one of the options, alone or as
// option=value.
func hasOption(args []string, options ...string) bool {
	for _, arg := range args {
		name, _, _ := strings.Cut(arg, "=")
		if slices.Contains(options, name) {
			return true
		}
	}
	return false
}

// modelOption gives the arguments that choose the agent's model.
func modelOption(g job.Agent, option string) ([]string, error) {
	if g.Model == "" {
		return nil, nil
	}
	if strings.HasPrefix(g.Model, "-") {
		return nil, fault.New(fault.Invalid, "the model %q looks like an option", g.Model).
			WithHint("correct model of the agent in .muster/config.yaml")
	}
	return []string{option, g.Model}, nil
}

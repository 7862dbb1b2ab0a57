// Package offer knows what a repository has ready for agents: instructions that
// they read, and programs that their command lines would start by themselves
// (hooks, MCP servers, plugins), as plain data that is the same for all agents.
//
// What is known of the formats was read in the documentation of the programs in
// autumn 2026 and measured with Claude Code 2.1.330, Codex 0.169.0, Gemini CLI
// 0.61.0, Copilot CLI 1.0.102, Qwen Code 0.24.4 and OpenCode 1.18.33.
//
// Files are hostile. Reading never fails for what a file holds: what cannot be
// read is said in a problem, and then a person looks at the file whole.
package offer

import (
	"path"
	"strings"
)

// Kind says what an offer is.
type Kind string

// The kinds of offers.
const (
	Instruction Kind = "instruction" // prose that an agent reads
	Hook        Kind = "hook"        // a command that an agent's program runs at an event
	Server      Kind = "server"      // an MCP server: a program, or an address, that gives an agent tools
	Code        Kind = "code"        // a plugin, an extension: code that an agent's program loads
	Setting     Kind = "setting"     // what changes an agent's rights, what it is told, or where its requests go
)

// Offer is one thing that a repository has ready for agents.
type Offer struct {
	Kind  Kind     `json:"kind"`
	Name  string   `json:"name"`            // of a server, or the event of a hook, or the key of a setting
	Of    []string `json:"of"`              // the programs that know it, by the names of their drivers, sorted
	Path  string   `json:"path"`            // the file that it stands in
	Argv  []string `json:"argv,omitempty"`  // what it runs; of a hook that is a line of shell, Shell
	Shell string   `json:"shell,omitempty"` // what it runs, as a line of shell
	URL   string   `json:"url,omitempty"`   // where it is reached
	Match string   `json:"match,omitempty"` // the tools that a hook is for; empty is all
	Env   []string `json:"env,omitempty"`   // NAME=value that it is given, sorted
	Dir   string   `json:"dir,omitempty"`   // where it runs; empty is the worktree
	Value string   `json:"value,omitempty"` // of a setting
}

// Runs reports whether something would be run or loaded.
func (o Offer) Runs() bool { return len(o.Argv) > 0 || o.Shell != "" || o.Kind == Code }

// The names of programs as drivers have them. Other programs are named as they
// call themselves.
const (
	claude   = "claude"
	codex    = "codex"
	copilot  = "copilot"
	gemini   = "gemini"
	opencode = "opencode"
	qwen     = "qwen"
)

// Globs gives the paths below which a repository has something ready for agents.
// Case does not matter: on some file systems another spelling is the same file.
func Globs() []string {
	return []string{
		"**/AGENTS.md", "**/AGENTS.override.md", "**/CLAUDE.md", "**/CLAUDE.local.md", "**/GEMINI.md", "**/QWEN.md", "**/.mcp.json",
		"**/.claude/**", "**/.codex/**", "**/.gemini/**", "**/.qwen/**", "**/.opencode/**", "**/.copilot/**", "**/.cursor/**", "**/.cursorrules",
		"**/.windsurfrules", "**/.windsurf/**", "**/.clinerules", "**/.clinerules/**", "**/.goosehints", "**/.agents/**", "**/.vscode/mcp.json",
		"**/opencode.json", "**/opencode.jsonc", "**/.lsp.json", "**/.aider.conf.yml",
		".github/copilot-instructions.md", ".github/instructions/**", ".github/prompts/**", ".github/agents/**", ".github/skills/**",
		".github/hooks/**", ".github/extensions/**", ".github/copilot/**", ".github/mcp.json", ".github/lsp.json",
	}
}

// Form says how a file that agents know is read.
type Form string

// The forms of files.
const (
	Prose    Form = "prose"    // instructions
	Settings Form = "settings" // JSON or TOML, which Read reads
	Program  Form = "program"  // code that an agent's program loads
	Other    Form = "other"    // lies among an agent's files: a script of a hook, for example
)

// Known says how a file is read and by which programs; none of both for a path
// that agents do not know by itself.
func Known(name string) (Form, []string) {
	lower := strings.ToLower(name)
	base, folder := path.Base(lower), "/"+path.Dir(lower)+"/"
	in := func(part string) bool { return strings.Contains(folder, "/"+part+"/") }
	switch base {
	case "agents.md", "agents.override.md":
		return Prose, []string{claude, codex, copilot, gemini, opencode, qwen}
	case "claude.md", "claude.local.md":
		return Prose, []string{claude, copilot}
	case "gemini.md":
		return Prose, []string{gemini}
	case "qwen.md":
		return Prose, []string{qwen}
	case "copilot-instructions.md":
		return Prose, []string{copilot}
	case ".cursorrules", ".windsurfrules", ".clinerules", ".goosehints":
		return Prose, []string{strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(base, "."), "rules"), "hints")}
	case ".mcp.json":
		return Settings, []string{claude, copilot}
	case "opencode.json", "opencode.jsonc":
		return Settings, []string{opencode}
	case ".lsp.json":
		return Settings, []string{claude}
	}
	for _, f := range folders() {
		if in(f.name) {
			return formIn(base, folder), []string{f.of}
		}
	}
	return "", nil
}

type ofFolder struct{ name, of string }

// folders are those in which an agent keeps its own files.
func folders() []ofFolder {
	return []ofFolder{
		{".claude", claude},
		{".codex", codex},
		{".gemini", gemini},
		{".qwen", qwen},
		{".opencode", opencode},
		{".copilot", copilot},
		{".github/hooks", copilot},
		{".github/extensions", copilot},
		{".github/copilot", copilot},
		{".github/agents", copilot},
		{".github/instructions", copilot},
		{".github/prompts", copilot},
		{".github/skills", copilot},
		{".agents", codex},
		{".cursor", "cursor"},
		{".windsurf", "windsurf"},
		{".clinerules", "cline"},
	}
}

func formIn(base, folder string) Form {
	switch path.Ext(base) {
	case ".md", ".mdc", ".mdx":
		return Prose
	case ".json", ".jsonc", ".toml":
		return Settings
	case ".js", ".mjs", ".cjs", ".ts", ".mts":
		for _, part := range []string{"/plugin/", "/plugins/", "/tool/", "/tools/", "/extensions/"} {
			if strings.Contains(folder, part) {
				return Program
			}
		}
	}
	return Other
}

// Package given words, for each agent's program, the tools of the repository
// that a person has approved. What was measured is in
// docs/adr/0020-what-repositories-offer.md.
package given

import (
	"encoding/json"
	"strings"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

type object = map[string]any

// File is what an agent's program needs beside its arguments, in the scratch
// folder of an attempt.
type File struct {
	Path   string // relative to the scratch folder
	Text   string // its content, unless Link is set
	Link   string // absolute path of a file of the person's that it leads to; left out where there is none
	Option string // of the program that names it; empty for a file that it finds by itself
}

// Claude gives Claude Code's MCP servers and hooks.
func Claude(tools []job.Tool) []File {
	var files []File
	if servers := serverList(job.ToolsFor(tools, "claude", job.ToolServer), "stdio"); len(servers) > 0 {
		files = append(files, File{Option: "--mcp-config", Path: "claude/mcp.json", Text: JSON(object{"mcpServers": servers})})
	}
	if hooks := hookList(job.ToolsFor(tools, "claude", job.ToolHook)); len(hooks) > 0 {
		files = append(files, File{Option: "--settings", Path: "claude/settings.json", Text: JSON(object{"hooks": hooks})})
	}
	return files
}

// ClaudeRules names the tools of its servers, as rules of what is allowed do.
func ClaudeRules(tools []job.Tool) string {
	var rules strings.Builder
	for _, t := range job.ToolsFor(tools, "claude", job.ToolServer) {
		rules.WriteString(",mcp__" + t.Name)
	}
	return rules.String()
}

// serverList gives servers in the form that most programs share.
func serverList(tools []job.Tool, kind string) object {
	servers := object{}
	for _, t := range tools {
		entry := object{"type": kind, "command": t.Argv[0], "args": append([]string{}, t.Argv[1:]...), "env": variables(t)}
		if kind == "local" {
			entry["tools"] = []string{"*"}
		}
		servers[t.Name] = entry
	}
	return servers
}

// hookList gives hooks by their event, each in a group of its own.
func hookList(tools []job.Tool) object {
	events := map[string][]object{}
	for _, t := range tools {
		hook := object{"type": "command", "command": t.Shell}
		if len(t.Argv) > 0 {
			hook["command"], hook["args"] = t.Argv[0], t.Argv[1:]
		}
		events[t.Name] = append(events[t.Name], object{"matcher": t.Match, "hooks": []object{hook}})
	}
	out := object{}
	for event, groups := range events {
		out[event] = groups
	}
	return out
}

func variables(t job.Tool) map[string]string {
	env := map[string]string{}
	for _, e := range t.Env {
		name, value, _ := strings.Cut(e, "=")
		env[name] = value
	}
	return env
}

// Codex gives settings of Codex's servers. Without a person to ask, Codex would
// refuse the use of their tools.
func Codex(tools []job.Tool) []string {
	var out []string
	for _, t := range job.ToolsFor(tools, "codex", job.ToolServer) {
		entry := []string{"command=" + TOML(t.Argv[0]), `default_tools_approval_mode="approve"`}
		var args, env []string
		for _, a := range t.Argv[1:] {
			args = append(args, TOML(a))
		}
		for _, e := range t.Env {
			name, value, _ := strings.Cut(e, "=")
			env = append(env, TOML(name)+"="+TOML(value))
		}
		entry = append(entry, "args=["+strings.Join(args, ",")+"]", "env={"+strings.Join(env, ",")+"}")
		out = append(out, "-c", "mcp_servers."+t.Name+"={"+strings.Join(entry, ",")+"}")
	}
	return out
}

// Copilot gives the options with Copilot's servers.
func Copilot(tools []job.Tool) []string {
	servers := serverList(job.ToolsFor(tools, "copilot", job.ToolServer), "local")
	if len(servers) == 0 {
		return nil
	}
	return []string{"--additional-mcp-config", strings.TrimSuffix(JSON(object{"mcpServers": servers}), "\n")}
}

// OpenCode adds servers to the configuration that OpenCode is given in a
// variable of its environment, which may hold a person's own.
func OpenCode(tools []job.Tool, env map[string]string) error {
	const variable = "OPENCODE_CONFIG_CONTENT"
	tools = job.ToolsFor(tools, "opencode", job.ToolServer)
	if len(tools) == 0 {
		return nil
	}
	top := object{}
	if content := env[variable]; content != "" {
		if err := json.Unmarshal([]byte(content), &top); err != nil {
			return fault.Wrap(fault.Invalid, err, "add the approved MCP servers to %s, which is no JSON", variable)
		}
	}
	mcp, _ := top["mcp"].(object)
	if mcp == nil {
		mcp = object{}
	}
	for _, t := range tools {
		mcp[t.Name] = object{"type": "local", "command": t.Argv, "environment": variables(t), "enabled": true}
	}
	top["mcp"] = mcp
	env[variable] = strings.TrimSuffix(JSON(top), "\n")
	return nil
}

// JSON gives v as a file of JSON. It must be made of texts, numbers, truth
// values, and lists and maps of them.
func JSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // these can be encoded
	}
	return string(b) + "\n"
}

// TOML gives s as a TOML string. A JSON string without the escapes for HTML is
// one.
func TOML(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a string can always be encoded
	}
	return strings.TrimSuffix(b.String(), "\n")
}

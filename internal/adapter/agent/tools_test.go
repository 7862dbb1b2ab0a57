package agent_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/adapter/agent"
	"muster/internal/core/job"
)

func approvedTools() []job.Tool {
	all := []string{"claude", "codex", "copilot", "opencode"}
	return []job.Tool{
		{Kind: job.ToolServer, Name: "x", For: all, Argv: []string{"sh", `/p/a "b".sh`}, Env: []string{"K=v=w"}},
		{Kind: job.ToolServer, Name: "other", For: []string{"nobody"}, Argv: []string{"evil"}},
		{Kind: job.ToolHook, Name: "PreToolUse", For: []string{"claude"}, Shell: "/p/h.sh", Match: "Bash"},
		{Kind: job.ToolHook, Name: "Stop", For: []string{"claude"}, Argv: []string{"/p/s", "1"}},
	}
}

// Each program is given what is for it, and nothing when nothing is.
func TestApprovedTools(t *testing.T) {
	for driver, want := range map[string]struct{ argv, env, files []string }{
		"claude": {
			argv:  []string{"--allowedTools Bash,Read,Glob,Grep,mcp__x", "--mcp-config SCRATCH/claude/mcp.json", "--settings SCRATCH/claude/settings.json", "--strict-mcp-config", "--setting-sources user"},
			files: []string{`{"mcpServers":{"x":{"args":["/p/a \"b\".sh"],"command":"sh","env":{"K":"v=w"},"type":"stdio"}}}`, `{"hooks":{"PreToolUse":[{"hooks":[{"command":"/p/h.sh","type":"command"}],"matcher":"Bash"}],"Stop":[{"hooks":[{"args":["1"],"command":"/p/s","type":"command"}],"matcher":""}]}}`},
		},
		"codex":    {argv: []string{`-c mcp_servers.x={command="sh",default_tools_approval_mode="approve",args=["/p/a \"b\".sh"],env={"K"="v=w"}}`}},
		"copilot":  {argv: []string{`--additional-mcp-config {"mcpServers":{"x":{"args":["/p/a \"b\".sh"],"command":"sh","env":{"K":"v=w"},"tools":["*"],"type":"local"}}}`}},
		"opencode": {env: []string{`OPENCODE_CONFIG_CONTENT={"a":1,"mcp":{"mine":{},"x":{"command":["sh","/p/a \"b\".sh"],"enabled":true,"environment":{"K":"v=w"},"type":"local"}}}`}},
		"gemini":   {},
		"qwen":     {},
	} {
		t.Run(driver, func(t *testing.T) {
			scratch := t.TempDir()
			a := job.Attempt{Op: "o", Dir: "/w", Scratch: scratch, Tools: approvedTools(), Agent: job.Agent{Name: driver, Driver: driver, Env: map[string]string{"OPENCODE_CONFIG_CONTENT": `{"a":1,"mcp":{"mine":{}}}`}}}
			spec, err := agent.Set{}.Spec(a)
			if err == nil {
				err = agent.Set{}.Lay(a)
			}
			if err != nil {
				t.Fatal(err)
			}
			line := strings.ReplaceAll(strings.Join(spec.Argv, " "), scratch, "SCRATCH")
			for _, w := range want.argv {
				if !strings.Contains(line, w) {
					t.Errorf("%s\nhas no %s", line, w)
				}
			}
			for _, w := range want.env {
				if !slices.Contains(spec.Env, w) {
					t.Errorf("%q\nhas no %s", spec.Env, w)
				}
			}
			var laid []string
			for _, name := range []string{"claude/mcp.json", "claude/settings.json"} {
				if data, err := os.ReadFile(filepath.Join(scratch, name)); err == nil {
					laid = append(laid, strings.TrimSpace(string(data)))
				}
			}
			if !slices.Equal(laid, want.files) {
				t.Errorf("%q", laid)
			}
			if strings.Contains(line+strings.Join(laid, ""), "evil") {
				t.Error("it got what is for another program")
			}
			a.Tools = nil
			bare, err := agent.Set{}.Spec(a)
			if none := strings.Join(bare.Argv, " "); err != nil || strings.Contains(none, " --mcp-config") || strings.Contains(none, "--additional-mcp-config") || strings.Contains(none, "mcp_servers") || strings.Contains(none, "--settings") {
				t.Errorf("without tools: %s, %v", none, err)
			}
		})
	}
}

// A person's configuration that cannot be read is not replaced.
func TestApprovedToolsBesideBadConfiguration(t *testing.T) {
	a := job.Attempt{Op: "o", Dir: "/w", Scratch: t.TempDir(), Tools: approvedTools(), Agent: job.Agent{Name: "o", Driver: "opencode", Env: map[string]string{"OPENCODE_CONFIG_CONTENT": "{"}}}
	if _, err := (agent.Set{}).Spec(a); err == nil || !strings.Contains(err.Error(), "OPENCODE_CONFIG_CONTENT") {
		t.Errorf("%v", err)
	}
}

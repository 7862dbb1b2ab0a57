package agentse2e

import (
	"fmt"
	"slices"
	"strings"

	"muster/internal/adapter/agent/fakemodel"
	"muster/internal/core/job"
)

// who is how one agent is pointed at a scripted model, and what it does in its
// own way.
type who struct {
	name      string
	settings  func(p *place) object // its entry in config.yaml
	each      job.Usage             // what the model reports for one answer, as Muster counts it
	isPriced  bool                  // it reports money
	sandboxed bool                  // keeps commits off by its sandbox, and says nothing of it
	asides    bool                  // a resumed session asks the model more than it has to, and by ACP every one
	silent    bool                  // says nothing, not even its session, before its first step has ended
	slow      bool                  // takes many seconds of a core to start, and minutes where others want it too
	tries     int                   // requests until it gives up, for one that keeps no session in which nothing happened

	// By the Agent Client Protocol:
	countsLess bool // counts in a way of its own, and seldom all
	givesUp    bool // ends its turn when it may not use a tool
	forgets    bool // cannot go on with a session in the minute in which it began: that attempt fails, and a fresh session is told what happened

	trust  func(p *place, s *job.Spec) // makes a process trust the repository; nil where that is another agent's case
	falls  []string                    // traps that it then falls into
	takes  []string                    // what it is given of the repository once that is approved: marks that this leaves
	walled bool                        // the sandbox keeps its program from the repository's settings
}

// agents are all that can be asked for.
func agents() []who { return append(native(), byProtocol()...) }

// byProtocol are those that "acp" stands for.
func byProtocol() []who {
	return []who{
		// It refuses to load a session in a folder that it does not trust.
		{name: "acp-gemini", settings: byACP(geminiSettings, "gemini", "--acp"), countsLess: true, forgets: true},
		{name: "acp-qwen", settings: byACP(qwenSettings, "qwen", "--acp"), walled: true, countsLess: true, asides: true, givesUp: true},
		{name: "acp-opencode", settings: byACP(opencodeSettings, "opencode", "acp"), walled: true, countsLess: true, asides: true, slow: true},
	}
}

// native are those with a driver of their own.
func native() []who {
	// What services with the dialects of OpenAI and of Gemini report, which is what
	// the gateway meters.
	counted := job.Usage{
		Input: fakemodel.InputTokens - fakemodel.CacheReadTokens, CacheRead: fakemodel.CacheReadTokens,
		Output: fakemodel.OutputTokens, Reasoning: fakemodel.ReasoningTokens,
	}
	return []who{
		{name: "claude", settings: claudeSettings, isPriced: true, takes: []string{"hook", "server"}, trust: trustClaude, falls: []string{"claude-SessionStart", "claude-PreToolUse", "claude-Stop", "claude-apikeyhelper", "mcp"}, each: job.Usage{
			Input: fakemodel.InputTokens, CacheRead: fakemodel.CacheReadTokens, CacheWrite: fakemodel.CacheWriteTokens,
			Output: fakemodel.OutputTokens,
		}},
		{name: "codex", settings: codexSettings, each: counted, sandboxed: true, takes: []string{"server"}, trust: trustCodex, falls: []string{"codex-mcp"}},
		{name: "gemini", settings: geminiSettings, each: counted, tries: 3, trust: trustGemini, falls: []string{"gemini-SessionStart", "gemini-mcp"}},
		{name: "copilot", settings: copilotSettings, each: counted, takes: []string{"server"}, trust: trustCopilot, falls: []string{"copilot-sessionStart", "copilot-preToolUse", "copilot-settings", "mcp"}},
		{name: "qwen", settings: qwenSettings, each: counted, asides: true, walled: true, trust: trustQwen, falls: []string{"qwen-SessionStart", "qwen-PreToolUse"}},
		{name: "opencode", settings: opencodeSettings, each: counted, isPriced: true, silent: true, slow: true, walled: true, takes: []string{"server"}, trust: trustOpencode, falls: []string{"opencode-mcp", "opencode-plugin", "opencode-json-plugin", "opencode-tool", "opencode-formatter"}},
	}
}

// named gives the agents that a name stands for, or none.
func named(name string) []who {
	if name == "acp" {
		return byProtocol()
	}
	all := agents()
	i := slices.IndexFunc(all, func(w who) bool { return w.name == name })
	if i < 0 {
		return nil
	}
	return all[i : i+1]
}

func names() string {
	var out []string
	for _, w := range agents() {
		out = append(out, w.name)
	}
	return strings.Join(append(out, "acp"), ", ")
}

type object = map[string]any

// byACP gives an agent's settings with the driver acp and the command that
// makes it speak the protocol.
func byACP(settings func(p *place) object, command ...string) func(p *place) object {
	return func(p *place) object {
		o := settings(p)
		o["driver"], o["command"] = "acp", command
		if command[0] == "opencode" {
			delete(o, "model") // it stands in its own configuration
		}
		return o
	}
}

func claudeSettings(p *place) object {
	return object{
		"driver": "claude",
		"env":    object{"ANTHROPIC_BASE_URL": p.model.URL, "CLAUDE_CODE_MAX_RETRIES": "1"},
	}
}

func codexSettings(p *place) object {
	provider := fmt.Sprintf(
		`model_providers.fake={name="fake",base_url="%s/v1",env_key="SHOP_MODEL_KEY",wire_api="responses",request_max_retries=1,stream_max_retries=1}`,
		p.model.URL)
	return object{
		"driver": "codex", "model": "gpt-5.5", "pass_env": []string{"SHOP_MODEL_KEY"},
		"args": []string{"-c", "model_provider=fake", "-c", provider},
	}
}

func geminiSettings(p *place) object {
	return object{"driver": "gemini", "model": "gemini-2.5-pro", "env": object{"GOOGLE_GEMINI_BASE_URL": p.model.URL}}
}

func copilotSettings(p *place) object {
	return object{
		"driver": "copilot", "model": "fake-model",
		"env": object{"COPILOT_PROVIDER_BASE_URL": p.model.URL + "/v1", "COPILOT_OFFLINE": "true"},
	}
}

func qwenSettings(p *place) object {
	return object{
		"driver": "qwen", "model": "fake-model", "args": []string{"--auth-type", "openai"},
		"env": object{"OPENAI_BASE_URL": p.model.URL + "/v1"},
	}
}

func opencodeSettings(p *place) object {
	settings := p.json(object{
		"model": "fake/fake-model", "small_model": "fake/fake-model",
		"provider": object{"fake": object{
			"npm":     "@ai-sdk/openai-compatible",
			"options": object{"baseURL": p.model.URL + "/v1", "apiKey": "{env:SHOP_MODEL_KEY}"},
			"models": object{"fake-model": object{
				"tool_call": true, "limit": object{"context": 100000, "output": 8192}, "cost": object{"input": 1, "output": 2},
			}},
		}},
	})
	return object{
		"driver": "opencode", "model": "fake/fake-model", "pass_env": []string{"SHOP_MODEL_KEY"},
		"env": object{"OPENCODE_CONFIG_CONTENT": settings, "OPENCODE_DISABLE_MODELS_FETCH": "1"},
	}
}

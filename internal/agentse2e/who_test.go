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
	settings  func(p *place) string // its entry in config.yaml, from driver on, in the flow style of JSON
	each      job.Usage             // what the model reports for one answer, as Muster counts it
	isPriced  bool                  // it reports money
	sandboxed bool                  // keeps commits off by its sandbox, and says nothing of it
	asides    bool                  // a resumed session asks the model more than it has to
	silent    bool                  // says nothing, not even its session, before its first step has ended
	tries     int                   // requests until it gives up, for one that keeps no session in which nothing happened
}

// agents are all that can be asked for.
func agents() []who {
	// What the dialects of OpenAI and of Gemini report.
	counted := job.Usage{
		Input: fakemodel.InputTokens - fakemodel.CacheReadTokens, CacheRead: fakemodel.CacheReadTokens,
		Output: fakemodel.OutputTokens, Reasoning: fakemodel.ReasoningTokens,
	}
	withoutThought := counted
	withoutThought.Reasoning = 0
	return []who{
		{name: "claude", settings: claudeSettings, isPriced: true, each: job.Usage{
			Input: fakemodel.InputTokens, CacheRead: fakemodel.CacheReadTokens, CacheWrite: fakemodel.CacheWriteTokens,
			Output: fakemodel.OutputTokens,
		}},
		{name: "codex", settings: codexSettings, each: counted, sandboxed: true},
		{name: "gemini", settings: geminiSettings, each: counted, tries: 3},
		{name: "copilot", settings: copilotSettings, each: counted},
		{name: "qwen", settings: qwenSettings, each: withoutThought, asides: true},
		{name: "opencode", settings: opencodeSettings, each: counted, isPriced: true, silent: true},
	}
}

// named gives the agent with the name, or false.
func named(name string) (who, bool) {
	all := agents()
	i := slices.IndexFunc(all, func(w who) bool { return w.name == name })
	if i < 0 {
		return who{}, false
	}
	return all[i], true
}

func names() string {
	var out []string
	for _, w := range agents() {
		out = append(out, w.name)
	}
	return strings.Join(out, ", ")
}

type object = map[string]any

func claudeSettings(p *place) string {
	return p.json(object{
		"driver": "claude",
		"env":    object{"ANTHROPIC_BASE_URL": p.model.URL, "CLAUDE_CODE_MAX_RETRIES": "1"},
	})
}

func codexSettings(p *place) string {
	provider := fmt.Sprintf(
		`model_providers.fake={name="fake",base_url="%s/v1",env_key="SHOP_MODEL_KEY",wire_api="responses",request_max_retries=1,stream_max_retries=1}`,
		p.model.URL)
	return p.json(object{
		"driver": "codex", "model": "gpt-5.5", "pass_env": []string{"SHOP_MODEL_KEY"},
		"args": []string{"-c", "model_provider=fake", "-c", provider},
	})
}

func geminiSettings(p *place) string {
	return p.json(object{"driver": "gemini", "model": "gemini-2.5-pro", "env": object{"GOOGLE_GEMINI_BASE_URL": p.model.URL}})
}

func copilotSettings(p *place) string {
	return p.json(object{
		"driver": "copilot", "model": "fake-model",
		"env": object{"COPILOT_PROVIDER_BASE_URL": p.model.URL + "/v1", "COPILOT_OFFLINE": "true"},
	})
}

func qwenSettings(p *place) string {
	return p.json(object{
		"driver": "qwen", "model": "fake-model", "args": []string{"--auth-type", "openai"},
		"env": object{"OPENAI_BASE_URL": p.model.URL + "/v1"},
	})
}

func opencodeSettings(p *place) string {
	settings := p.json(object{
		"small_model": "fake/fake-model",
		"provider": object{"fake": object{
			"npm":     "@ai-sdk/openai-compatible",
			"options": object{"baseURL": p.model.URL + "/v1", "apiKey": "{env:SHOP_MODEL_KEY}"},
			"models": object{"fake-model": object{
				"tool_call": true, "limit": object{"context": 100000, "output": 8192}, "cost": object{"input": 1, "output": 2},
			}},
		}},
	})
	return p.json(object{
		"driver": "opencode", "model": "fake/fake-model", "pass_env": []string{"SHOP_MODEL_KEY"},
		"env": object{"OPENCODE_CONFIG_CONTENT": settings, "OPENCODE_DISABLE_MODELS_FETCH": "1"},
	})
}

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
	name     string
	settings func(p *place) string // its entry in config.yaml, from driver on, in the flow style of JSON
	each     job.Usage             // what the model reports for one answer, as Muster counts it
	isPriced bool                  // it reports money
	isSilent bool                  // keeps commits off by its sandbox, and says nothing of it
	tries    int                   // requests until it gives up, for one that keeps no session in which nothing happened
}

// agents are all that can be asked for.
func agents() []who {
	// What the dialects of OpenAI and of Gemini report.
	counted := job.Usage{
		Input: fakemodel.InputTokens - fakemodel.CacheReadTokens, CacheRead: fakemodel.CacheReadTokens,
		Output: fakemodel.OutputTokens, Reasoning: fakemodel.ReasoningTokens,
	}
	return []who{
		{name: "claude", settings: claudeSettings, isPriced: true, each: job.Usage{
			Input: fakemodel.InputTokens, CacheRead: fakemodel.CacheReadTokens, CacheWrite: fakemodel.CacheWriteTokens,
			Output: fakemodel.OutputTokens,
		}},
		{name: "codex", settings: codexSettings, each: counted, isSilent: true},
		{name: "gemini", settings: geminiSettings, each: counted, tries: 3},
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

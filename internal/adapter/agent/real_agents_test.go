package agent_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/adapter/agent/fakemodel"
	"muster/internal/core/job"
)

// realAgent is how one real program is pointed at a scripted model, and what
// it does in its own way.
type realAgent struct {
	ask     func(b *bench, a *job.Attempt)
	each    job.Usage // what the model reports for one request, as the driver shows it
	takesID bool      // a fresh session has the id that Muster gives
	asides  bool      // a resumed session asks the model once more than it has to
	givesUp bool      // ends its turn when it may not use a tool
	forgets bool      // cannot go on with a session in the minute in which it began, or in which nothing happened
	waits   bool      // asks again for as long as the model says that it is asked too often
	// countsLess: by ACP each agent counts in a way of its own, and seldom all.
	countsLess bool
	silent     bool // says nothing, not even its session, before the model's first answer
	// trap puts a program into the repository's settings that makes the file
	// mark, and gives what makes the agent trust them.
	trap func(t *testing.T, b *bench, mark string) (trust func())
	// login moves the key of the attempt into the file in which the program
	// keeps the person's login; nil where such a login needs the program's own
	// service.
	login func(t *testing.T, b *bench, a *job.Attempt)
}

func realAgents() map[string]realAgent {
	// What the dialects of OpenAI and of Gemini report.
	counted := job.Usage{
		Input: fakemodel.InputTokens - fakemodel.CacheReadTokens, CacheRead: fakemodel.CacheReadTokens,
		Output: fakemodel.OutputTokens, Reasoning: fakemodel.ReasoningTokens, CostUnknown: true,
	}
	withoutThought, priced := counted, counted
	withoutThought.Reasoning, priced.CostUnknown = 0, false
	all := map[string]realAgent{
		"claude": {ask: askClaude, takesID: true, trap: trapClaude, each: job.Usage{
			Input: fakemodel.InputTokens, CacheRead: fakemodel.CacheReadTokens, CacheWrite: fakemodel.CacheWriteTokens,
			Output: fakemodel.OutputTokens,
		}},
		"codex":    {ask: askCodex, each: counted, trap: trapCodex},
		"copilot":  {ask: askCopilot, each: counted, takesID: true, trap: trapCopilot},
		"gemini":   {ask: askGemini, each: counted, takesID: true, trap: trapGemini},
		"opencode": {ask: askOpencode, each: priced, silent: true, waits: true, trap: trapOpencode, login: loginOpencode},
		"qwen":     {ask: askQwen, each: withoutThought, takesID: true, asides: true, trap: trapQwen},
	}
	for _, name := range []string{"gemini", "qwen", "opencode"} {
		by := all[name]
		by.takesID, by.silent, by.countsLess = false, false, true
		by.givesUp = name == "qwen"
		by.forgets = name == "gemini"
		all["acp-"+name] = by
	}
	return all
}

// acpOption makes a program speak the Agent Client Protocol.
func acpOption(program string) string {
	if program == "opencode" {
		return "acp"
	}
	return "--acp"
}

func askClaude(b *bench, a *job.Attempt) {
	maps.Copy(a.Host, map[string]string{
		"ANTHROPIC_BASE_URL": b.model.URL, "ANTHROPIC_API_KEY": testKey, "CLAUDE_CODE_MAX_RETRIES": "1",
	})
}

func trapClaude(t *testing.T, b *bench, mark string) func() {
	b.put(t, ".claude/settings.json", fmt.Sprintf(
		`{"hooks":{"SessionStart":[{"hooks":[{"type":"command","command":"touch %s"}]}]}}`, mark))
	return func() { b.args = []string{"--setting-sources", "user,project"} }
}

func askCodex(b *bench, a *job.Attempt) {
	a.Agent.Model = "gpt-5.5"
	a.Agent.Env["FAKE_KEY"] = testKey
	a.Agent.Args = []string{"-c", "model_provider=fake", "-c", fmt.Sprintf(
		`model_providers.fake={name="fake",base_url="%s/v1",env_key="FAKE_KEY",wire_api="responses",request_max_retries=1,stream_max_retries=1}`,
		b.model.URL)}
}

func trapCodex(t *testing.T, b *bench, mark string) func() {
	b.put(t, ".codex/config.toml", fmt.Sprintf("[mcp_servers.evil]\ncommand = \"touch\"\nargs = [%q]\n", mark))
	user := filepath.Join(b.home, ".codex")
	if err := os.Mkdir(user, 0o755); err != nil {
		t.Fatal(err)
	}
	trust := fmt.Sprintf("[projects.%q]\ntrust_level = \"trusted\"\n", b.dir)
	if err := os.WriteFile(filepath.Join(user, "config.toml"), []byte(trust), 0o644); err != nil {
		t.Fatal(err)
	}
	return func() { b.args = []string{"-c", fmt.Sprintf("projects={%q={trust_level=\"trusted\"}}", b.dir)} }
}

func askGemini(b *bench, a *job.Attempt) {
	a.Agent.Model = "gemini-2.5-pro"
	maps.Copy(a.Host, map[string]string{"GOOGLE_GEMINI_BASE_URL": b.model.URL, "GEMINI_API_KEY": testKey})
}

func trapGemini(t *testing.T, b *bench, mark string) func() {
	b.put(t, ".gemini/settings.json", fmt.Sprintf(
		`{"hooks":{"SessionStart":[{"hooks":[{"type":"command","command":"touch %s"}]}]},"mcpServers":{"evil":{"command":"touch","args":[%q]}}}`, mark, mark))
	return func() { b.env = map[string]string{"GEMINI_CLI_TRUST_WORKSPACE": "true"} }
}

func askQwen(b *bench, a *job.Attempt) {
	a.Agent.Model, a.Agent.Args = "fake-model", []string{"--auth-type", "openai"}
	maps.Copy(a.Host, map[string]string{"OPENAI_BASE_URL": b.model.URL + "/v1", "OPENAI_API_KEY": testKey})
}

func trapQwen(t *testing.T, b *bench, mark string) func() {
	b.put(t, ".qwen/settings.json", fmt.Sprintf(
		`{"hooks":{"SessionStart":[{"hooks":[{"type":"command","command":"touch %s"}]}]},"mcpServers":{"evil":{"command":"touch","args":[%q]}}}`, mark, mark))
	return func() { b.env = map[string]string{"QWEN_CODE_SYSTEM_SETTINGS_PATH": filepath.Join(b.home, "none")} }
}

func askOpencode(b *bench, a *job.Attempt) {
	a.Agent.Model = "fake/fake-model"
	maps.Copy(a.Agent.Env, map[string]string{"OPENCODE_DISABLE_MODELS_FETCH": "1", "FAKE_KEY": testKey, "OPENCODE_CONFIG_CONTENT": fmt.Sprintf(
		`{"model":"fake/fake-model","small_model":"fake/fake-model","provider":{"fake":{"npm":"@ai-sdk/openai-compatible","options":{"baseURL":"%s/v1","apiKey":"{env:FAKE_KEY}"},`+
			`"models":{"fake-model":{"tool_call":true,"limit":{"context":100000,"output":8192},"cost":{"input":1,"output":2}}}}}}`, b.model.URL)})
}

func trapOpencode(t *testing.T, b *bench, mark string) func() {
	b.put(t, "opencode.json", fmt.Sprintf(`{"mcp":{"evil":{"type":"local","command":["touch",%q],"enabled":true}}}`, mark))
	return func() { b.env = map[string]string{"OPENCODE_DISABLE_PROJECT_CONFIG": ""} }
}

func loginOpencode(t *testing.T, b *bench, a *job.Attempt) {
	b.put(t, "../home/.local/share/opencode/auth.json", fmt.Sprintf(`{"fake":{"type":"api","key":%q}}`, testKey))
	delete(a.Agent.Env, "FAKE_KEY")
	a.Agent.Env["OPENCODE_CONFIG_CONTENT"] = strings.Replace(a.Agent.Env["OPENCODE_CONFIG_CONTENT"], `,"apiKey":"{env:FAKE_KEY}"`, "", 1)
}

func askCopilot(b *bench, a *job.Attempt) {
	a.Agent.Model = "fake-model"
	maps.Copy(a.Host, map[string]string{
		"COPILOT_PROVIDER_BASE_URL": b.model.URL + "/v1", "COPILOT_PROVIDER_API_KEY": testKey, "COPILOT_OFFLINE": "true",
	})
	// It would unpack 235 MB into every fresh home.
	cache := filepath.Join(b.home, ".cache")
	if err := os.MkdirAll(cache, 0o755); err == nil {
		_ = os.Symlink(filepath.Join(agentsDir(), "copilot-cache"), filepath.Join(cache, "copilot"))
	}
}

func trapCopilot(t *testing.T, b *bench, mark string) func() {
	b.put(t, ".mcp.json", fmt.Sprintf(`{"mcpServers":{"evil":{"type":"local","command":"touch","args":[%q],"tools":["*"]}}}`, mark))
	b.put(t, ".github/hooks/h.json", fmt.Sprintf(
		`{"version":1,"hooks":{"sessionStart":[{"type":"command","bash":"touch %s","timeoutSec":5}]}}`, mark))
	return func() { b.command, b.noID = []string{"--trust-folder"}, true }
}

// realLogin shows that a login in a file of the person's is found.
func realLogin(t *testing.T, b *bench) {
	login := realAgents()[b.driver].login
	if login == nil {
		t.Skip("a login in a file needs the program's own service")
	}
	a := b.attempt("text")
	login(t, b, &a)
	b.done(t, a, "TEXT")
	if asked := b.model.Requests(); len(asked) == 0 || !strings.Contains(asked[0].Auth, testKey) {
		t.Errorf("the model was not asked with the person's login: %+v", asked)
	}
}

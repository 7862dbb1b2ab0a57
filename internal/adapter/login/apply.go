package login

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"muster/internal/core/job"
)

// noKey stands for the key that a program wants to see and a server of one's
// own does not look at.
const noKey = "none"

// Apply turns what the configuration says of an agent's login (login,
// base_url) into the variables and arguments that its program knows. Keys stay
// where they are; where a subscription is asked for they are left out of what
// the agent may see.
func Apply(a job.Attempt) job.Attempt {
	p, ok := find(a.Agent.Driver)
	if !ok {
		return a
	}
	if a.Agent.Login == job.LoginSubscription {
		a.Host = maps.Clone(a.Host)
		for _, name := range slices.Concat(p.keys, p.clouds, []string{p.server}) {
			if name != "CLAUDE_CODE_OAUTH_TOKEN" && name != "COPILOT_GITHUB_TOKEN" { // these are a subscription's
				delete(a.Host, name)
			}
		}
	}
	if a.Agent.BaseURL == "" {
		return a
	}
	env := map[string]string{}
	if p.server != "" {
		env[p.server] = a.Agent.BaseURL
	}
	hasKey := slices.ContainsFunc(p.keys, func(name string) bool { return a.Host[name] != "" || a.Agent.Env[name] != "" })
	var args []string
	switch p.driver {
	case "claude":
		if !hasKey {
			env["ANTHROPIC_AUTH_TOKEN"] = noKey
		}
	case "codex": // the plain variable would have it try other ways of talking first
		delete(env, p.server)
		provider := `{name="own",base_url=` + quoted(a.Agent.BaseURL) + `,wire_api="responses"`
		if hasKey {
			provider += `,env_key="OPENAI_API_KEY"`
		}
		args = []string{"-c", "model_provider=own", "-c", "model_providers.own=" + provider + "}"}
	case "gemini":
		if !hasKey {
			env["GEMINI_API_KEY"] = noKey
		}
	case "copilot":
		env["COPILOT_OFFLINE"] = "true" // nothing of GitHub's is needed
		if a.Agent.Model != "" {
			env["COPILOT_MODEL"] = a.Agent.Model
		}
	case "qwen":
		if _, given := authType(a.Agent.Args); !given { // given twice, its program takes both for one
			args = []string{"--auth-type", openai}
		}
		if !hasKey {
			env["OPENAI_API_KEY"] = noKey
		}
	case "opencode":
		env["OPENCODE_CONFIG_CONTENT"] = opencodeProvider(a)
	}
	maps.Copy(env, a.Agent.Env)
	a.Agent.Env = env
	a.Agent.Args = append(args, a.Agent.Args...)
	return a
}

// authType gives the way to log in that Qwen's arguments choose, and whether
// they do.
func authType(args []string) (string, bool) {
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--auth-type="); ok {
			return value, true
		}
		if arg == "--auth-type" && i+1 < len(args) {
			return args[i+1], true
		}
	}
	return "", false
}

// opencodeProvider is the configuration that adds a server to OpenCode. The
// model own/NAME is NAME there.
func opencodeProvider(a job.Attempt) string {
	type object = map[string]any
	models := object{}
	if name, ok := strings.CutPrefix(a.Agent.Model, "own/"); ok {
		models[name] = object{"tool_call": true}
	}
	options := object{"baseURL": a.Agent.BaseURL}
	if a.Host["OPENAI_API_KEY"] != "" || a.Agent.Env["OPENAI_API_KEY"] != "" {
		options["apiKey"] = "{env:OPENAI_API_KEY}" // OpenCode puts it in
	}
	return quoted(object{
		"small_model": a.Agent.Model,
		"provider":    object{"own": object{"npm": "@ai-sdk/openai-compatible", "name": "own", "options": options, "models": models}},
	})
}

// quoted gives v as JSON; a text in it is a TOML string as well.
func quoted(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and objects of them can be encoded
	}
	return string(b)
}

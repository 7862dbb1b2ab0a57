package login_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/adapter/login"
	"muster/internal/core/job"
)

// TestTestedIsInstalled: the versions here are those that the script installs.
func TestTestedIsInstalled(t *testing.T) {
	script, err := os.ReadFile("../../../scripts/agents-install.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, driver := range []string{"claude", "codex", "gemini", "copilot", "qwen", "opencode"} {
		if want := driver + "_version=" + login.Tested(driver) + "\n"; !strings.Contains(string(script), want) {
			t.Errorf("the script does not say %q", want)
		}
	}
	if login.Tested("command") != "" {
		t.Error("a command has a tested version")
	}
}

func TestLook(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{".claude/.credentials.json", ".codex/auth.json", ".gemini/oauth_creds.json"} {
		file := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		driver string
		env    map[string]string
		says   string
		is     bool
	}{
		{"claude", map[string]string{"HOME": home}, "a login in " + home + "/.claude/.credentials.json", true},
		{"claude", map[string]string{"HOME": home, "ANTHROPIC_API_KEY": "hidden"}, "a key in ANTHROPIC_API_KEY", true},
		{"claude", map[string]string{"HOME": "/none", "ANTHROPIC_API_KEY": ""}, "no login was found", false},
		{"claude", map[string]string{"HOME": "/none", "CLAUDE_CODE_USE_BEDROCK": "1"}, "a cloud's login (CLAUDE_CODE_USE_BEDROCK)", true},
		{"claude", map[string]string{"HOME": "/none", "CLAUDE_CODE_USE_BEDROCK": "0"}, "no login was found", false},
		{"codex", map[string]string{"HOME": "/none", "CODEX_HOME": home + "/.codex"}, "a login in " + home + "/.codex/auth.json", true},
		{"gemini", map[string]string{"GEMINI_CLI_HOME": home}, "a login in " + home + "/.gemini/oauth_creds.json", true},
		{
			"qwen",
			map[string]string{"OPENAI_BASE_URL": "http://user:hidden@127.0.0.1:8080/v1?key=hidden", "OPENAI_API_KEY": "hidden"},
			"a key in OPENAI_API_KEY, at the server http://127.0.0.1:8080/v1", true,
		},
		{"qwen", map[string]string{"OPENAI_BASE_URL": "hidden"}, "the server an address that is no URL", true},
		{"opencode", map[string]string{"XDG_DATA_HOME": home}, "no login was found", false},
	} {
		f := login.Look(job.Agent{Driver: c.driver}, c.env)
		if f.String() != c.says || f.Is() != c.is || !f.Known || f.Hint == "" || strings.Contains(f.String(), "hidden") {
			t.Errorf("%s %v: %q, %+v; want %q", c.driver, c.env, f.String(), f, c.says)
		}
	}
	if f := login.Look(job.Agent{Driver: "command"}, nil); f.Known {
		t.Errorf("of a command is known %+v", f)
	}
}

func TestAccount(t *testing.T) {
	for _, c := range []struct {
		driver string
		env    map[string]string
		want   string
	}{
		{"claude", map[string]string{"HOME": "/h"}, "/h/.claude/.credentials.json"},
		{"claude", map[string]string{"HOME": "/h", "ANTHROPIC_API_KEY": "k"}, ""},
		{"claude", map[string]string{"HOME": "/h", "ANTHROPIC_BASE_URL": "http://x"}, ""},
		{"claude", map[string]string{"HOME": "h"}, ""},
		{"opencode", map[string]string{"HOME": "/h"}, "/h/.local/share/opencode/auth.json"},
		{"opencode", map[string]string{"HOME": "/h", "XDG_DATA_HOME": "/d"}, "/d/opencode/auth.json"},
		{"script", map[string]string{"HOME": "/h"}, ""},
	} {
		if subscribed := login.Account(job.Agent{Driver: c.driver, Login: job.LoginSubscription}, c.env); subscribed == "" && c.want == "" && c.env["ANTHROPIC_API_KEY"]+c.env["ANTHROPIC_BASE_URL"] != "" {
			t.Errorf("%s %v: no account with a subscription", c.driver, c.env)
		}
		if got := login.Account(job.Agent{Driver: c.driver}, c.env); got != c.want {
			t.Errorf("%s %v: %q, want %q", c.driver, c.env, got, c.want)
		}
	}
}

func TestApply(t *testing.T) {
	const url = "http://127.0.0.1:11434/v1"
	for _, c := range []struct {
		driver, login, model string
		host                 map[string]string
		env, args            []string // what must be there, NAME=value
		gone                 []string // variables that the agent must not see
	}{
		{"claude", "", "m", nil, []string{"ANTHROPIC_BASE_URL=" + url, "ANTHROPIC_AUTH_TOKEN=none"}, nil, nil},
		{"claude", "", "m", map[string]string{"ANTHROPIC_API_KEY": "k"}, []string{"ANTHROPIC_BASE_URL=" + url}, nil, []string{"ANTHROPIC_AUTH_TOKEN"}},
		{"codex", "", "m", nil, nil, []string{"model_provider=own", `model_providers.own={name="own",base_url="` + url + `",wire_api="responses"}`}, []string{"OPENAI_BASE_URL"}},
		{"gemini", "", "m", nil, []string{"GOOGLE_GEMINI_BASE_URL=" + url, "GEMINI_API_KEY=none"}, nil, nil},
		{"qwen", "", "m", nil, []string{"OPENAI_BASE_URL=" + url, "OPENAI_API_KEY=none"}, []string{"--auth-type", "openai"}, nil},
		{"copilot", "", "m", nil, []string{"COPILOT_PROVIDER_BASE_URL=" + url, "COPILOT_OFFLINE=true", "COPILOT_MODEL=m"}, nil, nil},
		{
			"opencode", "", "own/m",
			map[string]string{"OPENAI_API_KEY": "k"},
			[]string{`OPENCODE_CONFIG_CONTENT={"provider":{"own":{"models":{"m":{"tool_call":true}},"name":"own","npm":"@ai-sdk/openai-compatible","options":{"apiKey":"{env:OPENAI_API_KEY}","baseURL":"` + url + `"}}},"small_model":"own/m"}`},
			nil, nil,
		},
	} {
		a := login.Apply(job.Attempt{Host: c.host, Agent: job.Agent{Driver: c.driver, Model: c.model, BaseURL: url, Login: c.login, Args: []string{"-last"}}})
		var env []string
		for name, value := range a.Agent.Env {
			env = append(env, name+"="+value)
		}
		for _, want := range c.env {
			if !slices.Contains(env, want) {
				t.Errorf("%s: no %s in %q", c.driver, want, env)
			}
		}
		for _, want := range c.args {
			if !slices.Contains(a.Agent.Args, want) {
				t.Errorf("%s: no %s in %q", c.driver, want, a.Agent.Args)
			}
		}
		for _, name := range c.gone {
			if v, ok := a.Agent.Env[name]; ok {
				t.Errorf("%s: %s=%s", c.driver, name, v)
			}
		}
		if a.Agent.Args[len(a.Agent.Args)-1] != "-last" {
			t.Errorf("%s: the agent's own arguments are not the last: %q", c.driver, a.Agent.Args)
		}
	}
	host := map[string]string{"ANTHROPIC_API_KEY": "k", "CLAUDE_CODE_OAUTH_TOKEN": "t", "PATH": "/bin"}
	a := login.Apply(job.Attempt{Host: host, Agent: job.Agent{Driver: "claude", Login: job.LoginSubscription}})
	if len(a.Host) != 2 || a.Host["ANTHROPIC_API_KEY"] != "" || len(host) != 3 {
		t.Errorf("with a subscription the agent sees %v", a.Host)
	}
	own := login.Apply(job.Attempt{Agent: job.Agent{Driver: "qwen", BaseURL: url, Env: map[string]string{"OPENAI_BASE_URL": "mine"}}})
	if own.Agent.Env["OPENAI_BASE_URL"] != "mine" {
		t.Error("what the configuration sets was overridden")
	}
}

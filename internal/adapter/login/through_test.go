package login_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"muster/internal/adapter/login"
	"muster/internal/core/job"
)

const door = "http://" + job.DoorAddress + "/model/"

// TestThrough: agents with a key are pointed at the door, and see the key
// nowhere.
func TestThrough(t *testing.T) {
	const real = "sk-real"
	for _, c := range []struct {
		name  string
		agent job.Agent
		host  map[string]string
		want  login.Service // of the one service
		env   []string      // NAME=value that the agent sees
	}{
		{
			"claude",
			job.Agent{Driver: "claude"},
			map[string]string{"ANTHROPIC_API_KEY": real},
			login.Service{Name: "anthropic", Base: "https://api.anthropic.com", Header: "x-api-key", Vendor: "anthropic", Key: job.Key{Env: "ANTHROPIC_API_KEY"}, Secret: real},
			[]string{"ANTHROPIC_BASE_URL=" + door + "anthropic", "ANTHROPIC_API_KEY=" + login.Dummy},
		},
		{
			"claude with a token, elsewhere",
			job.Agent{Driver: "claude"},
			map[string]string{"ANTHROPIC_AUTH_TOKEN": real, "ANTHROPIC_BASE_URL": "https://proxy.example/a/"},
			login.Service{Name: "anthropic", Base: "https://proxy.example/a", Header: "bearer", Vendor: "anthropic", Key: job.Key{Env: "ANTHROPIC_AUTH_TOKEN"}, Secret: real},
			[]string{"ANTHROPIC_BASE_URL=" + door + "anthropic"},
		},
		{
			"codex",
			job.Agent{Driver: "codex", Env: map[string]string{"CODEX_API_KEY": real}},
			nil,
			login.Service{Name: "openai", Base: "https://api.openai.com/v1", Header: "bearer", Vendor: "openai", Key: job.Key{Env: "CODEX_API_KEY"}, Secret: real},
			[]string{"OPENAI_API_KEY=" + login.Dummy},
		},
		{
			"gemini",
			job.Agent{Driver: "gemini"},
			map[string]string{"GOOGLE_API_KEY": real},
			login.Service{Name: "gemini", Base: "https://generativelanguage.googleapis.com", Header: "x-goog-api-key", Vendor: "gemini", Key: job.Key{Env: "GOOGLE_API_KEY"}, Secret: real},
			[]string{"GOOGLE_GEMINI_BASE_URL=" + door + "gemini", "GEMINI_API_KEY=" + login.Dummy},
		},
		{
			"qwen at a server without a key",
			job.Agent{Driver: "qwen", Model: "m", BaseURL: "http://localhost:11434/v1"},
			nil,
			login.Service{Name: "openai", Base: "http://localhost:11434/v1", Vendor: "openai", Own: true},
			[]string{"OPENAI_BASE_URL=" + door + "openai", "OPENAI_API_KEY=" + login.Dummy},
		},
		{
			"copilot at a provider",
			job.Agent{Driver: "copilot"},
			map[string]string{"COPILOT_PROVIDER_BASE_URL": "https://x.example/v1", "COPILOT_PROVIDER_API_KEY": real, "COPILOT_PROVIDER_TYPE": "anthropic"},
			login.Service{Name: "anthropic", Base: "https://x.example/v1", Header: "x-api-key", Vendor: "anthropic", Key: job.Key{Env: "COPILOT_PROVIDER_API_KEY"}, Secret: real},
			[]string{"COPILOT_PROVIDER_BASE_URL=" + door + "anthropic", "COPILOT_PROVIDER_API_KEY=" + login.Dummy},
		},
		{
			"claude with a key of a command",
			job.Agent{Driver: "claude", Key: &job.Key{Command: []string{"pass", "show"}}},
			nil,
			login.Service{Name: "anthropic", Base: "https://api.anthropic.com", Header: "x-api-key", Vendor: "anthropic", Key: job.Key{Command: []string{"pass", "show"}}},
			[]string{"ANTHROPIC_API_KEY=" + login.Dummy},
		},
		{
			"claude with a key of another variable",
			job.Agent{Driver: "claude", Key: &job.Key{Env: "TEAM"}, PassEnv: []string{"TEAM"}},
			map[string]string{"TEAM": real, "OPENAI_API_KEY": "sk-real-too"},
			login.Service{Name: "anthropic", Base: "https://api.anthropic.com", Header: "x-api-key", Vendor: "anthropic", Key: job.Key{Env: "TEAM"}, Secret: real},
			nil,
		},
		{
			"opencode at a server",
			job.Agent{Driver: "opencode", Model: "own/m", BaseURL: "http://127.0.0.1:1/v1"},
			map[string]string{"OPENAI_API_KEY": real},
			login.Service{Name: "openai", Base: "http://127.0.0.1:1/v1", Header: "bearer", Vendor: "openai", Own: true, Key: job.Key{Env: "OPENAI_API_KEY"}, Secret: real},
			nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			host := maps.Clone(c.host)
			a, services, why := login.Through(job.Attempt{Agent: c.agent, Host: c.host})
			if why != "" || len(services) != 1 {
				t.Fatalf("%v %q", services, why)
			}
			if got := services[0]; got.Name != c.want.Name || got.Base != c.want.Base || got.Header != c.want.Header || got.Vendor != c.want.Vendor ||
				got.Own != c.want.Own || got.Secret != c.want.Secret || got.Key.Env != c.want.Key.Env || !slices.Equal(got.Key.Command, c.want.Key.Command) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
			a = login.Apply(a)
			var env []string
			for _, vars := range []map[string]string{a.Host, a.Agent.Env} {
				for name, value := range vars {
					env = append(env, name+"="+value)
				}
			}
			for _, want := range c.env {
				if !slices.Contains(env, want) {
					t.Errorf("no %s in %q", want, env)
				}
			}
			all := strings.Join(append(env, a.Agent.Args...), " ")
			if strings.Contains(all, real) || !strings.Contains(all, job.DoorAddress) {
				t.Errorf("the agent sees %s", all)
			}
			if !maps.Equal(host, c.host) {
				t.Error("what was given is changed")
			}
		})
	}
}

// OpenCode asks the services whose keys it has, each at an address of its own.
func TestThroughOpencode(t *testing.T) {
	a, services, why := login.Through(job.Attempt{Agent: job.Agent{Driver: "opencode"}, Host: map[string]string{"ANTHROPIC_API_KEY": "sk-a", "GEMINI_API_KEY": "sk-g"}})
	if why != "" || len(services) != 2 || services[0].Secret != "sk-a" || services[1].Header != "x-goog-api-key" {
		t.Fatalf("%+v %q", services, why)
	}
	want := `{"provider":{"anthropic":{"options":{"apiKey":"` + login.Dummy + `","baseURL":"` + door + `anthropic/v1"}},"google":{"options":{"apiKey":"` + login.Dummy + `","baseURL":"` + door + `gemini/v1beta"}}}}`
	if got := a.Agent.Env["OPENCODE_CONFIG_CONTENT"]; got != want || a.Agent.Env["GEMINI_API_KEY"] != login.Dummy || len(a.Host) != 0 {
		t.Errorf("%s\n%v %v", got, a.Agent.Env, a.Host)
	}
	// It appends /messages to an address that ends with /v1.
	if services[0].Base != "https://api.anthropic.com" {
		t.Error(services[0].Base)
	}
}

// Accounts, clouds and what is not known stay as they are.
func TestNotThrough(t *testing.T) {
	key := map[string]string{"ANTHROPIC_API_KEY": "k", "OPENAI_API_KEY": "k", "COPILOT_GITHUB_TOKEN": "k"}
	for _, c := range []struct {
		a    job.Attempt
		want string
	}{
		{job.Attempt{Agent: job.Agent{Driver: "claude"}}, "account"},
		{job.Attempt{Agent: job.Agent{Driver: "claude", Login: job.LoginSubscription}, Host: key}, "account"},
		{job.Attempt{Agent: job.Agent{Driver: "claude"}, Host: map[string]string{"CLAUDE_CODE_OAUTH_TOKEN": "t"}}, "account"},
		{job.Attempt{Agent: job.Agent{Driver: "claude"}, Host: map[string]string{"CLAUDE_CODE_USE_BEDROCK": "1", "ANTHROPIC_API_KEY": "k"}}, "cloud"},
		{job.Attempt{Agent: job.Agent{Driver: "claude"}, Host: key, Gateway: job.Gateway{Off: true}}, "off"},
		{job.Attempt{Agent: job.Agent{Driver: "command"}, Host: key}, "not known"},
		{job.Attempt{Agent: job.Agent{Driver: "copilot"}, Host: key}, "account"},
		{job.Attempt{Agent: job.Agent{Driver: "codex", Args: []string{"-c", "model_provider=mine"}}, Host: key}, "args choose"},
		{job.Attempt{Agent: job.Agent{Driver: "opencode", Env: map[string]string{"OPENCODE_CONFIG_CONTENT": "{}"}}, Host: key}, "configuration"},
		{job.Attempt{Agent: job.Agent{Driver: "opencode"}}, "account"},
	} {
		a, services, why := login.Through(c.a)
		if len(services) != 0 || !strings.Contains(why, c.want) || len(a.Host) != len(c.a.Host) || a.Agent.BaseURL != "" {
			t.Errorf("%s: %v %q, want %q", c.a.Agent.Driver, services, why, c.want)
		}
	}
}

// TestPlayed: an agent whose models a recording stands for goes through the
// door, however it is logged in here, and sees no key.
func TestPlayed(t *testing.T) {
	real := map[string]string{"ANTHROPIC_API_KEY": "sk-real", "OPENAI_API_KEY": "sk-real", "CLAUDE_CODE_USE_BEDROCK": "1"}
	for name, c := range map[string]struct {
		agent  job.Agent
		host   map[string]string
		played []string
		env    []string
	}{
		"claude without a login": {job.Agent{Driver: "claude"}, nil, []string{"anthropic"}, []string{"ANTHROPIC_BASE_URL=" + door + "anthropic", "ANTHROPIC_API_KEY=" + login.Dummy}},
		"claude with a cloud":    {job.Agent{Driver: "claude"}, real, []string{"anthropic"}, []string{"ANTHROPIC_BASE_URL=" + door + "anthropic", "ANTHROPIC_API_KEY=" + login.Dummy}},
		"claude, an account":     {job.Agent{Driver: "claude", Login: job.LoginSubscription}, real, []string{"anthropic"}, []string{"ANTHROPIC_BASE_URL=" + door + "anthropic", "ANTHROPIC_API_KEY=" + login.Dummy}},
		"codex":                  {job.Agent{Driver: "codex"}, nil, []string{"openai"}, []string{"OPENAI_API_KEY=" + login.Dummy}},
		"a key by a command":     {job.Agent{Driver: "gemini", Key: &job.Key{Command: []string{"pass"}}}, nil, []string{"gemini"}, []string{"GOOGLE_GEMINI_BASE_URL=" + door + "gemini"}},
		"copilot":                {job.Agent{Driver: "copilot", Model: "m"}, nil, []string{"openai"}, []string{"COPILOT_PROVIDER_BASE_URL=" + door + "openai"}},
		"copilot with claude":    {job.Agent{Driver: "copilot", Model: "m"}, nil, []string{"anthropic"}, []string{"COPILOT_PROVIDER_BASE_URL=" + door + "anthropic", "COPILOT_PROVIDER_TYPE=anthropic"}},
		"opencode, two services": {job.Agent{Driver: "opencode"}, nil, []string{"anthropic", "openai"}, []string{"ANTHROPIC_API_KEY=" + login.Dummy, "OPENAI_API_KEY=" + login.Dummy}},
	} {
		a, services, why := login.Through(job.Attempt{Agent: c.agent, Host: c.host, Gateway: job.Gateway{Replay: "/r", Played: c.played}})
		if len(services) != len(c.played) || services[0].Name != c.played[0] || services[0].Secret != "" || why != "" {
			t.Errorf("%s: %+v %q", name, services, why)
			continue
		}
		a = login.Apply(a)
		env := maps.Clone(a.Agent.Env)
		for n, v := range a.Host {
			if v == "sk-real" || n == "CLAUDE_CODE_USE_BEDROCK" {
				t.Errorf("%s: it sees %s", name, n)
			}
		}
		for _, want := range c.env {
			n, v, _ := strings.Cut(want, "=")
			if env[n] != v {
				t.Errorf("%s: %s is %q, want %q", name, n, env[n], v)
			}
		}
		if _, ok := env["GEMINI_API_KEY"]; ok && !slices.Contains(c.played, "gemini") {
			t.Errorf("%s: it is given a key of another service", name)
		}
	}
	if _, services, _ := login.Through(job.Attempt{Agent: job.Agent{Driver: "command"}, Gateway: job.Gateway{Played: []string{"openai"}}}); len(services) != 0 {
		t.Error("a driver that knows no models has services")
	}
	if _, services, _ := login.Through(job.Attempt{Agent: job.Agent{Driver: "claude"}, Gateway: job.Gateway{Off: true, Played: []string{"openai"}}}); len(services) != 0 {
		t.Error("the gateway is off, and there are services")
	}
}

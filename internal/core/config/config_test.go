package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"muster/internal/core/config"
	"muster/internal/core/egress"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
	"muster/internal/core/plan"
	"muster/internal/core/resource"
	"muster/internal/core/setup"
	"muster/internal/core/yamlfile"
)

func example(t *testing.T, name string) config.Config {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(data))
}

func parse(t *testing.T, text string) config.Config {
	t.Helper()
	c, problems := config.Parse(".muster/config.yaml", []byte(text))
	if yamlfile.HasErrors(problems) {
		t.Fatalf("refused:\n%s", yamlfile.Format(problems))
	}
	return c
}

func TestDefault(t *testing.T) {
	want := config.Config{
		Version: 1,
		Agents: []job.Agent{
			{Name: "claude", Driver: "claude"},
			{Name: "codex", Driver: "codex"},
			{Name: "copilot", Driver: "copilot"},
			{Name: "gemini", Driver: "gemini"},
			{Name: "opencode", Driver: "opencode"},
			{Name: "qwen", Driver: "qwen"},
		},
		Checks:  config.Checks{TimeMS: 600_000, GoalTimeMS: 2 * 3600_000, MaxLines: 800, MaxFiles: 40},
		Budget:  plan.Budget{Parallel: 4},
		Land:    config.Land{Into: config.IntoTarget},
		Rounds:  3,
		Default: "claude",
		Sandbox: "auto",
		Gateway: "auto",

		SetUp:     setup.Spec{TimeMS: 600_000},
		Resources: resource.Limits{AgentMemory: 1 << 30, FreeMemory: 512 << 20, FreeDisk: 1 << 30, StateSize: 20 << 30},
	}
	got := config.Default()
	if len(got.Origin) == 0 {
		t.Error("the defaults have no origins")
	}
	for _, o := range got.Origin {
		if o.Source != config.FromDefault || o.Value == "" {
			t.Errorf("%+v", o)
		}
	}
	if empty := parse(t, "# nothing\n"); !reflect.DeepEqual(empty, got) {
		t.Errorf("an empty file gives %+v", empty)
	}
	got.Origin = nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestParseEveryKey(t *testing.T) {
	want := config.Config{
		Version: 1,
		Agents: []job.Agent{
			{Name: "bot", Driver: "command", Command: []string{"./agent.sh", "--fast"}, Reads: []string{"~/.config/bot", "/srv/models"}},
			{
				Name: "claude", Driver: "claude", Model: "opus", Args: []string{"--verbose"},
				Env: map[string]string{"LANG": "C", "TOKEN": "hidden"}, PassEnv: []string{"ANTHROPIC_API_KEY"}, Key: &job.Key{Env: "TEAM_KEY"},
			},
			{Name: "codex", Driver: "codex", Command: []string{"/opt/codex/bin/codex"}},
			{Name: "copilot", Driver: "copilot"},
			{Name: "gemini", Driver: "gemini", Login: job.LoginSubscription},
			{Name: "opencode", Driver: "opencode"},
			{Name: "play", Driver: "script", Command: []string{"scripts"}},
			{Name: "qwen", Driver: "qwen", Model: "coder", BaseURL: "http://localhost:11434/v1"},
		},
		Roles: []config.Role{{Agent: "claude", Roles: []string{"code", "docs"}}, {Agent: "codex", Roles: []string{"review", "test"}}},
		Checks: config.Checks{TimeMS: 300_000, GoalTimeMS: 3 * 3600_000, MaxLines: 400, Build: []plan.Command{{Shell: "make"}}, External: []evidence.Linter{
			{Name: "lint", Run: plan.Command{Argv: []string{"golangci-lint", "run", "--out-format", "sarif"}}, Format: evidence.SARIF},
			{Name: "vet", Run: plan.Command{Shell: "go vet ./..."}, Format: evidence.ErrorFormat, Lines: []string{"%f:%l:%c: %m"}},
		}},
		Protect: []string{"deploy/**", "Dockerfile"},
		Budget:  plan.Budget{MicroUSD: 20_000_000, TimeMS: 240 * 60_000, Tokens: 1_000_000, Turns: 500, Parallel: 8},
		Land:    config.Land{Into: config.IntoBranch, Protected: []string{"main", "release/*"}},
		Rounds:  2,
		Default: "bot",
		Sandbox: "off",
		Gateway: "off",
		Prices:  map[string]job.Price{"coder": {Input: 250_000, Output: 1_500_000, CacheRead: 20_000, CacheWrite: 300_000}},
		Egress:  []egress.Host{{Name: "api.example.com", Port: 443}, {Name: "example.org", Below: true, Port: 8443}},

		SetUp: setup.Spec{
			Run: []plan.Command{{Argv: []string{"npm", "ci"}}, {Shell: "make deps"}}, Copy: []string{".env", "certs"},
			Link: []string{"models/big.bin"}, Inputs: []string{"tools/*.txt"}, TimeMS: 180_000, Sandbox: "off",
			Egress: []string{"api.example.com", "*.example.org:8443"},
		},
		Resources: resource.Limits{AgentMemory: 2 << 30, FreeDisk: 3 << 29, StateSize: 512 << 20},
	}
	got := example(t, "full.yaml")
	got.Origin = nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestOrigin(t *testing.T) {
	c := example(t, "full.yaml")
	want := map[string]config.Origin{
		"agents.claude.driver":   {Value: "claude", Source: config.FromDefault},
		"agents.claude.model":    {Value: "opus", Source: ".muster/config.yaml:4"},
		"agents.claude.env":      {Value: "LANG, TOKEN", Source: ".muster/config.yaml:4"},
		"agents.codex.roles":     {Value: "review, test", Source: ".muster/config.yaml:8"},
		"agents.bot.command":     {Value: "./agent.sh --fast", Source: ".muster/config.yaml:9"},
		"agents.bot.reads":       {Value: "~/.config/bot, /srv/models", Source: ".muster/config.yaml:9"},
		"agents.gemini.login":    {Value: "subscription", Source: ".muster/config.yaml:11"},
		"agents.qwen.base_url":   {Value: "http://localhost:11434/v1", Source: ".muster/config.yaml:12"},
		"default":                {Value: "bot", Source: ".muster/config.yaml:13"},
		"rounds":                 {Value: "2", Source: ".muster/config.yaml:14"},
		"setup":                  {Value: "npm ci; make deps", Source: ".muster/config.yaml:15"},
		"worktrees.copy":         {Value: ".env, certs", Source: ".muster/config.yaml:16"},
		"worktrees.link":         {Value: "models/big.bin", Source: ".muster/config.yaml:16"},
		"worktrees.inputs":       {Value: "tools/*.txt", Source: ".muster/config.yaml:16"},
		"worktrees.time":         {Value: "3m", Source: ".muster/config.yaml:16"},
		"resources.agent_memory": {Value: "2 GiB", Source: ".muster/config.yaml:17"},
		"resources.free_memory":  {Value: "no limit", Source: ".muster/config.yaml:17"},
		"resources.free_disk":    {Value: "1.5 GiB", Source: ".muster/config.yaml:17"},
		"resources.state_size":   {Value: "512 MiB", Source: ".muster/config.yaml:17"},
		"checks.time":            {Value: "5m", Source: ".muster/config.yaml:19"},
		"checks.goal_time":       {Value: "3h", Source: ".muster/config.yaml:20"},
		"checks.max_files":       {Value: "no limit", Source: ".muster/config.yaml:22"},
		"budget.usd":             {Value: "20.00", Source: ".muster/config.yaml:28"},
		"budget.minutes":         {Value: "4h", Source: ".muster/config.yaml:28"},
		"egress":                 {Value: "api.example.com, *.example.org:8443", Source: ".muster/config.yaml:30"},
		"land.protected":         {Value: "main, release/*", Source: ".muster/config.yaml:31"},
		"sandbox":                {Value: "off", Source: ".muster/config.yaml:29"},
		"checks.build":           {Value: "make", Source: ".muster/config.yaml:23"},
		"checks.external":        {Value: "lint, vet", Source: ".muster/config.yaml:25"},
	}
	have := map[string]config.Origin{}
	for _, o := range c.Origin {
		if _, twice := have[o.Key]; twice {
			t.Errorf("%s has two origins", o.Key)
		}
		if strings.Contains(o.Value, "hidden") {
			t.Errorf("%s shows the value of a variable: %q", o.Key, o.Value)
		}
		have[o.Key] = o
	}
	for key, o := range want {
		o.Key = key
		if have[key] != o {
			t.Errorf("got %+v, want %+v", have[key], o)
		}
	}
	shared := c
	c.Note(config.Origin{Key: "budget.parallel", Value: "9", Source: "flag --parallel"})
	for _, o := range c.Origin {
		if o.Key == "budget.parallel" && (o.Value != "9" || o.Source != "flag --parallel") {
			t.Errorf("got %+v", o)
		}
	}
	for _, o := range shared.Origin {
		if o.Source == "flag --parallel" {
			t.Error("noting an origin changed a copy")
		}
	}
	c.Note(config.Origin{Key: "new", Value: "v", Source: "s"})
	if len(c.Origin) != len(shared.Origin)+1 {
		t.Error("a new origin was not added")
	}
}

func TestChoose(t *testing.T) {
	const two = "agents: {claude: {roles: [docs, code]}, codex: {roles: [review, code, test]}}\n"
	tests := []struct {
		config string
		task   plan.Task
		want   string
	}{
		{"", plan.Task{Type: plan.Feature}, "claude"},
		{"", plan.Task{Type: plan.Feature, Agent: "codex"}, "codex"},
		{"", plan.Task{Agent: "nobody"}, ""},
		{"default: codex", plan.Task{Type: plan.Fix}, "codex"},
		{"agents: {codex: {model: m}}", plan.Task{Type: plan.Fix}, "codex"}, // the only one configured
		{"agents: {codex: }", plan.Task{Type: plan.Fix}, "codex"},
		{"agents: {codex: {}, claude: {}}", plan.Task{Type: plan.Fix}, "claude"},
		{"agents: {codex: {roles: [docs]}}\ndefault: claude", plan.Task{Type: plan.Fix}, "claude"},
		{two, plan.Task{Type: plan.Test}, "codex"},
		{two, plan.Task{Type: plan.Docs}, "claude"},
		{two, plan.Task{Type: plan.CI}, "claude"}, // equals: the first in the file
		{"agents: {claude: {roles: [docs, code]}, codex: {roles: [code]}}", plan.Task{Type: plan.Perf}, "codex"},
		{two + "default: codex", plan.Task{Type: plan.Docs}, "claude"}, // a role goes before the default
		{two, plan.Task{Type: plan.Docs, Agent: "codex"}, "codex"},
	}
	for _, test := range tests {
		got, known := parse(t, test.config).Choose(test.task)
		if got.Name != test.want || known != (test.want != "") {
			t.Errorf("%q, %+v: got %q, want %q", test.config, test.task, got.Name, test.want)
		}
	}
}

func TestCheckPlan(t *testing.T) {
	c := parse(t, "agents: {bot: {driver: command, command: [x]}}")
	p := &plan.Plan{Tasks: []plan.Task{{ID: "a"}, {ID: "b", Agent: "bto", Line: 7}, {ID: "c", Agent: "codex"}}}
	want := "p.yaml:7:1: error: the task 'b' names the agent 'bto', which is not configured (did you mean 'bot'?)\n"
	if got := yamlfile.Format(c.CheckPlan("p.yaml", p)); got != want {
		t.Errorf("got %s", got)
	}
	if got := c.CheckPlan("p.yaml", &plan.Plan{Tasks: p.Tasks[:1]}); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

func FuzzParse(f *testing.F) {
	names, _ := filepath.Glob("testdata/*/*")
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, problems := config.Parse("f.yaml", data)
		if (c.Version == 0) != yamlfile.HasErrors(problems) {
			t.Fatalf("%+v with %s", c, yamlfile.Format(problems))
		}
		if c.Version == 0 {
			return
		}
		if _, known := c.Agent(c.Default); !known {
			t.Fatalf("the default agent %q is not configured", c.Default)
		}
		if _, known := c.Agent("claude"); !known || c.Budget.Parallel < 1 || c.Checks.TimeMS < 1 {
			t.Fatalf("accepted %+v", c)
		}
		for _, a := range c.Agents {
			if a.Driver == "" || (a.Driver == "command" && len(a.Command) == 0) {
				t.Fatalf("accepted %+v", a)
			}
		}
	})
}

func TestTooManyHosts(t *testing.T) {
	text := func(n int) []byte {
		var b strings.Builder
		b.WriteString("egress:\n")
		for i := range n {
			fmt.Fprintf(&b, "  - h%d.example.com\n", i)
		}
		return []byte(b.String())
	}
	if _, problems := config.Parse("f.yaml", text(200)); yamlfile.HasErrors(problems) {
		t.Error(yamlfile.Format(problems))
	}
	if _, problems := config.Parse("f.yaml", text(201)); !strings.Contains(yamlfile.Format(problems), "f.yaml:2:3: error: egress: has 201 hosts; at most 200 are accepted") {
		t.Error(yamlfile.Format(problems))
	}
}

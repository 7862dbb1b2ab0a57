package exposure

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/core/config"
	"muster/internal/core/egress"
	"muster/internal/core/job"
)

type host map[string]string

func (h host) AgentEnv(pass []string) map[string]string {
	env := map[string]string{"HOME": h["HOME"], "PATH": h["PATH"]}
	for _, name := range append([]string{"ANTHROPIC_API_KEY"}, pass...) {
		if v, ok := h[name]; ok {
			env[name] = v
		}
	}
	return env
}

// walls that confine, and close the network where there is a door or they are
// told to.
type walls struct{ none, missing bool }

func (w walls) Form(_ context.Context, asked string, door *job.Door) (*job.Confinement, string, error) {
	switch {
	case w.missing:
		return nil, "", errors.New("cannot be had")
	case w.none || asked == job.LevelOff:
		return nil, "", nil
	}
	return &job.Confinement{Level: job.LevelStrict, Open: asked == config.SandboxAuto && door == nil}, "", nil
}

func claude(change func(*job.Agent)) []job.Agent {
	g := job.Agent{Name: "claude", Driver: "claude"}
	if change != nil {
		change(&g)
	}
	return []job.Agent{g}
}

func TestWays(t *testing.T) {
	home := t.TempDir()
	if err := os.MkdirAll(filepath.Join(home, ".claude"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".claude", ".credentials.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	key, account := host{"HOME": t.TempDir(), "ANTHROPIC_API_KEY": "k"}, host{"HOME": home}
	linked := host{"HOME": t.TempDir(), "ANTHROPIC_API_KEY": "k"}
	if err := os.MkdirAll(filepath.Join(linked["HOME"], ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(".aws", filepath.Join(linked["HOME"], "notes")); err != nil {
		t.Fatal(err)
	}
	with := func(change func(*config.Config)) config.Config {
		c := config.Default()
		c.Land.Into = config.IntoBranch
		if change != nil {
			change(&c)
		}
		return c
	}
	for name, tt := range map[string]struct {
		c      config.Config
		agents []job.Agent
		h      host
		w      walls
		want   []string // parts of what is told; none means no way
	}{
		"a key that the gateway keeps":    {with(nil), claude(nil), key, walls{}, nil},
		"a key, without the gateway":      {with(func(c *config.Config) { c.Gateway = "off" }), claude(nil), key, walls{}, []string{"holds the key in ANTHROPIC_API_KEY", "reaches any host"}},
		"the same, with a closed network": {with(func(c *config.Config) { c.Gateway, c.Sandbox = "off", job.LevelStrict }), claude(nil), key, walls{}, nil},
		"and hosts that are allowed": {with(func(c *config.Config) {
			c.Gateway, c.Sandbox, c.Egress = "off", job.LevelStrict, []egress.Host{{Name: "api.example.com", Port: 443}}
		}), claude(nil), key, walls{}, []string{"reaches api.example.com"}},
		"a login of one's own":             {with(nil), claude(nil), account, walls{}, []string{"can read the login in " + home, "reaches any host"}},
		"a key that a login keeps from it": {with(nil), claude(func(g *job.Agent) { g.Login = job.LoginSubscription }), key, walls{}, nil},
		"a secret that is passed on":       {with(nil), claude(func(g *job.Agent) { g.PassEnv = []string{"DEPLOY_TOKEN", "LANG"} }), key, walls{}, []string{"agent claude>checks and set-up", "holds the key in DEPLOY_TOKEN reaches any host"}},
		"no sandbox":                       {with(nil), claude(nil), key, walls{none: true}, []string{"can read all files of the person"}},
		"files that are no secrets":        {with(nil), claude(func(g *job.Agent) { g.Reads = []string{"~/docs", "/srv/data"} }), key, walls{}, nil},
		"a place of keys that it may read": {
			with(nil), claude(func(g *job.Agent) { g.Reads = []string{"~/docs", "~/.ssh"} }), key,
			walls{},
			[]string{"agent claude>checks and set-up", "can read ~/.ssh reaches any host"},
		},
		"a link that leads to one": {
			with(nil), claude(func(g *job.Agent) { g.Reads = []string{"~/notes"} }), linked,
			walls{},
			[]string{"can read ~/notes reaches any host"},
		},
		"landing by itself, and a login":    {with(func(c *config.Config) { c.Land.Into, c.Sandbox = config.IntoTarget, job.LevelStrict }), claude(nil), account, walls{}, []string{"moves the target branch"}},
		"no agent, and a sandbox":           {with(nil), nil, key, walls{}, nil},
		"no agent: packages and no sandbox": {with(nil), nil, key, walls{none: true}, []string{"runs code of packages"}},
	} {
		paths, err := Ways(t.Context(), tt.c, tt.agents, tt.h, tt.w)
		if err != nil {
			t.Fatal(err)
		}
		var told strings.Builder
		for _, p := range paths {
			told.WriteString(strings.Join(p.Nodes, ">") + " " + p.Untrusted.What + " " + p.Sensitive.What + " " + p.Outward.What + "\n")
		}
		if paths == nil {
			t.Errorf("%s: nil, which says that nobody looked", name)
		}
		if len(tt.want) == 0 && len(paths) > 0 {
			t.Errorf("%s: %s", name, told.String())
		}
		for _, w := range tt.want {
			if !strings.Contains(told.String(), w) {
				t.Errorf("%s: %q is not in\n%s", name, w, told.String())
			}
		}
	}
	if _, err := Ways(t.Context(), with(nil), claude(nil), key, walls{missing: true}); err == nil {
		t.Error("a level that cannot be had is no error")
	}
}

// An agent that asks its model through the gateway has no other network: what it
// knows can only leave by what others do with its work.
func TestMeteredAgentsReachNobody(t *testing.T) {
	c := config.Default()
	h := host{"HOME": t.TempDir(), "ANTHROPIC_API_KEY": "k", "DEPLOY_TOKEN": "t"}
	agents := claude(func(g *job.Agent) { g.PassEnv = []string{"DEPLOY_TOKEN"} })
	alone := func() (n int) {
		paths, err := Ways(t.Context(), c, agents, h, walls{})
		if err != nil || len(paths) == 0 {
			t.Fatalf("%+v %v", paths, err)
		}
		for _, p := range paths {
			if len(p.Nodes) == 1 {
				n++
			}
		}
		return n
	}
	if n := alone(); n != 0 {
		t.Errorf("metered: %d ways by itself", n)
	}
	c.Gateway = "off"
	if n := alone(); n == 0 {
		t.Error("past the gateway: no way by itself")
	}
}

func TestTools(t *testing.T) {
	g := job.Agent{Name: "a", Driver: "claude", Args: []string{"--mcp-config", "x.json", "--verbose", "--mcp-config=y.json"}}
	approved := []job.Tool{
		{ID: "1", Kind: job.ToolServer, Name: "s", For: []string{"claude", "codex"}}, {ID: "2", Kind: job.ToolHook, Name: "h", For: []string{"codex"}},
	}
	got := tools(g, approved)
	if len(got) != 3 || got[0].Name != "the repository's server s" || got[0].Cut != "muster trust revoke 1" ||
		got[1].Name != "the MCP servers of x.json" || got[2].Name != "the MCP servers of y.json" || got[0].Agent != "a" || got[1].Agent != "a" {
		t.Errorf("%+v", got)
	}
}

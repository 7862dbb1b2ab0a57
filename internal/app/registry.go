package app

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"muster/internal/adapter/registry"
	"muster/internal/adapter/sandbox"
	"muster/internal/check/battery"
	"muster/internal/check/dependencies"
	"muster/internal/core/job"
)

// outside is what checks may ask of the world. It is the same for all
// judgements of a session, since a registry's answers are remembered.
func outside(s *Session) battery.Outside { return battery.Outside{Registry: s.packages} }

// packages asks the registries that the person's own tools ask. Which these
// are is found out when a change first brings in a package: asking the tools
// takes time. What a repository says of registries is not listened to.
type packages struct {
	host  Host
	state string

	once  sync.Once
	asked *registry.Registry
}

// Look asks about one package.
func (p *packages) Look(ctx context.Context, ecosystem, name, version string) (dependencies.Answer, error) {
	p.once.Do(func() { p.asked = registry.New(p.config(ctx)) })
	a, err := p.asked.Look(ctx, ecosystem, name, version)
	return dependencies.Answer(a), err
}

const askToolMS = 5_000

func (p *packages) config(ctx context.Context) registry.Config {
	settings := registry.Settings{Go: map[string]string{}, Env: p.host.Env}
	for _, name := range []string{"GOPROXY", "GONOPROXY", "GOPRIVATE"} {
		settings.Go[name] = p.ask(ctx, "go", "env", name)
	}
	if home := p.host.Env["HOME"]; filepath.IsAbs(home) {
		settings.Npmrc = ownSettings(home, ".npmrc")
		settings.PipConf = ownSettings(home, ".config/pip/pip.conf")
		settings.Cargo = ownSettings(home, ".cargo/config.toml")
	}
	c := registry.FromSettings(settings)
	if c.NPM == "" {
		c.NPM = p.ask(ctx, "npm", "config", "get", "registry")
	}
	return c
}

const maxSettings = 64 << 10

// ownSettings reads a file of the person's own, or nothing.
func ownSettings(home, name string) []byte {
	f, err := os.Open(filepath.Join(home, name))
	if err != nil {
		return nil
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSettings))
	if err != nil {
		return nil
	}
	return data
}

// ask runs a tool of the person in Muster's own folder, where no repository
// can say anything. A tool that is missing or fails has said nothing.
func (p *packages) ask(ctx context.Context, argv ...string) string {
	if !p.host.Has(argv[0]) {
		return ""
	}
	exec := sandbox.NewExecutor(p.host.CheckEnv(), append(append([]string{}, p.host.Self...), "shim"))
	out, err := exec.Run(ctx, job.Command{Argv: argv, Dir: p.state, LimitMS: askToolMS, OutputCap: 4 << 10})
	if err != nil || out.Code != 0 {
		return ""
	}
	text := strings.TrimSpace(out.Stdout)
	if strings.ContainsAny(text, "\n ") || text == "undefined" {
		return ""
	}
	return text
}
